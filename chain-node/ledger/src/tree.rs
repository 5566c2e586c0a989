//! The authenticated tree over the state: its root says every fact of the state, and of every key that it is not there.
//! A sparse Merkle tree of 256 levels in which a subtree of one leaf is that leaf (Jellyfish, by the crate `jmt`, over SM3):
//!
//! ```text
//! leaf(key, value) = SM3("JMT::LeafNode" ‖ SM3(key) ‖ SM3(value))
//! node(left, right) = SM3("JMT::IntrnalNode" ‖ left ‖ right)        empty = "SPARSE_MERKLE_PLACEHOLDER_HASH__"
//! ```
//!
//! A block's header carries the root after its parent: the tree of a block grows while that block is voted on. The node
//! keeps the tree's nodes; here is what follows from them.

use crate::ids::Height;
use crate::keys;
use crate::state::{Changes, Pairs, ReadFault};
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use anyhow::anyhow;
use gm::sm3::{Digest, Sm3, sm3};
use jmt::storage::{LeafNode, NibblePath, Node, NodeKey, TreeReader};
use jmt::{JellyfishMerkleTree, KeyHash, OwnedValue, SimpleHasher};

/// The tree's nodes as they are kept.
pub trait NodeRead {
    /// A node's bytes.
    ///
    /// # Errors
    /// [`ReadFault`] when the store breaks.
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault>;
}

/// What a block makes of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeUpdate {
    /// The root after it.
    pub root: Digest,
    /// New nodes, with their keys.
    pub nodes: Pairs,
    /// Nodes of the tree before that are not of this one.
    pub stale: Vec<Vec<u8>>,
}

/// Whether a key of the state is in the tree. Recent ids and times, what lapses when, and the receipt log's frontier (whose
/// root headers say) are not: they change with every block, and all of them follow from recent blocks.
#[must_use]
pub fn is_in_tree(key: &[u8]) -> bool {
    let beside = [keys::SEEN, keys::LAPSING, keys::RECENT, keys::RECEIPT_LOG];
    !beside.iter().any(|prefix| key.starts_with(prefix))
}

/// The tree after the block of a height, which made these changes on the one before. Height 0 begins it.
///
/// # Errors
/// [`ReadFault`] when the store breaks or lacks a node.
pub fn update(reads: &dyn NodeRead, height: Height, changes: &Changes) -> Result<TreeUpdate, ReadFault> {
    let kept = Kept(reads);
    let mut stale = BTreeSet::new();
    if let Some(before) = height.0.checked_sub(1) {
        // A tree that is missing would be taken for an empty one. Its root is of no later tree, also where nothing changed:
        // each height has a root of its own.
        let root = NodeKey::new(before, core::iter::empty().collect::<NibblePath>());
        if kept.get_node_option(&root).map_err(damaged)?.is_none() {
            return Err(damaged(anyhow!("it is not that of height {before}")));
        }
        stale.insert(bytes(&root)?);
    }
    let changed = changes.iter().filter(|(key, _)| is_in_tree(key));
    let values = changed.map(|(key, value)| (KeyHash(sm3(&[key]).0), value.map(<[u8]>::to_vec)));
    let tree = JellyfishMerkleTree::<_, Hasher>::new(&kept);
    let (root, batch) = tree.put_value_set(values, height.0).map_err(damaged)?;
    let nodes = batch.node_batch.nodes().iter().map(|(key, node)| Ok((bytes(key)?, bytes(node)?)));
    let nodes = nodes.collect::<Result<_, ReadFault>>()?;
    for index in &batch.stale_node_index_batch {
        stale.insert(bytes(&index.node_key)?);
    }
    Ok(TreeUpdate { root: Digest(root.0), nodes, stale: stale.into_iter().collect() })
}

/// A tree in memory, for tests.
#[derive(Clone, Debug)]
pub struct MemoryTree {
    nodes: BTreeMap<Vec<u8>, Vec<u8>>,
    root: Digest,
}

impl MemoryTree {
    /// The tree of a chain's beginning.
    ///
    /// # Errors
    /// None: nothing is read.
    pub fn founded(changes: &Changes) -> Result<Self, ReadFault> {
        let mut tree = Self { nodes: BTreeMap::new(), root: Digest::ZERO };
        tree.commit(Height(0), changes)?;
        Ok(tree)
    }

    /// Takes over what the block of a height changes.
    ///
    /// # Errors
    /// [`ReadFault`] if it does not follow the height before.
    pub fn commit(&mut self, height: Height, changes: &Changes) -> Result<(), ReadFault> {
        let TreeUpdate { root, nodes, stale } = update(self, height, changes)?;
        self.nodes.extend(nodes);
        for key in stale {
            self.nodes.remove(&key);
        }
        self.root = root;
        Ok(())
    }

    /// The root after the last block.
    #[must_use]
    pub const fn root(&self) -> Digest {
        self.root
    }
}

impl NodeRead for MemoryTree {
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        Ok(self.nodes.get(key).cloned())
    }
}

fn bytes(object: &impl borsh::BorshSerialize) -> Result<Vec<u8>, ReadFault> {
    borsh::to_vec(object).map_err(|error| ReadFault(error.to_string()))
}

fn damaged(error: anyhow::Error) -> ReadFault {
    ReadFault(format!("the tree over the state is damaged: {error:#}"))
}

/// SM3 as `jmt` calls a hash function.
struct Hasher(Sm3);

impl SimpleHasher for Hasher {
    fn new() -> Self {
        Self(Sm3::new())
    }
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
    fn finalize(self) -> [u8; 32] {
        self.0.finish().0
    }
}

