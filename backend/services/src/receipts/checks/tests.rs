//! Every check of a record passes for what happened, and fails for what was changed behind it.

use gm::sm3::sm3;
use ledger::certificate::Certificate;
use ledger::ids::{GrantId, Height, PolicyVersion, QueryId, Time, TxId};
use ledger::proof::{Basis, Proven};
use ledger::receipt::{DeliveryOutcome, DenialClass};

use super::*;
use crate::stage::{House, NOTHING, Stage};

/// What the checks look at, to be changed.
struct Parts {
    record: Record,
    grant: Option<Grant>,
    block: Block,
    certificate: Certificate,
    validators: ValidatorSet,
    index: u32,
    signed: Signed,
    delivery: Option<Signed>,
    evidence: Option<Evidence>,
    leaves: Option<Vec<Digest>>,
}

/// Where a transaction stands.
fn place(stage: &Stage, id: TxId) -> (&Block, &Certificate, usize) {
    let found =
        |(block, _): &(Block, Certificate)| block.transactions.iter().position(|signed| signed.id() == id);
    let decided = stage.blocks.iter().find(|decided| found(decided).is_some()).unwrap();
    (&decided.0, &decided.1, found(decided).unwrap())
}

fn proven(stage: &Stage, id: TxId) -> Proven {
    let (block, certificate, index) = place(stage, id);
    Proven::from_block(block, certificate.clone(), u32::try_from(index).unwrap()).unwrap()
}

fn parts(stage: &Stage, query: &QueryId) -> Parts {
    let reads = &stage.state;
    let record = views::record(reads, query).unwrap().unwrap();
    let grant = views::grant(reads, &record.ticket.grant).unwrap();
    let (block, certificate, index) = place(stage, record.recorded.tx);
    let basis = grant.as_ref().map(|grant| Basis {
        publication: proven(stage, views::entry(reads, &grant.entry).unwrap().unwrap().tx),
        request: proven(stage, views::request(reads, &grant.request).unwrap().unwrap().submitted.tx),
        approval: proven(stage, grant.approved.tx),
    });
    let delivery = record.delivery.map(|(_, place)| place.tx);
    let evidence = Evidence {
        version: 1,
        chain: stage.chain(),
        genesis: stage.genesis().clone(),
        basis,
        amendments: Vec::new(),
        roster: None,
        record: proven(stage, record.recorded.tx),
        delivery: delivery.map(|tx| proven(stage, tx)),
        details: None,
        answer: None,
        openings: Vec::new(),
    };
    let until = stage.blocks.iter().take_while(|(found, _)| found.header.height <= record.recorded.height);
    let leaves = until
        .flat_map(|(block, _)| &block.transactions)
        .filter_map(|signed| signed.body.payload.receipt_leaf())
        .collect();
    Parts {
        index: u32::try_from(index).unwrap(),
        signed: block.transactions[index].signed().clone(),
        delivery: evidence.delivery.as_ref().map(|proven| proven.signed.clone()),
        validators: views::validator_set(reads).unwrap(),
        block: block.clone(),
        certificate: certificate.clone(),
        evidence: Some(evidence),
        leaves: Some(leaves),
        record,
        grant,
    }
}

fn checks(stage: &Stage, parts: &Parts) -> Vec<CheckView> {
    let checked = Checked {
        chain: stage.chain(),
        record: &parts.record,
        grant: parts.grant.as_ref(),
        block: &parts.block,
        certificate: &parts.certificate,
        validators: &parts.validators,
        index: parts.index,
        signed: &parts.signed,
        delivery: parts.delivery.as_ref(),
        evidence: parts.evidence.as_ref(),
        log_leaves: parts.leaves.as_deref(),
    };
    all(&stage.state, &checked).unwrap()
}

/// The checks with this outcome.
fn with(checks: &[CheckView], passed: Option<bool>) -> Vec<CheckCode> {
    checks.iter().filter(|check| check.passed == passed).map(|check| check.code).collect()
}

fn fact(checks: &[CheckView], code: CheckCode, key: FactKey) -> Option<String> {
    let check = checks.iter().find(|check| check.code == code).unwrap();
    check.facts.iter().find(|(known, _)| *known == key).map(|(_, value)| value.clone())
}

/// A second answer under a grant, acknowledged.
fn answered() -> (Stage, GrantId, QueryId) {
    let (mut stage, grant) = Stage::granted();
    stage.answer(grant);
    let query = stage.answer(grant);
    stage.acknowledge(query, DeliveryOutcome::Opened);
    (stage, grant, query)
}

#[test]
fn an_answer_as_it_happened_passes_every_check() {
    let (stage, _, query) = answered();
    let checks = checks(&stage, &parts(&stage, &query));
    assert_eq!(with(&checks, Some(true)), CheckCode::ALL, "{checks:?}");
    for (code, key, value) in [
        (CheckCode::Grant, FactKey::UseNo, "2"),
        (CheckCode::Grant, FactKey::Quota, "200"),
        (CheckCode::Certificate, FactKey::Signed, "1"),
        (CheckCode::ReceiptLog, FactKey::Place, "2"),
        (CheckCode::ReceiptLog, FactKey::Size, "2"),
        (CheckCode::Delivery, FactKey::Outcome, "opened"),
    ] {
        assert_eq!(fact(&checks, code, key).as_deref(), Some(value), "{code:?}");
    }
}

