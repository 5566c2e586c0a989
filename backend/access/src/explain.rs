//! Why a question was answered as it was: every row tried, and per row why it did not speak. By the
//! code that judges.

use crate::decision::Decision;
use crate::fault::AccessFault;
use crate::judge::Judge;
use crate::matching::Column;
use crate::question::Question;
use crate::sets::PolicySets;
use ledger::policy::{Effect, Layer, RowId};

/// A row, tried on a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowTried {
    /// The row.
    pub row: RowId,
    /// What it says where it speaks.
    pub effect: Effect,
    /// Why it does not speak; nothing when it does.
    pub misses: Vec<Column>,
}

/// A layer's rows in order, tried on a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerTried {
    /// The layer.
    pub layer: Layer,
    /// The row that decided; none where nobody spoke.
    pub decided: Option<RowId>,
    /// All of its rows.
    pub rows: Vec<RowTried>,
}

/// A decision and how it came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// What the door would say.
    pub decision: Decision,
    /// The layers, national first.
    pub layers: Vec<LayerTried>,
}

impl Judge {
    /// Judges a question as the door does, and says how each row stands to it.
    ///
    /// # Errors
    /// [`AccessFault`] as for [`Judge::decide`].
    pub fn explain(&self, sets: &PolicySets, question: &Question) -> Result<Explanation, AccessFault> {
        let decision = self.decide(sets, question)?;
        let mut layers = Vec::new();
        for (set, (layer, decided)) in sets.layers().into_iter().zip(&decision.rows) {
            let tried = |rule: &crate::rule::Rule| RowTried {
                row: rule.id.clone(),
                effect: rule.effect,
                misses: rule.misses(question),
            };
            let rows = set.read()?.rules.iter().map(tried).collect();
            layers.push(LayerTried { layer: *layer, decided: decided.clone(), rows });
        }
        Ok(Explanation { decision, layers })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cases::{cases, sets_for, starter};

    #[test]
    fn the_rows_that_speak_in_an_explanation_are_those_that_decide() {
        let judge = Judge::new().unwrap();
        for case in cases() {
            let explained = judge.explain(&sets_for(&case.question, starter()), &case.question).unwrap();
            for layer in &explained.layers {
                let first = |effect| {
                    let speaks = |row: &&RowTried| row.misses.is_empty() && row.effect == effect;
                    layer.rows.iter().find(speaks).map(|row| row.row.clone())
                };
                let expected = first(Effect::Deny).or_else(|| first(Effect::Allow));
                assert_eq!(layer.decided, expected, "{}", case.name);
            }
        }
    }

    #[test]
    fn an_explanation_names_every_column_that_does_not_fit() {
        let case = cases().into_iter().find(|case| case.name == "the story's query is asked").unwrap();
        let question = Question { purpose: None, clearance: 3, grant_live: None, ..case.question };
        let judge = Judge::new().unwrap();
        let explained = judge.explain(&sets_for(&question, starter()), &question).unwrap();
        let of = |layer: usize, row: &str| {
            explained.layers[layer]
                .rows
                .iter()
                .find(|tried| tried.row.as_str() == row)
                .unwrap()
                .misses
                .clone()
        };
        assert_eq!(of(0, "nat-ask"), [Column::Purpose, Column::Grant, Column::Clearance]);
        assert_eq!(
            of(0, "nat-inspect")[..4],
            [Column::Action, Column::Role, Column::Requester, Column::Grant]
        );
        assert_eq!(of(2, "dep-all"), [Column::Grant, Column::Clearance]);
        assert_eq!(of(2, "dep-no-balance"), [Column::Purpose]);
    }
}
