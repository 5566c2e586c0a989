//! What a chain whose validators or departments conspire could hold and no honest one does. Every signature
//! fits, every digest leads where it should: only what the facts say to each other gives them away.

use crate::conspiracy::{
    approval, basis, conspire, details, header, receipt, request, rewrite, second_of_two, ticket,
};
use crate::story::cast::{Centre, Network, digest_of};
use crate::told::Told;
use gm::domain::{ChainId, Salt, commit};
use gm::merkle;
use ledger::ids::{Address, BlockId, Height, PolicyVersion, QueryId};
use ledger::limits::DELIVERIES_MAX;
use ledger::proof::{Evidence, Field, Opening, Step};
use ledger::query::{Answer, Details};
use ledger::receipt::{DeliveryOutcome, DenialClass};
use ledger::role::Assurance;
use ledger::transaction::{Payload, Signed};
use ledger::wire::{Bytes, to_bytes};

/// What the check says of it, and at which step.
#[track_caller]
fn says(told: &Told, evidence: &Evidence, step: Step, expected: &str, what: &str) {
    let (at, said) = told.failure(evidence).unwrap_or_else(|| panic!("{what}: accepted"));
    assert!(at == step && said.contains(expected), "{what}: {said} at {at}");
}

/// What the check says, and the change it says it of.
type Change<T> = (&'static str, fn(&mut T));

type Unruly = (&'static str, &'static str, fn(&Network, &mut Evidence));

#[track_caller]
fn refused(told: &Told, cases: &[Unruly]) {
    assert!(told.check(&told.evidence()).verified());
    for (expected, what, forge) in cases {
        let mut evidence = told.evidence();
        forge(told.network(), &mut evidence);
        says(told, &evidence, Step::Rules, expected, what);
    }
}

#[test]
fn blocks_of_two_chains_or_of_no_order_are_refused() {
    let told = Told::by_six();
    refused(
        &told,
        &[
            ("two different blocks of height 7", "a fork", |n, e| {
                let record = e.record.header.clone();
                let delivery = e.delivery.as_mut().unwrap();
                (delivery.header.height, delivery.header.time) = (record.height, record.time);
                second_of_two(n, delivery);
            }),
            ("two different blocks of height 0", "a block beside the genesis file", |n, e| {
                basis(e).publication.header.height = Height(0);
                conspire(n, &mut basis(e).publication);
            }),
            ("not in the order", "an acknowledgement in a block before", |n, e| {
                let delivery = e.delivery.as_mut().unwrap();
                delivery.header.height = Height(6);
                conspire(n, delivery);
            }),
            ("no later time", "a block before the genesis file", |n, e| {
                let publication = &mut e.basis.as_mut().unwrap().publication;
                publication.header.time = e.genesis.time;
                conspire(n, publication);
            }),
            ("no later time", "time that stands still", |n, e| {
                let time = basis(e).publication.header.time;
                basis(e).request.header.time = time;
                conspire(n, &mut basis(e).request);
            }),
            ("no later time", "time that runs backwards", |n, e| {
                let time = basis(e).approval.header.time;
                e.record.header.time = time.minus_ms(1);
                conspire(n, &mut e.record);
            }),
            ("does not follow", "neighbours that are not joined", |n, e| {
                e.record.header.height = basis(e).approval.header.height.next();
                conspire(n, &mut e.record);
            }),
            ("does not follow", "a first block that does not follow the genesis file", |n, e| {
                basis(e).publication.header.parent = BlockId([9; 32]);
                conspire(n, &mut basis(e).publication);
            }),
            ("none whose turn it was", "a block by a stranger", |n, e| {
                e.record.header.proposer = Address([9; 20]);
                conspire(n, &mut e.record);
            }),
            ("none whose turn it was", "a block by a validator out of turn", |n, e| {
                let header = &mut e.record.header;
                header.proposer = n.proposer(header.height, header.round + 1);
                e.record.certificate = n.certificate(header.height, 0, header.id(), &n.validators);
                e.delivery = None;
            }),
            ("none whose turn it was", "a block by a validator that waits its turns out", |n, e| {
                let header = &mut e.record.header;
                header.waiting = vec![header.proposer];
                e.record.certificate = n.certificate(header.height, 0, header.id(), &n.validators);
                e.delivery = None;
            }),
            ("none whose turn it was", "a block of another round than its proposer's", |n, e| {
                let header = &mut e.record.header;
                header.round = 1;
                e.record.certificate = n.certificate(header.height, 1, header.id(), &n.validators);
                e.delivery = None;
            }),
        ],
    );
}

#[test]
fn steps_in_one_block_and_in_neighbours_verify() {
    // Two founders' story stands in five blocks in a row.
    let told = Told::by_two();
    let heights: Vec<_> = told.evidence().proven().map(|proven| proven.header.height).collect();
    assert_eq!(heights, [1, 2, 3, 4, 5].map(Height));
    assert!(told.check(&told.evidence()).verified());

    let told = Told::by_six();
    let mut one = told.evidence();
    let delivery = one.delivery.clone().unwrap().signed;
    let leaves = [&one.record.signed, &delivery].map(|signed: &Signed| merkle::leaf_hash(&to_bytes(signed)));
    let record = &mut one.record;
    (record.index, record.count, record.path) = (0, 2, merkle::path(&leaves, 0).unwrap());
    (record.header.transaction_root, record.header.transaction_count) = (merkle::root(&leaves), 2);
    let validators = &told.network().validators;
    record.certificate = told.network().certificate(record.header.height, 0, record.header.id(), validators);
    let mut second = record.clone();
    (second.signed, second.index, second.path) = (delivery, 1, merkle::path(&leaves, 1).unwrap());
    one.delivery = Some(second);
    assert_eq!(told.failure(&one), None);
}

#[test]
fn a_story_that_no_rule_allows_is_refused() {
    let told = Told::by_six();
    refused(
        &told,
        &[
            ("judged before its grant", "judged a block before the grant", |n, e| {
                let approved = basis(e).approval.header.height;
                receipt(n, e, |r| r.judged_height = Height(approved.0 - 1));
            }),
            ("not judged before the block", "judged in its own block", |n, e| {
                let recorded = e.record.header.height;
                receipt(n, e, |r| r.judged_height = recorded);
            }),
            ("was not there before", "a ticket that saw its own record's block", |n, e| {
                let recorded = e.record.header.height;
                ticket(n, e, |t| t.seen_height = recorded);
            }),
            ("another block than the chain has", "a ticket that saw another chain", |n, e| {
                let approved = basis(e).approval.header.height;
                ticket(n, e, |t| (t.seen_height, t.seen_block) = (approved, BlockId([9; 32])));
            }),
            ("another block than the chain has", "a ticket that saw another genesis file", |n, e| {
                ticket(n, e, |t| (t.seen_height, t.seen_block) = (Height(0), BlockId([9; 32])));
            }),
            ("one department", "a department that asks itself", |n, e| {
                let keys = &n.keys[&Centre::Chengdu];
                let own = Centre::Chengdu.id();
                rewrite(n, &mut basis(e).request, Centre::Chengdu, |body| {
                    (body.department, body.key_id) = (own.clone(), keys.office.public().key_id());
                });
                let asked = basis(e).request.signed.body.request_id();
                approval(n, e, |a| a.request = asked);
                receipt(n, e, |r| {
                    (r.ticket.requester, r.ticket.key_id) = (own.clone(), keys.online.public().key_id());
                    r.ticket_signature = crate::conspiracy::sign_ticket(n, Centre::Chengdu, &r.ticket);
                });
            }),
            ("in order", "an answer acknowledged twice in one paper", |n, e| {
                marks(n, e, |marks| marks.push(marks[0]));
            }),
            ("in order", "acknowledgements out of order", |n, e| {
                marks(n, e, |marks| marks.push((QueryId([0; 32]), DeliveryOutcome::Opened)));
            }),
            ("256 at most", "three hundred acknowledgements", |n, e| {
                marks(n, e, |marks| {
                    let more = (0..300u16).map(|i| {
                        let mut id = [0xff; 32];
                        id[30..].copy_from_slice(&i.to_be_bytes());
                        (QueryId(id), DeliveryOutcome::Opened)
                    });
                    marks.extend(more);
                });
            }),
        ],
    );
    // As many as are allowed, judged in the grant's own block, and a ticket that saw that block or none at all.
    let (n, mut full) = (told.network(), told.evidence());
    marks(n, &mut full, |marks| {
        let first = marks[0].0;
        let after = (1..DELIVERIES_MAX).map(|i| {
            let mut id = first;
            id.0[0] = 0xff;
            id.0[1..3].copy_from_slice(&u16::try_from(i).unwrap().to_be_bytes());
            (id, DeliveryOutcome::Unopened)
        });
        marks.extend(after);
    });
    assert_eq!(told.failure(&full), None);
    let approved = full.basis.as_ref().unwrap().approval.header.clone();
    for (height, block) in [(approved.height, approved.id()), (Height(0), BlockId(n.chain.0.0))] {
        let mut other = told.evidence();
        ticket(n, &mut other, |t| (t.seen_height, t.seen_block) = (height, block));
        receipt(n, &mut other, |r| r.judged_height = approved.height);
        assert_eq!(told.failure(&other), None);
    }
}

fn marks(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut Vec<(QueryId, DeliveryOutcome)>)) {
    rewrite(n, e.delivery.as_mut().unwrap(), Centre::Guangzhou, |body| {
        let Payload::Acknowledge(delivery) = &mut body.payload else { panic!() };
        change(&mut delivery.marks);
    });
}

