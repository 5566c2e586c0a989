//! What a department's rules say about one question, and which row said it.
//!
//! ```text
//!   Question ──┐
//!              ├─► Judge::decide ──► Decision { allow, rows, obligations, versions }
//!   PolicySets ┘        │
//!                       ├─ national    rows ─► index ═ Casbin ─► row, obligations ─┐
//!                       ├─ region      rows ─► index ═ Casbin ─► row, obligations ─┼─► all must allow,
//!                       └─ department  rows ─► index ═ Casbin ─► row, obligations ─┘   the strictest counts
//! ```
//!
//! One function stands at every door: the requester's office before it submits or asks, the
//! provider's exchange before it answers, the inspection afterwards. The model is code
//! (`policies/model.conf`, compiled in); rows are data from the chain.
//!
//! For those who write rows, over the same code and as pure:
//!
//! | question | function |
//! |---|---|
//! | what is wrong with a draft? | [`check()`]`(&PolicySet, above: &[Arc<Ruleset>], &Known) -> Vec<Finding>` |
//! | why this answer? | [`Judge::explain`]`(&PolicySets, &Question) -> Explanation`, every row with its [`Column`]s |
//! | what would have turned? | [`Judge::preview`]`(past, sets, kept_max) -> Preview`; a draft's sets: [`PolicySets::with`] |
//! | who can reach an item? | [`Judge::reach`]`(&KnownEntry, &Item, &Known, sets) -> Reach` |
//! | what changed? | [`diff()`]`(&old, &new) -> Vec<RowChange>` |
//! | in and out | [`read_csv`]`(&[u8]) -> Result<Vec<PolicyRow>, Vec<CsvProblem>>`, [`write_csv`] |
//! | what does a past decision say again? | [`Judge::replay`]`(bytes, set of a version) -> Replay`, what [`Differs`] |
//! | more than the purpose needs? | [`Judge::over_asked`]`(&Code2, &BTreeSet<ItemCode>)` |
//!
//! A draft becomes a [`Ruleset`] by [`Ruleset::new`]; what is in force comes from [`Judge::in_force`].
//!
//! **Invariants.** No I/O, no clock, no randomness, no async, no threads: everything is an argument.
//! No rows means no access. A lower layer can only narrow. A guarded item leaves in clear only where that
//! is said. A row that cannot be read is a fault, never a decision. Where index and Casbin differ no door
//! opens any more. Only `casbin.rs` knows Casbin.

mod casbin;
mod casbin_csv;
mod check;
mod decision;
mod diff;
mod explain;
mod fault;
mod hours;
mod index;
mod judge;
mod known;
pub mod limits;
mod matching;
mod necessity;
mod obligation;
mod offer;
mod preview;
mod question;
mod reach;
mod relation;
mod replay;
mod rule;
mod ruleset;
mod sets;
mod shelf;
mod sides;
mod starter;
mod table;

#[cfg(test)]
mod cases;
#[cfg(test)]
mod differential;
#[cfg(test)]
mod narrowing;
#[cfg(test)]
mod properties;

pub use casbin_csv::{CSV_COLUMNS, CsvFault, CsvProblem, read_csv, read_csv_lines, write_csv};
pub use check::{Finding, FindingKind, check};
pub use decision::{Decision, DecisionRecord};
pub use diff::{RowChange, diff};
pub use explain::{Explanation, LayerTried, RowTried};
pub use fault::{AccessFault, Difference, RowProblem, SetFault};
pub use judge::Judge;
pub use known::{Known, KnownDepartment, KnownEntry};
pub use ledger::role::Assurance;
pub use matching::Column;
pub use obligation::{Obligation, Release, UnknownObligation, narrowed};
pub use offer::Offer;
pub use preview::{Preview, Turn, Turned};
pub use question::{ATTRIBUTES, Action, Question, Zone};
pub use reach::{Means, Reach, Reached, Way};
pub use replay::{Differs, Replay};
pub use ruleset::Ruleset;
pub use sets::PolicySets;
pub use sides::{Actor, Sides};
pub use starter::starter_rows;
