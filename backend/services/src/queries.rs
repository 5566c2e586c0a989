//! Queries: asking about one person under a grant, and the answer for ten minutes.
//!
//! The exchange carries the query and keeps it sealed; here the door is opened, the answer shown to
//! the officer who asked and to nobody else, and each look noted. Nothing personal is kept here.

mod ask;
mod list;
mod show;
mod view;
mod word;

pub use ask::{AskedView, QueryForm, QueryInput, Signing, ToSign, ask, ask_signed, form, to_sign};
pub(crate) use ask::{ask_seconded, open_to_ask};
pub use list::list;
pub(crate) use list::queries;
pub use show::{show, wait};
pub use view::{
    Cell, DenialView, QueryFilter, QueryRow, QueryStep, QueryView, ReceiptRef, ResultView, StepKind,
    Withheld, WithheldReason,
};

#[cfg(test)]
mod tests;
