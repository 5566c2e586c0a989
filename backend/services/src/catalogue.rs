//! The catalogue: what departments offer, searched in the read model, shown from the chain.

use std::collections::BTreeMap;

use access::Action;
use ledger::catalogue::{DataType, MaskRule, Mode, PublishedEntry, ReceiptMode, ShareType, UpdateCycle};
use ledger::ids::{EntryId, ResourceCode};
use ledger::state::ReadFault;
use ledger::views;
use sqlx::{QueryBuilder, Row as _, Sqlite};

use crate::departments::{DepartmentRef, Names};
use crate::door::{self, About, Door};
use crate::error::ServiceError;
use crate::office::{Office, ms};
use crate::page::{Page, Wanted};
use crate::staff::Officer;
use crate::verdict::Verdict;
use crate::words::Words;
use crate::{limits, purpose, region};

/// An entry as lists name it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryRef {
    /// Resource code, e.g. `307001/000001`.
    pub code: String,
    /// Version, from 1.
    pub version: u32,
    /// Its name; the code itself when unknown.
    pub name: Words,
}

/// What to look for. Empty fields do not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CatalogueSearch {
    /// Words; each must occur in name, summary, items, code or provider.
    pub q: String,
    /// 共享属性.
    pub share_type: Option<ShareType>,
    /// 共享方式.
    pub mode: Option<Mode>,
    /// Province code of the region the data are about.
    pub region: Option<String>,
    /// Provider's code.
    pub provider: Option<String>,
    /// Highest grade of the items.
    pub grade: Option<u8>,
    /// Page, from 1; 0 means the first.
    pub page: u64,
}

/// A value of a facet with the number of entries that choosing it would show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetValue {
    /// What the address carries.
    pub value: String,
    /// Its name where the chain or a table gives one; else the portal's text of the code.
    pub label: Option<Words>,
    /// Entries.
    pub count: u64,
    /// It is chosen now.
    pub on: bool,
}

/// Facets; each counts under the search and all *other* facets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facets {
    /// Codes of 共享属性.
    pub share_type: Vec<FacetValue>,
    /// Codes of 共享方式.
    pub mode: Vec<FacetValue>,
    /// Provinces.
    pub region: Vec<FacetValue>,
    /// Providers.
    pub provider: Vec<FacetValue>,
    /// Grades.
    pub grade: Vec<FacetValue>,
}

/// One entry of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryRow {
    /// The entry, latest version.
    pub entry: EntryRef,
    /// Who offers it.
    pub provider: DepartmentRef,
    /// Division the data are about.
    pub region: String,
    /// Its name.
    pub region_name: Option<&'static str>,
    /// 共享属性.
    pub share_type: ShareType,
    /// Highest grade, 1 to 4.
    pub grade: u8,
    /// 共享方式.
    pub modes: Vec<Mode>,
    /// 摘要.
    pub summary: Words,
    /// Number of items.
    pub items: u64,
    /// Published, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// Grants of the own department for it that are in force.
    pub live_grants: u64,
}

/// A page of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CataloguePage {
    /// What was searched, as understood.
    pub search: CatalogueSearch,
    /// The entries.
    pub entries: Page<EntryRow>,
    /// The facets.
    pub facets: Facets,
    /// Entries of the whole catalogue.
    pub all_entries: u64,
    /// Departments that publish.
    pub all_providers: u64,
}

/// An information item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemView {
    /// Its identifier, e.g. `GRZHYE`.
    pub code: String,
    /// Its name.
    pub label: Words,
    /// Its data type.
    pub data_type: DataType,
    /// 0 not personal, 1 personal, 2 sensitive personal, 3 trade secret.
    pub sensitivity: u8,
    /// 1 to 4.
    pub grade: u8,
    /// May be asked by.
    pub query_key: bool,
    /// May be answered.
    pub returnable: bool,
    /// May only be confirmed.
    pub verify_only: bool,
    /// Mask that no approval lifts.
    pub mask: Option<MaskRule>,
}

/// A published condition of use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionView {
    /// Its place in the entry; what a refusal cites.
    pub index: u8,
    /// Two digits.
    pub code: String,
    /// What it says.
    pub text: Words,
}

/// A version of an entry in its history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionView {
    /// From 1.
    pub version: u32,
    /// Published, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
}

