//! What pages of requests show.

use ledger::catalogue::{MaskRule, Mode, ReceiptMode};
use ledger::request::RequestStatus;

use crate::catalogue::{ConditionView, EntryRef, ItemView};
use crate::codes::codes;
use crate::countersigning::WaitingRef;
use crate::deadline::Deadline;
use crate::names::{DepartmentRef, GrantRef, Side};
use crate::officer::StepView;
use crate::verdict::Verdict;

codes! {
    /// Where a request stands.
    pub enum RequestState {
        Submitted => "submitted",
        Granted => "granted",
        Refused => "refused",
        Withdrawn => "withdrawn",
    }

    /// What a step of a course is.
    pub enum TimelineKind {
        Submitted => "submitted",
        Granted => "granted",
        Refused => "refused",
        Withdrawn => "withdrawn",
        Revoked => "revoked",
        Expired => "expired",
        Decide => "decide",
        Use => "use",
    }
}

impl RequestState {
    pub(crate) const fn of(status: &RequestStatus) -> Self {
        match status {
            RequestStatus::Submitted => Self::Submitted,
            RequestStatus::Granted(_) => Self::Granted,
            RequestStatus::Refused { .. } => Self::Refused,
            RequestStatus::Withdrawn { .. } => Self::Withdrawn,
        }
    }
}

/// Which requests to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Asked or asked for.
    pub side: Side,
    /// Only these.
    pub status: Option<RequestState>,
    /// Page, from 1; 0 means the first.
    pub page: u64,
}

/// One request of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `SQ-2026-000012`.
    pub number: String,
    /// What is asked for.
    pub entry: EntryRef,
    /// Who asks.
    pub requester: DepartmentRef,
    /// Who is asked.
    pub provider: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// How the data are used.
    pub mode: Mode,
    /// Number of items.
    pub items: u64,
    /// Where it stands.
    pub state: RequestState,
    /// Submitted, ms UTC.
    pub at: i64,
    /// Decided or taken back, ms UTC.
    pub decided_at: Option<i64>,
    /// Time limit of the answer; only while it waits.
    pub deadline: Option<Deadline>,
    /// The officer may decide about it.
    pub may_decide: bool,
}

/// An item of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestedItem {
    /// The item.
    pub item: ItemView,
    /// Granted; none while not decided.
    pub granted: Option<bool>,
    /// Mask of the grant.
    pub granted_mask: Option<MaskRule>,
    /// Mask that policy demands now.
    pub policy_mask: Option<MaskRule>,
    /// Policy leaves it out now.
    pub policy_drops: bool,
    /// Masks an approval may choose; the first is the default. None in the list means clear.
    pub masks_offered: Vec<Option<MaskRule>>,
    /// Lies outside what the purpose needs (DOMAIN 3.2): only a hint.
    pub beyond_need: bool,
}

/// One step of a course, past or next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimelineEntry {
    /// What it is.
    pub kind: TimelineKind,
    /// When, ms UTC; none for what has not happened.
    pub at: Option<i64>,
    /// The department that acted or will act.
    pub department: DepartmentRef,
    /// Who acted, and where it stands.
    pub step: Option<StepView>,
    /// It is what is waited for now.
    pub now: bool,
}

/// What the officer may do with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestMay {
    /// Grant it.
    pub approve: Verdict,
    /// Refuse it.
    pub refuse: Verdict,
    /// Take it back.
    pub withdraw: Verdict,
    /// Ask within its grant.
    pub ask: Verdict,
}

/// Ids and defaults of the forms on a request's page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionForms {
    /// Form id of the approval.
    pub approve: String,
    /// Form id of the refusal.
    pub refuse: String,
    /// Form id of the withdrawal.
    pub withdraw: String,
    /// Receipt modes an approval may choose.
    pub receipt_modes: Vec<ReceiptMode>,
    /// Reason codes of a withdrawal.
    pub withdraw_reasons: Vec<String>,
}

/// What the requester did with this provider before: for who decides.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequesterHistory {
    /// Requests of the last 90 days.
    pub requests: u64,
    /// Of these granted.
    pub granted: u64,
    /// Queries on record of the last 90 days.
    pub asked: u64,
    /// Of these denied.
    pub denied: u64,
}

/// A request in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestView {
    /// Its row.
    pub row: RequestRow,
    /// Highest grade of the entry.
    pub grade: u8,
    /// A newer version of the entry is published.
    pub entry_outdated: bool,
    /// Its submission: who drafted and who countersigned it.
    pub submitted: StepView,
    /// Two digits.
    pub basis: String,
    /// First day asked for in UTC+8.
    pub from_day: String,
    /// Last day asked for in UTC+8.
    pub until_day: String,
    /// Queries in all.
    pub quota: u64,
    /// The items.
    pub items: Vec<RequestedItem>,
    /// Published conditions of the entry; a refusal cites one.
    pub conditions: Vec<ConditionView>,
    /// The grant it became.
    pub grant: Option<GrantRef>,
    /// The condition under which it was refused.
    pub refused_under: Option<ConditionView>,
    /// Reason code of its withdrawal.
    pub withdrawn_for: Option<String>,
    /// Its course.
    pub timeline: Vec<TimelineEntry>,
    /// What the officer may do.
    pub may: RequestMay,
    /// Form ids and choices.
    pub forms: DecisionForms,
    /// The requester's past; set for the provider's side.
    pub history: Option<RequesterHistory>,
    /// An approval that waits for a second officer; set for the provider's side.
    pub waiting: Option<WaitingRef>,
}

/// Receipt modes an approval may choose under an entry.
pub(crate) fn receipt_modes(entry: ReceiptMode) -> Vec<ReceiptMode> {
    match entry {
        ReceiptMode::Each => vec![ReceiptMode::Each],
        // Batches are anchored in a later version: every answer gets its own receipt.
        ReceiptMode::Batch => vec![ReceiptMode::Each],
    }
}
