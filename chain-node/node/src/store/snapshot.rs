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
use rocksdb::{Direction, IteratorMode, ReadOptions};

use super::{Store, columns};
use crate::fault::NodeFault;

/// A consistent view of the ledger. Cheap to take; keep it short, it holds old data on disk.
pub struct Snapshot<'a> {
    store: &'a Store,
    view: rocksdb::Snapshot<'a>,
    tip: Tip,
}

impl std::fmt::Debug for Snapshot<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Snapshot").field("tip", &self.tip).finish_non_exhaustive()
    }
}

impl<'a> Snapshot<'a> {
    pub(super) fn new(store: &'a Store) -> Self {
        let view = store.db().snapshot();
        let read = || -> Result<Tip, NodeFault> {
            let value = view.get_cf(store.column(columns::META)?, columns::TIP).map_err(NodeFault::store)?;
            columns::read_tip(&value.ok_or_else(|| NodeFault::store("the store has no head"))?)
        };
        let tip = read().unwrap_or_else(|fault| {
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
        self.object(columns::BLOCKS, height)
    }

    /// The certificate that decided the block of a height.
    #[must_use]
    pub fn certificate(&self, height: Height) -> Option<Certificate> {
        self.object(columns::CERTIFICATES, height)
    }

    /// Where a transaction took effect: height and place in the block, from 0.
    #[must_use]
    pub fn transaction(&self, id: TxId) -> Option<(Height, u32)> {
        let value = self.bytes(columns::TRANSACTIONS, id.as_bytes())?;
        columns::read_place(&value)
    }

    /// A decided block's bytes, as they were signed.
    pub(crate) fn block_bytes(&self, height: Height) -> Option<Vec<u8>> {
        self.bytes(columns::BLOCKS, &columns::height(height))
    }

    fn object<T: Wire>(&self, column: &'static str, height: Height) -> Option<T> {
        let value = self.bytes(column, &columns::height(height))?;
        from_bytes(&value)
            .map_err(|error| {
                self.store
                    .report(NodeFault::store(format!("{column} at height {height} is damaged: {error}")));
            })
            .ok()
    }

    /// A read that fails is reported (the node stops) and answered with nothing.
    fn bytes(&self, column: &'static str, key: &[u8]) -> Option<Vec<u8>> {
        let read = self
            .store
            .column(column)
            .and_then(|column| self.view.get_cf(column, key).map_err(NodeFault::store));
        read.map_err(|fault| self.store.report(fault)).ok().flatten()
    }
}

impl StateRead for Snapshot<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        let read = self
            .store
            .column(columns::STATE)
            .and_then(|column| self.view.get_cf(column, key).map_err(NodeFault::store));
        read.map_err(|fault| self.store.read_fault(fault))
    }

    fn scan(&self, prefix: &[u8], after: Option<&[u8]>, limit: usize) -> Result<Pairs, ReadFault> {
        let column = self.store.column(columns::STATE).map_err(|fault| self.store.read_fault(fault))?;
        let start = after.filter(|after| *after > prefix).unwrap_or(prefix);
        let mut options = ReadOptions::default();
        options.set_total_order_seek(true);
        if let Some(end) = after_prefix(prefix) {
            options.set_iterate_upper_bound(end); // what was deleted behind it need not be waded through
        }
        let mut pairs = Vec::new();
        for item in self.view.iterator_cf_opt(column, options, IteratorMode::From(start, Direction::Forward))
        {
            let (key, value) = item.map_err(|error| self.store.read_fault(NodeFault::store(error)))?;
            if pairs.len() >= limit || !key.starts_with(prefix) {
                break;
            }
            if after.is_none_or(|after| key.as_ref() > after) {
                pairs.push((key.into_vec(), value.into_vec()));
            }
        }
        Ok(pairs)
    }
}

/// The first key that is greater than all keys of a prefix; none if there is no such key.
fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if let Some(next) = last.checked_add(1) {
            end.push(next);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_ends_before_the_next() {
        assert_eq!(after_prefix(b"seen/"), Some(b"seen0".to_vec()));
        assert_eq!(after_prefix(&[1, 255, 255]), Some(vec![2]));
        assert_eq!(after_prefix(&[255]), None);
        assert_eq!(after_prefix(b""), None);
    }
}
