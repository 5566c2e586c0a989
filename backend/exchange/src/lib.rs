//! The exchange: carries one query from an officer of one department to the data of another, and
//! makes sure that it is on record before anyone reads the answer.
//!
//! ```text
//!  services ── ask ──► requester ══ ask, hold, refetch ══► provider ──► source (the owner's data)
//!                         │   ▲                               │  judge (access), masking
//!                         │   │ own record                    │ record answer or denial
//!                         ▼   │                               ▼
//!                        ledger (node) ◄──────────────────────┘
//! ```
//!
//! The course of a query is PROTOCOL.md, sections 1, 2, 3 and 6, mode query, receipt mode `each`.
//! Both sides keep every state on disk before its effect, so that a process killed anywhere goes on
//! where it stood.
//!
//! **Record before release**: the provider gives the key of an answer only when the record is applied
//! on its own node; the requester opens only when the record is applied on *its* own node and equals
//! what it holds. Values and rows are never logged and never on the chain.
//!
//! Called by `services` (asking, lists) and started by `department`. Never here: pages, sessions,
//! RocksDB, the consensus engine.

mod archive;
pub mod binding;
mod bounds;
pub mod config;
mod context;
mod course;
mod disclosing;
pub mod fault;
mod handle;
mod judging;
pub mod limits;
pub mod log_head;
pub mod masking;
mod officer;
mod outcome;
pub mod person;
pub mod protocol;
mod provider;
pub mod query;
pub mod replay;
mod requester;
mod source;
mod standing;
mod store;
mod table;
mod tasks;

pub use archive::Archive;
pub use binding::{Binding, Place};
pub use bounds::{Bound, Bounds, Reached};
pub use config::ExchangeConfig;
pub use fault::{AskError, ExchangeFault, Field, FieldCode, FieldFault};
pub use handle::Exchange;
pub use log_head::{LogHeadSource, Look, Noted, Unnoted};
pub use officer::{OfficerPapers, WordOf};
pub use outcome::Outcome;
pub use person::Subject;
pub use query::{
    Answered, AnsweredFilter, AnsweredState, Asker, DeniedBy, Listing, OpenedAnswer, Papers, Query,
    QueryFilter, QueryState, QueryView, RecordPlace, Stage, Times,
};
pub use source::check_binding;
pub use store::decisions::PastDecision;
