//! One layer on one state of the chain: what is in force, drafted, pending, above it, and what is known.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use access::{Known, KnownEntry, Ruleset};
use gm::domain::ChainId;
use ledger::amendment::{Draft, Enacted, Pending};
use ledger::catalogue::PublishedEntry;
use ledger::ids::{DepartmentId, EntryId, RegionCode};
use ledger::limits::LIST_MAX;
use ledger::policy::{PolicyOwner, PolicyRow, PolicySet, narrows};
use ledger::state::{ReadFault, StateRead};
use ledger::views;

use crate::error::ServiceError;
use crate::names::{Names, all};
use crate::policies::view::Comes;
use crate::words::Words;

/// The owner that an address names.
pub(super) fn owner(text: &str) -> Option<PolicyOwner> {
    match text.len() {
        8 if text == "national" => Some(PolicyOwner::Nation),
        6 => text.parse().ok().filter(|code: &RegionCode| code.province() == *code).map(PolicyOwner::Region),
        18 => text.parse().ok().map(PolicyOwner::Department),
        _ => None,
    }
}

/// A layer as it stands.
#[derive(Debug, Clone)]
pub(super) struct LayerState {
    pub(super) owner: PolicyOwner,
    pub(super) in_force: Enacted,
    pub(super) draft: Option<Draft>,
    pub(super) pending: Option<Pending>,
    pub(super) writer: Option<DepartmentId>,
    pub(super) loosening_ms: u64,
}

impl LayerState {
    /// Reads a layer that concerns a department: it stands under it, or writes it.
    ///
    /// # Errors
    /// Not found where it does neither, or nothing is in force.
    pub(super) fn read(
        reads: &dyn StateRead,
        own: &DepartmentId,
        owner: &PolicyOwner,
    ) -> Result<Self, ServiceError> {
        let own_region = views::department(reads, own)?.map(|department| department.member.region);
        let writer = views::steward(reads, owner)?;
        let stands_under = match owner {
            PolicyOwner::Nation => true,
            PolicyOwner::Region(code) => own_region.is_some_and(|region| region.province() == *code),
            PolicyOwner::Department(id) => id == own,
        };
        if !stands_under && writer.as_ref() != Some(own) {
            return Err(ServiceError::NotFound);
        }
        let number = views::policy(reads, owner)?.ok_or(ServiceError::NotFound)?.number;
        Ok(Self {
            owner: owner.clone(),
            in_force: views::policy_enacted(reads, owner, number)?.ok_or(ServiceError::NotFound)?,
            draft: views::policy_draft(reads, owner)?,
            pending: views::policy_pending(reads, owner)?,
            writer,
            loosening_ms: views::parameters(reads)?.loosening_ms,
        })
    }

    /// Whether this department writes it.
    pub(super) fn is_written_by(&self, department: &DepartmentId) -> bool {
        self.writer.as_ref() == Some(department)
    }

    /// What would follow the version in force.
    pub(super) fn next(&self, rows: Vec<PolicyRow>) -> PolicySet {
        PolicySet {
            owner: self.owner.clone(),
            number: self.in_force.set.number.saturating_add(1),
            previous: self.in_force.version,
            rows,
        }
    }

    /// When a set would be in force: the ledger's own rule.
    pub(super) fn comes(&self, set: &PolicySet) -> Comes {
        if narrows(&self.in_force.set, set) {
            Comes::AtOnce
        } else {
            Comes::Later { wait_ms: self.loosening_ms }
        }
    }

    /// The layers above, national first, as they are in force.
    pub(super) fn above(&self, reads: &dyn StateRead) -> Result<Vec<Arc<Ruleset>>, ReadFault> {
        let mut owners = Vec::new();
        if self.owner != PolicyOwner::Nation {
            owners.push(PolicyOwner::Nation);
        }
        if let PolicyOwner::Department(id) = &self.owner
            && let Some(department) = views::department(reads, id)?
        {
            owners.push(PolicyOwner::Region(department.member.region.province()));
        }
        let mut above = Vec::new();
        for owner in &owners {
            if let Some((set, version)) =
                views::policy(reads, owner)?.zip(views::policy_version(reads, owner)?)
            {
                above.push(Arc::new(Ruleset::new(Arc::new(set), version)));
            }
        }
        Ok(above)
    }
}

/// A set made ready to judge.
pub(super) fn ruleset(chain: ChainId, set: PolicySet) -> Arc<Ruleset> {
    let version = set.version(chain);
    Arc::new(Ruleset::new(Arc::new(set), version))
}

/// The layers a department stands under, and those it writes for others, national first.
pub(super) fn concerning(
    reads: &dyn StateRead,
    own: &DepartmentId,
    names: &Names,
) -> Result<Vec<PolicyOwner>, ServiceError> {
    let department = views::department(reads, own)?.ok_or(ServiceError::NotFound)?;
    let own_province = department.member.region.province();
    let provinces: BTreeSet<RegionCode> = names
        .all()
        .filter_map(|other| other.region.parse::<RegionCode>().ok())
        .map(|region| region.province())
        .collect();
    let mut owners = vec![PolicyOwner::Nation, PolicyOwner::Region(own_province.clone())];
    for province in provinces.into_iter().filter(|province| *province != own_province) {
        let owner = PolicyOwner::Region(province);
        if views::steward(reads, &owner)?.as_ref() == Some(own) {
            owners.push(owner);
        }
    }
    owners.push(PolicyOwner::Department(own.clone()));
    Ok(owners)
}

/// The latest version of every entry.
pub(super) fn latest_entries(reads: &dyn StateRead) -> Result<Vec<PublishedEntry>, ReadFault> {
    let mut latest: BTreeMap<_, PublishedEntry> = BTreeMap::new();
    let mut after: Option<EntryId> = None;
    loop {
        let more = views::entries(reads, after.as_ref(), LIST_MAX)?;
        let Some(last) = more.last() else { return Ok(latest.into_values().collect()) };
        after = Some(last.entry.id.clone());
        // Versions of one resource stand in order: the last one read counts.
        latest.extend(more.into_iter().map(|entry| (entry.entry.id.code.clone(), entry)));
    }
}

/// Names of all items that entries in force have, by code.
pub(super) fn item_names(reads: &dyn StateRead) -> Result<BTreeMap<String, Words>, ReadFault> {
    let entries = latest_entries(reads)?;
    let items = entries.iter().flat_map(|published| &published.entry.items);
    Ok(items.map(|item| (item.code.to_string(), Words::from(&item.label))).collect())
}

/// What rows are checked against.
pub(super) fn known(reads: &dyn StateRead) -> Result<Known, ReadFault> {
    Ok(Known {
        departments: all(reads)?.iter().map(|department| (&department.member).into()).collect(),
        entries: latest_entries(reads)?.iter().map(KnownEntry::from).collect(),
    })
}
