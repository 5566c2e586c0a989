//! What pages of the access log show.

use crate::facets::FacetValue;
use crate::inspections::InspectionRow;
use crate::page::Page;
use crate::receipts::{Outcome, RecordRow};

/// What to look for. Empty fields do not narrow.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogSearch {
    /// Recorded at or after, ms UTC.
    pub from: Option<i64>,
    /// Recorded at or before, ms UTC.
    pub until: Option<i64>,
    /// Who asked.
    pub requester: Option<String>,
    /// Who answered.
    pub provider: Option<String>,
    /// Province of either side.
    pub region: Option<String>,
    /// Resource code.
    pub entry: Option<String>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Page, from 1; 0 means the first.
    pub page: u64,
}

/// Accesses of one day of UTC+8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCount {
    /// `2026-11-20`.
    pub day: String,
    /// Answered.
    pub answered: u64,
    /// Denied.
    pub denied: u64,
}

/// Facets of the log; each counts under the search and all *other* facets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LogFacets {
    /// Who asked.
    pub requester: Vec<FacetValue>,
    /// Who answered.
    pub provider: Vec<FacetValue>,
    /// Provinces of either side.
    pub region: Vec<FacetValue>,
    /// Entries.
    pub entry: Vec<FacetValue>,
    /// Outcomes.
    pub outcome: Vec<FacetValue>,
}

/// A page of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The inspection that is searched in.
    pub working: InspectionRow,
    /// How many of the own department are open: with others one may go on in another.
    pub open: u64,
    /// What was searched, as understood.
    pub search: LogSearch,
    /// The records, newest first.
    pub records: Page<RecordRow>,
    /// Counts per day under the same search, without gaps, at most 92 days.
    pub days: Vec<DayCount>,
    /// The facets.
    pub facets: LogFacets,
    /// Departments the officer may look into.
    pub departments: u64,
    /// Number of the entry in the local log that notes this search.
    pub noted_as: u64,
}
