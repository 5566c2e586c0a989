//! What the office promises, through its public face: real nodes, exchanges and SQLite files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod accounts;
mod administrators;
mod audit;
mod catalogue;
mod factors;
mod find;
mod inspection;
mod journal;
mod query;
mod roster;
mod town;
mod workflow;
