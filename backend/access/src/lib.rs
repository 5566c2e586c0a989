//! What a department's rules say about one question, and which row said it.
//!
//! ```text
//!   Question ──┐
//!              ├─► Judge::decide ──► Decision { allow, rows, obligations, versions }
//!   PolicySets ┘        │
//!                       ├─ national    rows ─► Casbin ─► row, obligations ─┐
//!                       ├─ region      rows ─► Casbin ─► row, obligations ─┼─► all must allow,
//!                       └─ department  rows ─► Casbin ─► row, obligations ─┘   the strictest counts
//! ```
//!
//! One function stands at every door: the requester's office before it submits or asks, the
//! provider's exchange before it answers, the inspection afterwards. The model is code
//! (`policies/model.conf`, compiled in); rows are data from the chain.
//!
//! **Invariants.** No I/O, no clock, no randomness, no async: everything is an argument. No rows
//! means no access. A lower layer can only narrow. A guarded item leaves in clear only where that
//! is said. A row that cannot be read is a fault, never a decision. Only `casbin.rs` knows Casbin.

mod casbin;
mod compiled;
mod decision;
mod fault;
mod judge;
pub mod limits;
mod obligation;
mod offer;
mod question;
mod rule;
mod sets;
mod sides;
mod starter;
mod table;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod properties;

pub use decision::{Decision, DecisionRecord};
pub use fault::{AccessFault, RowProblem};
pub use judge::Judge;
pub use ledger::role::Assurance;
pub use obligation::{Obligation, Release, UnknownObligation, narrowed};
pub use offer::Offer;
pub use question::{Action, Question};
pub use sets::PolicySets;
pub use sides::{Actor, Sides};
pub use starter::{StarterFault, starter_rows};
