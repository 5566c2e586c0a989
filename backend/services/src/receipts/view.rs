//! What pages of receipts show.

use ledger::catalogue::Mode;
use ledger::receipt::{DeliveryOutcome, DenialClass};
use ledger::role::Assurance;

use crate::catalogue::EntryRef;
use crate::chain::{CertificateView, ProofView};
use crate::codes::codes;
use crate::inspections::LookedAt;
use crate::names::{DepartmentRef, GrantRef, PlaceView, RequestRef};
use crate::officer::StepView;

codes! {
    /// How an access ended on the chain.
    pub enum Outcome {
        Answered => "answered",
        Denied => "denied",
        /// Answered, and not acknowledged yet.
        Unacknowledged => "unacknowledged",
        /// Answered, and the requester could not open it or found it other than promised.
        Rejected => "rejected",
    }

    /// A check of a record.
    pub enum CheckCode {
        Content => "content",
        TicketSignature => "ticket-signature",
        ProviderSignature => "provider-signature",
        Grant => "grant",
        Policies => "policies",
        Inclusion => "inclusion",
        Certificate => "certificate",
        ReceiptLog => "receipt-log",
        Delivery => "delivery",
        Evidence => "evidence",
    }

    /// What a figure beside a check is.
    pub enum FactKey {
        Key => "key",
        Department => "department",
        Reason => "reason",
        UseNo => "use-no",
        Quota => "quota",
        National => "national",
        Region => "region",
        Height => "height",
        Levels => "levels",
        Signed => "signed",
        Validators => "validators",
        Place => "place",
        Size => "size",
        Outcome => "outcome",
        Steps => "steps",
        FailedStep => "failed-step",
    }
}

/// One access of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// The query's id, which is the receipt's; 64 hexadecimal characters.
    pub id: String,
    /// Its number for people, e.g. `HZ-20261120-7F3A91`.
    pub number: String,
    /// How it ended: answered or denied, with its acknowledgement in `delivery`.
    pub outcome: Outcome,
    /// Why it was denied, as far as the chain knows.
    pub class: Option<DenialClass>,
    /// The entry; none when the grant is unknown.
    pub entry: Option<EntryRef>,
    /// Who asked.
    pub requester: DepartmentRef,
    /// Who answered.
    pub provider: DepartmentRef,
    /// Number of the use within its grant.
    pub use_no: Option<u64>,
    /// Where it is recorded.
    pub place: PlaceView,
    /// The requester's acknowledgement.
    pub delivery: Option<DeliveryView>,
}

/// A check that was made here and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckView {
    /// Which.
    pub code: CheckCode,
    /// Passed; none when it could not be made here (with the reason among the facts).
    pub passed: Option<bool>,
    /// What it should have been.
    pub expected: Option<String>,
    /// What it is.
    pub found: Option<String>,
    /// Further figures.
    pub facts: Vec<(FactKey, String)>,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// The grant an access was made under.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordGrant {
    /// Its id and number.
    pub named: GrantRef,
    /// Its approval.
    pub approved: StepView,
    /// Revoked later, ms UTC.
    pub revoked_at: Option<i64>,
}

/// The request behind the grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRequest {
    /// Its id and number.
    pub named: RequestRef,
    /// Its submission.
    pub submitted: StepView,
}

/// The requester's acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// What became of the answer.
    pub outcome: DeliveryOutcome,
    /// Where it stands.
    pub place: PlaceView,
}

/// What only the requester's own department knows about its query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnQuery {
    /// The colleague who asked.
    pub asked_by: Option<String>,
    /// The business case; only for the colleague who asked.
    pub case_no: Option<String>,
    /// Whether the query's own page can be opened by this officer.
    pub is_mine: bool,
}

/// Whose word it is that an officer asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecordWord {
    /// The requesting department's alone: it says how the officer signed in.
    Department(Assurance),
    /// The officer's: they signed with their own key.
    Officer {
        /// Root of the roster they are on.
        root: String,
        /// Where that was anchored.
        anchored: PlaceView,
    },
}

/// A record in full, checked here and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordView {
    /// Its row.
    pub row: RecordRow,
    /// Two digits; none when the grant is unknown.
    pub purpose: Option<String>,
    /// How it was asked.
    pub mode: Mode,
    /// The grant.
    pub grant: Option<RecordGrant>,
    /// The request.
    pub request: Option<RecordRequest>,
    /// The requester's head when it asked.
    pub seen_height: u64,
    /// The height it was judged at.
    pub judged_height: u64,
    /// Digest of the sealed answer's header; none when denied.
    pub answer_digest: Option<String>,
    /// Digest of the details, which only the parties hold.
    pub details_digest: String,
    /// Place in the receipt log, from 0.
    pub log_index: u64,
    /// Whose word it is that this officer asked; only the two departments know.
    pub word: Option<RecordWord>,
    /// What the own department knows beside.
    pub own: Option<OwnQuery>,
    /// Inspections that looked at it, as far as the officer may know.
    pub looks: Vec<LookedAt>,
    /// The checks, in their order.
    pub checks: Vec<CheckView>,
    /// All checks that could be made passed.
    pub verified: bool,
    /// When they were made, ms UTC.
    pub verified_at: i64,
    /// The path to the block's root.
    pub proof: ProofView,
    /// Who decided the block.
    pub certificate: CertificateView,
    /// The genesis digest an outsider checks against, 64 hexadecimal characters.
    pub trust_root: String,
    /// Name of the evidence file.
    pub evidence_name: String,
}

/// A file to be downloaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    /// `HZ-….zlproof`.
    pub name: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// SM3 of its bytes, 64 hexadecimal characters.
    pub digest: String,
}
