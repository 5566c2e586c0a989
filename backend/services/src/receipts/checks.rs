//! The checks of a record, made by the own node from the chain's bytes: no one's conclusion is taken.

use std::time::Instant;

use gm::domain::{ChainId, Kind};
use gm::merkle;
use gm::sm2::Direct;
use gm::sm3::Digest;
use ledger::block::Block;
use ledger::certificate::{Certificate, ValidatorSet};
use ledger::department::KeyKind;
use ledger::grant::Grant;
use ledger::proof::Evidence;
use ledger::receipt::{Record, RecordKind};
use ledger::state::StateRead;
use ledger::transaction::{Payload, Signed};
use ledger::wire::to_bytes;
use ledger::{proof, views};

use crate::chain::{proof_of, transaction_signature};
use crate::error::ServiceError;
use crate::receipts::view::{CheckCode, CheckView, FactKey};

/// Everything the checks look at, read at one height.
pub(super) struct Checked<'a> {
    pub(super) chain: ChainId,
    pub(super) record: &'a Record,
    pub(super) grant: Option<&'a Grant>,
    pub(super) block: &'a Block,
    pub(super) certificate: &'a Certificate,
    pub(super) validators: &'a ValidatorSet,
    /// Place of the record's transaction in its block.
    pub(super) index: u32,
    pub(super) signed: &'a Signed,
    /// Transaction of the acknowledgement.
    pub(super) delivery: Option<&'a Signed>,
    pub(super) evidence: Option<&'a Evidence>,
    /// Leaves of the receipt log up to this block's end; none when there are too many to count again.
    pub(super) log_leaves: Option<&'a [Digest]>,
}

/// What one check found.
struct Found {
    passed: Option<bool>,
    expected: Option<String>,
    found: Option<String>,
    facts: Vec<(FactKey, String)>,
}

impl Found {
    fn new(passed: bool) -> Self {
        Self { passed: Some(passed), expected: None, found: None, facts: Vec::new() }
    }

    fn compared(expected: &dyn std::fmt::Display, found: &dyn std::fmt::Display) -> Self {
        let (expected, found) = (expected.to_string(), found.to_string());
        Self {
            passed: Some(expected == found),
            expected: Some(expected),
            found: Some(found),
            facts: Vec::new(),
        }
    }

    fn fact(mut self, key: FactKey, value: impl ToString) -> Self {
        self.facts.push((key, value.to_string()));
        self
    }
}

/// Makes all checks, in the order a page shows them.
pub(super) fn all(reads: &dyn StateRead, checked: &Checked<'_>) -> Result<Vec<CheckView>, ServiceError> {
    type Check = fn(&dyn StateRead, &Checked<'_>) -> Result<Found, ServiceError>;
    let checks: [(CheckCode, Check); 10] = [
        (CheckCode::Content, content),
        (CheckCode::TicketSignature, ticket_signature),
        (CheckCode::ProviderSignature, provider_signature),
        (CheckCode::Grant, grant),
        (CheckCode::Policies, policies),
        (CheckCode::Inclusion, inclusion),
        (CheckCode::Certificate, certificate),
        (CheckCode::ReceiptLog, receipt_log),
        (CheckCode::Delivery, delivery),
        (CheckCode::Evidence, evidence),
    ];
    let mut views = Vec::with_capacity(checks.len());
    for (code, check) in checks {
        let began = Instant::now();
        let Found { passed, expected, found, facts } = check(reads, checked)?;
        let micros = u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX);
        views.push(CheckView { code, passed, expected, found, facts, micros });
    }
    Ok(views)
}

/// The receipt's id is the digest of its ticket, and what the state holds is what the block holds.
fn content(_: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let found = match (&checked.signed.body.payload, &checked.record.kind) {
        (Payload::RecordAnswer(receipt), RecordKind::Answer { answer_digest, .. }) => {
            (receipt.answer_digest == *answer_digest).then(|| receipt.ticket.query_id())
        }
        (Payload::RecordDenial(denial), RecordKind::Denial { class, decision_commit }) => {
            (denial.class == *class && denial.decision_commit == *decision_commit)
                .then(|| denial.ticket.query_id())
        }
        _ => None,
    };
    Ok(match found {
        Some(query) => Found::compared(&checked.record.query, &query),
        None => Found::new(false),
    })
}

/// The requester signed the ticket with its `online` key.
fn ticket_signature(reads: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let ticket = &checked.record.ticket;
    let Some(key) = views::signing_key(reads, &ticket.key_id)? else { return Ok(Found::new(false)) };
    let fits = key.kind == KeyKind::Online
        && key.department == ticket.requester
        && key.key.verify(ticket.chain, Kind::Ticket, &to_bytes(ticket), &checked.record.ticket_signature);
    Ok(Found::new(fits)
        .fact(FactKey::Key, ticket.key_id.to_string())
        .fact(FactKey::Department, &ticket.requester))
}

