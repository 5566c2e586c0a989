//! What a block may hold, and how much of it one department: rules, so that neither a member that floods nor a
//! proposer that favours it keeps others out.
//!
//! A block has two rooms. One part in `governance_part` is for what takes rights away and governs (rank 0), the
//! rest for everything else; neither takes from the other. One department takes one part in `department_part` of
//! each.

use crate::ids::DepartmentId;
use crate::protocol::Limits;
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
    pub const fn size(self, limits: &Limits) -> Load {
        let block = Load {
            bytes: limits.block_bytes,
            transactions: limits.block_transactions,
            signatures: limits.block_signatures,
        };
        let governance = block.part(limits.governance_part);
        match self {
            Self::Governance => governance,
            Self::Ordinary => block.minus(governance),
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
#[derive(Clone, Debug)]
pub struct Shares {
    limits: &'static Limits,
    rooms: BTreeMap<Room, Load>,
    departments: BTreeMap<(Room, DepartmentId), Load>,
}

impl Shares {
    /// Nothing is taken yet of a block under these limits.
    #[must_use]
    pub const fn new(limits: &'static Limits) -> Self {
        Self { limits, rooms: BTreeMap::new(), departments: BTreeMap::new() }
    }

    /// Takes a transaction's place, or leaves everything as it is.
    ///
    /// # Errors
    /// [`Beyond`].
    pub fn take(&mut self, transaction: &Encoded) -> Result<(), Beyond> {
        let (load, room) = (Load::of(transaction), Room::of(&transaction.body.payload));
        let of_all = self.rooms.entry(room).or_default();
        let all = of_all.plus(load);
        if !all.fits(room.size(self.limits)) {
            return Err(Beyond::Block);
        }
        let department = &transaction.body.department;
        let of_department = self.departments.entry((room, department.clone())).or_default();
        let own = of_department.plus(load);
        if !own.fits(room.size(self.limits).part(self.limits.department_part)) {
            return Err(Beyond::Department(department.clone()));
        }
        (*of_all, *of_department) = (all, own);
        Ok(())
    }
}
