//! Who can reach an item at all, and by which rows: every role, member, purpose, sign-in, zone and hour
//! that makes a difference is tried, by the code that judges.

use crate::decision::Decision;
use crate::fault::AccessFault;
use crate::hours::Moment;
use crate::judge::Judge;
use crate::known::{Known, KnownDepartment, KnownEntry};
use crate::limits::GRADE_MAX;
use crate::obligation::{Obligation, strictest};
use crate::question::{Action, Question, Zone};
use crate::sets::PolicySets;
use ledger::catalogue::Item;
use ledger::ids::{Code2, DepartmentId};
use ledger::policy::{Layer, RowId};
use ledger::role::{Assurance, Role};
use std::collections::{BTreeMap, BTreeSet};

ledger::wire_code! {
    /// A way to an item: doors that must all open.
    pub enum Way {
        /// Asked at the requester and answered at the provider.
        Query = 1 => "query",
        /// Confirmed, yes or no.
        Verify = 2 => "verify",
        /// Answered for many persons.
        Batch = 3 => "batch",
        /// Taken out as a file.
        Download = 4 => "download",
    }
}

impl Way {
    const fn doors(self) -> &'static [Action] {
        match self {
            Self::Query => &[Action::Ask, Action::Answer],
            Self::Verify => &[Action::Verify],
            Self::Batch => &[Action::Batch],
            Self::Download => &[Action::Download],
        }
    }
}

/// What those who reach an item have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Means {
    /// How they get there.
    pub way: Way,
    /// In which role.
    pub role: Role,
    /// Signed in at least like this.
    pub assurance: Assurance,
    /// From which zone; none where the zone makes no difference or is not known.
    pub zone: Option<Zone>,
    /// Under which duties.
    pub obligations: BTreeSet<Obligation>,
    /// By which rows, door by door and layer by layer.
    pub rows: Vec<(Action, Layer, Option<RowId>)>,
    /// What for: for all of these, and by these means for no other.
    pub purposes: BTreeSet<Code2>,
}

/// Who reaches an item by the same means. All need a live grant and a clearance for its grade.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reached {
    /// The departments.
    pub requesters: BTreeSet<DepartmentId>,
    /// Whether at every hour of the week, for each of them.
    pub always: bool,
}

/// Who reaches what by which means.
pub type Reach = BTreeMap<Means, Reached>;

/// What one requester reaches: means without their purposes, then these and whether at every hour.
type Own = BTreeMap<Means, (BTreeSet<Code2>, bool)>;

/// The duties a way is open under, and the rows that open it.
type Open = (BTreeSet<Obligation>, Vec<(Action, Layer, Option<RowId>)>);

/// What is tried one by one.
struct Tried {
    purposes: BTreeSet<Code2>,
    zones: BTreeSet<Option<Zone>>,
    minutes: BTreeSet<usize>,
}

impl Judge {
    /// Who can reach `item` of `entry`. `sets` gives the rows that rule a department's doors; who has none
    /// reaches nothing. Thousands of decisions a member: some seconds for a country.
    ///
    /// # Errors
    /// [`AccessFault`] as for [`Judge::decide`].
    pub fn reach<'a>(
        &self,
        entry: &KnownEntry,
        item: &Item,
        known: &Known,
        sets: impl Fn(&DepartmentId) -> Option<&'a PolicySets>,
    ) -> Result<Reach, AccessFault> {
        let mut reach = Reach::new();
        let Some((provider, at_provider)) = known.department(&entry.provider).zip(sets(&entry.provider))
        else {
            return Ok(reach);
        };
        for requester in known.departments.iter().filter(|one| one.id != provider.id) {
            let Some(at_requester) = sets(&requester.id) else { continue };
            let tried = Tried::of(at_requester, at_provider)?;
            let found =
                Search { judge: self, entry, item, requester, provider, at_requester, at_provider, tried };
            let mut own = Own::new();
            found.run(&mut own)?;
            for (means, (purposes, always)) in own {
                let means = Means { purposes, ..means };
                let reached = reach.entry(means).or_insert(Reached { always: true, ..Reached::default() });
                reached.requesters.insert(requester.id.clone());
                reached.always &= always;
            }
        }
        Ok(reach)
    }
}

