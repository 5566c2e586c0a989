//! Gathering a record's facts, checks and evidence from one snapshot of the own node.

use exchange::Papers;
use gm::sm3::{Digest, sm3};
use ledger::block::Block;
use ledger::grant::Grant;
use ledger::ids::{Height, QueryId, TxId};
use ledger::proof::{Basis, Evidence, Proven};
use ledger::receipt::{Record, RecordKind};
use ledger::request::Request;
use ledger::transaction::Signed;
use ledger::views;
use ledger::wire::{Bytes, to_bytes};
use node::Snapshot;

use crate::chain::{certificate_view, proof_of};
use crate::error::ServiceError;
use crate::names::{GrantRef, Names, RequestRef, ms, receipt_number};
use crate::office::Office;
use crate::officer::Colleagues;
use crate::receipts::checks::{self, Checked};
use crate::receipts::view::{
    DeliveryView, EvidenceFile, Outcome, RecordGrant, RecordRequest, RecordRow, RecordView,
};
use crate::{catalogue, limits};

/// A record with its transaction and block.
struct Found {
    record: Record,
    signed: Signed,
    index: u32,
    block: Block,
}

fn find(snapshot: &Snapshot<'_>, query: &QueryId) -> Result<Found, ServiceError> {
    let record = views::record(snapshot, query)?.ok_or(ServiceError::NotFound)?;
    let (signed, index, block) = transaction(snapshot, record.recorded.tx).ok_or(ServiceError::NotFound)?;
    Ok(Found { record, signed, index, block })
}

/// A transaction with its place and block.
fn transaction(snapshot: &Snapshot<'_>, id: TxId) -> Option<(Signed, u32, Block)> {
    let (height, index) = snapshot.transaction(id)?;
    let block = snapshot.block(height)?;
    let signed = block.transactions.get(usize::try_from(index).ok()?)?.signed().clone();
    Some((signed, index, block))
}

/// Shows a record and checks it. Who may look was decided before.
pub(crate) async fn show(
    office: &Office,
    query: &QueryId,
    papers: Option<Papers>,
) -> Result<RecordView, ServiceError> {
    let request = office.node().read(|snapshot| -> Result<_, ServiceError> {
        let record = views::record(snapshot, query)?.ok_or(ServiceError::NotFound)?;
        Ok(views::grant(snapshot, &record.ticket.grant)?.map(|grant| grant.request))
    })?;
    let colleagues = match &request {
        Some(request) => Colleagues::within(office, request.as_bytes()).await?,
        None => Colleagues::default(),
    };
    let heights = record_heights(office, query).await?;
    office.node().read(|snapshot| {
        let found = find(snapshot, query)?;
        view(office, snapshot, &found, papers.as_ref(), &colleagues, heights.as_deref())
    })
}

/// The blocks that hold receipts up to this record's block, if there are few enough to read again.
async fn record_heights(office: &Office, query: &QueryId) -> Result<Option<Vec<Height>>, ServiceError> {
    let heights: Vec<i64> = sqlx::query_scalar(
        "SELECT DISTINCT height FROM j_record
         WHERE height <= (SELECT height FROM j_record WHERE query = ?) ORDER BY height LIMIT ?",
    )
    .bind(query.as_bytes().as_slice())
    .bind(i64::try_from(limits::LOG_BLOCKS_READ_MAX + 1).unwrap_or(i64::MAX))
    .fetch_all(office.pool())
    .await?;
    if heights.is_empty() || heights.len() > limits::LOG_BLOCKS_READ_MAX {
        return Ok(None);
    }
    Ok(Some(heights.into_iter().map(|height| Height(height.unsigned_abs())).collect()))
}

