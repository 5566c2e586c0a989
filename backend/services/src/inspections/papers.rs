//! What stands behind an inspection in the inspectorate's own store: who proposed it, its case number, warrant
//! and reason with the salts of their commitments. Nothing of it leaves the office.

use gm::domain::{ChainId, Salt, commit};
use gm::sm3::Digest;
use ledger::ids::{Code2, InspectionId, Nonce, Time};
use ledger::inspection::{InspectionScope, OpenInspection};
use ledger::role::By;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::error::ServiceError;
use crate::limits;
use crate::names::ms;
use crate::office::Office;

/// A proposal, opened or not.
pub(super) struct Paper {
    pub(super) id: InspectionId,
    pub(super) nonce: Nonce,
    /// Who proposed it, as the store numbers accounts.
    pub(super) staff: i64,
    /// What the form said.
    pub(super) said: Digest,
    pub(super) scope: InspectionScope,
    pub(super) from: Time,
    pub(super) until: Time,
    pub(super) ends: Time,
    pub(super) purpose: Code2,
    pub(super) case_no: String,
    pub(super) case_salt: Salt,
    pub(super) warrant_no: String,
    pub(super) warrant_salt: Salt,
    pub(super) reason: String,
    pub(super) at: i64,
    pub(super) withdrawn_at: Option<i64>,
}

impl Paper {
    /// What two officers sign: texts as commitments only.
    pub(super) fn terms(&self, chain: ChainId, by: By, second: By) -> OpenInspection {
        OpenInspection {
            scope: self.scope.clone(),
            from: self.from,
            until: self.until,
            purpose: self.purpose.clone(),
            case_commit: commit(chain, &self.case_salt, self.case_no.as_bytes()),
            warrant_commit: commit(chain, &self.warrant_salt, self.warrant_no.as_bytes()),
            ends: self.ends,
            by,
            second,
        }
    }

    /// Whether a second officer may still open it, if the chain does not have it.
    pub(super) fn waits(&self, now: i64) -> bool {
        self.withdrawn_at.is_none() && now < self.at + limits::PROPOSAL_MS && now <= ms(self.ends)
    }

    fn read(row: &SqliteRow) -> Result<Self, ServiceError> {
        let damaged =
            |what: &'static str| ServiceError::fault("a proposal of an inspection is damaged", &what);
        let bytes = |name: &'static str| -> Result<[u8; 32], ServiceError> {
            row.try_get::<Vec<u8>, _>(name)?.try_into().map_err(|_| damaged(name))
        };
        let time = |name: &'static str| -> Result<Time, ServiceError> {
            Ok(Time(row.try_get::<i64, _>(name)?.unsigned_abs()))
        };
        let scope = match row.try_get::<Option<String>, _>("departments")? {
            None => InspectionScope::All,
            Some(named) => InspectionScope::Departments(
                named
                    .split(',')
                    .map(|id| id.parse().map_err(|_| damaged("departments")))
                    .collect::<Result<_, _>>()?,
            ),
        };
        Ok(Self {
            id: InspectionId(bytes("id")?),
            nonce: Nonce(bytes("nonce")?),
            staff: row.try_get("staff")?,
            said: Digest(bytes("said")?),
            scope,
            from: time("from_at")?,
            until: time("until_at")?,
            ends: time("ends_at")?,
            purpose: row.try_get::<String, _>("purpose")?.parse().map_err(|_| damaged("purpose"))?,
            case_no: row.try_get("case_no")?,
            case_salt: Salt::from_bytes(bytes("case_salt")?),
            warrant_no: row.try_get("warrant_no")?,
            warrant_salt: Salt::from_bytes(bytes("warrant_salt")?),
            reason: row.try_get("reason")?,
            at: row.try_get("at")?,
            withdrawn_at: row.try_get("withdrawn_at")?,
        })
    }
}

/// The paper behind an inspection; none for one of another department.
pub(super) async fn find(office: &Office, id: &InspectionId) -> Result<Option<Paper>, ServiceError> {
    let row = sqlx::query("SELECT * FROM inspection_paper WHERE id = ?")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(office.pool())
        .await?;
    row.as_ref().map(Paper::read).transpose()
}

/// Proposals that are not on the chain, newest first, as far as the read model goes.
pub(super) async fn unopened(office: &Office) -> Result<Vec<Paper>, ServiceError> {
    let rows = sqlx::query(
        "SELECT * FROM inspection_paper p WHERE NOT EXISTS (SELECT 1 FROM j_inspection j WHERE j.id = p.id)
         ORDER BY at DESC LIMIT ?",
    )
    .bind(limits::PROPOSALS_MAX)
    .fetch_all(office.pool())
    .await?;
    rows.iter().map(Paper::read).collect()
}

/// Keeps a proposal, once.
pub(super) async fn keep(office: &Office, paper: &Paper) -> Result<(), ServiceError> {
    let departments = match &paper.scope {
        InspectionScope::All => None,
        InspectionScope::Departments(named) => {
            Some(named.iter().map(ToString::to_string).collect::<Vec<_>>().join(","))
        }
    };
    sqlx::query(
        "INSERT OR IGNORE INTO inspection_paper (id, nonce, staff, said, departments, from_at, until_at,
           ends_at, purpose, case_no, case_salt, warrant_no, warrant_salt, reason, at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(paper.id.as_bytes().as_slice())
    .bind(paper.nonce.as_bytes().as_slice())
    .bind(paper.staff)
    .bind(paper.said.0.as_slice())
    .bind(departments)
    .bind(ms(paper.from))
    .bind(ms(paper.until))
    .bind(ms(paper.ends))
    .bind(paper.purpose.as_str())
    .bind(&paper.case_no)
    .bind(paper.case_salt.as_bytes().as_slice())
    .bind(&paper.warrant_no)
    .bind(paper.warrant_salt.as_bytes().as_slice())
    .bind(&paper.reason)
    .bind(paper.at)
    .execute(office.pool())
    .await?;
    Ok(())
}

/// Takes a proposal back.
pub(super) async fn withdraw(office: &Office, id: &InspectionId) -> Result<(), ServiceError> {
    sqlx::query("UPDATE inspection_paper SET withdrawn_at = ? WHERE id = ? AND withdrawn_at IS NULL")
        .bind(office.now_ms())
        .bind(id.as_bytes().as_slice())
        .execute(office.pool())
        .await?;
    Ok(())
}
