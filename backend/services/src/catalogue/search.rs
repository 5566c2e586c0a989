//! Searching the catalogue in the read model: words, facets, pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use access::{Action, Offer};
use ledger::catalogue::{Mode, ShareType};
use ledger::department::Department;
use ledger::ids::{DepartmentId, EntryId};
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row as _, Sqlite, SqlitePool};

use crate::audit_log::Event;
use crate::catalogue::view::{CataloguePage, CatalogueSearch, EntryRef, EntryRow, Facets, entry_id};
use crate::codes::Denial;
use crate::error::ServiceError;
use crate::facets::FacetValue;
use crate::names::{Names, Side, mode_bit};
use crate::office::Office;
use crate::officer::Officer;
use crate::page::Wanted;
use crate::read_model::ReadModel;
use crate::scene::Scene;
use crate::verdict::Verdict;
use crate::words::Words;
use crate::{facets, limits, purpose};

/// Searches the latest versions.
///
/// # Errors
/// Faults of ledger or the office's store. What policy does not let the officer see is left out.
pub async fn search(
    office: &Office,
    officer: &Officer,
    search: CatalogueSearch,
) -> Result<CataloguePage, ServiceError> {
    let groups = groups(office.model()).await?;
    let (open, names) =
        office.scene(officer, |scene| Ok((open_to_discover(scene, &groups)?, Arc::clone(&scene.names))))?;
    found(office.model(), search, &open, &names).await
}

/// The entries of which the officer may see that they are there.
pub(super) fn open_to_discover(scene: &Scene<'_>, groups: &[Group]) -> Result<OpenEntries, ServiceError> {
    open_entries(scene, groups, |offer, provider| Ok(Verdict::of(&scene.discover(offer, provider)?)))
}

/// A page of what is open.
pub(super) async fn found(
    model: ReadModel<'_>,
    search: CatalogueSearch,
    open: &OpenEntries,
    names: &Names,
) -> Result<CataloguePage, ServiceError> {
    let (search, open) = (bounded(search), &*open.codes);
    let scope = Scope { search: &search, open };
    let wanted = Wanted::new(search.page, limits::ROWS_PER_PAGE);

    let mut count = scope.select("SELECT COUNT(*)");
    let total: i64 = count.build_query_scalar().fetch_one(model.pool).await?;
    let mut list = scope.select("SELECT e.*");
    list.push(" ORDER BY e.at DESC, e.id DESC LIMIT ").push_bind(wanted.limit());
    list.push(" OFFSET ").push_bind(wanted.offset());
    let live = live_grants(model).await?;
    let mut rows = Vec::new();
    for row in list.build().fetch_all(model.pool).await? {
        rows.push(read_row(&row, names, &live)?);
    }
    let everything = Scope { search: &CatalogueSearch::default(), open };
    let mut sums = everything.select("SELECT COUNT(*), COUNT(DISTINCT e.provider)");
    let (all_entries, all_providers): (i64, i64) = sums.build_query_as().fetch_one(model.pool).await?;
    let facets = facets(model.pool, &scope, names).await?;
    Ok(CataloguePage {
        entries: wanted.filled(rows, total.unsigned_abs()),
        facets,
        all_entries: all_entries.unsigned_abs(),
        all_providers: all_providers.unsigned_abs(),
        search,
    })
}

/// Cuts what was typed to its bounds.
fn bounded(mut search: CatalogueSearch) -> CatalogueSearch {
    search.q = search.q.trim().chars().filter(|c| !c.is_control()).take(limits::SEARCH_CHARS_MAX).collect();
    search.page = search.page.max(1);
    for text in [&mut search.region, &mut search.provider] {
        *text = text.take().filter(|text| !text.is_empty());
    }
    search
}

/// What is searched among: the latest entries the officer may discover, under a search.
struct Scope<'a> {
    search: &'a CatalogueSearch,
    /// Their codes, as a JSON array.
    open: &'a str,
}

