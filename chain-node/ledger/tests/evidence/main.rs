//! Promise: an evidence file proves one access to somebody who trusts only the root they were given, and
//! nothing else passes for one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // fixtures

mod amended;
mod beyond;
mod conspiracy;
mod flipped;
mod forged;
mod officers;
mod page;
mod real;
mod sealed;
#[path = "../story/mod.rs"]
mod story;
mod told;
mod unruly;
