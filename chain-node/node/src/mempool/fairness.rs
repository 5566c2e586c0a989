//! Promise: a member that keeps its whole allowance waiting keeps no other's receipt and no other's revocation from
//! the next block, and an honest proposer makes no block that breaks the rule of shares.

use std::sync::OnceLock;

use gm::sm2::{PublicKey, Signature, Signatures};
use gm::sm3::Digest;
use ledger::apply::BlockContext;
use ledger::block::{self, Proposal, Proposed};
use ledger::state::MemoryState;
use ledger::tip::Tip;
use ledger::transaction::Signed;
use ledger::tree::MemoryTree;
use proptest::prelude::*;

use super::*;
use crate::founding::{Founded, found};
use crate::limits::BLOCK_SIGNATURES_MIN;
use crate::submission::SubmitError;

/// Who floods, who is not to notice, and who asks it.
const FLOODS: usize = 0;
const HONEST: usize = 1;
const ASKS: usize = 2;

/// Signatures are made here and counted, not checked.
struct Trusting;

impl Signatures for Trusting {
    fn holds(&self, _: &PublicKey, _: &Digest, _: &Signature) -> bool {
        true
    }
}

/// A chain at its beginning.
struct Ground {
    founded: Founded,
    state: MemoryState,
    state_root: Digest,
    tip: Tip,
}

impl Ground {
    fn new() -> Self {
        let founded = found(3, 1);
        let (changes, tip) = founded.genesis.initial();
        let mut state = MemoryState::default();
        state.commit(&changes);
        let state_root = MemoryTree::founded(&changes).unwrap().root();
        Self { founded, state, state_root, tip }
    }

    fn until(&self) -> Time {
        self.tip.time.plus_ms(60_000)
    }

    fn verified(&self, signed: Signed) -> Verified {
        let time = self.tip.time.plus_ms(1);
        let context = BlockContext::read(&self.state, self.founded.genesis.chain(), Height(1), time).unwrap();
        Verified::check(&self.state, &context, signed.into(), &Trusting).unwrap()
    }

    fn receipt(&self, requester: usize, provider: usize) -> Verified {
        self.verified(self.founded.denial(requester, provider, self.until()))
    }

    fn publication(&self, number: u64) -> Verified {
        self.verified(self.founded.publication_until(FLOODS, number, self.until()))
    }

    fn large_publication(&self, number: u64) -> Verified {
        self.verified(self.founded.large_publication(FLOODS, number, self.until()))
    }

    /// Rank 0: it governs.
    fn anchoring(&self, department: usize, size: u64) -> Verified {
        self.verified(self.founded.anchoring(department, size, self.until()))
    }

    fn proposal(&self, tip: &Tip) -> Proposal {
        let validator = &self.founded.genesis.validators[0];
        Proposal {
            chain: self.founded.genesis.chain(),
            time: tip.time.plus_ms(1),
            proposer: validator.address(),
            round: 0,
            last_certificate: None,
            state_root: self.state_root,
        }
    }

    /// The first block made of what waits; it keeps the rules.
    fn block(&self, pool: &Mempool, signatures: usize) -> Proposed {
        let candidates = pool.first(signatures);
        let made = block::propose(&self.state, &self.tip, self.proposal(&self.tip), candidates).unwrap();
        let chain = self.founded.genesis.chain();
        block::execute(&self.state, &self.tip, self.state_root, chain, &made.block, &Trusting).unwrap();
        made
    }
}

/// What the flooding member keeps waiting, of every kind, and what the honest ones hand in.
struct Stock {
    ground: Ground,
    flood: Vec<Verified>,
    receipts: Vec<Verified>,
    anchoring: Verified,
}