impl Tried {
    /// Everything that some row names, and one thing that none names.
    fn of(one: &PolicySets, other: &PolicySets) -> Result<Self, AccessFault> {
        let mut tried =
            Self { purposes: BTreeSet::new(), zones: BTreeSet::from([None]), minutes: BTreeSet::from([0]) };
        for set in one.layers().into_iter().chain(other.layers()) {
            for rule in &set.read()?.rules {
                tried.purposes.extend(rule.purposes.only().into_iter().flatten().cloned());
                tried.zones.extend(rule.zones.only().into_iter().flatten().cloned().map(Some));
                tried.minutes.extend(rule.hours.turns());
            }
        }
        let unnamed = (0..100).filter_map(|number: u8| format!("{number:02}").parse::<Code2>().ok());
        let other = unnamed.rev().find(|code| !tried.purposes.contains(code));
        tried.purposes.extend(other);
        Ok(tried)
    }
}

struct Search<'a> {
    judge: &'a Judge,
    entry: &'a KnownEntry,
    item: &'a Item,
    requester: &'a KnownDepartment,
    provider: &'a KnownDepartment,
    at_requester: &'a PolicySets,
    at_provider: &'a PolicySets,
    tried: Tried,
}

impl Search<'_> {
    fn run(&self, own: &mut Own) -> Result<(), AccessFault> {
        for (way, role) in Way::ALL.iter().flat_map(|way| Role::ALL.iter().map(move |role| (*way, *role))) {
            for purpose in &self.tried.purposes {
                let mut seen = BTreeSet::new();
                for assurance in Assurance::ALL {
                    for zone in &self.tried.zones {
                        self.at_all_hours((way, role, *assurance), zone.as_ref(), purpose, &mut seen, own)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Tries the hours; what a weaker sign-in or no zone reaches in the same way is not said again.
    fn at_all_hours(
        &self,
        (way, role, assurance): (Way, Role, Assurance),
        zone: Option<&Zone>,
        purpose: &Code2,
        seen: &mut BTreeSet<Open>,
        own: &mut Own,
    ) -> Result<(), AccessFault> {
        let mut found: BTreeMap<Open, usize> = BTreeMap::new();
        for minute in &self.tried.minutes {
            let question = self.question(role, assurance, zone, purpose, *minute);
            if let Some(means) = self.opens(way, &question)? {
                *found.entry(means).or_default() += 1;
            }
        }
        for (means, hours) in found {
            if !seen.insert(means.clone()) {
                continue;
            }
            let (obligations, rows) = means;
            let (zone, purposes) = (zone.cloned(), BTreeSet::new());
            let means = Means { way, role, assurance, zone, obligations, rows, purposes };
            let is_always = hours == self.tried.minutes.len();
            let (purposes, always) = own.entry(means).or_insert((BTreeSet::new(), true));
            purposes.insert(purpose.clone());
            *always &= is_always;
        }
        Ok(())
    }

    /// Under which duties and by which rows all doors of a way open; nothing where one stays shut.
    fn opens(&self, way: Way, question: &Question) -> Result<Option<Open>, AccessFault> {
        let (mut duties, mut rows) = (BTreeSet::new(), Vec::new());
        for door in way.doors() {
            let sets = if door.is_providers() { self.at_provider } else { self.at_requester };
            let question = Question { action: *door, ..question.clone() };
            let decision: Decision = self.judge.try_out(sets, &question)?;
            if !decision.allow {
                return Ok(None);
            }
            rows.extend(decision.rows.into_iter().map(|(layer, row)| (*door, layer, row)));
            duties.extend(decision.obligations);
        }
        let duties = strictest(duties, &question.items);
        let is_dropped = duties.contains(&Obligation::Drop { item: self.item.code.clone() });
        Ok((!is_dropped).then_some((duties, rows)))
    }

    fn question(
        &self,
        role: Role,
        assurance: Assurance,
        zone: Option<&Zone>,
        purpose: &Code2,
        minute: usize,
    ) -> Question {
        Question {
            role,
            clearance: GRADE_MAX,
            assurance,
            zone: zone.cloned(),
            requester: self.requester.id.clone(),
            requester_region: self.requester.region.clone(),
            requester_inspectorate: self.requester.inspectorate,
            provider: self.provider.id.clone(),
            provider_region: self.provider.region.clone(),
            share_type: self.entry.share_type,
            entry_class: self.entry.class.clone(),
            items: [self.item.code.clone()].into(),
            sensitivities: [self.item.sensitivity].into(),
            grade: self.item.grade,
            action: Action::Ask,
            purpose: Some(purpose.clone()),
            at: Moment::time(minute),
            grant_live: Some(true),
        }
    }
}

#[cfg(test)]
mod tests;
