//! Asking for access: the empty form, the rule check after each step, and the submission.

use std::collections::BTreeSet;

use access::{Action, Release};
use ledger::catalogue::{MaskRule, Mode, PublishedEntry, ShareType};
use ledger::ids::{Code2, EntryId, ItemCode, Nonce, RequestId, ResourceCode};
use ledger::refusal::Refusal;
use ledger::request::SubmitRequest;
use ledger::transaction::Payload;
use ledger::views;
use serde::Serialize;

use crate::act::{self, Act};
use crate::audit_log::Event;
use crate::catalogue::{self, ConditionView, EntryRef, ItemView};
use crate::codes::{FieldCode, OfficeRefusal};
use crate::countersigning::{self, Drafted, StepKind};
use crate::error::ServiceError;
use crate::fields::{Mistakes, chosen, read_period, read_quota};
use crate::names::{DepartmentRef, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::scene::Scene;
use crate::verdict::Verdict;
use crate::{deadline, limits, purpose};

/// A purpose the form offers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurposeChoice {
    /// Two digits.
    pub code: String,
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
    /// Highest grade.
    pub grade: u8,
    /// Published conditions of use.
    pub conditions: Vec<ConditionView>,
    /// Items that may be asked for.
    pub items: Vec<ItemView>,
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
    /// Most queries.
    pub quota_max: u64,
    /// Working days the provider has to answer.
    pub answer_days: Option<u32>,
    /// The form with its id and defaults.
    pub input: RequestInput,
}

/// What the form says, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
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
    /// Queries in all.
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
    let form_id = act::draw()?;
    office.scene(officer, |scene| drawn(scene, code, version, form_id))
}

