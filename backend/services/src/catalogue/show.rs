//! One entry, and whether the officer may ask for it.

use std::collections::BTreeSet;

use access::{Action, Offer};
use ledger::catalogue::{PublishedEntry, ShareType};
use ledger::department::Department;
use ledger::ids::{EntryId, GrantId, ResourceCode};
use ledger::views;

use crate::catalogue::view::{
    EntryMay, EntryView, VersionView, answer_days, conditions, item_view, reference,
};
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::names::{DepartmentRef, GrantRef, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::read_model::ReadModel;
use crate::scene::Scene;
use crate::verdict::Verdict;
use crate::words::Words;
use crate::{purpose, region};

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
    let view = office.scene(officer, |scene| shown(scene, &code, version))?;
    Ok(EntryView { live_grants: live_grants(office.model(), &code).await?, ..view })
}

/// A version of an entry that the officer may discover.
pub(super) fn shown(
    scene: &Scene<'_>,
    code: &ResourceCode,
    version: Option<u32>,
) -> Result<EntryView, ServiceError> {
    let latest = views::latest_version(scene.reads, code)?.ok_or(ServiceError::NotFound)?;
    let id = EntryId { code: code.clone(), version: version.unwrap_or(latest) };
    let offer = scene.offer(&id)?;
    let published = offer.asked();
    let provider = scene.department(&published.provider)?;
    Verdict::of(&scene.discover(&offer, &provider)?).into_result(Action::Discover)?;
    let mut versions = Vec::new();
    for number in (1..=latest).rev() {
        let id = EntryId { code: code.clone(), version: number };
        if let Some(older) = views::entry(scene.reads, &id)? {
            versions.push(VersionView {
                version: number,
                at: ms(older.at),
                height: older.height.0,
                tx: older.tx.to_string(),
            });
        }
    }
    let request = may_request(scene, &offer, &provider)?;
    Ok(view(published, scene.names.of(published.provider.as_str()), latest, versions, EntryMay { request }))
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
            Verdict::Open => return Ok(Verdict::Open),
            no => closed = closed.or(Some(no)),
        }
    }
    Ok(closed.unwrap_or(Verdict::no(OfficeRefusal::EntryMode)))
}

fn view(
    published: &PublishedEntry,
    provider: DepartmentRef,
    latest: u32,
    versions: Vec<VersionView>,
    may: EntryMay,
) -> EntryView {
    let entry = &published.entry;
    EntryView {
        entry: reference(published),
        provider,
        region: entry.region.to_string(),
        region_name: region::region_name(entry.region.as_str()),
        summary: Words::from(&entry.summary),
        items: entry.items.iter().map(item_view).collect(),
        share_type: entry.share_type,
        conditions: conditions(published),
        modes: entry.modes.iter().copied().collect(),
        update_cycle: entry.update_cycle,
        grade: entry.grade,
        receipt_mode: entry.receipt_mode,
        legal_basis: Words::from(&entry.legal_basis),
        at: ms(published.at),
        height: published.height.0,
        tx: published.tx.to_string(),
        latest,
        versions,
        answer_days: answer_days(entry.share_type),
        live_grants: Vec::new(),
        may,
    }
}
