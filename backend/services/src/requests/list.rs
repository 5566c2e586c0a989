//! Requests in lists.

use ledger::catalogue::Mode;
use ledger::ids::{EntryId, RequestId};
use ledger::views;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use crate::deadline::Deadline;
use crate::error::ServiceError;
use crate::names::{RequestRef, Side, mode_of, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::read_model::ReadModel;
use crate::requests::view::{RequestFilter, RequestRow, RequestState};
use crate::scene::Scene;
use crate::{catalogue, limits};

/// Requests of the own department, newest first; waiting ones that it must answer by time left.
///
/// # Errors
/// Faults of ledger or records.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: RequestFilter,
) -> Result<Page<RequestRow>, ServiceError> {
    let page = listed(office.model(), &filter).await?;
    let rows = office.scene(officer, |scene| rows(scene, &page.rows))?;
    Ok(page.with(rows))
}

pub(super) async fn listed(
    model: ReadModel<'_>,
    filter: &RequestFilter,
) -> Result<Page<SqliteRow>, ServiceError> {
    let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
    let mut count = select("SELECT COUNT(*)", model, filter);
    let total: i64 = count.build_query_scalar().fetch_one(model.pool).await?;
    let mut query = select("SELECT r.*", model, filter);
    // What waits comes first, the oldest of it at the top: its limit ends first.
    query.push(" ORDER BY CASE r.status WHEN 'submitted' THEN 0 ELSE 1 END,");
    query.push(" CASE r.status WHEN 'submitted' THEN r.at ELSE -r.at END, r.number LIMIT ");
    query.push_bind(wanted.limit()).push(" OFFSET ").push_bind(wanted.offset());
    Ok(wanted.filled(query.build().fetch_all(model.pool).await?, total.unsigned_abs()))
}

fn select(what: &'static str, model: ReadModel<'_>, filter: &RequestFilter) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(what);
    query.push(match filter.side {
        Side::Sent => " FROM j_request r WHERE r.requester = ",
        Side::Received => " FROM j_request r WHERE r.provider = ",
    });
    query.push_bind(model.own.to_string());
    if let Some(status) = filter.status {
        query.push(" AND r.status = ").push_bind(status.code());
    }
    query
}

/// Reads rows of the read model and completes them from one scene.
pub(crate) fn rows(scene: &Scene<'_>, found: &[SqliteRow]) -> Result<Vec<RequestRow>, ServiceError> {
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let read = Listed::read(row)?;
        let offer = scene.offer(&read.entry)?;
        let published = offer.asked();
        let waits = read.state == RequestState::Submitted;
        // The read model may be a block ahead of this view of the chain: leave such a row out.
        let Some(request) = views::request(scene.reads, &read.id)? else { continue };
        let may_decide = waits && request.asked.provider == *scene.own() && {
            let requester = scene.department(&request.requester)?;
            let asked = &request.asked;
            scene.approve(&offer.as_asked(), &requester, &asked.items, &asked.purpose)?.allow
        };
        let days = catalogue::answer_days(published.entry.share_type).filter(|_| waits);
        let named = RequestRef::new(read.id, read.at, read.number);
        rows.push(RequestRow {
            id: named.id,
            number: named.number,
            entry: catalogue::reference(published),
            requester: scene.names.of(&read.requester),
            provider: scene.names.of(&read.provider),
            purpose: read.purpose,
            mode: read.mode,
            items: read.items,
            state: read.state,
            at: read.at,
            decided_at: read.decided_at,
            deadline: days.and_then(|days| Deadline::new(read.at, days, ms(scene.now))),
            grant: read.grant.map(hex::encode),
            may_decide,
        });
    }
    Ok(rows)
}

/// A row as the read model has it.
struct Listed {
    id: RequestId,
    number: u64,
    entry: EntryId,
    requester: String,
    provider: String,
    purpose: String,
    mode: Mode,
    items: u64,
    state: RequestState,
    at: i64,
    decided_at: Option<i64>,
    grant: Option<Vec<u8>>,
}

impl Listed {
    fn read(row: &SqliteRow) -> Result<Self, ServiceError> {
        let damaged = || ServiceError::fault("the read model is damaged; rebuild it", &"a request row");
        let mode: i64 = row.try_get("mode")?;
        Ok(Self {
            id: RequestId(row.try_get::<Vec<u8>, _>("id")?.try_into().map_err(|_| damaged())?),
            number: row.try_get::<i64, _>("number")?.unsigned_abs(),
            entry: EntryId {
                code: row.try_get::<String, _>("code")?.parse().map_err(|_| damaged())?,
                version: u32::try_from(row.try_get::<i64, _>("version")?).map_err(|_| damaged())?,
            },
            requester: row.try_get("requester")?,
            provider: row.try_get("provider")?,
            purpose: row.try_get("purpose")?,
            mode: mode_of(mode).ok_or_else(damaged)?,
            items: row.try_get::<i64, _>("item_count")?.unsigned_abs(),
            state: RequestState::from_code(row.try_get("status")?).ok_or_else(damaged)?,
            at: row.try_get("at")?,
            decided_at: row.try_get("decided_at")?,
            grant: row.try_get("grant_id")?,
        })
    }
}

#[cfg(test)]
mod tests;
