//! Anchoring which officers a department certified.

use super::rule::{Rejection, Rule};
use crate::keys;
use crate::refusal::Refusal;
use crate::roster::{AnchorRoster, Anchored, Rosters};
use crate::views;
use alloc::vec::Vec;

impl Rule<'_> {
    pub(super) fn anchor_roster(&mut self, roster: &AnchorRoster) -> Result<(), Rejection> {
        roster.check(self.limits())?;
        let id = &self.body.department;
        let known = views::rosters(self.reads, id)?;
        let mut rosters = known.unwrap_or(Rosters { anchored: Vec::new() });
        if rosters.newest().is_some_and(|newest| (newest.root, newest.size) == (roster.root, roster.size)) {
            return Err(Refusal::RosterSame.into());
        }
        let newest = Anchored {
            root: roster.root,
            size: roster.size,
            log_head: roster.log_head,
            anchored: self.place(),
            replaced: None,
        };
        rosters.anchor(newest, views::parameters(self.reads)?.judged_lag_ms, self.limits());
        self.put(keys::rosters(id), &rosters);
        Ok(())
    }
}
