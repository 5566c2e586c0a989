//! Promises of the whole, kept by six real processes.

// A scenario that stumbles must say so and stop.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr
)]

mod administrators;
mod circles;
mod crashes;
mod demo;
mod evidence;
mod oidc;
mod privacy;
mod seed;
mod sessions;
mod stage;
mod stories;
mod tidy;
mod validators;
