//! What is wrong, or odd, about a set before it is published: line by line, against the layers above and
//! what the chain knows.

use crate::fault::RowProblem;
use crate::known::{Known, KnownEntry};
use crate::limits::ROWS_COMPARED_MAX;
use crate::matching::Column;
use crate::obligation::Obligation;
use crate::question::Action;
use crate::rule::{Classes, Named, Party, Rule};
use crate::ruleset::Ruleset;
use ledger::catalogue::{ItemMask, MaskRule};
use ledger::ids::ItemCode;
use ledger::policy::{Effect, Layer, PolicySet, RowId};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Something found about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Where the row stands in the set, counted from 0.
    pub place: usize,
    /// The row.
    pub row: RowId,
    /// What.
    pub kind: FindingKind,
}

/// What there is to say about a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FindingKind {
    /// It cannot be read: nothing could be judged by the set.
    Malformed(RowProblem),
    /// Another row has its name: nothing could be judged by the set.
    Repeated,
    /// It names a department or division where no member is.
    UnknownParty(String),
    /// It names a classification that no entry has.
    UnknownClass(String),
    /// It names an item that no entry has.
    UnknownItem(ItemCode),
    /// It can speak to no question that a door puts, because of this column.
    NeverMatches(Column),
    /// Another row says all that it says: it changes nothing.
    Shadowed {
        /// Which.
        by: RowId,
    },
    /// A row of the same set denies all that it allows.
    Contradicted {
        /// Which.
        by: RowId,
    },
    /// Another row demands another mask for an item: where both speak, the item is dropped.
    MasksClash {
        /// Which.
        with: RowId,
        /// Of which item.
        item: ItemCode,
    },
    /// It allows what no row of a higher layer allows: it loosens nothing there.
    AboveSilent {
        /// Which layer.
        layer: Layer,
    },
    /// It allows what a higher layer denies.
    AboveDenies {
        /// Which layer.
        layer: Layer,
        /// Which row.
        row: RowId,
    },
    /// It lets a guarded item out of which nobody says mask or clear: the item is withheld.
    Unsaid {
        /// Which item.
        item: ItemCode,
    },
    /// The set is too large for rows to be compared with one another.
    NotCompared,
}

impl FindingKind {
    /// Whether the set must not be published like this.
    #[must_use]
    pub const fn is_error(&self) -> bool {
        matches!(self, Self::Malformed(_) | Self::Repeated)
    }

    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Repeated => "repeated",
            Self::UnknownParty(_) => "unknown-party",
            Self::UnknownClass(_) => "unknown-class",
            Self::UnknownItem(_) => "unknown-item",
            Self::NeverMatches(_) => "never-matches",
            Self::Shadowed { .. } => "shadowed",
            Self::Contradicted { .. } => "contradicted",
            Self::MasksClash { .. } => "masks-clash",
            Self::AboveSilent { .. } => "above-silent",
            Self::AboveDenies { .. } => "above-denies",
            Self::Unsaid { .. } => "unsaid",
            Self::NotCompared => "not-compared",
        }
    }
}

/// Checks a set: each row by itself, against the others, against the layers `above` it (national first) and
/// against what the chain knows. Ordered by row.
#[must_use]
pub fn check(set: &PolicySet, above: &[Arc<Ruleset>], known: &Known) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut names = BTreeSet::new();
    let mut rules: Vec<(usize, Rule)> = Vec::new();
    for (place, row) in set.rows.iter().enumerate() {
        let mut say = |kind| findings.push(Finding { place, row: row.id.clone(), kind });
        if !names.insert(&row.id) {
            say(FindingKind::Repeated);
        }
        match Rule::parse(row) {
            Ok(rule) => {
                unknown(&rule, known).into_iter().for_each(&mut say);
                never(&rule, known).into_iter().for_each(&mut say);
                rules.push((place, rule));
            }
            Err(problem) => say(FindingKind::Malformed(problem)),
        }
    }
    let checked = Checked { rules: &rules, above, known };
    if rules.len() > ROWS_COMPARED_MAX {
        findings.extend(rules.first().map(|(place, rule)| Finding {
            place: *place,
            row: rule.id.clone(),
            kind: FindingKind::NotCompared,
        }));
    } else {
        for (place, rule) in &rules {
            let kinds = checked.among_themselves(*place, rule);
            findings.extend(kinds.into_iter().map(|kind| Finding {
                place: *place,
                row: rule.id.clone(),
                kind,
            }));
        }
    }
    for (place, rule) in &rules {
        let kinds = checked.against_above(rule).into_iter().chain(checked.unsaid(rule));
        findings.extend(kinds.map(|kind| Finding { place: *place, row: rule.id.clone(), kind }));
    }
    findings.sort_by_key(|finding| finding.place);
    findings
}

