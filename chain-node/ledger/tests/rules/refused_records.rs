//! Refused receipts, denials, revocations and acknowledgements.

use crate::refused::{Attempt, Stage};
use crate::refused_requests::forget_policy;
use crate::story::papers::{DAY, MINUTE, branch_list, code};
use crate::story::{Centre, Chain};
use gm::domain::{ChainId, Kind};
use gm::sm2::KeyId;
use ledger::catalogue::Mode;
use ledger::department::KeyKind;
use ledger::ids::{GrantId, Height, QueryId, TxId};
use ledger::limits::DELIVERIES_MAX;
use ledger::parameters::Parameters;
use ledger::policy::PolicyOwner;
use ledger::receipt::{DeliveryOutcome, DenialClass, Receipt, Ticket};
use ledger::refusal::Refusal;
use ledger::transaction::Payload;
use ledger::wire::to_bytes;

type Outcome = Result<TxId, Refusal>;

/// Chengdu records an answer to a ticket that was changed before Guangzhou signed it.
fn answer(stage: &mut Stage, change: impl FnOnce(&mut Ticket)) -> Outcome {
    let mut ticket = stage.chain.a_ticket(&stage.grant);
    change(&mut ticket);
    let receipt = stage.chain.a_receipt(&ticket);
    stage.submit(Centre::Chengdu, Payload::RecordAnswer(receipt))
}

/// Chengdu records a denial of a ticket that was changed before Guangzhou signed it.
fn deny(stage: &mut Stage, change: impl FnOnce(&mut Ticket)) -> Outcome {
    let mut ticket = stage.chain.a_ticket(&stage.grant);
    change(&mut ticket);
    let denial = stage.chain.a_denial(&ticket, DenialClass::Grant);
    stage.submit(Centre::Chengdu, Payload::RecordDenial(denial))
}

/// Chengdu records an answer in a receipt that was changed.
fn receipt(stage: &mut Stage, change: impl FnOnce(&mut Receipt)) -> Outcome {
    let ticket = stage.chain.a_ticket(&stage.grant);
    let mut receipt = stage.chain.a_receipt(&ticket);
    change(&mut receipt);
    stage.submit(Centre::Chengdu, Payload::RecordAnswer(receipt))
}

/// A request of Guangzhou's under another mode or entry, granted.
fn granted(stage: &mut Stage, change: impl FnOnce(&mut ledger::request::SubmitRequest)) {
    let mut asked = stage.chain.a_request();
    change(&mut asked);
    let request = stage.chain.request(asked).unwrap();
    stage.grant = stage.chain.approve(&request).unwrap();
}

