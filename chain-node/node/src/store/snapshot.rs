//! The ledger as it stood at one head: every read through it sees the same height.

use std::cell::RefCell;
use std::sync::Arc;

use gm::domain::ChainId;
use gm::sm3::Digest;
use ledger::block::Block;
use ledger::certificate::Certificate;
use ledger::equivocation::Equivocation;
use ledger::genesis::Genesis;
use ledger::history::HistoryRead;
use ledger::ids::{Height, QueryId, TxId};
use ledger::receipt::Record;
use ledger::state::{Pairs, ReadFault, StateRead};
use ledger::tip::Tip;
use ledger::wire::{Wire, from_bytes};

use super::columns::Column;
use super::database::{View, after_prefix};
use super::{Store, columns};
use crate::fault::NodeFault;
use crate::limits::EQUIVOCATIONS_MAX;

/// A consistent view of the ledger. Cheap to take; keep it short, it holds old data on disk.
pub struct Snapshot<'a> {
    store: &'a Store,
    view: View<'a>,
    tip: Tip,
    /// The block that a record was read from last: who reads records reads several of one block.
    last: RefCell<Option<(Height, Arc<Block>)>>,
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("tip", &self.tip).finish_non_exhaustive()
    }
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        let view = store.view();
        let tip = Store::head(&view).unwrap_or_else(|fault| {
            store.report(fault); // the node stops; until then the view goes on with the head last written
            store.last_tip()
        });
        Self { store, view, tip, last: RefCell::default() }
    }

    /// The head this view stands at.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        self.tip
    }

    /// The root of the tree over the state at this head, which the next header carries.
    ///
    /// # Errors
    /// [`ReadFault`] when the store breaks.
    pub fn state_root(&self) -> Result<Digest, ReadFault> {
        let found =
            self.view.get(Column::Meta, columns::STATE_ROOT).map_err(|fault| self.store.read_fault(fault))?;
        let root = found.and_then(|value| <[u8; 32]>::try_from(value).ok());
        root.map(Digest).ok_or_else(|| self.damaged("the head has no state root"))
    }

    /// The chain.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.store.chain()
    }

    /// The chain's beginning.
    #[must_use]
    pub fn genesis(&self) -> &Arc<Genesis> {
        self.store.genesis()
    }

    /// The decided block of a height; none above the head and at height 0.
    #[must_use]
    pub fn block(&self, height: Height) -> Option<Block> {
        self.object(Column::Blocks, height)
    }

    /// The certificate that decided the block of a height.
    #[must_use]
    pub fn certificate(&self, height: Height) -> Option<Certificate> {
        self.object(Column::Certificates, height)
    }

    /// Where a transaction took effect: height and place in the block, from 0.
    #[must_use]
    pub fn transaction(&self, id: TxId) -> Option<(Height, u32)> {
        let value = self.bytes(Column::Transactions, id.as_bytes())?;
        columns::read_place(&value)
    }

    /// Equivocations that this node saw and the chain does not know yet, oldest first.
    #[must_use]
    pub fn equivocations(&self) -> Vec<Equivocation> {
        let found = self.view.range(Column::Equivocations, &[], None, EQUIVOCATIONS_MAX);
        let kept = found.map_err(|fault| self.store.report(fault)).unwrap_or_default();
        kept.iter().filter_map(|(_, value)| self.read(Column::Equivocations, value)).collect()
    }

    /// A decided block's bytes, as they were signed.
    pub(crate) fn block_bytes(&self, height: Height) -> Option<Vec<u8>> {
        self.bytes(Column::Blocks, &columns::height(height))
    }

    /// The bytes of the certificate that decided the block of a height.
    pub(crate) fn certificate_bytes(&self, height: Height) -> Option<Vec<u8>> {
        self.bytes(Column::Certificates, &columns::height(height))
    }

    fn object<T: Wire>(&self, column: Column, height: Height) -> Option<T> {
        self.read(column, &self.bytes(column, &columns::height(height))?)
    }

    fn read<T: Wire>(&self, column: Column, value: &[u8]) -> Option<T> {
        let damaged = |error| NodeFault::store(format!("an object of {} is damaged: {error}", column.name()));
        from_bytes(value).map_err(|error| self.store.report(damaged(error))).ok()
    }

    /// A read that fails is reported (the node stops) and answered with nothing.
    fn bytes(&self, column: Column, key: &[u8]) -> Option<Vec<u8>> {
        self.view.get(column, key).map_err(|fault| self.store.report(fault)).ok().flatten()
    }
}

impl HistoryRead for Snapshot<'_> {
    fn record(&self, query: &QueryId) -> Result<Option<Record>, ReadFault> {
        let Some((height, index, use_no)) = self.indexed(Column::Records, query, columns::read_record)?
        else {
            return Ok(None);
        };
        let block = self.held(height)?;
        let delivery = match self.indexed(Column::Deliveries, query, columns::read_place)? {
            Some((at, index)) => Some((self.held(at)?, index)),
            None => None,
        };
        let delivery = delivery.as_ref().map(|(block, index)| (block.as_ref(), *index));
        match Record::from_block(&block, index, use_no, delivery) {
            Some(record) => Ok(Some(record)),
            None => Err(self.damaged(&format!("the index of records names no record at height {height}"))),
        }
    }
}

impl Snapshot<'_> {
    /// What an index of queries says, in the form that `read` knows.
    fn indexed<T>(
        &self,
        column: Column,
        query: &QueryId,
        read: fn(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, ReadFault> {
        let found = self.view.get(column, &query.0).map_err(|fault| self.store.read_fault(fault))?;
        let damaged = || self.damaged(&format!("the index {} is damaged", column.name()));
        found.map(|value| read(&value).ok_or_else(damaged)).transpose()
    }

    /// A block that an index names.
    fn held(&self, height: Height) -> Result<Arc<Block>, ReadFault> {
        if let Some((at, block)) = &*self.last.borrow()
            && *at == height
        {
            return Ok(Arc::clone(block));
        }
        let missing =
            || self.damaged(&format!("an index names a block that is not here, at height {height}"));
        let block = Arc::new(self.block(height).ok_or_else(missing)?);
        self.last.replace(Some((height, Arc::clone(&block))));
        Ok(block)
    }

    fn damaged(&self, what: &str) -> ReadFault {
        self.store.read_fault(NodeFault::store(what))
    }
}

impl StateRead for Snapshot<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        self.view.get(Column::State, key).map_err(|fault| self.store.read_fault(fault))
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Pairs, ReadFault> {
        // The next key after another is the same with a zero behind it.
        let next = after.filter(|after| *after >= prefix).map(|after| [after, &[0]].concat());
        let from = next.as_deref().unwrap_or(prefix);
        self.view
            .range(Column::State, from, after_prefix(prefix).as_deref(), limit)
            .map_err(|fault| self.store.read_fault(fault))
    }
}
