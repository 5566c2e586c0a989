//! What an exchange promises, through its public face: real nodes, real databases, loopback addresses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod course;
mod founding;
mod halted;
mod noise;
mod officers;
mod outcomes;
mod replay;
mod restarts;
mod town;