/// What a row names and the chain does not know.
fn unknown(rule: &Rule, known: &Known) -> Vec<FindingKind> {
    let is_known = |party: &Party| {
        known.departments.iter().any(|one| party.names(&one.id, &one.region, one.inspectorate))
    };
    let parties = [&rule.requesters, &rule.providers];
    let mut found: Vec<FindingKind> = parties
        .into_iter()
        .filter_map(Named::only)
        .flatten()
        .filter(|party| !is_known(party))
        .map(|party| FindingKind::UnknownParty(party.code()))
        .collect();
    if let Classes::Named(Named::Only(classes)) = &rule.classes {
        let is_offered = |class: &&String| known.entries.iter().any(|entry| entry.class == **class);
        found.extend(
            classes.iter().filter(|class| !is_offered(class)).cloned().map(FindingKind::UnknownClass),
        );
    }
    let items = rule.items.only().into_iter().flatten();
    let is_offered = |code: &&ItemCode| known.entries.iter().any(|entry| entry.item(code).is_some());
    found.extend(items.filter(|code| !is_offered(code)).cloned().map(FindingKind::UnknownItem));
    found
}

/// Which column keeps a row from ever speaking.
fn never(rule: &Rule, known: &Known) -> Option<FindingKind> {
    let only_seen = |door: &Action| *door == Action::Discover;
    let is_about_nothing = rule.actions.only().is_some_and(|doors| doors.iter().all(only_seen));
    let is_somebody = |parties: &Named<Party>| {
        let names = |party: &Party| {
            known.departments.iter().any(|one| party.names(&one.id, &one.region, one.inspectorate))
        };
        parties.only().is_none_or(|parties| parties.iter().any(names))
    };
    let entries: Vec<&KnownEntry> = entries_of(rule, known).collect();
    let has_item = |code: &ItemCode| entries.iter().any(|entry| entry.item(code).is_some());
    let misses = [
        (is_about_nothing && rule.items.only().is_some(), Column::Items),
        (is_about_nothing && rule.sensitivities.only().is_some(), Column::Sensitivity),
        (is_about_nothing && rule.purposes.only().is_some(), Column::Purpose),
        (!is_somebody(&rule.requesters), Column::Requester),
        (!is_somebody(&rule.providers), Column::Provider),
        (entries.is_empty(), Column::EntryClass),
        (rule.items.only().is_some_and(|items| !items.iter().any(has_item)), Column::Items),
    ];
    misses.into_iter().find(|(is_never, _)| *is_never).map(|(_, column)| FindingKind::NeverMatches(column))
}

/// The entries a row can be about.
fn entries_of<'a>(rule: &'a Rule, known: &'a Known) -> impl Iterator<Item = &'a KnownEntry> {
    known.entries.iter().filter(|entry| {
        let provider = known.department(&entry.provider);
        let names = |party: &Party| provider.is_some_and(|one| party.names(&one.id, &one.region, false));
        rule.classes.hold(&entry.class, entry.share_type)
            && rule.providers.only().is_none_or(|parties| parties.iter().any(names))
    })
}

struct Checked<'a> {
    rules: &'a [(usize, Rule)],
    above: &'a [Arc<Ruleset>],
    known: &'a Known,
}

