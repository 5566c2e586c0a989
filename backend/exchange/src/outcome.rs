//! Why a query waits or ended: a closed set with stable codes, each with a sentence in the portal's languages.
//!
//! A code that another department sends is looked up here: an unknown one is never shown.

use ledger::refusal::Refusal;

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident => $code:literal;)*) => {
        /// Why a query waits or ended.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Outcome {
            /// A rule of the ledger says no.
            Ledger(Refusal),
            $($(#[$doc])* $name),*
        }

        impl Outcome {
            /// The exchange's own; the ledger's are [`Refusal::ALL`].
            pub const OWN: &'static [Self] = &[$(Self::$name),*];

            /// The stable code (`grant.revoked`, `policy.denied` …).
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self {
                    Self::Ledger(refusal) => refusal.code(),
                    $(Self::$name => $code),*
                }
            }

            /// The outcome with this code.
            #[must_use]
            pub fn from_code(code: &str) -> Option<Self> {
                match code {
                    $($code => Some(Self::$name),)*
                    _ => Refusal::from_code(code).map(Self::Ledger),
                }
            }
        }
    };
}

outcomes! {
    /// The own ledger, or the provider's, has no block of the last three heartbeats, or lacks one that the other has.
    LedgerBehind => "ledger.behind";
    /// Waiting for the record on the own node.
    RecordPending => "record.pending";
    /// The provider could not be dialled.
    ProviderUnreachable => "provider.unreachable";
    /// The provider did not answer in time.
    ProviderSilent => "provider.silent";
    /// The provider answered something that is not an answer.
    ProviderGarbled => "provider.garbled";
    /// The provider refused with a code this program does not know.
    ProviderRefused => "provider.refused";
    /// Something broke at the provider.
    ProviderFault => "provider.fault";
    /// Too much is under way there.
    ExchangeBusy => "exchange.busy";
    /// The process stopped before the question was sent.
    QueryUnsent => "query.unsent";
    /// The policies of the department say no.
    PolicyDenied => "policy.denied";
    /// An item asked for is not one of the grant's.
    ItemsNotGranted => "items.not-granted";
    /// The provider has no data bound to this entry.
    EntryUnbound => "entry.unbound";
    /// The entry is given for verification only.
    EntryVerifyOnly => "entry.verify-only";
    /// The policies demand a second person's consent, which the query does not bring.
    SecondPerson => "query.second-person";
    /// A newer version of the entry is published and the granted one is not answered any more.
    EntryWithdrawn => "entry.withdrawn";
    /// The provider's data could not be read.
    SourceFault => "source.fault";
    /// The call could not be decoded.
    CallMalformed => "call.malformed";
    /// The question could not be opened, or does not fit its ticket.
    QuestionMalformed => "question.malformed";
    /// The ticket saw a block that is too old.
    TicketStale => "ticket.stale";
    /// The ticket's mode is not answered.
    TicketMode => "ticket.mode";
    /// The provider knows no such query.
    QueryUnknown => "query.unknown";
    /// The signature on a Hold or Refetch does not fit.
    HoldSignature => "hold.signature";
    /// The denial is on record, its reason did not come.
    DeniedUnexplained => "denied.unexplained";
    /// The height of a Hold or Refetch is too old.
    HoldStale => "hold.stale";
    /// The answer held is not the one that will be recorded: the provider had to prepare anew.
    AnswerSuperseded => "answer.superseded";
    /// The header does not fit the question or the record.
    AnswerHeader => "answer.header";
    /// The ciphertext is not the one the header names.
    AnswerCiphertext => "answer.ciphertext";
    /// The key is not the one the header binds, or does not open the ciphertext.
    AnswerKey => "answer.key";
    /// The rows are not those the header binds, or not what was asked and granted.
    AnswerContent => "answer.content";
    /// The time for fetching the answer again is over.
    RefetchOver => "refetch.over";
    /// The record under this query is not of this ticket.
    RecordDiffers => "record.differs";
    /// Decisions are opened to an inspectorate only, under an inspection of its own that covers them.
    InspectionNone => "inspection.none";
    /// The number of denials in a minute is above what is put on the chain.
    DenialsCounted => "denials.counted";
    /// A key is claimed without the officer's signature, or a signature comes where none is claimed.
    OfficerMissing => "officer.missing";
    /// The officer's certificate or word is of another version or chain.
    OfficerChain => "officer.chain";
    /// The officer's certificate is another department's.
    OfficerDepartment => "officer.department";
    /// The department did not certify what the officer's certificate says.
    OfficerCertificate => "officer.certificate";
    /// The officer's certificate is not valid yet or no longer.
    OfficerPeriod => "officer.period";
    /// The officer is not certified for the role asked in.
    OfficerRole => "officer.role";
    /// The officer is not certified for the clearance claimed.
    OfficerClearance => "officer.clearance";
    /// The officer is not on the roster that is anchored.
    OfficerRoster => "officer.roster";
    /// The officer's own signature does not fit.
    OfficerSignature => "officer.signature";
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Ledger(refusal)
    }
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.code())
    }
}

impl Outcome {
    /// The outcome as it came from another department: an unknown one becomes [`Self::ProviderRefused`].
    #[must_use]
    pub(crate) fn from_provider(code: &str) -> Self {
        Self::from_code(code).unwrap_or(Self::ProviderRefused)
    }

    /// Whether a provider that refuses with this code may say otherwise a little later.
    #[must_use]
    pub(crate) const fn is_passing(self) -> bool {
        matches!(
            self,
            Self::LedgerBehind
                | Self::RecordPending
                | Self::ExchangeBusy
                | Self::SourceFault
                | Self::ProviderFault
                | Self::ProviderRefused
                | Self::HoldStale
                | Self::AnswerSuperseded
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_read_back() {
        let codes: BTreeSet<_> = Outcome::OWN.iter().map(|outcome| outcome.code()).collect();
        assert_eq!(codes.len(), Outcome::OWN.len());
        for outcome in Outcome::OWN {
            assert_eq!(Outcome::from_code(outcome.code()), Some(*outcome));
            assert!(Refusal::from_code(outcome.code()).is_none(), "{outcome} is the ledger's");
            assert!(outcome.code().len() <= 40);
        }
        assert_eq!(Outcome::from_code("grant.expired"), Some(Outcome::Ledger(Refusal::GrantExpired)));
        assert_eq!(Outcome::from_provider("<script>"), Outcome::ProviderRefused);
    }
}
