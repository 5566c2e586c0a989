//! The authenticated tree over the state: its root says every fact of the state, and of every key that it is not there.
//! A sparse Merkle tree of 256 levels in which a subtree of one leaf is that leaf (Jellyfish, by the crate `jmt`, over SM3):
//!
//! ```text
//! leaf(key, value) = SM3("JMT::LeafNode" ‖ SM3(key) ‖ SM3(value))
//! node(left, right) = SM3("JMT::IntrnalNode" ‖ left ‖ right)        empty = "SPARSE_MERKLE_PLACEHOLDER_HASH__"
//! ```
//!
//! The node keeps the tree's nodes; here is what follows from them. Proofs are checked without `jmt`.

use crate::ids::Height;
use crate::keys;
use crate::state::{Changes, ReadFault};
use alloc::format;
use alloc::string::ToString;
use alloc::vec::Vec;
use anyhow::anyhow;
use borsh::BorshDeserialize;
use gm::sm3::{Digest, Sm3, digest_eq, sm3};
use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};
use jmt::{JellyfishMerkleTree, KeyHash, OwnedValue, SimpleHasher};

const LEAF: &[u8] = b"JMT::LeafNode";
const NODE: &[u8] = b"JMT::IntrnalNode";
/// The root of an empty tree, and of every empty subtree.
pub const EMPTY: Digest = Digest(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__");
/// Levels of the tree: bits of a key's digest.
const LEVELS: usize = 256;

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
    pub nodes: Vec<(Vec<u8>, Vec<u8>)>,
    /// Nodes that are of no later tree: whoever wants no proofs at older heights drops them.
    pub stale: Vec<Vec<u8>>,
}

/// Whether a key of the state is in the tree. Recent ids and times, what lapses when, and the receipt log's frontier (which
/// headers say) are not: they change with every block, and a node that joins makes them again from recent blocks.
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
    let tree = JellyfishMerkleTree::<_, Hasher>::new(&kept);
    let changed = changes.iter().filter(|(key, _)| is_in_tree(key));
    let values = changed.map(|(key, value)| (key_hash(key), value.map(<[u8]>::to_vec)));
    let (root, batch) = tree.put_value_set(values, height.0).map_err(damaged)?;
    let mut nodes = Vec::with_capacity(batch.node_batch.nodes().len());
    for (key, node) in batch.node_batch.nodes() {
        nodes.push((bytes(key)?, bytes(node)?));
    }
    let stale = batch.stale_node_index_batch.iter().map(|index| bytes(&index.node_key));
    Ok(TreeUpdate { root: Digest(root.0), nodes, stale: stale.collect::<Result<_, _>>()? })
}

crate::wire_struct! {
    /// That a key has a value in a state, or has none.
    pub struct StateProof {
        /// The leaf at the end of the key's path: digests of its key and value. None where the path ends empty.
        pub leaf: Option<(Digest, Digest)>,
        /// What stands beside the path, from its end to the root.
        pub siblings: Vec<Digest>,
    }
}

/// The proof of what a key is in the state after the block of a height.
///
/// # Errors
/// [`ReadFault`] when the store breaks or no longer holds that tree.
pub fn prove(reads: &dyn NodeRead, height: Height, key: &[u8]) -> Result<StateProof, ReadFault> {
    let kept = Kept(reads);
    let tree = JellyfishMerkleTree::<_, Hasher>::new(&kept);
    let (_, proof) = tree.get_with_proof(key_hash(key), height.0).map_err(damaged)?;
    // What `jmt` says of siblings beyond their digests serves proofs of changes, which nobody makes here.
    let told: Told = borsh::from_slice(&bytes(&proof)?).map_err(|error| ReadFault(error.to_string()))?;
    let siblings = told.siblings.iter().map(Sibling::digest).collect();
    Ok(StateProof { leaf: told.leaf.map(|(key, value)| (Digest(key), Digest(value))), siblings })
}

impl StateProof {
    /// Whether it proves that a key has this value in the state of a root, or none.
    #[must_use]
    pub fn holds(&self, root: &Digest, key: &[u8], value: Option<&[u8]>) -> bool {
        let path = sm3(&[key]);
        let fits = match (&self.leaf, value) {
            (Some((of, digest)), Some(value)) => *of == path && *digest == sm3(&[value]),
            // Another leaf stands where the key would.
            (Some((of, _)), None) => *of != path && common_bits(of, &path) >= self.siblings.len(),
            (None, None) => true,
            (None, Some(_)) => false,
        };
        if !fits || self.siblings.len() > LEVELS {
            return false;
        }
        let start = self.leaf.map_or(EMPTY, |(key, value)| sm3(&[LEAF, &key.0, &value.0]));
        let levels = (0..self.siblings.len()).rev();
        let computed = levels.zip(&self.siblings).fold(start, |below, (level, beside)| {
            let (left, right) = if is_right(&path, level) { (*beside, below) } else { (below, *beside) };
            sm3(&[NODE, &left.0, &right.0])
        });
        digest_eq(&computed, root)
    }
}

/// Which way a path turns at a level, counted from the root.
fn is_right(path: &Digest, level: usize) -> bool {
    path.0.get(level / 8).is_some_and(|byte| byte >> (7 - level % 8) & 1 == 1)
}

/// How many levels two paths have in common.
fn common_bits(one: &Digest, other: &Digest) -> usize {
    (0..LEVELS).take_while(|level| is_right(one, *level) == is_right(other, *level)).count()
}

fn key_hash(key: &[u8]) -> KeyHash {
    KeyHash(sm3(&[key]).0)
}

