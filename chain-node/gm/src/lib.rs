//! National cryptography: SM2 signatures and key wrap, SM3 digests, SM4-GCM sealing.
//!
//! ```text
//!   random ──► sm2 (keys, signatures, wrap)      sm3 ──► merkle
//!                │            ▲                   │
//!                │            │                   ▼
//!                ▼         domain (closed list of what may be signed)
//!   envelope = wrap of a seed + sm4 chunks      store_key = sm4 at rest
//!   second_opinion: the same check by unrelated code
//! ```
//!
//! Called by every crate above. It knows no files, no clock, no sockets and no word of the
//! ledger; randomness enters in [`random`] alone. Nothing of the ledger is signed without a
//! domain, so a vote can never be replayed as a receipt. Malformed input is an error, never
//! a panic.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

pub mod domain;
pub mod envelope;
pub mod limits;
pub mod merkle;
pub mod random;
pub mod second_opinion;
pub mod sm2;
pub mod sm3;
pub mod sm4;
pub mod store_key;
