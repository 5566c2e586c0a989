//! The ledger as it stood at one head: every read through it sees the same height.

use std::sync::Arc;

use gm::domain::ChainId;
use ledger::block::Block;
use ledger::certificate::Certificate;
use ledger::genesis::Genesis;
use ledger::ids::{Height, TxId};
use ledger::state::{Pairs, ReadFault, StateRead};
use ledger::tip::Tip;
use ledger::wire::{Wire, from_bytes};

use super::columns::Column;
use super::database::{View, after_prefix};
use super::{Store, columns};
use crate::fault::NodeFault;

/// A consistent view of the ledger. Cheap to take; keep it short, it holds old data on disk.
pub struct Snapshot<'a> {
    store: &'a Store,
    view: View<'a>,
    tip: Tip,
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
        Self { store, view, tip }
    }

    /// The head this view stands at.
    #[must_use]
    pub const fn tip(&self) -> Tip {
        self.tip
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

    /// A decided block's bytes, as they were signed.
    pub(crate) fn block_bytes(&self, height: Height) -> Option<Vec<u8>> {
        self.bytes(Column::Blocks, &columns::height(height))
    }

    /// The bytes of the certificate that decided the block of a height.
    pub(crate) fn certificate_bytes(&self, height: Height) -> Option<Vec<u8>> {
        self.bytes(Column::Certificates, &columns::height(height))
    }

    fn object<T: Wire>(&self, column: Column, height: Height) -> Option<T> {
        let value = self.bytes(column, &columns::height(height))?;
        from_bytes(&value)
            .map_err(|error| {
                self.store.report(NodeFault::store(format!(
                    "{} at height {height} is damaged: {error}",
                    column.name()
                )));
            })
            .ok()
    }

    /// A read that fails is reported (the node stops) and answered with nothing.
    fn bytes(&self, column: Column, key: &[u8]) -> Option<Vec<u8>> {
        self.view.get(column, key).map_err(|fault| self.store.report(fault)).ok().flatten()
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