/// The provider signed the record with its `online` key.
fn provider_signature(reads: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let fits = checked.signed.body.department == checked.record.ticket.provider
        && transaction_signature(reads, checked.signed)?;
    Ok(Found::new(fits)
        .fact(FactKey::Key, checked.signed.body.key_id.to_string())
        .fact(FactKey::Department, &checked.signed.body.department))
}

/// The grant was between these two, in force and not used up in the record's block.
fn grant(_: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let Record { ticket, recorded, kind, .. } = checked.record;
    let RecordKind::Answer { use_no, .. } = kind else {
        // A denial needs no grant: it may be the reason of the denial.
        return Ok(Found { passed: None, ..Found::new(true) }.fact(FactKey::Reason, "denied"));
    };
    let Some(grant) = checked.grant else { return Ok(Found::new(false)) };
    let revoked_before = grant.revoked.as_ref().is_some_and(|revoked| revoked.step.height <= recorded.height);
    let between = grant.requester == ticket.requester && grant.provider == ticket.provider;
    let in_time = grant.from <= recorded.at && recorded.at <= grant.until;
    let in_quota = *use_no >= 1 && *use_no <= grant.quota;
    let fits = between && in_time && in_quota && !revoked_before && grant.mode == ticket.mode;
    Ok(Found::new(fits).fact(FactKey::UseNo, use_no).fact(FactKey::Quota, grant.quota))
}

/// The versions it was judged under were those in force in its block.
fn policies(reads: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let versions = &checked.record.policy_versions;
    let provider = &checked.record.ticket.provider;
    let in_force = views::policy_versions_at(reads, provider, checked.record.recorded.height)?;
    Ok(Found::new(in_force.as_ref() == Some(versions))
        .fact(FactKey::National, versions.national)
        .fact(FactKey::Region, versions.region)
        .fact(FactKey::Department, versions.department))
}

/// The record's transaction is in its block: leaf and siblings give the root of the header.
fn inclusion(_: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let proof = proof_of(checked.block, checked.index).ok_or(ServiceError::NotFound)?;
    Ok(Found::compared(&proof.header_root, &proof.root)
        .fact(FactKey::Height, checked.block.header.height)
        .fact(FactKey::Levels, proof.steps.len()))
}

/// More than two thirds of the validators signed the block.
fn certificate(_: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let of_this = checked.certificate.block == checked.block.id();
    let valid = checked.certificate.check(checked.validators, checked.chain, &Direct).is_ok();
    Ok(Found::new(of_this && valid)
        .fact(FactKey::Signed, checked.certificate.signatures.len())
        .fact(FactKey::Validators, checked.validators.validators().len()))
}

/// The receipt stands at its place in the log of all receipts, and the log's root is the header's.
fn receipt_log(_: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let header = &checked.block.header;
    let place = checked.record.log_index;
    let Some(leaves) = checked.log_leaves else {
        let skipped = Found { passed: None, ..Found::new(true) };
        return Ok(skipped.fact(FactKey::Reason, "too-many").fact(FactKey::Size, header.receipt_count));
    };
    let Some(leaf) = checked.signed.body.payload.receipt_leaf() else { return Ok(Found::new(false)) };
    let stands = usize::try_from(place).is_ok_and(|place| leaves.get(place) == Some(&leaf));
    let mut found = Found::compared(&header.receipt_root, &merkle::root(leaves));
    found.passed = Some(stands && found.passed == Some(true) && leaves.len() as u64 == header.receipt_count);
    Ok(found.fact(FactKey::Place, place + 1).fact(FactKey::Size, header.receipt_count))
}

/// The requester acknowledged the answer under its own signature.
fn delivery(reads: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let (Some((outcome, _)), Some(signed)) = (&checked.record.delivery, checked.delivery) else {
        return Ok(Found { passed: None, ..Found::new(true) }.fact(FactKey::Reason, "not-yet"));
    };
    let named = match &signed.body.payload {
        Payload::Acknowledge(delivery) => delivery.marks.contains(&(checked.record.query, *outcome)),
        _ => false,
    };
    let fits = named
        && signed.body.department == checked.record.ticket.requester
        && transaction_signature(reads, signed)?;
    Ok(Found::new(fits).fact(FactKey::Outcome, outcome.code()))
}

/// The evidence file as an outsider would check it, from the genesis digest alone.
fn evidence(_: &dyn StateRead, checked: &Checked<'_>) -> Result<Found, ServiceError> {
    let Some(evidence) = checked.evidence else { return Ok(Found::new(false)) };
    let report = proof::verify(&to_bytes(evidence), &checked.chain.0, &proof::Options::default());
    let mut found = Found::new(report.verified()).fact(FactKey::Steps, report.steps.len());
    if let Some(failure) = report.failure() {
        found = found.fact(FactKey::FailedStep, failure.step.code());
        found.found.clone_from(&failure.wrong);
    }
    Ok(found)
}

#[cfg(test)]
mod tests;
