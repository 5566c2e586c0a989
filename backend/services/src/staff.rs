//! The department's own staff: the life of their accounts, signing in and out, second factors.
//!
//! ```text
//!  rules (pure) ◄── manage · import · list      what the three administrators do and see
//!                   sign_in ─► prove ─► Officer password, then code or key
//!                   oidc ─► sign_in             by the department's identity provider
//!                   own                         password, codes and sessions of one's own
//!                   found                       the first accounts, from the command line
//! ```
//!
//! An [`Officer`](crate::Officer) comes only from here ([`resume`], [`glance`], [`machine`]), and only when
//! nothing is due any more: the bound factor was shown, the password is their own and not too old.

mod account;
pub mod challenge;
mod changes;
mod code;
mod details;
mod found;
mod import;
mod list;
mod manage;
pub mod oidc;
mod own;
mod password;
mod prove;
pub(crate) mod roster;
mod rules;
mod sessions;
mod sign_in;

pub use crate::throttle::Source;
pub(crate) use account::{Drafter, drafter};
pub use account::{holders, may_be_held_together};
pub use changes::ChangeView;
pub use found::{NewAccount, add, appoint};
pub use import::{Imported, LineMistake, import};
pub(crate) use list::waiting;
pub use list::{
    Administrator, CodeView, KeyView, RoleOffer, SessionView, StaffFigures, StaffFilter, StaffList, StaffRow,
    StaffTask, StaffView, Which, list, show,
};
pub(crate) use manage::stop_unused;
pub use manage::{
    AuthoriseInput, CreateInput, activate, authorise, bind_key, create, do_simply, read_key, reset_password,
};
pub use own::{
    CodeSecret, OwnView, PasswordInput, bind_code, change_password, code_secret, own, password_of,
};
pub use prove::{Factor, Proving, prove, proving};
pub(crate) use prove::{stepped_up, stepped_up_if_able};
pub use roster::{
    AnchoredView, MemberState, RosterMember, RosterView, publish as publish_roster, show as roster_page,
};
pub use rules::{AccountState, StaffAct};
pub use sessions::SessionEnd;
pub(crate) use sessions::sweep;
pub use sign_in::{SignedIn, glance, machine, resume, sign_in, sign_out, switch_role};
pub(crate) use sign_in::{go_on_in, still};
