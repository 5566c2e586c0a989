//! What stands where in the database. These bytes are on disk: a change needs a new version.

use borsh::{BorshDeserialize, BorshSerialize};
use ledger::ids::{Address, Height};
use ledger::tip::Tip;
use ledger::wire::{from_bytes, to_bytes};
use malachitebft_core_types::{Round, Validity};

use crate::engine::context::Announcement;
use crate::engine::signing::Sig;
use crate::fault::NodeFault;

/// The layout's version, under [`LAYOUT`].
pub(super) const VERSION: &[u8] = &[6];

macro_rules! columns {
    ($($(#[$meta:meta])* $column:ident = $name:literal;)*) => {
        /// Where a key stands.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(super) enum Column { $($(#[$meta])* $column),* }

        impl Column {
            /// All columns.
            pub(super) const ALL: &[Self] = &[$(Self::$column),*];
            /// Its name on disk.
            pub(super) const fn name(self) -> &'static str {
                match self { $(Self::$column => $name),* }
            }
        }
    };
}

columns! {
    /// Layout, chain and head.
    Meta = "meta";
    /// The state of the ledger.
    State = "state";
    /// Nodes of the tree over the state at the head.
    Tree = "tree";
    /// Height → block.
    Blocks = "blocks";
    /// Height → certificate.
    Certificates = "certificates";
    /// Transaction → height and place.
    Transactions = "transactions";
    /// Query → height, place and number of use of its record.
    Records = "records";
    /// Query → height and place of its acknowledgement.
    Deliveries = "deliveries";
    /// Height, round, block, content → who proposed it and what was found.
    Undecided = "undecided";
    /// Height, content → bytes of an undecided block.
    Bodies = "bodies";
    /// Height, validator → two messages of it that contradict each other, to be reported.
    Equivocations = "equivocations";
}

/// Key in [`Column::Meta`]: the layout's version.
pub(super) const LAYOUT: &[u8] = b"layout";
/// Key in [`Column::Meta`]: the chain.
pub(super) const CHAIN: &[u8] = b"chain";
/// Key in [`Column::Meta`]: the head.
pub(super) const TIP: &[u8] = b"tip";
/// Key in [`Column::Meta`]: the root of the tree over the state at the head.
pub(super) const STATE_ROOT: &[u8] = b"state-root";

/// A proposal that consensus may still decide.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub(crate) struct Undecided {
    /// Who proposes which block when.
    pub(crate) announcement: Announcement,
    /// The proposer's signature, so that we can pass the proposal on; none for a block caught up with.
    pub(crate) signature: Option<Sig>,
    /// What was found; none while its parent is not decided.
    pub(crate) validity: Option<Validity>,
}

pub(super) fn height(height: Height) -> [u8; 8] {
    height.0.to_be_bytes()
}

pub(super) fn undecided(undecided: &Undecided) -> Vec<u8> {
    let announcement = &undecided.announcement;
    let mut key = round(announcement.height.into(), announcement.round);
    key.extend_from_slice(&announcement.id.0);
    key.extend_from_slice(&announcement.content);
    key
}

/// The front of the keys of a round's proposals.
pub(super) fn round(at: Height, round: Round) -> Vec<u8> {
    let mut key = height(at).to_vec();
    key.extend_from_slice(&round.as_u32().unwrap_or(u32::MAX).to_be_bytes());
    key
}

/// Under the digest of the bytes, not the block's id: bytes that only share the header of a
/// block must not take its place.
pub(super) fn body(announcement: &Announcement) -> Vec<u8> {
    let mut key = height(announcement.height.into()).to_vec();
    key.extend_from_slice(&announcement.content);
    key
}

pub(super) fn equivocation(at: Height, validator: &Address) -> Vec<u8> {
    let mut key = height(at).to_vec();
    key.extend_from_slice(&validator.0);
    key
}

pub(super) fn place(at: Height, index: u32) -> Vec<u8> {
    let mut value = height(at).to_vec();
    value.extend_from_slice(&index.to_be_bytes());
    value
}

pub(super) fn read_place(value: &[u8]) -> Option<(Height, u32)> {
    let (at, index) = value.split_first_chunk::<8>()?;
    let index = u32::from_be_bytes(index.try_into().ok()?);
    Some((Height(u64::from_be_bytes(*at)), index))
}

pub(super) fn record(at: Height, index: u32, use_no: u32) -> Vec<u8> {
    let mut value = place(at, index);
    value.extend_from_slice(&use_no.to_be_bytes());
    value
}

pub(super) fn read_record(value: &[u8]) -> Option<(Height, u32, u32)> {
    let (use_no, place) = value.split_last_chunk::<4>().map(|(place, use_no)| (use_no, place))?;
    let (at, index) = read_place(place)?;
    Some((at, index, u32::from_be_bytes(*use_no)))
}

pub(super) fn tip(tip: &Tip) -> Vec<u8> {
    to_bytes(tip)
}

pub(super) fn read_tip(value: &[u8]) -> Result<Tip, NodeFault> {
    from_bytes(value).map_err(|error| NodeFault::store(format!("the head on disk is damaged: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_stand_in_order_below_their_height() {
        let first = round(Height(7), Round::new(0));
        let later = round(Height(7), Round::new(300));
        assert!(first < later);
        assert!(later < round(Height(8), Round::new(0)));
        assert!(later.starts_with(&height(Height(7))));
    }

    #[test]
    fn a_place_survives_the_disk() {
        let value = place(Height(u64::MAX), 9);
        assert_eq!(read_place(&value), Some((Height(u64::MAX), 9)));
        assert_eq!(read_place(&value[1..]), None);
        assert_eq!(read_place(&[]), None);
        let value = record(Height(7), 9, u32::MAX);
        assert_eq!(read_record(&value), Some((Height(7), 9, u32::MAX)));
        assert_eq!(read_record(&value[1..]), None);
        assert_eq!(read_record(&[1; 3]), None);
    }
}
