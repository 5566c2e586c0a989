//! Refused before the payload is looked at: chain, size, time, standing, keys, signatures, roles.

use crate::refused::{Attempt, Stage};
use crate::story::papers::{payment_certificate, tighten};
use crate::story::{Centre, Chain};
use gm::domain::ChainId;
use gm::sm2::{KeyId, SecretKey};
use ledger::department::KeyKind;
use ledger::ids::{InspectionId, QueryId, TxId};
use ledger::inspection::Sight;
use ledger::policy::PolicyOwner;
use ledger::receipt::{DeliveryOutcome, DenialClass};
use ledger::refusal::Refusal;
use ledger::role::Role;
use ledger::transaction::{Payload, Signed, Transaction};

/// Chengdu publishes an entry in a body that is changed before it is signed.
fn publish(
    stage: &mut Stage,
    change: impl FnOnce(&mut Transaction),
    key: impl FnOnce(&Stage) -> SecretKey,
) -> Result<TxId, Refusal> {
    let mut entry = payment_certificate();
    entry.id.code = "307001/000009".parse().unwrap();
    let mut body = stage.chain.body(Centre::Chengdu, Payload::Publish(entry));
    change(&mut body);
    let key = key(stage);
    stage.chain.put(Chain::sign_as(body, &key))
}

fn key(stage: &Stage, centre: Centre, kind: KeyKind) -> SecretKey {
    stage.chain.network.keys[&centre].of_kind(kind).clone()
}

fn office(stage: &Stage) -> SecretKey {
    key(stage, Centre::Chengdu, KeyKind::Office)
}

/// Submits a payload signed with a key of Chengdu's of another kind than it needs.
fn under_key(stage: &mut Stage, kind: KeyKind, payload: Payload) -> Result<TxId, Refusal> {
    let key = key(stage, Centre::Chengdu, kind);
    let mut body = stage.chain.body(Centre::Chengdu, payload);
    body.key_id = key.public().key_id();
    stage.chain.put(Chain::sign_as(body, &key))
}

/// Every payload under every kind of key but its own: the first answer that is not "wrong kind".
fn every_wrong_kind(stage: &mut Stage) -> Result<TxId, Refusal> {
    let ticket = stage.chain.a_ticket(&stage.grant);
    let set = stage.chain.next_policy(&PolicyOwner::Department(Centre::Chengdu.id()), tighten);
    let payloads = [
        Payload::Publish(payment_certificate()),
        Payload::SubmitRequest(stage.chain.a_request()),
        Payload::ApproveRequest(stage.chain.an_approval(&stage.request)),
        Payload::RefuseRequest(stage.chain.a_refusal(&stage.request)),
        Payload::WithdrawRequest(stage.chain.a_withdrawal(&stage.request)),
        Payload::RevokeGrant(stage.chain.a_revocation(&stage.grant)),
        Payload::RecordAnswer(stage.chain.a_receipt(&ticket)),
        Payload::RecordDenial(stage.chain.a_denial(&ticket, DenialClass::Grant)),
        Payload::Acknowledge(stage.chain.a_delivery(&[stage.answered])),
        Payload::DraftPolicy(stage.chain.a_draft(Centre::Chengdu, &set)),
        Payload::CountersignPolicy(stage.chain.a_countersignature(Centre::Chengdu, &set)),
        Payload::WithdrawPolicy(stage.chain.a_policys_withdrawal(Centre::Chengdu, &set)),
        Payload::AnchorRoster(stage.chain.a_roster(3)),
        Payload::OpenInspection(stage.chain.an_inspection()),
        Payload::CloseInspection(stage.chain.a_closing(&InspectionId([7; 32]))),
        Payload::RecordLooks(stage.chain.looks(&InspectionId([7; 32]), &[Sight::Record(stage.answered)])),
        Payload::ReportEquivocation(stage.chain.an_equivocation(1)),
    ];
    assert_eq!(payloads.len(), Payload::NAMES.len(), "no payload is forgotten");
    for payload in payloads {
        let kinds = [KeyKind::Office, KeyKind::Online, KeyKind::Sealing];
        for kind in kinds.into_iter().filter(|kind| *kind != payload.key_kind()) {
            let result = under_key(stage, kind, payload.clone());
            if result != Err(Refusal::KeyKind) {
                return result;
            }
        }
    }
    Err(Refusal::KeyKind)
}

