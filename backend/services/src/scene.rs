//! The scene of a use case: one state of the chain, the own department, an officer, a moment. All that a
//! judgement reads comes from here, so that it can be tried over any state without a node.
//!
//! Before anything is shown or started, policy decides: every door of an office stands under the own
//! department's layers. The one decision function is `access::Judge`.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Action, Decision, Obligation, PolicySets, Question};
use ledger::catalogue::{MaskRule, PublishedEntry, ShareType};
use ledger::department::Department;
use ledger::grant::Grant;
use ledger::ids::{Code2, DepartmentId, EntryId, GrantId, ItemCode, RequestId, Time};
use ledger::receipt::PolicyVersions;
use ledger::refusal::Refusal;
use ledger::request::Request;
use ledger::role::By;
use ledger::state::StateRead;
use ledger::views;

use crate::bureau::Bureau;
use crate::error::ServiceError;
use crate::names::Names;
use crate::office::Office;
use crate::officer::Officer;
use crate::verdict::Verdict;

/// What is asked at a door about one entry.
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    /// Items concerned; empty where the door is not about items.
    pub(crate) items: BTreeSet<ItemCode>,
    /// What for.
    pub(crate) purpose: Option<Code2>,
    /// Whether the grant used is live.
    pub(crate) grant_live: Option<bool>,
}

impl About {
    /// A purpose, and no item.
    pub(crate) fn purpose(purpose: &Code2) -> Self {
        Self { purpose: Some(purpose.clone()), ..Self::default() }
    }

    /// Items for a purpose.
    pub(crate) fn items(items: &BTreeSet<ItemCode>, purpose: &Code2) -> Self {
        Self { items: items.clone(), purpose: Some(purpose.clone()), grant_live: None }
    }
}

/// As whom the own department looks at something between two departments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    /// It is one of the two.
    Own,
    /// It inspects, and the look is to be noted.
    Inspector,
}

