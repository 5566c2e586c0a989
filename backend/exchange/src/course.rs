//! The course of one query at both ends (PROTOCOL section 6), thought only: no clock, no disk, no call.
//!
//! ```text
//!             where the store has it ─┐
//!   what the own ledger says of it ───┼─► step ─► what to write first, what to do then
//!                 what just happened ─┘
//! ```
//!
//! [`asking`] is the requester's side, [`answering`] the provider's. The rim around them (`requester/turn.rs`,
//! `provider/record.rs`, `provider/release.rs`) reads the store and the ledger, writes what it is told to, waits and
//! calls. What a step writes is synced before what it does next, so that a process which ends anywhere goes on with
//! [`asking::Event::Look`] from the last row written: each row of the tests without memory is a crash point.

pub(crate) mod answering;
pub(crate) mod asking;
