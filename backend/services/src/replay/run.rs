//! Beginning a replay, looking at it, ending it.

use std::sync::Arc;
use std::time::Duration;

use exchange::replay::{Finding, Period, Replay, ReplayError, Source, Wanted};
use ledger::ids::{DepartmentId, Time};
use ledger::role::Role;

use super::runs::{At, End, Full, Run};
use super::view::{FindingRow, ReplayForm, ReplayInput, ReplayRow, ReplayView, WhatRow};
use crate::audit_log::Event;
use crate::codes::{Code, FieldCode, OfficeRefusal};
use crate::error::ServiceError;
use crate::fields::Mistakes;
use crate::names::{DepartmentRef, Names, ms, receipt_number};
use crate::office::Office;
use crate::officer::{Officer, short};
use crate::page::Wanted as WantedPage;
use crate::{act, deadline, limits};

/// Whose decisions someone in this role may judge again: those of the own department, who watches over it;
/// those of others, who inspects for an inspectorate.
const fn may_replay(role: Role, is_inspectorate: bool, is_own: bool) -> bool {
    match role {
        Role::SecAdmin | Role::AuditAdmin => is_own,
        Role::Inspector => is_inspectorate && !is_own,
        Role::BizUser
        | Role::ReqOperator
        | Role::ProvApprover
        | Role::SysAdmin
        | Role::CatalogEditor
        | Role::CatalogReviewer
        | Role::DeptLead
        | Role::DataOwnerOps
        | Role::CompReviewer
        | Role::CompMediator
        | Role::Reader => false,
    }
}

/// The form, with the officer's runs.
///
/// # Errors
/// Refused `replay.not-yours` for who may judge nobody's decisions again; faults.
pub async fn form(office: &Office, officer: &Officer) -> Result<ReplayForm, ServiceError> {
    let names = names(office)?;
    let departments = departments(office, officer, &names);
    if departments.is_empty() {
        return Err(ServiceError::refused(OfficeRefusal::ReplayNotYours));
    }
    let now = office.now_ms();
    let today = crate::names::day_text(now);
    let month = today.get(..8).map(|month| format!("{month}01")).unwrap_or_default();
    let input = ReplayInput {
        department: departments.first().map(|department| department.id.clone()).unwrap_or_default(),
        from: month,
        until: today,
    };
    let runs = office.replays().of(officer.staff());
    let runs = runs.iter().map(|(id, run)| row(id, run, &run.at(), &names)).collect();
    Ok(ReplayForm { departments, input, runs, days_max: u64::from(limits::REPLAY_DAYS_MAX.unsigned_abs()) })
}

fn names(office: &Office) -> Result<Arc<Names>, ServiceError> {
    office.node().read(|snapshot| office.names(snapshot))
}

fn departments(office: &Office, officer: &Officer, names: &Names) -> Vec<DepartmentRef> {
    let is_inspectorate = office.own().inspectorate;
    let may = |department: &&DepartmentRef| may_replay(officer.role(), is_inspectorate, department.own);
    names.all().filter(may).cloned().collect()
}

/// Begins a run; gives its id. It goes on beside the handlers until it is through or stopped.
///
/// # Errors
/// The fields that are wrong; refused `replay.not-yours`, or `replay.busy` while one of the officer's or a few
/// of the office's are under way; a run that cannot be noted is not begun.
pub async fn start(office: &Office, officer: &Officer, input: ReplayInput) -> Result<String, ServiceError> {
    let (department, period) = read(&input)?;
    let is_own = department == *office.department();
    let may = may_replay(officer.role(), office.own().inspectorate, is_own);
    let known = names(office)?.all().any(|known| known.id == department.as_str());
    let decided = if may && known {
        begin(office, officer, department.clone(), period)
    } else {
        Err(ServiceError::refused(OfficeRefusal::ReplayNotYours))
    };
    let about = format!("department={department} from={} until={}", input.from, input.until);
    let noted = office.note_result(officer, Event::ReplayRun, &about, &decided).await;
    let (id, run) = decided?;
    if let Err(unnoted) = noted {
        // It holds a place; nothing of it was begun.
        run.is_at(|at| at.end = Some(End::Stopped));
        return Err(unnoted);
    }
    let (office, source) = (office.clone(), if is_own { Source::Own } else { Source::Asked });
    let here = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || here.block_on(go(office, run, source)));
    Ok(id)
}

