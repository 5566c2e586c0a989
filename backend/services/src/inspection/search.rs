//! Searching the access log.

use std::collections::BTreeSet;
use std::str::FromStr;
use std::sync::Arc;

use ledger::ids::{DepartmentId, RegionCode, ResourceCode};
use ledger::inspection::Inspection;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Sqlite, SqlitePool};

use crate::audit_log::Event;
use crate::catalogue::{Group, OpenEntries};
use crate::error::ServiceError;
use crate::facets::FacetValue;
use crate::inspection::view::{DayCount, LogFacets, LogPage, LogSearch};
use crate::names::Names;
use crate::office::Office;
use crate::officer::{About, Officer};
use crate::page::{Page, Wanted};
use crate::read_model::ReadModel;
use crate::receipts::Outcome;
use crate::scene::Scene;
use crate::words::Words;
use crate::{catalogue, deadline, facets, inspections, limits, receipts, region};

/// Searches the log.
///
/// # Errors
/// Denied for who may inspect no department; refused `inspection.none`, `inspection.unchosen`; a search that cannot be noted is not made.
pub async fn log(office: &Office, officer: &Officer, search: LogSearch) -> Result<LogPage, ServiceError> {
    let search = bounded(search);
    let groups = catalogue::groups(office.model()).await?;
    let scope = office.scene(officer, |scene| Reach::of(scene, &groups));
    let about = match &scope {
        Ok(reach) => About {
            object: format!("{} inspection={}", search.object(), reach.inspection.id),
            items: Vec::new(),
            purpose: crate::purpose::inspection_text(reach.inspection.terms.purpose.as_str()),
        },
        Err(_) => About::from(&search.object()),
    };
    office.note_result(officer, Event::LogSearch, about, &scope).await?;
    let scope = scope?;
    let model = office.model();
    let page = listed(model, &search, &scope).await?;
    let (rows, names, working, open) = office.scene(officer, |scene| {
        let open = inspections::open_ones(scene.reads, scene.own(), scene.now)?.len() as u64;
        let working = inspections::row(scene, &scope.inspection);
        Ok((receipts::rows(scene, &page.rows)?, Arc::clone(&scene.names), working, open))
    })?;
    Ok(LogPage {
        working,
        open,
        records: page.with(rows),
        days: days(model, &search, &scope).await?,
        facets: facets(model.pool, &search, &scope, &names).await?,
        departments: scope.entries.providers.len() as u64,
        noted_as: office.audit().head().size,
        search,
    })
}

/// What may be searched: entries that policy lets the officer inspect, as far as an inspection covers them.
pub(super) struct Reach {
    pub(super) entries: OpenEntries,
    pub(super) inspection: Inspection,
}

impl Reach {
    pub(super) fn of(scene: &Scene<'_>, groups: &[Group]) -> Result<Self, ServiceError> {
        Ok(Self { entries: catalogue::open_to_inspect(scene, groups)?, inspection: scene.working()? })
    }
}

/// The records found, newest first.
async fn listed(
    model: ReadModel<'_>,
    search: &LogSearch,
    scope: &Reach,
) -> Result<Page<SqliteRow>, ServiceError> {
    let wanted = Wanted::new(search.page, limits::ROWS_PER_PAGE);
    let mut count = select("SELECT COUNT(*)", search, scope);
    let total: i64 = count.build_query_scalar().fetch_one(model.pool).await?;
    let mut list = select("SELECT r.*", search, scope);
    list.push(" ORDER BY r.at DESC, r.place DESC LIMIT ").push_bind(wanted.limit());
    list.push(" OFFSET ").push_bind(wanted.offset());
    Ok(wanted.filled(list.build().fetch_all(model.pool).await?, total.unsigned_abs()))
}

impl LogSearch {
    /// What the local log says was searched: ids and times only.
    fn object(&self) -> String {
        let mut said = Vec::new();
        let texts = [
            ("requester", self.requester.clone()),
            ("provider", self.provider.clone()),
            ("region", self.region.clone()),
            ("entry", self.entry.clone()),
            ("outcome", self.outcome.map(|outcome| outcome.code().to_owned())),
            ("from", self.from.map(|at| at.to_string())),
            ("until", self.until.map(|at| at.to_string())),
        ];
        for (key, value) in texts {
            said.extend(value.map(|value| format!("{key}={value}")));
        }
        said.push(format!("page={}", self.page));
        said.join(" ")
    }
}

/// Stands for what is no code: it narrows to nothing, and what was typed is kept nowhere.
const NO_CODE: &str = "-";

/// Codes that are no codes narrow to nothing; empty ones do not narrow.
fn bounded(search: LogSearch) -> LogSearch {
    LogSearch {
        requester: code::<DepartmentId>(search.requester),
        provider: code::<DepartmentId>(search.provider),
        region: code::<RegionCode>(search.region),
        entry: code::<ResourceCode>(search.entry),
        page: search.page.max(1),
        ..search
    }
}

fn code<Code: FromStr>(typed: Option<String>) -> Option<String> {
    let typed = typed.map(|typed| typed.trim().to_owned()).filter(|typed| !typed.is_empty())?;
    Some(if typed.parse::<Code>().is_ok() { typed } else { NO_CODE.to_owned() })
}

