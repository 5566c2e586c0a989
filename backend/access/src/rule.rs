//! A row that can be judged. The ledger reads its words (`ledger::policy::Rule`) and lets nothing in force
//! that it cannot read; here the hours become minutes, and the row becomes cells for Casbin.

use crate::fault::RowProblem;
use crate::hours::Hours;
use crate::obligation::Obligation;
use crate::question::{Action, Zone};
use ledger::ids::{Code2, ItemCode};
use ledger::policy::{Effect, PolicyRow, RowId};
use ledger::role::Role;
use ledger::text::Text;
use std::collections::BTreeSet;

pub(crate) use ledger::policy::{Classes, EVERYTHING, INSPECTORATE, Named, Party, SHARE, division};

/// A row that can be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    pub(crate) id: RowId,
    pub(crate) roles: Named<Role>,
    pub(crate) requesters: Named<Party>,
    pub(crate) providers: Named<Party>,
    pub(crate) classes: Classes,
    pub(crate) items: Named<ItemCode>,
    pub(crate) sensitivities: Named<u8>,
    pub(crate) grade_max: u8,
    pub(crate) actions: Named<Action>,
    pub(crate) purposes: Named<Code2>,
    pub(crate) assurance_min: u8,
    pub(crate) hours: Hours,
    pub(crate) zones: Named<Zone>,
    pub(crate) obligations: BTreeSet<Obligation>,
    pub(crate) effect: Effect,
}

impl Rule {
    /// Reads a row.
    pub(crate) fn parse(row: &PolicyRow) -> Result<Self, RowProblem> {
        let ledger::policy::Rule {
            id,
            roles,
            requesters,
            providers,
            classes,
            items,
            sensitivities,
            grade_max,
            actions,
            purposes,
            assurance_min,
            hours,
            zones,
            obligations,
            effect,
        } = ledger::policy::Rule::read(row)?;
        Ok(Self {
            id,
            roles,
            requesters,
            providers,
            classes,
            items,
            sensitivities,
            grade_max,
            actions,
            purposes,
            assurance_min,
            hours: Hours::of(&hours),
            zones,
            obligations,
            effect,
        })
    }
}

/// The row as Casbin gets it, in the order of the model's policy definition.
pub(crate) fn cells(row: &PolicyRow) -> Vec<String> {
    let obligations: Vec<&str> = row.obligations.iter().map(Text::as_str).collect();
    vec![
        row.id.as_str().to_owned(),
        row.role.as_str().to_owned(),
        row.requester.as_str().to_owned(),
        row.provider.as_str().to_owned(),
        row.entry_class.as_str().to_owned(),
        row.items.as_str().to_owned(),
        row.sensitivity.as_str().to_owned(),
        row.grade_max.to_string(),
        row.action.as_str().to_owned(),
        row.purpose.as_str().to_owned(),
        row.assurance_min.to_string(),
        row.hours.as_str().to_owned(),
        row.zones.as_str().to_owned(),
        obligations.join(","),
        row.effect.code().to_owned(),
    ]
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::limits::GRADE_MAX;

    fn every<const MAX: usize>() -> Text<MAX> {
        Text::new(EVERYTHING).unwrap()
    }

    /// A row that allows everything.
    pub(crate) fn a_row(id: &str) -> PolicyRow {
        PolicyRow {
            id: Text::new(id).unwrap(),
            role: every(),
            requester: every(),
            provider: every(),
            entry_class: every(),
            items: every(),
            sensitivity: every(),
            grade_max: GRADE_MAX,
            action: every(),
            purpose: every(),
            assurance_min: 1,
            hours: every(),
            zones: every(),
            obligations: Vec::new(),
            effect: Effect::Allow,
        }
    }
}