pub(super) fn drawn(
    scene: &Scene<'_>,
    code: ResourceCode,
    version: Option<u32>,
    form_id: String,
) -> Result<RequestForm, ServiceError> {
    let now = ms(scene.now);
    let today =
        deadline::day(now).ok_or_else(|| ServiceError::fault("the clock is beyond the calendar", &now))?;
    let ahead = |days: u32| today.saturating_add(jiff::Span::new().days(i64::from(days))).to_string();
    let latest = views::latest_version(scene.reads, &code)?.ok_or(ServiceError::NotFound)?;
    let id = EntryId { code, version: version.unwrap_or(latest) };
    let offer = scene.offer(&id)?;
    let published = offer.asked();
    let provider = scene.department(&published.provider)?;
    catalogue::may_request(scene, &offer, &provider)?.into_result(Action::Request)?;
    let entry = &published.entry;
    let modes = built_modes(published);
    let mut purposes = Vec::new();
    for code in purpose::codes() {
        let decision = scene.request(&offer, &provider, &BTreeSet::new(), &code)?;
        purposes.push(PurposeChoice { code: code.to_string(), verdict: Verdict::of(&decision) });
    }
    Ok(RequestForm {
        entry: catalogue::reference(published),
        provider: scene.names.of(published.provider.as_str()),
        grade: entry.grade,
        conditions: catalogue::conditions(published),
        items: entry.items.iter().filter(|item| item.returnable).map(catalogue::item_view).collect(),
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
    office.scene(officer, |scene| checked(scene, input))
}

pub(super) fn checked(scene: &Scene<'_>, input: &RequestInput) -> Result<Option<RequestCheck>, ServiceError> {
    let offer = scene.offer(&entry_id(input)?)?;
    let published = offer.asked();
    let provider = scene.department(&published.provider)?;
    let items: BTreeSet<ItemCode> = input
        .items
        .iter()
        .filter_map(|code| code.parse().ok())
        .filter(|code| published.entry.item(code).is_some())
        .collect();
    let Some(purpose) = input.purpose.parse::<Code2>().ok().filter(|_| !items.is_empty()) else {
        return Ok(None);
    };
    let decision = scene.request(&offer, &provider, &items, &purpose)?;
    let beyond = scene.over_asked(&purpose, &items);
    let duties = items
        .iter()
        .map(|item| {
            let left = offer.release(item, None, &decision.obligations);
            ItemDuty {
                item: item.to_string(),
                mask: left.mask(),
                dropped: left == Release::Withheld,
                beyond_need: beyond.contains(item),
            }
        })
        .collect();
    Ok(Some(RequestCheck { verdict: Verdict::of(&decision), duties }))
}

/// Asks for access: checks the form, decides, and keeps the request for a second officer, who signs it.
///
/// # Errors
/// The fields that are wrong; refused, denied, behind; faults.
pub async fn request_access(
    office: &Office,
    officer: &Officer,
    input: RequestInput,
) -> Result<Drafted, ServiceError> {
    // The form's id is the nonce of the transaction, so the request can be named before it is signed.
    let nonce = Nonce(act::parse_id(&input.form_id)?);
    let chain = office.chain_of(&entry_id(&input)?);
    let request = RequestId::of(chain, office.department(), &nonce);
    let id = request.to_string();
    let act = Act::new(Event::RequestDraft, &id, &input.form_id, &input)?;
    let judge = |scene: &Scene<'_>| {
        if views::request(scene.reads, &request)?.is_some() {
            return Err(ServiceError::refused(Refusal::RequestExists));
        }
        asked(scene, &request, &input)
    };
    countersigning::draft(office, officer, StepKind::Request, act, judge).await
}

/// Reads the form and lets policy decide about it.
pub(crate) fn asked(
    scene: &Scene<'_>,
    request: &RequestId,
    input: &RequestInput,
) -> Result<Payload, ServiceError> {
    let id = entry_id(input)?;
    let offer = scene.offer(&id)?;
    let provider = scene.department(&offer.asked().provider)?;
    catalogue::may_request(scene, &offer, &provider)?.into_result(Action::Request)?;
    let asked = read(scene, request, input, offer.asked())?;
    let decision = scene.request(&offer, &provider, &asked.items, &asked.purpose)?;
    Verdict::of(&decision).into_result(Action::Request)?;
    Ok(Payload::SubmitRequest(asked))
}

/// Whether a request that was drafted may be sent by this officer now.
pub(crate) fn open_to_ask(scene: &Scene<'_>, asked: &SubmitRequest) -> Result<(), ServiceError> {
    let (offer, provider) = (scene.offer(&asked.entry)?, scene.department(&asked.provider)?);
    let state = if offer.share_type() == ShareType::NotShared {
        Verdict::no(OfficeRefusal::EntryNotShared)
    } else if offer.is_outdated() {
        Verdict::no(OfficeRefusal::EntrySuperseded)
    } else if asked.until <= scene.now {
        Verdict::no(Refusal::RequestPeriod)
    } else {
        Verdict::of(&scene.request(&offer, &provider, &asked.items, &asked.purpose)?)
    };
    state.into_result(Action::Request)
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
    scene: &Scene<'_>,
    request: &RequestId,
    input: &RequestInput,
    published: &PublishedEntry,
) -> Result<SubmitRequest, ServiceError> {
    let mut mistakes = Mistakes::default();
    let purpose = mistakes.take("purpose", chosen(&input.purpose, &purpose::PURPOSES));
    let basis = mistakes.take("basis", chosen(&input.basis, &purpose::BASES));
    let items = mistakes.take("items", read_items(&input.items, published));
    let mode = mistakes.take("mode", read_mode(&input.mode, published));
    let quota = mistakes.take("quota", read_quota(&input.quota, limits::QUOTA_MAX));
    let period = read_period(&mut mistakes, ms(scene.now), &input.from, &input.until);
    let (Some(items), Some(purpose), Some(basis), Some(mode), Some((from, until)), Some(quota)) =
        (items, purpose, basis, mode, period, quota)
    else {
        return Err(mistakes.into());
    };
    mistakes.done()?;
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
        // Until another countersigns: no chain takes one officer alone.
        second: scene.by(request.as_bytes()),
        seals: None,
        by: scene.by(request.as_bytes()),
    })
}

fn read_items(codes: &[String], published: &PublishedEntry) -> Result<BTreeSet<ItemCode>, FieldCode> {
    if codes.is_empty() {
        return Err(FieldCode::NoneChosen);
    }
    codes
        .iter()
        .map(|code| {
            let code: ItemCode = code.parse().map_err(|_| FieldCode::NotACode)?;
            match published.entry.item(&code) {
                Some(item) if item.returnable => Ok(code),
                _ => Err(FieldCode::NotOffered),
            }
        })
        .collect()
}

fn read_mode(code: &str, published: &PublishedEntry) -> Result<Mode, FieldCode> {
    let mode = Mode::from_code(code).ok_or(if code.is_empty() {
        FieldCode::Missing
    } else {
        FieldCode::NotACode
    })?;
    if built_modes(published).contains(&mode) { Ok(mode) } else { Err(FieldCode::NotOffered) }
}