#[test]
fn details_that_ask_for_more_than_was_granted_are_refused() {
    let told = Told::by_six();
    assert_eq!(told.failure(&details(&told, |_| ())), None);
    let cases: &[Change<Details>] = &[
        ("another version", |d| d.version = 2),
        ("another entry", |d| d.entry.version = 2),
        ("items that were not granted", |d| {
            d.items = ["XingMing", "ZJHM"].map(|c| c.parse().unwrap()).into()
        }),
        ("items that were not granted", |d| d.items.clear()),
        ("another purpose", |d| d.purpose = "02".parse().unwrap()),
        ("number of persons", |d| d.subject_commit = None),
        ("number of persons", |d| d.subjects = Some((digest_of("many"), 1))),
        ("number of persons", |d| {
            (d.subject_commit, d.subjects) = (None, Some((digest_of("many"), 2)));
        }),
        ("another mode", |d| d.claims_commit = Some(digest_of("claims"))),
        ("do not prove", |d| d.assurance = Assurance::Ukey),
        ("do not prove", |d| d.officer_proof_commit = Some(digest_of("proof"))),
        ("policies", |d| d.policy_versions.department = PolicyVersion([9; 32])),
        ("not the provider's", |d| d.sealing_key_id = gm::sm2::KeyId::from_bytes([9; 16])),
    ];
    for (expected, change) in cases {
        says(&told, &details(&told, *change), Step::Disclosures, expected, expected);
    }
    // Bytes that are no details at all, though the ticket carries their digest.
    let (n, mut garbage) = (told.network(), told.evidence());
    let noise = vec![0xff; 40];
    let digest = gm::domain::digest(n.chain, gm::domain::Kind::Details, &noise);
    ticket(n, &mut garbage, |t| t.details_digest = digest);
    garbage.details = Some(Bytes(noise));
    says(&told, &garbage, Step::Disclosures, "the details are malformed", "noise");
}