/// Every step of the workflow in every role but its own: the first answer that is not "wrong role".
fn every_wrong_role(stage: &mut Stage) -> Result<TxId, Refusal> {
    for role in Role::ALL {
        let mut attempts = vec![];
        if *role != Role::ReqOperator {
            let mut asked = stage.chain.a_request();
            asked.by.role = *role;
            attempts.push((Centre::Guangzhou, Payload::SubmitRequest(asked)));
            let mut withdrawn = stage.chain.a_withdrawal(&stage.request);
            withdrawn.by.role = *role;
            attempts.push((Centre::Guangzhou, Payload::WithdrawRequest(withdrawn)));
        }
        if *role != Role::ProvApprover {
            let mut approval = stage.chain.an_approval(&stage.request);
            approval.by.role = *role;
            attempts.push((Centre::Chengdu, Payload::ApproveRequest(approval)));
            let mut refused = stage.chain.a_refusal(&stage.request);
            refused.by.role = *role;
            attempts.push((Centre::Chengdu, Payload::RefuseRequest(refused)));
            let mut revoked = stage.chain.a_revocation(&stage.grant);
            revoked.by.role = *role;
            attempts.push((Centre::Chengdu, Payload::RevokeGrant(revoked)));
        }
        if *role != Role::Inspector {
            let mut terms = stage.chain.an_inspection();
            terms.by.role = *role;
            attempts.push((Centre::Inspectorate, Payload::OpenInspection(terms)));
            let mut terms = stage.chain.an_inspection();
            terms.second.role = *role;
            attempts.push((Centre::Inspectorate, Payload::OpenInspection(terms)));
            let mut closing = stage.chain.a_closing(&InspectionId([7; 32]));
            closing.by.role = *role;
            attempts.push((Centre::Inspectorate, Payload::CloseInspection(closing)));
        }
        if !role.countersigns(Role::ReqOperator) {
            let mut asked = stage.chain.a_request();
            asked.second.role = *role;
            attempts.push((Centre::Guangzhou, Payload::SubmitRequest(asked)));
        }
        if !role.countersigns(Role::ProvApprover) {
            let mut approval = stage.chain.an_approval(&stage.request);
            approval.second.role = *role;
            attempts.push((Centre::Chengdu, Payload::ApproveRequest(approval)));
        }
        for (by, payload) in attempts {
            let result = stage.submit(by, payload);
            if result != Err(Refusal::RoleWrong) {
                return result;
            }
        }
    }
    Err(Refusal::RoleWrong)
}

