//! What would have come of past decisions under other rows.

use crate::decision::Decision;
use crate::fault::AccessFault;
use crate::judge::Judge;
use crate::obligation::{Obligation, strictest};
use crate::question::Question;
use crate::sets::PolicySets;
use ledger::ids::DepartmentId;
use ledger::policy::{Layer, RowId};
use std::collections::{BTreeMap, BTreeSet};

ledger::wire_code! {
    /// Which way a decision turns.
    pub enum Turn {
        /// From yes to no.
        Denied = 1 => "denied",
        /// From no to yes.
        Allowed = 2 => "allowed",
        /// Yes still, and no less is demanded.
        Stricter = 3 => "stricter",
        /// Yes still, and no more is demanded.
        Looser = 4 => "looser",
        /// Yes still; something is demanded more and something less.
        Otherwise = 5 => "otherwise",
    }
}

impl Turn {
    /// Whether more may leave than before.
    #[must_use]
    pub const fn is_loosening(self) -> bool {
        match self {
            Self::Allowed | Self::Looser | Self::Otherwise => true,
            Self::Denied | Self::Stricter => false,
        }
    }
}

/// A past decision that comes out otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turned {
    /// Which of the past questions, counted from 0.
    pub place: usize,
    /// Which way.
    pub turn: Turn,
    /// The row that makes the difference, with its layer: of the new rows where one speaks, else the one
    /// that spoke before.
    pub by: Option<(Layer, RowId)>,
    /// By the rows in force.
    pub before: Decision,
    /// By the draft.
    pub after: Decision,
}

/// What would have come of past decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    /// How many were judged again.
    pub judged: usize,
    /// How many could not be: their department has no rows in force.
    pub unknown: usize,
    /// Those that come out otherwise, in order; at most as many as asked for.
    pub turned: Vec<Turned>,
    /// All that come out otherwise, by the way they turn.
    pub by_turn: BTreeMap<Turn, usize>,
    /// The same by the row that makes the difference.
    pub by_row: BTreeMap<Option<(Layer, RowId)>, usize>,
    /// The same by requester.
    pub by_department: BTreeMap<DepartmentId, usize>,
}

impl Preview {
    /// How many come out otherwise.
    #[must_use]
    pub fn turns(&self) -> usize {
        self.by_turn.values().sum()
    }
}

impl Judge {
    /// Judges past questions by the rows in force and by others. `sets` gives both for the side whose door a
    /// question was put at ([`Question::side_department`]). Only what turns is kept, at most `kept_max`.
    ///
    /// # Errors
    /// [`AccessFault`] as for [`Judge::decide`]; a draft that cannot be read is one.
    pub fn preview<'a>(
        &self,
        past: impl Iterator<Item = &'a Question>,
        sets: impl Fn(&Question) -> Option<&'a (PolicySets, PolicySets)>,
        kept_max: usize,
    ) -> Result<Preview, AccessFault> {
        let mut preview = Preview::default();
        for (place, question) in past.enumerate() {
            let Some((old, new)) = sets(question) else {
                preview.unknown += 1;
                continue;
            };
            preview.judged += 1;
            let (before, after) = (self.try_out(old, question)?, self.try_out(new, question)?);
            let Some(turn) = turn(&before, &after) else { continue };
            let by = cause(&before, &after);
            *preview.by_turn.entry(turn).or_default() += 1;
            *preview.by_row.entry(by.clone()).or_default() += 1;
            *preview.by_department.entry(question.requester.clone()).or_default() += 1;
            if preview.turned.len() < kept_max {
                preview.turned.push(Turned { place, turn, by, before, after });
            }
        }
        Ok(preview)
    }
}

fn turn(before: &Decision, after: &Decision) -> Option<Turn> {
    match (before.allow, after.allow) {
        (true, false) => Some(Turn::Denied),
        (false, true) => Some(Turn::Allowed),
        (false, false) => None,
        (true, true) if before.obligations == after.obligations => None,
        (true, true) => {
            let items = &before.question.items;
            let both: BTreeSet<Obligation> = before.obligations.union(&after.obligations).cloned().collect();
            let both = without_clear(strictest(both, items));
            Some(if both == without_clear(after.obligations.clone()) {
                Turn::Stricter
            } else if both == without_clear(before.obligations.clone()) {
                Turn::Looser
            } else {
                Turn::Otherwise
            })
        }
    }
}

/// `clear` says what nothing else forbids; it is no demand.
fn without_clear(mut duties: BTreeSet<Obligation>) -> BTreeSet<Obligation> {
    duties.retain(|duty| !matches!(duty, Obligation::Clear { .. }));
    duties
}

/// The row that makes the difference.
fn cause(before: &Decision, after: &Decision) -> Option<(Layer, RowId)> {
    if let Some((layer, row)) = after.denied_by() {
        let then = before.rows.iter().find(|(of, _)| of == layer).and_then(|(_, row)| row.clone());
        return row.clone().or(then).map(|row| (*layer, row));
    }
    let in_layer = |decision: &Decision, layer: Layer| {
        decision.rows.iter().find(|(of, _)| *of == layer).and_then(|(_, row)| row.clone())
    };
    if let Some((layer, row)) = before.denied_by() {
        return row.clone().or_else(|| in_layer(after, *layer)).map(|row| (*layer, row));
    }
    let version = |decision: &Decision, layer: Layer| match layer {
        Layer::National => decision.versions.national,
        Layer::Region => decision.versions.region,
        Layer::Department => decision.versions.department,
    };
    let changed = Layer::ALL.iter().find(|layer| version(before, **layer) != version(after, **layer))?;
    in_layer(after, *changed).map(|row| (*changed, row))
}

#[cfg(test)]
mod tests;
