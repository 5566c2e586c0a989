//! What was announced for each round of the near heights, counted before its parts are read: an honest
//! proposer announces one block, two different ones are an equivocation, and a third is not listened to.

use std::collections::BTreeMap;

use ledger::equivocation::Equivocation;
use ledger::ids::Height;
use malachitebft_core_types::Round;

use crate::engine::context::{Address, Announcement};
use crate::engine::signing::{Sig, announcement_message};
use crate::limits::BLOCKS_PER_ROUND_MAX;

/// The announcements that were heeded.
#[derive(Default)]
pub(super) struct Docket(BTreeMap<(Height, Round, Address), Vec<Entry>>);

struct Entry {
    announcement: Announcement,
    signature: Sig,
    is_refused: bool,
}

fn place(announcement: &Announcement) -> (Height, Round, Address) {
    (announcement.height.into(), announcement.round, announcement.proposer)
}

impl Docket {
    fn of(&self, announcement: &Announcement) -> &[Entry] {
        self.0.get(&place(announcement)).map_or(&[], Vec::as_slice)
    }

    /// Whether there is a reason to listen: not to a third block of one proposer and round, nor to one that was
    /// found invalid before.
    pub(super) fn has_room(&self, announcement: &Announcement) -> bool {
        let entries = self.of(announcement);
        match entries.iter().find(|entry| entry.announcement == *announcement) {
            Some(entry) => !entry.is_refused,
            None => entries.len() < BLOCKS_PER_ROUND_MAX,
        }
    }

    /// Counts an announcement of its proposer's, and tells whether it contradicts another.
    pub(super) fn count(&mut self, announcement: &Announcement, signature: Sig) -> Option<Equivocation> {
        if !self.has_room(announcement) {
            return None;
        }
        let entries = self.0.entry(place(announcement)).or_default();
        if entries.iter().any(|entry| entry.announcement == *announcement) {
            return None;
        }
        let announcement = announcement.clone();
        let first = entries.first().and_then(|first| contradiction(first, &announcement, signature));
        entries.push(Entry { announcement, signature, is_refused: false });
        first
    }

    /// A block was found invalid: its announcement is not listened to again.
    pub(super) fn refuse(&mut self, announcement: &Announcement) {
        let entries = self.0.get_mut(&place(announcement)).into_iter().flatten();
        for entry in entries.filter(|entry| entry.announcement == *announcement) {
            entry.is_refused = true;
        }
    }

    /// Forgets heights that are decided.
    pub(super) fn forget(&mut self, decided: Height) {
        self.0.retain(|(height, ..), _| *height > decided);
    }

    /// As if nothing had been announced.
    #[cfg(test)]
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

fn contradiction(first: &Entry, announcement: &Announcement, signature: Sig) -> Option<Equivocation> {
    let one = (announcement_message(&first.announcement), first.signature.parse()?);
    let other = (announcement_message(announcement), signature.parse()?);
    Equivocation::of(announcement.height.into(), announcement.proposer.into(), one, other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::context::{self, BlockId};

    fn announcement(height: u64, round: u32, proposer: u8, block: u8) -> Announcement {
        Announcement {
            height: context::Height(height),
            round: Round::new(round),
            valid_round: Round::Nil,
            proposer: Address([proposer; 20]),
            id: BlockId([block; 32]),
            content: [block; 32],
            size: 7,
        }
    }

    fn count(docket: &mut Docket, announcement: &Announcement) {
        docket.count(announcement, Sig([0; 64]));
    }

    #[test]
    fn blocks_are_counted_for_each_height_round_and_proposer() {
        let mut docket = Docket::default();
        for block in 0..2 {
            assert!(docket.has_room(&announcement(5, 1, 7, block)));
            count(&mut docket, &announcement(5, 1, 7, block));
        }
        assert!(!docket.has_room(&announcement(5, 1, 7, 9)));
        for (height, round, proposer) in [(6, 1, 7), (5, 2, 7), (5, 1, 8)] {
            assert!(docket.has_room(&announcement(height, round, proposer, 9)));
        }
    }

    #[test]
    fn what_is_decided_is_forgotten_and_nothing_above_it() {
        let mut docket = Docket::default();
        for height in [5, 6] {
            for block in 0..2 {
                count(&mut docket, &announcement(height, 0, 7, block));
            }
        }
        docket.forget(Height(5));
        assert!(docket.has_room(&announcement(5, 0, 7, 9)) && !docket.has_room(&announcement(6, 0, 7, 9)));
        docket.forget(Height(6));
        assert!(docket.0.is_empty());
    }
}
