//! The objects that travel between two departments, byte for byte (PROTOCOL.md, section 2).
//!
//! ```text
//!  requester ── Ask(Envelope) ────────► provider     Answered(header, ciphertext) | Denied | Refused
//!            ── Hold(hold, signature) ►              Released(wrap)               | Refused
//!            ── Refetch(…) ───────────►              Again(header, ciphertext, wrap) | Refused
//! inspectorate ─ Disclose(…) ─────────► department   Disclosed(wrap, openings)        | Refused
//! ```
//!
//! Everything is canonical CBOR (`ledger::wire`) with fixed positions; `version` is the first of every
//! object, and the chain is in everything signed, committed or sealed. Ticket, receipt, denial and
//! delivery are the ledger's (`ledger::receipt`), for they stand on the chain; details and the answer's header
//! are too (`ledger::query`), for their digests do, and evidence discloses them.

mod call;
mod disclose;
mod question;
mod reason;
mod release;

pub use call::{Call, Reply};
pub use disclose::{Disclose, Opening, Side, Wanted};
pub use ledger::query::{Answer, Details};
pub(crate) use question::KeptSecret;
pub use question::{Asked, AskerAttributes, Envelope, Question, VERSION};
pub use reason::ReasonBody;
pub use release::{Hold, Refetch};

#[cfg(test)]
pub(crate) mod tests;
