//! Proposing an inspection: the form, its check, and what is kept until a second inspector reads it.

use std::collections::BTreeSet;

use gm::domain::Salt;
use gm::sm3::sm3;
use ledger::ids::{DepartmentId, InspectionId, Nonce, Time};
use ledger::inspection::InspectionScope;
use ledger::refusal::Refusal;
use serde::Serialize;

use crate::audit_log::Event;
use crate::catalogue::{self, Group};
use crate::codes::{FieldCode, OfficeRefusal};
use crate::error::ServiceError;
use crate::fields::{Mistakes, chosen, plain};
use crate::inspections::papers::{self, Paper};
use crate::names::{DepartmentRef, ms};
use crate::office::Office;
use crate::officer::{About, Officer};
use crate::scene::Scene;
use crate::{act, deadline, limits, purpose, staff};

/// The form of a proposal, empty but for its defaults.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectionForm {
    /// All departments but the own one.
    pub departments: Vec<DepartmentRef>,
    /// How many of them one inspection may name.
    pub departments_max: usize,
    /// Purpose codes of inspections.
    pub purposes: Vec<String>,
    /// Today, `2026-11-20`.
    pub today: String,
    /// Last day it may stay open.
    pub last_day: String,
    /// Longest time it may stay open, in days.
    pub days_max: u32,
    /// The form with its id and defaults.
    pub input: InspectionInput,
}

/// What the form says, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct InspectionInput {
    /// Drawn with the form; sent back unchanged.
    pub form_id: String,
    /// `all` or `named`.
    pub scope: String,
    /// Codes of the departments named.
    pub departments: Vec<String>,
    /// Of what happened from this day …
    pub from: String,
    /// … to this day.
    pub until: String,
    /// Last day on which something is looked at.
    pub ends: String,
    /// Purpose code.
    pub purpose: String,
    /// Case number.
    pub file_no: String,
    /// Document number of the warrant.
    pub warrant_no: String,
    /// Why, for the second inspector.
    pub reason: String,
}

/// Draws the form.
///
/// # Errors
/// Denied for who may inspect no department; refused `inspection.no-inspectorate`.
pub async fn form(office: &Office, officer: &Officer) -> Result<InspectionForm, ServiceError> {
    let groups = catalogue::groups(office.model()).await?;
    let form_id = act::draw()?;
    office.scene(officer, |scene| drawn(scene, &groups, form_id))
}

pub(super) fn drawn(
    scene: &Scene<'_>,
    groups: &[Group],
    form_id: String,
) -> Result<InspectionForm, ServiceError> {
    may_open(scene, groups)?;
    let today = deadline::day(ms(scene.now))
        .ok_or_else(|| ServiceError::fault("the clock is beyond the calendar", &scene.now))?;
    let day = |days: i64| today.saturating_add(jiff::Span::new().days(days)).to_string();
    Ok(InspectionForm {
        departments: scene.names.all().filter(|department| !department.own).cloned().collect(),
        departments_max: limits::INSPECTION_SCOPE_MAX,
        purposes: purpose::INSPECTION_PURPOSES.map(str::to_owned).to_vec(),
        today: today.to_string(),
        last_day: day(i64::from(limits::INSPECTION_DAYS_MAX) - 1),
        days_max: limits::INSPECTION_DAYS_MAX,
        input: InspectionInput {
            form_id,
            scope: String::from("named"),
            from: day(-i64::from(limits::INSPECTION_DAYS_DEFAULT)),
            until: day(i64::from(limits::INSPECTION_DAYS_DEFAULT)),
            ends: day(i64::from(limits::INSPECTION_DAYS_DEFAULT)),
            ..InspectionInput::default()
        },
    })
}

/// Who may open inspections: whom policy lets inspect something, in an inspectorate.
pub(super) fn may_open(scene: &Scene<'_>, groups: &[Group]) -> Result<(), ServiceError> {
    catalogue::open_to_inspect(scene, groups)?;
    if scene.department(scene.own())?.member.inspectorate {
        Ok(())
    } else {
        Err(ServiceError::refused(Refusal::InspectionNoInspectorate))
    }
}

/// Proposes an inspection; it waits in the office for a second inspector. The id is the inspection's.
///
/// # Errors
/// The fields that are wrong; refused `step-up.due`, `step-up.none`, `inspection.too-many`, `form.changed`,
/// `form.used`; as [`form`].
pub async fn propose(
    office: &Office,
    officer: &Officer,
    input: InspectionInput,
) -> Result<String, ServiceError> {
    let nonce = Nonce(act::parse_id(&input.form_id)?);
    let id = InspectionId::of(office.chain(), office.department(), &nonce);
    let said = toml::to_string(&input)
        .map_err(|error| ServiceError::fault("a form could not be encoded", &error))?;
    let said = sm3(&[said.as_bytes()]);
    if let Some(before) = papers::find(office, &id).await? {
        // A double click: the same paper, or another under the same id.
        return match () {
            () if before.staff != officer.staff() => Err(ServiceError::refused(OfficeRefusal::FormUsed)),
            () if before.said != said => Err(ServiceError::refused(OfficeRefusal::FormChanged)),
            () => Ok(id.to_string()),
        };
    }
    let groups = catalogue::groups(office.model()).await?;
    let now = office.now_ms();
    let waiting = papers::unopened(office).await?.iter().filter(|paper| paper.waits(now)).count();
    let read = office.scene(officer, |scene| {
        may_open(scene, &groups)?;
        staff::stepped_up(office, officer)?;
        if i64::try_from(waiting).is_ok_and(|waiting| waiting >= limits::PROPOSALS_MAX) {
            return Err(ServiceError::refused(Refusal::InspectionTooMany));
        }
        read(scene, &input)
    });
    let about = About { object: id.to_string(), items: Vec::new(), purpose: purpose_of(&read) };
    office.note_result(officer, Event::InspectionPropose, about, &read).await?;
    let Read { scope, from, until, ends, purpose, case_no, warrant_no, reason } = read?;
    let paper = Paper {
        id,
        nonce,
        staff: officer.staff(),
        said,
        scope,
        from,
        until,
        ends,
        purpose,
        case_no,
        case_salt: Salt::generate()?,
        warrant_no,
        warrant_salt: Salt::generate()?,
        reason,
        at: now,
        withdrawn_at: None,
    };
    papers::keep(office, &paper).await?;
    Ok(id.to_string())
}

