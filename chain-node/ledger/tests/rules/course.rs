//! The course of an access from publication to its end, step by step.

use crate::story::papers::{DAY, code, code2, next_version, payment_certificate};
use crate::story::{Centre, Chain};
use gm::merkle;
use ledger::catalogue::ItemMask;
use ledger::grant::{GrantStatus, RevokeGrant};
use ledger::ids::Height;
use ledger::protocol::Protocol;
use ledger::receipt::{DeliveryOutcome, DenialClass, RecordKind};
use ledger::refusal::Refusal;
use ledger::request::{GrantedItem, RequestStatus, SubmitRequest};
use ledger::role::Role;
use ledger::state::StateRead as _;
use ledger::transaction::Payload;
use ledger::views;
use ledger::wire::to_bytes;

#[test]
fn from_publication_to_revocation() {
    let mut chain = Chain::founded();

    // Chengdu publishes.
    let entry = payment_certificate();
    let publication = chain.submit(Centre::Chengdu, Payload::Publish(entry.clone())).unwrap();
    let published = views::latest_entry(chain.state(), &entry.id.code).unwrap().unwrap();
    assert_eq!((published.entry, published.provider), (entry, Centre::Chengdu.id()));
    assert_eq!((published.tx, published.height), (publication, Height(1)));

    // Guangzhou asks.
    let asked = chain.a_request();
    let id = chain.request(asked.clone()).unwrap();
    let request = views::request(chain.state(), &id).unwrap().unwrap();
    assert_eq!((request.number, &request.asked), (1, &asked));
    assert_eq!(request.requester, Centre::Guangzhou.id());
    assert_eq!(request.status, RequestStatus::Submitted);
    assert_eq!((request.submitted.height, request.decided), (Height(2), None));
    assert_eq!((request.submitted.by, request.submitted.second), (asked.by, Some(asked.second)));

    // Chengdu grants less than what was asked: two of three items, two of three queries.
    let mut approval = chain.an_approval(&id);
    approval.quota = 2;
    approval.items.retain(|item| item.code.as_str() != "GRZHZT");
    let approved = chain.submit(Centre::Chengdu, Payload::ApproveRequest(approval.clone())).unwrap();
    let grant = chain.grant(&approved.into());
    assert_eq!((grant.number, grant.request, &grant.items), (1, id, &approval.items));
    assert_eq!((grant.quota, grant.used_units, grant.uses), (2, 0, 0));
    assert_eq!(grant.status(chain.now()), GrantStatus::Live);
    let request = views::request(chain.state(), &id).unwrap().unwrap();
    assert_eq!(request.status, RequestStatus::Granted(grant.id));
    let decided = request.decided.unwrap();
    assert_eq!((decided.by, decided.second), (approval.by, Some(approval.second)));
    assert_eq!(grant.approved.second.map(|second| second.role), Some(Role::DeptLead));

    // Guangzhou asks about a citizen, Chengdu records its answer before it lets anyone open it.
    let first = chain.answer(&grant.id).unwrap();
    let record = chain.record(&first);
    assert!(matches!(record.kind, RecordKind::Answer { use_no: 1, .. }));
    assert_eq!((record.log_index, record.recorded.height, record.delivery), (0, Height(4), None));
    assert_eq!(chain.tip().receipt_count, 1);

    // Guangzhou acknowledges it.
    let delivery = Payload::Acknowledge(chain.a_delivery(&[first]));
    let acknowledged = chain.submit(Centre::Guangzhou, delivery).unwrap();
    let (outcome, place) = chain.record(&first).delivery.unwrap();
    assert_eq!((outcome, place.tx, place.height), (DeliveryOutcome::Opened, acknowledged, Height(5)));

    // A second query is denied: on record, and no unit is used.
    let ticket = chain.a_ticket(&grant.id);
    let denial = chain.a_denial(&ticket, DenialClass::Policy);
    chain.submit(Centre::Chengdu, Payload::RecordDenial(denial)).unwrap();
    let record = chain.record(&ticket.query_id());
    assert!(matches!(record.kind, RecordKind::Denial { class: DenialClass::Policy, .. }));
    assert_eq!((record.log_index, chain.grant(&grant.id).used_units), (2, 1));

    // The second answer spends the quota.
    let second = chain.answer(&grant.id).unwrap();
    assert!(matches!(chain.record(&second).kind, RecordKind::Answer { use_no: 2, .. }));
    assert_eq!(chain.answer(&grant.id), Err(Refusal::GrantQuota));
    assert_eq!(chain.grant(&grant.id).units_left(), 0);

    // Chengdu revokes.
    let revocation = chain.a_revocation(&grant.id);
    chain.submit(Centre::Chengdu, Payload::RevokeGrant(revocation.clone())).unwrap();
    let grant = chain.grant(&grant.id);
    assert_eq!(grant.status(chain.now()), GrantStatus::Revoked);
    assert_eq!(grant.revoked.unwrap().reason, revocation.reason);
    assert_eq!(chain.answer(&grant.id), Err(Refusal::GrantRevoked));
}