/// An entry in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView {
    /// The entry.
    pub entry: EntryRef,
    /// Who offers it.
    pub provider: DepartmentRef,
    /// Division the data are about.
    pub region: String,
    /// Its name.
    pub region_name: Option<&'static str>,
    /// 摘要.
    pub summary: Words,
    /// 信息项.
    pub items: Vec<ItemView>,
    /// 共享属性.
    pub share_type: ShareType,
    /// 共享条件.
    pub conditions: Vec<ConditionView>,
    /// 共享方式.
    pub modes: Vec<Mode>,
    /// 更新周期.
    pub update_cycle: UpdateCycle,
    /// Highest grade, 1 to 4.
    pub grade: u8,
    /// When receipts enter the chain.
    pub receipt_mode: ReceiptMode,
    /// 采集依据.
    pub legal_basis: Words,
    /// Published, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
    /// The latest version's number.
    pub latest: u32,
    /// All versions, newest first.
    pub versions: Vec<VersionView>,
    /// Working days the provider has to answer a request; none when not shared.
    pub answer_days: Option<u32>,
    /// Grants of the own department for it in force.
    pub live_grants: Vec<String>,
    /// What the officer may do.
    pub may: EntryMay,
}

/// What the officer may do with an entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntryMay {
    /// Ask for a grant.
    pub request: Verdict,
}

/// Searches the latest versions.
///
/// # Errors
/// Faults of ledger or records. What policy does not let the officer see is left out.
pub async fn search(
    office: &Office,
    officer: &Officer,
    search: CatalogueSearch,
) -> Result<CataloguePage, ServiceError> {
    let search = bounded(search);
    let names = office.node().read(|snapshot| Names::read(snapshot, office.department()))?;
    let wanted = Wanted::new(search.page, limits::ROWS_PER_PAGE);

    let mut count = select("SELECT COUNT(*)", &search, None);
    let total: i64 = count.build_query_scalar().fetch_one(office.pool()).await?;
    let mut list = select("SELECT e.*", &search, None);
    list.push(" ORDER BY e.at DESC, e.id DESC LIMIT ").push_bind(wanted.limit());
    list.push(" OFFSET ").push_bind(wanted.offset());
    let live = live_grants(office).await?;
    let mut rows = Vec::new();
    for row in list.build().fetch_all(office.pool()).await? {
        rows.push(read_row(&row, &names, &live)?);
    }
    let rows = discoverable(office, officer, rows)?;
    let (all_entries, all_providers): (i64, i64) =
        sqlx::query_as("SELECT COUNT(*), COUNT(DISTINCT provider) FROM j_entry WHERE latest = 1")
            .fetch_one(office.pool())
            .await?;
    let facets = facets(office, &search, &names).await?;
    Ok(CataloguePage {
        entries: wanted.filled(rows, total.unsigned_abs()),
        facets,
        all_entries: all_entries.unsigned_abs(),
        all_providers: all_providers.unsigned_abs(),
        search,
    })
}

/// Shows one version of an entry, the latest if none is named.
///
/// # Errors
/// Not found; denied when the officer may not discover it.
pub async fn entry(
    office: &Office,
    officer: &Officer,
    code: &str,
    version: Option<u32>,
) -> Result<EntryView, ServiceError> {
    let code: ResourceCode = code.parse().map_err(|_| ServiceError::NotFound)?;
    let mut view = office.node().read(|snapshot| -> Result<EntryView, ServiceError> {
        let latest = views::latest_version(snapshot, &code)?.ok_or(ServiceError::NotFound)?;
        let id = EntryId { code: code.clone(), version: version.unwrap_or(latest) };
        let published = door::entry(snapshot, &id)?;
        let provider = door::department(snapshot, &published.provider)?;
        let door = Door::open(office, officer, snapshot)?;
        door::pass(
            Action::Discover,
            door.decide(Action::Discover, &published, &provider, About::default())?,
        )?;
        let names = Names::read(snapshot, office.department())?;
        let mut versions = Vec::new();
        for number in (1..=latest).rev() {
            let id = EntryId { code: code.clone(), version: number };
            if let Some(older) = views::entry(snapshot, &id)? {
                versions.push(VersionView {
                    version: number,
                    at: ms(older.at),
                    height: older.height.0,
                    tx: older.tx.to_string(),
                });
            }
        }
        let request = may_request(office, &door, &published, &provider, latest)?;
        Ok(view(&published, names.of(published.provider.as_str()), latest, versions, EntryMay { request }))
    })?;
    view.live_grants = sqlx::query_scalar::<_, Vec<u8>>(
        "SELECT id FROM j_grant WHERE requester = ? AND code = ? AND revoked_at IS NULL
         AND from_at <= ? AND until_at >= ? ORDER BY at DESC LIMIT 20",
    )
    .bind(office.own().id.as_str())
    .bind(code.as_str())
    .bind(office.now_ms())
    .bind(office.now_ms())
    .fetch_all(office.pool())
    .await?
    .iter()
    .map(hex::encode)
    .collect();
    Ok(view)
}

