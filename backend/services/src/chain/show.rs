//! One block and one transaction.

use ledger::ids::{Height, QueryId, TxId};
use ledger::inspection::Sight;
use ledger::state::StateRead;
use ledger::transaction::{Payload, Signed};
use ledger::views;
use ledger::wire::to_bytes;
use node::Snapshot;

use crate::audit_log::Event;
use crate::chain::list::{block_row, transaction_row};
use crate::chain::proof::{certificate_view, proof_of, transaction_signature, validator};
use crate::chain::view::{BlockView, ChainSubject, TransactionSaid, TransactionView};
use crate::error::ServiceError;
use crate::inspections;
use crate::names::ms;
use crate::office::Office;
use crate::officer::{Colleagues, Officer};
use crate::scene::{Between, Party, Scene};

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
            waiting: header.waiting.iter().map(|address| validator(office, &names, address)).collect(),
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

/// One transaction with its proof. What it says is shown to its parties and to an inspector, and that is
/// noted; to others only that it stands there. A published entry is for all to read.
///
/// # Errors
/// Not found.
pub async fn transaction(
    office: &Office,
    officer: &Officer,
    id: &str,
) -> Result<TransactionView, ServiceError> {
    let id: TxId = id.parse().map_err(|_| ServiceError::NotFound)?;
    let signed = office.node().read(|snapshot| found(snapshot, id))?.1;
    let reader = match office.scene(officer, |scene| reader(scene, &signed)) {
        Err(ServiceError::Denied { .. } | ServiceError::Refused(_) | ServiceError::NotFound) => None,
        reader => Some(reader?),
    };
    if let Some(party) = reader.clone().filter(|_| !is_public(&signed.body.payload)) {
        let (id, sights) = (id.to_string(), sights(&signed));
        inspections::note_looks(office, officer, Event::RecordShow, &id, &sights, Ok(party)).await?;
    }
    let object = office.node().read(|snapshot| pseudonym_object(snapshot, &signed))?;
    let colleagues = match object.filter(|_| reader.is_some()) {
        Some(object) => Colleagues::within(office, &object).await?,
        None => Colleagues::default(),
    };
    office.node().read(|snapshot| {
        let ((block, index), signed) = found(snapshot, id)?;
        let names = office.names(snapshot)?;
        let body = &signed.body;
        let department = names.of(body.department.as_str());
        let said = || TransactionSaid {
            nonce: body.nonce.to_string(),
            signature: hex::encode(signed.signature.as_bytes()),
            by: body.payload.by().map(|by| colleagues.person(by, department.clone())),
            second: body.payload.second().map(|second| colleagues.person(second, department)),
            subjects: subjects(&signed),
            bytes: hex::encode(to_bytes(&signed)),
        };
        Ok(TransactionView {
            key: body.key_id.to_string(),
            key_kind: body.payload.key_kind().code(),
            signature_valid: transaction_signature(snapshot, &signed)?,
            valid_until: ms(body.valid_until),
            said: reader.map(|_| said()),
            proof: proof_of(&block, index).ok_or(ServiceError::NotFound)?,
            row: transaction_row(&signed, index, block.header.height, ms(block.header.time), &names),
        })
    })
}

/// Whether it is published: what is for everybody needs no note of who looks.
const fn is_public(payload: &Payload) -> bool {
    match payload {
        Payload::Publish(_)
        | Payload::DraftPolicy(_)
        | Payload::CountersignPolicy(_)
        | Payload::WithdrawPolicy(_)
        | Payload::AnchorRoster(_)
        | Payload::ReportEquivocation(_) => true,
        Payload::SubmitRequest(_)
        | Payload::ApproveRequest(_)
        | Payload::RefuseRequest(_)
        | Payload::WithdrawRequest(_)
        | Payload::RevokeGrant(_)
        | Payload::RecordAnswer(_)
        | Payload::RecordDenial(_)
        | Payload::Acknowledge(_)
        | Payload::OpenInspection(_)
        | Payload::CloseInspection(_)
        | Payload::RecordLooks(_) => false,
    }
}