#[test]
fn the_receipt_log_holds_receipts_denials_and_acknowledgements_in_their_order() {
    let (mut chain, grant) = Chain::with_grant(5);
    let mut leaves = vec![];
    for round in 0..5u8 {
        let ticket = chain.a_ticket(&grant);
        let payload = if round % 2 == 0 {
            let receipt = chain.a_receipt(&ticket);
            leaves.push(merkle::leaf_hash(&to_bytes(&receipt)));
            Payload::RecordAnswer(receipt)
        } else {
            let denial = chain.a_denial(&ticket, DenialClass::Entry);
            leaves.push(merkle::leaf_hash(&to_bytes(&denial)));
            Payload::RecordDenial(denial)
        };
        assert_eq!(payload.receipt_leaf(), leaves.last().copied());
        chain.submit(Centre::Chengdu, payload).unwrap();
        let tip = chain.tip();
        assert_eq!((tip.receipt_count, tip.receipt_root), (leaves.len() as u64, merkle::root(&leaves)));
    }
    let answered = chain.answer(&grant).unwrap();
    let delivery = chain.a_delivery(&[answered]);
    let acknowledged = Payload::Acknowledge(delivery.clone());
    let leaf = merkle::leaf_hash(&to_bytes(&delivery));
    assert_eq!(acknowledged.receipt_leaf(), Some(leaf));
    let size = chain.tip().receipt_count;
    chain.submit(Centre::Guangzhou, acknowledged).unwrap();
    assert_eq!(chain.tip().receipt_count, size + 1);
    let blocks = chain.decided.iter().flat_map(|(block, _)| &block.transactions);
    let all: Vec<_> = blocks.filter_map(|signed| signed.body.payload.receipt_leaf()).collect();
    assert_eq!((all.last(), merkle::root(&all)), (Some(&leaf), chain.tip().receipt_root));
    // Each record is found at its place.
    for record in chain.history.records().unwrap() {
        let index = usize::try_from(record.log_index).unwrap();
        let (block, _) = &chain.decided[usize::try_from(record.recorded.height.0).unwrap() - 1];
        let signed = block.transactions.iter().find(|signed| signed.id() == record.recorded.tx).unwrap();
        assert_eq!(signed.body.payload.receipt_leaf(), Some(all[index]));
    }
}

