//! The doors of the office: before anything is shown or started, policy decides.
//!
//! The one decision function is `access::Judge`; this file only says which layers stand at which
//! door and what the question is made of. A denial names the layer and row.

use std::collections::BTreeSet;
use std::sync::Arc;

use access::{Action, Decision, Obligation, PolicySets, Question};
use ledger::catalogue::{PublishedEntry, ShareType};
use ledger::department::Department;
use ledger::ids::{Code2, DepartmentId, ItemCode};
use ledger::receipt::PolicyVersions;
use ledger::state::{ReadFault, StateRead};
use ledger::views;

use crate::error::ServiceError;
use crate::office::Office;
use crate::officer::Officer;
use crate::verdict::Verdict;

/// What is asked at a door about one entry (or none).
#[derive(Debug, Clone, Default)]
pub(crate) struct About {
    /// Items concerned; empty where the door is not about items.
    pub(crate) items: BTreeSet<ItemCode>,
    /// What for.
    pub(crate) purpose: Option<Code2>,
    /// Whether the grant used is live.
    pub(crate) grant_live: Option<bool>,
}

/// A door with the departments on both sides, read from one snapshot.
pub(crate) struct Door<'a> {
    office: &'a Office,
    officer: &'a Officer,
    /// The side whose layers decide.
    sets: PolicySets,
    own: Department,
}

impl<'a> Door<'a> {
    /// The door of the own department: all doors of an office are judged under its own layers.
    pub(crate) fn open(
        office: &'a Office,
        officer: &'a Officer,
        reads: &dyn StateRead,
    ) -> Result<Self, ServiceError> {
        let own = views::department(reads, officer.department_id())?.ok_or(ServiceError::NotFound)?;
        let Some(layers) = views::policies_for(reads, officer.department_id())? else {
            return Err(ServiceError::refused("policy.unknown"));
        };
        let [national, region, department] = layers.map(Arc::new);
        let chain = office.chain();
        let versions = PolicyVersions {
            national: national.version(chain),
            region: region.version(chain),
            department: department.version(chain),
        };
        Ok(Self { office, officer, sets: PolicySets { national, region, department, versions }, own })
    }

    /// The versions that decide here.
    pub(crate) const fn versions(&self) -> PolicyVersions {
        self.sets.versions
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
        self.judge(Question {
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

    /// Whether the records of a department may be inspected: not about an entry, an item or a purpose.
    pub(crate) fn inspect(&self, provider: &Department) -> Result<Decision, ServiceError> {
        self.judge(Question {
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

    fn judge(&self, question: Question) -> Result<Decision, ServiceError> {
        Ok(self.office.judge().decide(&self.sets, &question)?)
    }
}

/// The departments an inspector may look into, by code. Empty: none.
pub(crate) fn inspected(
    door: &Door<'_>,
    departments: &[Department],
) -> Result<BTreeSet<DepartmentId>, ServiceError> {
    let mut seen = BTreeSet::new();
    for department in departments {
        if door.inspect(department)?.allow {
            seen.insert(department.member.id.clone());
        }
    }
    Ok(seen)
}

/// Passes a decision on, or names what denied it.
pub(crate) fn pass(action: Action, decision: Decision) -> Result<Decision, ServiceError> {
    if decision.allow { Ok(decision) } else { Err(denied(action, &decision)) }
}

pub(crate) fn denied(action: Action, decision: &Decision) -> ServiceError {
    let (layer, row) = denied_by(decision);
    ServiceError::Denied { action: action.code().to_owned(), layer, row }
}

/// What a page may offer after this decision.
pub(crate) fn verdict(decision: &Decision) -> Verdict {
    if decision.allow {
        return Verdict::yes();
    }
    let (layer, row) = denied_by(decision);
    Verdict::denied(&layer, row)
}

fn denied_by(decision: &Decision) -> (String, Option<String>) {
    match decision.denied_by() {
        Some((layer, row)) => (layer.code().to_owned(), row.as_ref().map(ToString::to_string)),
        None => (String::new(), None),
    }
}

/// The mask a decision demands for an item.
pub(crate) fn mask_of(decision: &Decision, item: &ItemCode) -> Option<ledger::catalogue::MaskRule> {
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

/// A department that must be on the chain.
pub(crate) fn department(reads: &dyn StateRead, id: &DepartmentId) -> Result<Department, ServiceError> {
    views::department(reads, id)?.ok_or(ServiceError::NotFound)
}

/// An entry that must be on the chain.
pub(crate) fn entry(
    reads: &dyn StateRead,
    id: &ledger::ids::EntryId,
) -> Result<PublishedEntry, ServiceError> {
    let found: Result<_, ReadFault> = views::entry(reads, id);
    found?.ok_or(ServiceError::NotFound)
}
