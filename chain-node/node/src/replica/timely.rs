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
