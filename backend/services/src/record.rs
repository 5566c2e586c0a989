//! The record of one access: its row in lists, its facts, its checks and its evidence.
//!
//! Nothing here says who the citizen was; the chain does not know. What a party knows of its own
//! enquiry (colleague, case) is added for that party alone.

mod checks;
mod facts;

use ledger::catalogue::Mode;
use ledger::ids::GrantId;
use ledger::receipt::{DeliveryOutcome, DenialClass};
use sqlx::Row as _;

use crate::catalogue::{EntryRef, names_of};
use crate::deadline;
use crate::departments::{DepartmentRef, Names};
use crate::error::ServiceError;
use crate::grants::entry_of;
use crate::office::Office;
use crate::staff::Person;

pub(crate) use checks::{proof_of, transaction_signature};
pub(crate) use facts::{evidence_of, show};

/// How an access ended on the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// A sealed answer was recorded.
    Answered,
    /// The provider said no.
    Denied,
    /// Answered, and not acknowledged yet.
    Unacknowledged,
    /// Answered, and the requester could not open it or found it other than promised.
    Rejected,
}

impl Outcome {
    /// All outcomes, as a filter offers them.
    pub const ALL: [Self; 4] = [Self::Answered, Self::Denied, Self::Unacknowledged, Self::Rejected];

    /// `answered`, `denied`, `unacknowledged`, `rejected`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Denied => "denied",
            Self::Unacknowledged => "unacknowledged",
            Self::Rejected => "rejected",
        }
    }

    /// The outcome of a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.code() == code)
    }
}

/// One access of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRow {
    /// The enquiry's id, which is the receipt's; 64 hexadecimal characters.
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
    /// The grant.
    pub grant: String,
    /// Subjects asked about.
    pub units: u64,
    /// Number of the use within its grant.
    pub use_no: Option<u64>,
    /// Recorded, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
    /// The requester's acknowledgement.
    pub delivery: Option<DeliveryOutcome>,
    /// Acknowledged, ms UTC.
    pub delivered_at: Option<i64>,
}

/// A check that was made here and now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckView {
    /// `content`, `ticket-signature`, `provider-signature`, `grant`, `policies`, `inclusion`,
    /// `certificate`, `receipt-log`, `delivery`, `evidence`.
    pub code: &'static str,
    /// Passed; none when it could not be made here (with the reason among the facts).
    pub passed: Option<bool>,
    /// What it should have been.
    pub expected: Option<String>,
    /// What it is.
    pub found: Option<String>,
    /// Further figures: text key and value.
    pub facts: Vec<(&'static str, String)>,
    /// How long it took, in microseconds.
    pub micros: u64,
}

/// One step of the proof path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofStep {
    /// The given sibling, 64 hexadecimal characters.
    pub sibling: String,
    /// The sibling stands left of what was computed so far.
    pub sibling_left: bool,
    /// What is computed from both.
    pub node: String,
}

/// The path of a transaction to the root in its block's header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProofView {
    /// SM3 leaf of the transaction's bytes.
    pub leaf: String,
    /// Its place in the block, from 0.
    pub index: u64,
    /// Transactions of the block.
    pub size: u64,
    /// From the leaf up.
    pub steps: Vec<ProofStep>,
    /// The root computed.
    pub root: String,
    /// The root in the header.
    pub header_root: String,
    /// Both are equal.
    pub matches: bool,
}

/// A validator under a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerView {
    /// Its department.
    pub department: DepartmentRef,
    /// Its address, 40 hexadecimal characters.
    pub address: String,
    /// It signed this block.
    pub signed: bool,
    /// The beginning of its signature.
    pub signature: Option<String>,
    /// Its voting power.
    pub power: u64,
}

/// Who decided a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView {
    /// The round it was decided in.
    pub round: u64,
    /// All validators, those who signed marked.
    pub signers: Vec<SignerView>,
    /// How many signed.
    pub signed: u64,
    /// How many are needed when all have equal power.
    pub needed: u64,
    /// The certificate checks.
    pub valid: bool,
}

/// The grant an access was made under, as it stood then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordGrant {
    /// Its id.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// First moment, ms UTC.
    pub from: i64,
    /// Last moment, ms UTC.
    pub until: i64,
    /// Enquiries in all.
    pub quota: u64,
    /// Codes of the items granted.
    pub items: Vec<String>,
    /// Approved by.
    pub by: Person,
    /// Approved, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
    /// Revoked later, ms UTC.
    pub revoked_at: Option<i64>,
}

/// The request behind the grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordRequest {
    /// Its id.
    pub id: String,
    /// Its number for people.
    pub number: String,
    /// Two digits.
    pub basis: String,
    /// Asked by.
    pub by: Person,
    /// Submitted, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
}

