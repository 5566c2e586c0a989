//! Asking for access: the empty form, the rule check after each step, and the submission.

use std::collections::BTreeSet;

use access::Action;
use ledger::catalogue::{MaskRule, Mode, PublishedEntry, ShareType};
use ledger::ids::{EntryId, ItemCode, Nonce, RequestId, ResourceCode};
use ledger::request::SubmitRequest;
use ledger::transaction::Payload;
use ledger::views;

use crate::audit_log::Event;
use crate::catalogue::{ConditionView, EntryRef, ItemView};
use crate::door::{About, Door};
use crate::error::ServiceError;
use crate::fields::{Mistakes, chosen, read_period, read_quota};
use crate::names::{DepartmentRef, Names};
use crate::office::Office;
use crate::officer::Officer;
use crate::submission::{Form, Submitted};
use crate::verdict::Verdict;
use crate::{catalogue, deadline, door, limits, purpose, submission};

/// A purpose the form offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurposeChoice {
    /// Two digits.
    pub code: String,
    /// Items it needs at most; empty: no list is kept.
    pub needed_items: Vec<String>,
    /// Whether policy lets the officer ask for this purpose at all.
    pub verdict: Verdict,
}

/// The form of a request, empty but for its defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestForm {
    /// What is asked for.
    pub entry: EntryRef,
    /// Who will be asked.
    pub provider: DepartmentRef,
    /// 共享属性.
    pub share_type: ShareType,
    /// Highest grade.
    pub grade: u8,
    /// Published conditions of use.
    pub conditions: Vec<ConditionView>,
    /// Items that may be asked for.
    pub items: Vec<ItemView>,
    /// Items one asks by later.
    pub keys: Vec<ItemView>,
    /// Purposes.
    pub purposes: Vec<PurposeChoice>,
    /// Codes of legal bases.
    pub bases: Vec<String>,
    /// 共享方式 that can be asked for.
    pub modes: Vec<Mode>,
    /// First day the request may begin, `2026-11-20`.
    pub first_day: String,
    /// Last day it may begin.
    pub last_start_day: String,
    /// Longest period, in days.
    pub days_max: u32,
    /// Most enquiries.
    pub quota_max: u64,
    /// Working days the provider has to answer.
    pub answer_days: Option<u32>,
    /// The form with its id and defaults.
    pub input: RequestInput,
}

/// What the form says, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestInput {
    /// Drawn with the form; sent back unchanged.
    pub form_id: String,
    /// Resource code.
    pub entry: String,
    /// Version.
    pub version: u32,
    /// Item codes.
    pub items: Vec<String>,
    /// Purpose code.
    pub purpose: String,
    /// Basis code.
    pub basis: String,
    /// Mode code.
    pub mode: String,
    /// First day, `2026-11-20`.
    pub from: String,
    /// Last day.
    pub until: String,
    /// Enquiries in all.
    pub quota: String,
}

/// What policy demands for an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemDuty {
    /// The item's code.
    pub item: String,
    /// It leaves masked.
    pub mask: Option<MaskRule>,
    /// It is left out.
    pub dropped: bool,
    /// Lies outside what the purpose needs: only a hint.
    pub beyond_need: bool,
}

/// The rule check of a half-filled form. The own department's layers judge; the provider's do later.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestCheck {
    /// Whether the request may be sent as it stands.
    pub verdict: Verdict,
    /// Duties for the chosen items.
    pub duties: Vec<ItemDuty>,
}