#[test]
fn the_state_keeps_of_an_answer_what_is_open_and_only_so_long() {
    let (mut chain, grant) = Chain::with_grant(5);
    let parameters = chain.network.genesis.parameters;
    let (first, second) = (chain.answer(&grant).unwrap(), chain.answer(&grant).unwrap());
    let until =
        |chain: &Chain, query| views::open_record(chain.state(), query).unwrap().map(|open| open.until);
    for query in [&first, &second] {
        let recorded = chain.record(query).recorded.at;
        assert_eq!(until(&chain, query), Some(recorded.plus_ms(parameters.refetch_ms)));
    }
    chain.submit(Centre::Guangzhou, Payload::Acknowledge(chain.a_delivery(&[first]))).unwrap();
    assert_eq!(until(&chain, &first), None, "acknowledged");
    assert_eq!(chain.state().scan(b"lapsing/", None, 9).unwrap().len(), 1, "nothing of it lapses");
    let lapses = until(&chain, &second).unwrap();
    chain.wait_ms(lapses.0 - chain.now().0);
    chain.idle();
    assert_eq!((chain.tip().time, until(&chain, &second)), (lapses, Some(lapses)), "still open");
    // Whoever asks before a block forgets it hears the same.
    let late = chain.sign(Centre::Guangzhou, Payload::Acknowledge(chain.a_delivery(&[second])));
    let probe = |time| {
        let (state, tip, of) = (chain.state(), chain.tip(), chain.network.chain);
        ledger::block::probe(state, &tip, of, time, late.clone().into(), &gm::sm2::Direct).map(|_| ())
    };
    assert_eq!(probe(lapses), Ok(()));
    assert_eq!(probe(lapses.plus_ms(1)), Err(Refusal::DeliveryUnknown.into()));
    chain.idle();
    assert_eq!(until(&chain, &second), None, "lapsed");
    for prefix in [b"open/".as_slice(), b"lapsing/"] {
        assert_eq!(chain.state().scan(prefix, None, 9).unwrap(), vec![]);
    }
    // Both are history all the same.
    assert_eq!(chain.record(&first).delivery.unwrap().0, DeliveryOutcome::Opened);
    assert_eq!(chain.record(&second).delivery, None);
}

#[test]
fn several_answers_of_a_grant_in_one_block_are_numbered_in_their_order() {
    let (mut chain, grant) = Chain::with_grant(9);
    chain.answer(&grant).unwrap();
    let mut queries = vec![];
    let mut block = vec![];
    for round in 0..4u8 {
        let ticket = chain.a_ticket(&grant);
        queries.push(ticket.query_id());
        let payload = if round == 1 {
            Payload::RecordDenial(chain.a_denial(&ticket, DenialClass::Quota))
        } else {
            Payload::RecordAnswer(chain.a_receipt(&ticket))
        };
        block.push(chain.sign(Centre::Chengdu, payload));
    }
    // One is acknowledged in its own block.
    let delivery = chain.a_delivery(&queries[2..3]);
    block.push(chain.sign(Centre::Guangzhou, Payload::Acknowledge(delivery)));
    assert_eq!(chain.block_of(block), vec![]);
    let told: Vec<_> = queries
        .iter()
        .map(|query| {
            let record = chain.record(query);
            let use_no = match record.kind {
                RecordKind::Answer { use_no, .. } => use_no,
                RecordKind::Denial { .. } => 0,
            };
            (use_no, record.log_index, record.delivery.is_some())
        })
        .collect();
    assert_eq!(told, [(2, 1, false), (0, 2, false), (3, 3, true), (4, 4, false)]);
}

#[test]
fn a_request_is_refused_under_a_published_condition() {
    let mut chain = Chain::with_entry();
    let id = chain.request(chain.a_request()).unwrap();
    let refused = chain.a_refusal(&id);
    chain.submit(Centre::Chengdu, Payload::RefuseRequest(refused)).unwrap();
    let request = views::request(chain.state(), &id).unwrap().unwrap();
    assert_eq!(request.status, RequestStatus::Refused { condition: 1 });
    assert_eq!(chain.approve(&id), Err(Refusal::RequestDecided));
}

#[test]
fn a_request_is_withdrawn_by_its_requester() {
    let mut chain = Chain::with_entry();
    let id = chain.request(chain.a_request()).unwrap();
    let withdrawn = chain.a_withdrawal(&id);
    chain.submit(Centre::Guangzhou, Payload::WithdrawRequest(withdrawn)).unwrap();
    let request = views::request(chain.state(), &id).unwrap().unwrap();
    assert_eq!(request.status, RequestStatus::Withdrawn { reason: code2("01") });
    assert_eq!(chain.approve(&id), Err(Refusal::RequestDecided));
}

