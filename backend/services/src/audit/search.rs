//! Searching the audit log.

use sqlx::{QueryBuilder, Sqlite};

use crate::audit::view::{AuditFacets, AuditFile, AuditPage, AuditSearch, Format, Scope, file};
use crate::audit_log::{AuditResult, Event, LoggedEvent};
use crate::codes::OfficeRefusal;
use crate::error::ServiceError;
use crate::facets::{self, FacetValue};
use crate::limits;
use crate::office::Office;
use crate::officer::Officer;
use crate::page::Wanted;
use crate::staff;

/// Stands for what is no code: it narrows to nothing, and what was typed is kept nowhere.
const NO_CODE: &str = "-";

/// A page of what the officer may read of the log.
///
/// # Errors
/// Refused `role.not-auditing`; a look that cannot be noted is not had.
pub async fn list(
    office: &Office,
    officer: &Officer,
    search: AuditSearch,
) -> Result<AuditPage, ServiceError> {
    let (scope, search) = opened(office, officer, Event::AuditShow, search).await?;
    let wanted = Wanted::new(search.page, limits::ROWS_PER_PAGE);
    let mut count = select("SELECT COUNT(*)", scope, &search, None);
    let total: i64 = count.build_query_scalar().fetch_one(office.pool()).await?;
    let mut found = select("SELECT *", scope, &search, None);
    found.push(" ORDER BY seq DESC LIMIT ").push_bind(wanted.limit());
    found.push(" OFFSET ").push_bind(wanted.offset());
    Ok(AuditPage {
        scope,
        entries: wanted.filled(read(office, found).await?, total.unsigned_abs()),
        facets: facets(office, scope, &search).await?,
        noted_as: office.audit().head().size,
    })
}

/// All that a search finds, newest first, as a file; of very many the newest.
///
/// # Errors
/// As [`list`].
pub async fn export(
    office: &Office,
    officer: &Officer,
    search: AuditSearch,
    format: Format,
) -> Result<AuditFile, ServiceError> {
    let (scope, search) = opened(office, officer, Event::AuditExport, search).await?;
    let mut found = select("SELECT *", scope, &search, None);
    found.push(" ORDER BY seq DESC LIMIT ").push_bind(limits::AUDIT_EXPORT_MAX);
    let text = file(&read(office, found).await?, format)?;
    staff::still(office, officer).await?;
    let name = format!("audit-{}-{}.{}", office.own().id, office.audit().head().size, format.ending());
    Ok(AuditFile { name, text })
}

/// Decides whether the officer may look, and notes the look.
async fn opened(
    office: &Office,
    officer: &Officer,
    event: Event,
    search: AuditSearch,
) -> Result<(Scope, AuditSearch), ServiceError> {
    let search = bounded(office, search).await?;
    let scope = Scope::of(officer.role()).ok_or(ServiceError::refused(OfficeRefusal::RoleNotAuditing));
    office.note_result(officer, event, &search.said(), &scope).await?;
    Ok((scope?, search))
}

/// What names no account or event narrows to nothing.
async fn bounded(office: &Office, search: AuditSearch) -> Result<AuditSearch, ServiceError> {
    let known = async |statement: &'static str, typed: Option<String>| {
        let Some(typed) = typed else { return Ok::<_, ServiceError>(None) };
        let found: Option<String> =
            sqlx::query_scalar(statement).bind(typed).fetch_optional(office.pool()).await?;
        Ok(Some(found.unwrap_or_else(|| NO_CODE.to_owned())))
    };
    let account = "SELECT account FROM audit_log WHERE account = ? LIMIT 1";
    let event = "SELECT event FROM audit_log WHERE event = ? LIMIT 1";
    Ok(AuditSearch {
        account: known(account, search.account).await?,
        event: known(event, search.event).await?,
        page: search.page.max(1),
        ..search
    })
}

impl AuditSearch {
    /// What the log says was searched: codes and times only.
    fn said(&self) -> String {
        let texts = [
            ("event", self.event.clone()),
            ("account", self.account.clone()),
            ("result", self.result.map(|result| result.code().to_owned())),
            ("from", self.from.map(|at| at.to_string())),
            ("until", self.until.map(|at| at.to_string())),
        ];
        let mut said: Vec<String> =
            texts.into_iter().filter_map(|(key, value)| Some(format!("{key}={}", value?))).collect();
        said.push(format!("page={}", self.page));
        said.join(" ")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Facet {
    Event,
    Account,
    Result,
}

/// A statement over the log under a scope and a search, without one facet. All values are bound.
fn select(
    what: &'static str,
    scope: Scope,
    search: &AuditSearch,
    without: Option<Facet>,
) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(what);
    query.push(" FROM audit_log WHERE ").push(match scope {
        Scope::Users => "role NOT IN ('SYS_ADMIN', 'SEC_ADMIN')",
        Scope::Administrators => "role IN ('SYS_ADMIN', 'SEC_ADMIN', '')",
        Scope::All => "1 = 1",
    });
    if let Some(from) = search.from {
        query.push(" AND at >= ").push_bind(from);
    }
    if let Some(until) = search.until {
        query.push(" AND at <= ").push_bind(until);
    }
    if let Some(event) = search.event.as_ref().filter(|_| without != Some(Facet::Event)) {
        query.push(" AND event = ").push_bind(event.clone());
    }
    if let Some(account) = search.account.as_ref().filter(|_| without != Some(Facet::Account)) {
        query.push(" AND account = ").push_bind(account.clone());
    }
    if let Some(result) = search.result.filter(|_| without != Some(Facet::Result)) {
        query.push(" AND ").push(condition(result));
    }
    query
}

/// A result as a condition; fixed text.
const fn condition(result: AuditResult) -> &'static str {
    match result {
        AuditResult::Done => "outcome = 'ok'",
        AuditResult::Refused => "outcome <> 'ok' AND outcome NOT LIKE 'E-%'",
        AuditResult::Failed => "outcome LIKE 'E-%'",
    }
}

async fn read(office: &Office, mut found: QueryBuilder<Sqlite>) -> Result<Vec<LoggedEvent>, ServiceError> {
    let rows = found.build().fetch_all(office.pool()).await?;
    Ok(rows.iter().map(LoggedEvent::read).collect::<Result<_, _>>()?)
}

async fn facets(office: &Office, scope: Scope, search: &AuditSearch) -> Result<AuditFacets, ServiceError> {
    let pool = office.pool();
    let event = select("SELECT event, COUNT(*)", scope, search, Some(Facet::Event));
    let account = select("SELECT account, COUNT(*)", scope, search, Some(Facet::Account));
    let mut result = Vec::new();
    for kind in AuditResult::ALL {
        let mut statement = select("SELECT COUNT(*)", scope, search, Some(Facet::Result));
        statement.push(" AND ").push(condition(*kind));
        let count = facets::counted(pool, statement).await?;
        result.push(FacetValue::new(kind.code(), count, search.result == Some(*kind)));
    }
    result.retain(FacetValue::is_offered);
    Ok(AuditFacets {
        event: facets::grouped(pool, event, search.event.as_deref()).await?,
        account: facets::grouped(pool, account, search.account.as_deref()).await?,
        result,
    })
}