/// Draws the form for an entry.
///
/// # Errors
/// Not found; refused `entry.own`, `entry.not-shared`, `entry.superseded`; denied by policy.
pub async fn form(
    office: &Office,
    officer: &Officer,
    code: &str,
    version: Option<u32>,
) -> Result<RequestForm, ServiceError> {
    let code: ResourceCode = code.parse().map_err(|_| ServiceError::NotFound)?;
    let form_id = submission::draw()?;
    let now = office.now_ms();
    let today =
        deadline::day(now).ok_or_else(|| ServiceError::fault("the clock is beyond the calendar", &now))?;
    let ahead = |days: u32| today.saturating_add(jiff::Span::new().days(i64::from(days))).to_string();
    office.node().read(|snapshot| {
        let latest = views::latest_version(snapshot, &code)?.ok_or(ServiceError::NotFound)?;
        let id = EntryId { code: code.clone(), version: version.unwrap_or(latest) };
        let published = door::entry(snapshot, &id)?;
        let provider = door::department(snapshot, &published.provider)?;
        let door = Door::open(office, officer, snapshot)?;
        catalogue::may_request(office, &door, &published, &provider, latest)?.into_result(Action::Request)?;
        let names = Names::read(snapshot, office.department())?;
        let entry = &published.entry;
        let modes = built_modes(&published);
        let mut purposes = Vec::new();
        for code in purpose::PURPOSES {
            let about = About { purpose: code.parse().ok(), ..About::default() };
            let decision = door.decide(Action::Request, &published, &provider, about)?;
            purposes.push(PurposeChoice {
                code: code.to_owned(),
                needed_items: purpose::needed_items(code).iter().map(|item| (*item).to_owned()).collect(),
                verdict: door::verdict(&decision),
            });
        }
        Ok(RequestForm {
            entry: catalogue::reference(&published),
            provider: names.of(published.provider.as_str()),
            share_type: entry.share_type,
            grade: entry.grade,
            conditions: catalogue::conditions(&published),
            items: entry.items.iter().filter(|item| item.returnable).map(catalogue::item_view).collect(),
            keys: entry.items.iter().filter(|item| item.query_key).map(catalogue::item_view).collect(),
            purposes,
            bases: purpose::BASES.map(str::to_owned).to_vec(),
            first_day: today.to_string(),
            last_start_day: ahead(limits::START_DAYS_AHEAD_MAX),
            days_max: limits::PERIOD_DAYS_MAX,
            quota_max: limits::QUOTA_MAX,
            answer_days: catalogue::answer_days(entry.share_type),
            input: RequestInput {
                form_id,
                entry: id.code.to_string(),
                version: id.version,
                mode: modes.first().map(|mode| mode.code().to_owned()).unwrap_or_default(),
                from: today.to_string(),
                until: ahead(limits::PERIOD_DAYS_DEFAULT),
                quota: limits::QUOTA_DEFAULT.to_string(),
                ..RequestInput::default()
            },
            modes,
        })
    })
}

/// Judges a half-filled form: nothing is kept or noted. Unknown items and purposes are left out; without
/// any there is nothing to judge yet.
///
/// # Errors
/// Not found; faults.
pub async fn check(
    office: &Office,
    officer: &Officer,
    input: &RequestInput,
) -> Result<Option<RequestCheck>, ServiceError> {
    let id = entry_id(input)?;
    office.node().read(|snapshot| {
        let published = door::entry(snapshot, &id)?;
        let provider = door::department(snapshot, &published.provider)?;
        let door = Door::open(office, officer, snapshot)?;
        let items: BTreeSet<ItemCode> = input
            .items
            .iter()
            .filter_map(|code| code.parse().ok())
            .filter(|code| published.entry.item(code).is_some())
            .collect();
        let Some(purpose) = input.purpose.parse().ok().filter(|_| !items.is_empty()) else {
            return Ok(None);
        };
        let about = About { items: items.clone(), purpose: Some(purpose), grant_live: None };
        let decision = door.decide(Action::Request, &published, &provider, about)?;
        let needed = purpose::needed_items(&input.purpose);
        let duties = items
            .iter()
            .map(|item| ItemDuty {
                item: item.to_string(),
                mask: published
                    .entry
                    .item(item)
                    .and_then(|published| published.mask)
                    .or_else(|| door::mask_of(&decision, item)),
                dropped: door::drops(&decision, item),
                beyond_need: !needed.is_empty() && !needed.contains(&item.as_str()),
            })
            .collect();
        Ok(Some(RequestCheck { verdict: door::verdict(&decision), duties }))
    })
}

