//! What a block may hold, and how much of it one department: rules, so that neither a member that floods nor a
//! proposer that favours it keeps others out.
//!
//! A block has two rooms. One part in [`GOVERNANCE_PART`] is for what takes rights away and governs (rank 0), the
//! rest for everything else; neither takes from the other. One department takes one part in [`DEPARTMENT_PART`] of
//! each.

use crate::ids::DepartmentId;
use crate::limits::{
    BLOCK_BYTES_MAX, BLOCK_SIGNATURES_MAX, BLOCK_TRANSACTIONS_MAX, DEPARTMENT_PART, GOVERNANCE_PART,
};
use crate::transaction::{Encoded, Payload};
use alloc::collections::BTreeMap;

/// What transactions take of a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Bytes, signatures included.
    pub bytes: usize,
    /// Transactions.
    pub transactions: usize,
    /// Signatures that who has not seen them has to check.
    pub signatures: usize,
}

const BLOCK: Load =
    Load { bytes: BLOCK_BYTES_MAX, transactions: BLOCK_TRANSACTIONS_MAX, signatures: BLOCK_SIGNATURES_MAX };

impl Load {
    /// What one transaction takes.
    #[must_use]
    pub fn of(transaction: &Encoded) -> Self {
        let signatures = transaction.body.payload.signatures();
        Self { bytes: transaction.bytes().len(), transactions: 1, signatures }
    }

    const fn plus(self, more: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(more.bytes),
            transactions: self.transactions.saturating_add(more.transactions),
            signatures: self.signatures.saturating_add(more.signatures),
        }
    }

    const fn minus(self, less: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(less.bytes),
            transactions: self.transactions.saturating_sub(less.transactions),
            signatures: self.signatures.saturating_sub(less.signatures),
        }
    }

    /// One part in so many.
    const fn part(self, of: usize) -> Self {
        Self {
            bytes: self.bytes.div_euclid(of),
            transactions: self.transactions.div_euclid(of),
            signatures: self.signatures.div_euclid(of),
        }
    }

    const fn fits(self, room: Self) -> bool {
        self.bytes <= room.bytes
            && self.transactions <= room.transactions
            && self.signatures <= room.signatures
    }
}

/// Where in a block a transaction has its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Room {
    /// What takes rights away and what governs.
    Governance,
    /// Everything else.
    Ordinary,
}

impl Room {
    /// Where it belongs.
    #[must_use]
    pub const fn of(payload: &Payload) -> Self {
        if payload.rank() == 0 { Self::Governance } else { Self::Ordinary }
    }

    /// What it holds.
    #[must_use]
    pub const fn size(self) -> Load {
        let governance = BLOCK.part(GOVERNANCE_PART);
        match self {
            Self::Governance => governance,
            Self::Ordinary => BLOCK.minus(governance),
        }
    }
}

/// No place is left in this block.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Beyond {
    /// For anybody.
    #[error("the block is larger than allowed")]
    Block,
    /// For this department.
    #[error("{0} takes more of the block than its share")]
    Department(DepartmentId),
}

/// What was taken of a block so far.
#[derive(Clone, Debug, Default)]
pub struct Shares {
    rooms: BTreeMap<Room, Load>,
    departments: BTreeMap<(Room, DepartmentId), Load>,
}

impl Shares {
    /// Takes a transaction's place, or leaves everything as it is.
    ///
    /// # Errors
    /// [`Beyond`].
    pub fn take(&mut self, transaction: &Encoded) -> Result<(), Beyond> {
        let (load, room) = (Load::of(transaction), Room::of(&transaction.body.payload));
        let of_all = self.rooms.entry(room).or_default();
        let all = of_all.plus(load);
        if !all.fits(room.size()) {
            return Err(Beyond::Block);
        }
        let department = &transaction.body.department;
        let of_department = self.departments.entry((room, department.clone())).or_default();
        let own = of_department.plus(load);
        if !own.fits(room.size().part(DEPARTMENT_PART)) {
            return Err(Beyond::Department(department.clone()));
        }
        (*of_all, *of_department) = (all, own);
        Ok(())
    }
}
