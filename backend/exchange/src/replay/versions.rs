//! The versions an owner ever had in force, from which height on, and their rows, ready to judge.

use std::collections::BTreeMap;
use std::sync::Arc;

use access::Ruleset;
use ledger::ids::{Height, PolicyVersion};
use ledger::policy::PolicyOwner;
use ledger::state::{ReadFault, StateRead};
use ledger::views;

use crate::limits::{OWNERS_KEPT_MAX, RULESETS_KEPT_MAX};

/// One version: which it is, its number, the block from which it was in force.
type Line = Vec<(PolicyVersion, u64, Height)>;

/// What was looked up so far.
#[derive(Default)]
pub(super) struct Versions {
    lines: BTreeMap<PolicyOwner, Line>,
    sets: BTreeMap<PolicyVersion, Arc<Ruleset>>,
}

impl Versions {
    /// The version in force in the block of a height.
    pub(super) fn in_force(
        &mut self,
        reads: &dyn StateRead,
        owner: &PolicyOwner,
        height: Height,
    ) -> Result<Option<PolicyVersion>, ReadFault> {
        let line = self.line(reads, owner)?;
        Ok(line.iter().rev().find(|(_, _, since)| *since <= height).map(|(version, ..)| *version))
    }

    /// An owner's set of a version, if it ever was in force.
    pub(super) fn set(
        &mut self,
        reads: &dyn StateRead,
        owner: &PolicyOwner,
        version: PolicyVersion,
    ) -> Result<Option<Arc<Ruleset>>, ReadFault> {
        if let Some(set) = self.sets.get(&version) {
            return Ok(Some(Arc::clone(set)));
        }
        let line = self.line(reads, owner)?;
        let Some((_, number, _)) = line.iter().find(|(known, ..)| *known == version) else { return Ok(None) };
        let number = *number;
        let Some(enacted) = views::policy_enacted(reads, owner, number)? else { return Ok(None) };
        let set = Arc::new(Ruleset::new(Arc::new(enacted.set), version));
        if self.sets.len() >= RULESETS_KEPT_MAX {
            self.sets.clear();
        }
        self.sets.insert(version, Arc::clone(&set));
        Ok(Some(set))
    }

    /// All versions of an owner, oldest first; read anew when there is a newer one.
    fn line(&mut self, reads: &dyn StateRead, owner: &PolicyOwner) -> Result<&Line, ReadFault> {
        if !self.lines.contains_key(owner) && self.lines.len() >= OWNERS_KEPT_MAX {
            self.lines.clear();
        }
        let line = self.lines.entry(owner.clone()).or_default();
        let latest = views::policy_version(reads, owner)?;
        if line.last().map(|(version, ..)| *version) != latest {
            let mut number = line.last().map_or(1, |(_, number, _)| number.saturating_add(1));
            while let Some(enacted) = views::policy_enacted(reads, owner, number)? {
                line.push((enacted.version, number, enacted.since));
                number = number.saturating_add(1);
            }
        }
        Ok(line)
    }
}
