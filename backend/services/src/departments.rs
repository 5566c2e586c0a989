//! Members of the chain and their regions.

use std::collections::BTreeMap;

use ledger::ids::DepartmentId;
use ledger::state::ReadFault;
use ledger::views;

use crate::error::ServiceError;
use crate::names::{self, DepartmentRef};
use crate::office::Office;
use crate::officer::Officer;

/// A member of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentRow {
    /// The department.
    pub department: DepartmentRef,
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
    /// Queries it asked that are on record.
    pub asked: u64,
    /// Queries to it that are on record.
    pub answered: u64,
}

/// All members, in the order of their codes.
///
/// # Errors
/// A fault of ledger or the office's store.
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
        let paired = names::all(snapshot)?.into_iter().map(|member| (live(&member.member.id), member));
        Ok(paired.collect::<Vec<_>>())
    })?;
    let entries =
        counts(office, "SELECT provider, COUNT(*) FROM j_entry WHERE latest = 1 GROUP BY 1").await?;
    let asked = counts(office, "SELECT requester, COUNT(*) FROM j_record GROUP BY 1").await?;
    let answered = counts(office, "SELECT provider, COUNT(*) FROM j_record GROUP BY 1").await?;
    Ok(members
        .into_iter()
        .map(|(validator, state)| {
            let member = &state.member;
            let count =
                |counts: &BTreeMap<String, u64>| counts.get(member.id.as_str()).copied().unwrap_or_default();
            DepartmentRow {
                department: names::reference(member, &own),
                active: state.active,
                inspectorate: member.inspectorate,
                validator,
                keys: [&member.office, &member.online, &member.sealing].map(|key| key.key_id().to_string()),
                entries: count(&entries),
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
