//! What a receipt costs: which signatures are checked, by whom and how often, and what is read.

use crate::story::{Centre, Chain};
use gm::sm2::{Direct, PublicKey, Signature, Signatures};
use gm::sm3::Digest;
use ledger::apply::{Rejection, Verified};
use ledger::block::{self, Block, BlockInvalid, BlockRejection, Proposed};
use ledger::refusal::Refusal;
use ledger::state::{Pairs, ReadFault, StateRead};
use ledger::transaction::{Encoded, Payload, Signed};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Mutex;

/// Remembers what held, and counts what it had to compute.
#[derive(Default)]
struct Remembering {
    held: Mutex<BTreeSet<(PublicKey, Digest, Signature)>>,
    computed: Mutex<usize>,
}

impl Signatures for Remembering {
    fn holds(&self, key: &PublicKey, digest: &Digest, signature: &Signature) -> bool {
        let question = (key.clone(), *digest, *signature);
        if self.held.lock().unwrap().contains(&question) {
            return true;
        }
        *self.computed.lock().unwrap() += 1;
        let holds = Direct.holds(key, digest, signature);
        if holds {
            self.held.lock().unwrap().insert(question);
        }
        holds
    }
}

impl Remembering {
    /// How many were computed since this was last asked.
    fn computed(&self) -> usize {
        std::mem::take(&mut *self.computed.lock().unwrap())
    }
}

/// A chain with a grant, and the next answer's receipt.
fn a_receipt() -> (Chain, Signed) {
    let (mut chain, grant) = Chain::with_grant(3);
    let receipt = chain.a_receipt(&chain.a_ticket(&grant));
    let signed = chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt));
    (chain, signed)
}

fn probe(chain: &Chain, signed: &Signed, signatures: &dyn Signatures) -> Result<Verified, Rejection> {
    let signed = Encoded::from(signed.clone());
    block::probe(chain.state(), &chain.tip(), chain.network.chain, chain.now(), signed, signatures)
}

fn propose(chain: &Chain, verified: Verified) -> Proposed {
    block::propose(chain.state(), &chain.tip(), chain.proposal(), vec![verified]).unwrap()
}

fn execute(chain: &Chain, block: &Block, signatures: &dyn Signatures) -> Result<(), BlockRejection> {
    block::execute(chain.state(), &chain.tip(), chain.state_root(), chain.network.chain, block, signatures)
        .map(|_| ())
}

#[test]
fn each_signature_of_a_receipt_is_checked_once_from_the_door_into_the_block() {
    let (chain, signed) = a_receipt();
    let node = Remembering::default();
    let verified = probe(&chain, &signed, &node).unwrap();
    assert_eq!(node.computed(), 2, "the department's, and the requester's under the ticket");
    block::probe_again(chain.state(), &chain.tip(), chain.network.chain, chain.now(), &verified).unwrap();
    let proposed = propose(&chain, verified);
    assert_eq!(proposed.block.transactions.len(), 1);
    execute(&chain, &proposed.block, &node).unwrap();
    assert_eq!(node.computed(), 3, "nothing of the receipt again: the parent's certificate");
    execute(&chain, &proposed.block, &node).unwrap();
    assert_eq!(node.computed(), 0, "in the next round nothing at all");

    let stranger = Remembering::default();
    execute(&chain, &proposed.block, &stranger).unwrap();
    assert_eq!(stranger.computed(), 5, "who did not see it before checks all");
}

#[test]
fn what_was_checked_before_is_judged_again_by_the_state() {
    let (mut chain, grant) = Chain::with_grant(1);
    let mut receipt = || {
        let receipt = chain.a_receipt(&chain.a_ticket(&grant));
        chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt))
    };
    let (first, second) = (receipt(), receipt());
    let checked = [&first, &second].map(|signed| probe(&chain, signed, &Direct).unwrap());
    chain.put(first).unwrap();
    let again = checked.map(|verified| {
        block::probe_again(chain.state(), &chain.tip(), chain.network.chain, chain.now(), &verified)
    });
    assert_eq!(again, [Err(Refusal::TxReplayed.into()), Err(Refusal::GrantQuota.into())]);
}

#[test]
fn a_ticket_that_the_requester_did_not_sign_does_not_enter() {
    let (mut chain, grant) = Chain::with_grant(3);
    let ticket = chain.a_ticket(&grant);
    let mut receipt = chain.a_receipt(&ticket);
    receipt.ticket_signature = chain.sign_ticket(Centre::Chengdu, &ticket);
    let signed = chain.sign(Centre::Chengdu, Payload::RecordAnswer(receipt));
    let refused = chain.take_in(signed).map(|_| ());
    assert_eq!(refused, Err(Refusal::TicketSignature.into()));
}

#[test]
fn an_answer_that_is_remembered_is_of_these_bytes_and_not_of_the_id() {
    let (mut chain, signed) = a_receipt();
    let node = Remembering::default();
    let proposed = propose(&chain, probe(&chain, &signed, &node).unwrap());
    let other = chain.sign(Centre::Chengdu, signed.body.payload.clone());
    let forged = Encoded::from(Signed { signature: other.signature, ..signed });
    let known = &proposed.block.transactions[0];
    assert_eq!((forged.id(), forged.leaf() == known.leaf()), (known.id(), false));
    let block = Block { transactions: vec![forged], ..proposed.block };
    let invalid = BlockInvalid::Transaction { index: 0, refusal: Refusal::SignatureBad };
    assert_eq!(execute(&chain, &block, &node), Err(invalid.into()));
}

/// A state that notes which keys are read.
struct Noting<'a> {
    below: &'a dyn StateRead,
    read: RefCell<Vec<String>>,
}

impl StateRead for Noting<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        let kind = key.split(|byte| *byte == b'/').next().unwrap();
        self.read.borrow_mut().push(String::from_utf8_lossy(kind).into_owned());
        self.below.get(key)
    }
    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Pairs, ReadFault> {
        self.below.scan(prefix, after, limit)
    }
}

#[test]
fn a_receipt_reads_which_policies_are_in_force_and_none_of_their_rows() {
    let (chain, signed) = a_receipt();
    let noting = Noting { below: chain.state(), read: RefCell::default() };
    let (tip, id, now) = (chain.tip(), chain.network.chain, chain.now());
    block::probe(&noting, &tip, id, now, signed.into(), &Direct).unwrap();
    let read = noting.read.into_inner();
    let count = |kind: &str| read.iter().filter(|read| *read == kind).count();
    assert_eq!((count("in-force"), count("policy")), (3, 0));
    assert_eq!((count("department"), count("key"), read.len()), (3, 2, 14), "{read:?}");
}
