//! What waits for an officer, by time left.

use ledger::role::Role;

use crate::deadline::Light;
use crate::grants::GrantRow;
use crate::officer::Officer;
use crate::requests::{RequestRow, RequestState};
use crate::worklist::view::{Task, TaskKind};
use crate::{grants, limits};

pub(super) fn is_pressing(row: &RequestRow) -> bool {
    row.deadline.is_some_and(|deadline| deadline.due_today || deadline.light == Light::Red)
}

pub(super) const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What waits for the officer's role, by time left.
pub(super) fn tasks(
    officer: &Officer,
    now: i64,
    received: &[RequestRow],
    own: &[RequestRow],
    grants: &[GrantRow],
) -> Vec<Task> {
    let mut tasks: Vec<Task> = Vec::new();
    tasks.extend(received.iter().filter(|row| row.may_decide).map(|row| decide_task(now, row)));
    if officer.role() == Role::ReqOperator {
        let recent = now - limits::HOME_DAYS * DAY_MS;
        tasks.extend(
            own.iter()
                .filter(|row| row.state == RequestState::Refused)
                .filter(|row| row.decided_at.is_some_and(|at| at >= recent))
                .map(refused_task),
        );
    }
    tasks.extend(grants.iter().filter(|row| row.ending).map(|row| renew_task(now, row)));
    tasks.sort_by_key(|task| task.due_at.unwrap_or(i64::MAX));
    tasks.truncate(limits::HOME_TASKS_MAX);
    tasks
}

fn decide_task(now: i64, row: &RequestRow) -> Task {
    let due_at = row.deadline.map(|deadline| deadline.due_at);
    Task {
        kind: TaskKind::Decide,
        id: row.id.clone(),
        number: row.number.clone(),
        entry: row.entry.clone(),
        department: row.requester.clone(),
        purpose: row.purpose.clone(),
        items: row.items,
        due_at,
        deadline: row.deadline,
        days_left: due_at.map_or(0, |due| grants::days_left(now, due)),
        light: row.deadline.map_or(Light::Green, |deadline| deadline.light),
    }
}

fn refused_task(row: &RequestRow) -> Task {
    Task {
        kind: TaskKind::Refused,
        id: row.id.clone(),
        number: row.number.clone(),
        entry: row.entry.clone(),
        department: row.provider.clone(),
        purpose: row.purpose.clone(),
        items: row.items,
        due_at: None,
        deadline: None,
        days_left: 0,
        light: Light::Yellow,
    }
}

fn renew_task(now: i64, row: &GrantRow) -> Task {
    Task {
        kind: TaskKind::Renew,
        id: row.id.clone(),
        number: row.number.clone(),
        entry: row.entry.clone(),
        department: row.provider.clone(),
        purpose: row.purpose.clone(),
        items: row.items,
        due_at: Some(row.until),
        deadline: None,
        days_left: grants::days_left(now, row.until),
        light: Light::Yellow,
    }
}
