//! Deciding about a request: approve (whole or narrowed), refuse citing a published condition, or
//! take it back.

use std::collections::BTreeMap;

use access::{Action, Offer};
use ledger::catalogue::{MaskRule, PublishedEntry, ReceiptMode};
use ledger::ids::{RequestId, Time};
use ledger::refusal::Refusal;
use ledger::request::{
    ApproveRequest, GrantedItem, RefuseRequest, Request, RequestStatus, SubmitRequest, WithdrawRequest,
};
use ledger::transaction::Payload;
use serde::Serialize;

use crate::act::{self, Act, Submitted};
use crate::audit_log::Event;
use crate::codes::{FieldCode, OfficeRefusal};
use crate::countersigning::{self, Drafted, StepKind};
use crate::error::ServiceError;
use crate::fields::{Mistakes, chosen, period_days, read_period, read_quota};
use crate::names::{day_text, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::purpose;
use crate::requests::view::receipt_modes;
use crate::scene::Scene;
use crate::staff;
use crate::verdict::Verdict;

/// An item of an approval.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApproveItem {
    /// The item's code.
    pub code: String,
    /// Code of its mask, e.g. `MK-ID`; empty: clear.
    pub mask: String,
}

/// What the approval form says, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ApproveInput {
    /// Drawn with the form.
    pub form_id: String,
    /// The items granted, a subset of those asked.
    pub items: Vec<ApproveItem>,
    /// Queries in all, at most those asked.
    pub quota: String,
    /// First day, not before the one asked.
    pub from: String,
    /// Last day, not after the one asked.
    pub until: String,
    /// Code of the receipt mode; empty: the only one offered.
    pub receipt_mode: String,
}

/// What the refusal form says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RefuseInput {
    /// Drawn with the form.
    pub form_id: String,
    /// Place of the published condition that is not met.
    pub condition: String,
}

/// What the withdrawal form says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct WithdrawInput {
    /// Drawn with the form.
    pub form_id: String,
    /// Reason code.
    pub reason: String,
}

/// Grants a request, whole or narrowed: judged now, and kept for a second officer, who signs it.
///
/// # Errors
/// Fields that are wrong; refused `step-up.due`, `step-up.none`, `request.not-ours`, `request.not-open` or
/// by the ledger; denied by policy, which is judged for the items and the purpose as asked.
pub async fn approve(
    office: &Office,
    officer: &Officer,
    id: &str,
    input: ApproveInput,
) -> Result<Drafted, ServiceError> {
    let request: RequestId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let act = Act::new(Event::ApprovalDraft, id, &input.form_id, &input)?;
    let judge = |scene: &Scene<'_>| {
        staff::stepped_up(office, officer)?;
        approval(scene, &request, &input)
    };
    countersigning::draft(office, officer, StepKind::Approval, act, judge).await
}

/// Refuses a request under a published condition. The id returned is the request's.
///
/// # Errors
/// As [`approve`].
pub async fn refuse(
    office: &Office,
    officer: &Officer,
    id: &str,
    input: RefuseInput,
) -> Result<Submitted, ServiceError> {
    let request: RequestId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let act = Act::new(Event::RequestRefuse, id, &input.form_id, &input)?;
    act::take(office, officer, act, |scene| refusal(scene, &request, &input)).await
}

/// Takes the own department's request back while it waits. The id returned is the request's.
///
/// # Errors
/// As [`approve`], judged as the request itself.
pub async fn withdraw(
    office: &Office,
    officer: &Officer,
    id: &str,
    input: WithdrawInput,
) -> Result<Submitted, ServiceError> {
    let request: RequestId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let act = Act::new(Event::RequestWithdraw, id, &input.form_id, &input)?;
    act::take(office, officer, act, |scene| withdrawal(scene, &request, &input)).await
}

/// A request that waits for this department, and that policy lets this officer decide.
struct Open {
    request: Request,
    offer: Offer,
}

/// Whether an approval that was drafted may be sent by this officer now.
pub(crate) fn open_to_approve(scene: &Scene<'_>, approval: &ApproveRequest) -> Result<(), ServiceError> {
    let open = to_decide(scene, &approval.request)?;
    if open.offer.is_outdated() {
        return Err(ServiceError::refused(Refusal::EntryOutdated));
    }
    if approval.until <= scene.now {
        return Err(ServiceError::refused(Refusal::RequestPeriod));
    }
    Ok(())
}

/// The same for who decides about it first.
fn to_draft(scene: &Scene<'_>, id: &RequestId) -> Result<Open, ServiceError> {
    let open = to_decide(scene, id)?;
    scene.drafts(Verdict::Open, ApproveRequest::DRAFTED_IN).into_result(Action::Approve)?;
    Ok(open)
}

fn to_decide(scene: &Scene<'_>, id: &RequestId) -> Result<Open, ServiceError> {
    let request = scene.submitted(id)?;
    if request.asked.provider != *scene.own() {
        return Err(ServiceError::refused(OfficeRefusal::RequestNotOurs));
    }
    if request.status != RequestStatus::Submitted {
        return Err(ServiceError::refused(OfficeRefusal::RequestNotOpen));
    }
    let asked = &request.asked;
    let (offer, requester) = (scene.offer(&asked.entry)?, scene.department(&request.requester)?);
    let decision = scene.approve(&offer.as_asked(), &requester, &asked.items, &asked.purpose)?;
    Verdict::of(&decision).into_result(Action::Approve)?;
    Ok(Open { offer, request })
}

