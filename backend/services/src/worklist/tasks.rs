//! What waits for an officer, by time left.

use ledger::role::Role;

use crate::catalogue::EntryRef;
use crate::countersigning::{StepState, WaitingRow};
use crate::deadline::Light;
use crate::grants::GrantRow;
use crate::inspections::InspectionRow;
use crate::names::DepartmentRef;
use crate::policies::WaitingDraft;
use crate::queries::QueryRow;
use crate::requests::{RequestRow, RequestState};
use crate::words::Words;
use crate::worklist::view::{Task, TaskKind};
use crate::{grants, limits};

pub(super) fn is_pressing(row: &RequestRow) -> bool {
    row.deadline.is_some_and(|deadline| deadline.due_today || deadline.light == Light::Red)
}

/// What tasks are made from, each list the newest of its kind.
pub(super) struct Found<'a> {
    /// Steps that the officer drafted or could countersign.
    pub(super) steps: &'a [WaitingRow],
    /// Requests of others that wait for the own department.
    pub(super) received: &'a [RequestRow],
    /// The own department's requests.
    pub(super) sent: &'a [RequestRow],
    /// Grants held and in force.
    pub(super) live: &'a [GrantRow],
    /// Grants held that were ended before their time, not long ago.
    pub(super) ended: &'a [GrantRow],
    /// The officer's own queries of the last day that brought nothing.
    pub(super) failed: &'a [QueryRow],
    /// Inspections that wait for an inspector, or looked at the own department.
    pub(super) inspections: &'a [(TaskKind, InspectionRow)],
    /// Drafts of policies that wait for the officer's countersignature.
    pub(super) drafts: &'a [WaitingDraft],
}

/// What waits for the officer's role, by time left; after it what happened to what the officer asked for.
pub(super) fn tasks(role: Role, now: i64, found: &Found<'_>) -> Vec<Task> {
    let recent = now - limits::HOME_DAYS * limits::DAY_MS;
    let asks = matches!(role, Role::ReqOperator | Role::BizUser);
    let mut tasks: Vec<Task> = Vec::new();
    tasks.extend(found.steps.iter().map(|row| of_step(now, row)));
    tasks.extend(found.drafts.iter().map(of_draft));
    tasks.extend(found.received.iter().filter(|row| row.may_decide).map(|row| of_received(now, row)));
    tasks.extend(
        found
            .live
            .iter()
            .filter(|row| row.ending)
            .map(|row| Task { due_at: Some(row.until), ..of_grant(TaskKind::Renew, row) })
            .map(|task| Task { days_left: grants::days_left(now, task.due_at.unwrap_or(now)), ..task }),
    );
    if asks {
        tasks.extend(found.ended.iter().map(|row| of_grant(TaskKind::Revoked, row)));
        // Until someone used it, a new grant is news.
        let unused = found.live.iter().filter(|row| row.used == 0 && row.at >= recent);
        tasks.extend(unused.map(|row| of_grant(TaskKind::Granted, row)));
    }
    if role == Role::ReqOperator {
        let refused = found.sent.iter().filter(|row| row.state == RequestState::Refused);
        let refused = refused.filter(|row| row.decided_at.is_some_and(|at| at >= recent));
        tasks.extend(refused.map(of_refused));
    }
    tasks.extend(found.failed.iter().map(of_failed));
    tasks.extend(found.inspections.iter().map(|(kind, row)| of_inspection(*kind, row, now)));
    tasks.sort_by_key(|task| task.due_at.unwrap_or(i64::MAX));
    tasks.truncate(limits::HOME_TASKS_MAX);
    tasks
}

fn of_step(now: i64, row: &WaitingRow) -> Task {
    let kind = match (row.own, row.state) {
        (_, StepState::SentBack) => TaskKind::SentBack,
        (true, _) if row.unsealed => TaskKind::Seal,
        (true, _) => TaskKind::Drafted,
        (false, _) => TaskKind::Countersign,
    };
    let number = row.request.as_ref().map(|request| request.number.as_str()).unwrap_or_default();
    Task {
        department: row.department.clone(),
        purpose: row.purpose.clone(),
        items: row.items,
        due_at: Some(row.lapses_at),
        days_left: grants::days_left(now, row.lapses_at),
        ..news(kind, &row.id, number, &row.entry)
    }
}

fn of_received(now: i64, row: &RequestRow) -> Task {
    let due_at = row.deadline.map(|deadline| deadline.due_at);
    Task {
        kind: TaskKind::Decide,
        department: row.requester.clone(),
        due_at,
        deadline: row.deadline,
        days_left: due_at.map_or(0, |due| grants::days_left(now, due)),
        light: row.deadline.map_or(Light::Green, |deadline| deadline.light),
        ..of_refused(row)
    }
}

fn of_refused(row: &RequestRow) -> Task {
    let task = news(TaskKind::Refused, &row.id, &row.number, &row.entry);
    Task { department: row.provider.clone(), purpose: row.purpose.clone(), items: row.items, ..task }
}

fn of_grant(kind: TaskKind, row: &GrantRow) -> Task {
    let task = news(kind, &row.id, &row.number, &row.entry);
    Task { department: row.provider.clone(), purpose: row.purpose.clone(), items: row.items, ..task }
}

/// A draft has no time limit of its own; it is not in force before.
fn of_draft(draft: &WaitingDraft) -> Task {
    let number = draft.number.to_string();
    let task = news(TaskKind::PolicyDraft, &draft.layer.owner, &number, &EntryRef::default());
    Task { department: draft.layer.writer.clone().unwrap_or_default(), ..task }
}

fn of_failed(row: &QueryRow) -> Task {
    let task = news(TaskKind::Failed, &row.id, &row.case_no, &row.entry);
    Task { department: row.provider.clone(), purpose: row.purpose.clone(), ..task }
}

fn of_inspection(kind: TaskKind, row: &InspectionRow, now: i64) -> Task {
    let nothing = EntryRef { code: String::new(), version: 0, name: Words::default() };
    let number = row.number.clone().unwrap_or_default();
    let due_at = (kind == TaskKind::Conclude).then_some(row.ends);
    Task {
        department: row.inspectorate.clone(),
        purpose: format!("inspection-{}", row.purpose),
        due_at,
        days_left: due_at.map_or(0, |due| grants::days_left(now, due)),
        light: if kind == TaskKind::Conclude { Light::Red } else { Light::Yellow },
        ..news(kind, &row.id, &number, &nothing)
    }
}

/// A task without a time limit.
fn news(kind: TaskKind, id: &str, number: &str, entry: &EntryRef) -> Task {
    Task {
        kind,
        id: id.to_owned(),
        number: number.to_owned(),
        entry: entry.clone(),
        department: DepartmentRef::default(),
        purpose: String::new(),
        items: 0,
        due_at: None,
        deadline: None,
        days_left: 0,
        light: if kind == TaskKind::Granted { Light::Green } else { Light::Yellow },
    }
}

#[cfg(test)]
mod tests;
