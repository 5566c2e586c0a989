//! A chain on several replicas: each block is proposed by one, executed by all, and certified.

use super::cast::{Centre, Network};
use super::papers::payment_certificate;
use gm::domain::Kind;
use gm::sm2::{Direct, SecretKey};
use gm::sm3::{Digest, sm3};
use ledger::apply::{BlockContext, Rejection, Verified};
use ledger::block::{self, Block, BlockInvalid, BlockRejection, Proposal, Proposed};
use ledger::certificate::Certificate;
use ledger::department::Department;
use ledger::grant::Grant;
use ledger::ids::{Address, GrantId, InspectionId, Nonce, QueryId, RequestId, Time, TxId};
use ledger::index::MemoryHistory;
use ledger::proof::Proven;
use ledger::receipt::Record;
use ledger::refusal::Refusal;
use ledger::state::{Changes, MemoryState};
use ledger::tip::Tip;
use ledger::transaction::{Payload, Signed, Transaction};
use ledger::tree::MemoryTree;
use ledger::views;
use ledger::wire::to_bytes;
use std::rc::Rc;

/// Replicas of a chain unless a test wants another number.
const REPLICAS: usize = 3;
/// Time between two blocks unless a test waits.
const BLOCK_MS: u64 = 1_000;

/// One node's copy.
#[derive(Clone)]
pub(crate) struct Replica {
    pub(crate) state: MemoryState,
    pub(crate) tree: MemoryTree,
    pub(crate) tip: Tip,
}

impl Replica {
    pub(crate) fn founded(network: &Network) -> Self {
        let (changes, tip) = network.genesis.initial();
        let mut state = MemoryState::default();
        state.commit(&changes);
        Self { state, tree: MemoryTree::founded(&changes).unwrap(), tip }
    }

    pub(crate) fn execute(&self, network: &Network, block: &Block) -> Result<(Changes, Tip), BlockRejection> {
        block::execute(&self.state, &self.tip, self.tree.root(), network.chain, block, &Direct)
    }

    /// Executes a block and takes it over.
    pub(crate) fn take(&mut self, network: &Network, block: &Block) -> Result<Changes, BlockRejection> {
        let (changes, tip) = self.execute(network, block)?;
        self.state.commit(&changes);
        self.tree.commit(tip.height, &changes).unwrap();
        self.tip = tip;
        Ok(changes)
    }
}

/// A running chain.
#[derive(Clone)]
pub(crate) struct Chain {
    pub(crate) network: Rc<Network>,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) decided: Vec<(Block, Certificate)>,
    pub(crate) history: MemoryHistory,
    waited_ms: u64,
    papers: u64,
}

impl Chain {
    pub(crate) fn of(network: Network, replicas: usize) -> Self {
        let replicas = vec![Replica::founded(&network); replicas];
        let history = MemoryHistory::default();
        Self { network: Rc::new(network), replicas, decided: vec![], history, waited_ms: 0, papers: 0 }
    }

    /// Six departments, nothing published.
    pub(crate) fn founded() -> Self {
        Self::of(Network::founded(), REPLICAS)
    }

    /// Chengdu has published the payment certificate.
    pub(crate) fn with_entry() -> Self {
        let mut chain = Self::founded();
        chain.submit(Centre::Chengdu, Payload::Publish(payment_certificate())).unwrap();
        chain
    }

    /// Guangzhou holds a grant of Chengdu for this many queries.
    pub(crate) fn with_grant(quota: u32) -> (Self, GrantId) {
        let mut chain = Self::with_entry();
        let asked = ledger::request::SubmitRequest { quota, ..chain.a_request() };
        let request = chain.request(asked).unwrap();
        let grant = chain.approve(&request).unwrap();
        (chain, grant)
    }

    pub(crate) fn state(&self) -> &MemoryState {
        &self.replicas[0].state
    }

    pub(crate) fn state_root(&self) -> Digest {
        self.replicas[0].tree.root()
    }

    pub(crate) fn tip(&self) -> Tip {
        self.replicas[0].tip
    }

    /// The time of the next block.
    pub(crate) fn now(&self) -> Time {
        self.tip().time.plus_ms(BLOCK_MS + self.waited_ms)
    }

    /// Lets time pass until the next block.
    pub(crate) fn wait_ms(&mut self, ms: u64) {
        self.waited_ms += ms;
    }

    /// How many papers were signed.
    pub(crate) const fn papers(&self) -> u64 {
        self.papers
    }

