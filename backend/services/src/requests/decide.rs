//! Deciding about a request: approve (whole or narrowed), refuse citing a published condition, or
//! take it back.

use std::collections::BTreeMap;

use access::Action;
use ledger::catalogue::{MaskRule, PublishedEntry, ReceiptMode};
use ledger::ids::{RequestId, Time};
use ledger::request::{ApproveRequest, GrantedItem, RefuseRequest, Request, RequestStatus, WithdrawRequest};
use ledger::transaction::Payload;
use ledger::views;

use crate::audit_log::Event;
use crate::door::{About, Door};
use crate::error::ServiceError;
use crate::fields::{Mistakes, chosen, period_days, read_period, read_quota};
use crate::names::day_text;
use crate::office::Office;
use crate::officer::Officer;
use crate::requests::view::receipt_modes;
use crate::submission::{Form, Submitted};
use crate::{door, purpose, submission};

/// An item of an approval.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApproveItem {
    /// The item's code.
    pub code: String,
    /// Code of its mask, e.g. `MK-ID`; empty: clear.
    pub mask: String,
}

/// What the approval form says, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApproveInput {
    /// Drawn with the form.
    pub form_id: String,
    /// The items granted, a subset of those asked.
    pub items: Vec<ApproveItem>,
    /// Enquiries in all, at most those asked.
    pub quota: String,
    /// First day, not before the one asked.
    pub from: String,
    /// Last day, not after the one asked.
    pub until: String,
    /// Code of the receipt mode; empty: the only one offered.
    pub receipt_mode: String,
}

/// What the refusal form says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RefuseInput {
    /// Drawn with the form.
    pub form_id: String,
    /// Place of the published condition that is not met.
    pub condition: String,
}

/// What the withdrawal form says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WithdrawInput {
    /// Drawn with the form.
    pub form_id: String,
    /// Reason code.
    pub reason: String,
}

/// Grants a request, whole or narrowed. The id returned is the grant's.
///
/// # Errors
/// Fields that are wrong; refused `request.not-ours`, `request.not-open` or by the ledger; denied by
/// policy, which is judged for the items and the purpose as asked.
pub async fn approve(
    office: &Office,
    officer: &Officer,
    id: &str,
    input: ApproveInput,
) -> Result<Submitted, ServiceError> {
    let request: RequestId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let items: Vec<String> = input.items.iter().map(|item| format!("{}={}", item.code, item.mask)).collect();
    let said = [id, &*items.join(","), &*input.quota, &*input.from, &*input.until, &*input.receipt_mode];
    let form = Form::new("approve-request", &input.form_id, &said)?;
    if let Some((signed, applied)) = submission::again(office, officer, &form).await? {
        return Ok(submission::submitted(signed.id().to_string(), &applied));
    }
    office.not_behind()?;
    let decided = judged_approval(office, officer, &request, &input);
    let outcome = decided.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
    office.note(officer, Event::RequestApprove, id, &outcome).await?;
    let payload = Payload::ApproveRequest(decided?);
    let (signed, applied) = submission::submit(office, officer, &form, payload).await?;
    Ok(submission::submitted(signed.id().to_string(), &applied))
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
    let form = Form::new("refuse-request", &input.form_id, &[id, &*input.condition])?;
    if let Some((_, applied)) = submission::again(office, officer, &form).await? {
        return Ok(submission::submitted(id.to_owned(), &applied));
    }
    office.not_behind()?;
    let decided = to_decide(office, officer, &request).and_then(|open| {
        let place = match input.condition.trim() {
            "" => Err("none-chosen"),
            text => text.parse::<u8>().map_err(|_| "not-offered"),
        };
        let place = place.map_err(|code| ServiceError::field("condition", code))?;
        match open.published.entry.conditions.get(usize::from(place)) {
            Some(_) => Ok(place),
            None => Err(ServiceError::field("condition", "not-offered")),
        }
    });
    let outcome = decided.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
    office.note(officer, Event::RequestRefuse, id, &outcome).await?;
    let by = officer.by(office, request.as_bytes());
    let payload = Payload::RefuseRequest(RefuseRequest { request, condition: decided?, by });
    let (_, applied) = submission::submit(office, officer, &form, payload).await?;
    Ok(submission::submitted(id.to_owned(), &applied))
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
    let form = Form::new("withdraw-request", &input.form_id, &[id, &*input.reason])?;
    if let Some((_, applied)) = submission::again(office, officer, &form).await? {
        return Ok(submission::submitted(id.to_owned(), &applied));
    }
    office.not_behind()?;
    let decided = to_withdraw(office, officer, &request).and_then(|()| {
        chosen(&input.reason, &purpose::WITHDRAW_REASONS).map_err(|code| ServiceError::field("reason", code))
    });
    let outcome = decided.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
    office.note(officer, Event::RequestWithdraw, id, &outcome).await?;
    let by = officer.by(office, request.as_bytes());
    let payload = Payload::WithdrawRequest(WithdrawRequest { request, reason: decided?, by });
    let (_, applied) = submission::submit(office, officer, &form, payload).await?;
    Ok(submission::submitted(id.to_owned(), &applied))
}

/// A request that waits for this department, and that policy lets this officer decide.
struct Open {
    request: Request,
    published: PublishedEntry,
    versions: ledger::receipt::PolicyVersions,
}

