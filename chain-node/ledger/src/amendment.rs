//! Amendments (策略修订): how a layer's policy changes. A whole set is drafted, countersigned by a second
//! officer, and comes in force: at once when it only narrows, after the chain's `loosening_ms` otherwise.

use crate::ids::{DepartmentId, Height, PolicyVersion, Time};
use crate::policy::{PolicyOwner, PolicySet};
use crate::request::Step;
use crate::role::By;
use gm::sm3::Digest;

crate::wire_struct! {
    /// Proposes the next version of a layer, whole.
    pub struct DraftPolicy {
        /// The set: its number is one above the one in force, its `previous` that one's version.
        pub set: PolicySet,
        /// Salted commitment to the reason.
        pub reason: Option<Digest>,
        /// The officer who drafted.
        pub by: By,
    }
}

crate::wire_struct! {
    /// A second officer's word for a draft.
    pub struct CountersignPolicy {
        /// Whose layer.
        pub owner: PolicyOwner,
        /// The draft's version.
        pub version: PolicyVersion,
        /// The officer who countersigned; never who drafted.
        pub by: By,
    }
}

crate::wire_struct! {
    /// Takes back a draft, or a countersigned set that is not in force yet.
    pub struct WithdrawPolicy {
        /// Whose layer.
        pub owner: PolicyOwner,
        /// The version taken back.
        pub version: PolicyVersion,
        /// The officer who withdrew.
        pub by: By,
    }
}

crate::wire_struct! {
    /// Which department writes a layer that is no department's own.
    #[derive(PartialOrd, Ord)]
    pub struct Stewardship {
        /// The nation or a province.
        pub owner: PolicyOwner,
        /// Whose officers draft and countersign.
        pub steward: DepartmentId,
    }
}

crate::wire_struct! {
    /// A set that waits for a second officer.
    pub struct Draft {
        /// The set.
        pub set: PolicySet,
        /// Salted commitment to the reason.
        pub reason: Option<Digest>,
        /// Its drafting.
        pub drafted: Step,
    }
}

crate::wire_struct! {
    /// A countersigned set that waits for its time.
    pub struct Pending {
        /// What was drafted.
        pub draft: Draft,
        /// Its countersignature.
        pub countersigned: Step,
        /// In force from the first block at or after this time.
        pub due: Time,
    }
}

crate::wire_struct! {
    /// A set that is or was in force.
    pub struct Enacted {
        /// Its version.
        pub version: PolicyVersion,
        /// The set.
        pub set: PolicySet,
        /// Salted commitment to the reason.
        pub reason: Option<Digest>,
        /// Its drafting and its countersignature; none for what the genesis file founded.
        pub steps: Option<(Step, Step)>,
        /// In force from this block, for everything in it that is not governance.
        pub since: Height,
        /// That block's time.
        pub at: Time,
    }
}

impl PolicyOwner {
    /// What an officer's pseudonym is made for in all steps of this owner's policies: the same person is seen
    /// as the same there, and as a stranger everywhere else.
    #[must_use]
    pub fn object(&self) -> alloc::vec::Vec<u8> {
        alloc::format!("policy/{self}").into_bytes()
    }
}
