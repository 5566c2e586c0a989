//! Receipts in lists.

use ledger::grant::Grant;
use ledger::ids::{GrantId, QueryId};
use ledger::receipt::{Record, RecordKind};
use ledger::state::StateRead;
use ledger::views;
use sqlx::sqlite::SqliteRow;

use crate::catalogue::{self, reference};
use crate::error::ServiceError;
use crate::limits;
use crate::names::{Names, PlaceView, Side, ms, receipt_number};
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::read_model::{self, ReadModel};
use crate::receipts::view::{DeliveryView, Outcome, RecordRow};
use crate::scene::Scene;

/// Records of the own department, newest first. Each look is noted.
///
/// # Errors
/// Denied for who may know of no entry; refused `role.administers`; faults of ledger or the office's store.
pub async fn list(
    office: &Office,
    officer: &Officer,
    side: Side,
    page: u64,
) -> Result<Page<RecordRow>, ServiceError> {
    catalogue::open_list(office, officer, "receipts", side, page).await?;
    let page = listed(office.model(), side, page).await?;
    let rows = office.scene(officer, |scene| rows(scene, &page.rows))?;
    Ok(page.with(rows))
}

pub(super) async fn listed(
    model: ReadModel<'_>,
    side: Side,
    page: u64,
) -> Result<Page<SqliteRow>, ServiceError> {
    let wanted = Wanted::new(page, limits::ROWS_PER_PAGE);
    let own = model.own.as_str();
    let (count, select) = match side {
        Side::Sent => (
            "SELECT COUNT(*) FROM j_record WHERE requester = ?",
            "SELECT * FROM j_record WHERE requester = ? ORDER BY at DESC, place DESC LIMIT ? OFFSET ?",
        ),
        Side::Received => (
            "SELECT COUNT(*) FROM j_record WHERE provider = ?",
            "SELECT * FROM j_record WHERE provider = ? ORDER BY at DESC, place DESC LIMIT ? OFFSET ?",
        ),
    };
    let total: i64 = sqlx::query_scalar(count).bind(own).fetch_one(model.pool).await?;
    let found = sqlx::query(select)
        .bind(own)
        .bind(wanted.limit())
        .bind(wanted.offset())
        .fetch_all(model.pool)
        .await?;
    Ok(wanted.filled(found, total.unsigned_abs()))
}

/// The records of these rows of `j_record`, read from one scene.
pub(crate) fn rows(scene: &Scene<'_>, found: &[SqliteRow]) -> Result<Vec<RecordRow>, ServiceError> {
    let mut rows = Vec::with_capacity(found.len());
    for found in found {
        // The read model may be a block ahead of this view of the chain: leave such a row out.
        let Some(record) = views::record(scene.reads, &QueryId(read_model::id(found, "query")?))? else {
            continue;
        };
        let grant = views::grant(scene.reads, &record.ticket.grant)?;
        rows.push(row(scene.reads, &record, grant.as_ref(), &scene.names)?);
    }
    Ok(rows)
}

/// A record of a list, under its grant where that is known.
pub(super) fn row(
    reads: &dyn StateRead,
    record: &Record,
    grant: Option<&Grant>,
    names: &Names,
) -> Result<RecordRow, ServiceError> {
    let (outcome, class, use_no) = match &record.kind {
        RecordKind::Answer { use_no, .. } => (Outcome::Answered, None, Some(u64::from(*use_no))),
        RecordKind::Denial { class, .. } => (Outcome::Denied, Some(*class), None),
    };
    let entry = match grant {
        Some(grant) => views::entry(reads, &grant.entry)?,
        None => None,
    };
    let id = record.query.to_string();
    Ok(RecordRow {
        number: receipt_number(ms(record.recorded.at), &id),
        id,
        outcome,
        class,
        entry: entry.as_ref().map(reference),
        requester: names.of(record.ticket.requester.as_str()),
        provider: names.of(record.ticket.provider.as_str()),
        use_no,
        place: PlaceView::from(&record.recorded),
        delivery: record
            .delivery
            .map(|(outcome, place)| DeliveryView { outcome, place: PlaceView::from(&place) }),
    })
}

/// The newest records under a grant.
pub(crate) async fn of_grant(model: ReadModel<'_>, grant: &GrantId) -> Result<Vec<SqliteRow>, ServiceError> {
    let found = sqlx::query("SELECT * FROM j_record WHERE grant_id = ? ORDER BY at DESC, place DESC LIMIT ?")
        .bind(grant.as_bytes().as_slice())
        .bind(i64::try_from(limits::ROWS_PER_PAGE).unwrap_or(i64::MAX))
        .fetch_all(model.pool)
        .await?;
    Ok(found)
}

#[cfg(test)]
mod tests;
