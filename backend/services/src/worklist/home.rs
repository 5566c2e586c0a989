//! The first page and the counts beside the menu.

use ledger::inspection::Inspection;
use ledger::role::Role;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _};

use crate::codes::Stage;
use crate::countersigning::{self, WaitingRow};
use crate::error::ServiceError;
use crate::grants::GrantRow;
use crate::inspection::DayCount;
use crate::inspections::InspectionRow;
use crate::office::Office;
use crate::officer::Officer;
use crate::policies::WaitingDraft;
use crate::queries::QueryRow;
use crate::read_model::ReadModel;
use crate::receipts::RecordRow;
use crate::requests::RequestRow;
use crate::scene::Scene;
use crate::worklist::alarms;
use crate::worklist::tasks::{Found, is_pressing, tasks};
use crate::worklist::view::{Home, HomeFigures, SideCounts, TaskKind};
use crate::{
    deadline, grants, inspection, inspections, limits, policies, queries, receipts, requests, staff,
};

/// Counts for the side bar: cheap, for every page.
///
/// # Errors
/// Faults of exchange or the office's store.
pub async fn counts(office: &Office, officer: &Officer) -> Result<SideCounts, ServiceError> {
    let queries = if officer.role() == Role::BizUser { under_way(office, officer).await? } else { 0 };
    let staff = staff::waiting(office, officer).await?;
    let inspections = inspections::waiting(office, officer).await?;
    let countersign = countersigning::waiting_count(office, officer).await?;
    let requests = waiting_for(office.model(), officer.role()).await?;
    let policies = policies::waiting(office, officer).await?.len() as u64;
    Ok(SideCounts { queries, staff, inspections, countersign, policies, ..requests })
}

