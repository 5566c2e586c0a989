//! The scene of a use case: one state of the chain, the own department, an officer, a moment. All that a
//! judgement reads comes from here, so that it can be tried over any state without a node.
//!
//! Before anything is shown or started, policy decides: every door of an office stands under the own
//! department's layers. The one decision function is `access::Judge`.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Action, Actor, Decision, Offer, PolicySets, Question, Sides};
use ledger::department::Department;
use ledger::grant::Grant;
use ledger::history::LedgerRead;
use ledger::ids::{Code2, DepartmentId, EntryId, GrantId, InspectionId, ItemCode, RequestId, Time};
use ledger::inspection::{Inspection, Span};
use ledger::receipt::{PolicyVersions, Record};
use ledger::refusal::Refusal;
use ledger::request::Request;
use ledger::role::{Assurance, By, Role};
use ledger::views;

use crate::bureau::Bureau;
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::inspections;
use crate::names::Names;
use crate::office::Office;
use crate::officer::Officer;
use crate::verdict::Verdict;

/// As whom the own department looks at something between two departments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Party {
    /// It is one of the two.
    Own,
    /// It inspects, in this inspection, and the look is to be noted and put on record.
    Inspector(Warrant),
}

/// The inspection in which something is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Warrant {
    pub(crate) inspection: InspectionId,
    pub(crate) purpose: Code2,
}

impl From<&Inspection> for Warrant {
    fn from(inspection: &Inspection) -> Self {
        Self { inspection: inspection.id, purpose: inspection.terms.purpose.clone() }
    }
}

/// What stands between two departments, as the inspect door is asked about it.
pub(crate) struct Between<'a> {
    pub(crate) requester: &'a DepartmentId,
    pub(crate) provider: &'a DepartmentId,
    pub(crate) entry: &'a EntryId,
    pub(crate) items: BTreeSet<ItemCode>,
    pub(crate) purpose: &'a Code2,
    /// When it happened, or from when to when it bore on the two.
    pub(crate) span: Span,
}

impl<'a> From<&'a Request> for Between<'a> {
    fn from(request: &'a Request) -> Self {
        let asked = &request.asked;
        Self {
            requester: &request.requester,
            provider: &asked.provider,
            entry: &asked.entry,
            items: asked.items.clone(),
            purpose: &asked.purpose,
            span: request.span(),
        }
    }
}

impl<'a> From<&'a Grant> for Between<'a> {
    fn from(grant: &'a Grant) -> Self {
        Self {
            requester: &grant.requester,
            provider: &grant.provider,
            entry: &grant.entry,
            items: grant.items.iter().map(|item| item.code.clone()).collect(),
            purpose: &grant.purpose,
            span: grant.span(),
        }
    }
}

/// One state of the chain as an officer of the own department meets it.
pub(crate) struct Scene<'a> {
    pub(crate) bureau: &'a Bureau,
    pub(crate) officer: &'a Officer,
    pub(crate) reads: &'a dyn LedgerRead,
    /// By the node's clock.
    pub(crate) now: Time,
    pub(crate) names: Arc<Names>,
    own: Department,
    sets: PolicySets,
}

impl<'a> Scene<'a> {
    /// Reads the own department and the layers it stands under.
    pub(crate) fn open(
        bureau: &'a Bureau,
        officer: &'a Officer,
        reads: &'a dyn LedgerRead,
        names: Arc<Names>,
        now: Time,
    ) -> Result<Self, ServiceError> {
        let own = views::department(reads, &bureau.department)?.ok_or(ServiceError::NotFound)?;
        let sets = bureau
            .judge
            .in_force(reads, &bureau.department)?
            .ok_or(ServiceError::refused(Refusal::PolicyNotLive))?;
        Ok(Self { bureau, officer, reads, now, names, own, sets })
    }

    /// The own department's code.
    pub(crate) const fn own(&self) -> &DepartmentId {
        &self.bureau.department
    }

    /// The versions that decide here.
    pub(crate) fn versions(&self) -> PolicyVersions {
        self.sets.versions()
    }

    /// Whether steps of two officers are sealed here: the department has officers on an anchored roster.
    pub(crate) fn needs_seals(&self) -> Result<bool, ServiceError> {
        let rosters = views::rosters(self.reads, self.own())?;
        Ok(rosters.is_some_and(|rosters| rosters.newest().is_some_and(|newest| newest.size > 0)))
    }

