//! Promise: who may do what, when, and why not. Every rule through the public face, on real blocks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // fixtures

mod amendments;
mod bounds;
mod costs;
mod course;
mod credits;
mod founding;
mod inspections;
mod lists;
mod pure;
mod refused;
mod refused_equivocations;
mod refused_inspections;
mod refused_policies;
mod refused_records;
mod refused_requests;
mod refused_transactions;
mod rosters;
mod seals;
mod shares;
#[path = "../story/mod.rs"]
mod story;
