//! A policy set made ready to judge, once and for good.

use crate::casbin::{CheckedModel, LayerEnforcer};
use crate::fault::{AccessFault, SetFault};
use crate::index::{Index, Spoken};
use crate::limits::{ENFORCERS_IDLE_MAX, ROWS_MAX};
use crate::obligation::Obligation;
use crate::question::Question;
use crate::rule::{Rule, cells};
use ledger::ids::PolicyVersion;
use ledger::policy::{PolicySet, RowId};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// What one layer says to one question.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) allow: bool,
    /// The row that denied, or the first that allowed; none when no row spoke.
    pub(crate) row: Option<RowId>,
    /// Of all rows that allowed.
    pub(crate) obligations: BTreeSet<Obligation>,
}

/// One version of a layer's rows, ready to judge. Never changes; share it.
pub struct Ruleset {
    source: Arc<PolicySet>,
    version: PolicyVersion,
    read: Result<Read, SetFault>,
}

/// The rows of a set that can be read.
pub(crate) struct Read {
    pub(crate) rules: Vec<Rule>,
    index: Index,
    idle: Mutex<Vec<LayerEnforcer>>,
}

impl fmt::Debug for Ruleset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ruleset").field("owner", &self.source.owner).field("version", &self.version).finish()
    }
}

impl Ruleset {
    /// Reads a set. One that cannot be read is taken as well: judging by it is a fault then, and its
    /// owner can still look at it.
    #[must_use]
    pub fn new(set: Arc<PolicySet>, version: PolicyVersion) -> Self {
        let read = Read::new(&set);
        Self { source: set, version, read }
    }

    /// The rows as published.
    #[must_use]
    pub const fn set(&self) -> &Arc<PolicySet> {
        &self.source
    }

    /// Its version.
    #[must_use]
    pub const fn version(&self) -> PolicyVersion {
        self.version
    }

    /// What can be judged by.
    pub(crate) fn read(&self) -> Result<&Read, SetFault> {
        self.read.as_ref().map_err(Clone::clone)
    }

    /// What this layer says.
    pub(crate) fn judge(&self, question: &Question) -> Result<Verdict, SetFault> {
        let read = self.read()?;
        Ok(match read.index.judge(&read.rules, question) {
            Spoken::Allow(rows) => read.verdict(&rows, None),
            Spoken::Deny(row) => read.verdict(&[], Some(row)),
        })
    }

    /// What Casbin says to the same question by the same rows.
    pub(crate) fn judge_by_casbin(
        &self,
        model: &CheckedModel,
        question: &Question,
    ) -> Result<Verdict, AccessFault> {
        let read = self.read()?;
        if read.rules.is_empty() {
            // Casbin would compare the question with empty strings.
            return Ok(Verdict::default());
        }
        let idle = read.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut enforcer = match idle {
            Some(enforcer) => enforcer,
            None => LayerEnforcer::new(model, self.source.rows.iter().map(cells).collect())?,
        };
        let said = enforcer.judge(question)?;
        let mut idle = read.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < ENFORCERS_IDLE_MAX {
            idle.push(enforcer);
        }
        drop(idle);
        Ok(if said.allowed { read.verdict(&said.allow_rows, None) } else { read.verdict(&[], said.deny_row) })
    }
}

impl Read {
    fn new(set: &PolicySet) -> Result<Self, SetFault> {
        let layer = set.layer();
        if set.rows.len() > ROWS_MAX {
            return Err(SetFault::TooManyRows { layer, rows: set.rows.len() });
        }
        let mut rules = Vec::with_capacity(set.rows.len());
        let mut names = BTreeSet::new();
        for row in &set.rows {
            let malformed = |problem| SetFault::MalformedRow { layer, row: row.id.clone(), problem };
            rules.push(Rule::parse(row).map_err(malformed)?);
            if !names.insert(&row.id) {
                return Err(SetFault::RepeatedRow { layer, row: row.id.clone() });
            }
        }
        let index = Index::new(&rules);
        Ok(Self { rules, index, idle: Mutex::default() })
    }

    fn verdict(&self, allowed: &[usize], denied: Option<usize>) -> Verdict {
        let row = denied.or_else(|| allowed.first().copied()).and_then(|place| self.rules.get(place));
        let with_duties = allowed.iter().filter(|place| self.index.has_duties(**place));
        let rules = with_duties.filter_map(|place| self.rules.get(*place));
        Verdict {
            allow: denied.is_none() && !allowed.is_empty(),
            row: row.map(|rule| rule.id.clone()),
            obligations: rules.flat_map(|rule| rule.obligations.iter()).cloned().collect(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::rule::tests::a_row;
    use ledger::policy::{PolicyOwner, PolicyRow};

    pub(crate) fn a_set(rows: Vec<PolicyRow>) -> Arc<PolicySet> {
        Arc::new(PolicySet { owner: PolicyOwner::Nation, number: 1, previous: PolicyVersion([0; 32]), rows })
    }

    fn fault(rows: Vec<PolicyRow>) -> Option<SetFault> {
        Ruleset::new(a_set(rows), PolicyVersion([0; 32])).read().err()
    }

    #[test]
    fn a_set_with_too_many_rows_is_a_fault() {
        let mut rows: Vec<PolicyRow> = (0..ROWS_MAX).map(|n| a_row(&format!("r{n}"))).collect();
        assert_eq!(fault(rows.clone()), None);
        rows.push(a_row("beyond"));
        assert!(matches!(fault(rows), Some(SetFault::TooManyRows { rows, .. }) if rows == ROWS_MAX + 1));
    }

    #[test]
    fn two_rows_of_one_name_are_a_fault() {
        let found = fault(vec![a_row("a"), a_row("b"), a_row("a")]);
        assert!(matches!(found, Some(SetFault::RepeatedRow { row, .. }) if row.as_str() == "a"));
    }
}
