//! One grant.

use ledger::ids::GrantId;

use crate::audit_log::Event;
use crate::error::ServiceError;
use crate::grants::standing::{is_ending, may_ask, may_revoke};
use crate::grants::view::{GrantMay, GrantView, GrantedItemView, RevokedView};
use crate::names::{GrantRef, RequestRef, ms};
use crate::office::Office;
use crate::officer::{Colleagues, Officer};
use crate::scene::{Between, Party, Scene};
use crate::{act, catalogue, purpose, receipts};

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
    if party == Party::Inspector {
        office.note(officer, Event::RecordShow, &view.id, "ok").await?;
    }
    let records = receipts::of_grant(office.model(), &id).await?;
    view.records = office.scene(officer, |scene| receipts::rows(scene, &records))?;
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
    let may =
        GrantMay { ask: may_ask(scene, &grant, &offer, &provider)?, revoke: may_revoke(scene, &grant)? };
    let names = &scene.names;
    let provider_ref = names.of(grant.provider.as_str());
    let granted = |item: &ledger::catalogue::Item| {
        let granted = grant.item(&item.code)?;
        Some(GrantedItemView { item: catalogue::item_view(item), mask: granted.mask })
    };
    let versions = &grant.policy_versions;
    let view = GrantView {
        id: grant.id.to_string(),
        number: GrantRef::of(&grant).number,
        request: grant.request.to_string(),
        request_number: RequestRef::of(&request).number,
        entry: catalogue::reference(published),
        requester: names.of(grant.requester.as_str()),
        purpose: grant.purpose.to_string(),
        mode: grant.mode,
        items: published.entry.items.iter().filter_map(granted).collect(),
        row_scope: grant.row_scope.as_ref().map(|scope| (scope.item.to_string(), scope.equals.to_string())),
        status: grant.status(scene.now),
        from: ms(grant.from),
        until: ms(grant.until),
        ending: is_ending(&grant, scene.now),
        quota: u64::from(grant.quota),
        used: u64::from(grant.used_units),
        left: u64::from(grant.units_left()),
        uses: u64::from(grant.uses),
        receipt_mode: grant.receipt_mode,
        policy_versions: [versions.national, versions.region, versions.department].map(|v| v.to_string()),
        by: colleagues.person(&grant.approved.by, provider_ref.clone()),
        at: ms(grant.approved.at),
        height: grant.approved.height.0,
        tx: grant.approved.tx.to_string(),
        revoked: grant.revoked.as_ref().map(|revoked| RevokedView {
            reason: revoked.reason.to_string(),
            by: colleagues.person(&revoked.step.by, provider_ref.clone()),
            at: ms(revoked.step.at),
            height: revoked.step.height.0,
            tx: revoked.step.tx.to_string(),
        }),
        provider: provider_ref,
        may,
        revoke_form_id: act::draw()?,
        revoke_reasons: purpose::REVOKE_REASONS.map(str::to_owned).to_vec(),
        records: Vec::new(),
    };
    Ok((view, party))
}
