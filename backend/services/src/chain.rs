//! The public ledger: blocks, transactions, validators. Every signed-in officer of a member may look;
//! members of a chain hold all of it anyway.

use ledger::certificate::{Certificate, ValidatorSet};
use ledger::ids::{Address, Height, TxId};
use ledger::transaction::{Payload, Signed};
use ledger::views;
use ledger::wire::to_bytes;
use node::Snapshot;

use crate::departments::{DepartmentRef, Names};

use crate::error::ServiceError;
use crate::limits;
use crate::office::{ChainLine, Office, ms};
use crate::record::{self, CertificateView, ProofView, SignerView};
use crate::staff::{Colleagues, Officer, Person};

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
    /// State root.
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
    /// State root after it.
    pub state_root: String,
    /// Root of the receipt log after it.
    pub receipt_root: String,
    /// Size of the receipt log after it.
    pub receipts: u64,
    /// Digest of the next validators.
    pub next_validators: String,
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
}

/// A transaction in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionView {
    /// Its row.
    pub row: TransactionRow,
    /// Its random nonce.
    pub nonce: String,
    /// Key id it was signed with, 32 hexadecimal characters.
    pub key: String,
    /// Kind of that key: `office` or `online`.
    pub key_kind: &'static str,
    /// The signature, 128 hexadecimal characters.
    pub signature: String,
    /// The signature fits.
    pub signature_valid: bool,
    /// It could take effect until, ms UTC.
    pub valid_until: i64,
    /// The officer behind it.
    pub by: Option<Person>,
    /// What it is about.
    pub subjects: Vec<ChainSubject>,
    /// The path to its block's root.
    pub proof: ProofView,
    /// Its bytes, hexadecimal: what the signature and the leaf cover.
    pub bytes: String,
}

/// The chain at a glance.
///
/// # Errors
/// Faults of ledger or records.
pub async fn overview(office: &Office, _officer: &Officer) -> Result<ChainOverview, ServiceError> {
    let (entries, requests, grants): (i64, i64, i64) = sqlx::query_as(
        "SELECT (SELECT COUNT(*) FROM j_entry WHERE latest = 1), (SELECT COUNT(*) FROM j_request),
                (SELECT COUNT(*) FROM j_grant)",
    )
    .fetch_one(office.pool())
    .await?;
    let line = office.status();
    office.node().read(|snapshot| {
        let names = Names::read(snapshot, office.department())?;
        let (tip, genesis) = (snapshot.tip(), snapshot.genesis());
        let validators = views::validator_set(snapshot)?;
        let certificate = snapshot
            .certificate(tip.height)
            .map(|certificate| certificate_view(office, snapshot, &names, &certificate, &validators));
        Ok(ChainOverview {
            name: genesis.name.to_string(),
            trust_root: snapshot.chain().0.to_string(),
            began_at: ms(genesis.time),
            line,
            block: tip.block.to_string(),
            state_root: tip.state_root.to_string(),
            receipt_root: tip.receipt_root.to_string(),
            receipts: tip.receipt_count,
            heartbeat_ms: views::parameters(snapshot)?.heartbeat_ms,
            departments: names.all().count() as u64,
            certificate,
            entries: entries.unsigned_abs(),
            requests: requests.unsigned_abs(),
            grants: grants.unsigned_abs(),
            blocks: block_rows(office, snapshot, &names, tip.height, limits::HOME_ROWS),
            transactions: newest_transactions(snapshot, &names, limits::HOME_ROWS),
        })
    })
}

/// Blocks below a height, newest first; from the head when none is named.
///
/// # Errors
/// Faults of the ledger.
pub async fn blocks(
    office: &Office,
    _officer: &Officer,
    before: Option<u64>,
) -> Result<BlockPage, ServiceError> {
    office.node().read(|snapshot| {
        let names = Names::read(snapshot, office.department())?;
        let head = snapshot.tip().height.0;
        let from = before.map_or(head, |before| before.saturating_sub(1).min(head));
        let blocks = block_rows(office, snapshot, &names, Height(from), limits::BLOCKS_PER_PAGE);
        let lowest = blocks.last().map_or(0, |block| block.height);
        let newer = from.saturating_add(limits::BLOCKS_PER_PAGE).min(head).saturating_add(1);
        Ok(BlockPage {
            blocks,
            head,
            older: (lowest > 1).then_some(lowest),
            newer: (from < head).then_some(newer),
        })
    })
}

