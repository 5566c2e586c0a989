//! Closed sets of the platform that views carry and forms send back. Each has `code()`, `from_code`
//! and `ALL`; the code is the last part of the portal's text key.

pub use ledger::catalogue::{DataType, MaskRule, Mode, ReceiptMode, ShareType, UpdateCycle};
pub use ledger::grant::GrantStatus;
pub use ledger::policy::Layer;
pub use ledger::receipt::{DeliveryOutcome, DenialClass};
pub use ledger::role::Role;

/// Every refusal code that a page may have to put into words: the ledger's, the exchange's that reach an
/// officer, and this crate's own.
#[must_use]
pub fn refusal_codes() -> Vec<&'static str> {
    let ledger = ledger::refusal::Refusal::ALL.iter().map(|refusal| refusal.code());
    let exchange = exchange::Outcome::OWN.iter().map(|outcome| outcome.code());
    let mut codes: Vec<_> = ledger.chain(exchange).chain(crate::error::CODES.iter().copied()).collect();
    codes.sort_unstable();
    codes.dedup();
    codes
}