pub(crate) fn withdrawal(
    scene: &Scene<'_>,
    id: &RequestId,
    input: &WithdrawInput,
) -> Result<Payload, ServiceError> {
    let request = scene.submitted(id)?;
    if request.requester != *scene.own() {
        return Err(ServiceError::refused(OfficeRefusal::RequestNotOurs));
    }
    if request.status != RequestStatus::Submitted {
        return Err(ServiceError::refused(OfficeRefusal::RequestNotOpen));
    }
    let asked = &request.asked;
    let (offer, provider) = (scene.offer(&asked.entry)?, scene.department(&asked.provider)?);
    let decision = scene.request(&offer.as_asked(), &provider, &asked.items, &asked.purpose)?;
    scene.drafts(Verdict::of(&decision), SubmitRequest::DRAFTED_IN).into_result(Action::Request)?;
    let reason = chosen(&input.reason, &purpose::WITHDRAW_REASONS)
        .map_err(|code| ServiceError::field("reason", code))?;
    let by = scene.by(id.as_bytes());
    Ok(Payload::WithdrawRequest(WithdrawRequest { request: *id, reason, by }))
}

pub(crate) fn refusal(
    scene: &Scene<'_>,
    id: &RequestId,
    input: &RefuseInput,
) -> Result<Payload, ServiceError> {
    let open = to_draft(scene, id)?;
    let condition = match input.condition.trim() {
        "" => Err(FieldCode::NoneChosen),
        text => text
            .parse::<u8>()
            .ok()
            .filter(|place| usize::from(*place) < open.offer.asked().entry.conditions.len())
            .ok_or(FieldCode::NotOffered),
    };
    let condition = condition.map_err(|code| ServiceError::field("condition", code))?;
    let by = scene.by(id.as_bytes());
    Ok(Payload::RefuseRequest(RefuseRequest { request: *id, condition, by }))
}

pub(crate) fn approval(
    scene: &Scene<'_>,
    id: &RequestId,
    input: &ApproveInput,
) -> Result<Payload, ServiceError> {
    let open = to_draft(scene, id)?;
    if open.offer.is_outdated() {
        return Err(ServiceError::refused(Refusal::EntryOutdated));
    }
    let asked = &open.request.asked;
    let mut mistakes = Mistakes::default();
    let items = mistakes.take("items", read_items(&input.items, &open));
    let period = read_narrowed(&mut mistakes, ms(scene.now), input, asked.from, asked.until);
    let quota = mistakes.take("quota", read_quota(&input.quota, u64::from(asked.quota)).map_err(wider));
    let receipt_mode =
        mistakes.take("receipt_mode", read_receipt_mode(&input.receipt_mode, open.offer.asked()));
    let (Some(items), Some((from, until)), Some(quota), Some(receipt_mode)) =
        (items, period, quota, receipt_mode)
    else {
        return Err(mistakes.into());
    };
    mistakes.done()?;
    Ok(Payload::ApproveRequest(ApproveRequest {
        request: *id,
        items,
        purpose: asked.purpose.clone(),
        row_scope: None,
        quota,
        from,
        until,
        receipt_mode,
        policy_versions: scene.versions(),
        // Until another countersigns: no chain takes one officer alone.
        second: scene.by(id.as_bytes()),
        seals: None,
        by: scene.by(id.as_bytes()),
    }))
}

/// In an approval the bound is what was asked for.
fn wider(code: FieldCode) -> FieldCode {
    if code == FieldCode::TooLarge { FieldCode::WiderThanAsked } else { code }
}

fn read_items(items: &[ApproveItem], open: &Open) -> Result<Vec<GrantedItem>, FieldCode> {
    if items.is_empty() {
        return Err(FieldCode::NoneChosen);
    }
    let mut granted = BTreeMap::new();
    for item in items {
        let code: ledger::ids::ItemCode = item.code.parse().map_err(|_| FieldCode::NotACode)?;
        if !open.request.asked.items.contains(&code) {
            return Err(FieldCode::WiderThanAsked);
        }
        let mask = match item.mask.as_str() {
            "" => None,
            code => Some(MaskRule::from_code(code).ok_or(FieldCode::NotACode)?),
        };
        let published = open.offer.asked().entry.item(&code).ok_or(FieldCode::NotOffered)?;
        if published.mask.rule().is_some_and(|rule| mask != Some(rule)) {
            return Err(FieldCode::WiderThanAsked);
        }
        granted.insert(code, mask);
    }
    Ok(granted.into_iter().map(|(code, mask)| GrantedItem { code, mask }).collect())
}

/// The period, inside the one asked. A first day that is over or running by now may stay as asked.
fn read_narrowed(
    mistakes: &mut Mistakes,
    now: i64,
    input: &ApproveInput,
    asked_from: Time,
    asked_until: Time,
) -> Option<(Time, Time)> {
    let (first, _) = period_days(asked_from, asked_until);
    let keeps_start = asked_from.0 <= now.unsigned_abs() && input.from.trim() == first;
    let today = day_text(now);
    let from = if keeps_start { &today } else { &input.from };
    let (from, until) = read_period(mistakes, now, from, &input.until)?;
    let from = if keeps_start { asked_from } else { from };
    if from < asked_from {
        mistakes.add("from", FieldCode::WiderThanAsked);
    }
    if until > asked_until {
        mistakes.replace("until", FieldCode::WiderThanAsked);
    }
    Some((from, until))
}

fn read_receipt_mode(code: &str, published: &PublishedEntry) -> Result<ReceiptMode, FieldCode> {
    let offered = receipt_modes(published.entry.receipt_mode);
    if code.is_empty() {
        return offered.first().copied().ok_or(FieldCode::Missing);
    }
    let mode = ReceiptMode::from_code(code).ok_or(FieldCode::NotACode)?;
    if offered.contains(&mode) { Ok(mode) } else { Err(FieldCode::NotOffered) }
}