pub(crate) const TICKETS: &[Attempt] = &[
    (Refusal::ChainOther, "a ticket of another chain", |s| answer(s, |t| t.chain = ChainId::ZERO)),
    (Refusal::TxVersion, "a ticket of another version", |s| answer(s, |t| t.version = 2)),
    (Refusal::TicketProvider, "a ticket for another provider", |s| {
        answer(s, |t| t.provider = Centre::Suzhou.id())
    }),
    (Refusal::TicketExpired, "a ticket after its time", |s| {
        let now = s.chain.now();
        answer(s, |t| t.valid_until = now.minus_ms(1))
    }),
    (Refusal::TicketTooLong, "a ticket that is valid for longer than tickets may be", |s| {
        let too_long = s.chain.now().plus_ms(Parameters::DEFAULT.ticket_ms + 1);
        answer(s, |t| t.valid_until = too_long)
    }),
    (Refusal::TicketTooLong, "the same, denied", |s| {
        let too_long = s.chain.now().plus_ms(Parameters::DEFAULT.ticket_ms + 1);
        deny(s, |t| t.valid_until = too_long)
    }),
    (Refusal::TicketUsed, "an answered ticket, answered again", |s| {
        let ticket = s.chain.record(&s.answered).ticket;
        answer(s, |t| *t = ticket)
    }),
    (Refusal::TicketUsed, "an answered ticket, denied", |s| {
        let ticket = s.chain.record(&s.answered).ticket;
        deny(s, |t| *t = ticket)
    }),
    (Refusal::TicketUsed, "a denied ticket, answered", |s| {
        let ticket = s.chain.a_ticket(&s.grant);
        deny(s, |t| *t = ticket.clone()).unwrap();
        answer(s, |t| *t = ticket)
    }),
    (Refusal::TicketUsed, "two answers to one ticket in one block", |s| {
        let ticket = s.chain.a_ticket(&s.grant);
        let receipts = [0, 1].map(|_| s.chain.a_receipt(&ticket));
        let signed = receipts.map(|r| s.chain.sign(Centre::Chengdu, Payload::RecordAnswer(r)));
        Err(s.chain.block_of(signed.into())[0].1)
    }),
    (Refusal::DepartmentUnknown, "a requester that is not a member", |s| {
        answer(s, |t| t.requester = "12110000X00000019R".parse().unwrap())
    }),
    (Refusal::DepartmentInactive, "a suspended requester", |s| {
        s.chain.suspend(Centre::Guangzhou);
        answer(s, |_| ())
    }),
    (Refusal::KeyUnknown, "a ticket under an unknown key", |s| {
        answer(s, |t| t.key_id = KeyId::from_bytes([7; 16]))
    }),
    (Refusal::KeyOwner, "a ticket under another department's key", |s| {
        let key = s.chain.network.keys[&Centre::Suzhou].online.public().key_id();
        answer(s, |t| t.key_id = key)
    }),
    (Refusal::KeyKind, "a ticket under the office key", |s| {
        let office = s.chain.network.keys[&Centre::Guangzhou].of_kind(KeyKind::Office).clone();
        let mut ticket = s.chain.a_ticket(&s.grant);
        ticket.key_id = office.public().key_id();
        let mut receipt = s.chain.a_receipt(&ticket);
        receipt.ticket_signature = office.sign(ticket.chain, Kind::Ticket, &to_bytes(&ticket)).unwrap();
        s.submit(Centre::Chengdu, Payload::RecordAnswer(receipt))
    }),
    (Refusal::TicketSignature, "a ticket the provider signed itself", |s| {
        let forged = |s: &Stage| {
            let ticket = s.chain.a_ticket(&s.grant);
            s.chain.sign_ticket(Centre::Chengdu, &ticket)
        };
        let forged = forged(s);
        receipt(s, |r| r.ticket_signature = forged)
    }),
    (Refusal::TicketSignature, "a ticket changed after it was signed", |s| {
        receipt(s, |r| r.ticket.details_digest.0[0] ^= 1)
    }),
    (Refusal::TicketSignature, "a ticket signed as something else", |s| {
        let ticket = s.chain.a_ticket(&s.grant);
        let key = &s.chain.network.keys[&Centre::Guangzhou].online;
        let forged = key.sign(ticket.chain, Kind::Tx, &to_bytes(&ticket)).unwrap();
        receipt(s, |r| r.ticket_signature = forged)
    }),
    (Refusal::RecordStale, "judged more than a minute ago", |s| {
        let ticket = s.chain.a_ticket(&s.grant);
        let receipt = s.chain.a_receipt(&ticket);
        let lag_ms = s.chain.now().0 - s.chain.tip().time.0;
        s.chain.wait_ms(MINUTE - lag_ms + 1);
        s.submit(Centre::Chengdu, Payload::RecordAnswer(receipt))
    }),
    (Refusal::RecordStale, "judged at a height that is yet to come", |s| {
        receipt(s, |r| r.judged_height = Height(r.judged_height.0 + 1))
    }),
    (Refusal::PolicyMoved, "judged under another national policy", |s| {
        receipt(s, |r| r.policy_versions.national.0[0] ^= 1)
    }),
    (Refusal::PolicyMoved, "judged under another region's policy", |s| {
        let other = s.chain.policies_of(Centre::Suzhou).region;
        receipt(s, |r| r.policy_versions.region = other)
    }),
    (Refusal::PolicyMoved, "judged under the requester's policies", |s| {
        let other = s.chain.policies_of(Centre::Guangzhou);
        receipt(s, |r| r.policy_versions = other)
    }),
    (Refusal::PolicyNotLive, "a region without a policy", |s| {
        forget_policy(s, &PolicyOwner::Region(Centre::Chengdu.region().province()));
        receipt(s, |_| ())
    }),
];

