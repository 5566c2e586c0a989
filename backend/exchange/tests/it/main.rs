//! What an exchange promises, through its public face: real nodes, real databases, loopback addresses.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod bounds;
mod changed;
mod course;
mod founding;
mod halted;
mod noise;
mod officers;
mod outcomes;
mod race;
mod replay;
mod restarts;
mod revocation;
mod town;