fn block_rows(
    office: &Office,
    snapshot: &Snapshot<'_>,
    names: &Names,
    from: Height,
    count: u64,
) -> Vec<BlockRow> {
    let lowest = from.0.saturating_sub(count.saturating_sub(1)).max(1);
    (lowest..=from.0).rev().filter_map(|height| block_row(office, snapshot, names, Height(height))).collect()
}

fn block_row(office: &Office, snapshot: &Snapshot<'_>, names: &Names, height: Height) -> Option<BlockRow> {
    let block = snapshot.block(height)?;
    Some(BlockRow {
        height: height.0,
        id: block.id().to_string(),
        at: ms(block.header.time),
        transactions: block.transactions.len() as u64,
        proposer: validator(office, names, &block.header.proposer),
    })
}

/// The newest transactions, looking back over a bounded number of blocks.
fn newest_transactions(snapshot: &Snapshot<'_>, names: &Names, count: u64) -> Vec<TransactionRow> {
    let head = snapshot.tip().height.0;
    let lowest = head.saturating_sub(limits::BLOCKS_PER_PAGE * 4).max(1);
    (lowest..=head)
        .rev()
        .filter_map(|height| snapshot.block(Height(height)))
        .flat_map(|block| {
            let header = block.header;
            (0u32..).zip(block.transactions).map(move |place| (header.clone(), place)).collect::<Vec<_>>()
        })
        .take(usize::try_from(count).unwrap_or(usize::MAX))
        .map(|(header, (index, signed))| {
            transaction_row(&signed, index, header.height, ms(header.time), names)
        })
        .collect()
}

fn transaction_row(signed: &Signed, index: u32, height: Height, at: i64, names: &Names) -> TransactionRow {
    TransactionRow {
        id: signed.id().to_string(),
        kind: signed.body.payload.name(),
        department: names.of(signed.body.department.as_str()),
        height: height.0,
        at,
        index: u64::from(index),
        size: to_bytes(signed).len() as u64,
    }
}

/// The department behind a validator's address.
fn validator(office: &Office, names: &Names, address: &Address) -> DepartmentRef {
    let known = office.validator_departments().iter().find(|(_, known)| known == address);
    match known {
        Some((department, _)) => names.of(department.as_str()),
        None => names.of(&address.to_string()),
    }
}

/// A certificate with all validators of the height, checked.
pub(crate) fn certificate_view(
    office: &Office,
    snapshot: &Snapshot<'_>,
    names: &Names,
    certificate: &Certificate,
    validators: &ValidatorSet,
) -> CertificateView {
    let signers: Vec<SignerView> = validators
        .validators()
        .iter()
        .map(|known| {
            let signature = certificate.signatures.iter().find(|(address, _)| *address == known.address);
            SignerView {
                department: validator(office, names, &known.address),
                address: known.address.to_string(),
                signed: signature.is_some(),
                signature: signature.map(|(_, signature)| hex::encode(signature.as_bytes())),
                power: u64::from(known.power),
            }
        })
        .collect();
    let total = signers.len() as u64;
    CertificateView {
        round: u64::from(certificate.round),
        signed: signers.iter().filter(|signer| signer.signed).count() as u64,
        needed: total * 2 / 3 + 1,
        valid: certificate.check(validators, snapshot.chain()).is_ok(),
        signers,
    }
}

/// One block.
///
/// # Errors
/// Not found.
pub async fn block(office: &Office, _officer: &Officer, height: u64) -> Result<BlockView, ServiceError> {
    office.node().read(|snapshot| {
        let block = snapshot.block(Height(height)).ok_or(ServiceError::NotFound)?;
        let names = Names::read(snapshot, office.department())?;
        let validators = views::validator_set(snapshot)?;
        let header = &block.header;
        let at = ms(header.time);
        Ok(BlockView {
            row: block_row(office, snapshot, &names, header.height).ok_or(ServiceError::NotFound)?,
            parent: header.parent.to_string(),
            transaction_root: header.transaction_root.to_string(),
            state_root: header.state_root.to_string(),
            receipt_root: header.receipt_root.to_string(),
            receipts: header.receipt_count,
            next_validators: header.next_validators.to_string(),
            certificate: snapshot
                .certificate(header.height)
                .map(|found| certificate_view(office, snapshot, &names, &found, &validators)),
            transactions: (0u32..)
                .zip(&block.transactions)
                .map(|(index, signed)| transaction_row(signed, index, header.height, at, &names))
                .collect(),
            has_next: header.height < snapshot.tip().height,
        })
    })
}