pub(crate) const GRANTS: &[Attempt] = &[
    (Refusal::GrantUnknown, "an answer under no grant", |s| answer(s, |t| t.grant = GrantId([9; 32]))),
    (Refusal::GrantUnknown, "no grant to revoke", |s| {
        let revocation = s.chain.a_revocation(&GrantId([9; 32]));
        s.submit(Centre::Chengdu, Payload::RevokeGrant(revocation))
    }),
    (Refusal::GrantNotYours, "revoked by the requester", |s| {
        let revocation = s.chain.a_revocation(&s.grant);
        s.submit(Centre::Guangzhou, Payload::RevokeGrant(revocation))
    }),
    (Refusal::GrantRevoked, "revoked twice", |s| {
        let revocation = s.chain.a_revocation(&s.grant);
        s.submit(Centre::Chengdu, Payload::RevokeGrant(revocation.clone())).unwrap();
        s.submit(Centre::Chengdu, Payload::RevokeGrant(revocation))
    }),
    (Refusal::GrantRevoked, "an answer under a revoked grant", |s| {
        let revocation = s.chain.a_revocation(&s.grant);
        s.submit(Centre::Chengdu, Payload::RevokeGrant(revocation)).unwrap();
        answer(s, |_| ())
    }),
    (Refusal::GrantExpired, "revoked after its end", |s| {
        s.chain.wait_ms(30 * DAY);
        let revocation = s.chain.a_revocation(&s.grant);
        s.submit(Centre::Chengdu, Payload::RevokeGrant(revocation))
    }),
    (Refusal::GrantExpired, "an answer after its end", |s| {
        s.chain.wait_ms(30 * DAY);
        s.chain.idle();
        answer(s, |_| ())
    }),
    (Refusal::GrantUpcoming, "an answer before its beginning", |s| {
        let later = s.chain.now().plus_ms(DAY);
        granted(s, |asked| asked.from = later);
        answer(s, |_| ())
    }),
    (Refusal::GrantParties, "a grant of another requester", |s| {
        let key = s.chain.network.keys[&Centre::Suzhou].online.public().key_id();
        let mut ticket = s.chain.a_ticket(&s.grant);
        (ticket.requester, ticket.key_id) = (Centre::Suzhou.id(), key);
        let mut receipt = s.chain.a_receipt(&ticket);
        receipt.ticket_signature = s.chain.sign_ticket(Centre::Suzhou, &ticket);
        s.submit(Centre::Chengdu, Payload::RecordAnswer(receipt))
    }),
    (Refusal::GrantParties, "a grant of another provider", |s| {
        let mut ticket = s.chain.a_ticket(&s.grant);
        ticket.provider = Centre::Suzhou.id();
        let mut receipt = s.chain.a_receipt(&ticket);
        receipt.policy_versions = s.chain.policies_of(Centre::Suzhou);
        s.submit(Centre::Suzhou, Payload::RecordAnswer(receipt))
    }),
    (Refusal::GrantMode, "another mode than granted", |s| answer(s, |t| t.mode = Mode::Batch)),
    (Refusal::GrantMode, "a single receipt under a grant for batches", |s| {
        s.submit(Centre::Chengdu, Payload::Publish(branch_list())).unwrap();
        granted(s, |asked| (asked.entry, asked.items) = (branch_list().id, [code("WDMC")].into()));
        answer(s, |_| ())
    }),
    (Refusal::TicketUnits, "no unit", |s| answer(s, |t| t.units = 0)),
    (Refusal::TicketUnits, "two subjects in one query", |s| answer(s, |t| t.units = 2)),
    (Refusal::GrantQuota, "one more than the quota", |s| {
        answer(s, |_| ()).unwrap();
        s.chain.wait_ms(1);
        let other = Chain::a_ticket(&s.chain, &s.grant);
        answer(s, |t| *t = other).unwrap();
        answer(s, |_| ())
    }),
    (Refusal::GrantQuota, "a batch larger than the quota", |s| {
        granted(s, |asked| asked.mode = Mode::Batch);
        answer(s, |t| (t.mode, t.units) = (Mode::Batch, 4))
    }),
    (Refusal::GrantQuota, "a batch beyond all numbers", |s| {
        granted(s, |asked| asked.mode = Mode::Batch);
        answer(s, |t| (t.mode, t.units) = (Mode::Batch, 1)).unwrap();
        answer(s, |t| (t.mode, t.units) = (Mode::Batch, u32::MAX))
    }),
];

