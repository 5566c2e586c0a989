//! Grants in lists.

use access::Offer;
use ledger::grant::{Grant, GrantStatus};
use ledger::ids::GrantId;
use ledger::views;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite};

use crate::error::ServiceError;
use crate::grants::standing::{is_ending, may_ask};
use crate::grants::view::{GrantFilter, GrantRow};
use crate::names::{GrantRef, Side, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::page::{Page, Wanted};
use crate::read_model::{self, ReadModel};
use crate::scene::Scene;
use crate::verdict::Verdict;
use crate::{catalogue, limits};

/// Grants of the own department: those in force first, by their end.
/// Each look is noted.
///
/// # Errors
/// Denied for who may know of no entry; refused `role.administers`; faults of ledger or the office's store.
pub async fn list(
    office: &Office,
    officer: &Officer,
    filter: GrantFilter,
) -> Result<Page<GrantRow>, ServiceError> {
    catalogue::open_list(office, officer, "grants", filter.side, filter.page).await?;
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

/// The grants of these rows of the read model, read from one scene.
pub(crate) fn rows(scene: &Scene<'_>, found: &[SqliteRow]) -> Result<Vec<GrantRow>, ServiceError> {
    let mut rows = Vec::with_capacity(found.len());
    for found in found {
        // The read model may be a block ahead of this view of the chain: leave such a row out.
        let Some(grant) = views::grant(scene.reads, &GrantId(read_model::id(found, "id")?))? else {
            continue;
        };
        let (offer, provider) = (scene.offer(&grant.entry)?, scene.department(&grant.provider)?);
        rows.push(row(scene, &grant, &offer, &may_ask(scene, &grant, &offer, &provider)?));
    }
    Ok(rows)
}

/// A grant of a list.
pub(super) fn row(scene: &Scene<'_>, grant: &Grant, offer: &Offer, ask: &Verdict) -> GrantRow {
    let GrantRef { id, number } = GrantRef::of(grant);
    GrantRow {
        id,
        number,
        entry: catalogue::reference(offer.asked()),
        requester: scene.names.of(grant.requester.as_str()),
        provider: scene.names.of(grant.provider.as_str()),
        purpose: grant.purpose.to_string(),
        items: grant.items.len() as u64,
        status: grant.status(scene.now),
        until: ms(grant.until),
        ending: is_ending(grant, scene.now),
        quota: u64::from(grant.quota),
        used: u64::from(grant.used_units),
        at: ms(grant.approved.at),
        may_ask: ask.is_open(),
    }
}

#[cfg(test)]
mod tests;
