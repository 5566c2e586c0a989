//! Requests in lists.

use access::{Decision, Offer};
use ledger::ids::RequestId;
use ledger::request::{ApproveRequest, Request, RequestStatus};
use ledger::views;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite};

use crate::deadline::Deadline;
use crate::error::ServiceError;
use crate::names::{RequestRef, Side, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::read_model::{self, ReadModel};
use crate::requests::view::{RequestFilter, RequestRow, RequestState};
use crate::scene::Scene;
use crate::verdict::Verdict;
use crate::{catalogue, limits};

/// Requests of the own department, newest first; waiting ones that it must answer by time left.
/// Each look is noted.
///
/// # Errors
/// Denied for who may know of no entry; refused `role.administers`; faults of ledger or the office's store.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: RequestFilter,
) -> Result<Page<RequestRow>, ServiceError> {
    catalogue::open_list(office, officer, "requests", filter.side, filter.page).await?;
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

/// The requests of these rows of the read model, read from one scene.
pub(crate) fn rows(scene: &Scene<'_>, found: &[SqliteRow]) -> Result<Vec<RequestRow>, ServiceError> {
    let mut rows = Vec::with_capacity(found.len());
    for found in found {
        // The read model may be a block ahead of this view of the chain: leave such a row out.
        let Some(request) = views::request(scene.reads, &RequestId(read_model::id(found, "id")?))? else {
            continue;
        };
        let offer = scene.offer(&request.asked.entry)?;
        let judged = judged(scene, &request, &offer)?;
        rows.push(row(scene, &request, &offer, judged.as_ref()));
    }
    Ok(rows)
}

/// What policy says of granting a request that waits for the own department.
pub(super) fn judged(
    scene: &Scene<'_>,
    request: &Request,
    offer: &Offer,
) -> Result<Option<Decision>, ServiceError> {
    let asked = &request.asked;
    if request.status != RequestStatus::Submitted || asked.provider != *scene.own() {
        return Ok(None);
    }
    let requester = scene.department(&request.requester)?;
    scene.approve(&offer.as_asked(), &requester, &asked.items, &asked.purpose).map(Some)
}

/// A request of a list.
pub(super) fn row(
    scene: &Scene<'_>,
    request: &Request,
    offer: &Offer,
    judged: Option<&Decision>,
) -> RequestRow {
    let (asked, at) = (&request.asked, ms(request.submitted.at));
    let RequestRef { id, number } = RequestRef::of(request);
    let state = RequestState::of(&request.status);
    let days = catalogue::answer_days(offer.asked().entry.share_type);
    let days = days.filter(|_| state == RequestState::Submitted);
    RequestRow {
        id,
        number,
        entry: catalogue::reference(offer.asked()),
        requester: scene.names.of(request.requester.as_str()),
        provider: scene.names.of(asked.provider.as_str()),
        purpose: asked.purpose.to_string(),
        mode: asked.mode,
        items: asked.items.len() as u64,
        state,
        at,
        decided_at: request.decided.as_ref().map(|step| ms(step.at)),
        deadline: days.and_then(|days| Deadline::new(at, days, ms(scene.now))),
        may_decide: judged.is_some_and(|decision| {
            scene.drafts(Verdict::of(decision), ApproveRequest::DRAFTED_IN).is_open()
        }),
    }
}

#[cfg(test)]
mod tests;