/// The requests that wait for a role.
async fn waiting_for(model: ReadModel<'_>, role: Role) -> Result<SideCounts, ServiceError> {
    let (approvals, requests): (i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM j_request WHERE provider = ?1 AND status = 'submitted'),
                (SELECT COUNT(*) FROM j_request WHERE requester = ?1 AND status = 'submitted')",
    )
    .bind(model.own.as_str())
    .fetch_one(model.pool)
    .await?;
    let for_role = |wanted: Role, count: i64| if role == wanted { count.unsigned_abs() } else { 0 };
    Ok(SideCounts {
        approvals: for_role(Role::ProvApprover, approvals),
        requests: for_role(Role::ReqOperator, requests),
        queries: 0,
        staff: 0,
        inspections: 0,
        countersign: 0,
        policies: 0,
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
/// Faults of ledger, exchange or the office's store.
pub async fn home(office: &Office, officer: &Officer) -> Result<Home, ServiceError> {
    let model = office.model();
    let kept = Kept::read(model).await?;
    let lists = office.scene(officer, |scene| kept.lists(scene))?;
    let inspects = officer.role() == Role::Inspector && office.own().inspectorate;
    let covered = if inspects { office.scene(officer, |scene| Ok(scene.working().ok()))? } else { None };
    let inspected_today = covered_today(model, covered.as_ref()).await?;
    let figures = HomeFigures { inspected_today, ..figures(model).await? };
    let failed = failed_queries(office, officer, model.now).await?;
    let inspections = of_inspections(office, officer).await?;
    let steps = countersigning::for_home(office, officer).await?;
    let drafts = policies::waiting(office, officer).await?;
    let news = News { failed: &failed, inspections: &inspections, steps: &steps, drafts: &drafts };
    let home = lists.home(officer.role(), model.now, figures, &news, provided(model).await?);
    Ok(Home { alarms: alarms::alarms(office, officer, model.now).await?, ..home })
}

/// What inspections ask of an officer: a second word, a conclusion; or that they looked at what is ours.
async fn of_inspections(
    office: &Office,
    officer: &Officer,
) -> Result<Vec<(TaskKind, InspectionRow)>, ServiceError> {
    let mut found: Vec<(TaskKind, InspectionRow)> = Vec::new();
    match officer.role() {
        Role::Inspector if office.own().inspectorate => {
            let waiting = inspections::proposals_for(office, officer).await?;
            found.extend(waiting.into_iter().map(|row| (TaskKind::Proposed, row)));
            let due = office.scene(officer, inspections::concluded_due)?;
            found.extend(due.into_iter().map(|row| (TaskKind::Conclude, row)));
        }
        // Who answers for what the department shares, and who watches over it.
        Role::ProvApprover | Role::DeptLead | Role::SecAdmin | Role::AuditAdmin => {
            let looked = inspections::looked_at_lately(office, officer).await?;
            found.extend(looked.into_iter().map(|row| (TaskKind::Inspected, row)));
        }
        Role::Inspector
        | Role::BizUser
        | Role::ReqOperator
        | Role::SysAdmin
        | Role::CatalogEditor
        | Role::CatalogReviewer
        | Role::DataOwnerOps
        | Role::CompReviewer
        | Role::CompMediator
        | Role::Reader => {}
    }
    Ok(found)
}

/// Records of today that an inspection covers.
async fn covered_today(model: ReadModel<'_>, inspection: Option<&Inspection>) -> Result<u64, ServiceError> {
    let Some(inspection) = inspection else { return Ok(0) };
    let today = deadline::day(model.now).map(|day| day.to_string()).unwrap_or_default();
    let mut query = QueryBuilder::new("SELECT COUNT(*) FROM j_record r WHERE r.day = ");
    query.push_bind(today);
    inspections::reach(&mut query, inspection);
    let count: i64 = query.build_query_scalar().fetch_one(model.pool).await?;
    Ok(count.unsigned_abs())
}

/// What the read model has for the worklist.
struct Kept {
    received: Vec<SqliteRow>,
    sent: Vec<SqliteRow>,
    live: Vec<SqliteRow>,
    ended: Vec<SqliteRow>,
    receipts: Vec<SqliteRow>,
}

impl Kept {
    async fn read(model: ReadModel<'_>) -> Result<Self, ServiceError> {
        Ok(Self {
            received: waiting(model).await?,
            sent: own_requests(model).await?,
            live: live_grants(model).await?,
            ended: ended_grants(model).await?,
            receipts: last_receipts(model).await?,
        })
    }

    /// The same, completed from one scene.
    fn lists(&self, scene: &Scene<'_>) -> Result<Lists, ServiceError> {
        Ok(Lists {
            received: requests::rows(scene, &self.received)?,
            sent: requests::rows(scene, &self.sent)?,
            live: grants::rows(scene, &self.live)?,
            ended: grants::rows(scene, &self.ended)?,
            receipts: receipts::rows(scene, &self.receipts)?,
        })
    }
}

/// What the officer is told beside the lists.
struct News<'a> {
    failed: &'a [QueryRow],
    inspections: &'a [(TaskKind, InspectionRow)],
    steps: &'a [WaitingRow],
    drafts: &'a [WaitingDraft],
}

struct Lists {
    received: Vec<RequestRow>,
    sent: Vec<RequestRow>,
    live: Vec<GrantRow>,
    ended: Vec<GrantRow>,
    receipts: Vec<RecordRow>,
}

impl Lists {
    fn home(
        self,
        role: Role,
        now: i64,
        figures: HomeFigures,
        news: &News<'_>,
        provided: Vec<DayCount>,
    ) -> Home {
        let Self { received, sent, live, ended, receipts } = self;
        let to_decide_today = received.iter().filter(|row| is_pressing(row)).count() as u64;
        let News { failed, inspections, steps, drafts } = *news;
        let found = Found {
            received: &received,
            sent: &sent,
            live: &live,
            ended: &ended,
            failed,
            inspections,
            steps,
            drafts,
        };
        let tasks = tasks(role, now, &found);
        let rows = usize::try_from(limits::HOME_ROWS).unwrap_or(usize::MAX);
        let mut usable: Vec<_> = live.into_iter().filter(|grant| grant.may_ask).collect();
        usable.sort_by(|a, b| b.used.cmp(&a.used).then(a.number.cmp(&b.number)));
        usable.truncate(rows);
        Home {
            now,
            figures: HomeFigures { to_decide_today, ..figures },
            alarms: Vec::new(),
            tasks,
            requests: sent.into_iter().take(rows).collect(),
            grants: usable,
            receipts,
            provided,
        }
    }
}

/// Requests that wait for the own department.
async fn waiting(model: ReadModel<'_>) -> Result<Vec<SqliteRow>, ServiceError> {
    let found = sqlx::query(
        "SELECT * FROM j_request WHERE provider = ? AND status = 'submitted' ORDER BY at LIMIT ?",
    )
    .bind(model.own.as_str())
    .bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX))
    .fetch_all(model.pool)
    .await?;
    Ok(found)
}

