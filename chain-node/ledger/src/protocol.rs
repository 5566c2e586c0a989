//! Which rules hold at which height. Bounds and rules belong to a version of the protocol; each version holds from a
//! height on that the chain itself says, so that the newest program replays old blocks under the rules they were made by.
//!
//! What else decides whether bytes are accepted belongs to a version too: the tables of Unicode's normal form (a crate
//! that is pinned exactly in the workspace's manifest), and SM2 and SM3 themselves.

use crate::ids::Height;
use crate::limits;
use crate::state::ReadFault;
use crate::wire::{In, Out, Wire, WireError};
use alloc::vec::Vec;

macro_rules! limits {
    ($($field:ident: $type:ty = $constant:ident;)*) => {
        /// The bounds that rules keep. What each means stands at the constant that gives its value in version 1.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct Limits {
            $(#[doc = concat!("[`limits::", stringify!($constant), "`] in version 1.")] pub $field: $type,)*
        }

        impl Limits {
            const V1: Self = Self { $($field: limits::$constant),* };
        }
    };
}

limits! {
    transaction_bytes: usize = TRANSACTION_BYTES_MAX;
    block_bytes: usize = BLOCK_BYTES_MAX;
    block_transactions: usize = BLOCK_TRANSACTIONS_MAX;
    block_signatures: usize = BLOCK_SIGNATURES_MAX;
    governance_part: usize = GOVERNANCE_PART;
    department_part: usize = DEPARTMENT_PART;
    transaction_wait_ms: u64 = TRANSACTION_WAIT_MS_MAX;
    recent_heights: u64 = RECENT_HEIGHTS;
    forgotten_per_block: usize = FORGOTTEN_PER_BLOCK;
    entry_bytes: usize = ENTRY_BYTES_MAX;
    code_fronts: usize = CODE_FRONTS_MAX;
    items: usize = ITEMS_MAX;
    conditions: usize = CONDITIONS_MAX;
    quota: u32 = QUOTA_MAX;
    period_ms: u64 = PERIOD_MS_MAX;
    deliveries: usize = DELIVERIES_MAX;
    departments: usize = DEPARTMENTS_MAX;
    validators: usize = VALIDATORS_MAX;
    policy_rows: usize = POLICY_ROWS_MAX;
    obligations: usize = OBLIGATIONS_MAX;
    promoted_per_block: usize = PROMOTED_PER_BLOCK;
    credits_forgotten_per_block: usize = CREDITS_FORGOTTEN_PER_BLOCK;
    loosening_ms: u64 = LOOSENING_MS_MAX;
    roster: u64 = ROSTER_MAX;
    rosters_kept: usize = ROSTERS_KEPT;
    inspection_scope: usize = INSPECTION_SCOPE_MAX;
    inspection_ms: u64 = INSPECTION_MS_MAX;
    inspections_open: usize = INSPECTIONS_OPEN_MAX;
    equivocations_newest: usize = EQUIVOCATIONS_NEWEST;
    turns_waited: u32 = TURNS_WAITED_MAX;
    looks: usize = LOOKS_MAX;
    looks_grace_ms: u64 = LOOKS_GRACE_MS;
}

/// One version of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protocol {
    /// Its number, as genesis files, headers, transactions and tickets name it.
    pub version: u16,
    /// Its bounds.
    pub limits: Limits,
}

/// The chain follows a version of the protocol that this program does not know. Not a refusal: the program is too old to
/// tell what the rules say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "version {0} of the protocol is not known here, which knows version {known}: install a newer program",
    known = Protocol::NEWEST.version
)]
pub struct UnknownVersion(pub u16);

impl Protocol {
    const V1: Self = Self { version: 1, limits: Limits::V1 };

    /// The newest version that this program knows: what chains are founded with.
    pub const NEWEST: &'static Self = &Self::V1;

    /// The version of this number.
    ///
    /// # Errors
    /// [`UnknownVersion`].
    pub const fn of(version: u16) -> Result<&'static Self, UnknownVersion> {
        match version {
            1 => Ok(&Self::V1),
            other => Err(UnknownVersion(other)),
        }
    }
}

/// From which height on which version holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Vec<(Height, u16)>);

impl Schedule {
    /// One version from the beginning.
    #[must_use]
    pub fn founded(version: u16) -> Self {
        Self(alloc::vec![(Height(0), version)])
    }

    /// The rules at a height.
    ///
    /// # Errors
    /// [`UnknownVersion`] when they are newer than this program.
    pub fn at(&self, height: Height) -> Result<&'static Protocol, UnknownVersion> {
        let last = self.0.iter().rev().find(|(from, _)| *from <= height);
        Protocol::of(last.map_or(0, |(_, version)| *version))
    }
}

impl Wire for Schedule {
    fn put(&self, out: &mut Out) {
        self.0.put(out);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        let list: Vec<(Height, u16)> = Wire::take(input)?;
        let begins = list.first().is_some_and(|(from, _)| *from == Height(0));
        if begins && list.is_sorted_by(|(a, earlier), (b, later)| a < b && earlier < later) {
            Ok(Self(list))
        } else {
            Err(WireError::Order)
        }
    }
}

/// Why this node cannot tell what the rules say: it stops. Never a refusal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The store broke.
    #[error(transparent)]
    Read(#[from] ReadFault),
    /// The program is too old.
    #[error(transparent)]
    Outdated(#[from] UnknownVersion),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{from_bytes, to_bytes};
    use alloc::vec;

    fn schedule(list: &[(u64, u16)]) -> Vec<u8> {
        let list: Vec<_> = list.iter().map(|(from, version)| (Height(*from), *version)).collect();
        to_bytes(&list)
    }

    #[test]
    fn a_version_holds_from_its_height_on() {
        let two: Schedule = from_bytes(&schedule(&[(0, 1), (9, 2)])).unwrap();
        for height in [0, 1, 8] {
            assert_eq!(two.at(Height(height)), Ok(Protocol::NEWEST), "{height}");
        }
        for height in [9, 10, u64::MAX] {
            assert_eq!(two.at(Height(height)), Err(UnknownVersion(2)), "{height}");
        }
        assert_eq!(Schedule::founded(1), from_bytes(&schedule(&[(0, 1)])).unwrap());
    }

    #[test]
    fn a_schedule_begins_at_the_beginning_and_goes_up() {
        for wrong in [vec![], vec![(1, 1)], vec![(0, 1), (0, 2)], vec![(0, 1), (5, 1)], vec![(0, 2), (5, 1)]]
        {
            assert_eq!(from_bytes::<Schedule>(&schedule(&wrong)), Err(WireError::Order), "{wrong:?}");
        }
    }

    #[test]
    fn an_unknown_version_says_what_to_do() {
        for unknown in [0, 2, u16::MAX] {
            let said = alloc::format!("{}", Protocol::of(unknown).unwrap_err());
            assert!(said.contains(&alloc::format!("version {unknown} ")) && said.contains("newer program"));
        }
        assert_eq!(Protocol::of(Protocol::NEWEST.version), Ok(Protocol::NEWEST));
    }
}
