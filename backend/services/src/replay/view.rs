//! What pages of a replay show.

use crate::codes::{Code, codes};
use crate::names::DepartmentRef;
use crate::page::Page;

/// Every code of a finding ([`WhatRow::code`]), so that pages have a sentence for each.
pub const FINDING_CODES: &[&str] = &exchange::replay::What::CODES;

codes! {
    /// Where a run is.
    pub enum ReplayState {
        Running => "running",
        Done => "done",
        /// Ended by the officer.
        Stopped => "stopped",
        /// The department looked at opens nothing.
        Refused => "refused",
        Failed => "failed",
    }
}

/// What the form says, as typed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayInput {
    /// Whose decisions.
    pub department: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: String,
}

/// The form of a replay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayForm {
    /// Departments whose decisions the officer may judge again.
    pub departments: Vec<DepartmentRef>,
    /// As last typed, or proposed.
    pub input: ReplayInput,
    /// The officer's own runs that are still known, newest first.
    pub runs: Vec<ReplayRow>,
    /// Days a period has at most.
    pub days_max: u64,
}

/// One run in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayRow {
    /// Its id.
    pub id: String,
    /// Whose decisions.
    pub department: DepartmentRef,
    /// First moment, ms UTC.
    pub from: i64,
    /// Last moment.
    pub until: i64,
    /// When it was begun.
    pub begun: i64,
    /// Where it is.
    pub state: ReplayState,
    /// Records with a finding so far.
    pub found: u64,
}

/// A run with what it found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayView {
    /// The run.
    pub row: ReplayRow,
    /// Grows with every page.
    pub stamp: u64,
    /// Blocks gone through.
    pub blocks_done: u64,
    /// Blocks of the period.
    pub blocks: u64,
    /// Records of the department.
    pub records: u64,
    /// Decisions judged again.
    pub judged: u64,
    /// Those among them that are the same.
    pub same: u64,
    /// Denials that no policy decided.
    pub facts: u64,
    /// Records too old for their papers to be kept.
    pub aged: u64,
    /// Own decisions kept that are on no record; only of the own department, and at the end.
    pub unrecorded: Option<u64>,
    /// Findings in the order of the chain.
    pub findings: Page<FindingRow>,
    /// Findings that are counted but not listed.
    pub unlisted: u64,
    /// Why the department looked at opens nothing.
    pub reason: Option<Code>,
    /// The number of a fault.
    pub fault: Option<String>,
    /// Whether the officer may open the receipts of findings.
    pub opens_receipts: bool,
}

/// One record of which something is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    /// The receipt's id.
    pub receipt: String,
    /// Its number for people.
    pub number: String,
    /// Its block.
    pub height: u64,
    /// That block's time, ms UTC.
    pub at: i64,
    /// Whose decision: `provider` or `requester`.
    pub side: &'static str,
    /// What.
    pub what: Vec<WhatRow>,
}

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatRow {
    /// Its code.
    pub code: &'static str,
    /// What exactly: codes only.
    pub detail: String,
}