    /// The nonce of the next transaction that is signed here.
    pub(crate) fn next_nonce(&self) -> Nonce {
        Nonce(sm3(&[b"nonce", &self.papers.to_be_bytes()]).0)
    }

    /// The request that the next transaction makes, if this department submits one.
    pub(crate) fn next_request(&self, by: Centre) -> RequestId {
        RequestId::of(self.network.chain, &by.id(), &self.next_nonce())
    }

    /// The inspection that the next transaction opens, if the inspectorate opens one.
    pub(crate) fn next_inspection(&self) -> InspectionId {
        InspectionId::of(self.network.chain, &Centre::Inspectorate.id(), &self.next_nonce())
    }

    /// The transaction of a department, not signed yet.
    pub(crate) fn body(&mut self, by: Centre, payload: Payload) -> Transaction {
        let nonce = self.next_nonce();
        self.papers += 1;
        Transaction {
            version: 1,
            chain: self.network.chain,
            department: by.id(),
            key_id: self.network.keys[&by].of_kind(payload.key_kind()).public().key_id(),
            nonce,
            valid_until: self.now().plus_ms(60_000),
            payload,
        }
    }

    /// The transaction of a department, signed with the key it needs.
    pub(crate) fn sign(&mut self, by: Centre, payload: Payload) -> Signed {
        let key = self.network.keys[&by].of_kind(payload.key_kind()).clone();
        let body = self.body(by, payload);
        Signed::sign(body, &key).unwrap()
    }

    /// Signs a body that was changed, with the key it names if a member has it.
    pub(crate) fn sign_as(body: Transaction, key: &SecretKey) -> Signed {
        let signature = key.sign(body.chain, Kind::Tx, &to_bytes(&body)).unwrap();
        Signed { body, signature }
    }

    pub(crate) fn proposal(&self) -> Proposal {
        Proposal {
            chain: self.network.chain,
            round: 0,
            time: self.now(),
            proposer: self.proposer(0),
            last_certificate: self.decided.last().map(|(_, certificate)| certificate.clone()),
            state_root: self.state_root(),
        }
    }

    /// Whose turn it is in a round of the next height.
    pub(crate) fn proposer(&self, round: u32) -> Address {
        let height = self.tip().height.next();
        let waiting = views::waiting(self.state(), height).unwrap();
        self.network.genesis.validator_set().proposer(height, round, &waiting).unwrap().address
    }

    /// Takes a transaction in as a node does at its door.
    pub(crate) fn take_in(&self, signed: Signed) -> Result<Verified, Rejection> {
        let replica = &self.replicas[self.decided.len() % self.replicas.len()];
        let (chain, height) = (self.network.chain, replica.tip.height.next());
        let context = BlockContext::read(&replica.state, chain, height, self.now())?;
        Verified::check(&replica.state, &context, signed.into(), &Direct)
    }

    /// A block of those of the transactions that are taken in and take effect; why the others do not.
    pub(crate) fn propose(&self, candidates: Vec<Signed>) -> Proposed {
        let replica = &self.replicas[self.decided.len() % self.replicas.len()];
        let (mut verified, mut refused) = (vec![], vec![]);
        for signed in candidates {
            let id = signed.id();
            match self.take_in(signed) {
                Ok(good) => verified.push(good),
                Err(Rejection::Refused(refusal)) => refused.push((id, refusal)),
                Err(Rejection::Fault(fault)) => panic!("{fault}"),
            }
        }
        let mut proposed = block::propose(&replica.state, &replica.tip, self.proposal(), verified).unwrap();
        refused.append(&mut proposed.left_out);
        Proposed { left_out: refused, ..proposed }
    }

    /// Executes a proposed block on every replica, which must agree, and certifies it.
    pub(crate) fn decide(&mut self, proposed: &Proposed) {
        self.decide_in(proposed, proposed.tip.round);
    }

    /// The same, decided in this round.
    pub(crate) fn decide_in(&mut self, proposed: &Proposed, round: u32) {
        for replica in &mut self.replicas {
            let changes = replica.take(&self.network, &proposed.block).expect("a proposed block is valid");
            assert_eq!(changes, proposed.changes, "replicas change the same");
            assert_eq!(replica.tip, proposed.tip, "replicas have one tip");
        }
        self.history.add(&proposed.block, &proposed.changes).unwrap();
        let height = proposed.block.header.height;
        // Where four validate, three sign, each time another three.
        let mut voters = self.network.validators.clone();
        if voters.len() >= 4 {
            voters.remove(self.decided.len() % voters.len());
        }
        let certificate = self.network.certificate(height, round, proposed.block.id(), &voters);
        self.decided.push((proposed.block.clone(), certificate));
        self.waited_ms = 0;
    }

