//! Grants: what the own department may ask others, what others may ask it, and their end.

mod list;
mod revoke;
mod show;
mod standing;
mod view;

pub use list::list;
pub(crate) use list::rows;
pub use revoke::{RevokeInput, revoke};
pub use show::show;
pub(crate) use standing::{days_left, may_ask, may_ask_as, may_ask_for};
pub use view::{GrantFilter, GrantMay, GrantRow, GrantView, GrantedItemView, RevokedView};

#[cfg(test)]
mod tests;
