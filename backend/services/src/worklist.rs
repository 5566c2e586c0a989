//! The officer's day: what waits for them by time left, and what their department did lately.

use sqlx::Row as _;

use crate::catalogue::EntryRef;
use crate::deadline::{Deadline, Light};
use crate::departments::DepartmentRef;
use crate::error::ServiceError;
use crate::grants::{self, GrantRow};
use crate::inspection::{self, DayCount};
use crate::office::Office;
use crate::queries::{self, QueryRow};
use crate::record::{self, RecordRow};
use crate::requests::{self, RequestRow};
use crate::staff::Officer;
use crate::{deadline, limits};
use ledger::role::Role;

/// What a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskKind {
    /// Decide about a request of another department.
    Decide,
    /// A request of the own department was refused: look at the condition.
    Refused,
    /// A grant ends soon.
    Renew,
}

impl TaskKind {
    /// `decide`, `refused`, `renew`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Refused => "refused",
            Self::Renew => "renew",
        }
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What it is.
    pub kind: TaskKind,
    /// The request, grant or enquiry.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// The entry.
    pub entry: EntryRef,
    /// The other department.
    pub department: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// Number of items; 0 where it says nothing.
    pub items: u64,
    /// When its time is over, ms UTC.
    pub due_at: Option<i64>,
    /// Working-day limit, for requests.
    pub deadline: Option<Deadline>,
    /// Days left until `due_at`; negative when over.
    pub days_left: i64,
    /// Warning light.
    pub light: Light,
}

/// The figures at the top. Each is the length of a list one click away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HomeFigures {
    /// Requests that wait for the own department.
    pub to_decide: u64,
    /// Of these, due today or overdue.
    pub to_decide_today: u64,
    /// Own requests that wait.
    pub requests_waiting: u64,
    /// Own requests refused in the last 14 days.
    pub requests_refused: u64,
    /// Grants held and in force.
    pub grants_live: u64,
    /// Of these, ending within seven days.
    pub grants_ending: u64,
    /// The department's enquiries on record today.
    pub asked_today: u64,
    /// Enquiries of others answered or denied today.
    pub answered_today: u64,
    /// Records the officer may inspect, of today; 0 for all but inspectors.
    pub inspected_today: u64,
}

/// The worklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Now, ms UTC.
    pub now: i64,
    /// The figures.
    pub figures: HomeFigures,
    /// What waits, by time left.
    pub tasks: Vec<Task>,
    /// The newest own requests.
    pub requests: Vec<RequestRow>,
    /// Grants the officer may ask under, most used first.
    pub grants: Vec<GrantRow>,
    /// The officer's last enquiries.
    pub queries: Vec<QueryRow>,
    /// The department's last receipts, asked and answered.
    pub receipts: Vec<RecordRow>,
    /// The department's data asked by others, the last 14 days.
    pub provided: Vec<DayCount>,
}

/// Counts beside the entries of the side bar, for the officer's role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SideCounts {
    /// Requests of others to decide.
    pub approvals: u64,
    /// Own requests that wait for their provider.
    pub requests: u64,
    /// The officer's enquiries that are under way.
    pub queries: u64,
}

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
    let filter = exchange::EnquiryFilter {
        account: Some(officer.account().to_owned()),
        states: ["drafted", "asked", "held", "recorded"].into(),
        limit: 1,
        ..exchange::EnquiryFilter::default()
    };
    Ok(queries::enquiries(office, filter).await?.1)
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
    let tasks = tasks(officer, now, &received, &requests, &grants);
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

fn is_pressing(row: &RequestRow) -> bool {
    row.deadline.is_some_and(|deadline| deadline.due_today || deadline.light == Light::Red)
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

async fn own_queries(office: &Office, officer: &Officer) -> Result<Vec<QueryRow>, ServiceError> {
    let filter = exchange::EnquiryFilter {
        account: Some(officer.account().to_owned()),
        limit: u32::try_from(limits::HOME_ROWS).unwrap_or(u32::MAX),
        ..exchange::EnquiryFilter::default()
    };
    Ok(queries::enquiries(office, filter).await?.0)
}

async fn last_receipts(office: &Office) -> Result<Vec<RecordRow>, ServiceError> {
    let found = sqlx::query(
        "SELECT * FROM j_record WHERE requester = ?1 OR provider = ?1 ORDER BY at DESC, place DESC LIMIT ?2",
    )
    .bind(office.own().id.as_str())
    .bind(i64::try_from(limits::HOME_ROWS).unwrap_or(i64::MAX))
    .fetch_all(office.pool())
    .await?;
    record::rows(office, &found)
}

/// The last 14 days up to today, also those without an enquiry.
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
    .bind(now - limits::HOME_DAYS * DAY_MS)
    .bind(now + limits::GRANT_ENDING_DAYS * DAY_MS)
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

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// What waits for the officer's role, by time left.
fn tasks(
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
                .filter(|row| row.state == requests::RequestState::Refused)
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