fn purpose_of(read: &Result<Read, ServiceError>) -> String {
    read.as_ref()
        .map_or_else(|_| String::new(), |read| crate::purpose::inspection_text(read.purpose.as_str()))
}

/// A form without mistakes.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) scope: InspectionScope,
    pub(super) from: Time,
    pub(super) until: Time,
    pub(super) ends: Time,
    pub(super) purpose: ledger::ids::Code2,
    case_no: String,
    warrant_no: String,
    reason: String,
}

/// Reads all fields and reports all mistakes at once, in the order of the form.
pub(super) fn read(scene: &Scene<'_>, input: &InspectionInput) -> Result<Read, ServiceError> {
    let mut mistakes = Mistakes::default();
    let purpose = mistakes.take("purpose", chosen(&input.purpose, &purpose::INSPECTION_PURPOSES));
    let case_no = mistakes.take("file_no", plain(&input.file_no, limits::CASE_CHARS_MAX));
    let warrant_no = mistakes.take("warrant_no", plain(&input.warrant_no, limits::WARRANT_CHARS_MAX));
    let scope = mistakes.take("departments", read_scope(scene, input));
    let days = read_days(&mut mistakes, ms(scene.now), input);
    let reason = mistakes.take("reason", plain(&input.reason, limits::REASON_CHARS_MAX));
    let (
        Some(purpose),
        Some(case_no),
        Some(warrant_no),
        Some(scope),
        Some([from, until, ends]),
        Some(reason),
    ) = (purpose, case_no, warrant_no, scope, days, reason)
    else {
        return Err(mistakes.into());
    };
    mistakes.done()?;
    Ok(Read {
        scope,
        from,
        until,
        ends,
        purpose,
        case_no: case_no.to_owned(),
        warrant_no: warrant_no.to_owned(),
        reason: reason.to_owned(),
    })
}

fn read_scope(scene: &Scene<'_>, input: &InspectionInput) -> Result<InspectionScope, FieldCode> {
    match input.scope.as_str() {
        "all" => return Ok(InspectionScope::All),
        "named" => {}
        _ => return Err(FieldCode::NotOffered),
    }
    let known: BTreeSet<&str> =
        scene.names.all().filter(|department| !department.own).map(|department| &*department.id).collect();
    if input.departments.is_empty() {
        return Err(FieldCode::NoneChosen);
    }
    let named = input.departments.iter().map(|id| {
        let is_known = known.contains(id.as_str());
        is_known.then(|| id.parse::<DepartmentId>().ok()).flatten().ok_or(FieldCode::NotOffered)
    });
    let named: BTreeSet<DepartmentId> = named.collect::<Result<_, _>>()?;
    if named.len() > limits::INSPECTION_SCOPE_MAX {
        Err(FieldCode::TooLarge)
    } else {
        Ok(InspectionScope::Departments(named))
    }
}

/// First and last moment of what is looked at, and the last moment of looking.
fn read_days(mistakes: &mut Mistakes, now: i64, input: &InspectionInput) -> Option<[Time; 3]> {
    let day = |text: &str| match text.trim() {
        "" => Err(FieldCode::Missing),
        text => deadline::parse_day(text).ok_or(FieldCode::NotADate),
    };
    let from = mistakes.take("from", day(&input.from));
    let until = mistakes.take("until", day(&input.until));
    let ends = mistakes.take("ends", day(&input.ends));
    let (from, until, ends) = (from?, until?, ends?);
    let today = deadline::day(now)?;
    if from > today {
        mistakes.add("from", FieldCode::TooFar);
    }
    if until < from {
        mistakes.add("until", FieldCode::BeforeStart);
    } else if until > ends {
        // What happens after the end is looked at by nobody.
        mistakes.add("until", FieldCode::TooFar);
    }
    let last = today.saturating_add(jiff::Span::new().days(i64::from(limits::INSPECTION_DAYS_MAX) - 1));
    if ends < today {
        mistakes.add("ends", FieldCode::InThePast);
    } else if ends > last {
        mistakes.add("ends", FieldCode::TooFar);
    }
    let moment = |at: Option<i64>| u64::try_from(at?).ok().map(Time);
    let borders =
        [deadline::day_start_ms(from), deadline::day_end_ms(until), deadline::day_end_ms(ends)].map(moment);
    let [Some(from), Some(until), Some(ends)] = borders else { return None };
    Some([from, until, ends])
}

#[cfg(test)]
mod tests;