fn view(
    office: &Office,
    snapshot: &Snapshot<'_>,
    found: &Found,
    papers: Option<&Papers>,
    colleagues: &Colleagues,
    heights: Option<&[Height]>,
) -> Result<RecordView, ServiceError> {
    let record = &found.record;
    let grant = views::grant(snapshot, &record.ticket.grant)?;
    let request = match &grant {
        Some(grant) => views::request(snapshot, &grant.request)?,
        None => None,
    };
    let names = office.names(snapshot)?;
    let certificate = snapshot.certificate(record.recorded.height).ok_or(ServiceError::NotFound)?;
    let validators = views::validator_set(snapshot)?;
    let delivery = record.delivery.and_then(|(_, place)| transaction(snapshot, place.tx));
    let log_leaves = heights.map(|heights| leaves(snapshot, heights));
    let evidence = evidence(snapshot, found, grant.as_ref(), request.as_ref(), papers)?;
    let checks = checks::all(
        snapshot,
        &Checked {
            chain: snapshot.chain(),
            record,
            grant: grant.as_ref(),
            block: &found.block,
            certificate: &certificate,
            validators: &validators,
            index: found.index,
            signed: &found.signed,
            delivery: delivery.as_ref().map(|(signed, _, _)| signed),
            evidence: Some(&evidence),
            log_leaves: log_leaves.as_deref(),
        },
    )?;
    let entry = match &grant {
        Some(grant) => views::entry(snapshot, &grant.entry)?,
        None => None,
    };
    let row = row(found, entry.as_ref().map(catalogue::reference), &names);
    let (answer_digest, decision_commit) = match &record.kind {
        RecordKind::Answer { answer_digest, .. } => (Some(answer_digest.to_string()), None),
        RecordKind::Denial { decision_commit, .. } => (None, Some(decision_commit.to_string())),
    };
    let versions = &record.policy_versions;
    Ok(RecordView {
        purpose: grant.as_ref().map(|grant| grant.purpose.to_string()),
        mode: record.ticket.mode,
        grant: grant.as_ref().map(|grant| grant_view(grant, colleagues, &names)),
        request: request.as_ref().map(|request| request_view(request, colleagues, &names)),
        seen_height: record.ticket.seen_height.0,
        judged_height: record.judged_height.0,
        valid_until: ms(record.ticket.valid_until),
        policy_versions: [versions.national, versions.region, versions.department].map(|v| v.to_string()),
        answer_digest,
        details_digest: record.ticket.details_digest.to_string(),
        decision_commit,
        ticket_signature: hex::encode(record.ticket_signature.as_bytes()),
        ticket_key: record.ticket.key_id.to_string(),
        record_signature: hex::encode(found.signed.signature.as_bytes()),
        record_key: found.signed.body.key_id.to_string(),
        log_index: record.log_index,
        provider_log: (record.log_head.size, record.log_head.digest.to_string()),
        delivery: record.delivery.map(|(outcome, place)| DeliveryView {
            outcome,
            at: ms(place.at),
            height: place.height.0,
            tx: place.tx.to_string(),
        }),
        own: None,
        verified: checks.iter().all(|check| check.passed != Some(false)),
        checks,
        verified_at: office.now_ms(),
        proof: proof_of(&found.block, found.index).ok_or(ServiceError::NotFound)?,
        certificate: certificate_view(office, snapshot, &names, &certificate, &validators),
        trust_root: snapshot.chain().0.to_string(),
        evidence_name: format!("{}.zlproof", row.number),
        row,
    })
}

/// Leaves of the receipt log in their order, read again from the blocks.
fn leaves(snapshot: &Snapshot<'_>, heights: &[Height]) -> Vec<Digest> {
    heights
        .iter()
        .filter_map(|height| snapshot.block(*height))
        .flat_map(|block| block.transactions)
        .filter_map(|signed| signed.body.payload.receipt_leaf())
        .collect()
}

fn row(found: &Found, entry: Option<catalogue::EntryRef>, names: &Names) -> RecordRow {
    let record = &found.record;
    let (outcome, class, use_no) = match &record.kind {
        RecordKind::Answer { use_no, .. } => (Outcome::Answered, None, Some(u64::from(*use_no))),
        RecordKind::Denial { class, .. } => (Outcome::Denied, Some(*class), None),
    };
    let id = record.query.to_string();
    let at = ms(record.recorded.at);
    RecordRow {
        number: receipt_number(at, &id),
        id,
        outcome,
        class,
        entry,
        requester: names.of(record.ticket.requester.as_str()),
        provider: names.of(record.ticket.provider.as_str()),
        grant: record.ticket.grant.to_string(),
        units: u64::from(record.ticket.units),
        use_no,
        at,
        height: record.recorded.height.0,
        tx: record.recorded.tx.to_string(),
        delivery: record.delivery.map(|(outcome, _)| outcome),
        delivered_at: record.delivery.map(|(_, place)| ms(place.at)),
    }
}