/// One transaction with its proof.
///
/// # Errors
/// Not found.
pub async fn transaction(
    office: &Office,
    _officer: &Officer,
    id: &str,
) -> Result<TransactionView, ServiceError> {
    let id: TxId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let object = office.node().read(|snapshot| -> Result<_, ServiceError> {
        let (_, signed) = found(snapshot, id)?;
        pseudonym_object(snapshot, &signed)
    })?;
    let colleagues = match object {
        Some(object) => Colleagues::within(office, &object).await?,
        None => Colleagues::default(),
    };
    office.node().read(|snapshot| {
        let ((block, index), signed) = found(snapshot, id)?;
        let names = Names::read(snapshot, office.department())?;
        let body = &signed.body;
        let department = names.of(body.department.as_str());
        Ok(TransactionView {
            nonce: body.nonce.to_string(),
            key: body.key_id.to_string(),
            key_kind: body.payload.key_kind().code(),
            signature: hex::encode(signed.signature.as_bytes()),
            signature_valid: record::transaction_signature(snapshot, &signed)?,
            valid_until: ms(body.valid_until),
            by: body.payload.by().map(|by| colleagues.person(by, department)),
            subjects: subjects(&signed),
            proof: record::proof_of(&block, index).ok_or(ServiceError::NotFound)?,
            bytes: hex::encode(to_bytes(&signed)),
            row: transaction_row(&signed, index, block.header.height, ms(block.header.time), &names),
        })
    })
}

type Place = ((ledger::block::Block, u32), Signed);

fn found(snapshot: &Snapshot<'_>, id: TxId) -> Result<Place, ServiceError> {
    let (height, index) = snapshot.transaction(id).ok_or(ServiceError::NotFound)?;
    let block = snapshot.block(height).ok_or(ServiceError::NotFound)?;
    let place = usize::try_from(index).map_err(|_| ServiceError::NotFound)?;
    let signed = block.transactions.get(place).cloned().ok_or(ServiceError::NotFound)?;
    Ok(((block, index), signed))
}

/// The object within which the officer of a step is a pseudonym: its request.
fn pseudonym_object(snapshot: &Snapshot<'_>, signed: &Signed) -> Result<Option<Vec<u8>>, ServiceError> {
    Ok(match &signed.body.payload {
        Payload::SubmitRequest(_) => Some(signed.body.request_id().as_bytes().to_vec()),
        Payload::ApproveRequest(step) => Some(step.request.as_bytes().to_vec()),
        Payload::RefuseRequest(step) => Some(step.request.as_bytes().to_vec()),
        Payload::WithdrawRequest(step) => Some(step.request.as_bytes().to_vec()),
        Payload::RevokeGrant(step) => {
            views::grant(snapshot, &step.grant)?.map(|grant| grant.request.as_bytes().to_vec())
        }
        Payload::Publish(_)
        | Payload::RecordAnswer(_)
        | Payload::RecordDenial(_)
        | Payload::Acknowledge(_) => None,
    })
}

fn subjects(signed: &Signed) -> Vec<ChainSubject> {
    let entry = |id: &ledger::ids::EntryId| ChainSubject::Entry(id.code.to_string(), id.version);
    match &signed.body.payload {
        Payload::Publish(published) => vec![entry(&published.id)],
        Payload::SubmitRequest(asked) => {
            vec![ChainSubject::Request(signed.body.request_id().to_string()), entry(&asked.entry)]
        }
        Payload::ApproveRequest(step) => {
            vec![
                ChainSubject::Request(step.request.to_string()),
                ChainSubject::Grant(signed.id().to_string()),
            ]
        }
        Payload::RefuseRequest(step) => vec![ChainSubject::Request(step.request.to_string())],
        Payload::WithdrawRequest(step) => vec![ChainSubject::Request(step.request.to_string())],
        Payload::RevokeGrant(step) => vec![ChainSubject::Grant(step.grant.to_string())],
        Payload::RecordAnswer(receipt) => vec![
            ChainSubject::Record(receipt.ticket.query_id().to_string()),
            ChainSubject::Grant(receipt.ticket.grant.to_string()),
        ],
        Payload::RecordDenial(denial) => vec![ChainSubject::Record(denial.ticket.query_id().to_string())],
        Payload::Acknowledge(delivery) => {
            delivery.marks.iter().map(|(query, _)| ChainSubject::Record(query.to_string())).collect()
        }
    }
}
