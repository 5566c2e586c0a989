//! Whether a block is of its time. A fresh one is near our clock; one that is behind it was near when it was
//! new, of which we were witness or the prevotes of others are. And how our clock stands beside the others'.

use std::collections::BTreeSet;
use std::time::Instant;

use ledger::ids::{Height, Time};
use malachitebft_core_types::{NilOrVal, Validity, VoteType};

use super::Replica;
use crate::engine::context::{Address, Announcement, Backing, BlockId, Vote};
use crate::engine::signing::Sig;
use crate::fault::NodeFault;
use crate::limits::{CLOCK_AHEAD_MS_MAX, CLOCK_BEHIND_MS_MAX};

/// How a block's time stands beside our clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nearness {
    /// Near it on both sides.
    Near,
    /// Behind: good for a block whose time was near when it was new.
    Behind,
    /// Ahead: never good.
    Ahead,
}

pub(super) fn nearness(time: Time, now: Time) -> Nearness {
    if time > now.plus_ms(CLOCK_AHEAD_MS_MAX) {
        Nearness::Ahead
    } else if time < now.minus_ms(CLOCK_BEHIND_MS_MAX) {
        Nearness::Behind
    } else {
        Nearness::Near
    }
}

impl Replica {
    /// Our own engine saw prevotes of two thirds for a block.
    pub(crate) fn back(&mut self, height: Height, id: BlockId, backing: Backing) {
        if height == self.next_height() {
            self.backings.insert(id, backing); // one a round at most: two thirds prevote for one block
        }
    }

    /// A block came with prevotes for it: they count if they are of more than a third of the power, each signed.
    pub(super) fn believe(&mut self, announcement: &Announcement, backing: Backing) {
        let is_of_next = self.next_height() == announcement.height.into();
        let voters: BTreeSet<_> = backing.prevotes.iter().map(|(address, _)| *address).collect();
        if !is_of_next || self.is_backed(announcement) || !self.validators.is_third(&voters) {
            return;
        }
        let holds = |(address, signature): &&(Address, Sig)| {
            let (kind, height) = (VoteType::Prevote, announcement.height);
            let (round, value) = (backing.round, NilOrVal::Val(announcement.id));
            let vote = Vote { kind, height, round, value, address: *address, extension: None };
            self.voted(&vote, signature)
        };
        let voters = backing.prevotes.iter().filter(holds).map(|(address, _)| *address).collect();
        if self.validators.is_third(&voters) {
            self.backings.insert(announcement.id, backing);
        }
    }

    /// Whether others prevoted for a block.
    pub(super) fn is_backed(&self, announcement: &Announcement) -> bool {
        self.backings.contains_key(&announcement.id)
    }

    /// Whether we found this very block valid before, under an announcement.
    pub(super) fn saw_in_time(&self, announcement: &Announcement) -> Result<bool, NodeFault> {
        let known = self.store.undecided_at(announcement.height.into())?;
        Ok(known.iter().any(|undecided| {
            undecided.announcement.content == announcement.content
                && undecided.validity == Some(Validity::Valid)
                && undecided.signature.is_some() // else a peer sent it that is ahead, for a certificate to judge
        }))
    }

    /// A block came: if it is a fresh one of another's, its time tells how our clock stands.
    pub(super) fn hear_time(&mut self, announcement: &Announcement, made: Option<Time>, now: Time) {
        let current = self.current_round(announcement.height.into());
        let is_fresh = announcement.valid_round.is_nil() && announcement.round == current;
        if let Some(made) = made
            && is_fresh
            && announcement.proposer != self.me
        {
            self.skew.hear(announcement.proposer, made, now);
        }
    }

    /// How our clock stands beside the others'.
    pub(crate) fn clock_ahead_ms(&self) -> Option<i64> {
        self.skew.ahead_ms(self.validators.others(&self.me))
    }