fn bytes(object: &impl borsh::BorshSerialize) -> Result<Vec<u8>, ReadFault> {
    borsh::to_vec(object).map_err(|error| ReadFault(error.to_string()))
}

fn damaged(error: anyhow::Error) -> ReadFault {
    ReadFault(format!("the tree over the state is damaged: {error}"))
}

/// A proof as `jmt` writes it.
#[derive(BorshDeserialize)]
struct Told {
    leaf: Option<([u8; 32], [u8; 32])>,
    siblings: Vec<Sibling>,
}

#[derive(BorshDeserialize)]
enum Sibling {
    Empty,
    Node([u8; 32], [u8; 32]),
    Leaf([u8; 32], [u8; 32]),
}

impl Sibling {
    fn digest(&self) -> Digest {
        match self {
            Self::Empty => EMPTY,
            Self::Node(left, right) => sm3(&[NODE, left, right]),
            Self::Leaf(key, value) => sm3(&[LEAF, key, value]),
        }
    }
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
    /// Values stand in the state, not here; a proof is made without them.
    fn get_value_option(&self, _: u64, _: KeyHash) -> anyhow::Result<Option<OwnedValue>> {
        Ok(Some(Vec::new()))
    }
    /// Only for restoring, which is not done here.
    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    #[derive(Default)]
    struct Memory(BTreeMap<Vec<u8>, Vec<u8>>);

    impl NodeRead for Memory {
        fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
            Ok(self.0.get(key).cloned())
        }
    }

    impl Memory {
        /// Takes a block's changes over, and forgets what is stale.
        fn take(&mut self, height: u64, changes: &Changes) -> Digest {
            let TreeUpdate { root, nodes, stale } = update(self, Height(height), changes).unwrap();
            self.0.extend(nodes);
            for key in stale {
                self.0.remove(&key).expect("what is stale was there");
            }
            root
        }
    }

    /// The root as the head of this file defines it.
    fn root_of(leaves: &[(Digest, Digest)], level: usize) -> Digest {
        match leaves {
            [] => EMPTY,
            [(key, value)] => sm3(&[LEAF, &key.0, &value.0]),
            _ => {
                let (right, left): (Vec<_>, Vec<_>) =
                    leaves.iter().copied().partition(|(key, _)| is_right(key, level));
                sm3(&[NODE, &root_of(&left, level + 1).0, &root_of(&right, level + 1).0])
            }
        }
    }

    type Block = Vec<(u8, Option<u8>)>;

    fn a_chain() -> impl Strategy<Value = Vec<Block>> {
        let change = (0u8..24, proptest::option::weighted(0.7, any::<u8>()));
        proptest::collection::vec(proptest::collection::vec(change, 0..12), 1..12)
    }

    fn key(number: u8) -> Vec<u8> {
        alloc::vec![b'k', number]
    }

    proptest! {
        #[test]
        fn the_tree_says_what_the_state_holds_and_nothing_else(blocks in a_chain()) {
            let (mut memory, mut state) = (Memory::default(), BTreeMap::new());
            for (height, block) in (0u64..).zip(&blocks) {
                let mut changes = Changes::default();
                for (number, value) in block {
                    match value {
                        Some(value) => changes.put(key(*number), alloc::vec![*value]),
                        None => changes.remove(key(*number)),
                    }
                }
                for (key, value) in changes.iter() {
                    match value {
                        Some(value) => state.insert(key.to_vec(), value.to_vec()),
                        None => state.remove(key),
                    };
                }
                let root = memory.take(height, &changes);
                let leaves: Vec<_> = state.iter().map(|(key, value)| (sm3(&[key]), sm3(&[value]))).collect();
                prop_assert_eq!(root, root_of(&leaves, 0));
                for number in 0..26 {
                    let key = key(number);
                    let value = state.get(&key).map(Vec::as_slice);
                    let proof = prove(&memory, Height(height), &key).unwrap();
                    prop_assert!(proof.holds(&root, &key, value));
                    prop_assert!(!proof.holds(&root, &key, Some(b"another")));
                    prop_assert!(value.is_none() || !proof.holds(&root, &key, None));
                    prop_assert!(!proof.holds(&Digest([7; 32]), &key, value));
                    let mut longer = proof.clone();
                    longer.siblings.push(EMPTY);
                    prop_assert!(!longer.holds(&root, &key, value));
                }
            }
        }
    }

    #[test]
    fn what_changes_with_every_block_is_not_in_the_tree() {
        for key in [b"seen/1".as_slice(), b"recent/1", b"lapsing/1", b"receipt-log"] {
            assert!(!is_in_tree(key));
        }
        for key in [b"validators".as_slice(), b"department/1", b"open/1", b"before/validators"] {
            assert!(is_in_tree(key));
        }
    }

    #[test]
    fn a_node_that_is_missing_or_damaged_is_a_fault() {
        let mut memory = Memory::default();
        let mut changes = Changes::default();
        (0..9).for_each(|number| changes.put(key(number), alloc::vec![number]));
        memory.take(0, &changes);
        let mut later = Changes::default();
        later.put(key(3), alloc::vec![77]);
        assert!(update(&memory, Height(9), &later).is_err(), "no tree of the height before");
        for node in memory.0.keys() {
            let mut broken = Memory(memory.0.clone());
            broken.0.insert(node.clone(), alloc::vec![9, 9]);
            let all: Vec<_> = (0..9).map(|number| prove(&broken, Height(0), &key(number))).collect();
            assert!(all.iter().any(Result::is_err));
        }
    }
}
