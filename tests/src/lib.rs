//! The vocabulary of the system tests and of the demonstration: six departments
//! as real processes, the people in their tables, officers at their portals.
//!
//! ```text
//!  seed ─► people, accounts ─► layout (folders, keys, genesis) ─► network (six processes)
//!                                                                    │
//!                      scenarios, demo, benches ◄── story ◄── visitor (HTTP), browser
//! ```
//!
//! Everything goes through the doors that people use: the `zhenglian` command
//! line, the portal's pages, files on disk. Nothing depends on this crate.

// A harness that stumbles must say so and stop: that is its use.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod accounts;
pub mod administrators;
pub mod browser;
pub mod centres;
pub mod entry;
pub mod layout;
pub mod network;
pub mod page;
pub mod people;
pub mod program;
pub mod seed;
pub mod story;
pub mod traces;
pub mod trouble;
pub mod visitor;
pub mod waiting;