/// The requester's acknowledgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveryView {
    /// What became of the answer.
    pub outcome: DeliveryOutcome,
    /// When, ms UTC.
    pub at: i64,
    /// In this block.
    pub height: u64,
    /// By this transaction.
    pub tx: String,
}

/// What only the requester's own department knows about its enquiry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnEnquiry {
    /// The colleague who asked.
    pub asked_by: Option<String>,
    /// The business case; only for the colleague who asked.
    pub case_no: Option<String>,
    /// Whether the enquiry's own page can be opened by this officer.
    pub is_mine: bool,
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
    /// The ticket was good until, ms UTC.
    pub valid_until: i64,
    /// Policies it was judged under: national, region, department.
    pub policy_versions: [String; 3],
    /// Digest of the sealed answer's header; none when denied.
    pub answer_digest: Option<String>,
    /// Digest of the details, which only the parties hold.
    pub details_digest: String,
    /// Commitment to the decision; none when answered (it stands in the answer's header).
    pub decision_commit: Option<String>,
    /// The requester's signature under the ticket, 128 hexadecimal characters.
    pub ticket_signature: String,
    /// Key id of it.
    pub ticket_key: String,
    /// The provider's signature under the record.
    pub record_signature: String,
    /// Key id of it.
    pub record_key: String,
    /// Place in the receipt log, from 0.
    pub log_index: u64,
    /// The provider's audit log then: entries and digest.
    pub provider_log: (u64, String),
    /// The acknowledgement.
    pub delivery: Option<DeliveryView>,
    /// What the own department knows beside.
    pub own: Option<OwnEnquiry>,
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

/// A number for people: day and the first digits of the id.
pub(crate) fn number(at: i64, id: &str) -> String {
    let day = deadline::day(at).map(|day| day.strftime("%Y%m%d").to_string()).unwrap_or_default();
    format!("HZ-{day}-{}", id.get(..6).unwrap_or_default().to_uppercase())
}

/// Reads rows of `j_record` with the names they need.
pub(crate) fn rows(
    office: &Office,
    found: &[sqlx::sqlite::SqliteRow],
) -> Result<Vec<RecordRow>, ServiceError> {
    let mut entries = Vec::with_capacity(found.len());
    for row in found {
        entries.push(entry_of(row.try_get("code")?, row.try_get("version")?));
    }
    let (names, entry_names) = office.node().read(|snapshot| -> Result<_, ServiceError> {
        let names = Names::read(snapshot, office.department())?;
        Ok((names, names_of(snapshot, entries.iter().flatten().cloned())?))
    })?;
    let mut rows = Vec::with_capacity(found.len());
    for (row, entry) in found.iter().zip(entries) {
        let id = hex::encode(row.try_get::<Vec<u8>, _>("query")?);
        let at: i64 = row.try_get("at")?;
        let class: i64 = row.try_get("class")?;
        let delivery: i64 = row.try_get("delivery")?;
        rows.push(RecordRow {
            number: number(at, &id),
            outcome: if row.try_get::<i64, _>("answered")? == 1 {
                Outcome::Answered
            } else {
                Outcome::Denied
            },
            class: DenialClass::ALL.iter().copied().find(|known| i64::from(known.number()) == class),
            entry: entry.and_then(|id| entry_names.get(&id).cloned()),
            requester: names.of(row.try_get("requester")?),
            provider: names.of(row.try_get("provider")?),
            grant: hex::encode(row.try_get::<Vec<u8>, _>("grant_id")?),
            units: row.try_get::<i64, _>("units")?.unsigned_abs(),
            use_no: row.try_get::<Option<i64>, _>("use_no")?.map(i64::unsigned_abs),
            at,
            height: row.try_get::<i64, _>("height")?.unsigned_abs(),
            tx: hex::encode(row.try_get::<Vec<u8>, _>("tx")?),
            delivery: DeliveryOutcome::ALL
                .iter()
                .copied()
                .find(|known| i64::from(known.number()) == delivery),
            delivered_at: row.try_get("delivered_at")?,
            id,
        });
    }
    Ok(rows)
}

/// The newest records under a grant.
pub(crate) async fn of_grant(
    office: &Office,
    grant: &GrantId,
    count: u64,
) -> Result<Vec<RecordRow>, ServiceError> {
    let found = sqlx::query("SELECT * FROM j_record WHERE grant_id = ? ORDER BY at DESC, place DESC LIMIT ?")
        .bind(grant.as_bytes().as_slice())
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_all(office.pool())
        .await?;
    rows(office, &found)
}
