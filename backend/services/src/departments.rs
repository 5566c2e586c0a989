//! Members of the chain and their regions.

use std::collections::BTreeMap;

use ledger::ids::DepartmentId;
use ledger::state::{ReadFault, StateRead};
use ledger::views;

use crate::error::ServiceError;
use crate::office::Office;
use crate::region;
use crate::staff::Officer;
use crate::words::Words;

/// A department as lists name it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DepartmentRef {
    /// Unified social credit code.
    pub id: String,
    /// Its name; the code itself when the chain does not know it.
    pub name: Words,
    /// Its division, six digits; empty when unknown.
    pub region: String,
    /// Whether it is the officer's own department.
    pub own: bool,
}

/// A member of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentRow {
    /// The department.
    pub department: DepartmentRef,
    /// Name of its division (Chinese), none if the code is not in the table.
    pub region_name: Option<&'static str>,
    /// Name of its province.
    pub province_name: Option<&'static str>,
    /// Not suspended.
    pub active: bool,
    /// Flagged as inspectorate.
    pub inspectorate: bool,
    /// Takes part in consensus.
    pub validator: bool,
    /// Key ids: office, online, sealing; 32 hexadecimal characters each.
    pub keys: [String; 3],
    /// Entries it publishes, latest versions.
    pub entries: u64,
    /// Grants it holds or held.
    pub grants_held: u64,
    /// Grants it gave.
    pub grants_given: u64,
    /// Enquiries it asked that are on record.
    pub asked: u64,
    /// Enquiries to it that are on record.
    pub answered: u64,
}

/// All members, in the order of their codes.
///
/// # Errors
/// A fault of ledger or records.
pub async fn list(office: &Office, _officer: &Officer) -> Result<Vec<DepartmentRow>, ServiceError> {
    let own = office.department().clone();
    let members = office.node().read(|snapshot| -> Result<_, ReadFault> {
        let validators = views::validator_set(snapshot)?;
        let genesis_keys = office.validator_departments();
        let live = |id: &DepartmentId| {
            genesis_keys
                .iter()
                .any(|(department, address)| department == id && validators.get(address).is_some())
        };
        let mut rows = Vec::new();
        for member in all(snapshot)? {
            let validator = live(&member.member.id);
            rows.push((member, validator));
        }
        Ok(rows)
    })?;
    let entries =
        counts(office, "SELECT provider, COUNT(*) FROM j_entry WHERE latest = 1 GROUP BY 1").await?;
    let held = counts(office, "SELECT requester, COUNT(*) FROM j_grant GROUP BY 1").await?;
    let given = counts(office, "SELECT provider, COUNT(*) FROM j_grant GROUP BY 1").await?;
    let asked = counts(office, "SELECT requester, COUNT(*) FROM j_record GROUP BY 1").await?;
    let answered = counts(office, "SELECT provider, COUNT(*) FROM j_record GROUP BY 1").await?;
    Ok(members
        .into_iter()
        .map(|(state, validator)| {
            let member = &state.member;
            let count =
                |counts: &BTreeMap<String, u64>| counts.get(member.id.as_str()).copied().unwrap_or_default();
            DepartmentRow {
                department: reference(member, &own),
                region_name: region::region_name(member.region.as_str()),
                province_name: region::province_name(member.region.as_str()),
                active: state.active,
                inspectorate: member.inspectorate,
                validator,
                keys: [&member.office, &member.online, &member.sealing].map(|key| key.key_id().to_string()),
                entries: count(&entries),
                grants_held: count(&held),
                grants_given: count(&given),
                asked: count(&asked),
                answered: count(&answered),
            }
        })
        .collect())
}

async fn counts(office: &Office, sql: &'static str) -> Result<BTreeMap<String, u64>, ServiceError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(sql).fetch_all(office.pool()).await?;
    Ok(rows.into_iter().map(|(id, count)| (id, u64::try_from(count).unwrap_or_default())).collect())
}

/// Every department of the chain.
pub(crate) fn all(reads: &dyn StateRead) -> Result<Vec<ledger::department::Department>, ReadFault> {
    let mut found = Vec::new();
    loop {
        let after = found.last().map(|last: &ledger::department::Department| last.member.id.clone());
        let more = views::departments(reads, after.as_ref(), ledger::limits::LIST_MAX)?;
        if more.is_empty() {
            return Ok(found);
        }
        found.extend(more);
    }
}

fn reference(member: &ledger::department::Member, own: &DepartmentId) -> DepartmentRef {
    DepartmentRef {
        id: member.id.to_string(),
        name: Words::from(&member.name),
        region: member.region.to_string(),
        own: member.id == *own,
    }
}

/// Names of all departments, read once for a list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(BTreeMap<String, DepartmentRef>);

impl Names {
    pub(crate) fn read(reads: &dyn StateRead, own: &DepartmentId) -> Result<Self, ReadFault> {
        let departments = all(reads)?;
        Ok(Self(departments.iter().map(|d| (d.member.id.to_string(), reference(&d.member, own))).collect()))
    }

    /// The department's name, or its code alone.
    pub(crate) fn of(&self, id: &str) -> DepartmentRef {
        self.0.get(id).cloned().unwrap_or_else(|| DepartmentRef {
            id: id.to_owned(),
            name: Words::new(id, id),
            region: String::new(),
            own: false,
        })
    }

    /// All, in the order of their codes.
    pub(crate) fn all(&self) -> impl Iterator<Item = &DepartmentRef> {
        self.0.values()
    }
}