#[test]
fn what_cannot_be_checked_is_said_to_be_open_and_why() {
    let (mut stage, grant) = Stage::granted();
    let (answer, denial) = (stage.answer(grant), stage.deny(grant, DenialClass::Policy));
    let unknown = stage.deny(GrantId(NOTHING), DenialClass::Grant);
    let found = checks(&stage, &parts(&stage, &answer));
    assert_eq!(with(&found, None), [CheckCode::Delivery]);
    assert_eq!(fact(&found, CheckCode::Delivery, FactKey::Reason).as_deref(), Some("not-yet"));
    for denied in [denial, unknown] {
        let found = checks(&stage, &parts(&stage, &denied));
        assert_eq!(with(&found, None), [CheckCode::Grant, CheckCode::Delivery]);
        assert_eq!(with(&found, Some(false)), [], "a denial needs no grant");
    }
    let many = Parts { leaves: None, ..parts(&stage, &answer) };
    let found = checks(&stage, &many);
    assert_eq!(with(&found, None), [CheckCode::ReceiptLog, CheckCode::Delivery]);
    assert_eq!(fact(&found, CheckCode::ReceiptLog, FactKey::Reason).as_deref(), Some("too-many"));
}

#[test]
fn what_was_changed_fails_its_own_check() {
    use CheckCode::{
        Certificate as Decided, Content, Delivery, Evidence as File, Grant as Granted, Inclusion, Policies,
        ProviderSignature, ReceiptLog, TicketSignature,
    };
    type Change = fn(&mut Parts);
    let (stage, _, query) = answered();
    let cases: [(&str, Change, &[CheckCode]); 23] = [
        ("nothing", |_| {}, &[]),
        ("another query", |parts| parts.record.query = QueryId(NOTHING), &[Content, Delivery]),
        (
            "another answer",
            |parts| {
                parts.record.kind = RecordKind::Answer { answer_digest: Digest::ZERO, use_no: 2 };
            },
            &[Content],
        ),
        (
            "another's signature",
            |parts| parts.record.ticket_signature = parts.signed.signature,
            &[TicketSignature],
        ),
        (
            "a ticket of another",
            |parts| parts.record.ticket.requester = House::Jd.id(),
            &[TicketSignature, Granted, Delivery],
        ),
        (
            "under the key of the provider",
            |parts| parts.record.ticket.key_id = parts.signed.body.key_id,
            &[TicketSignature],
        ),
        (
            "signed otherwise",
            |parts| parts.signed.signature = parts.record.ticket_signature,
            &[ProviderSignature],
        ),
        ("put in by another", |parts| parts.signed.body.department = House::Sz.id(), &[ProviderSignature]),
        ("no grant", |parts| parts.grant = None, &[Granted]),
        ("between others", |parts| of(parts).provider = House::Jd.id(), &[Granted]),
        ("before it began", |parts| of(parts).from = Time(parts.record.recorded.at.0 + 1), &[Granted]),
        ("after its end", |parts| of(parts).until = Time(parts.record.recorded.at.0 - 1), &[Granted]),
        ("beyond its quota", |parts| of(parts).quota = 1, &[Granted]),
        ("other policies", |parts| parts.record.policy_versions.region = PolicyVersion(NOTHING), &[Policies]),
        ("another root", |parts| parts.block.header.transaction_root = Digest::ZERO, &[Inclusion, Decided]),
        ("nobody voted", |parts| parts.certificate.signatures.clear(), &[Decided]),
        ("a vote of another round", |parts| parts.certificate.round = 1, &[Decided]),
        ("another place in the log", |parts| parts.record.log_index = 0, &[ReceiptLog]),
        ("a receipt more", |parts| leaves(parts).push(sm3(&[b"more"])), &[ReceiptLog]),
        ("another receipt before", |parts| leaves(parts)[0] = Digest::ZERO, &[ReceiptLog]),
        (
            "another's word",
            |parts| parts.delivery.as_mut().unwrap().body.department = House::Gz.id(),
            &[Delivery],
        ),
        ("no file", |parts| parts.evidence = None, &[File]),
        ("a file of another place", |parts| parts.evidence.as_mut().unwrap().record.index += 1, &[File]),
    ];
    for (what, change, expected) in cases {
        let mut changed = parts(&stage, &query);
        change(&mut changed);
        let found = checks(&stage, &changed);
        assert_eq!(with(&found, Some(false)), expected, "{what}: {found:?}");
    }
}

fn of(parts: &mut Parts) -> &mut Grant {
    parts.grant.as_mut().unwrap()
}

fn leaves(parts: &mut Parts) -> &mut Vec<Digest> {
    parts.leaves.as_mut().unwrap()
}

#[test]
fn an_answer_stands_when_its_grant_was_ended_later_and_falls_when_it_was_ended_before() {
    let (mut stage, grant, query) = answered();
    stage.revoke(grant);
    let mut later = parts(&stage, &query);
    assert_eq!(with(&checks(&stage, &later), Some(false)), []);
    let recorded = later.record.recorded.height;
    for (height, expected) in
        [(recorded.next(), vec![]), (recorded, vec![CheckCode::Grant]), (Height(1), vec![CheckCode::Grant])]
    {
        of(&mut later).revoked.as_mut().unwrap().step.height = height;
        assert_eq!(with(&checks(&stage, &later), Some(false)), expected, "{height}");
    }
}
