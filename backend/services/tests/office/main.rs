//! What the office promises, through its public face: real nodes, exchanges and SQLite files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod administrators;
mod audit;
mod bounds;
mod catalogue;
mod countersigning;
mod factors;
mod find;
mod inspection;
mod inspections;
mod journal;
mod policies;
mod query;
mod replay;
mod revocation;
mod roster;
mod town;
mod workflow;
