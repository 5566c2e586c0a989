//! Steps that wait, in lists: for who may countersign them, and for who drafted them.

use ledger::ids::RequestId;
use ledger::role::Role;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite};

use crate::countersigning::content::About;
use crate::countersigning::step::{self, Step, StepKind};
use crate::countersigning::view::{WaitingRef, WaitingRow};
use crate::error::ServiceError;
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};

/// The steps that the officer drafted or could countersign, those that lapse first on top.
///
/// # Errors
/// Refused `role.administers`; faults.
pub async fn list(office: &Office, officer: &Officer, page: u64) -> Result<Page<WaitingRow>, ServiceError> {
    let wanted = Wanted::new(page, limits::ROWS_PER_PAGE);
    let total: i64 = select("SELECT COUNT(*) FROM waiting_step w", office, officer, true)
        .build_query_scalar()
        .fetch_one(office.pool())
        .await?;
    let mut query = select(step::SELECT, office, officer, true);
    query.push(" ORDER BY w.lapses_at LIMIT ").push_bind(wanted.limit());
    query.push(" OFFSET ").push_bind(wanted.offset());
    let found = query.build().fetch_all(office.pool()).await?;
    let rows = rows(office, officer, &found)?;
    Ok(wanted.filled(rows, total.unsigned_abs()))
}

/// The steps of the officer's worklist.
pub(crate) async fn for_home(office: &Office, officer: &Officer) -> Result<Vec<WaitingRow>, ServiceError> {
    let mut query = select(step::SELECT, office, officer, true);
    query.push(" ORDER BY w.lapses_at LIMIT ");
    query.push_bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX));
    let found = query.build().fetch_all(office.pool()).await?;
    rows(office, officer, &found)
}

/// How many steps wait for the officer's countersignature.
pub(crate) async fn waiting_count(office: &Office, officer: &Officer) -> Result<u64, ServiceError> {
    let mut query = select("SELECT COUNT(*) FROM waiting_step w", office, officer, false);
    let count: i64 = query.build_query_scalar().fetch_one(office.pool()).await?;
    Ok(count.unsigned_abs())
}

/// The approval of a request that waits for a second officer.
pub(crate) async fn waits_for_request(
    office: &Office,
    request: &RequestId,
) -> Result<Option<WaitingRef>, ServiceError> {
    let found: Option<(Vec<u8>, String)> = sqlx::query_as(
        "SELECT w.id, f.name FROM waiting_step w JOIN staff f ON f.id = w.staff
         WHERE w.kind = ? AND w.object = ? AND w.state = 'waiting' AND w.lapses_at > ?",
    )
    .bind(StepKind::Approval.code())
    .bind(request.to_string())
    .bind(office.now_ms())
    .fetch_optional(office.pool())
    .await?;
    Ok(found.map(|(id, by)| WaitingRef { id: hex::encode(id), by }))
}

/// Steps of the officer, if `own`, and those of colleagues that the officer's role countersigns.
fn select(what: &'static str, office: &Office, officer: &Officer, own: bool) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(what);
    query.push(" WHERE w.state <> 'signed' AND w.lapses_at > ");
    query.push_bind(office.now_ms()).push(" AND (");
    if own {
        query.push("w.staff = ").push_bind(officer.staff()).push(" OR ");
    }
    query.push("(w.state = 'waiting' AND w.staff <> ").push_bind(officer.staff()).push(" AND w.role IN (");
    let mut roles = query.separated(", ");
    for drafted_in in Role::ALL.iter().filter(|drafted_in| officer.role().countersigns(**drafted_in)) {
        roles.push_bind(drafted_in.code());
    }
    query.push(")))");
    query
}

fn rows(office: &Office, officer: &Officer, found: &[SqliteRow]) -> Result<Vec<WaitingRow>, ServiceError> {
    office.scene(officer, |scene| {
        let mut rows = Vec::with_capacity(found.len());
        for found in found {
            let step = Step::read(found)?;
            rows.push(About::of(scene, &step, None)?.row(scene, &step)?);
        }
        Ok(rows)
    })
}
