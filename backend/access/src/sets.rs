//! The three layers in force for one department.

use crate::ruleset::Ruleset;
use ledger::policy::PolicyOwner;
use ledger::receipt::PolicyVersions;
use std::sync::Arc;

/// The three layers that rule one department: what its ledger has in force at one height
/// ([`Judge::in_force`](crate::Judge::in_force)), or what is tried instead.
#[derive(Clone, Debug)]
pub struct PolicySets {
    /// For all.
    pub national: Arc<Ruleset>,
    /// For the department's province.
    pub region: Arc<Ruleset>,
    /// The department's own.
    pub department: Arc<Ruleset>,
}

impl PolicySets {
    /// The versions judged by.
    #[must_use]
    pub fn versions(&self) -> PolicyVersions {
        PolicyVersions {
            national: self.national.version(),
            region: self.region.version(),
            department: self.department.version(),
        }
    }

    /// The same with a draft in the place of its owner's rows; unchanged where its owner rules nothing here.
    #[must_use]
    pub fn with(&self, draft: &Arc<Ruleset>) -> Self {
        let mut sets = self.clone();
        let owner = &draft.set().owner;
        let place = match owner {
            PolicyOwner::Nation => &mut sets.national,
            PolicyOwner::Region(_) => &mut sets.region,
            PolicyOwner::Department(_) => &mut sets.department,
        };
        if place.set().owner == *owner {
            *place = Arc::clone(draft);
        }
        sets
    }

    pub(crate) const fn layers(&self) -> [&Arc<Ruleset>; 3] {
        [&self.national, &self.region, &self.department]
    }
}
