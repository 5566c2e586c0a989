//! What the tree over the state costs a block: of 400 transactions, each of which puts a key, changes one and removes one,
//! as an answer, its grant's count and an acknowledgement do, over states of several sizes.
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::disallowed_methods)] // a bench: it takes the time

use std::time::Instant;

use ledger::ids::Height;
use ledger::state::Changes;
use ledger::tree::{self, MemoryTree};

const TRANSACTIONS: u64 = 400;
const BLOCKS: u64 = 20;

fn key(prefix: &str, number: u64) -> Vec<u8> {
    [prefix.as_bytes(), &number.to_be_bytes()].concat()
}

fn main() {
    for size in [1_000, 10_000, 100_000] {
        let mut changes = Changes::default();
        for number in 0..size {
            changes.put(key("grant/", number), vec![1; 120]);
        }
        let begun = Instant::now();
        let mut tree = MemoryTree::founded(&changes).unwrap();
        let whole = begun.elapsed();
        let mut spent = Vec::new();
        let mut nodes = 0;
        for height in 1..=BLOCKS {
            let mut changes = Changes::default();
            for number in 0..TRANSACTIONS {
                let place = height * TRANSACTIONS + number;
                changes.put(key("open/", place), vec![2; 40]);
                changes.remove(key("open/", place - TRANSACTIONS));
                changes.put(key("grant/", place * 7919 % size), place.to_be_bytes().repeat(15));
            }
            let begun = Instant::now();
            let update = tree::update(&tree, Height(height), &changes).unwrap();
            spent.push(begun.elapsed());
            nodes += update.nodes.len();
            tree.commit(Height(height), &changes).unwrap();
        }
        spent.sort_unstable();
        let median = spent.get(spent.len() / 2).copied().unwrap_or_default();
        let worst = spent.last().copied().unwrap_or_default();
        println!(
            "{size:>8} keys: begun in {whole:.1?}; a block of {TRANSACTIONS} transactions p50 {median:.1?}, worst {worst:.1?}, {} nodes",
            nodes as u64 / BLOCKS
        );
    }
}
