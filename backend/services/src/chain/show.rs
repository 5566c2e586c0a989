//! One block and one transaction.

use ledger::ids::{Height, TxId};
use ledger::transaction::{Payload, Signed};
use ledger::views;
use ledger::wire::to_bytes;
use node::Snapshot;

use crate::chain::list::{block_row, transaction_row};
use crate::chain::proof::{certificate_view, proof_of, transaction_signature};
use crate::chain::view::{BlockView, ChainSubject, TransactionView};
use crate::error::ServiceError;
use crate::names::ms;
use crate::office::Office;
use crate::officer::{Colleagues, Officer};

/// One block.
///
/// # Errors
/// Not found.
pub async fn block(office: &Office, _officer: &Officer, height: u64) -> Result<BlockView, ServiceError> {
    office.node().read(|snapshot| {
        let block = snapshot.block(Height(height)).ok_or(ServiceError::NotFound)?;
        let names = office.names(snapshot)?;
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
        let names = office.names(snapshot)?;
        let body = &signed.body;
        let department = names.of(body.department.as_str());
        Ok(TransactionView {
            nonce: body.nonce.to_string(),
            key: body.key_id.to_string(),
            key_kind: body.payload.key_kind().code(),
            signature: hex::encode(signed.signature.as_bytes()),
            signature_valid: transaction_signature(snapshot, &signed)?,
            valid_until: ms(body.valid_until),
            by: body.payload.by().map(|by| colleagues.person(by, department)),
            subjects: subjects(&signed),
            proof: proof_of(&block, index).ok_or(ServiceError::NotFound)?,
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
    let signed = block.transactions.get(place).ok_or(ServiceError::NotFound)?.signed().clone();
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
