//! Every bound is met exactly: what lies on it is good on both sides, what lies beyond it is not.

use crate::story::cast::row;
use crate::story::papers::{MINUTE, entry_of, next_version, payment_certificate, tighten};
use crate::story::{Centre, Chain};
use gm::sm2::Direct;
use ledger::apply::{BlockContext, Verified, apply};
use ledger::catalogue::{Condition, Item};
use ledger::ids::TxId;
use ledger::inspection::Sight;
use ledger::limits::{
    CONDITIONS_MAX, DELIVERIES_MAX, ENTRY_BYTES_MAX, ITEMS_MAX, PERIOD_MS_MAX, QUOTA_MAX,
    TRANSACTION_BYTES_MAX, TRANSACTION_WAIT_MS_MAX,
};
use ledger::policy::{PolicyOwner, PolicyRow, PolicySet};
use ledger::protocol::Protocol;
use ledger::receipt::{DenialClass, Ticket};
use ledger::refusal::Refusal;
use ledger::request::SubmitRequest;
use ledger::roster::{AnchorRoster, roster_root};
use ledger::transaction::{Payload, Signed};
use ledger::wire::to_bytes;
use std::collections::BTreeSet;

/// A draft of Chengdu's policy whose transaction has `bytes` bytes or up to seven less, signature included.
fn draft_of(chain: &mut Chain, bytes: usize) -> Signed {
    let mut set = chain.next_policy(&PolicyOwner::Department(Centre::Chengdu.id()), |_| ());
    let sign = |chain: &mut Chain, set: &PolicySet| {
        let draft = chain.a_draft(Centre::Chengdu, set);
        chain.sign(Centre::Chengdu, Payload::DraftPolicy(draft))
    };
    let missing =
        |chain: &mut Chain, set: &PolicySet| bytes.checked_sub(to_bytes(&sign(chain, set)).len()).unwrap();
    let items = |length: usize| {
        let mut codes = vec!["I".repeat(60)];
        let short = Some(length % 60).filter(|short| *short >= 5);
        for (number, length) in short.into_iter().chain(vec![60; length / 60]).enumerate() {
            codes.push(format!("{}{:02}", "I".repeat(length - 3), number));
        }
        codes.join(",").parse().unwrap()
    };
    while missing(chain, &set) > 700 {
        let id = format!("long-{:03}", set.rows.len());
        set.rows.push(PolicyRow { items: items(240), ..row(&id, "answer", &[]) });
    }
    // The last row makes up for the rest; its head may grow by a byte.
    set.rows.push(PolicyRow { items: items(0), ..row("last", "answer", &[]) });
    let rest = missing(chain, &set) - 1;
    set.rows.last_mut().unwrap().items = items(rest);
    let signed = sign(chain, &set);
    assert!((bytes - 7..=bytes).contains(&to_bytes(&signed).len()));
    signed
}

#[test]
fn a_transaction_of_64_kib_is_the_largest() {
    let mut chain = Chain::founded();
    let signed = draft_of(&mut chain, TRANSACTION_BYTES_MAX);
    let id: TxId = chain.put(signed).unwrap();
    assert_eq!(chain.proven(&id).count, 1);
    let mut chain = Chain::founded();
    let too_large = draft_of(&mut chain, TRANSACTION_BYTES_MAX + 8);
    assert!(to_bytes(&too_large).len() > TRANSACTION_BYTES_MAX);
    assert_eq!(chain.put(too_large), Err(Refusal::TxTooLarge));
}

#[test]
fn an_entry_of_16_kib_is_the_largest() {
    let mut chain = Chain::founded();
    chain.submit(Centre::Chengdu, Payload::Publish(entry_of(ENTRY_BYTES_MAX))).unwrap();
}

#[test]
fn a_transaction_is_valid_from_ten_minutes_before_its_end_to_its_last_millisecond() {
    let mut chain = Chain::founded();
    let now = chain.now();
    let mut publish = |number: u32, valid_until| {
        let mut entry = payment_certificate();
        entry.id.code = format!("307001/{number:06}").parse().unwrap();
        let mut body = chain.body(Centre::Chengdu, Payload::Publish(entry));
        body.valid_until = valid_until;
        let key = chain.network.keys[&Centre::Chengdu].office.clone();
        chain.take_in(Chain::sign_as(body, &key)).map(|_| ())
    };
    assert_eq!(publish(1, now.plus_ms(TRANSACTION_WAIT_MS_MAX)), Ok(()));
    assert_eq!(publish(2, now.plus_ms(TRANSACTION_WAIT_MS_MAX + 1)), Err(Refusal::TxValidTooLong.into()));
    assert_eq!(publish(3, now), Ok(()));
    assert_eq!(publish(4, now.minus_ms(1)), Err(Refusal::TxExpired.into()));
}