fn begin(
    office: &Office,
    officer: &Officer,
    department: DepartmentId,
    period: Period,
) -> Result<(String, Arc<Run>), ServiceError> {
    let id = act::draw()?;
    let run = Arc::new(Run::new(officer.staff(), department, period, office.now_ms()));
    match office.replays().begin(id.clone(), Arc::clone(&run)) {
        Ok(()) => Ok((id, run)),
        Err(Full) => Err(ServiceError::refused(OfficeRefusal::ReplayBusy)),
    }
}

/// Goes through the period, page by page.
async fn go(office: Office, run: Arc<Run>, source: Source) {
    let end = match through(&office, &run, source).await {
        Ok(end) => end,
        Err(ReplayError::Refused(code)) => End::Refused(Code::from(code)),
        Err(ReplayError::Fault(fault)) => End::Failed(match ServiceError::from(fault) {
            ServiceError::Fault { number } => number,
            other => other.outcome(),
        }),
    };
    let unrecorded = match (&end, source) {
        (End::Done, Source::Own) => office.exchange().unrecorded(run.period).await.ok(),
        _ => None,
    };
    run.is_at(|at| {
        at.unrecorded = unrecorded;
        at.end = Some(end);
    });
}

async fn through(office: &Office, run: &Run, source: Source) -> Result<End, ReplayError> {
    let mut replay = Replay::new(run.department.clone(), run.period, source)?;
    let exchange = office.exchange();
    let openings = async |wanted: &[Wanted]| match source {
        Source::Own => Ok(exchange.openings(wanted).await?),
        Source::Asked => exchange.openings_of(&run.department, INSPECTION, wanted).await,
    };
    loop {
        if run.is_stopped() {
            return Ok(End::Stopped);
        }
        let progress = replay.page(office.node(), &openings).await?;
        let tally = Arc::new(replay.tally().clone());
        run.is_at(|at| {
            at.progress = progress;
            at.tally = tally;
        });
        if progress.is_over() {
            return Ok(End::Done);
        }
        tokio::task::yield_now().await;
    }
}

/// The seam for inspections on the chain: under which the department looked at opens its decisions.
const INSPECTION: Option<[u8; 32]> = None;

/// A run of the officer's with what it found.
///
/// # Errors
/// Not found, also for another officer's.
pub async fn show(
    office: &Office,
    officer: &Officer,
    id: &str,
    page: u64,
) -> Result<ReplayView, ServiceError> {
    let run = office.replays().find(officer.staff(), id).ok_or(ServiceError::NotFound)?;
    let opens_receipts = !officer.role().is_administrator();
    Ok(ReplayView { opens_receipts, ..view(id, &run, page, &*names(office)?) })
}

/// The same once it has another stamp, or the wait is over.
///
/// # Errors
/// As [`show`].
pub async fn wait(
    office: &Office,
    officer: &Officer,
    id: &str,
    stamp: u64,
    patience: Duration,
) -> Result<ReplayView, ServiceError> {
    let run = office.replays().find(officer.staff(), id).ok_or(ServiceError::NotFound)?;
    let mut follow = run.follow();
    let moved = follow.wait_for(|at| at.stamp != stamp);
    // A run that stands still is shown as it stands.
    tokio::time::timeout(patience.min(Duration::from_millis(limits::WAIT_MS_MAX)), moved).await.ok();
    show(office, officer, id, 1).await
}

/// Ends a run after the page it is at.
///
/// # Errors
/// Not found, also for another officer's.
pub async fn stop(office: &Office, officer: &Officer, id: &str) -> Result<(), ServiceError> {
    let run = office.replays().find(officer.staff(), id).ok_or(ServiceError::NotFound)?;
    office.note(officer, Event::ReplayStop, &format!("run={}", short(id)), "ok").await?;
    run.stop();
    Ok(())
}