impl Scope<'_> {
    /// A statement over them. All values are bound.
    fn select(&self, what: &'static str) -> QueryBuilder<Sqlite> {
        let search = self.search;
        let mut query = QueryBuilder::new(what);
        query.push(" FROM j_entry e WHERE e.latest = 1 AND e.code IN (SELECT value FROM json_each(");
        query.push_bind(self.open.to_owned()).push("))");
        for word in search.q.split_whitespace().take(limits::SEARCH_WORDS_MAX) {
            // The trigram index finds nothing for fewer than three characters.
            if word.chars().count() >= 3 {
                query.push(" AND e.id IN (SELECT rowid FROM j_entry_text WHERE j_entry_text MATCH ");
                query.push_bind(phrase(word)).push(")");
            } else {
                query.push(" AND e.body LIKE ").push_bind(like(word)).push(" ESCAPE '\\'");
            }
        }
        if let Some(share_type) = search.share_type {
            query.push(" AND e.share_type = ").push_bind(i64::from(share_type.number()));
        }
        if let Some(mode) = search.mode {
            query.push(" AND (e.mode_bits & ").push_bind(mode_bit(mode)).push(") <> 0");
        }
        if let Some(region) = &search.region {
            query.push(" AND e.province = ").push_bind(region.clone());
        }
        if let Some(provider) = &search.provider {
            query.push(" AND e.provider = ").push_bind(provider.clone());
        }
        if let Some(grade) = search.grade {
            query.push(" AND e.grade = ").push_bind(i64::from(grade));
        }
        query
    }
}

/// A word as an FTS5 phrase: nothing in it is an operator.
fn phrase(word: &str) -> String {
    format!("\"{}\"", word.replace('"', "\"\""))
}

/// A word as a LIKE pattern: nothing in it is a wildcard.
fn like(word: &str) -> String {
    let mut pattern = String::from("%");
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// Counts each facet without what is chosen of itself.
async fn facets(pool: &SqlitePool, scope: &Scope<'_>, names: &Names) -> Result<Facets, ServiceError> {
    let (open, search) = (scope.open, scope.search);
    let all = || search.clone();
    let select = |what, search: CatalogueSearch| Scope { search: &search, open }.select(what);
    let region = select("SELECT e.province, COUNT(*)", CatalogueSearch { region: None, ..all() });
    let provider = select("SELECT e.provider, COUNT(*)", CatalogueSearch { provider: None, ..all() });
    let grade = select("SELECT CAST(e.grade AS TEXT), COUNT(*)", CatalogueSearch { grade: None, ..all() });
    let chosen_grade = search.grade.map(|grade| grade.to_string());
    let mut modes = Vec::new();
    for mode in Mode::ALL {
        let with = select("SELECT COUNT(*)", CatalogueSearch { mode: Some(*mode), ..all() });
        let count = facets::counted(pool, with).await?;
        modes.push(FacetValue::new(mode.code(), count, search.mode == Some(*mode)));
    }
    modes.retain(FacetValue::is_offered);
    let mut share_type = Vec::new();
    for kind in ShareType::ALL {
        let with = select("SELECT COUNT(*)", CatalogueSearch { share_type: Some(*kind), ..all() });
        let count = facets::counted(pool, with).await?;
        share_type.push(FacetValue::new(kind.code(), count, search.share_type == Some(*kind)));
    }
    let provider = facets::grouped(pool, provider, search.provider.as_deref()).await?;
    Ok(Facets {
        share_type,
        mode: modes,
        region: facets::grouped(pool, region, search.region.as_deref()).await?,
        provider: provider.into_iter().map(|value| value.of_department(names)).collect(),
        grade: facets::grouped(pool, grade, chosen_grade.as_deref()).await?,
    })
}

/// Grants of the own department in force, counted by resource.
async fn live_grants(model: ReadModel<'_>) -> Result<BTreeMap<String, i64>, ServiceError> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT code, COUNT(*) FROM j_grant WHERE requester = ? AND revoked_at IS NULL
         AND from_at <= ? AND until_at >= ? GROUP BY 1",
    )
    .bind(model.own.as_str())
    .bind(model.now)
    .bind(model.now)
    .fetch_all(model.pool)
    .await?;
    Ok(rows.into_iter().collect())
}

fn read_row(row: &SqliteRow, names: &Names, live: &BTreeMap<String, i64>) -> Result<EntryRow, ServiceError> {
    let damaged = || ServiceError::fault("the read model is damaged; rebuild it", &"an entry row");
    let code: String = row.try_get("code")?;
    let number = |name| row.try_get::<i64, _>(name);
    let share_type = number("share_type")?;
    let bits = number("mode_bits")?;
    Ok(EntryRow {
        provider: names.of(row.try_get("provider")?),
        region: row.try_get("region")?,
        share_type: ShareType::ALL
            .iter()
            .copied()
            .find(|kind| i64::from(kind.number()) == share_type)
            .ok_or_else(damaged)?,
        grade: u8::try_from(number("grade")?).map_err(|_| damaged())?,
        modes: Mode::ALL.iter().copied().filter(|mode| bits & mode_bit(*mode) != 0).collect(),
        summary: Words::new(row.try_get::<String, _>("summary_zh")?, row.try_get::<String, _>("summary_en")?),
        items: number("item_count")?.unsigned_abs(),
        at: number("at")?,
        live_grants: live.get(&code).copied().unwrap_or_default().unsigned_abs(),
        entry: EntryRef {
            version: u32::try_from(number("version")?).map_err(|_| damaged())?,
            name: Words::new(row.try_get::<String, _>("name_zh")?, row.try_get::<String, _>("name_en")?),
            code,
        },
    })
}