#[test]
fn an_answers_header_that_is_not_of_this_answer_is_refused() {
    let told = Told::by_six();
    let cases: &[Change<Answer>] = &[
        ("another version or chain", |a| a.version = 2),
        ("another version or chain", |a| a.chain = ChainId::ZERO),
        ("another query", |a| a.query_id = QueryId([9; 32])),
        ("another provider or key", |a| a.provider = Centre::Suzhou.id()),
        ("another provider or key", |a| a.key_id = gm::sm2::KeyId::from_bytes([9; 16])),
        ("impossible number", |a| a.leaf_count_padded = 3),
        ("impossible number", |a| a.leaf_count_padded = 0),
    ];
    for (expected, change) in cases {
        let (mut answer, mut evidence) = (told.answer.clone(), told.full_evidence());
        change(&mut answer);
        header(told.network(), &mut evidence, &answer);
        says(&told, &evidence, Step::Disclosures, expected, expected);
    }
    let (n, mut garbage) = (told.network(), told.evidence());
    let noise = vec![0xff; 40];
    let digest = gm::domain::digest(n.chain, gm::domain::Kind::Answer, &noise);
    receipt(n, &mut garbage, |r| r.answer_digest = digest);
    garbage.answer = Some(Bytes(noise));
    says(&told, &garbage, Step::Disclosures, "header is malformed", "noise");
}

