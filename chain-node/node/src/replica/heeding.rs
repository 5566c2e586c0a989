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

#[cfg(test)]
mod tests {
    use malachitebft_core_types::Validity;

    use super::super::chamber::Chamber;
    use super::*;

    /// Each signed by the validator whose turn it is: nothing else is wrong with it.
    #[test]
    fn a_proposal_is_heeded_only_of_a_near_height_and_of_a_size_that_blocks_have() {
        let mut chamber = Chamber::new(4);
        let (_, made) = chamber.propose(1, 0, &[]);
        let heeded = |chamber: &Chamber, height: u64, size: usize| {
            let of = chamber.proposer(height, 0);
            let said = chamber.lie(of, &made, |announcement| {
                announcement.height = crate::engine::context::Height(height);
                announcement.proposer = chamber.replicas[of].address();
                announcement.size = u32::try_from(size).unwrap();
            });
            chamber.replicas[(of + 1) % 4].is_in_order(&said.announcement, &said.signature)
        };
        let most = BLOCK_WIRE_BYTES_MAX;
        let near = |chamber: &Chamber| [1, 2, 3, 4].map(|height| heeded(chamber, height, most));
        assert_eq!(near(&chamber), [true, true, false, false]);
        assert!(!heeded(&chamber, 1, most + 1));
        chamber.decide(1, &[]);
        assert_eq!(near(&chamber), [false, true, true, false]);
    }

    /// Else two thirds could decide an id that is no block's.
    #[test]
    fn a_block_announced_under_another_id_is_invalid() {
        let mut chamber = Chamber::new(4);
        let (of, made) = chamber.propose(1, 0, &[1]);
        let lie = chamber.lie(of, &made, |announcement| announcement.id.0[0] ^= 1);
        let (other, now) = ((of + 1) % 4, chamber.now());
        for (announced, validity) in [(lie, Validity::Invalid), (made, Validity::Valid)] {
            let received = chamber.replicas[other].receive(announced, now).unwrap().unwrap();
            assert_eq!(received.validity, Some(validity));
        }
    }
}