/// The latest entries at which a door is open to an officer.
pub(crate) struct OpenEntries {
    /// Their codes, as a JSON array.
    pub(crate) codes: String,
    /// Who publishes them.
    pub(crate) providers: BTreeSet<DepartmentId>,
    /// Why another was closed.
    pub(crate) closed: Option<Denial>,
}

impl OpenEntries {
    /// Who publishes them, as a JSON array; ids need no escapes.
    pub(crate) fn provider_list(&self) -> String {
        let ids: Vec<String> = self.providers.iter().map(|id| format!("\"{id}\"")).collect();
        format!("[{}]", ids.join(","))
    }
}

/// Latest entries that policy cannot tell apart as long as no item is named: of one provider, kind of
/// sharing, grade and class.
pub(crate) struct Group {
    /// One of them, judged for all.
    first: EntryId,
    /// Their codes, as a JSON array.
    codes: String,
}

/// All latest entries in their groups.
pub(crate) async fn groups(model: ReadModel<'_>) -> Result<Vec<Group>, ServiceError> {
    let rows: Vec<(String, i64, String)> = sqlx::query_as(
        "SELECT MIN(code), version, json_group_array(code) FROM j_entry WHERE latest = 1
         GROUP BY provider, share_type, grade, substr(code, 1, instr(code, '/'))",
    )
    .fetch_all(model.pool)
    .await?;
    let group = |(code, version, codes): (String, i64, String)| {
        Ok(Group { first: entry_id(&code, version).ok_or(ServiceError::NotFound)?, codes })
    };
    rows.into_iter().map(group).collect()
}

/// The entries whose records the officer may look into, for one purpose at least.
///
/// # Errors
/// Denied for who may inspect no department.
pub(crate) fn open_to_inspect(scene: &Scene<'_>, groups: &[Group]) -> Result<OpenEntries, ServiceError> {
    let open = open_entries(scene, groups, |offer, provider| {
        let mut verdict = Verdict::Open;
        for purpose in purpose::codes() {
            verdict = Verdict::of(&scene.inspect(offer, provider, &BTreeSet::new(), &purpose)?);
            if verdict.is_open() {
                break;
            }
        }
        Ok(verdict)
    })?;
    match &open.closed {
        Some(by) if open.providers.is_empty() => {
            Err(ServiceError::Denied { action: Action::Inspect, by: by.clone() })
        }
        _ => Ok(open),
    }
}

/// Whether the officer may leaf through what the own department asks, grants and gets: who may know of
/// one of the entries at least. Each look at a list is noted.
///
/// # Errors
/// Denied for who may know of none; refused `role.administers`.
pub(crate) async fn open_list(
    office: &Office,
    officer: &Officer,
    list: &'static str,
    side: Side,
    page: u64,
) -> Result<(), ServiceError> {
    let groups = groups(office.model()).await?;
    let decided = office.scene(officer, |scene| {
        scene.does_business()?;
        let open = open_to_discover(scene, &groups)?;
        match open.closed {
            Some(by) if open.providers.is_empty() => {
                Err(ServiceError::Denied { action: Action::Discover, by })
            }
            _ => Ok(()),
        }
    });
    let object = format!("{list} {} page={page}", side.code());
    office.note_result(officer, Event::ListShow, &object, &decided).await?;
    decided
}

/// Tries a door at each group.
fn open_entries(
    scene: &Scene<'_>,
    groups: &[Group],
    door: impl Fn(&Offer, &Department) -> Result<Verdict, ServiceError>,
) -> Result<OpenEntries, ServiceError> {
    let mut open = Vec::new();
    let (mut providers, mut closed) = (BTreeSet::new(), None);
    for group in groups {
        let offer = scene.offer(&group.first)?;
        let provider = scene.department(&offer.asked().provider)?;
        match door(&offer, &provider)? {
            Verdict::Open => {
                open.push(group.codes.trim_matches(['[', ']']).to_owned());
                providers.insert(provider.member.id);
            }
            Verdict::Denied(by) => closed = closed.or(Some(by)),
            Verdict::Refused(_) => {}
        }
    }
    Ok(OpenEntries { codes: format!("[{}]", open.join(",")), providers, closed })
}

#[cfg(test)]
mod tests;
