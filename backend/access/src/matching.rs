//! Whether a row speaks to a question, column by column: the one code that judges and explains.
//!
//! A deny row speaks when any asked item is in it, whatever the grade, the sign-in, the clearance and
//! the grant. An allow row speaks when all asked items are in it and nothing asked exceeds it.

use crate::hours::Hours;
use crate::limits::GRADE_MAX;
use crate::question::Question;
use crate::rule::{Classes, Named, Rule};
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

/// What a row's cells can decide at all, one bit for each column: what names everything never misses. It fits
/// into a line of the processor's memory together with those of thirty other rows, so that most rows that say
/// much are not read for every question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Glance(u16);

const _: () = assert!(Column::ALL.len() < 16);
const HAS_DUTIES: u16 = 1 << 15;

impl Glance {
    const fn bit(column: Column) -> u16 {
        1 << (column.number() - 1)
    }

    /// Whether the row brings duties.
    pub(crate) const fn has_duties(self) -> bool {
        self.0 & HAS_DUTIES != 0
    }

    /// Whether no cell of the row can miss a question.
    pub(crate) const fn is_open(self) -> bool {
        self.0 & !HAS_DUTIES == 0
    }
}

impl Question {
    /// Whether no row can allow it: there is no such grade, or data would pass without a live grant or beyond
    /// the officer's clearance.
    pub(crate) const fn is_beyond_every_row(&self) -> bool {
        let has_right = matches!(self.grant_live, Some(true)) && self.clearance >= self.grade;
        self.grade < 1 || self.grade > GRADE_MAX || (self.action.is_data_door() && !has_right)
    }
}

impl Rule {
    /// What can be said of the row without a question.
    pub(crate) fn glance(&self) -> Glance {
        let can_miss = |column: &&Column| match column {
            Column::Action => self.actions.only().is_some(),
            Column::Role => self.roles.only().is_some(),
            Column::Purpose => self.purposes.only().is_some(),
            Column::Requester => self.requesters.only().is_some(),
            Column::Provider => self.providers.only().is_some(),
            Column::EntryClass => self.classes != Classes::Named(Named::Every),
            Column::Items => self.items.only().is_some(),
            Column::Sensitivity => self.sensitivities.only().is_some(),
            Column::Grade => self.effect == Effect::Allow && self.grade_max != GRADE_MAX,
            Column::Assurance => self.effect == Effect::Allow && self.assurance_min > 1,
            Column::Hours => self.hours != Hours::Every,
            Column::Zones => self.zones.only().is_some(),
            // What is beyond every row is found before any is looked at.
            Column::Grant | Column::Clearance => false,
        };
        let columns = Column::ALL.iter().filter(can_miss).fold(0, |bits, column| bits | Glance::bit(*column));
        Glance(if self.obligations.is_empty() { columns } else { columns | HAS_DUTIES })
    }

    /// Whether the row says something to a question that is not beyond every row, or that it would deny: the
    /// same as [`Self::speaks`], asked of the columns that can miss.
    pub(crate) fn speaks_by(&self, glance: Glance, question: &Question) -> bool {
        let looked_at = |column: &&Column| glance.0 & Glance::bit(**column) != 0;
        let speaks = Column::ALL.iter().filter(looked_at).all(|column| self.fits(*column, question));
        debug_assert_eq!(speaks, self.speaks(question), "{} {glance:?}", self.id);
        speaks
    }

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
