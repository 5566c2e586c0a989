//! What pages of grants show.

use ledger::catalogue::{MaskRule, Mode, ReceiptMode};
use ledger::grant::GrantStatus;

use crate::catalogue::{EntryRef, ItemView};
use crate::names::{DepartmentRef, RequestRef, Side};
use crate::officer::StepView;
use crate::receipts::RecordRow;
use crate::verdict::Verdict;

/// Which grants to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GrantFilter {
    /// Held or given.
    pub side: Side,
    /// Only these.
    pub status: Option<GrantStatus>,
    /// Only for this resource code.
    pub entry: Option<String>,
    /// Page, from 1; 0 means the first.
    pub page: u64,
}

/// One grant of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantRow {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `SQD-2026-000003`.
    pub number: String,
    /// The entry.
    pub entry: EntryRef,
    /// Who may ask.
    pub requester: DepartmentRef,
    /// Who answers.
    pub provider: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// Number of items.
    pub items: u64,
    /// Whether it is in force.
    pub status: GrantStatus,
    /// Last moment, ms UTC.
    pub until: i64,
    /// It ends within seven days.
    pub ending: bool,
    /// Queries in all.
    pub quota: u64,
    /// Used.
    pub used: u64,
    /// Given, ms UTC.
    pub at: i64,
    /// Whether the officer may ask under it now.
    pub may_ask: bool,
}

/// An item of a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedItemView {
    /// The item.
    pub item: ItemView,
    /// The mask it is answered under, by the grant alone.
    pub mask: Option<MaskRule>,
}

/// What the officer may do with a grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantMay {
    /// Ask under it.
    pub ask: Verdict,
    /// End it.
    pub revoke: Verdict,
}

/// A grant in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantView {
    /// Its row.
    pub row: GrantRow,
    /// The request it answers.
    pub request: RequestRef,
    /// The one mode.
    pub mode: Mode,
    /// The items with their masks.
    pub items: Vec<GrantedItemView>,
    /// Only rows whose item equals a value: item code and value.
    pub row_scope: Option<(String, String)>,
    /// First moment, ms UTC.
    pub from: i64,
    /// Queries left.
    pub left: u64,
    /// When receipts enter the chain.
    pub receipt_mode: ReceiptMode,
    /// Policies it was judged under: national, region, department; 64 hexadecimal characters each.
    pub policy_versions: [String; 3],
    /// Its approval.
    pub approved: StepView,
    /// Its revocation.
    pub revoked: Option<RevokedView>,
    /// What the officer may do.
    pub may: GrantMay,
    /// Form id of the revocation.
    pub revoke_form_id: String,
    /// Reason codes of a revocation.
    pub revoke_reasons: Vec<String>,
    /// The last records under it.
    pub records: Vec<RecordRow>,
}

/// The end of a grant before its time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedView {
    /// Reason code.
    pub reason: String,
    /// Who revoked, and when.
    pub step: StepView,
}
