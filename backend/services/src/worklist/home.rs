//! The first page and the counts beside the menu.

use ledger::role::Role;
use sqlx::Row as _;

use crate::codes::Stage;
use crate::error::ServiceError;
use crate::grants::GrantRow;
use crate::inspection::DayCount;
use crate::office::Office;
use crate::officer::Officer;
use crate::queries::QueryRow;
use crate::receipts::RecordRow;
use crate::requests::RequestRow;
use crate::worklist::tasks::{Found, is_pressing, tasks};
use crate::worklist::view::{Home, HomeFigures, SideCounts};
use crate::{deadline, grants, inspection, limits, queries, receipts, requests};

/// Counts for the side bar: cheap, for every page.
///
/// # Errors
/// Faults of exchange or records.
pub async fn counts(office: &Office, officer: &Officer) -> Result<SideCounts, ServiceError> {
    let (approvals, requests): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM j_request WHERE provider = ?1 AND status = 'submitted'),
                (SELECT COUNT(*) FROM j_request WHERE requester = ?1 AND status = 'submitted')",
    )
    .bind(office.own().id.as_str())
    .fetch_one(office.pool())
    .await?;
    let queries = if officer.role() == Role::BizUser { under_way(office, officer).await? } else { 0 };
    let for_role = |role: Role, count: i64| if officer.role() == role { count.unsigned_abs() } else { 0 };
    Ok(SideCounts {
        approvals: for_role(Role::ProvApprover, approvals),
        requests: for_role(Role::ReqOperator, requests),
        queries,
    })
}

async fn under_way(office: &Office, officer: &Officer) -> Result<u64, ServiceError> {
    let filter = exchange::QueryFilter {
        account: Some(officer.account().to_owned()),
        stages: exchange::Stage::UNDER_WAY.into(),
        limit: 1,
        ..exchange::QueryFilter::default()
    };
    Ok(queries::queries(office, filter).await?.1)
}

/// The worklist of the officer's role.
///
/// # Errors
/// Faults of ledger, exchange or records.
pub async fn home(office: &Office, officer: &Officer) -> Result<Home, ServiceError> {
    let now = office.now_ms();
    let received = waiting(office, officer).await?;
    let requests = own_requests(office, officer).await?;
    let grants = live_grants(office, officer).await?;
    let queries = own_queries(office, officer).await?;
    let mut figures = figures(office, officer, now).await?;
    figures.to_decide_today = received.iter().filter(|row| is_pressing(row)).count() as u64;
    let ended = ended_grants(office, officer, now).await?;
    let failed = failed_queries(office, officer, now).await?;
    let found = Found { received: &received, sent: &requests, live: &grants, ended: &ended, failed: &failed };
    let tasks = tasks(officer.role(), now, &found);
    Ok(Home {
        now,
        figures,
        tasks,
        requests: requests
            .into_iter()
            .take(usize::try_from(limits::HOME_ROWS).unwrap_or(usize::MAX))
            .collect(),
        grants: {
            let mut usable: Vec<_> = grants.into_iter().filter(|grant| grant.may_ask).collect();
            usable.sort_by(|a, b| b.used.cmp(&a.used).then(a.number.cmp(&b.number)));
            usable.truncate(usize::try_from(limits::HOME_ROWS).unwrap_or(usize::MAX));
            usable
        },
        queries,
        receipts: last_receipts(office).await?,
        provided: provided(office, now).await?,
    })
}

/// Requests that wait for the own department.
async fn waiting(office: &Office, officer: &Officer) -> Result<Vec<RequestRow>, ServiceError> {
    let found = sqlx::query(
        "SELECT * FROM j_request WHERE provider = ? AND status = 'submitted' ORDER BY at LIMIT ?",
    )
    .bind(office.own().id.as_str())
    .bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX))
    .fetch_all(office.pool())
    .await?;
    requests::rows(office, officer, &found)
}

async fn own_requests(office: &Office, officer: &Officer) -> Result<Vec<RequestRow>, ServiceError> {
    let found = sqlx::query("SELECT * FROM j_request WHERE requester = ? ORDER BY at DESC LIMIT ?")
        .bind(office.own().id.as_str())
        .bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX))
        .fetch_all(office.pool())
        .await?;
    requests::rows(office, officer, &found)
}

async fn live_grants(office: &Office, officer: &Officer) -> Result<Vec<GrantRow>, ServiceError> {
    let now = office.now_ms();
    let found = sqlx::query(
        "SELECT * FROM j_grant WHERE requester = ? AND revoked_at IS NULL AND from_at <= ? AND until_at >= ?
         ORDER BY until_at LIMIT ?",
    )
    .bind(office.own().id.as_str())
    .bind(now)
    .bind(now)
    .bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX))
    .fetch_all(office.pool())
    .await?;
    grants::rows(office, officer, &found)
}