#[test]
fn a_grant_begins_and_expires_by_block_time_alone() {
    let mut chain = Chain::with_entry();
    let asked = SubmitRequest {
        from: chain.now().plus_ms(DAY),
        until: chain.now().plus_ms(2 * DAY),
        ..chain.a_request()
    };
    let request = chain.request(asked.clone()).unwrap();
    let grant = chain.approve(&request).unwrap();
    assert_eq!(chain.answer(&grant), Err(Refusal::GrantUpcoming));
    assert_eq!(chain.grant(&grant).status(chain.now()), GrantStatus::Upcoming);

    // The first and the last millisecond count; the decision must be fresh, so time moves in idle blocks.
    chain.wait_ms(asked.from.0 - chain.now().0 - 1_000);
    chain.idle();
    assert_eq!(chain.now(), asked.from);
    chain.answer(&grant).unwrap();

    chain.wait_ms(asked.until.0 - chain.now().0 - 1_000);
    chain.idle();
    assert_eq!(chain.now(), asked.until);
    chain.answer(&grant).unwrap();

    chain.idle();
    assert_eq!(chain.answer(&grant), Err(Refusal::GrantExpired));
    assert_eq!(chain.grant(&grant).status(chain.now()), GrantStatus::Expired);
}

#[test]
fn a_grant_may_be_revoked_before_it_begins() {
    let mut chain = Chain::with_entry();
    let asked = SubmitRequest { from: chain.now().plus_ms(DAY), ..chain.a_request() };
    let request = chain.request(asked).unwrap();
    let grant = chain.approve(&request).unwrap();
    let revocation: RevokeGrant = chain.a_revocation(&grant);
    chain.submit(Centre::Chengdu, Payload::RevokeGrant(revocation)).unwrap();
    assert_eq!(chain.grant(&grant).status(chain.now()), GrantStatus::Revoked);
}

#[test]
fn a_revocation_stands_before_the_answer_it_forbids() {
    let (mut chain, grant) = Chain::with_grant(3);
    let ticket = chain.a_ticket(&grant);
    let receipt = chain.a_receipt(&ticket);
    let answer = chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt));
    let revocation = chain.a_revocation(&grant);
    let revocation = chain.sign(Centre::Chengdu, Payload::RevokeGrant(revocation));
    // The answer came first, the revocation counts first.
    let left_out = chain.block_of(vec![answer.clone(), revocation]);
    assert_eq!(left_out, vec![(answer.id(), Refusal::GrantRevoked)]);
}

#[test]
fn one_block_may_hold_a_whole_story() {
    let mut chain = Chain::founded();
    let entry = chain.sign(Centre::Chengdu, Payload::Publish(payment_certificate()));
    let next = chain.sign(Centre::Chengdu, Payload::Publish(next_version(&payment_certificate())));
    let id = chain.next_request(Centre::Guangzhou);
    let asked = SubmitRequest { entry: next_version(&payment_certificate()).id, ..chain.a_request() };
    let request = chain.sign(Centre::Guangzhou, Payload::SubmitRequest(asked));
    let withdrawal = chain.a_withdrawal(&id);
    let withdrawal = chain.sign(Centre::Guangzhou, Payload::WithdrawRequest(withdrawal));
    assert_eq!(chain.block_of(vec![entry, next, request, withdrawal]), vec![]);
    let request = views::request(chain.state(), &id).unwrap().unwrap();
    assert_eq!(request.status.code(), "withdrawn");
}