    /// One block of these transactions; what is left out and why.
    pub(crate) fn block_of(&mut self, candidates: Vec<Signed>) -> Vec<(TxId, Refusal)> {
        let proposed = self.propose(candidates);
        self.decide(&proposed);
        proposed.left_out
    }

    /// An idle block.
    pub(crate) fn idle(&mut self) {
        self.block_of(vec![]);
    }

    /// Puts one transaction into the next block. A refused one makes no block here, and makes every
    /// block invalid that holds it all the same.
    pub(crate) fn put(&mut self, signed: Signed) -> Result<TxId, Refusal> {
        let id = signed.id();
        let probed = block::probe(
            self.state(),
            &self.tip(),
            self.network.chain,
            self.now(),
            signed.clone().into(),
            &Direct,
        );
        let proposed = self.propose(vec![signed.clone()]);
        let Some((left_out, refusal)) = proposed.left_out.first().copied() else {
            let verified = probed.expect("what a block takes is not refused before");
            let again =
                block::probe_again(self.state(), &self.tip(), self.network.chain, self.now(), &verified);
            assert_eq!(again, Ok(()));
            self.decide(&proposed);
            return Ok(id);
        };
        assert_eq!(left_out, id);
        assert_eq!(probed.map(|_| ()), Err(refusal.into()), "one answer before and in the block");
        let mut forced = proposed.block;
        forced.transactions.push(signed.into());
        let invalid = BlockInvalid::Transaction { index: 0, refusal };
        for replica in &self.replicas {
            let result = replica.execute(&self.network, &forced);
            assert_eq!(result, Err(invalid.clone().into()));
        }
        Err(refusal)
    }

    pub(crate) fn submit(&mut self, by: Centre, payload: Payload) -> Result<TxId, Refusal> {
        let signed = self.sign(by, payload);
        self.put(signed)
    }

    /// Guangzhou asks.
    pub(crate) fn request(&mut self, asked: ledger::request::SubmitRequest) -> Result<RequestId, Refusal> {
        let id = self.next_request(Centre::Guangzhou);
        self.submit(Centre::Guangzhou, Payload::SubmitRequest(asked)).map(|_| id)
    }

    /// Chengdu approves as asked.
    pub(crate) fn approve(&mut self, request: &RequestId) -> Result<GrantId, Refusal> {
        let approval = self.an_approval(request);
        self.submit(Centre::Chengdu, Payload::ApproveRequest(approval)).map(GrantId::from)
    }

    /// Guangzhou asks under a grant, Chengdu records the answer.
    pub(crate) fn answer(&mut self, grant: &GrantId) -> Result<QueryId, Refusal> {
        let ticket = self.a_ticket(grant);
        let receipt = self.a_receipt(&ticket);
        self.submit(Centre::Chengdu, Payload::RecordAnswer(receipt)).map(|_| ticket.query_id())
    }

    pub(crate) fn grant(&self, id: &GrantId) -> Grant {
        views::grant(self.state(), id).unwrap().unwrap()
    }

    pub(crate) fn record(&self, id: &QueryId) -> Record {
        views::record(&self.history, id).unwrap().unwrap()
    }

    /// Changes the state of all replicas behind the rules' back, as a later version may do by rules.
    pub(crate) fn operate(&mut self, changes: &Changes) {
        for replica in &mut self.replicas {
            replica.state.commit(changes);
        }
    }

    /// Suspends a department: the rules for it are in force, the transaction comes with a later version.
    pub(crate) fn suspend(&mut self, centre: Centre) {
        let member = self.network.genesis.member(&centre.id()).unwrap().clone();
        let mut changes = Changes::default();
        let key = format!("department/{}", centre.id()).into_bytes();
        changes.put(key, to_bytes(&Department { member, active: false }));
        self.operate(&changes);
    }

    /// A transaction with the proof that it is on this chain.
    pub(crate) fn proven(&self, id: &TxId) -> Proven {
        let found = self.decided.iter().find_map(|(block, certificate)| {
            let index = block.transactions.iter().position(|signed| signed.id() == *id)?;
            Proven::from_block(block, certificate.clone(), u32::try_from(index).unwrap())
        });
        found.expect("the transaction is on the chain")
    }
}