fn stock() -> &'static Stock {
    static STOCK: OnceLock<Stock> = OnceLock::new();
    STOCK.get_or_init(|| {
        let ground = Ground::new();
        let mut flood: Vec<_> = (0..60).map(|number| ground.publication(number)).collect();
        flood.extend((0..20).map(|number| ground.publication(number % 3))); // of which one takes effect
        flood.extend((100..140).map(|number| ground.large_publication(number)));
        flood.extend((0..40).map(|_| ground.receipt(FLOODS, FLOODS)));
        flood.extend((1..60).map(|size| ground.anchoring(FLOODS, size)));
        let receipts = (0..20).map(|_| ground.receipt(ASKS, HONEST)).collect();
        let anchoring = ground.anchoring(HONEST, 7);
        Stock { ground, flood, receipts, anchoring }
    })
}

fn holds(made: &Proposed, wanted: &Verified) -> bool {
    made.block.transactions.iter().any(|signed| signed.id() == wanted.id())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// In any order, with any number of signatures that a round can check, and however often it went on before.
    #[test]
    fn a_member_that_floods_delays_nobody_elses_receipt_or_revocation(
        order in Just((0..stock().flood.len()).collect::<Vec<_>>()).prop_shuffle(),
        before in 0usize..220,
        ended in 0usize..40,
        others in 0usize..19,
        signatures in prop_oneof![Just(BLOCK_SIGNATURES_MIN), BLOCK_SIGNATURES_MIN..200, Just(usize::MAX)],
    ) {
        let Stock { ground, flood, receipts, anchoring } = stock();
        let mut pool = Mempool::new(Height(0));
        let (early, late) = order.split_at(before.min(order.len()));
        let insert = |pool: &mut Mempool, which: &[usize]| {
            for index in which {
                pool.insert(flood[*index].clone(), false).ok(); // what is beyond its allowance finds no room
            }
        };
        insert(&mut pool, early);
        // Turns that went by.
        for verified in pool.first(usize::MAX).iter().take(ended) {
            pool.end(&verified.id(), &Err(SubmitError::Lapsed));
        }
        let (receipt, rest) = receipts.split_first().unwrap();
        pool.insert(receipt.clone(), true).unwrap();
        pool.insert(anchoring.clone(), true).unwrap();
        for more in rest.iter().take(others) {
            pool.insert(more.clone(), true).unwrap();
        }
        insert(&mut pool, late);
        let made = ground.block(&pool, signatures);
        prop_assert!(holds(&made, receipt), "the receipt waits");
        prop_assert!(holds(&made, anchoring), "what governs waits");
    }
}

/// 512 places, all taken: so far the rule of the pool goes.
#[test]
fn with_every_place_of_one_taken_anothers_receipt_is_in_the_next_block() {
    let ground = Ground::new();
    let mut pool = Mempool::new(Height(0));
    let mut number = 0;
    while pool.insert(ground.publication(number), false).is_ok() {
        number += 1;
    }
    assert_eq!(pool.len(), MEMPOOL_PER_DEPARTMENT_MAX);
    let receipt = ground.receipt(ASKS, HONEST);
    pool.insert(receipt.clone(), true).unwrap();
    for signatures in [BLOCK_SIGNATURES_MIN, usize::MAX] {
        assert!(holds(&ground.block(&pool, signatures), &receipt), "{signatures}");
    }
}

/// Every byte taken, by entries as large as they may be: so far the rule of the pool goes.
#[test]
fn with_every_byte_of_one_taken_anothers_receipt_and_revocation_are_in_the_next_block() {
    let ground = Ground::new();
    let mut pool = Mempool::new(Height(0));
    let mut number = 0;
    while pool.insert(ground.large_publication(number), false).is_ok() {
        number += 1;
    }
    assert!(number < 64, "{number} of 16 KiB");
    while pool.insert(ground.anchoring(FLOODS, number + 1), false).is_ok() {
        number += 1;
    }
    let (receipt, governs) = (ground.receipt(ASKS, HONEST), ground.anchoring(HONEST, 1));
    pool.insert(receipt.clone(), true).unwrap();
    pool.insert(governs.clone(), true).unwrap();
    for signatures in [BLOCK_SIGNATURES_MIN, usize::MAX] {
        let made = ground.block(&pool, signatures);
        assert!(holds(&made, &receipt) && holds(&made, &governs), "{signatures}");
    }
}
