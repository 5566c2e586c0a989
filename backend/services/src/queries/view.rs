//! What pages of queries show.

use ledger::catalogue::MaskRule;
use ledger::receipt::DenialClass;

use crate::catalogue::{EntryRef, ItemView};
use crate::codes::{Code, Layer, Stage, codes};
use crate::names::DepartmentRef;
use crate::verdict::Verdict;
use crate::words::Words;

codes! {
    /// What a step of a query's course is.
    pub enum StepKind {
        Asked => "asked",
        Held => "held",
        Recorded => "recorded",
        Opened => "opened",
        Closed => "closed",
    }

    /// Why an answer does not show an item.
    pub enum WithheldReason {
        NotGranted => "not-granted",
        NotAsked => "not-asked",
        Policy => "policy",
    }
}

/// One step of a query's course.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueryStep {
    /// What it is.
    pub kind: StepKind,
    /// When, ms UTC by the own clock.
    pub at: Option<i64>,
    /// What is waited for now.
    pub now: bool,
}

/// Why a query was denied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DenialView {
    /// The provider said no; else the own department's policy, and nothing was sent.
    pub by_provider: bool,
    /// What stands on the chain.
    pub class: DenialClass,
    /// The layer that decided.
    pub layer: Option<Layer>,
    /// The row that decided.
    pub row: Option<String>,
    /// The reason.
    pub code: Code,
}

/// One value of an answer.
#[derive(Clone, PartialEq, Eq)]
pub struct Cell {
    /// The item's code.
    pub item: String,
    /// Its name.
    pub label: Words,
    /// The value as the provider sent it; none when the provider has no value.
    pub value: Option<String>,
    /// The rule it was masked by.
    pub mask: Option<MaskRule>,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // A value is personal data and must not reach a log.
        f.debug_struct("Cell").field("item", &self.item).finish_non_exhaustive()
    }
}

/// An item of the entry that the answer does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// The item.
    pub item: ItemView,
    /// Why.
    pub reason: WithheldReason,
}

/// An opened answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResultView {
    /// Whether the provider has such a person.
    pub found: bool,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
    /// There are more rows than a policy of either side lets out.
    pub rows_withheld: bool,
    /// Number of values that are masked.
    pub masked: u64,
    /// What is not shown, and why.
    pub withheld: Vec<Withheld>,
    /// The watermark: who looks, when, under which receipt.
    pub watermark: String,
    /// When the provider read its data, ms UTC by its clock.
    pub prepared_at: i64,
}

/// The receipt of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRef {
    /// The receipt's id, which is the query's.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// In this block.
    pub height: u64,
    /// Recorded, ms UTC.
    pub at: i64,
    /// The acknowledgement is on the chain too.
    pub delivered: bool,
}

/// One query of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryRow {
    /// Its id.
    pub id: String,
    /// The entry.
    pub entry: EntryRef,
    /// Who was asked.
    pub provider: DepartmentRef,
    /// The grant.
    pub grant: String,
    /// Two digits.
    pub purpose: String,
    /// The business case.
    pub case_no: String,
    /// The person, masked.
    pub subject: String,
    /// Where it stands.
    pub state: Stage,
    /// Why it waits or ended.
    pub reason: Option<Code>,
    /// Nothing more happens by itself.
    pub is_final: bool,
    /// Asked, ms UTC.
    pub at: i64,
    /// Its receipt.
    pub receipt: Option<ReceiptRef>,
}

/// A query in full, for the officer who asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryView {
    /// Its row.
    pub row: QueryRow,
    /// The grant's number for people.
    pub grant_number: String,
    /// What it waits for.
    pub waiting: Option<Code>,
    /// Grows with every change; for [`super::wait`].
    pub stamp: u64,
    /// Its course.
    pub steps: Vec<QueryStep>,
    /// Why it was denied.
    pub denial: Option<DenialView>,
    /// The answer, for ten minutes after it was opened.
    pub result: Option<ResultView>,
    /// The answer was opened and is no longer shown.
    pub cleared: bool,
    /// When it is cleared, ms UTC.
    pub clears_at: Option<i64>,
    /// Whether the officer may ask under this grant again.
    pub ask: Verdict,
    /// Other queries of the officer for the same business case.
    pub same_case: Vec<QueryRow>,
}

/// Which of the officer's queries to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueryFilter {
    /// Only under this grant.
    pub grant: Option<String>,
    /// Only for this business case, exactly. Comes by POST, never in an address.
    pub case_no: Option<String>,
    /// Page, from 1; 0 means the first.
    pub page: u64,
}
