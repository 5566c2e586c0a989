//! What each validator said, so that it is told to the engine and passed on once in a while and not as
//! often as somebody sends it; and so that one validator cannot fill the engine's queue of the next
//! height, in which others' proposals wait too.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use crate::engine::context::{Address, BlockId, Proposal, Vote};
use crate::limits::{HEIGHTS_HEARD, PLACE_MORE_EVERY, PLACES_MAX, SAID_AGAIN, SAID_PER_PLACE_MAX};
use malachitebft_core_types::{NilOrVal, VoteType};

/// Where in the protocol something is said, by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) voter: Address,
    pub(super) height: u64,
    /// Round, and what: proposal, prevote, precommit.
    at: (i64, u8),
}

/// What is said there: two contents at one place are a lie, and one is enough to know.
pub(super) type Content = (Option<BlockId>, i64);

/// Place and content of a vote.
pub(super) fn of_vote(vote: &Vote) -> (Place, Content) {
    let what = if vote.kind == VoteType::Prevote { 1 } else { 2 };
    let at = (vote.round.as_i64(), what);
    let content = match vote.value {
        NilOrVal::Nil => None,
        NilOrVal::Val(id) => Some(id),
    };
    (Place { voter: vote.address, height: vote.height.0, at }, (content, -1))
}

/// Place and content of a proposal.
pub(super) fn of_proposal(proposal: &Proposal) -> (Place, Content) {
    let place =
        Place { voter: proposal.address, height: proposal.height.0, at: (proposal.round.as_i64(), 0) };
    (place, (Some(proposal.value.0), proposal.pol_round.as_i64()))
}

/// What the validators said, at the heights that are listened to.
#[derive(Default)]
pub(super) struct Ballots(HashMap<(Address, u64), Ballot>);

/// What one validator said at one height.
#[derive(Default)]
struct Ballot {
    places: BTreeMap<(i64, u8), Vec<(Content, Instant)>>,
    /// When a place was given up for a later one.
    moved: Option<Instant>,
}

impl Ballot {
    /// Whether there is room for one more place. The height under way may last many rounds, and goes
    /// on slowly; of the next one nothing more is heard, since it waits in the engine's queue.
    fn has_room(&self, is_under_way: bool, at: (i64, u8), now: Instant) -> bool {
        let is_later = self.places.first_key_value().is_none_or(|(lowest, _)| *lowest < at);
        let is_time = self.moved.is_none_or(|moved| now.saturating_duration_since(moved) >= PLACE_MORE_EVERY);
        self.places.len() < PLACES_MAX || (is_under_way && is_later && is_time)
    }
}

impl Ballots {
    /// Whether this is worth checking now: near the head, not said just now, and not a third content.
    pub(super) fn is_news(&self, head: u64, place: &Place, content: &Content, now: Instant) -> bool {
        if place.height <= head || place.height - head > HEIGHTS_HEARD {
            return false;
        }
        let Some(ballot) = self.0.get(&(place.voter, place.height)) else { return true };
        let Some(said) = ballot.places.get(&place.at) else {
            return ballot.has_room(place.height == head + 1, place.at, now);
        };
        match said.iter().find(|(known, _)| known == content) {
            Some((_, last)) => now.saturating_duration_since(*last) >= SAID_AGAIN,
            None => said.len() < SAID_PER_PLACE_MAX,
        }
    }

    /// It was checked, and is said now. False if another was faster.
    pub(super) fn note(&mut self, head: u64, place: &Place, content: Content, now: Instant) -> bool {
        if !self.is_news(head, place, &content, now) {
            return false;
        }
        self.0.retain(|(_, height), _| *height > head);
        let ballot = self.0.entry((place.voter, place.height)).or_default();
        let said = ballot.places.entry(place.at).or_default();
        match said.iter_mut().find(|(known, _)| *known == content) {
            Some((_, last)) => *last = now,
            None => said.push((content, now)),
        }
        if ballot.places.len() > PLACES_MAX {
            ballot.places.pop_first(); // the oldest round: consensus has left it behind
            ballot.moved = Some(now);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::context::{BlockRef, Height};
    use malachitebft_core_types::Round;

    fn vote(height: u64, round: u32, value: u8) -> (Place, Content) {
        of_vote(&Vote {
            kind: VoteType::Prevote,
            height: Height(height),
            round: Round::new(round),
            value: NilOrVal::Val(BlockId([value; 32])),
            address: Address([1; 20]),
            extension: None,
        })
    }

    #[test]
    fn only_near_heights_are_listened_to() {
        let ballots = Ballots::default();
        let heard = |height| {
            let (place, content) = vote(height, 0, 1);
            ballots.is_news(7, &place, &content, Instant::now())
        };
        assert_eq!([7, 8, 9, 10].map(heard), [false, true, true, false]);
    }

    #[test]
    fn the_same_is_told_again_only_after_a_while() {
        let (mut ballots, start) = (Ballots::default(), Instant::now());
        let (place, content) = vote(8, 0, 1);
        assert!(ballots.note(7, &place, content, start));
        assert!(!ballots.note(7, &place, content, start));
        assert!(ballots.note(7, &place, content, start + SAID_AGAIN));
    }

    #[test]
    fn a_validator_that_says_many_things_at_once_is_told_from_one_that_lies() {
        let (mut ballots, now) = (Ballots::default(), Instant::now());
        let told = (0..200).filter(|value| {
            let (place, content) = vote(8, 0, *value);
            ballots.note(7, &place, content, now)
        });
        assert_eq!(told.count(), SAID_PER_PLACE_MAX);
    }

    /// Finding A3.1: 500 of these filled the engine's queue of the next height.
    #[test]
    fn junk_for_the_next_height_leaves_room_for_a_proposal() {
        let (mut ballots, now) = (Ballots::default(), Instant::now());
        let mut told = 0;
        for round in (2_000..4_000).rev().chain(4_000..8_000) {
            for value in [1, 2] {
                let (place, content) = vote(9, round, value);
                told += usize::from(ballots.note(7, &place, content, now));
            }
        }
        assert!(told <= PLACES_MAX * SAID_PER_PLACE_MAX, "{told}");
        let proposal = Proposal {
            height: Height(9),
            round: Round::new(0),
            value: BlockRef(BlockId([3; 32])),
            pol_round: Round::Nil,
            address: Address([2; 20]),
        };
        let (place, content) = of_proposal(&proposal);
        assert!(ballots.note(7, &place, content, now), "another validator's");
    }

    #[test]
    fn a_node_that_comes_late_hears_the_rounds_of_now() {
        let (mut ballots, mut now) = (Ballots::default(), Instant::now());
        for round in 0..500 {
            let (place, content) = vote(8, round, 1);
            assert!(ballots.note(7, &place, content, now), "{round}");
            now += PLACE_MORE_EVERY;
        }
        let (place, content) = vote(8, 900, 1);
        assert!(!ballots.note(7, &place, content, now - PLACE_MORE_EVERY / 2), "faster than rounds pass");
        assert_eq!(ballots.0.values().map(|ballot| ballot.places.len()).sum::<usize>(), PLACES_MAX);
    }
}
