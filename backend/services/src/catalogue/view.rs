//! What pages of the catalogue show.

use std::collections::BTreeMap;

use ledger::catalogue::{DataType, MaskRule, Mode, PublishedEntry, ReceiptMode, ShareType, UpdateCycle};
use ledger::ids::EntryId;
use ledger::state::ReadFault;
use ledger::views;

use crate::facets::FacetValue;
use crate::names::{DepartmentRef, GrantRef, Names, PlaceView, ms};
use crate::page::Page;
use crate::verdict::Verdict;
use crate::words::Words;

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
    /// Its publication.
    pub place: PlaceView,
}

/// An entry in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntryView {
    /// Its row.
    pub row: EntryRow,
    /// 信息项.
    pub items: Vec<ItemView>,
    /// 共享条件.
    pub conditions: Vec<ConditionView>,
    /// 更新周期.
    pub update_cycle: UpdateCycle,
    /// When receipts enter the chain.
    pub receipt_mode: ReceiptMode,
    /// 采集依据.
    pub legal_basis: Words,
    /// The latest version's number.
    pub latest: u32,
    /// All versions, newest first.
    pub versions: Vec<VersionView>,
    /// Working days the provider has to answer a request; none when not shared.
    pub answer_days: Option<u32>,
    /// Grants of the own department for it in force.
    pub grants: Vec<GrantRef>,
    /// Whether the officer may ask for a grant.
    pub may_request: Verdict,
}

/// An entry by name.
pub(crate) fn reference(published: &PublishedEntry) -> EntryRef {
    EntryRef {
        code: published.entry.id.code.to_string(),
        version: published.entry.id.version,
        name: Words::from(&published.entry.name),
    }
}

/// An entry of a list, with so many grants of the own department in force.
pub(crate) fn row(published: &PublishedEntry, names: &Names, live_grants: u64) -> EntryRow {
    let entry = &published.entry;
    EntryRow {
        entry: reference(published),
        provider: names.of(published.provider.as_str()),
        region: entry.region.to_string(),
        share_type: entry.share_type,
        grade: entry.grade,
        modes: entry.modes.iter().copied().collect(),
        summary: Words::from(&entry.summary),
        items: entry.items.len() as u64,
        at: ms(published.at),
        live_grants,
    }
}

/// A version of an entry as the read model names it.
pub(crate) fn entry_id(code: &str, version: i64) -> Option<EntryId> {
    Some(EntryId { code: code.parse().ok()?, version: u32::try_from(version).ok()? })
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
        mask: item.mask.rule(),
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
