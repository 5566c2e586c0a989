//! Receipts in lists.

use ledger::ids::{EntryId, GrantId};
use ledger::receipt::{DeliveryOutcome, DenialClass};
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::catalogue::names_of;
use crate::error::ServiceError;
use crate::limits;
use crate::names::{Side, receipt_number};
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::read_model::ReadModel;
use crate::receipts::view::{Outcome, RecordRow};
use crate::scene::Scene;

/// Records of the own department, newest first.
///
/// # Errors
/// Faults of ledger or records.
pub async fn list(
    office: &Office,
    officer: &Officer,
    side: Side,
    page: u64,
) -> Result<Page<RecordRow>, ServiceError> {
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

/// Reads rows of `j_record` with the names they need.
pub(crate) fn rows(scene: &Scene<'_>, found: &[SqliteRow]) -> Result<Vec<RecordRow>, ServiceError> {
    let mut entries = Vec::with_capacity(found.len());
    for row in found {
        entries.push(entry_of(row.try_get("code")?, row.try_get("version")?));
    }
    let names = &scene.names;
    let entry_names = names_of(scene.reads, entries.iter().flatten().cloned())?;
    let mut rows = Vec::with_capacity(found.len());
    for (row, entry) in found.iter().zip(entries) {
        let id = hex::encode(row.try_get::<Vec<u8>, _>("query")?);
        let at: i64 = row.try_get("at")?;
        let class: i64 = row.try_get("class")?;
        let delivery: i64 = row.try_get("delivery")?;
        rows.push(RecordRow {
            number: receipt_number(at, &id),
            outcome: if row.try_get::<i64, _>("answered")? == 1 {
                Outcome::Answered
            } else {
                Outcome::Denied
            },
            class: DenialClass::ALL.iter().copied().find(|known| i64::from(known.number()) == class),
            entry: entry.and_then(|id| entry_names.get(&id).cloned()),
            requester: names.of(row.try_get("requester")?),
            provider: names.of(row.try_get("provider")?),
            grant: hex::encode(row.try_get::<Vec<u8>, _>("grant_id")?),
            units: row.try_get::<i64, _>("units")?.unsigned_abs(),
            use_no: row.try_get::<Option<i64>, _>("use_no")?.map(i64::unsigned_abs),
            at,
            height: row.try_get::<i64, _>("height")?.unsigned_abs(),
            tx: hex::encode(row.try_get::<Vec<u8>, _>("tx")?),
            delivery: DeliveryOutcome::ALL
                .iter()
                .copied()
                .find(|known| i64::from(known.number()) == delivery),
            delivered_at: row.try_get("delivered_at")?,
            id,
        });
    }
    Ok(rows)
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

/// Entry of a grant, for a record's row.
pub(crate) fn entry_of(code: Option<String>, version: Option<i64>) -> Option<EntryId> {
    Some(EntryId { code: code?.parse().ok()?, version: u32::try_from(version?).ok()? })
}

#[cfg(test)]
mod tests;
