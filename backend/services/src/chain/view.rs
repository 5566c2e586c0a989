//! What pages of the ledger show.

use crate::names::DepartmentRef;
use crate::office::ChainLine;
use crate::officer::Person;

/// A block of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockRow {
    /// Its height.
    pub height: u64,
    /// Its id, 64 hexadecimal characters.
    pub id: String,
    /// Its time, ms UTC.
    pub at: i64,
    /// Number of transactions.
    pub transactions: u64,
    /// Who proposed it.
    pub proposer: DepartmentRef,
}

/// The chain at a glance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainOverview {
    /// Its name.
    pub name: String,
    /// SM3 of its genesis: the trust root.
    pub trust_root: String,
    /// When it began, ms UTC.
    pub began_at: i64,
    /// The line of the page's head.
    pub line: ChainLine,
    /// The last block's id.
    pub block: String,
    /// State root after it.
    pub state_root: String,
    /// Root of the receipt log.
    pub receipt_root: String,
    /// Receipts and denials since genesis.
    pub receipts: u64,
    /// A block comes at least so often, in ms.
    pub heartbeat_ms: u64,
    /// Departments.
    pub departments: u64,
    /// Validators, and who of them signed the last block.
    pub certificate: Option<CertificateView>,
    /// Latest entries.
    pub entries: u64,
    /// Requests so far.
    pub requests: u64,
    /// Grants so far.
    pub grants: u64,
    /// The newest blocks.
    pub blocks: Vec<BlockRow>,
    /// The newest transactions.
    pub transactions: Vec<TransactionRow>,
    /// How often a validator was proven to have said two things at one place.
    pub equivocations: u64,
    /// Those reported last, newest first.
    pub equivocated: Vec<EquivocationRow>,
}

/// A validator that said two things at one place of consensus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EquivocationRow {
    /// The validator's department.
    pub validator: DepartmentRef,
    /// The height.
    pub height: u64,
    /// The round.
    pub round: u32,
    /// What it said twice: `announcement`, `proposal`, `prevote`, `precommit`.
    pub kind: &'static str,
    /// Who reported it.
    pub reporter: DepartmentRef,
    /// The report, with both signatures.
    pub tx: String,
    /// When it was reported, ms UTC.
    pub at: i64,
}

/// A page of blocks, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockPage {
    /// The blocks.
    pub blocks: Vec<BlockRow>,
    /// Height of the last block of the chain.
    pub head: u64,
    /// The height to ask before for older ones.
    pub older: Option<u64>,
    /// The height to ask before for newer ones.
    pub newer: Option<u64>,
}

/// A transaction of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionRow {
    /// Its id.
    pub id: String,
    /// `publish`, `submit-request`, `approve-request`, `refuse-request`, `withdraw-request`,
    /// `revoke-grant`, `record-answer`, `record-denial`, `acknowledge`.
    pub kind: &'static str,
    /// Who signed it.
    pub department: DepartmentRef,
    /// Its block.
    pub height: u64,
    /// Its block's time, ms UTC.
    pub at: i64,
    /// Its place in the block, from 0.
    pub index: u64,
    /// Its bytes with signature.
    pub size: u64,
}

/// A block in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockView {
    /// Its row.
    pub row: BlockRow,
    /// The block before.
    pub parent: String,
    /// Root of its transactions.
    pub transaction_root: String,
    /// State root after its parent.
    pub state_root: String,
    /// Root of the receipt log after it.
    pub receipt_root: String,
    /// Size of the receipt log after it.
    pub receipts: u64,
    /// Digest of the next validators.
    pub next_validators: String,
    /// Validators that waited their turns to propose out.
    pub waiting: Vec<DepartmentRef>,
    /// Who decided it.
    pub certificate: Option<CertificateView>,
    /// Its transactions.
    pub transactions: Vec<TransactionRow>,
    /// Whether a block follows.
    pub has_next: bool,
}

/// What a transaction is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainSubject {
    /// A catalogue entry: code and version.
    Entry(String, u32),
    /// A request.
    Request(String),
    /// A grant.
    Grant(String),
    /// A record.
    Record(String),
    /// An inspection.
    Inspection(String),
}

/// What a transaction says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionSaid {
    /// Its random nonce.
    pub nonce: String,
    /// The signature, 128 hexadecimal characters.
    pub signature: String,
    /// The officer behind it.
    pub by: Option<Person>,
    /// Who countersigned, where a step takes two.
    pub second: Option<Person>,
    /// What it is about.
    pub subjects: Vec<ChainSubject>,
    /// Its bytes, hexadecimal: what the signature and the leaf cover.
    pub bytes: String,
}

/// A transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionView {
    /// Its row.
    pub row: TransactionRow,
    /// Key id it was signed with, 32 hexadecimal characters.
    pub key: String,
    /// Kind of that key: `office` or `online`.
    pub key_kind: &'static str,
    /// The signature fits.
    pub signature_valid: bool,
    /// It could take effect until, ms UTC.
    pub valid_until: i64,
    /// What it says; none for who is neither party nor inspector.
    pub said: Option<TransactionSaid>,
    /// The path to its block's root.
    pub proof: ProofView,
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
}

/// Who decided a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateView {
    /// All validators, those who signed marked.
    pub signers: Vec<SignerView>,
    /// How many signed.
    pub signed: u64,
    /// How many are needed when all have equal power.
    pub needed: u64,
    /// The certificate checks.
    pub valid: bool,
}