#[test]
fn requests_and_grants_are_numbered_in_their_order() {
    let mut chain = Chain::with_entry();
    let ids: Vec<_> = (0..3).map(|_| chain.request(chain.a_request()).unwrap()).collect();
    let numbers: Vec<_> =
        ids.iter().map(|id| views::request(chain.state(), id).unwrap().unwrap().number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    // Grants have a row of their own.
    for (index, id) in (1u64..).zip(ids.iter().rev()) {
        let grant = chain.approve(id).unwrap();
        assert_eq!(chain.grant(&grant).number, index);
    }
}

#[test]
fn a_step_names_the_officer_behind_it_and_a_record_none() {
    let (chain, grant) = Chain::with_grant(3);
    let request = chain.grant(&grant).request;
    let (asked, approved) = (chain.a_request(), chain.an_approval(&request));
    let (refused, withdrawn) = (chain.a_refusal(&request), chain.a_withdrawal(&request));
    let revoked = chain.a_revocation(&grant);
    let steps = [
        (Some(asked.by.clone()), Payload::SubmitRequest(asked)),
        (Some(approved.by.clone()), Payload::ApproveRequest(approved)),
        (Some(refused.by.clone()), Payload::RefuseRequest(refused)),
        (Some(withdrawn.by.clone()), Payload::WithdrawRequest(withdrawn)),
        (Some(revoked.by.clone()), Payload::RevokeGrant(revoked)),
        (None, Payload::Publish(payment_certificate())),
        (None, Payload::RecordAnswer(chain.a_receipt(&chain.a_ticket(&grant)))),
    ];
    for (by, payload) in &steps {
        assert_eq!(payload.by(), by.as_ref(), "{payload:?}");
    }
}

#[test]
fn a_grant_tells_its_items_and_what_is_left() {
    let (mut chain, id) = Chain::with_grant(3);
    chain.answer(&id).unwrap();
    let grant = chain.grant(&id);
    assert_eq!((grant.units_left(), grant.items.len()), (2, 3));
    for granted in &grant.items {
        assert_eq!(grant.item(&granted.code), Some(granted));
    }
    assert_eq!(grant.item(&code("YJCE")), None);
}

#[test]
fn an_approval_may_mask_more_than_the_entry() {
    let mut chain = Chain::with_entry();
    let id = chain.request(chain.a_request()).unwrap();
    let mut approval = chain.an_approval(&id);
    approval.items =
        vec![GrantedItem { code: "GRZHZT".parse().unwrap(), mask: Some(ledger::catalogue::MaskRule::Acct) }];
    chain.submit(Centre::Chengdu, Payload::ApproveRequest(approval)).unwrap();
}

#[test]
fn an_entry_says_of_each_guarded_item_that_may_leave_how_it_leaves() {
    let real = payment_certificate();
    assert_eq!(real.check(&Protocol::NEWEST.limits), Ok(()));
    // What is only confirmed, or not returned at all, leaves under no mask.
    assert!(
        real.items[4].is_guarded() && real.items[4].verify_only && real.items[4].mask == ItemMask::Unsaid
    );
    let mut kept = real.clone();
    (kept.items[0].returnable, kept.items[0].mask) = (false, ItemMask::Unsaid);
    assert_eq!(kept.check(&Protocol::NEWEST.limits), Ok(()));
    // Below grade 3 and not sensitive, nothing need be said.
    let mut low = real.clone();
    (low.items[2].grade, low.items[2].mask) = (2, ItemMask::Unsaid);
    assert_eq!(low.check(&Protocol::NEWEST.limits), Ok(()));
    low.items[2].sensitivity = 3;
    assert_eq!(low.check(&Protocol::NEWEST.limits), Ok(()));
    for unsaid in [0, 1, 2, 3] {
        let mut entry = real.clone();
        entry.items[unsaid].mask = ItemMask::Unsaid;
        assert_eq!(entry.check(&Protocol::NEWEST.limits), Err(Refusal::EntryUnmasked), "{unsaid}");
        entry.items[unsaid].mask = ItemMask::Clear;
        assert_eq!(entry.check(&Protocol::NEWEST.limits), Ok(()), "{unsaid}");
    }
}

/// Who sees a request wait may send one of their own first, under the same nonce: both stand.
#[test]
fn nobody_can_take_the_id_of_a_request_they_saw() {
    let mut chain = Chain::founded();
    chain.submit(Centre::Chengdu, Payload::Publish(payment_certificate())).unwrap();
    let asked = chain.a_request();
    let seen = chain.sign(Centre::Guangzhou, Payload::SubmitRequest(asked));
    let mut copied = seen.body.clone();
    let key = &chain.network.keys[&Centre::Suzhou].office;
    (copied.department, copied.key_id) = (Centre::Suzhou.id(), key.public().key_id());
    let copied = Chain::sign_as(copied, &key.clone());
    chain.put(copied.clone()).unwrap();
    chain.put(seen.clone()).unwrap();
    for (signed, requester) in [(seen, Centre::Guangzhou), (copied, Centre::Suzhou)] {
        let request = views::request(chain.state(), &signed.body.request_id()).unwrap().unwrap();
        assert_eq!(request.requester, requester.id());
    }
}
