//! Steps that take two officers of the department (双人复核): one drafts, another countersigns, and only then is
//! anything signed and sent.
//!
//! ```text
//!  form ─► drafted ──────────► countersigned ─► signed, submitted
//!          judged, noted,  │   judged again for the second officer
//!          kept here       ├─► sent back with a reason ─► taken back
//!                          └─► taken back, or lapsed
//! ```
//!
//! What the second officer sees is what will be signed: the form was read when it was drafted, and nobody can
//! change it afterwards. The ledger refuses one officer alone as well; it knows pseudonyms, this office people.

mod back;
mod content;
mod draft;
mod list;
mod question;
mod seal;
mod show;
mod sign;
mod step;
mod view;
mod word;

pub use back::{SendBackInput, send_back, take_back};
pub(crate) use draft::{draft, draft_query, drafted_query};
pub use list::list;
pub(crate) use list::{for_home, waiting_count, waits_for_request};
pub use seal::seal;
pub use show::show;
pub use sign::{Countersigned, sign};
pub(crate) use step::sweep;
pub use step::{StepKind, StepState};
pub use view::{
    ContentItem, Drafted, PersonAsked, SealAsked, SentBack, StepContent, StepMay, WaitingRef, WaitingRow,
    WaitingView,
};

#[cfg(test)]
mod tests;