#[test]
fn an_opening_fits_the_field_it_names_and_no_other() {
    let told = Told::by_six();
    // The requester hides a commitment to somebody else in the nonce: once any 32 bytes would do.
    let salt = Salt::from_bytes([7; 32]);
    let other = commit(told.network().chain, &salt, b"990000199001010033");
    let mut forged = details(&told, |d| d.nonce.0 = other.0);
    let opening =
        |field| Opening { field, salt: *salt.as_bytes(), value: Bytes(b"990000199001010033".to_vec()) };
    for field in Field::ALL {
        forged.openings = vec![opening(*field)];
        let (at, said) = told.failure(&forged).expect("no field holds it");
        let opens = matches!(field, Field::Claims | Field::OfficerProof);
        let expected = if opens { "opens nothing" } else { "does not fit" };
        assert!(at == Step::Disclosures && said.contains(expected), "{field}: {said}");
    }
    let real = told.full_evidence();
    let change = |change: fn(&mut Evidence)| {
        let mut evidence = real.clone();
        change(&mut evidence);
        told.failure(&evidence).map(|(at, said)| (at == Step::Disclosures, said))
    };
    for forge in
        [(|e| e.openings.swap(0, 1)) as fn(&mut Evidence), |e| e.openings.insert(0, e.openings[0].clone())]
    {
        let (at, said) = change(forge).unwrap();
        assert!(at && said.contains("out of order"), "{said}");
    }
    // The provider's decision is opened with the header of its answer or not at all.
    let (at, said) = change(|e| e.answer = None).unwrap();
    assert!(at && said.contains("opens nothing"), "{said}");
}

#[test]
fn a_denials_decision_is_opened_from_the_denial_itself() {
    let told = Told::by_six();
    let mut evidence = told.denial_evidence();
    let salt = Salt::from_bytes([5; 32]);
    let decision = commit(told.network().chain, &salt, b"denied by nat-not-shared");
    rewrite(told.network(), &mut evidence.record, Centre::Chengdu, |body| {
        let Payload::RecordDenial(denial) = &mut body.payload else { panic!() };
        assert_eq!(denial.class, DenialClass::Quota);
        denial.decision_commit = decision;
    });
    let value = Bytes(b"denied by nat-not-shared".to_vec());
    evidence.openings = vec![Opening { field: Field::Decision, salt: *salt.as_bytes(), value }];
    assert_eq!(told.failure(&evidence), None);
    evidence.openings[0].salt[0] ^= 1;
    assert!(told.failure(&evidence).is_some());
}

#[test]
fn a_denial_may_show_details_that_asked_for_more() {
    let told = Told::by_six();
    let (n, mut evidence) = (told.network(), told.denial_evidence());
    let asked = Details { items: ["ZJHM".parse().unwrap()].into(), ..told.details.clone() };
    rewrite(n, &mut evidence.record, Centre::Chengdu, |body| {
        let Payload::RecordDenial(denial) = &mut body.payload else { panic!() };
        denial.ticket.details_digest = asked.digest(n.chain);
        denial.ticket_signature = crate::conspiracy::sign_ticket(n, Centre::Guangzhou, &denial.ticket);
    });
    evidence.details = Some(Bytes(to_bytes(&asked)));
    assert_eq!(told.failure(&evidence), None);
}

#[test]
fn a_request_changed_with_its_grant_still_verifies() {
    // The conspirators' tools alone spoil nothing: what they make without breaking a rule passes.
    let told = Told::by_six();
    let (n, mut evidence) = (told.network(), told.evidence());
    request(n, &mut evidence, |asked| asked.quota = 9);
    let asked = basis(&mut evidence).request.signed.body.request_id();
    approval(n, &mut evidence, |a| (a.request, a.quota) = (asked, 1));
    assert_eq!(told.failure(&evidence), None);
    approval(n, &mut evidence, |a| a.quota = 0);
    assert_eq!(told.failure(&evidence).map(|f| f.0), Some(Step::Rules));
}
