//! The officer's day: what waits for them by time left, and what their department did lately.

mod alarms;
mod home;
mod tasks;
mod view;

pub use home::{counts, home};
pub use view::{Alarm, Home, HomeFigures, SideCounts, Task, TaskKind};