pub(crate) const ATTEMPTS: &[Attempt] = &[
    (Refusal::ChainOther, "a transaction of another chain", |s| {
        publish(s, |body| body.chain = ChainId::ZERO, office)
    }),
    (Refusal::TxVersion, "a transaction of another version", |s| publish(s, |body| body.version = 2, office)),
    (Refusal::TxTooLarge, "more than 64 KiB", |s| {
        let marks = (0..2_000u16).map(|n| {
            let [high, low] = n.to_be_bytes();
            let mut id = [0; 32];
            (id[0], id[1]) = (high, low);
            (QueryId(id), DeliveryOutcome::Opened)
        });
        let mut delivery = s.chain.a_delivery(&[]);
        delivery.marks = marks.collect();
        s.submit(Centre::Guangzhou, Payload::Acknowledge(delivery))
    }),
    (Refusal::TxReplayed, "the same transaction in two blocks", |s| {
        let refused = s.chain.a_refusal(&s.request);
        let signed = s.chain.sign(Centre::Chengdu, Payload::RefuseRequest(refused));
        s.chain.put(signed.clone()).unwrap();
        s.chain.put(signed)
    }),
    (Refusal::TxReplayed, "the same transaction twice in one block", |s| {
        let refused = s.chain.a_refusal(&s.request);
        let signed = s.chain.sign(Centre::Chengdu, Payload::RefuseRequest(refused));
        let left_out = s.chain.block_of(vec![signed.clone(), signed]);
        Err(left_out[0].1)
    }),
    (Refusal::TxReplayed, "a replay in the last millisecond of its validity", |s| {
        let refused = s.chain.a_refusal(&s.request);
        let signed = s.chain.sign(Centre::Chengdu, Payload::RefuseRequest(refused));
        s.chain.put(signed.clone()).unwrap();
        s.chain.wait_ms(signed.body.valid_until.0 - s.chain.now().0);
        assert_eq!(s.chain.now(), signed.body.valid_until);
        s.chain.put(signed)
    }),
    (Refusal::TxExpired, "a replay one millisecond later", |s| {
        let refused = s.chain.a_refusal(&s.request);
        let signed = s.chain.sign(Centre::Chengdu, Payload::RefuseRequest(refused));
        s.chain.put(signed.clone()).unwrap();
        s.chain.wait_ms(signed.body.valid_until.0 - s.chain.now().0 + 1);
        s.chain.put(signed)
    }),
    (Refusal::TxExpired, "a transaction after its time", |s| {
        let refused = s.chain.a_refusal(&s.request);
        let signed = s.chain.sign(Centre::Chengdu, Payload::RefuseRequest(refused));
        s.chain.wait_ms(60_001);
        s.chain.put(signed)
    }),
    (Refusal::TxValidTooLong, "valid for ten minutes and a millisecond", |s| {
        let limit = s.chain.now().plus_ms(600_001);
        publish(s, |body| body.valid_until = limit, office)
    }),
    (Refusal::DepartmentUnknown, "a department that is not a member", |s| {
        publish(s, |body| body.department = "12110000X00000019R".parse().unwrap(), office)
    }),
    (Refusal::DepartmentInactive, "a suspended department", |s| {
        s.chain.suspend(Centre::Chengdu);
        publish(s, |_| (), office)
    }),
    (Refusal::KeyUnknown, "a key that is not on the chain", |s| {
        publish(s, |body| body.key_id = KeyId::from_bytes([7; 16]), office)
    }),
    (Refusal::KeyOwner, "in the name of another department", |s| {
        publish(s, |body| body.department = Centre::Suzhou.id(), office)
    }),
    (Refusal::KeyKind, "every payload under every other kind of key", every_wrong_kind),
    (Refusal::KeyKind, "under the key that votes", |s| {
        let key = key(s, Centre::Guangzhou, KeyKind::Consensus);
        let mut body = s.chain.body(Centre::Guangzhou, Payload::Publish(payment_certificate()));
        body.key_id = key.public().key_id();
        s.chain.put(Chain::sign_as(body, &key))
    }),
    (Refusal::SignatureBad, "signed by another department under this one's key id", |s| {
        publish(s, |_| (), |s| key(s, Centre::Suzhou, KeyKind::Office))
    }),
    (Refusal::SignatureBad, "the signature of another transaction", |s| {
        let refused = s.chain.a_refusal(&s.request);
        let one = s.chain.sign(Centre::Chengdu, Payload::RefuseRequest(refused.clone()));
        let other = s.chain.sign(Centre::Chengdu, Payload::RefuseRequest(refused));
        s.chain.put(Signed { body: one.body, signature: other.signature })
    }),
    (Refusal::RoleWrong, "every step in every other role", every_wrong_role),
];
