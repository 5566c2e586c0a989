//! Whether a row speaks to a question, column by column: the one code that judges and explains.
//!
//! A deny row speaks when any asked item is in it, whatever the grade, the sign-in, the clearance and
//! the grant. An allow row speaks when all asked items are in it and nothing asked exceeds it.

use crate::limits::GRADE_MAX;
use crate::question::Question;
use crate::rule::{Named, Rule};
use ledger::policy::Effect;

ledger::wire_code! {
    /// Why a row does not speak to a question: a column of the row, or one of the model's own two rules
    /// (grant, clearance), which no row can lift.
    pub enum Column {
        /// Another door.
        Action = 1 => "action",
        /// Another role.
        Role = 2 => "role",
        /// Another purpose, or none.
        Purpose = 3 => "purpose",
        /// Another requester.
        Requester = 4 => "requester",
        /// Another provider.
        Provider = 5 => "provider",
        /// Another kind of entry.
        EntryClass = 6 => "entry-class",
        /// An item that the row does not name; for a deny row, none that it names.
        Items = 7 => "items",
        /// An item more sensitive than the row names; for a deny row, none that is.
        Sensitivity = 8 => "sensitivity",
        /// A higher grade.
        Grade = 9 => "grade",
        /// A weaker sign-in.
        Assurance = 10 => "assurance",
        /// Another hour.
        Hours = 11 => "hours",
        /// Another part of the network.
        Zones = 12 => "zones",
        /// No live grant where data passes.
        Grant = 13 => "grant",
        /// An officer not cleared for the grade where data passes.
        Clearance = 14 => "clearance",
    }
}

impl Rule {
    /// Whether the row says something to the question.
    pub(crate) fn speaks(&self, question: &Question) -> bool {
        Column::ALL.iter().all(|column| self.fits(*column, question))
    }

    /// Why it does not; nothing when it speaks.
    pub(crate) fn misses(&self, question: &Question) -> Vec<Column> {
        Column::ALL.iter().copied().filter(|column| !self.fits(*column, question)).collect()
    }

    fn fits(&self, column: Column, question: &Question) -> bool {
        let is_deny = self.effect == Effect::Deny;
        match column {
            Column::Action => self.actions.holds(&question.action),
            Column::Role => self.roles.holds(&question.role),
            Column::Purpose => holds(&self.purposes, question.purpose.as_ref()),
            Column::Requester => match &self.requesters {
                Named::Every => true,
                Named::Only(parties) => parties.iter().any(|party| {
                    let inspects = question.requester_inspectorate;
                    party.names(&question.requester, &question.requester_region, inspects)
                }),
            },
            Column::Provider => match &self.providers {
                Named::Every => true,
                Named::Only(parties) => parties
                    .iter()
                    .any(|party| party.names(&question.provider, &question.provider_region, false)),
            },
            Column::EntryClass => self.classes.hold(&question.entry_class, question.share_type),
            Column::Items => among(&self.items, question.items.iter(), is_deny),
            Column::Sensitivity => among(&self.sensitivities, question.sensitivities.iter(), is_deny),
            Column::Grade => {
                is_deny
                    || (question.grade >= 1
                        && self.grade_max <= GRADE_MAX
                        && question.grade <= self.grade_max)
            }
            Column::Assurance => is_deny || question.assurance.number() >= self.assurance_min,
            Column::Hours => self.hours.hold(question.at),
            Column::Zones => holds(&self.zones, question.zone.as_ref()),
            Column::Grant => is_deny || !question.action.is_data_door() || question.grant_live == Some(true),
            Column::Clearance => {
                is_deny || !question.action.is_data_door() || question.clearance >= question.grade
            }
        }
    }
}

/// Nothing stands only in "everything".
fn holds<T: Ord>(list: &Named<T>, one: Option<&T>) -> bool {
    match (list, one) {
        (Named::Every, _) => true,
        (Named::Only(named), Some(one)) => named.contains(one),
        (Named::Only(_), None) => false,
    }
}

/// Whether any or all of what is asked stands in a list. Who asks for nothing is heard by "everything" only.
fn among<'a, T: Ord + 'a>(
    list: &Named<T>,
    mut asked: impl ExactSizeIterator<Item = &'a T>,
    any: bool,
) -> bool {
    match list {
        Named::Every => true,
        Named::Only(named) if any => asked.any(|one| named.contains(one)),
        Named::Only(named) => asked.len() > 0 && asked.all(|one| named.contains(one)),
    }
}
