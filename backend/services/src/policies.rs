//! Sharing policies: what is in force, the office's working copy of the next version, and the two signatures
//! that bring it in force.
//!
//! ```text
//!   rules (pure) ◄── everything                       who may look, study, edit, sign
//!   layer        one layer on one state of the chain: in force, draft, pending, above, known
//!   copy         the office's working copy, in its store ◄── edit · file (CSV) · `zhenglian policy publish`
//!   amend        draft ─► countersign ─► in force; withdraw           (act.rs, both stepped up)
//!   list · show · history                              what pages read
//!   try_out · preview · reach                          what the next version would do, by the doors' own code
//! ```
//!
//! Every look and every act is an entry of the audit log with the layer and version it was about.

mod amend;
mod candidate;
mod copy;
mod edit;
mod file;
mod history;
mod layer;
mod list;
mod preview;
mod reach;
mod reason;
mod rows;
mod rules;
mod show;
mod try_out;
mod view;

pub use amend::{countersign, draft, withdraw};
pub use candidate::{Candidate, CandidateError, Examined};
pub use edit::{begin, discard, keep, put_row, remove_row, row_form};
pub use file::{export, import};
pub use history::{compare, history};
pub use list::list;
pub(crate) use list::waiting;
pub use preview::preview;
pub use reach::{reach, reach_form};
pub use show::show;
pub use try_out::{try_out, try_out_form};
pub use view::*;