/// As whom the officer may read what a transaction says.
fn reader(scene: &Scene<'_>, signed: &Signed) -> Result<Party, ServiceError> {
    let request = |id| scene.party_or_inspector(&Between::from(&scene.submitted(id)?));
    let record = |query: &QueryId| {
        scene.party_of_record(&views::record(scene.reads, query)?.ok_or(ServiceError::NotFound)?)
    };
    match &signed.body.payload {
        Payload::Publish(_)
        | Payload::DraftPolicy(_)
        | Payload::CountersignPolicy(_)
        | Payload::WithdrawPolicy(_)
        | Payload::AnchorRoster(_)
        | Payload::ReportEquivocation(_) => Ok(Party::Own),
        Payload::SubmitRequest(_) => request(&signed.body.request_id()),
        Payload::ApproveRequest(step) => request(&step.request),
        Payload::RefuseRequest(step) => request(&step.request),
        Payload::WithdrawRequest(step) => request(&step.request),
        Payload::RevokeGrant(step) => scene.party_or_inspector(&Between::from(&scene.grant(&step.grant)?)),
        Payload::RecordAnswer(receipt) => record(&receipt.ticket.query_id()),
        Payload::RecordDenial(denial) => record(&denial.ticket.query_id()),
        Payload::Acknowledge(delivery) => {
            let mut party = Party::Own;
            for (query, _) in &delivery.marks {
                if let inspector @ Party::Inspector(_) = record(query)? {
                    party = inspector;
                }
            }
            Ok(party)
        }
        // Whom an inspection looks at is nobody's business but the inspectorate's, and the looks that of who
        // is a party to all that was looked at.
        Payload::OpenInspection(_) | Payload::CloseInspection(_) | Payload::RecordLooks(_)
            if signed.body.department == *scene.own() =>
        {
            scene.does_business().map(|()| Party::Own)
        }
        Payload::OpenInspection(_) | Payload::CloseInspection(_) => Err(ServiceError::NotFound),
        Payload::RecordLooks(looks) => {
            for sight in &looks.looks {
                let seen = inspections::seen(scene.reads, sight)?.ok_or(ServiceError::NotFound)?;
                if !scene.is_party(&seen.requester, &seen.provider) {
                    return Err(ServiceError::NotFound);
                }
            }
            scene.does_business().map(|()| Party::Own)
        }
    }
}

/// What an inspector looks at who reads a transaction.
fn sights(signed: &Signed) -> Vec<Sight> {
    match &signed.body.payload {
        Payload::SubmitRequest(_) => vec![Sight::Request(signed.body.request_id())],
        Payload::ApproveRequest(step) => vec![Sight::Request(step.request)],
        Payload::RefuseRequest(step) => vec![Sight::Request(step.request)],
        Payload::WithdrawRequest(step) => vec![Sight::Request(step.request)],
        Payload::RevokeGrant(step) => vec![Sight::Grant(step.grant)],
        Payload::RecordAnswer(receipt) => vec![Sight::Record(receipt.ticket.query_id())],
        Payload::RecordDenial(denial) => vec![Sight::Record(denial.ticket.query_id())],
        Payload::Acknowledge(delivery) => {
            delivery.marks.iter().map(|(query, _)| Sight::Record(*query)).collect()
        }
        Payload::Publish(_)
        | Payload::DraftPolicy(_)
        | Payload::CountersignPolicy(_)
        | Payload::WithdrawPolicy(_)
        | Payload::AnchorRoster(_)
        | Payload::OpenInspection(_)
        | Payload::CloseInspection(_)
        | Payload::RecordLooks(_)
        | Payload::ReportEquivocation(_) => Vec::new(),
    }
}

type Place = ((ledger::block::Block, u32), Signed);

fn found(snapshot: &Snapshot<'_>, id: TxId) -> Result<Place, ServiceError> {
    let (height, index) = snapshot.transaction(id).ok_or(ServiceError::NotFound)?;
    let block = snapshot.block(height).ok_or(ServiceError::NotFound)?;
    let place = usize::try_from(index).map_err(|_| ServiceError::NotFound)?;
    let signed = block.transactions.get(place).ok_or(ServiceError::NotFound)?.signed().clone();
    Ok(((block, index), signed))
}

/// The object within which the officer of a step is a pseudonym: its request, its inspection, or the owner of a
/// policy.
fn pseudonym_object(reads: &dyn StateRead, signed: &Signed) -> Result<Option<Vec<u8>>, ServiceError> {
    Ok(match &signed.body.payload {
        Payload::SubmitRequest(_) => Some(signed.body.request_id().as_bytes().to_vec()),
        Payload::ApproveRequest(step) => Some(step.request.as_bytes().to_vec()),
        Payload::RefuseRequest(step) => Some(step.request.as_bytes().to_vec()),
        Payload::WithdrawRequest(step) => Some(step.request.as_bytes().to_vec()),
        Payload::RevokeGrant(step) => {
            views::grant(reads, &step.grant)?.map(|grant| grant.request.as_bytes().to_vec())
        }
        Payload::DraftPolicy(step) => Some(step.set.owner.object()),
        Payload::CountersignPolicy(step) => Some(step.owner.object()),
        Payload::WithdrawPolicy(step) => Some(step.owner.object()),
        Payload::OpenInspection(_) => Some(signed.body.inspection_id().as_bytes().to_vec()),
        Payload::CloseInspection(step) => Some(step.inspection.as_bytes().to_vec()),
        Payload::Publish(_)
        | Payload::RecordAnswer(_)
        | Payload::RecordDenial(_)
        | Payload::Acknowledge(_)
        | Payload::AnchorRoster(_)
        | Payload::RecordLooks(_)
        | Payload::ReportEquivocation(_) => None,
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
        Payload::OpenInspection(_) => {
            vec![ChainSubject::Inspection(signed.body.inspection_id().to_string())]
        }
        Payload::CloseInspection(step) => vec![ChainSubject::Inspection(step.inspection.to_string())],
        Payload::RecordLooks(looks) => vec![ChainSubject::Inspection(looks.inspection.to_string())],
        Payload::DraftPolicy(_)
        | Payload::CountersignPolicy(_)
        | Payload::WithdrawPolicy(_)
        | Payload::AnchorRoster(_)
        | Payload::ReportEquivocation(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
