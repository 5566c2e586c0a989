//! The policy sets used last, ready to judge. A version is the digest of its rows and is only put here as
//! the state names it, so that it stands for the same rows for ever.

use crate::limits::SETS_KEPT_MAX;
use crate::ruleset::Ruleset;
use crate::sets::PolicySets;
use ledger::ids::{DepartmentId, PolicyVersion};
use ledger::policy::PolicySet;
use ledger::state::{ReadFault, StateRead};
use ledger::views;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// At most [`SETS_KEPT_MAX`] sets by version, and when each was last used.
#[derive(Default)]
pub(crate) struct Shelf {
    uses: AtomicU64,
    sets: RwLock<BTreeMap<PolicyVersion, (AtomicU64, Arc<Ruleset>)>>,
}

impl Shelf {
    /// The sets that rule a department's doors. Their rows are read from the state when one of them is new.
    pub(crate) fn in_force(
        &self,
        reads: &dyn StateRead,
        department: &DepartmentId,
    ) -> Result<Option<PolicySets>, ReadFault> {
        let Some(versions) = views::policy_versions(reads, department)? else { return Ok(None) };
        let versions = [versions.national, versions.region, versions.department];
        let kept = versions.map(|version| self.find(version));
        if let [Some(national), Some(region), Some(department)] = kept {
            return Ok(Some(PolicySets { national, region, department }));
        }
        let Some(rows) = views::policies_for(reads, department)? else { return Ok(None) };
        let mut made = versions
            .into_iter()
            .zip(rows)
            .zip(kept)
            .map(|((version, set), kept)| kept.unwrap_or_else(|| self.keep(version, set)));
        let (Some(national), Some(region), Some(department)) = (made.next(), made.next(), made.next()) else {
            return Ok(None);
        };
        Ok(Some(PolicySets { national, region, department }))
    }

    fn find(&self, version: PolicyVersion) -> Option<Arc<Ruleset>> {
        let sets = self.sets.read().unwrap_or_else(PoisonError::into_inner);
        let (used, set) = sets.get(&version)?;
        used.store(self.tick(), Ordering::Relaxed);
        Some(Arc::clone(set))
    }

    fn keep(&self, version: PolicyVersion, set: PolicySet) -> Arc<Ruleset> {
        let set = Arc::new(Ruleset::new(Arc::new(set), version));
        let mut sets = self.sets.write().unwrap_or_else(PoisonError::into_inner);
        sets.insert(version, (AtomicU64::new(self.tick()), Arc::clone(&set)));
        while sets.len() > SETS_KEPT_MAX {
            let of = |(used, _): &(AtomicU64, _)| used.load(Ordering::Relaxed);
            let Some(oldest) = sets.iter().min_by_key(|(_, kept)| of(kept)).map(|(version, _)| *version)
            else {
                break;
            };
            sets.remove(&oldest);
        }
        set
    }

    fn tick(&self) -> u64 {
        self.uses.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::tests::a_row;
    use crate::ruleset::tests::a_set;

    fn a_version(n: u8) -> PolicyVersion {
        PolicyVersion([n; 32])
    }

    #[test]
    fn the_shelf_never_grows_beyond_its_bound_and_drops_what_was_not_used() {
        let shelf = Shelf::default();
        let keep = |n| shelf.keep(a_version(n), PolicySet::clone(&a_set(vec![a_row("a")])));
        let first = keep(0);
        for n in 1..=u8::try_from(SETS_KEPT_MAX).unwrap() {
            keep(n);
            // The first is used all the time, so it stays.
            assert!(Arc::ptr_eq(&first, &shelf.find(a_version(0)).unwrap()));
        }
        assert_eq!(shelf.sets.read().unwrap().len(), SETS_KEPT_MAX);
        assert!(shelf.find(a_version(1)).is_none());
    }
}