fn to_decide(office: &Office, officer: &Officer, id: &RequestId) -> Result<Open, ServiceError> {
    office.node().read(|snapshot| {
        let request = views::request(snapshot, id)?.ok_or(ServiceError::NotFound)?;
        if request.asked.provider != *office.department() {
            return Err(ServiceError::refused("request.not-ours"));
        }
        if request.status != RequestStatus::Submitted {
            return Err(ServiceError::refused("request.not-open"));
        }
        let published = door::entry(snapshot, &request.asked.entry)?;
        let requester = door::department(snapshot, &request.requester)?;
        let door = Door::open(office, officer, snapshot)?;
        let about = About {
            items: request.asked.items.clone(),
            purpose: Some(request.asked.purpose.clone()),
            grant_live: None,
        };
        door::pass(Action::Approve, door.decide(Action::Approve, &published, &requester, about)?)?;
        Ok(Open { versions: door.versions(), request, published })
    })
}

fn to_withdraw(office: &Office, officer: &Officer, id: &RequestId) -> Result<(), ServiceError> {
    office.node().read(|snapshot| {
        let request = views::request(snapshot, id)?.ok_or(ServiceError::NotFound)?;
        if request.requester != *office.department() {
            return Err(ServiceError::refused("request.not-ours"));
        }
        if request.status != RequestStatus::Submitted {
            return Err(ServiceError::refused("request.not-open"));
        }
        let published = door::entry(snapshot, &request.asked.entry)?;
        let provider = door::department(snapshot, &request.asked.provider)?;
        let door = Door::open(office, officer, snapshot)?;
        let about = About { purpose: Some(request.asked.purpose.clone()), ..About::default() };
        let decision = door.decide(Action::Request, &published, &provider, about)?;
        door::pass(Action::Request, decision).map(drop)
    })
}

fn judged_approval(
    office: &Office,
    officer: &Officer,
    id: &RequestId,
    input: &ApproveInput,
) -> Result<ApproveRequest, ServiceError> {
    let open = to_decide(office, officer, id)?;
    let asked = &open.request.asked;
    let mut mistakes = Mistakes::default();
    let items = mistakes.take("items", read_items(&input.items, &open));
    let period = read_narrowed(&mut mistakes, office.now_ms(), input, asked.from, asked.until);
    let quota = mistakes.take(
        "quota",
        read_quota(&input.quota, u64::from(asked.quota))
            .map_err(|code| if code == "too-large" { "wider-than-asked" } else { code }),
    );
    let receipt_mode = mistakes.take("receipt_mode", read_receipt_mode(&input.receipt_mode, &open.published));
    mistakes.done()?;
    match (items, period, quota, receipt_mode) {
        (Some(items), Some((from, until)), Some(quota), Some(receipt_mode)) => Ok(ApproveRequest {
            request: *id,
            items,
            purpose: asked.purpose.clone(),
            row_scope: None,
            quota,
            from,
            until,
            receipt_mode,
            policy_versions: open.versions,
            by: officer.by(office, id.as_bytes()),
        }),
        _ => Err(ServiceError::Invalid(Vec::new())),
    }
}

fn read_items(items: &[ApproveItem], open: &Open) -> Result<Vec<GrantedItem>, &'static str> {
    if items.is_empty() {
        return Err("none-chosen");
    }
    let mut granted = BTreeMap::new();
    for item in items {
        let code: ledger::ids::ItemCode = item.code.parse().map_err(|_| "not-a-code")?;
        if !open.request.asked.items.contains(&code) {
            return Err("wider-than-asked");
        }
        let mask = match item.mask.as_str() {
            "" => None,
            code => Some(MaskRule::from_code(code).ok_or("not-a-code")?),
        };
        let published = open.published.entry.item(&code).ok_or("not-offered")?;
        if published.mask.is_some() && published.mask != mask {
            return Err("wider-than-asked");
        }
        granted.insert(code, mask);
    }
    Ok(granted.into_iter().map(|(code, mask)| GrantedItem { code, mask }).collect())
}

/// The period, inside the one asked. A start that lies in the past by now is the one asked.
fn read_narrowed(
    mistakes: &mut Mistakes,
    now: i64,
    input: &ApproveInput,
    asked_from: Time,
    asked_until: Time,
) -> Option<(Time, Time)> {
    let (first, _) = period_days(asked_from, asked_until);
    let started = asked_from.0 <= now.unsigned_abs();
    if started && input.from.trim() == first {
        // The first day asked is over or running: keep it as asked.
        let mut later = Mistakes::default();
        let (_, until) = read_period(&mut later, now, &day_text(now), &input.until).or_else(|| {
            mistakes.add("until", "not-a-date");
            None
        })?;
        if until > asked_until {
            mistakes.add("until", "wider-than-asked");
        }
        if later.done().is_err() {
            mistakes.add("until", "in-the-past");
        }
        return Some((asked_from, until));
    }
    let (from, until) = read_period(mistakes, now, &input.from, &input.until)?;
    if from < asked_from {
        mistakes.add("from", "wider-than-asked");
    }
    if until > asked_until {
        mistakes.add("until", "wider-than-asked");
    }
    Some((from, until))
}

fn read_receipt_mode(code: &str, published: &PublishedEntry) -> Result<ReceiptMode, &'static str> {
    let offered = receipt_modes(published.entry.receipt_mode);
    if code.is_empty() {
        return offered.first().copied().ok_or("missing");
    }
    let mode = ReceiptMode::from_code(code).ok_or("not-a-code")?;
    if offered.contains(&mode) { Ok(mode) } else { Err("not-offered") }
}