/// Asks for access: checks the form, decides, signs, and waits until the request is on the chain.
///
/// # Errors
/// The fields that are wrong; refused, denied, lapsed, behind; faults.
pub async fn request_access(
    office: &Office,
    officer: &Officer,
    input: RequestInput,
) -> Result<Submitted, ServiceError> {
    let items = input.items.join(",");
    let version = input.version.to_string();
    let said = [
        &*input.entry,
        &*version,
        &*items,
        &*input.purpose,
        &*input.basis,
        &*input.mode,
        &*input.from,
        &*input.until,
        &*input.quota,
    ];
    let form = Form::new("submit-request", &input.form_id, &said)?;
    // The form's id is the nonce of the transaction, so the request can be named before it is signed.
    let request = RequestId::of(office.chain(), office.department(), &Nonce(form.id));
    let id = request.to_string();
    if let Some((_, applied)) = submission::again(office, officer, &form).await? {
        return Ok(submission::submitted(id, &applied));
    }
    office.not_behind()?;
    let decided = judged(office, officer, &input);
    let outcome = decided.as_ref().map_or_else(ServiceError::outcome, |_| "ok".to_owned());
    office.note(officer, Event::RequestSubmit, &id, &outcome).await?;
    let mut asked = decided?;
    asked.by = officer.by(office, request.as_bytes());
    let (_, applied) = submission::submit(office, officer, &form, Payload::SubmitRequest(asked)).await?;
    Ok(submission::submitted(id, &applied))
}

/// Reads the form and lets policy decide about it.
fn judged(office: &Office, officer: &Officer, input: &RequestInput) -> Result<SubmitRequest, ServiceError> {
    let id = entry_id(input)?;
    office.node().read(|snapshot| {
        let published = door::entry(snapshot, &id)?;
        let provider = door::department(snapshot, &published.provider)?;
        let door = Door::open(office, officer, snapshot)?;
        let latest = views::latest_version(snapshot, &id.code)?.ok_or(ServiceError::NotFound)?;
        catalogue::may_request(office, &door, &published, &provider, latest)?.into_result(Action::Request)?;
        let asked = read(office, officer, input, &published)?;
        let about =
            About { items: asked.items.clone(), purpose: Some(asked.purpose.clone()), grant_live: None };
        door::pass(Action::Request, door.decide(Action::Request, &published, &provider, about)?)?;
        Ok(asked)
    })
}

fn entry_id(input: &RequestInput) -> Result<EntryId, ServiceError> {
    let code = input.entry.parse().map_err(|_| ServiceError::NotFound)?;
    Ok(EntryId { code, version: input.version })
}

/// Modes of the entry that this version of the platform carries.
fn built_modes(published: &PublishedEntry) -> Vec<Mode> {
    published.entry.modes.iter().copied().filter(|mode| *mode == Mode::Query).collect()
}

/// Reads all fields and reports all mistakes at once, in the order of the form.
fn read(
    office: &Office,
    officer: &Officer,
    input: &RequestInput,
    published: &PublishedEntry,
) -> Result<SubmitRequest, ServiceError> {
    let mut mistakes = Mistakes::default();
    let purpose = mistakes.take("purpose", chosen(&input.purpose, &purpose::PURPOSES));
    let basis = mistakes.take("basis", chosen(&input.basis, &purpose::BASES));
    let items = mistakes.take("items", read_items(&input.items, published));
    let mode = mistakes.take("mode", read_mode(&input.mode, published));
    let quota = mistakes.take("quota", read_quota(&input.quota, limits::QUOTA_MAX));
    let period = read_period(&mut mistakes, office.now_ms(), &input.from, &input.until);
    mistakes.done()?;
    match (items, purpose, basis, mode, period, quota) {
        (Some(items), Some(purpose), Some(basis), Some(mode), Some((from, until)), Some(quota)) => {
            Ok(SubmitRequest {
                provider: published.provider.clone(),
                entry: published.entry.id.clone(),
                items,
                purpose,
                basis,
                mode,
                from,
                until,
                quota,
                documents: None,
                by: officer.by(office, &[]),
            })
        }
        _ => Err(ServiceError::Invalid(Vec::new())),
    }
}

fn read_items(codes: &[String], published: &PublishedEntry) -> Result<BTreeSet<ItemCode>, &'static str> {
    if codes.is_empty() {
        return Err("none-chosen");
    }
    codes
        .iter()
        .map(|code| {
            let code: ItemCode = code.parse().map_err(|_| "not-a-code")?;
            match published.entry.item(&code) {
                Some(item) if item.returnable => Ok(code),
                _ => Err("not-offered"),
            }
        })
        .collect()
}

fn read_mode(code: &str, published: &PublishedEntry) -> Result<Mode, &'static str> {
    let mode = Mode::from_code(code).ok_or(if code.is_empty() { "missing" } else { "not-a-code" })?;
    if built_modes(published).contains(&mode) { Ok(mode) } else { Err("not-offered") }
}
