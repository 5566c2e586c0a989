//! The rules of the consortium chain: what is on it, who may change what, and how an outsider checks it.
//!
//! Pure and deterministic: no I/O, no clock, no randomness, no unordered maps. `no_std` makes the compiler
//! the guard.
//!
//! ```text
//! bytes ── wire ──> Encoded ── Verified::check ──> Verified ── apply ──> Changes | Refusal | ReadFault
//!                                                     └─ block::propose / block::execute ─> roots, tip
//! Changes ── tree::update ──> the root that the next header carries
//! ```
#![no_std]

extern crate alloc;

pub mod amendment;
pub mod apply;
pub mod block;
pub mod catalogue;
pub mod certificate;
pub mod credit;
pub mod department;
pub mod equivocation;
pub mod founding;
pub mod genesis;
pub mod grant;
pub mod history;
pub mod ids;
pub mod index;
pub mod inspection;
mod keys;
pub mod limits;
pub mod pair;
pub mod parameters;
pub mod policy;
pub mod proof;
pub mod protocol;
pub mod query;
pub mod receipt;
pub mod refusal;
pub mod request;
pub mod role;
pub mod roster;
pub mod seal;
pub mod share;
pub mod state;
pub mod text;
pub mod tip;
pub mod transaction;
pub mod tree;
pub mod turns;
pub mod views;
pub mod wire;
