//! One query: its course, why it was denied, and the opened answer.

use std::time::Duration;

use exchange::{DeniedBy, OpenedAnswer, QueryState};
use ledger::catalogue::PublishedEntry;
use ledger::ids::{QueryId, Time};

use crate::audit_log::Event;
use crate::codes::Code;
use crate::error::ServiceError;
use crate::names::{GrantRef, ms};
use crate::office::Office;
use crate::officer::Officer;
use crate::queries::list::{queries, row};
use crate::queries::view::{
    Cell, DenialView, QueryRow, QueryStep, QueryView, ResultView, StepKind, Withheld, WithheldReason,
};
use crate::scene::Scene;
use crate::words::Words;
use crate::{catalogue, grants, limits, staff};

/// A query of the officer's own.
///
/// # Errors
/// Not found, also for a query of a colleague.
pub async fn show(office: &Office, officer: &Officer, id: &str) -> Result<QueryView, ServiceError> {
    let id: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let query = own_query(office, officer, &id).await?;
    view(office, officer, query).await
}

/// The same once it changed from what `stamp` stood for, or after `patience`.
///
/// # Errors
/// As [`show`]; refused `session.ended` when the officer may work no more by then.
pub async fn wait(
    office: &Office,
    officer: &Officer,
    id: &str,
    stamp: u64,
    patience: Duration,
) -> Result<QueryView, ServiceError> {
    let id: QueryId = id.parse().map_err(|_| ServiceError::NotFound)?;
    // Only who asked may wait for it.
    own_query(office, officer, &id).await?;
    let patience = patience.min(Duration::from_millis(limits::WAIT_MS_MAX));
    let found = office.exchange().wait(&id, stamp, patience).await?;
    let query = found.filter(|query| query.asker.account == officer.account());
    let query = query.ok_or(ServiceError::NotFound)?;
    // The officer may have been locked while this waited.
    staff::still(office, officer).await?;
    view(office, officer, query).await
}

async fn own_query(
    office: &Office,
    officer: &Officer,
    id: &QueryId,
) -> Result<exchange::QueryView, ServiceError> {
    let found = office.exchange().query(id).await?;
    found.filter(|query| query.asker.account == officer.account()).ok_or(ServiceError::NotFound)
}

/// Everything the page shows. A look at an open answer is noted before it is given out.
async fn view(
    office: &Office,
    officer: &Officer,
    query: exchange::QueryView,
) -> Result<QueryView, ServiceError> {
    let now = office.node().now();
    if is_shown(&query, officer, now) {
        // No look without its entry: the answer stays closed when the log cannot be written.
        office.note(officer, Event::QueryShow, &query.query, "ok").await?;
    }
    let same_case = exchange::QueryFilter {
        account: Some(officer.account().to_owned()),
        case_no: Some(query.case_no.clone()),
        limit: u32::try_from(limits::HOME_ROWS).unwrap_or(u32::MAX),
        ..exchange::QueryFilter::default()
    };
    let (mut same_case, _) = queries(office, same_case).await?;
    same_case.retain(|row| row.id != query.query.to_string());
    office.scene(officer, |scene| shown(scene, &query, same_case, now))
}

/// When an opened answer is cleared.
fn clears_at(query: &exchange::QueryView) -> Option<Time> {
    let opened = query.times.opened.filter(|_| is_open(query))?;
    Some(opened.plus_ms(exchange::limits::ANSWER_SHOWN_MS))
}

const fn is_open(query: &exchange::QueryView) -> bool {
    matches!(query.state, QueryState::Opened | QueryState::Closed)
}

/// Whether the answer is given out at this moment: to who still holds the role they asked in.
fn is_shown(query: &exchange::QueryView, officer: &Officer, now: Time) -> bool {
    officer.roles.contains(&query.asker.role) && clears_at(query).is_some_and(|at| now < at)
}