#[test]
fn an_entry_has_64_items_and_16_conditions_at_most() {
    let mut chain = Chain::founded();
    let mut entry = payment_certificate();
    let (item, condition) = (entry.items[2].clone(), entry.conditions[0].clone());
    for number in entry.items.len()..ITEMS_MAX {
        let code = format!("F{number:03}").parse().unwrap();
        entry.items.push(Item { code, ..item.clone() });
    }
    for number in entry.conditions.len()..CONDITIONS_MAX {
        let code = format!("{}", 80 + number).parse().unwrap();
        entry.conditions.push(Condition { code, ..condition.clone() });
    }
    chain.submit(Centre::Chengdu, Payload::Publish(entry)).unwrap();
}

#[test]
fn a_request_asks_for_three_years_and_a_million_units_at_most() {
    let mut chain = Chain::with_entry();
    let mut asked = chain.a_request();
    (asked.until, asked.quota) = (asked.from.plus_ms(PERIOD_MS_MAX), QUOTA_MAX);
    chain.request(asked).unwrap();
}

#[test]
fn the_last_millisecond_of_grant_ticket_and_judgement_counts() {
    let (mut chain, grant) = Chain::with_grant(3);
    let mut ticket = chain.a_ticket(&grant);
    ticket.valid_until = chain.now();
    let receipt = Payload::RecordAnswer(chain.a_receipt(&ticket));
    chain.submit(Centre::Chengdu, receipt).unwrap();

    let receipt = Payload::RecordAnswer(chain.a_receipt(&chain.a_ticket(&grant)));
    let lag_ms = chain.network.genesis.parameters.judged_lag_ms;
    chain.wait_ms(lag_ms - (chain.now().0 - chain.tip().time.0));
    chain.submit(Centre::Chengdu, receipt).unwrap();

    let until = chain.grant(&grant).until;
    chain.wait_ms(until.0 - chain.now().0 - MINUTE);
    chain.idle();
    chain.wait_ms(until.0 - chain.now().0);
    chain.answer(&grant).unwrap();
    assert_eq!(chain.tip().time, until);
}

#[test]
fn two_hundred_and_fifty_six_answers_are_acknowledged_at_once() {
    let most = u32::try_from(DELIVERIES_MAX).unwrap();
    let (mut chain, grant) = Chain::with_grant(most);
    let (mut queries, mut receipts) = (vec![], vec![]);
    for _ in 0..most {
        let ticket = chain.a_ticket(&grant);
        queries.push(ticket.query_id());
        let receipt = chain.a_receipt(&ticket);
        receipts.push(chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt)));
    }
    assert_eq!(chain.block_of(receipts), vec![]);
    let delivery = chain.a_delivery(&queries);
    chain.submit(Centre::Guangzhou, Payload::Acknowledge(delivery)).unwrap();
}

