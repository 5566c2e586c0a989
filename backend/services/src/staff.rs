//! The department's own staff: their accounts, and signing in and out.
//!
//! An [`Officer`](crate::Officer) comes only from here ([`sign_in()`], [`resume`], [`glance`], [`machine`]).

mod account;
mod password;
mod sessions;
mod sign_in;

pub use crate::throttle::Source;
pub use account::{NewAccount, add, holders, may_be_held_together};
pub(crate) use sessions::sweep;
pub use sign_in::{SignedIn, glance, machine, resume, sign_in, sign_out, switch_role};
