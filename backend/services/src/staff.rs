//! The department's own staff: their accounts, and signing in and out.
//!
//! An [`Officer`](crate::Officer) comes only from here ([`sign_in`], [`resume`], [`glance`]).

mod account;
mod password;
mod sessions;
mod sign_in;
mod throttle;

pub use account::{NewAccount, add, holders, may_be_held_together};
pub(crate) use sessions::sweep;
pub use sign_in::{SignedIn, glance, resume, sign_in, sign_out, switch_role};
pub use throttle::Source;
pub(crate) use throttle::Throttle;
