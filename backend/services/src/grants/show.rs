//! One grant.

use ledger::ids::GrantId;
use ledger::inspection::Sight;

use crate::audit_log::Event;
use crate::error::ServiceError;
use crate::grants::list::row;
use crate::grants::standing::{may_ask, may_revoke};
use crate::grants::view::{GrantMay, GrantView, GrantedItemView, RevokedView};
use crate::names::{RequestRef, ms};
use crate::office::Office;
use crate::officer::{Colleagues, Officer};
use crate::scene::{Between, Party, Scene};
use crate::{act, catalogue, inspections, purpose, receipts};

/// One grant. Its two parties see it; an inspector does, and that is noted.
///
/// # Errors
/// Not found, also for a grant between others.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<GrantView, ServiceError> {
    let id: GrantId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let request = office.scene(officer, |scene| Ok(scene.grant(&id)?.request))?;
    // Officers of a grant's steps are pseudonyms within its request.
    let colleagues = Colleagues::within(office, request.as_bytes()).await?;
    let (mut view, party) = office.scene(officer, |scene| view(scene, &id, &colleagues))?;
    if party != Party::Own {
        inspections::note_look(office, officer, Event::RecordShow, Sight::Grant(id), Ok(party.clone()))
            .await?;
    }
    let records = receipts::of_grant(office.model(), &id).await?;
    view.records = office.scene(officer, |scene| {
        let rows = receipts::rows(scene, &records)?;
        // An inspector is shown those that the inspection covers.
        if party == Party::Own { Ok(rows) } else { inspections::covered(scene, rows) }
    })?;
    Ok(view)
}

fn view(
    scene: &Scene<'_>,
    id: &GrantId,
    colleagues: &Colleagues,
) -> Result<(GrantView, Party), ServiceError> {
    let grant = scene.grant(id)?;
    let party = scene.party_or_inspector(&Between::from(&grant)).map_err(ServiceError::hidden)?;
    let request = scene.submitted(&grant.request)?;
    let offer = scene.offer(&grant.entry)?;
    let published = offer.asked();
    let provider = scene.department(&grant.provider)?;
    let ask = may_ask(scene, &grant, &offer, &provider)?;
    let provider = scene.names.of(grant.provider.as_str());
    let granted = |item: &ledger::catalogue::Item| {
        let granted = grant.item(&item.code)?;
        Some(GrantedItemView { item: catalogue::item_view(item), mask: granted.mask })
    };
    let versions = &grant.policy_versions;
    let view = GrantView {
        row: row(scene, &grant, &offer, &ask),
        request: RequestRef::of(&request),
        mode: grant.mode,
        items: published.entry.items.iter().filter_map(granted).collect(),
        row_scope: grant.row_scope.as_ref().map(|scope| (scope.item.to_string(), scope.equals.to_string())),
        from: ms(grant.from),
        left: u64::from(grant.units_left()),
        receipt_mode: grant.receipt_mode,
        policy_versions: [versions.national, versions.region, versions.department].map(|v| v.to_string()),
        approved: colleagues.step(&grant.approved, provider.clone()),
        revoked: grant.revoked.as_ref().map(|revoked| RevokedView {
            reason: revoked.reason.to_string(),
            step: colleagues.step(&revoked.step, provider),
        }),
        may: GrantMay { ask, revoke: may_revoke(scene, &grant)? },
        revoke_form_id: act::draw()?,
        revoke_reasons: purpose::REVOKE_REASONS.map(str::to_owned).to_vec(),
        records: Vec::new(),
    };
    Ok((view, party))
}

#[cfg(test)]
mod tests;