/// A statement over the records under a search. All values are bound.
fn select(what: &'static str, search: &LogSearch, scope: &Reach) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(what);
    // A record under no known grant is about no entry: who inspects any of the provider's finds it.
    query.push(" FROM j_record r WHERE (r.code IN (SELECT value FROM json_each(");
    query
        .push_bind(scope.entries.codes.clone())
        .push(")) OR (r.code IS NULL AND r.provider IN (SELECT value FROM json_each(");
    query.push_bind(scope.entries.provider_list()).push("))))");
    inspections::reach(&mut query, &scope.inspection);
    if let Some(from) = search.from {
        query.push(" AND r.at >= ").push_bind(from);
    }
    if let Some(until) = search.until {
        query.push(" AND r.at <= ").push_bind(until);
    }
    if let Some(requester) = &search.requester {
        query.push(" AND r.requester = ").push_bind(requester.clone());
    }
    if let Some(provider) = &search.provider {
        query.push(" AND r.provider = ").push_bind(provider.clone());
    }
    if let Some(region) = &search.region {
        query.push(" AND (r.requester_province = ").push_bind(region.clone());
        query.push(" OR r.provider_province = ").push_bind(region.clone()).push(")");
    }
    if let Some(entry) = &search.entry {
        query.push(" AND r.code = ").push_bind(entry.clone());
    }
    if let Some(outcome) = search.outcome {
        query.push(" AND ").push(condition(outcome));
    }
    query
}

/// An outcome as a condition; fixed text.
const fn condition(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Answered => "r.answered = 1",
        Outcome::Denied => "r.answered = 0",
        Outcome::Unacknowledged => "r.answered = 1 AND r.delivery = 0",
        // 2 and 3: the key or the content was not as promised.
        Outcome::Rejected => "r.delivery IN (2, 3)",
    }
}

/// Counts per day, without gaps, of the days searched or of the last ones that have records.
async fn days(
    model: ReadModel<'_>,
    search: &LogSearch,
    scope: &Reach,
) -> Result<Vec<DayCount>, ServiceError> {
    let mut query = select("SELECT r.day, SUM(r.answered), SUM(1 - r.answered)", search, scope);
    query.push(" GROUP BY r.day ORDER BY r.day DESC LIMIT ").push_bind(limits::LOG_DAYS_MAX);
    let mut counted: Vec<(String, i64, i64)> = query.build_query_as().fetch_all(model.pool).await?;
    counted.reverse();
    Ok(without_gaps(&counted))
}

/// Fills days without records with zeros and keeps the last 92.
pub(crate) fn without_gaps(counted: &[(String, i64, i64)]) -> Vec<DayCount> {
    let (Some(first), Some(last)) = (
        counted.first().and_then(|(day, _, _)| deadline::parse_day(day)),
        counted.last().and_then(|(day, _, _)| deadline::parse_day(day)),
    ) else {
        return Vec::new();
    };
    let earliest = last.saturating_sub(jiff::Span::new().days(limits::LOG_DAYS_MAX - 1));
    let mut day = first.max(earliest);
    let mut days = Vec::new();
    while day <= last {
        let text = day.to_string();
        let found = counted.iter().find(|(known, _, _)| *known == text);
        let (answered, denied) = found.map(|(_, answered, denied)| (*answered, *denied)).unwrap_or_default();
        days.push(DayCount { day: text, answered: answered.unsigned_abs(), denied: denied.unsigned_abs() });
        match day.tomorrow() {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    days
}

/// Counts each facet without what is chosen of itself.
async fn facets(
    pool: &SqlitePool,
    search: &LogSearch,
    scope: &Reach,
    names: &Names,
) -> Result<LogFacets, ServiceError> {
    let all = || search.clone();
    let select = |what, search: LogSearch| select(what, &search, scope);
    let requester = select("SELECT r.requester, COUNT(*)", LogSearch { requester: None, ..all() });
    let provider = select("SELECT r.provider, COUNT(*)", LogSearch { provider: None, ..all() });
    let mut entry = select("SELECT r.code, COUNT(*)", LogSearch { entry: None, ..all() });
    // What is about no entry is no value to choose.
    entry.push(" AND r.code IS NOT NULL");
    let entry_names: Vec<(String, String, String)> =
        sqlx::query_as("SELECT code, name_zh, name_en FROM j_entry WHERE latest = 1").fetch_all(pool).await?;
    let entry_name = |value: FacetValue| {
        let found = entry_names.iter().find(|(known, _, _)| *known == value.value);
        value.named(found.map(|(_, zh, en)| Words::new(zh.as_str(), en.as_str())))
    };
    let department = |value: FacetValue| value.of_department(names);
    let mut outcome = Vec::new();
    for kind in Outcome::ALL {
        let with = select("SELECT COUNT(*)", LogSearch { outcome: Some(*kind), ..all() });
        let count = facets::counted(pool, with).await?;
        outcome.push(FacetValue::new(kind.code(), count, search.outcome == Some(*kind)));
    }
    // Provinces of the departments on the chain, counted on either side.
    let provinces: BTreeSet<String> =
        names.all().filter_map(|department| region::province_code(&department.region)).collect();
    let mut region = Vec::new();
    for province in provinces {
        let with = select("SELECT COUNT(*)", LogSearch { region: Some(province.clone()), ..all() });
        let label = region::region_name(&province).map(|name| Words::new(name, name));
        let on = search.region.as_deref() == Some(&*province);
        region.push(FacetValue::new(province, facets::counted(pool, with).await?, on).named(label));
    }
    region.retain(FacetValue::is_offered);
    let requester = facets::grouped(pool, requester, search.requester.as_deref()).await?;
    let provider = facets::grouped(pool, provider, search.provider.as_deref()).await?;
    let entry = facets::grouped(pool, entry, search.entry.as_deref()).await?;
    Ok(LogFacets {
        requester: requester.into_iter().map(department).collect(),
        provider: provider.into_iter().map(department).collect(),
        entry: entry.into_iter().map(entry_name).collect(),
        region,
        outcome,
    })
}

#[cfg(test)]
mod tests;
