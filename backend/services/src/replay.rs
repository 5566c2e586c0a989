//! Decisions of a period judged again: of the own department, by who watches over it; of others, by an
//! inspectorate.
//!
//! ```text
//!  form ─► may they? ─► noted ─► run (beside the handlers, a page of blocks at a time) ─► findings
//!                                  │ own store, or the exchange of the department looked at,
//!                                  └ which notes every look in its own log
//! ```
//!
//! A run lives in memory only: it is begun again after a restart. Called by the portal. Never here: what is
//! compared with what (`exchange::replay`).

mod run;
mod runs;
mod view;

pub use run::{form, show, start, stop, wait};
pub(crate) use runs::Runs;
pub use view::{
    FINDING_CODES, FindingRow, ReplayForm, ReplayInput, ReplayRow, ReplayState, ReplayView, WhatRow,
};