/// Whether the officer may ask for a grant of this entry: party, state, then policy.
pub(crate) fn may_request(
    office: &Office,
    door: &Door<'_>,
    published: &PublishedEntry,
    provider: &ledger::department::Department,
    latest: u32,
) -> Result<Verdict, ServiceError> {
    if published.provider == *office.department() {
        return Ok(Verdict::no("entry.own"));
    }
    if published.entry.share_type == ShareType::NotShared {
        return Ok(Verdict::no("entry.not-shared"));
    }
    if published.entry.id.version != latest {
        return Ok(Verdict::no("entry.superseded"));
    }
    // Rows may be about purposes, and none is chosen yet: one that is open is enough.
    let mut closed = Verdict::default();
    for code in purpose::PURPOSES {
        let about = About { purpose: code.parse().ok(), ..About::default() };
        let decision = door.decide(Action::Request, published, provider, about)?;
        if decision.allow {
            return Ok(Verdict::yes());
        }
        if !closed.is_denied() {
            closed = door::verdict(&decision);
        }
    }
    Ok(closed)
}

fn view(
    published: &PublishedEntry,
    provider: DepartmentRef,
    latest: u32,
    versions: Vec<VersionView>,
    may: EntryMay,
) -> EntryView {
    let entry = &published.entry;
    EntryView {
        entry: reference(published),
        provider,
        region: entry.region.to_string(),
        region_name: region::region_name(entry.region.as_str()),
        summary: Words::from(&entry.summary),
        items: entry.items.iter().map(item_view).collect(),
        share_type: entry.share_type,
        conditions: conditions(published),
        modes: entry.modes.iter().copied().collect(),
        update_cycle: entry.update_cycle,
        grade: entry.grade,
        receipt_mode: entry.receipt_mode,
        legal_basis: Words::from(&entry.legal_basis),
        at: ms(published.at),
        height: published.height.0,
        tx: published.tx.to_string(),
        latest,
        versions,
        answer_days: answer_days(entry.share_type),
        live_grants: Vec::new(),
        may,
    }
}

/// An entry by name.
pub(crate) fn reference(published: &PublishedEntry) -> EntryRef {
    EntryRef {
        code: published.entry.id.code.to_string(),
        version: published.entry.id.version,
        name: Words::from(&published.entry.name),
    }
}

/// An item as it is shown.
pub(crate) fn item_view(item: &ledger::catalogue::Item) -> ItemView {
    ItemView {
        code: item.code.to_string(),
        label: Words::from(&item.label),
        data_type: item.data_type,
        sensitivity: item.sensitivity,
        grade: item.grade,
        query_key: item.query_key,
        returnable: item.returnable,
        verify_only: item.verify_only,
        mask: item.mask,
    }
}

/// The published conditions with their places.
pub(crate) fn conditions(published: &PublishedEntry) -> Vec<ConditionView> {
    (0u8..)
        .zip(&published.entry.conditions)
        .map(|(index, condition)| ConditionView {
            index,
            code: condition.code.to_string(),
            text: Words::from(&condition.text),
        })
        .collect()
}

/// Working days the provider has (DOMAIN 1.4).
pub(crate) const fn answer_days(share_type: ShareType) -> Option<u32> {
    match share_type {
        ShareType::Unconditional => Some(crate::deadline::ANSWER_UNCONDITIONAL_DAYS),
        ShareType::Conditional => Some(crate::deadline::ANSWER_CONDITIONAL_DAYS),
        ShareType::NotShared => None,
    }
}