fn acknowledge(stage: &mut Stage, by: Centre, marks: Vec<(QueryId, DeliveryOutcome)>) -> Outcome {
    let mut delivery = stage.chain.a_delivery(&[]);
    delivery.marks = marks;
    stage.submit(by, Payload::Acknowledge(delivery))
}

pub(crate) const DELIVERIES: &[Attempt] = &[
    (Refusal::DeliveryEmpty, "nothing", |s| acknowledge(s, Centre::Guangzhou, vec![])),
    (Refusal::DeliveryEmpty, "more than 256", |s| {
        let marks = (0..=DELIVERIES_MAX).map(|n| {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&n.to_be_bytes());
            (QueryId(id), DeliveryOutcome::Opened)
        });
        acknowledge(s, Centre::Guangzhou, marks.collect())
    }),
    (Refusal::DeliveryEmpty, "out of order", |s| {
        let first = s.answered;
        answer(s, |_| ()).unwrap();
        let second = s.chain.history.records().unwrap();
        let second = second.iter().map(|record| record.query).find(|query| *query != first).unwrap();
        let mut marks = vec![(first, DeliveryOutcome::Opened), (second, DeliveryOutcome::Opened)];
        marks.sort_unstable();
        marks.reverse();
        acknowledge(s, Centre::Guangzhou, marks)
    }),
    (Refusal::DeliveryEmpty, "an answer with two outcomes", |s| {
        let marks = [DeliveryOutcome::Opened, DeliveryOutcome::RejectedKey].map(|o| (s.answered, o));
        acknowledge(s, Centre::Guangzhou, marks.into())
    }),
    (Refusal::DeliveryUnknown, "an answer nobody recorded", |s| {
        acknowledge(s, Centre::Guangzhou, vec![(QueryId([9; 32]), DeliveryOutcome::Opened)])
    }),
    (Refusal::DeliveryUnknown, "a denial, which is no answer", |s| {
        let ticket = s.chain.a_ticket(&s.grant);
        deny(s, |t| *t = ticket.clone()).unwrap();
        acknowledge(s, Centre::Guangzhou, vec![(ticket.query_id(), DeliveryOutcome::Opened)])
    }),
    (Refusal::DeliveryNotYours, "acknowledged by the provider", |s| {
        let marks = vec![(s.answered, DeliveryOutcome::Opened)];
        acknowledge(s, Centre::Chengdu, marks)
    }),
    (Refusal::DeliveryUnknown, "an answer that can be fetched no more", |s| {
        let marks = vec![(s.answered, DeliveryOutcome::Opened)];
        let lapses = s.chain.record(&s.answered).recorded.at.plus_ms(Parameters::DEFAULT.refetch_ms);
        s.chain.wait_ms(lapses.0 - s.chain.now().0 + 1);
        acknowledge(s, Centre::Guangzhou, marks)
    }),
    (Refusal::DeliveryUnknown, "acknowledged twice", |s| {
        let marks = vec![(s.answered, DeliveryOutcome::Opened)];
        acknowledge(s, Centre::Guangzhou, marks.clone()).unwrap();
        acknowledge(s, Centre::Guangzhou, marks)
    }),
];
