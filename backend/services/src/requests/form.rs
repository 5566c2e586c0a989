//! Asking for access: the empty form, the rule check after each step, and the submission.

use std::collections::BTreeSet;

use access::Action;
use ledger::catalogue::{MaskRule, Mode, PublishedEntry, ShareType};
use ledger::ids::{Code2, EntryId, ItemCode, Nonce, RequestId, ResourceCode, Time};
use ledger::request::SubmitRequest;
use ledger::transaction::Payload;
use ledger::views;

use crate::audit_log::Event;
use crate::catalogue::{self, ConditionView, EntryRef, ItemView};
use crate::departments::{DepartmentRef, Names};
use crate::door::{self, About, Door};
use crate::error::{Mistakes, ServiceError};
use crate::office::Office;
use crate::requests::day_text;
use crate::staff::Officer;
use crate::submission::{self, Form, Submitted};
use crate::verdict::Verdict;
use crate::{deadline, limits, purpose};

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

/// A code that must be one of those offered.
pub(crate) fn chosen(code: &str, offered: &[&str]) -> Result<Code2, &'static str> {
    match code {
        "" => Err("missing"),
        _ if !offered.contains(&code) => Err("not-offered"),
        _ => code.parse().map_err(|_| "not-a-code"),
    }
}

fn read_mode(code: &str, published: &PublishedEntry) -> Result<Mode, &'static str> {
    let mode = Mode::from_code(code).ok_or(if code.is_empty() { "missing" } else { "not-a-code" })?;
    if built_modes(published).contains(&mode) { Ok(mode) } else { Err("not-offered") }
}

/// First and last moment of a period given in days of UTC+8.
pub(crate) fn read_period(
    mistakes: &mut Mistakes,
    now: i64,
    from: &str,
    until: &str,
) -> Option<(Time, Time)> {
    let day = |text: &str| match text.trim() {
        "" => Err("missing"),
        text => deadline::parse_day(text).ok_or("not-a-date"),
    };
    let from = mistakes.take("from", day(from));
    let until = mistakes.take("until", day(until));
    let (from, until) = (from?, until?);
    let today = deadline::day(now)?;
    let days = |a: jiff::civil::Date, b: jiff::civil::Date| {
        a.until((jiff::Unit::Day, b)).map_or(i64::MAX, |span| i64::from(span.get_days()))
    };
    if days(today, from) < 0 {
        mistakes.add("from", "in-the-past");
    } else if days(today, from) > i64::from(limits::START_DAYS_AHEAD_MAX) {
        mistakes.add("from", "too-far");
    }
    if days(from, until) < 0 {
        mistakes.add("until", "before-start");
    } else if days(from, until) >= i64::from(limits::PERIOD_DAYS_MAX) {
        mistakes.add("until", "too-far");
    }
    let moment = |at: i64| u64::try_from(at).ok().map(Time);
    Some((moment(deadline::day_start_ms(from)?)?, moment(deadline::day_end_ms(until)?)?))
}

/// A number of enquiries, at least one.
pub(crate) fn read_quota(text: &str, max: u64) -> Result<u32, &'static str> {
    let text = text.trim();
    if text.is_empty() {
        return Err("missing");
    }
    match text.parse::<u64>() {
        Err(_) => Err("not-a-number"),
        Ok(0) => Err("too-small"),
        Ok(number) if number > max => Err("too-large"),
        Ok(number) => u32::try_from(number).map_err(|_| "too-large"),
    }
}

/// The days of a period, for a form that narrows it.
pub(crate) fn period_days(from: Time, until: Time) -> (String, String) {
    (day_text(crate::office::ms(from)), day_text(crate::office::ms(until)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> i64 {
        deadline::day_start_ms(deadline::parse_day("2026-11-20").unwrap()).unwrap() + 10 * 3_600_000
    }

    fn period(from: &str, until: &str) -> Result<(Time, Time), ServiceError> {
        let mut mistakes = Mistakes::default();
        let read = read_period(&mut mistakes, now(), from, until);
        mistakes.done()?;
        Ok(read.unwrap())
    }

    #[test]
    fn a_period_runs_from_the_first_to_the_last_moment_of_its_days() {
        let (from, until) = period("2026-11-20", "2026-11-20").unwrap();
        assert_eq!(until.0 - from.0, 24 * 60 * 60 * 1000 - 1);
        assert!(from.0 < now().unsigned_abs(), "today counts from its first moment");
    }

    #[test]
    fn a_period_in_the_past_too_long_or_backwards_is_refused() {
        for (from, until, field, code) in [
            ("2026-11-19", "2026-11-30", "from", "in-the-past"),
            ("2027-11-19", "2027-11-30", "from", "too-far"),
            ("2026-11-20", "2027-11-21", "until", "too-far"),
            ("2026-11-25", "2026-11-24", "until", "before-start"),
            ("2026-11-25", "", "until", "missing"),
            ("tomorrow", "2026-11-25", "from", "not-a-date"),
        ] {
            assert_eq!(period(from, until), Err(ServiceError::field(field, code)), "{from} {until}");
        }
    }

    #[test]
    fn a_quota_is_a_number_from_one_to_the_bound() {
        assert_eq!(read_quota(" 200 ", 1000), Ok(200));
        for (text, code) in [
            ("", "missing"),
            ("0", "too-small"),
            ("1001", "too-large"),
            ("-1", "not-a-number"),
            ("1e3", "not-a-number"),
        ] {
            assert_eq!(read_quota(text, 1000), Err(code), "{text}");
        }
    }

    #[test]
    fn only_offered_codes_are_chosen() {
        assert!(chosen("01", &purpose::PURPOSES).is_ok());
        assert_eq!(chosen("", &purpose::PURPOSES), Err("missing"));
        assert_eq!(chosen("99", &purpose::PURPOSES), Err("not-offered"));
    }
}