/// Cuts what was typed to its bounds.
fn bounded(mut search: CatalogueSearch) -> CatalogueSearch {
    search.q = search.q.trim().chars().filter(|c| !c.is_control()).take(limits::SEARCH_CHARS_MAX).collect();
    search.page = search.page.max(1);
    for text in [&mut search.region, &mut search.provider] {
        if text.as_deref().is_some_and(str::is_empty) {
            *text = None;
        }
    }
    search
}

/// The facets by name, so that one can be left out while it is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Facet {
    ShareType,
    Mode,
    Region,
    Provider,
    Grade,
}

/// A statement over the latest entries under a search, without one facet. All values are bound.
fn select(what: &'static str, search: &CatalogueSearch, without: Option<Facet>) -> QueryBuilder<Sqlite> {
    let mut query = QueryBuilder::new(what);
    query.push(" FROM j_entry e WHERE e.latest = 1");
    for word in search.q.split_whitespace().take(limits::SEARCH_WORDS_MAX) {
        // The trigram index finds nothing for fewer than three characters.
        if word.chars().count() >= 3 {
            query.push(" AND e.id IN (SELECT rowid FROM j_entry_text WHERE j_entry_text MATCH ");
            query.push_bind(phrase(word)).push(")");
        } else {
            query.push(" AND e.body LIKE ").push_bind(like(word)).push(" ESCAPE '\\'");
        }
    }
    if let Some(share_type) = search.share_type.filter(|_| without != Some(Facet::ShareType)) {
        query.push(" AND e.share_type = ").push_bind(i64::from(share_type.number()));
    }
    if let Some(mode) = search.mode.filter(|_| without != Some(Facet::Mode)) {
        query.push(" AND (e.mode_bits & ").push_bind(mode_bit(mode)).push(") <> 0");
    }
    if let Some(region) = search.region.as_ref().filter(|_| without != Some(Facet::Region)) {
        query.push(" AND e.province = ").push_bind(region.clone());
    }
    if let Some(provider) = search.provider.as_ref().filter(|_| without != Some(Facet::Provider)) {
        query.push(" AND e.provider = ").push_bind(provider.clone());
    }
    if let Some(grade) = search.grade.filter(|_| without != Some(Facet::Grade)) {
        query.push(" AND e.grade = ").push_bind(i64::from(grade));
    }
    query
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

/// The bit of a mode in the read model.
pub(crate) fn mode_bit(mode: Mode) -> i64 {
    1 << mode.number()
}

async fn facets(office: &Office, search: &CatalogueSearch, names: &Names) -> Result<Facets, ServiceError> {
    let share_type =
        grouped(office, "SELECT CAST(e.share_type AS TEXT), COUNT(*)", search, Facet::ShareType).await?;
    let region = grouped(office, "SELECT e.province, COUNT(*)", search, Facet::Region).await?;
    let provider = grouped(office, "SELECT e.provider, COUNT(*)", search, Facet::Provider).await?;
    let grade = grouped(office, "SELECT CAST(e.grade AS TEXT), COUNT(*)", search, Facet::Grade).await?;
    let mut modes = Vec::new();
    for mode in Mode::ALL {
        let mut query = select("SELECT COUNT(*)", search, Some(Facet::Mode));
        query.push(" AND (e.mode_bits & ").push_bind(mode_bit(*mode)).push(") <> 0");
        let count: i64 = query.build_query_scalar().fetch_one(office.pool()).await?;
        if count > 0 || search.mode == Some(*mode) {
            modes.push(value(mode.code().to_owned(), None, count, search.mode == Some(*mode)));
        }
    }
    let chosen = |text: &Option<String>, value: &str| text.as_deref() == Some(value);
    Ok(Facets {
        share_type: ShareType::ALL
            .iter()
            .map(|kind| {
                let number = kind.number().to_string();
                let found = share_type.iter().find(|(value, _)| *value == number);
                let count = found.map(|(_, count)| *count).unwrap_or_default();
                value(kind.code().to_owned(), None, count, search.share_type == Some(*kind))
            })
            .collect(),
        mode: modes,
        region: region
            .into_iter()
            .map(|(code, count)| {
                let on = chosen(&search.region, &code);
                value(code.clone(), region::region_name(&code).map(|name| Words::new(name, name)), count, on)
            })
            .collect(),
        provider: provider
            .into_iter()
            .map(|(id, count)| {
                let on = chosen(&search.provider, &id);
                value(id.clone(), Some(names.of(&id).name), count, on)
            })
            .collect(),
        grade: grade
            .into_iter()
            .map(|(grade, count)| {
                let on = search.grade.is_some_and(|chosen| chosen.to_string() == grade);
                value(grade, None, count, on)
            })
            .collect(),
    })
}

fn value(value: String, label: Option<Words>, count: i64, on: bool) -> FacetValue {
    FacetValue { value, label, count: count.unsigned_abs(), on }
}

async fn grouped(
    office: &Office,
    what: &'static str,
    search: &CatalogueSearch,
    facet: Facet,
) -> Result<Vec<(String, i64)>, ServiceError> {
    let mut query = select(what, search, Some(facet));
    query.push(" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ").push_bind(limits::FACET_VALUES_MAX);
    Ok(query.build_query_as().fetch_all(office.pool()).await?)
}

/// Grants of the own department in force, counted by resource.
async fn live_grants(office: &Office) -> Result<BTreeMap<String, i64>, ServiceError> {
    let now = office.now_ms();
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "SELECT code, COUNT(*) FROM j_grant WHERE requester = ? AND revoked_at IS NULL
         AND from_at <= ? AND until_at >= ? GROUP BY 1",
    )
    .bind(office.own().id.as_str())
    .bind(now)
    .bind(now)
    .fetch_all(office.pool())
    .await?;
    Ok(rows.into_iter().collect())
}