/// The page at the moment the look was noted.
pub(super) fn shown(
    scene: &Scene<'_>,
    query: &exchange::QueryView,
    same_case: Vec<QueryRow>,
    now: Time,
) -> Result<QueryView, ServiceError> {
    let is_shown = is_shown(query, scene.officer, now);
    let offer = scene.offer(&query.entry)?;
    let published = offer.asked();
    let grant = scene.grant(&query.grant)?;
    let provider = scene.department(&query.provider)?;
    let ask = grants::may_ask(scene, &grant, &offer, &provider)?;
    let row = row(query, catalogue::reference(published), &scene.names);
    let answer = query.answer.as_ref().filter(|_| is_shown);
    let result = answer.map(|answer| result(answer, query, published, &grant, scene.officer, &row));
    Ok(QueryView {
        grant_number: GrantRef::of(&grant).number,
        waiting: query.waiting.map(Code::from),
        stamp: query.stamp,
        steps: steps(query),
        denial: denial(&query.state),
        result,
        cleared: is_open(query) && !is_shown,
        clears_at: clears_at(query).map(ms),
        ask,
        same_case,
        row,
    })
}

fn steps(query: &exchange::QueryView) -> Vec<QueryStep> {
    let times = &query.times;
    let course = [
        (StepKind::Asked, times.asked),
        (StepKind::Held, times.held),
        (StepKind::Recorded, times.recorded),
        (StepKind::Opened, times.opened),
        (StepKind::Closed, times.closed.filter(|_| query.state == QueryState::Closed)),
    ];
    let goes_on = !query.state.is_final() || query.state == QueryState::Opened;
    let next = course.iter().position(|(_, at)| at.is_none()).filter(|_| goes_on);
    (0..)
        .zip(course)
        .map(|(place, (kind, at))| QueryStep { kind, at: at.map(ms), now: next == Some(place) })
        .collect()
}

fn denial(state: &QueryState) -> Option<DenialView> {
    match state {
        QueryState::Denied { by, class, layer, row, code } => Some(DenialView {
            by_provider: *by == DeniedBy::Provider,
            class: *class,
            layer: *layer,
            row: row.clone(),
            code: (*code).into(),
        }),
        _ => None,
    }
}

fn result(
    answer: &OpenedAnswer,
    query: &exchange::QueryView,
    published: &PublishedEntry,
    grant: &ledger::grant::Grant,
    officer: &Officer,
    row: &QueryRow,
) -> ResultView {
    let shown: Vec<_> =
        published.entry.items.iter().filter(|item| query.items.contains(&item.code)).collect();
    let rows: Vec<Vec<Cell>> = answer
        .rows
        .iter()
        .map(|values| {
            shown
                .iter()
                .filter(|item| !answer.dropped.contains(&item.code))
                .map(|item| Cell {
                    item: item.code.to_string(),
                    label: Words::from(&item.label),
                    value: values.get(&item.code).cloned().flatten(),
                    mask: answer.masks.get(&item.code).copied(),
                })
                .collect()
        })
        .collect();
    let withheld = published.entry.items.iter().filter(|item| item.returnable).filter_map(|item| {
        let reason = if answer.dropped.contains(&item.code) {
            WithheldReason::Policy
        } else if grant.item(&item.code).is_none() {
            WithheldReason::NotGranted
        } else if !query.items.contains(&item.code) {
            WithheldReason::NotAsked
        } else {
            return None;
        };
        Some(Withheld { item: catalogue::item_view(item), reason })
    });
    let receipt = row.receipt.as_ref().map(|receipt| receipt.number.as_str()).unwrap_or_default();
    ResultView {
        found: answer.found,
        rows_withheld: answer.has_rows_withheld(),
        masked: rows.iter().flatten().filter(|cell| cell.mask.is_some() && cell.value.is_some()).count()
            as u64,
        rows,
        withheld: withheld.collect(),
        watermark: format!("{} {} {}", answer.watermark, officer.account(), receipt),
        prepared_at: ms(answer.prepared_at),
    }
}

#[cfg(test)]
mod tests;
