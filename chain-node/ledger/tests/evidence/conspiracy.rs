//! What a forger can make when departments and all validators conspire.

use crate::story::cast::{Centre, Network, digest_of, key_of};
use crate::told::Told;
use gm::domain::Kind;
use gm::merkle;
use gm::sm2::Signature;
use ledger::block::Header;
use ledger::catalogue::Entry;
use ledger::ids::{GrantId, OfficerId};
use ledger::pair::Pair;
use ledger::proof::{Evidence, Proven, Step};
use ledger::query::{Answer, Details};
use ledger::receipt::{Receipt, Ticket};
use ledger::request::{ApproveRequest, SubmitRequest};
use ledger::roster::{OfficerCertificate, OfficerEntry, OfficerProof};
use ledger::seal::Seals;
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::wire::{Bytes, to_bytes};

/// All validators conspire: whatever stands in the proof now, they made a block of it alone.
pub(crate) fn conspire(network: &Network, proven: &mut Proven) {
    let Proven { signed, index, count, path, header, certificate } = proven;
    (*index, *count, *path) = (0, 1, vec![]);
    header.transaction_root = merkle::leaf_hash(&to_bytes(signed));
    header.transaction_count = 1;
    seat(network, header);
    *certificate = network.certificate(header.height, 0, header.id(), &network.validators);
}

/// A validator's block that was put at another height is made by whose turn it is there.
fn seat(network: &Network, header: &mut Header) {
    if network.genesis.validator_set().get(&header.proposer).is_some() {
        header.proposer = network.proposer(header.height, header.round);
    }
}

/// All validators conspire: the proof's transaction is the second of two in a block they made.
pub(crate) fn second_of_two(network: &Network, proven: &mut Proven) {
    let leaves = [digest_of("another transaction"), merkle::leaf_hash(&to_bytes(&proven.signed))];
    (proven.index, proven.count) = (1, 2);
    proven.path = merkle::path(&leaves, 1).unwrap();
    (proven.header.transaction_root, proven.header.transaction_count) = (merkle::root(&leaves), 2);
    seat(network, &mut proven.header);
    let (height, block) = (proven.header.height, proven.header.id());
    proven.certificate = network.certificate(height, 0, block, &network.validators);
}

/// A department signs something else in place of a transaction, and all validators conspire.
pub(crate) fn rewrite(
    network: &Network,
    proven: &mut Proven,
    by: Centre,
    change: impl FnOnce(&mut Transaction),
) {
    let mut body = proven.signed.body.clone();
    change(&mut body);
    let key = network.keys[&by].of_kind(body.payload.key_kind());
    proven.signed = Signed::sign(body, key).unwrap();
    conspire(network, proven);
}

pub(crate) type Forgery = (Step, &'static str, fn(&Network, &mut Evidence));

#[track_caller]
pub(crate) fn refused(told: &Told, real: &Evidence, forgeries: &[Forgery]) {
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

pub(crate) fn publication(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut Entry)) {
    let proven = &mut e.basis.as_mut().unwrap().publication;
    rewrite(n, proven, Centre::Chengdu, |body| {
        let Payload::Publish(entry) = &mut body.payload else { panic!() };
        change(entry);
    });
}

/// Another request, and its approval for it.
pub(crate) fn request(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut SubmitRequest)) {
    let proven = &mut e.basis.as_mut().unwrap().request;
    rewrite(n, proven, Centre::Guangzhou, |body| {
        let Payload::SubmitRequest(asked) = &mut body.payload else { panic!() };
        change(asked);
    });
}

/// Another approval, and a ticket and receipt under it.
pub(crate) fn approval(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut ApproveRequest)) {
    let proven = &mut e.basis.as_mut().unwrap().approval;
    rewrite(n, proven, Centre::Chengdu, |body| {
        let Payload::ApproveRequest(approval) = &mut body.payload else { panic!() };
        change(approval);
    });
    let grant = GrantId::from(proven.signed.id());
    ticket(n, e, |ticket| ticket.grant = grant);
}

pub(crate) fn sign_ticket(n: &Network, by: Centre, ticket: &Ticket) -> Signature {
    n.keys[&by].online.sign(n.chain, Kind::Ticket, &to_bytes(ticket)).unwrap()
}

/// Another ticket that Guangzhou signs, and a receipt for it; the acknowledgement is left out.
pub(crate) fn ticket(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut Ticket)) {
    receipt(n, e, |receipt| {
        change(&mut receipt.ticket);
        receipt.ticket_signature = sign_ticket(n, Centre::Guangzhou, &receipt.ticket);
    });
}

pub(crate) fn receipt(n: &Network, e: &mut Evidence, change: impl FnOnce(&mut Receipt)) {
    rewrite(n, &mut e.record, Centre::Chengdu, |body| {
        let Payload::RecordAnswer(receipt) = &mut body.payload else { panic!() };
        change(receipt);
    });
    e.delivery = None;
}

/// Other details behind the ticket: what both departments would have signed.
pub(crate) fn details(told: &Told, change: impl FnOnce(&mut Details)) -> Evidence {
    let (n, mut e) = (told.network(), told.full_evidence());
    let mut details = told.details.clone();
    change(&mut details);
    e.details = Some(Bytes(to_bytes(&details)));
    ticket(n, &mut e, |ticket| ticket.details_digest = details.digest(n.chain));
    // The answer's header names the ticket, and the receipt the header.
    let Payload::RecordAnswer(recorded) = &e.record.signed.body.payload else { panic!() };
    let answer = Answer { query_id: recorded.ticket.query_id(), ..told.answer.clone() };
    header(n, &mut e, &answer);
    e.openings.clear();
    e
}

/// Another header behind the receipt.
pub(crate) fn header(n: &Network, e: &mut Evidence, answer: &Answer) {
    e.answer = Some(Bytes(to_bytes(answer)));
    let digest = gm::domain::digest(n.chain, Kind::Answer, &to_bytes(answer));
    receipt(n, e, |receipt| receipt.answer_digest = digest);
}

/// The request under seals of two officers, certified by this department and with their keys.
pub(crate) fn sealed_request(
    n: &Network,
    e: &mut Evidence,
    by: Centre,
    officers: [u8; 2],
    change: fn(&mut OfficerEntry),
) {
    let proven = &mut e.basis.as_mut().unwrap().request;
    let at = proven.header.time;
    rewrite(n, proven, Centre::Guangzhou, |body| {
        let words = Pair::of(body).unwrap().words();
        let [first, second] = [0, 1].map(|place: usize| {
            let (word, key) = (&words[place], key_of(&format!("officer {}", officers[place])));
            let mut entry = OfficerEntry {
                version: 1,
                chain: n.chain,
                department: Centre::Guangzhou.id(),
                officer: OfficerId([officers[place]; 16]),
                key: key.public(),
                roles: [word.role].into(),
                clearance: 4,
                from: at,
                until: at,
            };
            change(&mut entry);
            let certificate = OfficerCertificate::sign(entry, &n.keys[&by].office).unwrap();
            OfficerProof { certificate, index: 0, path: vec![], signature: word.sign(&key).unwrap() }
        });
        let Payload::SubmitRequest(asked) = &mut body.payload else { panic!() };
        asked.seals = Some(Seals { by: first, second });
    });
}

pub(crate) fn basis(e: &mut Evidence) -> &mut ledger::proof::Basis {
    e.basis.as_mut().unwrap()
}
