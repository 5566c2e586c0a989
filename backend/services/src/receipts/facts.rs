//! Gathering a record's facts, checks and evidence from one snapshot of the own node.

use std::collections::BTreeMap;

use exchange::{OfficerPapers, Papers};
use gm::sm3::{Digest, sm3};
use ledger::block::Block;
use ledger::grant::Grant;
use ledger::ids::{Height, QueryId, TxId};
use ledger::policy::PolicyOwner;
use ledger::proof::{Amendment, Basis, Evidence, Field, Opening, Proven};
use ledger::receipt::{PolicyVersions, Record, RecordKind};
use ledger::request::Request;
use ledger::transaction::Signed;
use ledger::views;
use ledger::wire::{Bytes, to_bytes};
use node::Snapshot;

use crate::chain::{certificate_view, proof_of};
use crate::error::ServiceError;
use crate::limits;
use crate::names::{GrantRef, RequestRef, ms, receipt_number};
use crate::office::Office;
use crate::officer::Colleagues;
use crate::receipts::checks::{self, Checked};
use crate::receipts::list::row;
use crate::receipts::view::{EvidenceFile, RecordGrant, RecordRequest, RecordView};

/// A record with its transaction and block, and what it was made under.
struct Found {
    record: Record,
    signed: Signed,
    index: u32,
    block: Block,
    grant: Option<Grant>,
    request: Option<Request>,
}

fn find(snapshot: &Snapshot<'_>, query: &QueryId) -> Result<Found, ServiceError> {
    let record = views::record(snapshot, query)?.ok_or(ServiceError::NotFound)?;
    let (signed, index, block) = transaction(snapshot, record.recorded.tx).ok_or(ServiceError::NotFound)?;
    let grant = views::grant(snapshot, &record.ticket.grant)?;
    let request = match &grant {
        Some(grant) => views::request(snapshot, &grant.request)?,
        None => None,
    };
    Ok(Found { record, signed, index, block, grant, request })
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

/// The blocks that add to the receipt log up to this record's block, if there are few enough to read again.
async fn record_heights(office: &Office, query: &QueryId) -> Result<Option<Vec<Height>>, ServiceError> {
    let heights: Vec<i64> = sqlx::query_scalar(
        "SELECT height FROM j_leaves
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
    let (record, grant) = (&found.record, found.grant.as_ref());
    let names = office.names(snapshot)?;
    let certificate = snapshot.certificate(record.recorded.height).ok_or(ServiceError::NotFound)?;
    let validators = views::validator_set(snapshot)?;
    let delivery = record.delivery.and_then(|(_, place)| transaction(snapshot, place.tx));
    let log_leaves = heights.map(|heights| leaves(snapshot, heights));
    let evidence = evidence(snapshot, found, papers)?;
    let checks = checks::all(
        snapshot,
        &Checked {
            chain: snapshot.chain(),
            record,
            grant,
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
    let row = row(snapshot, record, grant, &names)?;
    Ok(RecordView {
        purpose: grant.map(|grant| grant.purpose.to_string()),
        mode: record.ticket.mode,
        grant: grant.map(|grant| RecordGrant {
            named: GrantRef::of(grant),
            approved: colleagues.step(&grant.approved, names.of(grant.provider.as_str())),
            revoked_at: grant.revoked.as_ref().map(|revoked| ms(revoked.step.at)),
        }),
        request: found.request.as_ref().map(|request| RecordRequest {
            named: RequestRef::of(request),
            submitted: colleagues.step(&request.submitted, names.of(request.requester.as_str())),
        }),
        seen_height: record.ticket.seen_height.0,
        judged_height: record.judged_height.0,
        answer_digest: match &record.kind {
            RecordKind::Answer { answer_digest, .. } => Some(answer_digest.to_string()),
            RecordKind::Denial { .. } => None,
        },
        details_digest: record.ticket.details_digest.to_string(),
        log_index: record.log_index,
        word: None,
        own: None,
        looks: Vec::new(),
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

/// The evidence of a record as a file. Who may have it was decided before.
pub(crate) fn evidence_of(
    office: &Office,
    query: &QueryId,
    papers: Option<Papers>,
) -> Result<EvidenceFile, ServiceError> {
    office.node().read(|snapshot| {
        let found = find(snapshot, query)?;
        let bytes = to_bytes(&evidence(snapshot, &found, papers.as_ref())?);
        let name = receipt_number(ms(found.record.recorded.at), &query.to_string());
        Ok(EvidenceFile { name: format!("{name}.zlproof"), digest: sm3(&[&bytes]).to_string(), bytes })
    })
}

/// A transaction with the proof that it is on the chain.
fn proven(snapshot: &Snapshot<'_>, tx: TxId) -> Result<Proven, ServiceError> {
    let (height, index) = snapshot.transaction(tx).ok_or(ServiceError::NotFound)?;
    let block = snapshot.block(height).ok_or(ServiceError::NotFound)?;
    let certificate = snapshot.certificate(height).ok_or(ServiceError::NotFound)?;
    Proven::from_block(&block, certificate, index).ok_or(ServiceError::NotFound)
}

/// How each policy that the file names came to be, but for those of genesis: the provider's of the record and of the
/// approval, and the requester's where the details are shown.
fn amendments(
    snapshot: &Snapshot<'_>,
    found: &Found,
    papers: Option<&Papers>,
) -> Result<Vec<Amendment>, ServiceError> {
    let Record { ticket, policy_versions, recorded, .. } = &found.record;
    let mut named = vec![(&ticket.provider, recorded.height, *policy_versions)];
    if let Some(Grant { provider, approved, policy_versions, .. }) = &found.grant {
        named.push((provider, approved.height, *policy_versions));
    }
    if let Some(papers) = papers {
        named.push((&ticket.requester, ticket.seen_height, papers.details.policy_versions));
    }
    let mut steps = BTreeMap::new();
    for (department, height, PolicyVersions { national, region, department: own }) in named {
        let Some(department) = views::department(snapshot, department)? else { continue };
        let member = department.member;
        let province = PolicyOwner::Region(member.region.province());
        let layers =
            [(PolicyOwner::Nation, national), (province, region), (PolicyOwner::Department(member.id), own)];
        for (owner, version) in layers {
            let enacted = views::policies_at(snapshot, &owner, height)?;
            let Some(enacted) = enacted.filter(|enacted| enacted.version == version) else { continue };
            if let Some((drafted, countersigned)) = enacted.steps {
                steps.insert((owner, enacted.set.number), (drafted.tx, countersigned.tx));
            }
        }
    }
    let amendment = |(draft, countersignature)| {
        Ok(Amendment {
            draft: proven(snapshot, draft)?,
            countersignature: proven(snapshot, countersignature)?,
        })
    };
    steps.into_values().map(amendment).collect()
}

/// The officer's own signature, laid open: it names nobody whom the department does not name.
fn opened(officer: &OfficerPapers) -> Opening {
    Opening {
        field: Field::OfficerProof,
        salt: *officer.salt.as_bytes(),
        value: Bytes(to_bytes(&officer.proof)),
    }
}

fn evidence(
    snapshot: &Snapshot<'_>,
    found: &Found,
    papers: Option<&Papers>,
) -> Result<Evidence, ServiceError> {
    let proven = |tx: TxId| proven(snapshot, tx);
    let basis = match (&found.grant, &found.request) {
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
    let officer = papers.and_then(|papers| papers.officer.as_ref());
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
        openings: officer.map(opened).into_iter().collect(),
        amendments: amendments(snapshot, found, papers)?,
        roster: officer.map(|officer| proven(officer.roster.anchored.tx)).transpose()?,
    })
}