fn read_row(
    row: &sqlx::sqlite::SqliteRow,
    names: &Names,
    live: &BTreeMap<String, i64>,
) -> Result<EntryRow, ServiceError> {
    let damaged = || ServiceError::fault("the read model is damaged; rebuild it", &"an entry row");
    let code: String = row.try_get("code")?;
    let number = |name| row.try_get::<i64, _>(name);
    let share_type = number("share_type")?;
    let bits = number("mode_bits")?;
    let region: String = row.try_get("region")?;
    Ok(EntryRow {
        provider: names.of(row.try_get("provider")?),
        region_name: region::region_name(&region),
        region,
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
        height: number("height")?.unsigned_abs(),
        live_grants: live.get(&code).copied().unwrap_or_default().unsigned_abs(),
        entry: EntryRef {
            version: u32::try_from(number("version")?).map_err(|_| damaged())?,
            name: Words::new(row.try_get::<String, _>("name_zh")?, row.try_get::<String, _>("name_en")?),
            code,
        },
    })
}

/// Leaves out what policy does not let the officer see.
fn discoverable(
    office: &Office,
    officer: &Officer,
    rows: Vec<EntryRow>,
) -> Result<Vec<EntryRow>, ServiceError> {
    office.node().read(|snapshot| {
        let door = Door::open(office, officer, snapshot)?;
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows {
            let code: ResourceCode = row.entry.code.parse().map_err(|_| ServiceError::NotFound)?;
            let published = door::entry(snapshot, &EntryId { code, version: row.entry.version })?;
            let provider = door::department(snapshot, &published.provider)?;
            if door.decide(Action::Discover, &published, &provider, About::default())?.allow {
                kept.push(row);
            }
        }
        Ok(kept)
    })
}

/// Names of entries for a list, read once each.
pub(crate) fn names_of(
    reads: &dyn ledger::state::StateRead,
    ids: impl IntoIterator<Item = EntryId>,
) -> Result<BTreeMap<EntryId, EntryRef>, ReadFault> {
    let mut found = BTreeMap::new();
    for id in ids {
        if found.contains_key(&id) {
            continue;
        }
        let named = match views::entry(reads, &id)? {
            Some(published) => reference(&published),
            None => EntryRef {
                code: id.code.to_string(),
                version: id.version,
                name: Words::new(id.code.as_str(), id.code.as_str()),
            },
        };
        found.insert(id, named);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_is_an_operator() {
        assert_eq!(phrase("a\" OR \"b"), "\"a\"\" OR \"\"b\"");
        assert_eq!(like("50%_\\"), "%50\\%\\_\\\\%");
    }

    #[test]
    fn a_search_is_cut_to_its_bounds() {
        let search = bounded(CatalogueSearch {
            q: format!(" {}\u{7} ", "证".repeat(100)),
            region: Some(String::new()),
            ..CatalogueSearch::default()
        });
        assert_eq!(search.q.chars().count(), limits::SEARCH_CHARS_MAX);
        assert_eq!((search.region, search.page), (None, 1));
    }
}
