//! Requests for access: the form, the list, one request with its course, and its decision.
//!
//! `form.rs` asks, `decide.rs` answers. Lists come from the read model, one request from the chain
//! itself.

mod decide;
mod form;
mod list;
mod show;
mod view;

pub(crate) use decide::open_to_approve;
pub use decide::{ApproveInput, ApproveItem, RefuseInput, WithdrawInput, approve, refuse, withdraw};
pub(crate) use form::open_to_ask;
pub use form::{
    ItemDuty, PurposeChoice, RequestCheck, RequestForm, RequestInput, check, form, request_access,
};
pub use list::list;
pub(crate) use list::rows;
pub use show::show;
pub use view::{
    DecisionForms, RequestFilter, RequestMay, RequestRow, RequestState, RequestView, RequestedItem,
    RequesterHistory, TimelineEntry, TimelineKind,
};

#[cfg(test)]
pub(crate) mod tests;
