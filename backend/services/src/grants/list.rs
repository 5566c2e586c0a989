//! Grants in lists.

use ledger::grant::GrantStatus;
use ledger::ids::GrantId;
use ledger::views;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use crate::error::ServiceError;
use crate::grants::standing::{is_ending, may_ask};
use crate::grants::view::{GrantFilter, GrantRow};
use crate::names::{GrantRef, Side, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::read_model::ReadModel;
use crate::scene::Scene;
use crate::{catalogue, limits};

/// Grants of the own department: those in force first, by their end.
///
/// # Errors
/// Faults of ledger or records.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: GrantFilter,
) -> Result<Page<GrantRow>, ServiceError> {
    let page = listed(office.model(), &filter).await?;
    let rows = office.scene(officer, |scene| rows(scene, &page.rows))?;
    Ok(page.with(rows))
}

pub(super) async fn listed(
    model: ReadModel<'_>,
    filter: &GrantFilter,
) -> Result<Page<SqliteRow>, ServiceError> {
    let wanted = Wanted::new(filter.page, limits::ROWS_PER_PAGE);
    let mut count = select("SELECT COUNT(*)", model, filter);
    let total: i64 = count.build_query_scalar().fetch_one(model.pool).await?;
    let mut query = select("SELECT g.*", model, filter);
    query.push(" ORDER BY CASE WHEN g.revoked_at IS NULL AND g.until_at >= ").push_bind(model.now);
    query.push(" THEN 0 ELSE 1 END, g.until_at, g.number LIMIT ");
    query.push_bind(wanted.limit()).push(" OFFSET ").push_bind(wanted.offset());
    Ok(wanted.filled(query.build().fetch_all(model.pool).await?, total.unsigned_abs()))
}

fn select(what: &'static str, model: ReadModel<'_>, filter: &GrantFilter) -> QueryBuilder<Sqlite> {
    let now = model.now;
    let mut query = QueryBuilder::new(what);
    query.push(match filter.side {
        Side::Sent => " FROM j_grant g WHERE g.requester = ",
        Side::Received => " FROM j_grant g WHERE g.provider = ",
    });
    query.push_bind(model.own.to_string());
    if let Some(code) = &filter.entry {
        query.push(" AND g.code = ").push_bind(code.clone());
    }
    match filter.status {
        None => {}
        Some(GrantStatus::Revoked) => {
            query.push(" AND g.revoked_at IS NOT NULL");
        }
        Some(GrantStatus::Upcoming) => {
            query.push(" AND g.revoked_at IS NULL AND g.from_at > ").push_bind(now);
        }
        Some(GrantStatus::Expired) => {
            query.push(" AND g.revoked_at IS NULL AND g.until_at < ").push_bind(now);
        }
        Some(GrantStatus::Live) => {
            query.push(" AND g.revoked_at IS NULL AND g.from_at <= ").push_bind(now);
            query.push(" AND g.until_at >= ").push_bind(now);
        }
    }
    query
}

/// Completes rows of the read model from one scene.
pub(crate) fn rows(scene: &Scene<'_>, found: &[SqliteRow]) -> Result<Vec<GrantRow>, ServiceError> {
    let mut rows = Vec::with_capacity(found.len());
    for row in found {
        let id = id_of(&row.try_get::<Vec<u8>, _>("id")?).ok_or(ServiceError::NotFound)?;
        // The read model may be a block ahead of this snapshot's view: leave such a row out.
        let Some(grant) = views::grant(scene.reads, &id)? else { continue };
        let offer = scene.offer(&grant.entry)?;
        let may_ask = grant.requester == *scene.own() && {
            let provider = scene.department(&grant.provider)?;
            may_ask(scene, &grant, &offer, &provider)?.is_open()
        };
        rows.push(GrantRow {
            id: id.to_string(),
            number: GrantRef::of(&grant).number,
            request: grant.request.to_string(),
            entry: catalogue::reference(offer.asked()),
            requester: scene.names.of(grant.requester.as_str()),
            provider: scene.names.of(grant.provider.as_str()),
            purpose: grant.purpose.to_string(),
            mode: grant.mode,
            items: grant.items.len() as u64,
            status: grant.status(scene.now),
            from: ms(grant.from),
            until: ms(grant.until),
            ending: is_ending(&grant, scene.now),
            quota: u64::from(grant.quota),
            used: u64::from(grant.used_units),
            at: ms(grant.approved.at),
            may_ask,
        });
    }
    Ok(rows)
}

/// An id in the read model.
fn id_of(bytes: &[u8]) -> Option<GrantId> {
    Some(GrantId(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests;
