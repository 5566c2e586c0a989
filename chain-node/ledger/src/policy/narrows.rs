//! Whether one set only narrows another: a rule over the text of rows, so that every node finds the same.
//!
//! It errs on one side. *Yes* is a promise: whatever the new set lets pass the old one let pass, with no
//! fewer duties. *No* promises nothing. It reads cells as texts and lists and knows no regions, roles or
//! classes, so that what it compares cannot change its meaning under it; sets that no door can read let
//! nothing pass and are compared all the same.
//!
//! A layer lets pass what one allow row at least matches and no deny row does; the duties are those of all
//! allow rows that match. Duties narrow, but for the permission `clear`.

use super::{EVERYTHING, Effect, PolicyRow, PolicySet};
use crate::text::Text;
use alloc::collections::BTreeSet;
use alloc::vec::Vec;

/// The one duty that gives instead of taking: a guarded item may leave in clear.
const PERMISSION: &str = "clear";

/// Whether everything that `new` lets pass was let pass by `old`, with no fewer duties. A *no* may be wrong,
/// a *yes* never is.
#[must_use]
pub fn narrows(old: &PolicySet, new: &PolicySet) -> bool {
    let (old, new) = (Rows::of(old), Rows::of(new));
    let denied_still = old.denies.iter().all(|was| new.denies.iter().any(|is| is.covers(was)));
    let allowed_before = new
        .allows
        .iter()
        .all(|is| old.allows.iter().any(|was| was.covers(is) && is.permissions.is_subset(&was.permissions)));
    let kept = || old.allows.iter().all(|was| duties_kept(was, &new.allows));
    new.allows.is_empty() || (denied_still && allowed_before && kept())
}

/// Whether whoever passes by a new row and fell under this old one has its duties still: a row at least as
/// wide brings them, or every row that could let the same pass does.
fn duties_kept(was: &Row<'_>, new: &[Row<'_>]) -> bool {
    let keeps = |is: &Row<'_>| was.duties.is_subset(&is.duties);
    new.iter().any(|is| keeps(is) && is.covers(was))
        || new.iter().all(|is| keeps(is) || is.is_apart_from(was))
}

/// A set's rows by effect.
struct Rows<'a> {
    allows: Vec<Row<'a>>,
    denies: Vec<Row<'a>>,
}

impl<'a> Rows<'a> {
    fn of(set: &'a PolicySet) -> Self {
        let (allows, denies) =
            set.rows.iter().map(Row::of).partition(|row| matches!(row.effect, Effect::Allow));
        Self { allows, denies }
    }
}

/// A row taken apart.
struct Row<'a> {
    /// Cells that are lists; a question matches each.
    lists: [List<'a>; 10],
    grade_max: u8,
    assurance_min: u8,
    duties: BTreeSet<&'a str>,
    permissions: BTreeSet<&'a str>,
    effect: Effect,
}

/// Items, action and purpose come first in [`Row::lists`].
const EXCLUSIVE: usize = 3;

impl<'a> Row<'a> {
    // Without `..`: who adds a column must say what it means here.
    fn of(row: &'a PolicyRow) -> Self {
        let PolicyRow {
            id: _,
            role,
            requester,
            provider,
            entry_class,
            items,
            sensitivity,
            grade_max,
            action,
            purpose,
            assurance_min,
            hours,
            zones,
            obligations,
            effect,
        } = row;
        let (permissions, duties) =
            obligations.iter().map(Text::as_str).partition(|text| text.starts_with(PERMISSION));
        Self {
            lists: [
                List::of(items.as_str()),
                List::of(action.as_str()),
                List::of(purpose.as_str()),
                List::of(role.as_str()),
                List::of(requester.as_str()),
                List::of(provider.as_str()),
                List::of(entry_class.as_str()),
                List::of(sensitivity.as_str()),
                List::of(hours.as_str()),
                List::of(zones.as_str()),
            ],
            grade_max: *grade_max,
            assurance_min: *assurance_min,
            duties,
            permissions,
            effect: *effect,
        }
    }

    /// Whether this row matches whatever the other one matches.
    fn covers(&self, other: &Self) -> bool {
        self.grade_max >= other.grade_max
            && self.assurance_min <= other.assurance_min
            && self.lists.iter().zip(&other.lists).all(|(wide, narrow)| wide.covers(narrow))
    }

    /// Whether nothing is matched by both. A question has one action and one purpose, and an allow row must
    /// hold all its items; of other cells two texts may mean places or classes within each other.
    fn is_apart_from(&self, other: &Self) -> bool {
        self.lists.iter().zip(&other.lists).take(EXCLUSIVE).any(|(one, two)| one.is_apart_from(two))
    }
}

/// A cell: everything, or some texts.
enum List<'a> {
    Everything,
    Of(BTreeSet<&'a str>),
}

impl<'a> List<'a> {
    fn of(cell: &'a str) -> Self {
        if cell == EVERYTHING { Self::Everything } else { Self::Of(cell.split(',').collect()) }
    }

    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Everything, _) => true,
            (Self::Of(_), Self::Everything) => false,
            (Self::Of(wide), Self::Of(narrow)) => narrow.is_subset(wide),
        }
    }

    fn is_apart_from(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Of(one), Self::Of(two)) => one.is_disjoint(two),
            (Self::Everything, _) | (_, Self::Everything) => false,
        }
    }
}
