//! Why an enquiry waits or ended: stable codes, each with a sentence in the portal's languages.
//!
//! Codes of the ledger's own rules (`grant.expired` …) are [`ledger::refusal::Refusal`]; these are the
//! exchange's. A code that another department sends is looked up here: an unknown one is never shown.

use ledger::refusal::Refusal;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*
        /// Every code of the exchange.
        pub const ALL: &[&str] = &[$($code),*];
    };
}

outcomes! {
    /// The own ledger, or the provider's, has no block of the last three heartbeats, or lacks one that the other has.
    LEDGER_BEHIND = "ledger.behind";
    /// Waiting for the record on the own node.
    RECORD_PENDING = "record.pending";
    /// The provider could not be dialled.
    PROVIDER_UNREACHABLE = "provider.unreachable";
    /// The provider did not answer in time.
    PROVIDER_SILENT = "provider.silent";
    /// The provider answered something that is not an answer.
    PROVIDER_GARBLED = "provider.garbled";
    /// The provider refused with a code this program does not know.
    PROVIDER_REFUSED = "provider.refused";
    /// Something broke at the provider.
    PROVIDER_FAULT = "provider.fault";
    /// Too much is under way there.
    EXCHANGE_BUSY = "exchange.busy";
    /// The process stopped before the question was sent.
    ENQUIRY_UNSENT = "enquiry.unsent";
    /// The policies of the department say no.
    POLICY_DENIED = "policy.denied";
    /// An item asked for is not one of the grant's.
    ITEMS_NOT_GRANTED = "items.not-granted";
    /// The provider has no data bound to this entry.
    ENTRY_UNBOUND = "entry.unbound";
    /// The entry is given for verification only.
    ENTRY_VERIFY_ONLY = "entry.verify-only";
    /// A newer version of the entry is published and the granted one is not answered any more.
    ENTRY_WITHDRAWN = "entry.withdrawn";
    /// The provider's data could not be read.
    SOURCE_FAULT = "source.fault";
    /// The call could not be decoded.
    CALL_MALFORMED = "call.malformed";
    /// The question could not be opened, or does not fit its ticket.
    QUESTION_MALFORMED = "question.malformed";
    /// The ticket saw a block that is too old.
    TICKET_STALE = "ticket.stale";
    /// The ticket is good for longer than allowed.
    TICKET_TOO_LONG = "ticket.too-long";
    /// The ticket's mode is not answered.
    TICKET_MODE = "ticket.mode";
    /// The provider knows no such query.
    QUERY_UNKNOWN = "query.unknown";
    /// The signature on a Hold or Refetch does not fit.
    HOLD_SIGNATURE = "hold.signature";
    /// The denial is on record, its reason did not come.
    DENIED_UNEXPLAINED = "denied.unexplained";
    /// The height of a Hold or Refetch is too old.
    HOLD_STALE = "hold.stale";
    /// The answer held is not the one that will be recorded: the provider had to prepare anew.
    ANSWER_SUPERSEDED = "answer.superseded";
    /// The header does not fit the question or the record.
    ANSWER_HEADER = "answer.header";
    /// The ciphertext is not the one the header names.
    ANSWER_CIPHERTEXT = "answer.ciphertext";
    /// The key is not the one the header binds, or does not open the ciphertext.
    ANSWER_KEY = "answer.key";
    /// The rows are not those the header binds, or not what was asked and granted.
    ANSWER_CONTENT = "answer.content";
    /// The time for fetching the answer again is over.
    REFETCH_OVER = "refetch.over";
    /// The record under this query is not of this ticket.
    RECORD_DIFFERS = "record.differs";
    /// The number of denials in a minute is above what is put on the chain.
    DENIALS_COUNTED = "denials.counted";
}

/// Whether a provider that refuses with this code may say otherwise a little later.
#[must_use]
pub(crate) fn is_passing(code: &str) -> bool {
    [
        LEDGER_BEHIND,
        RECORD_PENDING,
        EXCHANGE_BUSY,
        SOURCE_FAULT,
        PROVIDER_FAULT,
        PROVIDER_REFUSED,
        HOLD_STALE,
        ANSWER_SUPERSEDED,
    ]
    .contains(&code)
}

/// The known code equal to this text.
#[must_use]
pub fn known(text: &str) -> Option<&'static str> {
    ALL.iter().copied().find(|code| *code == text).or_else(|| Refusal::from_code(text).map(Refusal::code))
}

/// The code as it came from another department: an unknown one becomes `provider.refused`.
#[must_use]
pub(crate) fn from_provider(text: &str) -> &'static str {
    known(text).unwrap_or(PROVIDER_REFUSED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_read_back() {
        let codes: BTreeSet<_> = ALL.iter().collect();
        assert_eq!(codes.len(), ALL.len());
        for code in ALL {
            assert_eq!(known(code), Some(*code));
            assert!(Refusal::from_code(code).is_none(), "{code} is the ledger's");
            assert!(code.len() <= 40);
        }
        assert_eq!(known("grant.expired"), Some("grant.expired"));
        assert_eq!(from_provider("<script>"), PROVIDER_REFUSED);
    }
}
