//! One entry, and whether the officer may ask for it.

use std::collections::BTreeSet;

use access::{Action, Offer};
use ledger::catalogue::ShareType;
use ledger::department::Department;
use ledger::ids::{EntryId, GrantId, ResourceCode};
use ledger::request::SubmitRequest;
use ledger::views;

use crate::catalogue::view::{EntryView, VersionView, answer_days, conditions, item_view, row};
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::names::{GrantRef, PlaceView};
use crate::office::Office;
use crate::officer::Officer;
use crate::purpose;
use crate::read_model::ReadModel;
use crate::scene::Scene;
use crate::verdict::Verdict;
use crate::words::Words;

/// Shows one version of an entry, the latest if none is named.
///
/// # Errors
/// Not found; denied when the officer may not discover it.
pub async fn entry(
    office: &Office,
    officer: &Officer,
    code: &str,
    version: Option<u32>,
) -> Result<EntryView, ServiceError> {
    let code: ResourceCode = code.parse().map_err(|_| ServiceError::NotFound)?;
    let grants = live_grants(office.model(), &code).await?;
    office.scene(officer, |scene| shown(scene, &code, version, grants))
}

/// A version of an entry that the officer may discover.
pub(super) fn shown(
    scene: &Scene<'_>,
    code: &ResourceCode,
    version: Option<u32>,
    grants: Vec<GrantRef>,
) -> Result<EntryView, ServiceError> {
    let latest = views::latest_version(scene.reads, code)?.ok_or(ServiceError::NotFound)?;
    let id = EntryId { code: code.clone(), version: version.unwrap_or(latest) };
    let offer = scene.offer(&id)?;
    let published = offer.asked();
    let provider = scene.department(&published.provider)?;
    Verdict::of(&scene.discover(&offer, &provider)?).into_result(Action::Discover)?;
    let mut versions = Vec::new();
    for version in (1..=latest).rev() {
        if let Some(older) = views::entry(scene.reads, &EntryId { code: code.clone(), version })? {
            versions.push(VersionView { version, place: PlaceView::new(older.tx, older.height, older.at) });
        }
    }
    let entry = &published.entry;
    Ok(EntryView {
        row: row(published, &scene.names, grants.len() as u64),
        items: entry.items.iter().map(item_view).collect(),
        conditions: conditions(published),
        update_cycle: entry.update_cycle,
        receipt_mode: entry.receipt_mode,
        legal_basis: Words::from(&entry.legal_basis),
        latest,
        versions,
        answer_days: answer_days(entry.share_type),
        grants,
        may_request: may_request(scene, &offer, &provider)?,
    })
}

/// Grants of the own department for an entry that are in force, the newest first.
pub(super) async fn live_grants(
    model: ReadModel<'_>,
    code: &ResourceCode,
) -> Result<Vec<GrantRef>, ServiceError> {
    let live: Vec<(Vec<u8>, i64, i64)> = sqlx::query_as(
        "SELECT id, at, number FROM j_grant WHERE requester = ? AND code = ? AND revoked_at IS NULL
         AND from_at <= ? AND until_at >= ? ORDER BY at DESC LIMIT 20",
    )
    .bind(model.own.as_str())
    .bind(code.as_str())
    .bind(model.now)
    .bind(model.now)
    .fetch_all(model.pool)
    .await?;
    let named = |(id, at, count): (Vec<u8>, i64, i64)| {
        let damaged = |_| ServiceError::fault("the read model is damaged; rebuild it", &"a grant");
        Ok(GrantRef::new(GrantId(id.try_into().map_err(damaged)?), at, count.unsigned_abs()))
    };
    live.into_iter().map(named).collect()
}

/// Whether the officer may ask for a grant of this entry: party, state, then policy.
pub(crate) fn may_request(
    scene: &Scene<'_>,
    offer: &Offer,
    provider: &Department,
) -> Result<Verdict, ServiceError> {
    if offer.asked().provider == *scene.own() {
        return Ok(Verdict::no(OfficeRefusal::EntryOwn));
    }
    if offer.share_type() == ShareType::NotShared {
        return Ok(Verdict::no(OfficeRefusal::EntryNotShared));
    }
    if offer.is_outdated() {
        return Ok(Verdict::no(OfficeRefusal::EntrySuperseded));
    }
    // Rows may be about purposes, and none is chosen yet: one that is open is enough.
    let mut closed = None;
    for code in purpose::codes() {
        match Verdict::of(&scene.request(offer, provider, &BTreeSet::new(), &code)?) {
            Verdict::Open => return Ok(scene.drafts(Verdict::Open, SubmitRequest::DRAFTED_IN)),
            no => closed = closed.or(Some(no)),
        }
    }
    Ok(closed.unwrap_or(Verdict::no(OfficeRefusal::EntryMode)))
}

#[cfg(test)]
mod tests;
