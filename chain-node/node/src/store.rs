//! The node's memory: blocks, certificates, state and proposals in one database.
//!
//! Called by the replica (writes) and by snapshots (reads). A decided block with everything
//! that follows from it is one synced batch. Proposals are synced before anyone may vote on
//! them: after a crash the engine's log knows only their ids.

mod batch;
pub(crate) mod columns;
pub(crate) mod database;
mod folder;
#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod snapshot;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use gm::domain::ChainId;
use ledger::block::Block;
use ledger::certificate::Certificate;
use ledger::equivocation::Equivocation;
use ledger::genesis::Genesis;
use ledger::ids::{Address, Height};
use ledger::index::{self, Indexed};
use ledger::state::{Changes, ReadFault};
use ledger::tip::Tip;
use ledger::tree::{self, NodeRead, TreeUpdate};
use ledger::views;
use ledger::wire::to_bytes;
use malachitebft_core_types::Round;
use tokio::sync::watch;

use self::batch::{Batch, Lasts};
use self::columns::{Column, Undecided};
use self::database::{Database, View};
use self::snapshot::Snapshot;
use crate::engine::context::Announcement;
use crate::fault::NodeFault;
use crate::limits::EQUIVOCATIONS_MAX;

/// What one node remembers.
pub(crate) struct Store {
    database: Database,
    chain: ChainId,
    genesis: Arc<Genesis>,
    tip: Mutex<Tip>,
    members_changed: AtomicU64,
    failure: watch::Sender<Option<NodeFault>>,
}

/// A decided block on its way to the disk.
pub(crate) struct Decided<'a> {
    /// The block.
    pub(crate) block: &'a Block,
    /// Its bytes, as they were signed.
    pub(crate) bytes: &'a [u8],
    /// What decided it.
    pub(crate) certificate: &'a Certificate,
    /// What it changes.
    pub(crate) changes: &'a Changes,
    /// What that makes of the tree over the state.
    pub(crate) tree: &'a TreeUpdate,
    /// The head it makes.
    pub(crate) tip: &'a Tip,
}

impl Store {
    /// The store of this chain in a database, begun at genesis if the database is empty.
    ///
    /// # Errors
    /// [`NodeFault::OtherChain`], or what broke.
    pub(crate) fn open(
        database: Database,
        genesis: Arc<Genesis>,
        failure: watch::Sender<Option<NodeFault>>,
    ) -> Result<Self, NodeFault> {
        let (changes, first) = genesis.initial();
        let store = Self {
            database,
            chain: genesis.chain(),
            genesis,
            tip: Mutex::new(first),
            members_changed: AtomicU64::new(0),
            failure,
        };
        let view = store.view();
        if view.get(Column::Meta, columns::TIP)?.is_none() {
            let mut batch = Batch::default();
            batch.put(Column::Meta, columns::LAYOUT, columns::VERSION);
            batch.put(Column::Meta, columns::CHAIN, store.chain.as_bytes());
            let tree = tree::update(&view, first.height, &changes).map_err(NodeFault::read)?;
            put_head(&mut batch, &changes, &tree, &first);
            store.database.write(batch, Lasts::Always)?;
            drop(view);
            return Ok(store);
        }
        if view.get(Column::Meta, columns::CHAIN)?.as_deref() != Some(store.chain.as_bytes()) {
            return Err(NodeFault::OtherChain);
        }
        if view.get(Column::Meta, columns::LAYOUT)?.as_deref() != Some(columns::VERSION) {
            return Err(NodeFault::store(
                "the data directory was written by another version of the program: run that version, or found the chain anew",
            ));
        }
        *store.tip.lock().unwrap_or_else(PoisonError::into_inner) = Self::head(&view)?;
        drop(view);
        Ok(store)
    }

    /// The chain.
    pub(crate) fn chain(&self) -> ChainId {
        self.chain
    }

    /// The chain's beginning.
    pub(crate) fn genesis(&self) -> &Arc<Genesis> {
        &self.genesis
    }

