//! What the rules work with: the block's context, what is read, what changes, and how they say no.

use crate::ids::{Height, Time, TxId};
use crate::keys;
use crate::protocol::{Fault, Limits, Protocol};
use crate::receipt::Place;
use crate::refusal::Refusal;
use crate::request::Step;
use crate::role::{By, Role};
use crate::state::{Changes, ReadFault, StateRead};
use crate::transaction::Transaction;
use crate::views::{self, object};
use crate::wire::{Wire, to_bytes};
use alloc::vec::Vec;
use gm::domain::ChainId;

/// What a transaction may know of the block it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlockContext {
    /// The chain.
    pub chain: ChainId,
    /// The block's height.
    pub height: Height,
    /// The block's time.
    pub time: Time,
    /// The rules of its height.
    pub protocol: &'static Protocol,
}

impl BlockContext {
    /// The context of a block, under the rules of its height.
    ///
    /// # Errors
    /// [`Fault`] when the store breaks, or the rules are newer than this program.
    pub fn read(reads: &dyn StateRead, chain: ChainId, height: Height, time: Time) -> Result<Self, Fault> {
        Ok(Self { chain, height, time, protocol: views::protocol(reads, height)? })
    }
}

/// Why a transaction did not take effect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// A rule said no: goes back to who submitted it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// We could not tell: the node stops.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl From<ReadFault> for Rejection {
    fn from(fault: ReadFault) -> Self {
        Self::Fault(fault.into())
    }
}

/// What a rule works with.
pub(super) struct Rule<'a> {
    pub(super) reads: &'a dyn StateRead,
    pub(super) context: &'a BlockContext,
    pub(super) body: &'a Transaction,
    pub(super) id: TxId,
    pub(super) changes: Changes,
}

impl Rule<'_> {
    pub(super) const fn limits(&self) -> &'static Limits {
        &self.context.protocol.limits
    }

    pub(super) fn put<T: Wire>(&mut self, key: Vec<u8>, object: &T) {
        self.changes.put(key, to_bytes(object));
    }

    pub(super) fn place(&self) -> Place {
        Place { tx: self.id, height: self.context.height, at: self.context.time }
    }

    /// A step of one officer.
    pub(super) fn step(&self, by: &By) -> Step {
        let Place { tx, height, at } = self.place();
        Step { tx, height, at, by: by.clone(), second: None }
    }

    /// A step of two officers.
    pub(super) fn step_of_two(&self, by: &By, second: &By) -> Step {
        Step { second: Some(second.clone()), ..self.step(by) }
    }

    /// The next number of requests, for people.
    pub(super) fn next_request_number(&mut self) -> Result<u64, Rejection> {
        self.count(|(requests, _)| requests)
    }

    /// The next number of grants, for people.
    pub(super) fn next_grant_number(&mut self) -> Result<u64, Rejection> {
        self.count(|(_, grants)| grants)
    }

    /// The next number of inspections, for people.
    pub(super) fn next_inspection_number(&mut self) -> Result<u64, Rejection> {
        let counted: u64 = object(self.reads, keys::INSPECTIONS_COUNTED)?.unwrap_or_default();
        let number = counted.saturating_add(1);
        self.put(keys::INSPECTIONS_COUNTED.to_vec(), &number);
        Ok(number)
    }

    fn count(&mut self, of: fn(&mut (u64, u64)) -> &mut u64) -> Result<u64, Rejection> {
        let mut counters = object::<(u64, u64)>(self.reads, keys::COUNTERS)?.unwrap_or_default();
        let counter = of(&mut counters);
        *counter = counter.saturating_add(1);
        let number = *counter;
        self.put(keys::COUNTERS.to_vec(), &counters);
        Ok(number)
    }
}

pub(super) fn check_role(by: &By, role: Role) -> Result<(), Refusal> {
    if by.role == role { Ok(()) } else { Err(Refusal::RoleWrong) }
}