/// Grants held that their provider ended before their time, not long ago.
async fn ended_grants(office: &Office, officer: &Officer, now: i64) -> Result<Vec<GrantRow>, ServiceError> {
    let found = sqlx::query(
        "SELECT * FROM j_grant WHERE requester = ? AND revoked_at >= ? ORDER BY revoked_at DESC LIMIT ?",
    )
    .bind(office.own().id.as_str())
    .bind(now - limits::HOME_DAYS * limits::DAY_MS)
    .bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX))
    .fetch_all(office.pool())
    .await?;
    grants::rows(office, officer, &found)
}

/// The officer's queries of the last day that ended without an answer.
async fn failed_queries(office: &Office, officer: &Officer, now: i64) -> Result<Vec<QueryRow>, ServiceError> {
    let filter = exchange::QueryFilter {
        account: Some(officer.account().to_owned()),
        stages: [Stage::Denied, Stage::Lapsed, Stage::Undelivered, Stage::Rejected, Stage::Refused].into(),
        from: Some(ledger::ids::Time((now - limits::DAY_MS).unsigned_abs())),
        limit: u32::try_from(limits::HOME_ROWS).unwrap_or(u32::MAX),
        ..exchange::QueryFilter::default()
    };
    Ok(queries::queries(office, filter).await?.0)
}

async fn own_queries(office: &Office, officer: &Officer) -> Result<Vec<QueryRow>, ServiceError> {
    let filter = exchange::QueryFilter {
        account: Some(officer.account().to_owned()),
        limit: u32::try_from(limits::HOME_ROWS).unwrap_or(u32::MAX),
        ..exchange::QueryFilter::default()
    };
    Ok(queries::queries(office, filter).await?.0)
}

async fn last_receipts(office: &Office) -> Result<Vec<RecordRow>, ServiceError> {
    let found = sqlx::query(
        "SELECT * FROM j_record WHERE requester = ?1 OR provider = ?1 ORDER BY at DESC, place DESC LIMIT ?2",
    )
    .bind(office.own().id.as_str())
    .bind(i64::try_from(limits::HOME_ROWS).unwrap_or(i64::MAX))
    .fetch_all(office.pool())
    .await?;
    receipts::rows(office, &found)
}

/// The last 14 days up to today, also those without a query.
async fn provided(office: &Office, now: i64) -> Result<Vec<DayCount>, ServiceError> {
    let Some(today) = deadline::day(now) else { return Ok(Vec::new()) };
    let first = today.saturating_sub(jiff::Span::new().days(limits::HOME_DAYS - 1)).to_string();
    let mut counted: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT day, SUM(answered), SUM(1 - answered) FROM j_record
         WHERE provider = ? AND day >= ? GROUP BY day ORDER BY day",
    )
    .bind(office.own().id.as_str())
    .bind(&first)
    .fetch_all(office.pool())
    .await?;
    for edge in [first, today.to_string()] {
        if !counted.iter().any(|(day, _, _)| *day == edge) {
            counted.push((edge, 0, 0));
        }
    }
    counted.sort();
    Ok(inspection::without_gaps(&counted))
}

async fn figures(office: &Office, officer: &Officer, now: i64) -> Result<HomeFigures, ServiceError> {
    let today = deadline::day(now).map(|day| day.to_string()).unwrap_or_default();
    let row = sqlx::query(
        "SELECT
           (SELECT COUNT(*) FROM j_request WHERE provider = ?1 AND status = 'submitted') AS to_decide,
           (SELECT COUNT(*) FROM j_request WHERE requester = ?1 AND status = 'submitted') AS waiting,
           (SELECT COUNT(*) FROM j_request WHERE requester = ?1 AND status = 'refused' AND decided_at >= ?4)
             AS refused,
           (SELECT COUNT(*) FROM j_grant WHERE requester = ?1 AND revoked_at IS NULL
              AND from_at <= ?2 AND until_at >= ?2) AS live,
           (SELECT COUNT(*) FROM j_grant WHERE requester = ?1 AND revoked_at IS NULL
              AND from_at <= ?2 AND until_at >= ?2 AND until_at <= ?5) AS ending,
           (SELECT COUNT(*) FROM j_record WHERE requester = ?1 AND day = ?3) AS asked,
           (SELECT COUNT(*) FROM j_record WHERE provider = ?1 AND day = ?3) AS answered,
           (SELECT COUNT(*) FROM j_record WHERE day = ?3) AS all_today",
    )
    .bind(office.own().id.as_str())
    .bind(now)
    .bind(today)
    .bind(now - limits::HOME_DAYS * limits::DAY_MS)
    .bind(now + limits::GRANT_ENDING_DAYS * limits::DAY_MS)
    .fetch_one(office.pool())
    .await?;
    let figure = |name: &str| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
    let inspects = officer.role() == Role::Inspector && office.own().inspectorate;
    Ok(HomeFigures {
        to_decide: figure("to_decide")?,
        to_decide_today: 0,
        requests_waiting: figure("waiting")?,
        requests_refused: figure("refused")?,
        grants_live: figure("live")?,
        grants_ending: figure("ending")?,
        asked_today: figure("asked")?,
        answered_today: figure("answered")?,
        inspected_today: if inspects { figure("all_today")? } else { 0 },
    })
}