fn grant_view(grant: &Grant, colleagues: &Colleagues, names: &Names) -> RecordGrant {
    let at = ms(grant.approved.at);
    RecordGrant {
        id: grant.id.to_string(),
        number: GrantRef::of(grant).number,
        from: ms(grant.from),
        until: ms(grant.until),
        quota: u64::from(grant.quota),
        items: grant.items.iter().map(|item| item.code.to_string()).collect(),
        by: colleagues.person(&grant.approved.by, names.of(grant.provider.as_str())),
        at,
        height: grant.approved.height.0,
        tx: grant.approved.tx.to_string(),
        revoked_at: grant.revoked.as_ref().map(|revoked| ms(revoked.step.at)),
    }
}

fn request_view(request: &Request, colleagues: &Colleagues, names: &Names) -> RecordRequest {
    let at = ms(request.submitted.at);
    RecordRequest {
        id: request.id.to_string(),
        number: RequestRef::of(request).number,
        basis: request.asked.basis.to_string(),
        by: colleagues.person(&request.submitted.by, names.of(request.requester.as_str())),
        at,
        height: request.submitted.height.0,
        tx: request.submitted.tx.to_string(),
    }
}

/// The evidence of a record as a file. Who may have it was decided before.
pub(crate) fn evidence_of(
    office: &Office,
    query: &QueryId,
    papers: Option<Papers>,
) -> Result<EvidenceFile, ServiceError> {
    office.node().read(|snapshot| {
        let found = find(snapshot, query)?;
        let grant = views::grant(snapshot, &found.record.ticket.grant)?;
        let request = match &grant {
            Some(grant) => views::request(snapshot, &grant.request)?,
            None => None,
        };
        let bytes = to_bytes(&evidence(snapshot, &found, grant.as_ref(), request.as_ref(), papers.as_ref())?);
        let name = receipt_number(ms(found.record.recorded.at), &query.to_string());
        Ok(EvidenceFile { name: format!("{name}.zlproof"), digest: sm3(&[&bytes]).to_string(), bytes })
    })
}

fn evidence(
    snapshot: &Snapshot<'_>,
    found: &Found,
    grant: Option<&Grant>,
    request: Option<&Request>,
    papers: Option<&Papers>,
) -> Result<Evidence, ServiceError> {
    let proven = |tx: TxId| -> Result<Proven, ServiceError> {
        let (height, index) = snapshot.transaction(tx).ok_or(ServiceError::NotFound)?;
        let block = snapshot.block(height).ok_or(ServiceError::NotFound)?;
        let certificate = snapshot.certificate(height).ok_or(ServiceError::NotFound)?;
        Proven::from_block(&block, certificate, index).ok_or(ServiceError::NotFound)
    };
    let basis = match (grant, request) {
        (Some(grant), Some(request)) => {
            let published = views::entry(snapshot, &grant.entry)?.ok_or(ServiceError::NotFound)?;
            Some(Basis {
                publication: proven(published.tx)?,
                request: proven(request.submitted.tx)?,
                approval: proven(grant.approved.tx)?,
            })
        }
        _ => None,
    };
    Ok(Evidence {
        version: 1,
        chain: snapshot.chain(),
        genesis: snapshot.genesis().as_ref().clone(),
        basis,
        record: proven(found.record.recorded.tx)?,
        delivery: match found.record.delivery {
            Some((_, place)) => Some(proven(place.tx)?),
            None => None,
        },
        details: papers.map(|papers| Bytes(to_bytes(&papers.details))),
        // A denial has no answer.
        answer: match found.record.kind {
            RecordKind::Answer { .. } => {
                papers.and_then(|papers| papers.answer.as_ref()).map(|answer| Bytes(to_bytes(answer)))
            }
            RecordKind::Denial { .. } => None,
        },
        openings: Vec::new(),
    })
}
