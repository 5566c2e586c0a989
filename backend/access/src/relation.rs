//! How two rows stand to one another: whether one says all that the other says, whether both can speak to
//! one question. What is not certain (an inspectorate and a division) covers nothing and may meet.

use crate::known::Known;
use crate::rule::{Classes, Named, Party, Rule};
use std::collections::BTreeSet;

impl Rule {
    /// Whether this row speaks wherever the other does.
    pub(crate) fn covers(&self, other: &Self, known: &Known) -> bool {
        covers(&self.actions, &other.actions)
            && covers(&self.roles, &other.roles)
            && covers(&self.purposes, &other.purposes)
            && parties_cover(&self.requesters, &other.requesters, known)
            && parties_cover(&self.providers, &other.providers, known)
            && classes_cover(&self.classes, &other.classes)
            && covers(&self.items, &other.items)
            && covers(&self.sensitivities, &other.sensitivities)
            && self.grade_max >= other.grade_max
            && self.assurance_min <= other.assurance_min
            && self.hours.cover(&other.hours)
            && covers(&self.zones, &other.zones)
    }

    /// Whether some question may hear both.
    pub(crate) fn meets(&self, other: &Self, known: &Known) -> bool {
        meet(&self.actions, &other.actions)
            && meet(&self.roles, &other.roles)
            && meet(&self.purposes, &other.purposes)
            && parties_meet(&self.requesters, &other.requesters, known)
            && parties_meet(&self.providers, &other.providers, known)
            && classes_meet(&self.classes, &other.classes)
            && meet(&self.items, &other.items)
            && meet(&self.sensitivities, &other.sensitivities)
            && self.hours.meet(&other.hours)
            && meet(&self.zones, &other.zones)
    }
}

fn covers<T: Ord>(one: &Named<T>, other: &Named<T>) -> bool {
    match (one, other) {
        (Named::Every, _) => true,
        (Named::Only(_), Named::Every) => false,
        (Named::Only(one), Named::Only(other)) => other.is_subset(one),
    }
}

fn meet<T: Ord>(one: &Named<T>, other: &Named<T>) -> bool {
    match (one, other) {
        (Named::Every, _) | (_, Named::Every) => true,
        (Named::Only(one), Named::Only(other)) => !one.is_disjoint(other),
    }
}

fn classes_cover(one: &Classes, other: &Classes) -> bool {
    match (one, other) {
        (Classes::Named(one), Classes::Named(other)) => covers(one, other),
        (Classes::Named(one), Classes::Shared(_)) => *one == Named::Every,
        (Classes::Shared(one), Classes::Shared(other)) => one == other,
        (Classes::Shared(_), Classes::Named(_)) => false,
    }
}

fn classes_meet(one: &Classes, other: &Classes) -> bool {
    match (one, other) {
        (Classes::Named(one), Classes::Named(other)) => meet(one, other),
        (Classes::Shared(one), Classes::Shared(other)) => one == other,
        (Classes::Named(_), Classes::Shared(_)) | (Classes::Shared(_), Classes::Named(_)) => true,
    }
}

fn parties_cover(one: &Named<Party>, other: &Named<Party>, known: &Known) -> bool {
    let one_covers =
        |one: &BTreeSet<Party>, other: &Party| one.iter().any(|one| party_covers(one, other, known));
    match (one, other) {
        (Named::Every, _) => true,
        (Named::Only(_), Named::Every) => false,
        (Named::Only(one), Named::Only(other)) => other.iter().all(|other| one_covers(one, other)),
    }
}

fn party_covers(one: &Party, other: &Party, known: &Known) -> bool {
    match (one, other) {
        (Party::Division(one), Party::Division(other)) => other.starts_with(one.as_str()),
        (one, Party::Department(id)) => known
            .department(id)
            .map_or(one == other, |found| one.names(id, &found.region, found.inspectorate)),
        (one, other) => one == other,
    }
}

fn parties_meet(one: &Named<Party>, other: &Named<Party>, known: &Known) -> bool {
    let (Named::Only(one), Named::Only(other)) = (one, other) else { return true };
    let may_meet = |one: &Party, other: &Party| match (one, other) {
        (Party::Department(_), _) | (_, Party::Department(_)) | (Party::Division(_), Party::Division(_)) => {
            party_covers(one, other, known) || party_covers(other, one, known)
        }
        (Party::Inspectorate, _) | (_, Party::Inspectorate) => true,
    };
    one.iter().any(|one| other.iter().any(|other| may_meet(one, other)))
}
