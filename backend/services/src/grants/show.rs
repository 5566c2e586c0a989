//! One grant.

use access::Action;
use ledger::grant::GrantStatus;
use ledger::ids::GrantId;
use ledger::views;

use crate::audit_log::Event;
use crate::door::{About, Door};
use crate::error::ServiceError;
use crate::grants::standing::{is_ending, may_ask, status};
use crate::grants::view::{GrantMay, GrantView, GrantedItemView, RevokedView};
use crate::names::{GrantRef, Names, RequestRef, ms};
use crate::office::Office;
use crate::officer::{Colleagues, Officer};
use crate::verdict::Verdict;
use crate::{catalogue, door, limits, purpose, receipts, submission};

/// One grant. Its two parties see it; an inspector does, and that is noted.
///
/// # Errors
/// Not found, also for a grant between others.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<GrantView, ServiceError> {
    let id: GrantId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let request =
        office.node().read(|snapshot| views::grant(snapshot, &id))?.ok_or(ServiceError::NotFound)?.request;
    // Officers of a grant's steps are pseudonyms within its request.
    let colleagues = Colleagues::within(office, request.as_bytes()).await?;
    let mut view = office.node().read(|snapshot| view(office, officer, snapshot, &id, &colleagues))?;
    if !view.requester.own && !view.provider.own {
        office.note(officer, Event::RecordShow, &view.id, "ok").await?;
    }
    view.records = receipts::of_grant(office, &id, limits::ROWS_PER_PAGE).await?;
    Ok(view)
}

fn view(
    office: &Office,
    officer: &Officer,
    snapshot: &node::Snapshot<'_>,
    id: &GrantId,
    colleagues: &Colleagues,
) -> Result<GrantView, ServiceError> {
    let grant = views::grant(snapshot, id)?.ok_or(ServiceError::NotFound)?;
    let request = views::request(snapshot, &grant.request)?.ok_or(ServiceError::NotFound)?;
    let published = door::entry(snapshot, &grant.entry)?;
    let names = Names::read(snapshot, office.department())?;
    let door = Door::open(office, officer, snapshot)?;
    let provider = door::department(snapshot, &grant.provider)?;
    let requester = door::department(snapshot, &grant.requester)?;
    let own = office.department();
    if grant.requester != *own && grant.provider != *own && !door.inspect(&provider)?.allow {
        return Err(ServiceError::NotFound);
    }
    let revoke = if grant.provider != *own {
        Verdict::no("grant.not-ours")
    } else if !matches!(status(office, &grant), GrantStatus::Live | GrantStatus::Upcoming) {
        Verdict::no("grant.not-live")
    } else {
        let about = About { purpose: Some(grant.purpose.clone()), ..About::default() };
        door::verdict(&door.decide(Action::Approve, &published, &requester, about)?)
    };
    let may = GrantMay { ask: may_ask(office, &door, &grant, &published, &provider)?, revoke };
    let provider_ref = names.of(grant.provider.as_str());
    let granted = |item: &ledger::catalogue::Item| {
        let granted = grant.item(&item.code)?;
        Some(GrantedItemView { item: catalogue::item_view(item), mask: granted.mask })
    };
    let versions = &grant.policy_versions;
    Ok(GrantView {
        id: grant.id.to_string(),
        number: GrantRef::of(&grant).number,
        request: grant.request.to_string(),
        request_number: RequestRef::of(&request).number,
        entry: catalogue::reference(&published),
        requester: names.of(grant.requester.as_str()),
        purpose: grant.purpose.to_string(),
        mode: grant.mode,
        items: published.entry.items.iter().filter_map(granted).collect(),
        row_scope: grant.row_scope.as_ref().map(|scope| (scope.item.to_string(), scope.equals.to_string())),
        status: status(office, &grant),
        from: ms(grant.from),
        until: ms(grant.until),
        ending: is_ending(office, &grant),
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
        revoke_form_id: submission::draw()?,
        revoke_reasons: purpose::REVOKE_REASONS.map(str::to_owned).to_vec(),
        records: Vec::new(),
    })
}