    /// Whether to tell of a clock that is this far off.
    pub(crate) fn is_clock_to_be_told(&mut self, ahead_ms: i64, now: Instant) -> bool {
        self.skew.is_to_be_told(ahead_ms, now)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::chamber::Chamber;
    use super::super::to_ledger;
    use super::*;
    use crate::engine::certificate::with_certificate;
    use crate::replica::Announced;
    use malachitebft_core_types::Round;

    /// One that is late by a height, and a block of height 2 that its proposer proposes again half a minute later.
    fn late(hears_early: impl FnOnce(&mut Chamber, usize, &Announced)) -> Option<Validity> {
        let mut chamber = Chamber::new(4);
        let (_, first) = chamber.propose(1, 0, &[1]);
        let certificate = chamber.certificate(&first.announcement);
        let maker = chamber.proposer(2, 0);
        let witness = chamber.proposer(2, 1);
        let late = (0..4).find(|of| ![maker, witness].contains(of)).unwrap();
        let now = chamber.now();
        for of in 0..4 {
            chamber.replicas[of].receive(first.clone(), now).unwrap();
            if of != late {
                chamber.replicas[of].commit(&certificate).unwrap();
            }
        }
        let (_, made) = chamber.propose(2, 0, &[2]);
        hears_early(&mut chamber, late, &made);
        let (first_round, round, id) = (Round::new(0), Round::new(1), made.announcement.id);
        let saw = &mut chamber.replicas[witness];
        saw.receive(made, now).unwrap();
        let again = saw.again(Height(2), round, first_round, saw.me, id).unwrap().unwrap();
        chamber.clock.pass(Duration::from_secs(30));
        let now = chamber.now();
        let replica = &mut chamber.replicas[late];
        replica.commit(&certificate).unwrap();
        replica.enter(Height(2), round, now).unwrap();
        replica.receive(again, now).unwrap().and_then(|undecided| undecided.validity)
    }

    /// That a block was here in time says nothing of its time until it was judged.
    #[test]
    fn who_holds_a_block_that_it_did_not_judge_is_no_witness_of_its_time() {
        let from_its_proposer = late(|chamber, late, made| {
            let now = chamber.now();
            assert_eq!(chamber.replicas[late].receive(made.clone(), now).unwrap(), None);
        });
        assert_eq!(from_its_proposer, Some(Validity::Invalid));
        let from_a_peer_that_is_ahead = late(|chamber, late, made| {
            let certificate = to_ledger(&chamber.conspiracy(&made.announcement)).unwrap();
            let value = with_certificate(&certificate, &made.bytes);
            let (round, proposer) = (made.announcement.round, made.announcement.proposer);
            let kept = chamber.replicas[late].receive_decided(Height(2), round, proposer, &value).unwrap();
            assert_eq!(kept.unwrap().validity, Some(Validity::Valid));
        });
        assert_eq!(from_a_peer_that_is_ahead, Some(Validity::Invalid));
    }

    #[test]
    fn prevotes_of_too_few_cost_no_check_of_a_signature() {
        let mut chamber = Chamber::new(4);
        let (of, made) = chamber.propose(1, 0, &[]);
        let other = (of + 1) % 4;
        let prevotes = vec![(chamber.replicas[of].me, Sig([7; 64]))];
        let checks = chamber.counting[other].count();
        let backing = Backing { round: Round::new(0), prevotes };
        chamber.replicas[other].believe(&made.announcement, backing);
        assert_eq!(chamber.counting[other].count(), checks);
    }
    /// It may be of its time later: what is only early is not remembered as invalid.
    #[test]
    fn a_block_ahead_of_our_clock_is_not_voted_for_until_its_time_has_come() {
        let mut chamber = Chamber::new(4);
        let (of, made) = chamber.propose(1, 0, &[1]);
        let now = chamber.now();
        let replica = &mut chamber.replicas[(of + 1) % 4];
        for (behind_ms, validity) in
            [(CLOCK_AHEAD_MS_MAX + 1, Validity::Invalid), (CLOCK_AHEAD_MS_MAX, Validity::Valid)]
        {
            assert!(replica.heeds(&made.announcement, &made.signature));
            let received = replica.receive(made.clone(), now.minus_ms(behind_ms)).unwrap().unwrap();
            assert_eq!(received.validity, Some(validity), "{behind_ms}");
        }
    }

    /// A block proposed again is as old as it is, one of an earlier round came late, and our own tells of our own clock.
    #[test]
    fn only_fresh_blocks_of_others_tell_how_our_clock_stands() {
        let mut chamber = Chamber::new(4);
        let (of, made) = chamber.propose(1, 0, &[]);
        let (now, me) = (chamber.now(), (of + 1) % 4);
        let others = [0, 1, 2, 3].map(|other| chamber.replicas[other].me);
        let again = (Round::new(1), Round::new(0));
        for (rounds, from, ahead) in [
            (again, [(me + 1) % 4, (me + 2) % 4], None),
            ((Round::new(0), Round::Nil), [(me + 1) % 4, (me + 2) % 4], None),
            ((Round::new(1), Round::Nil), [me, (me + 1) % 4], None),
            ((Round::new(1), Round::Nil), [(me + 1) % 4, (me + 2) % 4], Some(0)),
        ] {
            let replica = &mut chamber.replicas[me];
            replica.skew = Default::default();
            replica.enter(Height(1), Round::new(1), now).unwrap();
            for proposer in from {
                let mut announcement =
                    Announcement { proposer: others[proposer], ..made.announcement.clone() };
                (announcement.round, announcement.valid_round) = rounds;
                replica.hear_time(&announcement, Some(now), now);
            }
            assert_eq!(replica.clock_ahead_ms(), ahead, "{rounds:?} of {from:?}");
        }
    }

    #[test]
    fn prevotes_for_blocks_of_other_heights_are_not_kept() {
        let mut chamber = Chamber::new(4);
        let replica = &mut chamber.replicas[0];
        for height in [0, 2] {
            let backing = Backing { round: Round::new(0), prevotes: Vec::new() };
            replica.back(Height(height), BlockId([1; 32]), backing);
        }
        assert!(replica.backings.is_empty());
    }
}
