//! The tree of RFC 9162, section 2.1, with SM3: over receipts, rows and transactions.
//!
//! A leaf is `SM3(0x00 ‖ data)`, a node `SM3(0x01 ‖ left ‖ right)`, the empty tree SM3 of
//! nothing. All functions but [`leaf_hash`] take leaves that are digested already.

use alloc::vec::Vec;

use crate::limits::LEAVES_MAX;
use crate::sm3::{Digest, sm3};

/// The digest of a leaf's data.
pub fn leaf_hash(data: &[u8]) -> Digest {
    sm3(&[&[0], data])
}

/// The digest of an inner node.
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sm3(&[&[1], &left.0, &right.0])
}

/// The root over all leaves.
pub fn root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sm3(&[]),
        [only] => *only,
        many => {
            let (left, right) = split(many);
            node_hash(&root(left), &root(right))
        }
    }
}

/// The siblings that lead from leaf `index` (from 0) to the root, lowest first; `None` when
/// there is no such leaf.
pub fn path(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let (mut part, mut index, mut siblings) = (leaves, index, Vec::new());
    while part.len() > 1 {
        let (left, right) = split(part);
        if index < left.len() {
            siblings.push(root(right));
            part = left;
        } else {
            siblings.push(root(left));
            index -= left.len();
            part = right;
        }
    }
    siblings.reverse();
    Some(siblings)
}

/// Whether `path` shows `leaf` at `index` of the tree of `size` leaves with this root
/// (RFC 9162, section 2.1.3.2). Total: any input gives an answer.
pub fn verify(leaf: Digest, index: u64, size: u64, path: &[Digest], root: Digest) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for sibling in path {
        if last == 0 {
            return false; // longer than the tree is high
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(sibling, &hash);
            // A right border node without a sibling on this level rises unchanged.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == root
}

/// Splits two or more leaves at the largest power of two below their number.
fn split(leaves: &[Digest]) -> (&[Digest], &[Digest]) {
    leaves.split_at(leaves.len().next_power_of_two() / 2)
}

/// The right border of a growing tree: enough to add leaves and to know the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    /// Roots of the full subtrees, largest (leftmost) first: one for each bit set in `size`.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// The frontier of the empty tree.
    pub const fn new() -> Self {
        Self { size: 0, peaks: Vec::new() }
    }

    /// A stored frontier; `None` when the number of peaks does not fit the size, or the size
    /// is above [`LEAVES_MAX`].
    pub fn from_parts(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        let fits = size <= LEAVES_MAX && u32::try_from(peaks.len()) == Ok(size.count_ones());
        fits.then_some(Self { size, peaks })
    }

    /// Leaves so far.
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Roots of the full subtrees, largest first.
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Adds one leaf on the right.
    pub fn push(&mut self, leaf: Digest) {
        // Each trailing one bit of the size is a full subtree that this leaf completes.
        let (mut hash, mut bits) = (leaf, self.size);
        while bits & 1 == 1 {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            bits >>= 1;
        }
        self.peaks.push(hash);
        // Starting at most at 2^56 this cannot be reached by counting.
        self.size = self.size.saturating_add(1);
    }

    /// The root of the tree so far.
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => sm3(&[]),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

impl Default for Frontier {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn leaves(count: u64) -> Vec<Digest> {
        (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
    }

    #[test]
    fn every_path_of_every_small_tree_verifies() {
        for size in 1..=33 {
            let leaves = leaves(size);
            let root = root(&leaves);
            for (index, leaf) in leaves.iter().enumerate() {
                let path = path(&leaves, index).unwrap();
                assert!(verify(*leaf, index as u64, size, &path, root), "leaf {index} of {size}");
            }
            assert_eq!(path(&leaves, leaves.len()), None);
        }
    }

    #[test]
    fn a_path_holds_for_its_own_leaf_index_size_and_root_only() {
        for size in 1..=33u64 {
            let leaves = leaves(size);
            let root = root(&leaves);
            for (index, leaf) in (0u64..).zip(&leaves) {
                let path = path(&leaves, index as usize).unwrap();
                for other in (0..=size).filter(|other| *other != index) {
                    assert!(!verify(*leaf, other, size, &path, root), "{index} as {other} of {size}");
                }
                assert!(!verify(leaf_hash(b"other"), index, size, &path, root));
                assert!(!verify(*leaf, index, size, &path, leaf_hash(b"other")));
                let mut longer = path.clone();
                longer.push(*leaf);
                assert!(!verify(*leaf, index, size, &longer, root));
                for cut in 0..path.len() {
                    assert!(!verify(*leaf, index, size, &path[..cut], root));
                    let mut changed = path.clone();
                    changed[cut].0[0] ^= 1;
                    assert!(!verify(*leaf, index, size, &changed, root));
                }
            }
        }
    }

    #[test]
    fn a_frontier_has_the_root_of_its_leaves() {
        let leaves = leaves(300);
        let mut frontier = Frontier::new();
        for (count, leaf) in leaves.iter().enumerate() {
            assert_eq!(frontier.root(), root(&leaves[..count]));
            assert_eq!(frontier.size(), count as u64);
            let stored = Frontier::from_parts(frontier.size(), frontier.peaks().to_vec());
            assert_eq!(stored, Some(frontier.clone()));
            frontier.push(*leaf);
        }
        assert_eq!(frontier.root(), root(&leaves));
    }

    #[test]
    fn a_stored_frontier_of_another_shape_is_refused() {
        assert_eq!(Frontier::from_parts(0, Vec::new()), Some(Frontier::default()));
        assert_eq!(Frontier::from_parts(2, Vec::new()), None);
        assert_eq!(Frontier::from_parts(0, leaves(1)), None);
        assert_eq!(Frontier::from_parts(5, leaves(1)), None);
        assert_eq!(Frontier::from_parts(u64::MAX, leaves(64)), None);
        assert!(Frontier::from_parts(LEAVES_MAX, leaves(1)).is_some());
    }

    #[test]
    fn shapes_are_those_of_the_standard() {
        let l = leaves(7);
        // RFC 9162, section 2.1.5: the tree of seven leaves.
        let (g, h, i) = (node_hash(&l[0], &l[1]), node_hash(&l[2], &l[3]), node_hash(&l[4], &l[5]));
        let (k, m) = (node_hash(&g, &h), node_hash(&i, &l[6]));
        assert_eq!(root(&l), node_hash(&k, &m));
        assert_eq!(path(&l, 0), Some(alloc::vec![l[1], h, m]));
        assert_eq!(path(&l, 3), Some(alloc::vec![l[2], g, m]));
        assert_eq!(path(&l, 4), Some(alloc::vec![l[5], l[6], k]));
        assert_eq!(path(&l, 6), Some(alloc::vec![i, k]));
        assert_eq!(root(&[]), sm3(&[]));
        assert_eq!(root(&l[..1]), l[0]);
        assert!(!verify(l[0], 0, 0, &[], root(&[])));
    }

    proptest! {
        #[test]
        fn paths_of_larger_trees_verify(size in 1u64..400, pick in any::<proptest::sample::Index>()) {
            let leaves = leaves(size);
            let index = pick.index(leaves.len());
            let path = path(&leaves, index).unwrap();
            prop_assert!(verify(leaves[index], index as u64, size, &path, root(&leaves)));
        }

        #[test]
        fn any_input_gets_an_answer(
            index: u64,
            size: u64,
            path in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
            root: [u8; 32],
        ) {
            let path: Vec<Digest> = path.into_iter().map(Digest).collect();
            prop_assert!(!verify(leaf_hash(b"leaf"), index, size, &path, Digest(root)));
        }
    }
}