/// The nodes as `jmt` reads them.
struct Kept<'a>(&'a dyn NodeRead);

impl TreeReader for Kept<'_> {
    fn get_node_option(&self, key: &NodeKey) -> anyhow::Result<Option<Node>> {
        let key = borsh::to_vec(key).map_err(|error| anyhow!("{error}"))?;
        let found = self.0.node(&key).map_err(|fault| anyhow!("{fault}"))?;
        found.map(|node| borsh::from_slice(&node).map_err(|error| anyhow!("{error}"))).transpose()
    }
    /// Values stand in the state, not here: only reading proofs would want them.
    fn get_value_option(&self, _: u64, _: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        Ok(None)
    }
    /// Only for restoring, which is not done here.
    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The root as the head of this file defines it.
    fn root_of(leaves: &[(Digest, Digest)], level: usize) -> Digest {
        let is_right = |(path, _): &(Digest, Digest)| path.0[level / 8] >> (7 - level % 8) & 1 == 1;
        match leaves {
            [] => Digest(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__"),
            [(key, value)] => sm3(&[b"JMT::LeafNode", &key.0, &value.0]),
            _ => {
                let (right, left): (Vec<_>, Vec<_>) = leaves.iter().copied().partition(is_right);
                let below = [left, right].map(|half| root_of(&half, level + 1));
                sm3(&[b"JMT::IntrnalNode", &below[0].0, &below[1].0])
            }
        }
    }

    fn leaves(tree: &MemoryTree) -> usize {
        let nodes = tree.nodes.values().map(|node| borsh::from_slice(node).unwrap());
        nodes.filter(|node| matches!(node, Node::Leaf(_))).count()
    }

    type Block = Vec<(u8, Option<u8>)>;

    fn a_chain() -> impl Strategy<Value = Vec<Block>> {
        let change = (0u8..24, proptest::option::weighted(0.6, any::<u8>()));
        proptest::collection::vec(proptest::collection::vec(change, 0..12), 1..12)
    }

    fn key(number: u8) -> Vec<u8> {
        alloc::vec![b'k', number]
    }

    fn changes(block: &[(u8, Option<u8>)]) -> Changes {
        let mut changes = Changes::default();
        for (number, value) in block {
            match value {
                Some(value) => changes.put(key(*number), alloc::vec![*value]),
                None => changes.remove(key(*number)),
            }
        }
        changes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn the_root_says_what_the_state_holds_and_nothing_else(blocks in a_chain()) {
            let (mut tree, mut state) = (MemoryTree::founded(&Changes::default()).unwrap(), BTreeMap::new());
            for (height, block) in (1u64..).zip(&blocks) {
                let mut changes = changes(block);
                for (key, value) in changes.iter() {
                    match value {
                        Some(value) => state.insert(key.to_vec(), value.to_vec()),
                        None => state.remove(key),
                    };
                }
                changes.put(keys::recent(Height(height)), b"beside".to_vec());
                let update = update(&tree, Height(height), &changes).unwrap();
                prop_assert!(update.stale.iter().all(|key| tree.nodes.contains_key(key)));
                tree.commit(Height(height), &changes).unwrap();
                prop_assert_eq!(tree.root(), update.root);
                let said: Vec<_> = state.iter().map(|(key, value)| (sm3(&[key]), sm3(&[value]))).collect();
                prop_assert_eq!(tree.root(), root_of(&said, 0));
                prop_assert_eq!(leaves(&tree), state.len(), "what is stale does not stay");
            }
        }
    }

    #[test]
    fn of_each_tree_its_nodes_stay_alone() {
        let all: Vec<_> = (0..200).map(|number| (number, Some(number))).collect();
        let mut once = MemoryTree::founded(&changes(&all)).unwrap();
        let mut slowly = MemoryTree::founded(&Changes::default()).unwrap();
        for (height, block) in (1..).zip(all.chunks(7).chain([[].as_slice(), &[]])) {
            slowly.commit(Height(height), &changes(block)).unwrap();
        }
        assert_eq!((slowly.root(), slowly.nodes.len()), (once.root(), once.nodes.len()));
        let none: Vec<_> = (0..200).map(|number| (number, None)).collect();
        once.commit(Height(1), &changes(&none)).unwrap();
        assert_eq!((once.root(), once.nodes.len()), (root_of(&[], 0), 1));
    }

    #[test]
    fn what_changes_with_every_block_is_not_in_the_tree() {
        for key in [b"seen/1".as_slice(), b"recent/1", b"lapsing/1", b"receipt-log"] {
            assert!(!is_in_tree(key));
        }
        for key in [b"validators".as_slice(), b"department/1", b"open/1", b"before/validators", b"schedule"] {
            assert!(is_in_tree(key));
        }
    }

    /// Taken for empty, a tree that is missing would have a root nobody else has, and no other fault.
    #[test]
    fn a_tree_that_is_missing_or_damaged_is_a_fault() {
        let first: Vec<_> = (0..9).map(|number| (number, Some(number))).collect();
        let tree = MemoryTree::founded(&changes(&first)).unwrap();
        let all: Vec<_> = (0..9).map(|number| (number, Some(77))).collect();
        for height in [0, 1] {
            assert!(update(&tree, Height(height), &changes(&all)).is_ok());
        }
        for block in [all.as_slice(), &[]] {
            assert!(update(&tree, Height(2), &changes(block)).is_err(), "no tree of the height before");
        }
        for node in tree.nodes.keys() {
            let mut broken = tree.clone();
            broken.nodes.insert(node.clone(), alloc::vec![9, 9]);
            assert!(update(&broken, Height(1), &changes(&all)).is_err());
        }
    }
}
