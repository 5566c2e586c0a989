//! Whether an opening fits the record on the chain.

use gm::domain::{ChainId, Salt, commit};
use gm::sm3::Digest;
use ledger::query::Details;
use ledger::receipt::{Record, RecordKind};
use ledger::wire::to_bytes;

use crate::protocol::{AskerAttributes, Opening, Side};

impl Opening {
    /// The details, if they are those of the ticket on record.
    pub(super) fn details_of(&self, chain: ChainId, record: &Record) -> Option<&Details> {
        self.details.as_ref().filter(|details| details.digest(chain) == record.ticket.details_digest)
    }

    /// The commitment that stands on the chain, or behind what stands there. None where the details are not
    /// there, or the header is not that of the receipt.
    pub(super) fn commitment(
        &self,
        record: &Record,
        side: Side,
        details: Option<&Details>,
    ) -> Option<Digest> {
        match (side, &record.kind) {
            (Side::Requester, _) => details.map(|details| details.requester_decision_commit),
            (Side::Provider, RecordKind::Denial { decision_commit, .. }) => Some(*decision_commit),
            (Side::Provider, RecordKind::Answer { answer_digest, .. }) => {
                let header = self.answer.as_ref().filter(|answer| answer.digest() == *answer_digest);
                header.map(|answer| answer.decision_commit)
            }
        }
    }

    /// Whether bytes and salt open a commitment.
    pub(super) fn opens(&self, chain: ChainId, commitment: &Digest) -> bool {
        commit(chain, &Salt::from_bytes(self.salt), &self.decision.0) == *commitment
    }

    /// The officer's attributes, if they are those the details commit to.
    pub(super) fn asker_of(&self, chain: ChainId, details: &Details) -> Option<&AskerAttributes> {
        let (asker, salt) = self.asker.as_ref()?;
        (commit(chain, &Salt::from_bytes(*salt), &to_bytes(asker)) == details.asker_commit).then_some(asker)
    }
}
