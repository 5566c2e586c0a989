//! What pages of steps that take two officers show.

use ledger::catalogue::{MaskRule, Mode, ReceiptMode};

use crate::catalogue::{EntryRef, ItemView};
use crate::countersigning::step::{StepKind, StepState};
use crate::names::{DepartmentRef, GrantRef, RequestRef};
use crate::verdict::Verdict;

/// A step that was drafted and waits for a second officer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
}

/// A step as other pages name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRef {
    /// Its id.
    pub id: String,
    /// Name of who drafted it.
    pub by: String,
}

/// A step of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingRow {
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// What it does when it is signed.
    pub kind: StepKind,
    /// Where it stands.
    pub state: StepState,
    /// The entry it is about.
    pub entry: EntryRef,
    /// The other department.
    pub department: DepartmentRef,
    /// Two digits.
    pub purpose: String,
    /// Number of items; 0 where it is not told.
    pub items: u64,
    /// The request it decides; none while it makes one.
    pub request: Option<RequestRef>,
    /// Name of who drafted it.
    pub by: String,
    /// The officer drafted it.
    pub own: bool,
    /// The officer drafted it, and has yet to sign it with their own key.
    pub unsealed: bool,
    /// Drafted, ms UTC.
    pub at: i64,
    /// Wiped unsigned then, ms UTC.
    pub lapses_at: i64,
}

/// An item of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContentItem {
    /// The item.
    pub item: ItemView,
    /// It leaves masked.
    pub mask: Option<MaskRule>,
    /// It was asked for and is not granted.
    pub left_out: bool,
    /// Lies outside what the purpose needs: only a hint.
    pub beyond_need: bool,
}

/// What will be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepContent {
    /// Basis code; none for an approval.
    pub basis: Option<String>,
    /// How the data are used.
    pub mode: Mode,
    /// The items.
    pub items: Vec<ContentItem>,
    /// First day in UTC+8.
    pub from_day: String,
    /// Last day in UTC+8.
    pub until_day: String,
    /// Queries in all.
    pub quota: u64,
    /// Queries asked for, where fewer are granted.
    pub quota_asked: Option<u64>,
    /// When receipts enter the chain; none for a request.
    pub receipt_mode: Option<ReceiptMode>,
    /// Whom a query is about; none for requests and approvals.
    pub person: Option<PersonAsked>,
}

/// Whom a query that waits is about, as far as it is shown, and what for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonAsked {
    /// Name and number, masked.
    pub masked: String,
    /// The business case.
    pub case_no: String,
    /// The grant it is asked under.
    pub grant: GrantRef,
}

/// What an officer is to sign of a step with their own key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealAsked {
    /// What the key is to sign, as text.
    pub text: String,
    /// They did.
    pub given: bool,
    /// Whether they can.
    pub may: Verdict,
}

/// What the officer may do with a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepMay {
    /// Countersign it.
    pub sign: Verdict,
    /// Send it back to who drafted it.
    pub send_back: bool,
    /// Take it back.
    pub take_back: bool,
}

/// Why a step came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentBack {
    /// Name of who sent it back.
    pub by: String,
    /// As typed.
    pub reason: String,
}

/// A step in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingView {
    /// Its row.
    pub row: WaitingRow,
    /// What will be signed; none once it was.
    pub content: Option<StepContent>,
    /// Why it came back.
    pub sent_back: Option<SentBack>,
    /// Name of who countersigned it.
    pub signed_by: Option<String>,
    /// The request it made or decided, the grant a query is asked under.
    pub object: String,
    /// The query it became.
    pub query: Option<String>,
    /// Names of colleagues who could countersign it, a few; for who drafted it.
    pub colleagues: Vec<String>,
    /// What the officer is to sign with their own key; none where the department has no roster.
    pub seal: Option<SealAsked>,
    /// What the officer may do.
    pub may: StepMay,
}
