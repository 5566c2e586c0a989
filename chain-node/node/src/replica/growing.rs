//! The tree over the state after a block, grown on a thread of its own while that block is voted on: only the next header
//! wants its root.

use std::sync::Arc;
use std::thread::{Builder, JoinHandle};

use ledger::ids::Height;
use ledger::state::Changes;
use ledger::tree::TreeUpdate;

use crate::fault::NodeFault;
use crate::guard::Guard;
use crate::store::Store;

/// A tree that grows.
pub(super) struct Growing(Option<JoinHandle<Result<TreeUpdate, NodeFault>>>);

impl Growing {
    /// That after the block of a height, which makes these changes at the store's head.
    pub(super) fn start(
        store: &Arc<Store>,
        height: Height,
        changes: &Arc<Changes>,
    ) -> Result<Self, NodeFault> {
        let (guard, store, changes) = (Guard::new(store, "tree"), Arc::clone(store), Arc::clone(changes));
        let grow = move || {
            let _guard = guard;
            store.grow_tree(height, &changes)
        };
        let thread = Builder::new().name("tree".into()).spawn(grow).map_err(NodeFault::store)?;
        Ok(Self(Some(thread)))
    }

    /// What became of it, once it is grown.
    pub(super) fn finish(mut self) -> Result<TreeUpdate, NodeFault> {
        let grown = self.0.take().map(JoinHandle::join);
        grown.and_then(Result::ok).unwrap_or(Err(NodeFault::Panicked("tree")))
    }
}

impl Drop for Growing {
    /// Of a block that was not decided. Its thread holds the store, and so the folder's lock, no longer than the replica. If
    /// the head moved first it found no tree to grow on, which is no fault.
    fn drop(&mut self) {
        if let Some(thread) = self.0.take() {
            thread.join().ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::chamber::Chamber;
    use super::super::*;
    use crate::store::tests::whole_tree;

    fn validity(received: Option<Undecided>) -> Option<Validity> {
        received.and_then(|undecided| undecided.validity)
    }

    #[test]
    fn each_header_carries_the_root_after_the_block_before() {
        let mut chamber = Chamber::new(4);
        let mut root = whole_tree(&chamber.replicas[0].store).root;
        for height in 1..5 {
            chamber.decide(height, &[height]);
            for replica in &chamber.replicas {
                let block = replica.store.snapshot().block(Height(height)).unwrap();
                assert_eq!(block.header.state_root, root);
            }
            let after = chamber.replicas.iter().map(|replica| whole_tree(&replica.store).root);
            let after: Vec<_> = after.collect();
            assert!(after.iter().all(|one| *one == after[0] && *one != root));
            root = after[0];
        }
    }

    /// What a block changes, the next one tells: theirs are refused here, ours are refused there.
    #[test]
    fn who_holds_another_state_finds_the_next_block_invalid() {
        let mut chamber = Chamber::new(4);
        let (of, first) = chamber.propose(1, 0, &[1]);
        let next = chamber.proposer(2, 0);
        let odd = (0..4).find(|one| ![of, next].contains(one)).unwrap();
        let certificate = chamber.certificate(&first.announcement);
        let now = chamber.now();
        for (at, replica) in chamber.replicas.iter_mut().enumerate() {
            replica.receive(first.clone(), now).unwrap();
            if at != odd {
                replica.commit(&certificate).unwrap();
                continue;
            }
            let block: Block = from_bytes(&first.bytes).unwrap();
            let (mut changes, tip) = replica.run(&block).unwrap().unwrap();
            changes.put(b"latest/307001/000009".to_vec(), vec![1]);
            let tree = &replica.store.grow_tree(tip.height, &changes).unwrap();
            let certificate = &to_ledger(&certificate).unwrap();
            let (block, bytes, changes, tip) = (&block, &first.bytes, &changes, &tip);
            replica.store.commit(&Decided { block, bytes, certificate, changes, tree, tip }).unwrap();
            replica.executed.clear();
        }
        let (_, second) = chamber.propose(2, 0, &[]);
        let certificate = chamber.certificate(&second.announcement);
        for (at, replica) in chamber.replicas.iter_mut().enumerate() {
            let found = validity(replica.receive(second.clone(), now).unwrap());
            assert_eq!(found, Some(if at == odd { Validity::Invalid } else { Validity::Valid }));
        }
        let round = (1..9).find(|round| chamber.proposer(2, *round) == odd).unwrap();
        let (_, theirs) = chamber.propose(2, round, &[]);
        let honest = &mut chamber.replicas[next];
        honest.enter(Height(2), Round::new(round), now).unwrap();
        assert_eq!(validity(honest.receive(theirs, now).unwrap()), Some(Validity::Invalid));
        honest.commit(&certificate).unwrap();
        let fault = chamber.replicas[odd].commit(&certificate).map(|_| ()).unwrap_err();
        assert!(matches!(fault, NodeFault::Diverged { height: 2, .. }), "{fault}");
    }

    /// A tree is written with its block or not at all: who crashes between grows it again.
    #[test]
    fn a_crash_before_the_commit_grows_the_tree_again() {
        let mut chamber = Chamber::new(4);
        for height in 1..4 {
            let (of, announced) = chamber.propose(height, 0, &[height]);
            let (certificate, now) = (chamber.certificate(&announced.announcement), chamber.now());
            let crashes = (of + 1) % 4;
            for at in 0..4 {
                chamber.replicas[at].receive(announced.clone(), now).unwrap();
                if at == crashes {
                    chamber.crash(at);
                }
                chamber.replicas[at].commit(&certificate).unwrap();
            }
            chamber.crash(of);
            let roots = chamber.replicas.iter().map(|replica| whole_tree(&replica.store).root.0);
            assert_eq!(roots.collect::<std::collections::BTreeSet<_>>().len(), 1);
        }
    }

    #[test]
    fn the_tree_of_a_block_that_was_not_decided_is_no_fault_and_holds_nothing() {
        let mut chamber = Chamber::new(4);
        let held = Arc::strong_count(&chamber.replicas[0].store);
        let now = chamber.now();
        let (_, first) = chamber.propose(1, 0, &[1]);
        let (_, other) = chamber.propose(1, 1, &[2]);
        assert_ne!(first.announcement.id, other.announcement.id);
        let certificate = chamber.certificate(&other.announcement);
        for replica in &mut chamber.replicas {
            for (round, announced) in [(0, &first), (1, &other)] {
                replica.enter(Height(1), Round::new(round), now).unwrap();
                replica.receive(announced.clone(), now).unwrap();
            }
            assert_eq!(replica.executed.len(), 2);
            replica.commit(&certificate).unwrap();
            assert_eq!(Arc::strong_count(&replica.store), held);
            whole_tree(&replica.store);
        }
        chamber.decide(2, &[3]);
    }
}