async fn own_requests(model: ReadModel<'_>) -> Result<Vec<SqliteRow>, ServiceError> {
    let found = sqlx::query("SELECT * FROM j_request WHERE requester = ? ORDER BY at DESC LIMIT ?")
        .bind(model.own.as_str())
        .bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX))
        .fetch_all(model.pool)
        .await?;
    Ok(found)
}

async fn live_grants(model: ReadModel<'_>) -> Result<Vec<SqliteRow>, ServiceError> {
    let now = model.now;
    let found = sqlx::query(
        "SELECT * FROM j_grant WHERE requester = ? AND revoked_at IS NULL AND from_at <= ? AND until_at >= ?
         ORDER BY until_at LIMIT ?",
    )
    .bind(model.own.as_str())
    .bind(now)
    .bind(now)
    .bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX))
    .fetch_all(model.pool)
    .await?;
    Ok(found)
}

/// Grants held that their provider ended before their time, not long ago.
async fn ended_grants(model: ReadModel<'_>) -> Result<Vec<SqliteRow>, ServiceError> {
    let found = sqlx::query(
        "SELECT * FROM j_grant WHERE requester = ? AND revoked_at >= ? ORDER BY revoked_at DESC LIMIT ?",
    )
    .bind(model.own.as_str())
    .bind(model.now - limits::HOME_DAYS * limits::DAY_MS)
    .bind(i64::try_from(limits::HOME_TASKS_MAX).unwrap_or(i64::MAX))
    .fetch_all(model.pool)
    .await?;
    Ok(found)
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

async fn last_receipts(model: ReadModel<'_>) -> Result<Vec<SqliteRow>, ServiceError> {
    let found = sqlx::query(
        "SELECT * FROM j_record WHERE requester = ?1 OR provider = ?1 ORDER BY at DESC, place DESC LIMIT ?2",
    )
    .bind(model.own.as_str())
    .bind(i64::try_from(limits::HOME_ROWS).unwrap_or(i64::MAX))
    .fetch_all(model.pool)
    .await?;
    Ok(found)
}

/// The last 14 days up to today, also those without a query.
async fn provided(model: ReadModel<'_>) -> Result<Vec<DayCount>, ServiceError> {
    let Some(today) = deadline::day(model.now) else { return Ok(Vec::new()) };
    let first = today.saturating_sub(jiff::Span::new().days(limits::HOME_DAYS - 1)).to_string();
    let mut counted: Vec<(String, i64, i64)> = sqlx::query_as(
        "SELECT day, SUM(answered), SUM(1 - answered) FROM j_record
         WHERE provider = ? AND day >= ? GROUP BY day ORDER BY day",
    )
    .bind(model.own.as_str())
    .bind(&first)
    .fetch_all(model.pool)
    .await?;
    for edge in [first, today.to_string()] {
        if !counted.iter().any(|(day, _, _)| *day == edge) {
            counted.push((edge, 0, 0));
        }
    }
    counted.sort();
    Ok(inspection::without_gaps(&counted))
}

async fn figures(model: ReadModel<'_>) -> Result<HomeFigures, ServiceError> {
    let now = model.now;
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
           (SELECT COUNT(*) FROM j_record WHERE provider = ?1 AND day = ?3) AS answered",
    )
    .bind(model.own.as_str())
    .bind(now)
    .bind(today)
    .bind(now - limits::HOME_DAYS * limits::DAY_MS)
    .bind(now + limits::GRANT_ENDING_DAYS * limits::DAY_MS)
    .fetch_one(model.pool)
    .await?;
    let figure = |name: &str| row.try_get::<i64, _>(name).map(i64::unsigned_abs);
    Ok(HomeFigures {
        to_decide: figure("to_decide")?,
        to_decide_today: 0,
        requests_waiting: figure("waiting")?,
        requests_refused: figure("refused")?,
        grants_live: figure("live")?,
        grants_ending: figure("ending")?,
        asked_today: figure("asked")?,
        answered_today: figure("answered")?,
        inspected_today: 0,
    })
}

#[cfg(test)]
mod tests;
