//! Promise: whatever is sent, in whatever order, every replica comes to the same state, and no rule
//! can be walked around by bytes, by history or by a block made by hand.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // fixtures

mod blocks;
mod bytes;
mod decoders;
mod faults;
mod histories;
mod inspected;
mod narrowing;
#[path = "../story/mod.rs"]
mod story;