    /// A consistent view at the head.
    pub(crate) fn snapshot(&self) -> Snapshot<'_> {
        Snapshot::new(self)
    }

    /// The head last written.
    pub(crate) fn last_tip(&self) -> Tip {
        *self.tip.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tree over the state after the next block, if it changes this. The head must not move meanwhile.
    pub(crate) fn grow_tree(&self, height: Height, changes: &Changes) -> Result<TreeUpdate, NodeFault> {
        tree::update(&self.view(), height, changes).map_err(NodeFault::read)
    }

    /// Keeps a proposal and its block until its height is decided. Once it was judged it is on disk
    /// when this returns; before that nobody relies on it.
    pub(crate) fn put_undecided(&self, undecided: &Undecided, block: &[u8]) -> Result<(), NodeFault> {
        let mut batch = Batch::default();
        let record = borsh::to_vec(undecided).map_err(NodeFault::store)?;
        batch.put(Column::Undecided, columns::undecided(undecided), record);
        batch.put(Column::Bodies, columns::body(&undecided.announcement), block);
        let lasts = if undecided.validity.is_some() { Lasts::Always } else { Lasts::WithPower };
        self.database.write(batch, lasts)
    }

    /// The proposals kept for a round.
    pub(crate) fn undecided(&self, height: Height, round: Round) -> Result<Vec<Undecided>, NodeFault> {
        self.undecided_below(&columns::round(height, round))
    }

    /// The proposals kept for a height, of all rounds.
    pub(crate) fn undecided_at(&self, height: Height) -> Result<Vec<Undecided>, NodeFault> {
        self.undecided_below(&columns::height(height))
    }

    fn undecided_below(&self, prefix: &[u8]) -> Result<Vec<Undecided>, NodeFault> {
        let damaged = |error| NodeFault::store(format!("a proposal on disk is damaged: {error}"));
        let pairs = self.view().below(Column::Undecided, prefix)?;
        pairs.iter().map(|(_, value)| borsh::from_slice(value).map_err(damaged)).collect()
    }

    /// The bytes of an undecided block.
    pub(crate) fn body(&self, announcement: &Announcement) -> Result<Option<Vec<u8>>, NodeFault> {
        self.view().get(Column::Bodies, &columns::body(announcement))
    }

    /// Writes a decided block, its certificate, its changes, its indexes and the head in one
    /// batch, and forgets the proposals of its height and below. On disk when this returns.
    pub(crate) fn commit(&self, decided: &Decided<'_>) -> Result<(), NodeFault> {
        self.write(decided, Lasts::Always)
    }

    /// As [`Self::commit`], but on disk only with the next commit: for one of several blocks that others
    /// decided long ago. A loss of power before that takes the head back, and leaves it whole.
    pub(crate) fn commit_with_next(&self, decided: &Decided<'_>) -> Result<(), NodeFault> {
        self.write(decided, Lasts::WithPower)
    }

    fn write(&self, decided: &Decided<'_>, lasts: Lasts) -> Result<(), NodeFault> {
        let height = decided.tip.height;
        let mut batch = Batch::default();
        batch.put(Column::Blocks, columns::height(height), decided.bytes);
        batch.put(Column::Certificates, columns::height(height), to_bytes(decided.certificate));
        for (index, transaction) in (0u32..).zip(&decided.block.transactions) {
            batch.put(Column::Transactions, transaction.id().0, columns::place(height, index));
        }
        for added in index::indexed(decided.block, decided.changes).map_err(NodeFault::read)? {
            match added {
                Indexed::Record { query, index, use_no } => {
                    batch.put(Column::Records, query.0, columns::record(height, index, use_no));
                }
                Indexed::Delivery { query, index } => {
                    batch.put(Column::Deliveries, query.0, columns::place(height, index));
                }
            }
        }
        // Key by key: ranges deleted at each height would slow down every later read of the column.
        let above = columns::height(height.next());
        for column in [Column::Undecided, Column::Bodies] {
            for (key, _) in self.view().range(column, &[], Some(&above), usize::MAX)? {
                batch.delete(column, key);
            }
        }
        put_head(&mut batch, decided.changes, decided.tree, decided.tip);
        self.database.write(batch, lasts)?;
        if decided.changes.iter().any(|(key, _)| views::tells_members(key)) {
            self.members_changed.fetch_add(1, Ordering::Release);
        }
        *self.tip.lock().unwrap_or_else(PoisonError::into_inner) = *decided.tip;
        Ok(())
    }

    /// How often a block has changed who is a member or a validator, since the store was opened.
    pub(crate) fn members_changed(&self) -> u64 {
        self.members_changed.load(Ordering::Acquire)
    }

    /// Keeps two conflicting messages of one validator, to be reported: the first of a height, and not without end.
    pub(crate) fn put_equivocation(&self, proof: &Equivocation) -> Result<(), NodeFault> {
        let key = columns::equivocation(proof.height, &proof.validator);
        let kept = self.view().range(Column::Equivocations, &[], None, EQUIVOCATIONS_MAX)?;
        if kept.len() >= EQUIVOCATIONS_MAX || kept.iter().any(|(known, _)| *known == key) {
            return Ok(());
        }
        let mut batch = Batch::default();
        batch.put(Column::Equivocations, key, to_bytes(proof));
        self.database.write(batch, Lasts::Always)
    }

    /// Forgets one: the chain knows it.
    pub(crate) fn forget_equivocation(&self, height: Height, validator: &Address) -> Result<(), NodeFault> {
        let mut batch = Batch::default();
        batch.delete(Column::Equivocations, columns::equivocation(height, validator));
        self.database.write(batch, Lasts::WithPower)
    }

    /// Tells the node that it cannot go on. The first fault stays.
    pub(crate) fn report(&self, fault: NodeFault) {
        self.failure.send_if_modified(|first| {
            let is_first = first.is_none();
            if is_first {
                tracing::error!(%fault, "the node cannot go on");
                *first = Some(fault);
            }
            is_first
        });
    }

    fn read_fault(&self, fault: NodeFault) -> ReadFault {
        let text = fault.to_string();
        self.report(fault);
        ReadFault(text)
    }

    /// The head a view stands at.
    fn head(view: &View<'_>) -> Result<Tip, NodeFault> {
        let value = view.get(Column::Meta, columns::TIP)?;
        columns::read_tip(&value.ok_or_else(|| NodeFault::store("the store has no head"))?)
    }

    fn view(&self) -> View<'_> {
        self.database.view()
    }
}

/// State, tree and head move together: no crash leaves one without the others.
fn put_head(batch: &mut Batch, changes: &Changes, tree: &TreeUpdate, tip: &Tip) {
    for (key, value) in changes.iter() {
        match value {
            Some(value) => batch.put(Column::State, key, value),
            None => batch.delete(Column::State, key),
        }
    }
    for (key, node) in &tree.nodes {
        batch.put(Column::Tree, key.as_slice(), node.as_slice());
    }
    for key in &tree.stale {
        batch.delete(Column::Tree, key.as_slice());
    }
    batch.put(Column::Meta, columns::STATE_ROOT, *tree.root.as_bytes());
    batch.put(Column::Meta, columns::TIP, columns::tip(tip));
}

impl NodeRead for View<'_> {
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ReadFault> {
        self.get(Column::Tree, key).map_err(|fault| ReadFault(fault.to_string()))
    }
}

#[cfg(test)]
pub(crate) mod tests;
