//! The office's use cases: one folder per noun, one function per thing a person can do.
//!
//! ```text
//!  portal ──► staff ──► Officer ─┐
//!                                ▼
//!            requests · countersigning · grants · queries · receipts · inspection(s) · catalogue · chain
//!                  │ scene (access)     │ act (office key, form id)
//!                  ▼                    ▼
//!               judge                 node ──► journal ──► store (SQLite) ──► lists
//!                                     exchange
//! ```
//!
//! Called by the portal (pages) and by the department's command line (accounts). Every function
//! takes the [`Office`] and an [`Officer`] who signed in; it decides at its door, reads, and starts
//! at most one transaction or one query. What it returns is plain data: the portal needs no other
//! crate of ours.
//!
//! Never here: HTTP, HTML, sockets, Casbin, RocksDB, and nothing about a citizen outside a running
//! query.

mod act;
pub mod audit;
pub mod audit_log;
mod bureau;
pub mod catalogue;
pub mod chain;
pub mod codes;
pub mod countersigning;
pub mod deadline;
pub mod departments;
pub mod entry_file;
mod equivocations;
pub mod error;
pub mod facets;
mod fault;
mod fields;
pub mod find;
pub mod grants;
pub mod identity;
pub mod inspection;
pub mod inspections;
pub mod journal;
pub mod limits;
pub mod names;
pub mod office;
pub mod officer;
pub mod page;
pub mod policies;
mod publish;
pub mod purpose;
pub mod queries;
mod read_model;
pub mod receipts;
pub mod region;
pub mod replay;
pub mod requests;
mod running;
mod scene;
pub mod signed_heads;
pub mod staff;
#[cfg(test)]
mod stage;
pub mod store;
mod throttle;
pub mod verdict;
pub mod words;
pub mod worklist;
pub mod zones;

pub use act::Submitted;
pub use codes::{Code, Denial, OfficeRefusal, Role};
pub use error::{FieldError, ServiceError, fresh_bytes, fresh_token};
pub use fault::{JournalFault, OfficeFault};
pub use office::{Office, OfficeParts, OwnDepartment};
pub use officer::Officer;
pub use page::Page;
pub use verdict::Verdict;
pub use words::Words;
