//! Files that are consistent in themselves and still prove nothing. Where it takes them, all validators
//! conspire: the outsider finds out all the same.

use crate::conspiracy::{basis, conspire, receipt, refused, rewrite, sign_ticket, ticket};
use crate::story::Chain;
use crate::story::cast::{Centre, Network};
use crate::told::Told;
use gm::domain::ChainId;
use gm::sm3::Digest;
use ledger::department::KeyKind;
use ledger::ids::Height;
use ledger::proof::{Evidence, Options, Step, verify};
use ledger::transaction::{Payload, Signed};
use ledger::wire::to_bytes;

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
    let both = Evidence { chain: real.chain, genesis: real.genesis, ..evidence };
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
            (Step::Certificates, "validators of its height that the genesis file does not name", |n, e| {
                e.record.header.validators = Digest([7; 32]);
                conspire(n, &mut e.record);
            }),
            (Step::Certificates, "decided before the round it was made in", |n, e| {
                // Four validators: their turns come round again.
                let Evidence { record, .. } = e;
                record.header.round = 4;
                let (height, block) = (record.header.height, record.header.id());
                record.certificate = n.certificate(height, 3, block, &n.validators);
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
