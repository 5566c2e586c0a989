//! Files that are consistent in themselves and still prove nothing. Where it takes them, all validators
//! conspire: the outsider finds out all the same.

use crate::story::Chain;
use crate::story::cast::{Centre, Network};
use crate::story::papers::{DAY, branch_list, code, code2};
use crate::told::{Told, conspire, rewrite};
use gm::domain::{ChainId, Kind};
use gm::sm2::Signature;
use gm::sm3::Digest;
use ledger::catalogue::{Entry, MaskRule, Mode, ReceiptMode};
use ledger::department::KeyKind;
use ledger::ids::{GrantId, Height, QueryId, RequestId};
use ledger::proof::{Evidence, Options, Step, verify};
use ledger::receipt::{Receipt, Ticket};
use ledger::request::{ApproveRequest, SubmitRequest};
use ledger::role::Role;
use ledger::transaction::{Payload, Signed};
use ledger::wire::{Bytes, to_bytes};

#[test]
fn an_invented_network_is_refused_at_the_trust_root() {
    let told = Told::by_six();
    // The same departments, names, story, everything: but keys and genesis of the forger's own.
    let invented = Network::founded_by("zhenglian ", &Centre::ALL, &Centre::VALIDATORS);
    let forged = Told::on(Chain::of(invented, 1));
    let evidence = forged.full_evidence();
    assert!(forged.check(&evidence).verified(), "it is consistent in itself");
    assert_eq!(told.failure(&evidence).map(|f| f.0), Some(Step::TrustRoot));

    // Naming the real chain, or showing the real genesis file, does not help.
    let real = told.evidence();
    let named = Evidence { chain: real.chain, ..evidence.clone() };
    assert_eq!(told.failure(&named).map(|f| f.0), Some(Step::TrustRoot));
    let shown = Evidence { genesis: real.genesis.clone(), ..evidence.clone() };
    assert_eq!(told.failure(&shown).map(|f| f.0), Some(Step::TrustRoot));
    let both = Evidence { chain: real.chain, genesis: real.genesis.clone(), ..evidence };
    assert_eq!(told.failure(&both).map(|f| f.0), Some(Step::Inclusion));

    // Nor does a block under the real chain's name that the forger's validators decided.
    let mut votes = told.evidence();
    conspire(forged.network(), &mut votes.record);
    assert_eq!(told.failure(&votes).map(|f| f.0), Some(Step::Certificates));
    votes.record.header.next_validators = forged.network().genesis.validator_set().digest();
    conspire(forged.network(), &mut votes.record);
    assert_eq!(told.failure(&votes).map(|f| f.0), Some(Step::Certificates));
}

#[test]
fn a_root_that_founds_no_chain_is_refused_at_genesis() {
    let told = Told::by_two();
    let mut evidence = told.evidence();
    evidence.genesis.departments[0].proofs.0 = evidence.genesis.departments[1].proofs.0;
    evidence.chain = evidence.genesis.chain();
    let report = verify(&to_bytes(&evidence), &evidence.chain.0, &Options::default());
    assert_eq!(report.failure().map(|step| step.step), Some(Step::Genesis));
}