/// One state of the chain as an officer of the own department meets it.
pub(crate) struct Scene<'a> {
    pub(crate) bureau: &'a Bureau,
    pub(crate) officer: &'a Officer,
    pub(crate) reads: &'a dyn StateRead,
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
        reads: &'a dyn StateRead,
        names: Arc<Names>,
        now: Time,
    ) -> Result<Self, ServiceError> {
        let own = views::department(reads, &bureau.department)?.ok_or(ServiceError::NotFound)?;
        let Some(layers) = views::policies_for(reads, &bureau.department)? else {
            return Err(ServiceError::refused(Refusal::PolicyNotLive));
        };
        let versions = PolicyVersions {
            national: layers[0].version(bureau.chain),
            region: layers[1].version(bureau.chain),
            department: layers[2].version(bureau.chain),
        };
        let [national, region, department] = layers.map(Arc::new);
        let sets = PolicySets { national, region, department, versions };
        Ok(Self { bureau, officer, reads, now, names, own, sets })
    }

    /// The own department's code.
    pub(crate) const fn own(&self) -> &DepartmentId {
        &self.bureau.department
    }

    /// The versions that decide here.
    pub(crate) const fn versions(&self) -> PolicyVersions {
        self.sets.versions
    }

    /// How the officer appears on the chain within one object.
    pub(crate) fn by(&self, object: &[u8]) -> By {
        self.officer.by(self.bureau, object)
    }

    /// A department that must be on the chain.
    pub(crate) fn department(&self, id: &DepartmentId) -> Result<Department, ServiceError> {
        views::department(self.reads, id)?.ok_or(ServiceError::NotFound)
    }

    /// A version of an entry that must be on the chain.
    pub(crate) fn entry(&self, id: &EntryId) -> Result<PublishedEntry, ServiceError> {
        views::entry(self.reads, id)?.ok_or(ServiceError::NotFound)
    }

    /// A request that must be on the chain.
    pub(crate) fn request(&self, id: &RequestId) -> Result<Request, ServiceError> {
        views::request(self.reads, id)?.ok_or(ServiceError::NotFound)
    }

    /// A grant that must be on the chain.
    pub(crate) fn grant(&self, id: &GrantId) -> Result<Grant, ServiceError> {
        views::grant(self.reads, id)?.ok_or(ServiceError::NotFound)
    }

    /// The decision about an entry. `other` is the other side: the provider where the own department
    /// asks, the requester where it provides.
    pub(crate) fn decide(
        &self,
        action: Action,
        entry: &PublishedEntry,
        other: &Department,
        about: About,
    ) -> Result<Decision, ServiceError> {
        let (requester, provider) = match action {
            Action::Approve | Action::Answer => (other, &self.own),
            Action::Discover | Action::Request | Action::Ask | Action::Inspect => (&self.own, other),
        };
        self.judge(&Question {
            role: self.officer.role(),
            requester: requester.member.id.clone(),
            requester_region: requester.member.region.clone(),
            requester_inspectorate: requester.member.inspectorate,
            provider: provider.member.id.clone(),
            provider_region: provider.member.region.clone(),
            share_type: entry.entry.share_type,
            entry_class: entry.entry.id.code.class().to_owned(),
            items: about.items,
            grade: entry.entry.grade,
            action,
            purpose: about.purpose,
            assurance: self.officer.assurance(),
            grant_live: about.grant_live,
        })
    }

    /// Passes a decision on, or says what denied it.
    pub(crate) fn pass(
        &self,
        action: Action,
        entry: &PublishedEntry,
        other: &Department,
        about: About,
    ) -> Result<Decision, ServiceError> {
        let decision = self.decide(action, entry, other, about)?;
        Verdict::of(&decision).into_result(action)?;
        Ok(decision)
    }

    /// Whether the records of a department may be inspected: not about an entry, an item or a purpose.
    pub(crate) fn inspect(&self, provider: &Department) -> Result<Decision, ServiceError> {
        self.judge(&Question {
            role: self.officer.role(),
            requester: self.own.member.id.clone(),
            requester_region: self.own.member.region.clone(),
            requester_inspectorate: self.own.member.inspectorate,
            provider: provider.member.id.clone(),
            provider_region: provider.member.region.clone(),
            share_type: ShareType::Conditional,
            entry_class: String::new(),
            items: BTreeSet::new(),
            grade: 1,
            action: Action::Inspect,
            purpose: None,
            assurance: self.officer.assurance(),
            grant_live: None,
        })
    }

    /// As whom the officer looks at what is between two departments: a party looks at its own, an
    /// inspector at others'. One rule for requests, grants, receipts and transactions.
    ///
    /// # Errors
    /// Denied for who is neither.
    pub(crate) fn party_or_inspector(
        &self,
        requester: &DepartmentId,
        provider: &DepartmentId,
    ) -> Result<Party, ServiceError> {
        if [requester, provider].contains(&self.own()) {
            return Ok(Party::Own);
        }
        let decision = self.inspect(&self.department(provider)?)?;
        Verdict::of(&decision).into_result(Action::Inspect)?;
        Ok(Party::Inspector)
    }

    fn judge(&self, question: &Question) -> Result<Decision, ServiceError> {
        Ok(self.bureau.judge.decide(&self.sets, question)?)
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

/// The mask a decision demands for an item.
pub(crate) fn mask_of(decision: &Decision, item: &ItemCode) -> Option<MaskRule> {
    decision.obligations.iter().find_map(|duty| match duty {
        Obligation::Mask { item: masked, rule } if masked == item => Some(*rule),
        Obligation::Mask { .. }
        | Obligation::Drop { .. }
        | Obligation::ReceiptEach
        | Obligation::VerifyOnly => None,
    })
}

/// Whether a decision leaves an item out.
pub(crate) fn drops(decision: &Decision, item: &ItemCode) -> bool {
    decision.obligations.contains(&Obligation::Drop { item: item.clone() })
}
