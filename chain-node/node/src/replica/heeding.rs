//! Which announcements of blocks are listened to, and what they prove of who made them.

use std::collections::BTreeSet;

use ledger::equivocation::Equivocation;
use ledger::ids::Height;
use malachitebft_core_types::Round;

use super::Replica;
use crate::engine::context::{Address, Announcement};
use crate::engine::signing::Sig;
use crate::limits::{BLOCK_WIRE_BYTES_MAX, HEIGHTS_AHEAD_MAX, ROUNDS_AHEAD_MAX};

impl Replica {
    /// Whether an announcement is worth listening to: of a near height, by the validator whose
    /// turn it is, signed by it, and not its third in this round nor one found invalid. Counted, whatever
    /// becomes of its parts.
    pub(crate) fn heeds(&mut self, announcement: &Announcement, signature: &Sig) -> bool {
        let is_heeded = self.is_in_order(announcement, signature);
        if is_heeded && let Some(proof) = self.docket.count(announcement, *signature) {
            self.equivocations.push(proof);
        }
        is_heeded
    }

    /// The equivocations found since this was last asked.
    pub(crate) fn equivocations(&mut self) -> Vec<Equivocation> {
        std::mem::take(&mut self.equivocations)
    }

    /// Whether two messages of one of the next height's validators really are both its own.
    pub(crate) fn equivocated(&self, proof: &Equivocation) -> bool {
        let key = self.validators.key(&proof.validator.into());
        key.is_some_and(|key| self.verifier.equivocated(proof, key))
    }

    /// Whether these validators hold more than a third of the power.
    pub(crate) fn is_third(&self, addresses: &BTreeSet<Address>) -> bool {
        self.validators.is_third(addresses)
    }

    pub(super) fn is_in_order(&self, announcement: &Announcement, signature: &Sig) -> bool {
        let tip = self.store.last_tip().height;
        let height = Height::from(announcement.height);
        height > tip
            && (announcement.valid_round.is_nil() || announcement.valid_round < announcement.round)
            && self.docket.has_room(announcement)
            && height.0.saturating_sub(tip.0) <= HEIGHTS_AHEAD_MAX
            && announcement.round.as_u32().is_some_and(|round| round <= self.rounds_until(height))
            && usize::try_from(announcement.size).is_ok_and(|size| size <= BLOCK_WIRE_BYTES_MAX)
            && self
                .validators
                .turn(announcement.height, announcement.round, &announcement.proposer)
                .is_some_and(|key| self.verifier.announced(announcement, signature, key))
    }

    /// The last round of a height that is listened to: what is kept on disk grows with the rounds
    /// that really pass, not with what a proposer says.
    fn rounds_until(&self, height: Height) -> u32 {
        self.current_round(height).as_u32().unwrap_or_default().saturating_add(ROUNDS_AHEAD_MAX)
    }

    /// The round of a height that runs or is the first to run.
    pub(super) fn current_round(&self, height: Height) -> Round {
        let first = Round::new(0);
        if self.round.0 == height { self.round.1.max(first) } else { first }
    }
}
