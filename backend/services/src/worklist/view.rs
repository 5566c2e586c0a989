//! What the first page shows.

use crate::catalogue::EntryRef;
use crate::codes::{Bound, codes};
use crate::deadline::{Deadline, Light};
use crate::grants::GrantRow;
use crate::inspection::DayCount;
use crate::names::{DepartmentRef, GrantRef};
use crate::receipts::RecordRow;
use crate::requests::RequestRow;

codes! {
    /// What a task is.
    pub enum TaskKind {
        Decide => "decide",
        Countersign => "countersign",
        Drafted => "drafted",
        /// What they drafted lacks their own signature.
        Seal => "seal",
        SentBack => "sent-back",
        Refused => "refused",
        Renew => "renew",
        Granted => "granted",
        Revoked => "revoked",
        Failed => "failed",
        /// A proposal of an inspection waits for a second inspector.
        Proposed => "proposed",
        /// An inspection's time is over: its conclusion is due.
        Conclude => "conclude",
        /// An inspection looked at what the own department shares.
        Inspected => "inspected",
        /// A draft of a policy waits for a second administrator.
        PolicyDraft => "policy-draft",
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// What it is.
    pub kind: TaskKind,
    /// The request, grant, query or step.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// The entry.
    pub entry: EntryRef,
    /// The other department.
    pub department: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// Number of items; 0 where it says nothing.
    pub items: u64,
    /// When its time is over, ms UTC.
    pub due_at: Option<i64>,
    /// Working-day limit, for requests.
    pub deadline: Option<Deadline>,
    /// Days left until `due_at`; negative when over.
    pub days_left: i64,
    /// Warning light.
    pub light: Light,
}

/// The figures at the top. Each is the length of a list one click away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HomeFigures {
    /// Requests that wait for the own department.
    pub to_decide: u64,
    /// Of these, due today or overdue.
    pub to_decide_today: u64,
    /// Own requests that wait.
    pub requests_waiting: u64,
    /// Own requests refused in the last 14 days.
    pub requests_refused: u64,
    /// Grants held and in force.
    pub grants_live: u64,
    /// Of these, ending within seven days.
    pub grants_ending: u64,
    /// The department's queries on record today.
    pub asked_today: u64,
    /// Queries of others answered or denied today.
    pub answered_today: u64,
    /// Records the officer may inspect, of today; 0 for all but inspectors.
    pub inspected_today: u64,
}

/// A bound of what one officer may ask that somebody came to: for who watches over the accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// The account's number, for its page; none where it is nobody's any more.
    pub staff: Option<i64>,
    /// Who, by name; by their account where it has none.
    pub name: String,
    /// What they sign in with.
    pub account: String,
    /// Which bound.
    pub bound: Bound,
    /// The grant they asked under the last time.
    pub grant: Option<GrantRef>,
    /// When last, ms UTC.
    pub at: i64,
    /// Queries turned away on that day.
    pub times: u64,
}

/// The worklist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// Now, ms UTC.
    pub now: i64,
    /// The figures.
    pub figures: HomeFigures,
    /// Bounds that officers came to lately; for the security administrator only.
    pub alarms: Vec<Alarm>,
    /// What waits, by time left.
    pub tasks: Vec<Task>,
    /// The newest own requests.
    pub requests: Vec<RequestRow>,
    /// Grants the officer may ask under, most used first.
    pub grants: Vec<GrantRow>,
    /// The department's last receipts, asked and answered.
    pub receipts: Vec<RecordRow>,
    /// The department's data asked by others, the last 14 days.
    pub provided: Vec<DayCount>,
}

/// Counts beside the entries of the side bar, for the officer's role.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SideCounts {
    /// Requests of others to decide.
    pub approvals: u64,
    /// Own requests that wait for their provider.
    pub requests: u64,
    /// The officer's queries that are under way.
    pub queries: u64,
    /// Accounts that wait for the officer.
    pub staff: u64,
    /// Proposals of inspections that wait for the officer.
    pub inspections: u64,
    /// Steps that wait for the officer's countersignature.
    pub countersign: u64,
    /// Drafts of policies that wait for the officer's countersignature.
    pub policies: u64,
}
