//! Policy sets made ready to judge, kept by version.
//!
//! The version is only where to look: a set is used when it equals the one asked for, so a wrong
//! version costs time and never a wrong decision.

use crate::casbin::{CheckedModel, LayerEnforcer};
use crate::fault::AccessFault;
use crate::limits::{ROWS_MAX, SETS_KEPT_MAX};
use crate::obligation::Obligation;
use crate::question::Question;
use crate::rule::Rule;
use ledger::ids::PolicyVersion;
use ledger::policy::{PolicySet, RowId};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

/// What one layer says to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allow: bool,
    /// The row that denied, or the first that allowed; none when no row spoke.
    pub(crate) row: Option<RowId>,
    /// Of all rows that allowed.
    pub(crate) obligations: BTreeSet<Obligation>,
}

/// One policy set, read, checked and ready.
pub(crate) struct CompiledSet {
    source: Arc<PolicySet>,
    rules: Vec<Rule>,
    // None when there are no rows: Casbin would then compare the question with empty strings.
    enforcer: Option<LayerEnforcer>,
}

impl CompiledSet {
    pub(crate) fn new(model: &CheckedModel, set: &Arc<PolicySet>) -> Result<Self, AccessFault> {
        let layer = set.layer();
        if set.rows.len() > ROWS_MAX {
            return Err(AccessFault::TooManyRows { layer, rows: set.rows.len() });
        }
        let mut rules = Vec::with_capacity(set.rows.len());
        let mut names = BTreeSet::new();
        for row in &set.rows {
            let malformed = |problem| AccessFault::MalformedRow { layer, row: row.id.clone(), problem };
            rules.push(Rule::parse(row).map_err(malformed)?);
            if !names.insert(&row.id) {
                return Err(AccessFault::RepeatedRow { layer, row: row.id.clone() });
            }
        }
        let enforcer = if rules.is_empty() {
            None
        } else {
            Some(LayerEnforcer::new(model, rules.iter().map(|rule| rule.cells.clone()).collect())?)
        };
        Ok(Self { source: Arc::clone(set), rules, enforcer })
    }

    /// What this layer says.
    pub(crate) fn judge(&self, question: &Question) -> Result<Verdict, AccessFault> {
        let Some(enforcer) = &self.enforcer else {
            return Ok(Verdict { allow: false, row: None, obligations: BTreeSet::new() });
        };
        let said = enforcer.judge(question)?;
        let deciding = if said.allowed { said.allow_rows.first() } else { said.deny_row.as_ref() };
        let row = deciding.and_then(|index| self.rules.get(*index)).map(|rule| rule.id.clone());
        let obligations = said
            .allow_rows
            .iter()
            .filter(|_| said.allowed)
            .filter_map(|index| self.rules.get(*index))
            .flat_map(|rule| rule.obligations.iter().cloned())
            .collect();
        Ok(Verdict { allow: said.allowed, row, obligations })
    }
}

/// The sets used last, at most [`SETS_KEPT_MAX`].
#[derive(Default)]
pub(crate) struct Shelf {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    uses: u64,
    sets: BTreeMap<PolicyVersion, (u64, Arc<CompiledSet>)>,
}

impl Shelf {
    /// The set, from the shelf or newly compiled.
    pub(crate) fn take(
        &self,
        model: &CheckedModel,
        version: PolicyVersion,
        set: &Arc<PolicySet>,
    ) -> Result<Arc<CompiledSet>, AccessFault> {
        if let Some(found) = self.find(version, set) {
            return Ok(found);
        }
        let compiled = Arc::new(CompiledSet::new(model, set)?);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses = kept.uses.saturating_add(1);
        let now = kept.uses;
        kept.sets.insert(version, (now, Arc::clone(&compiled)));
        while kept.sets.len() > SETS_KEPT_MAX {
            let oldest = kept.sets.iter().min_by_key(|(_, (used, _))| *used).map(|(version, _)| *version);
            match oldest {
                Some(version) => kept.sets.remove(&version),
                None => break,
            };
        }
        Ok(compiled)
    }

    fn find(&self, version: PolicyVersion, set: &Arc<PolicySet>) -> Option<Arc<CompiledSet>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.uses = kept.uses.saturating_add(1);
        let now = kept.uses;
        let (used, compiled) = kept.sets.get_mut(&version)?;
        if !Arc::ptr_eq(&compiled.source, set) && compiled.source != *set {
            return None;
        }
        *used = now;
        Some(Arc::clone(compiled))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::casbin::MODEL;
    use crate::rule::tests::a_row;
    use ledger::policy::PolicyOwner;

    fn a_set(rows: &[&str]) -> Arc<PolicySet> {
        let rows = rows.iter().map(|id| a_row(id)).collect();
        Arc::new(PolicySet { owner: PolicyOwner::Nation, number: 1, previous: PolicyVersion([0; 32]), rows })
    }

    fn a_version(n: u8) -> PolicyVersion {
        PolicyVersion([n; 32])
    }

    #[test]
    fn a_set_is_compiled_once() {
        let (model, shelf) = (CheckedModel::parse(MODEL).unwrap(), Shelf::default());
        let first = shelf.take(&model, a_version(1), &a_set(&["a"])).unwrap();
        let again = shelf.take(&model, a_version(1), &a_set(&["a"])).unwrap();
        assert!(Arc::ptr_eq(&first, &again));
    }

    #[test]
    fn a_version_that_names_other_rows_is_not_believed() {
        let (model, shelf) = (CheckedModel::parse(MODEL).unwrap(), Shelf::default());
        shelf.take(&model, a_version(1), &a_set(&["a"])).unwrap();
        let other = shelf.take(&model, a_version(1), &a_set(&["b"])).unwrap();
        assert_eq!(other.source, a_set(&["b"]));
    }

    #[test]
    fn the_shelf_never_grows_beyond_its_bound() {
        let (model, shelf) = (CheckedModel::parse(MODEL).unwrap(), Shelf::default());
        let first = shelf.take(&model, a_version(0), &a_set(&["a"])).unwrap();
        for n in 1..=u8::try_from(SETS_KEPT_MAX).unwrap() {
            shelf.take(&model, a_version(n), &a_set(&["a"])).unwrap();
            // The first is used all the time, so it stays.
            assert!(Arc::ptr_eq(&first, &shelf.take(&model, a_version(0), &a_set(&["a"])).unwrap()));
        }
        assert_eq!(shelf.kept.lock().unwrap().sets.len(), SETS_KEPT_MAX);
        assert!(shelf.find(a_version(1), &a_set(&["a"])).is_none());
    }

    #[test]
    fn a_set_with_too_many_rows_is_a_fault() {
        let model = CheckedModel::parse(MODEL).unwrap();
        let names: Vec<String> = (0..=ROWS_MAX).map(|n| format!("r{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        assert!(CompiledSet::new(&model, &a_set(names.get(1..).unwrap())).is_ok());
        let beyond = CompiledSet::new(&model, &a_set(&names)).err().unwrap();
        assert!(matches!(beyond, AccessFault::TooManyRows { rows, .. } if rows == ROWS_MAX + 1));
    }

    #[test]
    fn two_rows_of_one_name_are_a_fault() {
        let model = CheckedModel::parse(MODEL).unwrap();
        let fault = CompiledSet::new(&model, &a_set(&["a", "b", "a"])).err().unwrap();
        assert!(matches!(fault, AccessFault::RepeatedRow { row, .. } if row.as_str() == "a"));
    }
}