impl Checked<'_> {
    fn among_themselves(&self, place: usize, rule: &Rule) -> Vec<FindingKind> {
        let mut found = Vec::new();
        let others = || self.rules.iter().filter(move |(other, _)| *other != place);
        let shadow = others().find(|(at, other)| {
            let says_it_all = other.effect == rule.effect
                && rule.obligations.is_subset(&other.obligations)
                && other.covers(rule, self.known);
            // Of two rows that say the same only the later one is idle.
            says_it_all
                && (*at < place || !(rule.covers(other, self.known) && other.obligations == rule.obligations))
        });
        found.extend(shadow.map(|(_, other)| FindingKind::Shadowed { by: other.id.clone() }));
        if rule.effect == Effect::Allow {
            let denied =
                others().find(|(_, other)| other.effect == Effect::Deny && other.covers(rule, self.known));
            found.extend(denied.map(|(_, other)| FindingKind::Contradicted { by: other.id.clone() }));
            for (_, other) in self.rules.iter().filter(|(at, _)| *at < place) {
                let clash = clash(rule, other).filter(|_| other.meets(rule, self.known));
                found.extend(clash.map(|item| FindingKind::MasksClash { with: other.id.clone(), item }));
            }
        }
        found
    }

    fn against_above(&self, rule: &Rule) -> Vec<FindingKind> {
        let mut found = Vec::new();
        if rule.effect == Effect::Deny {
            return found;
        }
        for set in self.above {
            let Ok(read) = set.read() else { continue };
            let layer = set.set().layer();
            let of = |effect| read.rules.iter().filter(move |other| other.effect == effect);
            if let Some(denying) = of(Effect::Deny).find(|other| other.covers(rule, self.known)) {
                found.push(FindingKind::AboveDenies { layer, row: denying.id.clone() });
            }
            if !of(Effect::Allow).any(|other| other.meets(rule, self.known)) {
                found.push(FindingKind::AboveSilent { layer });
            }
        }
        found
    }

    /// The guarded items a row lets out of which nobody says anything.
    fn unsaid(&self, rule: &Rule) -> Vec<FindingKind> {
        let doors = [Action::Ask, Action::Answer, Action::Batch, Action::Download];
        let lets_out = rule.effect == Effect::Allow
            && doors.iter().any(|door| rule.actions.holds(door))
            && !rule.obligations.contains(&Obligation::VerifyOnly);
        if !lets_out {
            return Vec::new();
        }
        let above = self.above.iter().filter_map(|set| set.read().ok()).flat_map(|read| &read.rules);
        let said: BTreeSet<&ItemCode> = above
            .chain(self.rules.iter().map(|(_, other)| other))
            .filter(|other| other.effect == Effect::Allow && other.meets(rule, self.known))
            .flat_map(|other| other.obligations.iter().filter_map(Obligation::item))
            .collect();
        let items: BTreeSet<&ItemCode> = entries_of(rule, self.known)
            .flat_map(|entry| &entry.items)
            .filter(|item| item.returnable && item.is_guarded() && item.mask == ItemMask::Unsaid)
            .map(|item| &item.code)
            .filter(|code| rule.items.holds(code) && !said.contains(code))
            .collect();
        items.into_iter().map(|item| FindingKind::Unsaid { item: item.clone() }).collect()
    }
}

/// An item for which two rows demand different masks.
fn clash(one: &Rule, other: &Rule) -> Option<ItemCode> {
    let masks = |rule: &Rule| -> Vec<(ItemCode, MaskRule)> {
        let of = |duty: &Obligation| match duty {
            Obligation::Mask { item, rule } => Some((item.clone(), *rule)),
            Obligation::Drop { .. }
            | Obligation::Clear { .. }
            | Obligation::ReceiptEach
            | Obligation::VerifyOnly
            | Obligation::Limit { .. }
            | Obligation::Watermark
            | Obligation::SecondPerson => None,
        };
        rule.obligations.iter().filter_map(of).collect()
    };
    let others = masks(other);
    let differs = |(item, rule): &(ItemCode, MaskRule)| {
        others.iter().any(|(other, under)| other == item && under != rule)
    };
    masks(one).into_iter().find(differs).map(|(item, _)| item)
}

#[cfg(test)]
mod tests;