fn read(input: &ReplayInput) -> Result<(DepartmentId, Period), ServiceError> {
    let mut mistakes = Mistakes::default();
    let department = input.department.trim().parse::<DepartmentId>().map_err(|_| FieldCode::NotACode);
    let department = mistakes.take("department", department);
    let day = |text: &str| deadline::parse_day(text.trim()).ok_or(FieldCode::NotADate);
    let (from, until) = (mistakes.take("from", day(&input.from)), mistakes.take("until", day(&input.until)));
    if let (Some(from), Some(until)) = (from, until) {
        if until < from {
            mistakes.add("until", FieldCode::BeforeStart);
        } else if until.since(from).map_or(i32::MAX, |span| span.get_days()) >= limits::REPLAY_DAYS_MAX {
            mistakes.add("until", FieldCode::TooFar);
        }
    }
    mistakes.done()?;
    let moment = |at: Option<i64>| at.and_then(|at| u64::try_from(at).ok()).map(Time);
    let start = moment(from.and_then(deadline::day_start_ms));
    let end = moment(until.and_then(|day| day.tomorrow().ok()).and_then(deadline::day_start_ms));
    match (department, start, end) {
        (Some(department), Some(from), Some(until)) => Ok((department, Period { from, until })),
        _ => Err(ServiceError::field("from", FieldCode::NotADate)),
    }
}

fn row(id: &str, run: &Run, at: &At, names: &Names) -> ReplayRow {
    ReplayRow {
        id: id.to_owned(),
        department: names.of(run.department.as_str()),
        from: ms(run.period.from),
        until: ms(run.period.until).saturating_sub(1),
        begun: run.begun,
        state: at.state(),
        found: at.tally.found,
    }
}

fn view(id: &str, run: &Run, page: u64, names: &Names) -> ReplayView {
    let at = run.at();
    let tally = &at.tally;
    let wanted = WantedPage::new(page, limits::ROWS_PER_PAGE);
    let skipped = usize::try_from(wanted.offset()).unwrap_or(usize::MAX);
    let shown = usize::try_from(wanted.per_page).unwrap_or(usize::MAX);
    let rows = tally.findings.iter().skip(skipped).take(shown).map(finding).collect();
    let listed = tally.findings.len() as u64;
    let (reason, fault) = match &at.end {
        Some(End::Refused(code)) => (Some(*code), None),
        Some(End::Failed(number)) => (None, Some(number.clone())),
        Some(End::Done | End::Stopped) | None => (None, None),
    };
    ReplayView {
        row: row(id, run, &at, names),
        stamp: at.stamp,
        blocks_done: at.progress.done,
        blocks: at.progress.of,
        records: tally.records,
        judged: tally.judged,
        same: tally.same,
        facts: tally.facts,
        aged: tally.aged,
        unrecorded: at.unrecorded,
        findings: wanted.filled(rows, listed),
        unlisted: tally.found.saturating_sub(listed),
        reason,
        fault,
        opens_receipts: false,
    }
}

fn finding(finding: &Finding) -> FindingRow {
    let (receipt, at) = (finding.query.to_string(), ms(finding.at));
    FindingRow {
        number: receipt_number(at, &receipt),
        receipt,
        height: finding.height.0,
        at,
        side: finding.side.code(),
        what: finding.what.iter().map(|what| WhatRow { code: what.code(), detail: what.detail() }).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_watches_looks_at_their_own_and_who_inspects_at_others() {
        for role in Role::ALL.iter().copied() {
            let own = matches!(role, Role::SecAdmin | Role::AuditAdmin);
            assert_eq!(may_replay(role, false, true), own, "{role}");
            assert_eq!(may_replay(role, true, true), own, "{role}");
            assert_eq!(may_replay(role, true, false), role == Role::Inspector, "{role}");
            assert!(!may_replay(role, false, false), "{role}");
        }
    }

    #[test]
    fn a_period_is_whole_days_and_bounded() {
        let read = |from: &str, until: &str| {
            let department = "12510100X00000318P".to_owned();
            read(&ReplayInput { department, from: from.into(), until: until.into() })
        };
        let (_, day) = read("2026-11-01", "2026-11-01").unwrap();
        assert_eq!(day.until.0 - day.from.0, 24 * 60 * 60 * 1000);
        let wrong = |from, until| match read(from, until) {
            Err(ServiceError::Invalid(fields)) => fields.iter().map(|f| (f.field, f.code)).collect(),
            other => panic!("{other:?}"),
        };
        let none: Vec<(&str, FieldCode)> = wrong("2026-11-02", "2026-11-01");
        assert_eq!(none, [("until", FieldCode::BeforeStart)]);
        assert_eq!(wrong("2025-11-01", "2026-11-02"), [("until", FieldCode::TooFar)]);
        assert_eq!(wrong("x", "2026-11-01"), [("from", FieldCode::NotADate)]);
    }
}