/// A node that has not written the last block yet keeps what builds on it, and drops what no block can mend.
#[test]
fn what_builds_on_a_block_not_seen_yet_may_pass_later() {
    let mut seen = BTreeSet::from([Refusal::GrantUpcoming]); // time alone mends it
    let mut early = |behind: &Chain, ahead: &mut Chain, by, payload| {
        let signed = ahead.sign(by, payload);
        seen.insert(behind.clone().put(signed.clone()).expect_err("it builds on what is not there"));
        ahead.put(signed).expect("where it is seen it passes")
    };
    let mut chain = Chain::founded();

    let behind = chain.clone();
    chain.submit(Centre::Chengdu, Payload::Publish(payment_certificate())).unwrap();
    let asked = Payload::SubmitRequest(chain.a_request());
    early(&behind, &mut chain, Centre::Guangzhou, asked);

    let behind = chain.clone();
    let request = chain.request(chain.a_request()).unwrap();
    let approval = Payload::ApproveRequest(chain.an_approval(&request));
    let grant = early(&behind, &mut chain, Centre::Chengdu, approval).into();
    // Tickets that are good where the block is not seen too.
    let a_ticket = |chain: &Chain| Ticket { valid_until: chain.now(), ..chain.a_ticket(&grant) };
    let mut judged_before = chain.a_receipt(&a_ticket(&chain));
    judged_before.judged_height = behind.tip().height;
    early(&behind, &mut chain, Centre::Chengdu, Payload::RecordAnswer(judged_before));

    let behind = chain.clone();
    let answered = chain.answer(&grant).unwrap();
    let denial = Payload::RecordDenial(chain.a_denial(&a_ticket(&chain), DenialClass::Quota));
    early(&behind, &mut chain, Centre::Chengdu, denial);
    let delivery = Payload::Acknowledge(chain.a_delivery(&[answered]));
    early(&behind, &mut chain, Centre::Guangzhou, delivery);

    let behind = chain.clone();
    let second = next_version(&payment_certificate());
    chain.submit(Centre::Chengdu, Payload::Publish(second.clone())).unwrap();
    early(&behind, &mut chain, Centre::Chengdu, Payload::Publish(next_version(&second)));

    let behind = chain.clone();
    let set = chain.next_policy(&PolicyOwner::Department(Centre::Chengdu.id()), tighten);
    chain.submit(Centre::Chengdu, Payload::DraftPolicy(chain.a_draft(Centre::Chengdu, &set))).unwrap();
    let countersignature = Payload::CountersignPolicy(chain.a_countersignature(Centre::Chengdu, &set));
    early(&behind, &mut chain, Centre::Chengdu, countersignature);

    // The last officer goes, and the next request needs no seals.
    chain.submit(Centre::Guangzhou, Payload::AnchorRoster(chain.a_roster(1))).unwrap();
    let behind = chain.clone();
    let nobody = AnchorRoster { root: roster_root(&[]), ..chain.a_roster(0) };
    chain.submit(Centre::Guangzhou, Payload::AnchorRoster(nobody)).unwrap();
    let asked =
        Payload::SubmitRequest(SubmitRequest { entry: next_version(&second).id, ..chain.a_request() });
    early(&behind, &mut chain, Centre::Guangzhou, asked);

    let behind = chain.clone();
    let inspection = chain.inspect(chain.an_inspection()).unwrap();
    let looks = chain.looks(&inspection, &[Sight::Record(answered)]);
    early(&behind, &mut chain, Centre::Inspectorate, Payload::RecordLooks(looks));

    let behind = chain.clone();
    let entry = next_version(&second).id;
    let asked = chain.request(SubmitRequest { entry, ..chain.a_request() }).unwrap();
    let looks = chain.looks(&inspection, &[Sight::Request(asked)]);
    early(&behind, &mut chain, Centre::Inspectorate, Payload::RecordLooks(looks));

    // Good for as long as tickets are, from a block on that the other has not seen.
    let behind = chain.clone();
    chain.idle();
    let receipt = chain.a_receipt(&chain.a_ticket(&grant));
    early(&behind, &mut chain, Centre::Chengdu, Payload::RecordAnswer(receipt));

    let may: BTreeSet<_> = Refusal::ALL.iter().copied().filter(|refusal| refusal.may_pass_later()).collect();
    assert_eq!(may, seen);
}

/// The bounds are those of the block's version of the protocol, whatever this program's newest are.
#[test]
fn a_block_keeps_the_bounds_of_its_version() {
    let mut chain = Chain::founded();
    let signed = chain.sign(Centre::Chengdu, Payload::Publish(payment_certificate()));
    let length = to_bytes(&signed).len();
    let of = |change: &dyn Fn(&mut Protocol)| {
        let mut protocol = Protocol::NEWEST.clone();
        change(&mut protocol);
        let (height, time) = (chain.tip().height.next(), chain.now());
        let (state, chain) = (chain.state(), chain.network.chain);
        let context = BlockContext { protocol: Box::leak(Box::new(protocol)), chain, height, time };
        let verified = Verified::check(state, &context, signed.clone().into(), &Direct)?;
        apply(state, &context, &verified).map(|_| ())
    };
    assert_eq!(of(&|_| ()), Ok(()));
    assert_eq!(of(&|p| p.limits.transaction_bytes = length), Ok(()));
    assert_eq!(of(&|p| p.limits.transaction_bytes = length - 1), Err(Refusal::TxTooLarge.into()));
    assert_eq!(of(&|p| p.limits.items = 1), Err(Refusal::EntryMalformed.into()));
    assert_eq!(of(&|p| p.version = 2), Err(Refusal::TxVersion.into()));
}