type Forgery = (Step, &'static str, fn(&Network, &mut Evidence));

#[track_caller]
fn refused(told: &Told, real: &Evidence, forgeries: &[Forgery]) {
    assert!(told.check(real).verified());
    let mut wrong = vec![];
    for (step, what, forge) in forgeries {
        let mut evidence = real.clone();
        forge(told.network(), &mut evidence);
        let failure = told.failure(&evidence);
        if failure.as_ref().map(|f| f.0) != Some(*step) {
            wrong.push(format!("{what}: {failure:?} instead of {step}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn publication(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut Entry)) {
    let proven = &mut e.basis.as_mut().unwrap().publication;
    rewrite(n, proven, Centre::Chengdu, |body| {
        let Payload::Publish(entry) = &mut body.payload else { panic!() };
        change(entry);
    });
}

/// Another request, and its approval for it.
fn request(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut SubmitRequest)) {
    let proven = &mut e.basis.as_mut().unwrap().request;
    rewrite(n, proven, Centre::Guangzhou, |body| {
        let Payload::SubmitRequest(asked) = &mut body.payload else { panic!() };
        change(asked);
    });
}

/// Another approval, and a ticket and receipt under it.
fn approval(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut ApproveRequest)) {
    let proven = &mut e.basis.as_mut().unwrap().approval;
    rewrite(n, proven, Centre::Chengdu, |body| {
        let Payload::ApproveRequest(approval) = &mut body.payload else { panic!() };
        change(approval);
    });
    let grant = GrantId::from(proven.signed.id());
    ticket(n, e, |ticket| ticket.grant = grant);
}

fn sign_ticket(n: &Network, by: Centre, ticket: &Ticket) -> Signature {
    n.keys[&by].online.sign(n.chain, Kind::Ticket, &to_bytes(ticket)).unwrap()
}

/// Another ticket that Guangzhou signs, and a receipt for it; the acknowledgement is left out.
fn ticket(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut Ticket)) {
    receipt(n, e, |receipt| {
        change(&mut receipt.ticket);
        receipt.ticket_signature = sign_ticket(n, Centre::Guangzhou, &receipt.ticket);
    });
}

fn receipt(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut Receipt)) {
    rewrite(n, &mut e.record, Centre::Chengdu, |body| {
        let Payload::RecordAnswer(receipt) = &mut body.payload else { panic!() };
        change(receipt);
    });
    e.delivery = None;
}

fn basis(e: &mut Evidence) -> &mut ledger::proof::Basis {
    e.basis.as_mut().unwrap()
}

#[test]
fn a_transaction_that_is_not_in_its_block_is_refused() {
    let told = Told::by_six();
    let real = told.full_evidence();
    refused(
        &told,
        &real,
        &[
            (Step::TrustRoot, "another format version", |_, e| e.version = 2),
            (Step::TrustRoot, "another chain's name", |_, e| e.chain = ChainId::ZERO),
            (Step::Inclusion, "another ticket's receipt", |n, e| {
                let receipt_of = |e: &mut Evidence| e.record.signed.clone();
                let mut other = e.clone();
                ticket(n, &mut other, |ticket| ticket.details_digest = Digest([7; 32]));
                e.record.signed = receipt_of(&mut other);
            }),
            (Step::Inclusion, "paths exchanged", |_, e| {
                let (record, request) = (e.record.path.clone(), basis(e).request.path.clone());
                (e.record.path, basis(e).request.path) = (request, record);
            }),
            (Step::Inclusion, "a shorter path", |_, e| {
                e.record.path.pop();
            }),
            (Step::Inclusion, "a longer path", |_, e| e.record.path.push(Digest([7; 32]))),
            (Step::Inclusion, "the path upside down", |_, e| e.record.path.reverse()),
            (Step::Inclusion, "the neighbour's place", |_, e| e.record.index += 1),
            (Step::Inclusion, "a place beyond the block", |_, e| e.record.index = e.record.count),
            (Step::Inclusion, "a larger block", |_, e| e.record.count += 1),
            (Step::Inclusion, "no block at all", |_, e| e.record.count = 0),
            (Step::Inclusion, "a leaf that is a node", |_, e| {
                e.record.header.transaction_root = e.record.path[0];
            }),
            (Step::Inclusion, "the header of another block", |_, e| {
                e.record.header = basis(e).request.header.clone();
            }),
            (Step::Inclusion, "header and certificate of another block", |_, e| {
                let other = basis(e).request.clone();
                (e.record.header, e.record.certificate) = (other.header, other.certificate);
            }),
            (Step::Inclusion, "the certificate of another block", |_, e| {
                e.record.certificate = basis(e).request.certificate.clone();
            }),
            (Step::Inclusion, "a certificate for another height", |_, e| {
                e.record.certificate.height = Height(99);
            }),
            (Step::Inclusion, "another time", |_, e| e.record.header.time.0 -= 1),
            (Step::Inclusion, "a signature that was rewritten", |_, e| {
                e.record.signed.signature = basis(e).request.signed.signature;
            }),
            (Step::Inclusion, "a block of another chain, decided by the same validators", |n, e| {
                e.record.header.chain = ChainId::ZERO;
                conspire(n, &mut e.record);
            }),
            (Step::Inclusion, "a block of another version", |n, e| {
                e.record.header.version = 2;
                conspire(n, &mut e.record);
            }),
        ],
    );
}

#[test]
fn a_block_that_was_not_decided_is_refused() {
    let told = Told::by_six();
    refused(
        &told,
        &told.evidence(),
        &[
            (Step::Certificates, "two of four", |_, e| e.record.certificate.signatures.truncate(2)),
            (Step::Certificates, "nobody", |_, e| {
                e.delivery.as_mut().unwrap().certificate.signatures.clear()
            }),
            (Step::Certificates, "two of four, one of them twice", |_, e| {
                let votes = &mut e.record.certificate.signatures;
                votes.truncate(2);
                votes.push(votes[1]);
            }),
            (Step::Certificates, "two of four and an inspectorate", |n, e| {
                let Evidence { record, .. } = e;
                let (height, block) = (record.header.height, record.header.id());
                let voters = [Centre::Guangzhou, Centre::Suzhou, Centre::Inspectorate];
                record.certificate = n.certificate(height, 0, block, &voters);
            }),
            (Step::Certificates, "another round", |_, e| e.record.certificate.round += 1),
            (Step::Certificates, "votes exchanged", |_, e| {
                let votes = &mut e.record.certificate.signatures;
                (votes[0].1, votes[1].1) = (votes[1].1, votes[0].1);
            }),
            (Step::Certificates, "votes for another block", |_, e| {
                e.record.certificate.signatures = basis(e).approval.certificate.signatures.clone();
            }),
            (Step::Certificates, "validators that the genesis file does not name", |n, e| {
                e.record.header.next_validators = Digest([7; 32]);
                conspire(n, &mut e.record);
            }),
        ],
    );
}

#[test]
fn a_transaction_that_its_department_did_not_sign_is_refused() {
    let told = Told::by_six();
    refused(
        &told,
        &told.evidence(),
        &[
            (Step::Signatures, "a receipt signed by another department", |n, e| {
                rewrite(n, &mut e.record, Centre::Suzhou, |_| ());
            }),
            (Step::Signatures, "a request signed by the provider", |n, e| {
                rewrite(n, &mut basis(e).request, Centre::Chengdu, |_| ());
            }),
            (Step::Signatures, "an approval changed after it was signed", |n, e| {
                let Payload::ApproveRequest(approval) = &mut basis(e).approval.signed.body.payload else {
                    panic!()
                };
                approval.quota = 2;
                conspire(n, &mut basis(e).approval);
            }),
            (Step::Signatures, "an approval under the online key", |n, e| {
                let keys = &n.keys[&Centre::Chengdu];
                let mut body = basis(e).approval.signed.body.clone();
                body.key_id = keys.online.public().key_id();
                basis(e).approval.signed = Signed::sign(body, &keys.online).unwrap();
                conspire(n, &mut basis(e).approval);
            }),
            (Step::Signatures, "a receipt under another department's key id", |n, e| {
                let id = n.keys[&Centre::Suzhou].of_kind(KeyKind::Online).public().key_id();
                rewrite(n, &mut e.record, Centre::Suzhou, |body| body.key_id = id);
            }),
            (Step::Signatures, "a department that is not a member", |n, e| {
                let id = "12110000X00000019R".parse().unwrap();
                rewrite(n, &mut e.record, Centre::Chengdu, |body| body.department = id);
            }),
            (Step::Signatures, "a transaction of another chain", |n, e| {
                rewrite(n, &mut e.record, Centre::Chengdu, |body| body.chain = ChainId::ZERO);
            }),
            (Step::Signatures, "a transaction of another version", |n, e| {
                rewrite(n, &mut e.record, Centre::Chengdu, |body| body.version = 2);
            }),
            (Step::Signatures, "a ticket the provider signed itself", |n, e| {
                receipt(n, e, |r| r.ticket_signature = sign_ticket(n, Centre::Chengdu, &r.ticket));
            }),
            (Step::Signatures, "a ticket changed after it was signed", |n, e| {
                receipt(n, e, |r| r.ticket.seen_height = Height(0));
            }),
            (Step::Signatures, "a ticket under the office key", |n, e| {
                let id = n.keys[&Centre::Guangzhou].office.public().key_id();
                ticket(n, e, |t| t.key_id = id);
            }),
            (Step::Signatures, "a ticket of another chain", |n, e| ticket(n, e, |t| t.chain = ChainId::ZERO)),
            (Step::Signatures, "a ticket of another version", |n, e| ticket(n, e, |t| t.version = 2)),
            (Step::Signatures, "a requester that is not a member", |n, e| {
                ticket(n, e, |t| t.requester = "12110000X00000019R".parse().unwrap());
            }),
            (Step::Signatures, "no receipt at all", |_, e| e.record = basis(e).approval.clone()),
        ],
    );
}

#[test]
fn steps_that_do_not_belong_together_are_refused() {
    let told = Told::by_six();
    let real = told.evidence();
    refused(
        &told,
        &real,
        &[
            (Step::Links, "an answer without a grant", |_, e| e.basis = None),
            (Step::Links, "a ticket under another grant", |n, e| {
                ticket(n, e, |t| t.grant = GrantId([9; 32]))
            }),
            (Step::Links, "a receipt by another than the ticket's provider", |n, e| {
                ticket(n, e, |t| t.provider = Centre::Suzhou.id());
            }),
            (Step::Links, "a receipt by another department than the ticket asks", |n, e| {
                let id = n.keys[&Centre::Suzhou].online.public().key_id();
                rewrite(n, &mut e.record, Centre::Suzhou, |body| {
                    (body.department, body.key_id) = (Centre::Suzhou.id(), id);
                });
                e.delivery = None;
            }),
            (Step::Links, "an entry of another department", |n, e| {
                let id = n.keys[&Centre::Suzhou].office.public().key_id();
                rewrite(n, &mut basis(e).publication, Centre::Suzhou, |body| {
                    (body.department, body.key_id) = (Centre::Suzhou.id(), id);
                });
            }),
            (Step::Links, "another entry", |n, e| publication(n, e, |entry| *entry = branch_list())),
            (Step::Links, "another version of the entry", |n, e| {
                publication(n, e, |entry| entry.id.version = 2)
            }),
            (Step::Links, "a request to another provider", |n, e| {
                request(n, e, |asked| asked.provider = Centre::Suzhou.id());
            }),
            (Step::Links, "a request by another department", |n, e| {
                let id = n.keys[&Centre::Suzhou].office.public().key_id();
                rewrite(n, &mut basis(e).request, Centre::Suzhou, |body| {
                    (body.department, body.key_id) = (Centre::Suzhou.id(), id);
                });
            }),
            (Step::Links, "the approval of another request", |n, e| {
                approval(n, e, |approval| approval.request = RequestId([9; 32]));
            }),
            (Step::Links, "an approval by the requester", |n, e| {
                let id = n.keys[&Centre::Guangzhou].office.public().key_id();
                rewrite(n, &mut basis(e).approval, Centre::Guangzhou, |body| {
                    (body.department, body.key_id) = (Centre::Guangzhou.id(), id);
                });
                let grant = basis(e).approval.signed.id().into();
                ticket(n, e, |t| t.grant = grant);
            }),
            (Step::Links, "a request in the place of its approval", |_, e| {
                basis(e).approval = basis(e).request.clone();
            }),
            (Step::Links, "an approval in the place of its request", |_, e| {
                basis(e).request = basis(e).approval.clone();
            }),
            (Step::Links, "an approval in the place of the entry", |_, e| {
                basis(e).publication = basis(e).approval.clone();
            }),
            (Step::Links, "a receipt in the place of its acknowledgement", |_, e| {
                e.delivery = Some(e.record.clone());
            }),
            (Step::Links, "the acknowledgement of another answer", |n, e| {
                rewrite(n, e.delivery.as_mut().unwrap(), Centre::Guangzhou, |body| {
                    let Payload::Acknowledge(delivery) = &mut body.payload else { panic!() };
                    delivery.marks[0].0 = QueryId([9; 32]);
                });
            }),
            (Step::Links, "an acknowledgement by the provider", |n, e| {
                let id = n.keys[&Centre::Chengdu].online.public().key_id();
                rewrite(n, e.delivery.as_mut().unwrap(), Centre::Chengdu, |body| {
                    (body.department, body.key_id) = (Centre::Chengdu.id(), id);
                });
            }),
        ],
    );

    // A denial is no answer: nobody acknowledges it.
    let mut denial = told.denial_evidence();
    denial.delivery = real.delivery;
    let query = denial.query().unwrap();
    rewrite(told.network(), denial.delivery.as_mut().unwrap(), Centre::Guangzhou, |body| {
        let Payload::Acknowledge(delivery) = &mut body.payload else { panic!() };
        delivery.marks[0].0 = query;
    });
    assert_eq!(told.failure(&denial).map(|f| f.0), Some(Step::Links));
}

#[test]
fn an_access_beyond_its_grant_or_time_is_refused() {
    let told = Told::by_six();
    refused(
        &told,
        &told.evidence(),
        &[
            (Step::Rules, "a record before its grant", |n, e| {
                e.record.header.height = Height(1);
                conspire(n, &mut e.record);
            }),
            (Step::Rules, "a record in the block and place of its grant", |n, e| {
                let approved = &basis(e).approval.header;
                (e.record.header.height, e.record.header.time) = (approved.height, approved.time);
                conspire(n, &mut e.record);
            }),
            (Step::Rules, "a request after its time", |n, e| {
                basis(e).request.header.time = basis(e).request.signed.body.valid_until.plus_ms(1);
                conspire(n, &mut basis(e).request);
            }),
            (Step::Rules, "a ticket after its time", |n, e| {
                let time = e.record.header.time;
                ticket(n, e, |t| t.valid_until = time.minus_ms(1));
            }),
            (Step::Rules, "judged under the requester's policies", |n, e| {
                let other = n.genesis.policy_versions(&Centre::Guangzhou.id()).unwrap();
                receipt(n, e, |r| r.policy_versions = other);
            }),
            (Step::Rules, "judged under a policy nobody knows", |n, e| {
                receipt(n, e, |r| r.policy_versions.national.0[0] ^= 1);
            }),
            (Step::Rules, "granted under a policy nobody knows", |n, e| {
                approval(n, e, |a| a.policy_versions.department.0[0] ^= 1);
            }),
            (Step::Rules, "judged later than it was recorded", |n, e| {
                let height = e.record.header.height;
                receipt(n, e, |r| r.judged_height = height);
            }),
            (Step::Rules, "more enquiries than asked", |n, e| approval(n, e, |a| a.quota = 4)),
            (Step::Rules, "a grant of nothing", |n, e| approval(n, e, |a| a.quota = 0)),
            (Step::Rules, "no item", |n, e| approval(n, e, |a| a.items.clear())),
            (Step::Rules, "an item that was not asked", |n, e| {
                approval(n, e, |a| a.items[0].code = code("ZJHM"));
            }),
            (Step::Rules, "an item the entry does not have", |n, e| {
                request(n, e, |asked| {
                    asked.items.insert(code("DKYE"));
                });
                let request = RequestId::from(basis(e).request.signed.body.nonce);
                approval(n, e, |a| {
                    a.request = request;
                    (a.items[0].code, a.items[0].mask) = (code("DKYE"), None);
                });
            }),
            (Step::Rules, "a mask lifted", |n, e| {
                approval(n, e, |a| a.items.iter_mut().for_each(|item| item.mask = None));
            }),
            (Step::Rules, "a mask exchanged", |n, e| {
                approval(n, e, |a| a.items.iter_mut().for_each(|item| item.mask = Some(MaskRule::Mob)));
            }),
            (Step::Rules, "an item granted a second time without its mask", |n, e| {
                approval(n, e, |a| {
                    let mut bare = a.items.iter().find(|item| item.mask.is_some()).unwrap().clone();
                    bare.mask = None;
                    a.items.push(bare);
                });
            }),
            (Step::Rules, "an earlier beginning", |n, e| approval(n, e, |a| a.from.0 -= 1)),
            (Step::Rules, "a later end", |n, e| approval(n, e, |a| a.until.0 += 1)),
            (Step::Rules, "another purpose", |n, e| approval(n, e, |a| a.purpose = code2("02"))),
            (Step::Rules, "receipts in batches against the entry", |n, e| {
                approval(n, e, |a| a.receipt_mode = ReceiptMode::Batch);
            }),
            (Step::Rules, "approved by the officer who asked", |n, e| {
                let Payload::SubmitRequest(asked) = basis(e).request.signed.body.payload.clone() else {
                    panic!()
                };
                approval(n, e, |a| a.by.pseudonym = asked.by.pseudonym);
            }),
            (Step::Rules, "approved in another role", |n, e| approval(n, e, |a| a.by.role = Role::BizUser)),
            (Step::Rules, "asked in another role", |n, e| {
                request(n, e, |asked| asked.by.role = Role::BizUser)
            }),
            (Step::Rules, "a grant that had expired", |n, e| {
                let time = e.record.header.time;
                approval(n, e, |a| a.until = time.minus_ms(1));
            }),
            (Step::Rules, "a grant that had not begun", |n, e| {
                let time = e.record.header.time;
                approval(n, e, |a| a.from = time.plus_ms(1));
            }),
            (Step::Rules, "an answer a month later", |n, e| {
                let later = e.record.header.time.plus_ms(30 * DAY);
                e.record.signed.body.valid_until = later;
                e.record.header.time = later;
                ticket(n, e, |t| t.valid_until = later);
            }),
            (Step::Rules, "another mode than asked", |n, e| ticket(n, e, |t| t.mode = Mode::Batch)),
            (Step::Rules, "no unit", |n, e| ticket(n, e, |t| t.units = 0)),
            (Step::Rules, "two subjects in one query", |n, e| ticket(n, e, |t| t.units = 2)),
            (Step::Rules, "more units than granted", |n, e| {
                request(n, e, |asked| asked.mode = Mode::Batch);
                let request = RequestId::from(basis(e).request.signed.body.nonce);
                approval(n, e, |a| a.request = request);
                ticket(n, e, |t| (t.mode, t.units) = (Mode::Batch, 4));
            }),
            (Step::Rules, "an entry that contradicts itself", |n, e| {
                publication(n, e, |entry| entry.grade = 1);
            }),
            (Step::Rules, "an entry that returns nothing of what was granted", |n, e| {
                publication(n, e, |entry| entry.items.iter_mut().for_each(|item| item.returnable = false));
            }),
        ],
    );
}

#[test]
fn disclosures_that_were_not_committed_to_are_refused() {
    let told = Told::by_six();
    let real = told.full_evidence();
    refused(
        &told,
        &real,
        &[
            (Step::Disclosures, "other details", |_, e| e.details.as_mut().unwrap().0[0] ^= 1),
            (Step::Disclosures, "no details", |_, e| e.details = Some(Bytes(vec![]))),
            (Step::Disclosures, "another answer", |_, e| e.answer.as_mut().unwrap().0.push(0)),
            (Step::Disclosures, "the answer as details", |_, e| e.details = e.answer.clone()),
            (Step::Disclosures, "another value", |_, e| e.openings[0].value.0[17] ^= 1),
            (Step::Disclosures, "another salt", |_, e| e.openings[0].salt[0] ^= 1),
            (Step::Disclosures, "openings exchanged", |_, e| {
                (e.openings[0].commitment, e.openings[1].commitment) =
                    (e.openings[1].commitment, e.openings[0].commitment);
            }),
            (Step::Disclosures, "an opening of what was not disclosed", |_, e| e.details = None),
            (Step::Disclosures, "a commitment nobody made", |_, e| {
                let salt = gm::domain::Salt::from_bytes([9; 32]);
                e.openings[0].salt = [9; 32];
                e.openings[0].commitment = gm::domain::commit(e.chain, &salt, &e.openings[0].value.0);
            }),
        ],
    );
    let denial = Evidence { answer: real.answer, ..told.denial_evidence() };
    assert_eq!(told.failure(&denial).map(|f| f.0), Some(Step::Disclosures));
}