    /// How the officer appears on the chain within one object.
    pub(crate) fn by(&self, object: &[u8]) -> By {
        self.officer.by(self.bureau, object)
    }

    /// A department that must be on the chain.
    pub(crate) fn department(&self, id: &DepartmentId) -> Result<Department, ServiceError> {
        views::department(self.reads, id)?.ok_or(ServiceError::NotFound)
    }

    /// A version of an entry that must be on the chain, with the latest.
    pub(crate) fn offer(&self, id: &EntryId) -> Result<Offer, ServiceError> {
        Offer::read(self.reads, id)?.ok_or(ServiceError::NotFound)
    }

    /// A request that must be on the chain.
    pub(crate) fn submitted(&self, id: &RequestId) -> Result<Request, ServiceError> {
        views::request(self.reads, id)?.ok_or(ServiceError::NotFound)
    }

    /// A grant that must be on the chain.
    pub(crate) fn grant(&self, id: &GrantId) -> Result<Grant, ServiceError> {
        views::grant(self.reads, id)?.ok_or(ServiceError::NotFound)
    }

    /// What a door says of an entry, under the layers of the own department.
    fn ask_at(
        &self,
        requester: &Department,
        provider: &Department,
        offer: &Offer,
        question: impl FnOnce(Sides<'_>, &Actor) -> Question,
    ) -> Result<Decision, ServiceError> {
        self.ask_as(self.officer.assurance(), requester, provider, offer, question)
    }

    /// The same for who is recognised in this way.
    fn ask_as(
        &self,
        assurance: Assurance,
        requester: &Department,
        provider: &Department,
        offer: &Offer,
        question: impl FnOnce(Sides<'_>, &Actor) -> Question,
    ) -> Result<Decision, ServiceError> {
        let officer = self.officer;
        let actor = Actor {
            role: officer.role(),
            clearance: officer.clearance().unwrap_or_default(),
            assurance,
            zone: officer.zone(self.bureau),
        };
        let question = question(Sides { requester, provider, offer, at: self.now }, &actor);
        Ok(self.bureau.judge.decide(&self.sets, &question)?)
    }

    /// May the officer see that there is such an entry?
    pub(crate) fn discover(&self, offer: &Offer, provider: &Department) -> Result<Decision, ServiceError> {
        self.ask_at(&self.own, provider, offer, |sides, actor| sides.discover(actor))
    }

    /// May the officer ask for these items, or take such asking back?
    pub(crate) fn request(
        &self,
        offer: &Offer,
        provider: &Department,
        items: &BTreeSet<ItemCode>,
        purpose: &Code2,
    ) -> Result<Decision, ServiceError> {
        self.ask_at(&self.own, provider, offer, |sides, actor| sides.request(actor, items, purpose))
    }

    /// May the officer grant these items, refuse them, or end their grant?
    pub(crate) fn approve(
        &self,
        offer: &Offer,
        requester: &Department,
        items: &BTreeSet<ItemCode>,
        purpose: &Code2,
    ) -> Result<Decision, ServiceError> {
        self.ask_at(requester, &self.own, offer, |sides, actor| sides.approve(actor, items, purpose))
    }

    /// May the officer query these items under the grant, recognised in this way?
    pub(crate) fn query_as(
        &self,
        assurance: Assurance,
        offer: &Offer,
        provider: &Department,
        items: &BTreeSet<ItemCode>,
        grant: &Grant,
    ) -> Result<Decision, ServiceError> {
        self.ask_as(assurance, &self.own, provider, offer, |sides, actor| sides.ask(actor, items, grant))
    }

    /// May the officer look at what others do with these items of an entry for this purpose?
    pub(crate) fn inspect(
        &self,
        offer: &Offer,
        provider: &Department,
        items: &BTreeSet<ItemCode>,
        purpose: &Code2,
    ) -> Result<Decision, ServiceError> {
        self.ask_at(&self.own, provider, offer, |sides, actor| sides.inspect(actor, items, purpose))
    }

    /// What a purpose does not need of these items, by the national table: to be said, nothing is denied for it.
    pub(crate) fn over_asked(&self, purpose: &Code2, items: &BTreeSet<ItemCode>) -> BTreeSet<ItemCode> {
        self.bureau.judge.over_asked(purpose, items)
    }

    /// The same verdict, for who does it in the role that it is drafted in: some whom policy lets through a door
    /// only countersign there.
    pub(crate) fn drafts(&self, verdict: Verdict, drafted_in: Role) -> Verdict {
        match verdict {
            Verdict::Open if self.officer.role() != drafted_in => Verdict::no(Refusal::RoleWrong),
            other => other,
        }
    }

    /// Whether the own department is one of two.
    pub(crate) fn is_party(&self, requester: &DepartmentId, provider: &DepartmentId) -> bool {
        [requester, provider].contains(&self.own())
    }

    /// Administrators keep accounts, rights and logs, and see nothing of what those are for.
    ///
    /// # Errors
    /// Refused `role.administers`.
    pub(crate) fn does_business(&self) -> Result<(), ServiceError> {
        if self.officer.role().is_administrator() {
            return Err(ServiceError::refused(OfficeRefusal::RoleAdministers));
        }
        Ok(())
    }

    /// As whom the officer looks at what is between two departments: a party looks at its own, as far as
    /// policy lets the officer know of the entry, an inspector at others'. One rule for requests, grants,
    /// receipts and transactions.
    ///
    /// # Errors
    /// Denied for who is neither; refused `role.administers`; `inspection.none`, `inspection.unchosen`,
    /// `inspection.beyond` for an inspector without an open inspection that covers it.
    pub(crate) fn party_or_inspector(&self, between: &Between<'_>) -> Result<Party, ServiceError> {
        let (offer, provider) = (self.offer(between.entry)?, self.department(between.provider)?);
        if self.is_party(between.requester, between.provider) {
            self.does_business()?;
            // Of what was given under an older version, that version tells who may know of it.
            let decision = self.discover(&offer.as_asked(), &provider)?;
            Verdict::of(&decision).into_result(Action::Discover)?;
            return Ok(Party::Own);
        }
        let decision = self.inspect(&offer, &provider, &between.items, between.purpose)?;
        Verdict::of(&decision).into_result(Action::Inspect)?;
        self.warrant(between.requester, between.provider, between.span).map(Party::Inspector)
    }

    /// The own department's inspection in which the officer goes on: the one they chose, or the only one
    /// that is open.
    ///
    /// # Errors
    /// Refused `inspection.none` when none is open, `inspection.unchosen` when several are and none is chosen.
    pub(crate) fn working(&self) -> Result<Inspection, ServiceError> {
        let mut open = inspections::open_ones(self.reads, self.own(), self.now)?;
        let chosen = self.officer.chosen_inspection();
        if let Some(place) = open.iter().position(|inspection| Some(inspection.id) == chosen) {
            return Ok(open.swap_remove(place));
        }
        match (open.pop(), open.is_empty()) {
            (Some(only), true) => Ok(only),
            (Some(_), false) => Err(ServiceError::refused(OfficeRefusal::InspectionUnchosen)),
            (None, _) => Err(ServiceError::refused(OfficeRefusal::InspectionNone)),
        }
    }

    /// The inspection in which the officer may look at what is between two other departments.
    ///
    /// # Errors
    /// As [`Self::working`]; refused `inspection.beyond`.
    pub(crate) fn warrant(
        &self,
        requester: &DepartmentId,
        provider: &DepartmentId,
        span: Span,
    ) -> Result<Warrant, ServiceError> {
        let inspection = self.working()?;
        if inspection.overlaps(requester, provider, span) {
            Ok(Warrant::from(&inspection))
        } else {
            Err(ServiceError::refused(OfficeRefusal::InspectionBeyond))
        }
    }

    /// The same for a record, whose grant says what it was about.
    ///
    /// # Errors
    /// Not found for who is no party of a record under no known grant: it is about no entry.
    pub(crate) fn party_of_record(&self, record: &Record) -> Result<Party, ServiceError> {
        let ticket = &record.ticket;
        let grant = views::grant(self.reads, &ticket.grant)?;
        if grant.is_none() && self.is_party(&ticket.requester, &ticket.provider) {
            return self.does_business().map(|()| Party::Own);
        }
        let grant = grant.ok_or(ServiceError::NotFound)?;
        self.party_or_inspector(&Between { span: record.span(), ..Between::from(&grant) })
    }
}

impl Office {
    /// Looks at the chain as it stands now, all at one height.
    pub(crate) fn scene<T>(
        &self,
        officer: &Officer,
        look: impl FnOnce(&Scene<'_>) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        self.node().read(|snapshot| {
            let names = self.names(snapshot)?;
            look(&Scene::open(self.bureau(), officer, snapshot, names, self.node().now())?)
        })
    }
}

#[cfg(test)]
mod tests;
