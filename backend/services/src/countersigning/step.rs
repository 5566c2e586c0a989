//! A step that waits, as it is stored.

use gm::sm2::Signature;
use ledger::ids::{GrantId, RequestId};
use ledger::role::Role;
use ledger::transaction::Payload;
use ledger::wire::from_bytes;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::codes::codes;
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::store::OfficeStore;

codes! {
    /// What a step does when it is signed.
    pub enum StepKind {
        Request => "request",
        Approval => "approval",
        Query => "query",
    }

    /// Where a step stands.
    pub enum StepState {
        Waiting => "waiting",
        SentBack => "sent-back",
        Signed => "signed",
    }
}

/// A stored step, with the names of its officers.
pub(super) const SELECT: &str = "SELECT w.*, f.name AS drafter, s.name AS second_name FROM waiting_step w
    JOIN staff f ON f.id = w.staff LEFT JOIN staff s ON s.id = w.second ";

/// A step that waits.
pub(super) struct Step {
    pub(super) id: String,
    /// The same as it is stored.
    pub(super) key: Vec<u8>,
    pub(super) kind: StepKind,
    pub(super) object: String,
    pub(super) input: Vec<u8>,
    /// Who drafted it, by account and by name.
    pub(super) staff: i64,
    pub(super) drafter: String,
    pub(super) role: Role,
    pub(super) drafted_at: i64,
    pub(super) lapses_at: i64,
    pub(super) state: StepState,
    /// Who sent it back or signed it.
    pub(super) second: Option<(i64, String)>,
    pub(super) reason: String,
    pub(super) made: String,
    /// The own signature of who drafted it.
    pub(super) seal: Option<Signature>,
}

impl Step {
    pub(super) fn read(row: &SqliteRow) -> Result<Self, ServiceError> {
        let damaged = |what| ServiceError::fault("a step that waits is damaged", &what);
        let second: Option<i64> = row.try_get("second")?;
        let name: Option<String> = row.try_get("second_name")?;
        let key: Vec<u8> = row.try_get("id")?;
        let seal: Option<Vec<u8>> = row.try_get("seal")?;
        let seal = seal.map(|bytes| Signature::from_slice(&bytes).map_err(|_| damaged("its seal")));
        Ok(Self {
            id: hex::encode(&key),
            key,
            kind: StepKind::from_code(row.try_get("kind")?).ok_or_else(|| damaged("its kind"))?,
            object: row.try_get("object")?,
            input: row.try_get("input")?,
            staff: row.try_get("staff")?,
            drafter: row.try_get("drafter")?,
            role: Role::from_code(row.try_get("role")?).ok_or_else(|| damaged("its role"))?,
            drafted_at: row.try_get("drafted_at")?,
            lapses_at: row.try_get("lapses_at")?,
            state: StepState::from_code(row.try_get("state")?).ok_or_else(|| damaged("its state"))?,
            second: second.zip(name),
            reason: row.try_get("reason")?,
            made: row.try_get("made")?,
            seal: seal.transpose()?,
        })
    }

    /// The step of this id, if the officer may know of it: who drafted it, and who could countersign it.
    pub(super) async fn of(office: &Office, officer: &Officer, id: &str) -> Result<Self, ServiceError> {
        let id = hex::decode(id).map_err(|_| ServiceError::NotFound)?;
        let row = sqlx::query(sqlx::AssertSqlSafe(format!("{SELECT} WHERE w.id = ?")))
            .bind(id)
            .fetch_optional(office.pool())
            .await?;
        let step = row.as_ref().map(Self::read).transpose()?.ok_or(ServiceError::NotFound)?;
        let may_know = step.is_of(officer) || officer.role().countersigns(step.role);
        if may_know && step.lapses_at > office.now_ms() { Ok(step) } else { Err(ServiceError::NotFound) }
    }

    /// Whether this officer drafted it.
    pub(super) fn is_of(&self, officer: &Officer) -> bool {
        self.staff == officer.staff()
    }

    /// What will be signed, but for its second officer.
    pub(super) fn payload(&self) -> Result<Payload, ServiceError> {
        from_bytes(&self.input)
            .map_err(|error| ServiceError::fault("the content of a step that waits is damaged", &error))
    }

    /// The grant that a query is asked under.
    pub(super) fn grant(&self) -> Result<GrantId, ServiceError> {
        self.object.parse().map_err(|_| ServiceError::fault("a step that waits is damaged", &"its object"))
    }

    /// The request it makes or decides.
    pub(super) fn request(&self) -> Result<RequestId, ServiceError> {
        self.object.parse().map_err(|_| ServiceError::fault("a step that waits is damaged", &"its object"))
    }
}

/// Removes steps whose time is over.
pub(crate) async fn sweep(store: &OfficeStore, now: i64) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM waiting_step WHERE lapses_at <= ?").bind(now).execute(store.pool()).await?;
    Ok(())
}

impl StepKind {
    /// How long it may wait.
    pub(super) const fn wait_ms(self) -> i64 {
        match self {
            Self::Request | Self::Approval => limits::WAITING_STEP_MS,
            Self::Query => limits::WAITING_QUERY_MS,
        }
    }
}
