//! What a forger can make when departments and all validators conspire.

use crate::story::cast::{Centre, Network};
use crate::told::Told;
use gm::domain::Kind;
use gm::merkle;
use gm::sm2::Signature;
use ledger::catalogue::Entry;
use ledger::ids::GrantId;
use ledger::proof::{Evidence, Proven, Step};
use ledger::receipt::{Receipt, Ticket};
use ledger::request::{ApproveRequest, SubmitRequest};
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::wire::to_bytes;

/// All validators conspire: whatever stands in the proof now, they made a block of it alone.
pub(crate) fn conspire(network: &Network, proven: &mut Proven) {
    let Proven { signed, index, count, path, header, certificate } = proven;
    (*index, *count, *path) = (0, 1, vec![]);
    header.transaction_root = merkle::leaf_hash(&to_bytes(signed));
    header.transaction_count = 1;
    *certificate = network.certificate(header.height, 0, header.id(), &network.validators);
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

pub(crate) fn basis(e: &mut Evidence) -> &mut ledger::proof::Basis {
    e.basis.as_mut().unwrap()
}
