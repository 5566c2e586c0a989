//! The node's memory: blocks, certificates, state and proposals in one `RocksDB`.
//!
//! Called by the replica (writes) and by snapshots (reads). A decided block with everything
//! that follows from it is one synced batch. Proposals are synced before anyone may vote on
//! them: after a crash the engine's log knows only their ids.

pub(crate) mod columns;
pub(crate) mod snapshot;

use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use gm::domain::ChainId;
use ledger::block::Block;
use ledger::certificate::Certificate;
use ledger::genesis::Genesis;
use ledger::ids::Height;
use ledger::state::{Changes, ReadFault};
use ledger::tip::Tip;
use ledger::wire::to_bytes;
use malachitebft_core_types::Round;
use rocksdb::{ColumnFamily, DB, Direction, IteratorMode, Options, WriteBatch, WriteOptions};
use tokio::sync::watch;

use self::columns::Undecided;
use self::snapshot::Snapshot;
use crate::engine::context::Announcement;
use crate::fault::NodeFault;

/// The database of one node.
pub(crate) struct Store {
    db: DB,
    chain: ChainId,
    genesis: Arc<Genesis>,
    tip: Mutex<Tip>,
    failure: watch::Sender<Option<NodeFault>>,
    _lock: File,
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
    /// The head it makes.
    pub(crate) tip: &'a Tip,
}

impl Store {
    /// Opens the store of this chain, or begins it at genesis.
    ///
    /// # Errors
    /// [`NodeFault::InUse`], [`NodeFault::OtherChain`], or what broke.
    pub(crate) fn open(
        dir: &Path,
        genesis: Arc<Genesis>,
        failure: watch::Sender<Option<NodeFault>>,
    ) -> Result<Self, NodeFault> {
        let lock = lock(dir)?;
        let options = options();
        let columns = columns::ALL.map(|name| (name, options.clone()));
        let db = DB::open_cf_with_opts(&options, dir.join("ledger"), columns).map_err(NodeFault::store)?;
        let (changes, first) = genesis.initial();
        let store =
            Self { db, chain: genesis.chain(), genesis, tip: Mutex::new(first), failure, _lock: lock };
        match store.get(columns::META, columns::TIP)? {
            Some(value) => {
                let is_same =
                    store.get(columns::META, columns::CHAIN)?.as_deref() == Some(store.chain.as_bytes());
                let is_known =
                    store.get(columns::META, columns::LAYOUT)?.as_deref() == Some(columns::VERSION);
                if !is_same {
                    return Err(NodeFault::OtherChain(dir.to_owned()));
                }
                if !is_known {
                    return Err(NodeFault::store(
                        "the data directory was written by another version of the program",
                    ));
                }
                *store.tip.lock().unwrap_or_else(PoisonError::into_inner) = columns::read_tip(&value)?;
            }
            None => {
                let mut batch = WriteBatch::default();
                batch.put_cf(store.column(columns::META)?, columns::LAYOUT, columns::VERSION);
                batch.put_cf(store.column(columns::META)?, columns::CHAIN, store.chain.as_bytes());
                store.put_head(&mut batch, &changes, &first)?;
                store.write(batch)?;
            }
        }
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

    /// Keeps a proposal and its block until its height is decided; on disk when this returns.
    pub(crate) fn put_undecided(&self, undecided: &Undecided, block: &[u8]) -> Result<(), NodeFault> {
        let mut batch = WriteBatch::default();
        let record = borsh::to_vec(undecided).map_err(NodeFault::store)?;
        batch.put_cf(self.column(columns::UNDECIDED)?, columns::undecided(undecided), record);
        batch.put_cf(self.column(columns::BODIES)?, columns::body(&undecided.announcement), block);
        self.write(batch)
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
        let column = self.column(columns::UNDECIDED)?;
        let mut found = Vec::new();
        for item in self.db.iterator_cf(column, IteratorMode::From(prefix, Direction::Forward)) {
            let (key, value) = item.map_err(NodeFault::store)?;
            if !key.starts_with(prefix) {
                break;
            }
            found.push(
                borsh::from_slice(&value)
                    .map_err(|error| NodeFault::store(format!("a proposal on disk is damaged: {error}")))?,
            );
        }
        Ok(found)
    }

    /// The bytes of an undecided block.
    pub(crate) fn body(&self, announcement: &Announcement) -> Result<Option<Vec<u8>>, NodeFault> {
        self.get(columns::BODIES, &columns::body(announcement))
    }

    /// Writes a decided block, its certificate, its changes, its indexes and the head in one
    /// batch, and forgets the proposals of its height and below. On disk when this returns.
    pub(crate) fn commit(&self, decided: &Decided<'_>) -> Result<(), NodeFault> {
        let height = decided.tip.height;
        let mut batch = WriteBatch::default();
        batch.put_cf(self.column(columns::BLOCKS)?, columns::height(height), decided.bytes);
        batch.put_cf(
            self.column(columns::CERTIFICATES)?,
            columns::height(height),
            to_bytes(decided.certificate),
        );
        let transactions = self.column(columns::TRANSACTIONS)?;
        for (index, transaction) in (0u32..).zip(&decided.block.transactions) {
            batch.put_cf(transactions, transaction.id().as_bytes(), columns::place(height, index));
        }
        self.forget(&mut batch, columns::UNDECIDED, height)?;
        self.forget(&mut batch, columns::BODIES, height)?;
        self.put_head(&mut batch, decided.changes, decided.tip)?;
        self.write(batch)?;
        *self.tip.lock().unwrap_or_else(PoisonError::into_inner) = *decided.tip;
        Ok(())
    }

    /// Key by key: ranges deleted at each height would slow down every later read of the column.
    fn forget(&self, batch: &mut WriteBatch, column: &'static str, until: Height) -> Result<(), NodeFault> {
        let above = columns::height(until.next());
        let column = self.column(column)?;
        for item in self.db.iterator_cf(column, IteratorMode::Start) {
            let (key, _) = item.map_err(NodeFault::store)?;
            if key.as_ref() >= above.as_slice() {
                break;
            }
            batch.delete_cf(column, key);
        }
        Ok(())
    }

    /// Keeps two conflicting messages of one validator, as the engine encodes them.
    pub(crate) fn put_misbehaviour(&self, height: Height, proofs: &[Vec<u8>]) -> Result<(), NodeFault> {
        let column = self.column(columns::MISBEHAVIOUR)?;
        let mut batch = WriteBatch::default();
        for (number, proof) in (0u32..).zip(proofs) {
            batch.put_cf(column, columns::misbehaviour(height, number), proof);
        }
        self.write(batch)
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

    fn put_head(&self, batch: &mut WriteBatch, changes: &Changes, tip: &Tip) -> Result<(), NodeFault> {
        let state = self.column(columns::STATE)?;
        for (key, value) in changes.iter() {
            match value {
                Some(value) => batch.put_cf(state, key, value),
                None => batch.delete_cf(state, key),
            }
        }
        batch.put_cf(self.column(columns::META)?, columns::TIP, columns::tip(tip));
        Ok(())
    }

    fn write(&self, batch: WriteBatch) -> Result<(), NodeFault> {
        let mut options = WriteOptions::default();
        options.set_sync(true);
        self.db.write_opt(batch, &options).map_err(NodeFault::store)
    }

    fn get(&self, column: &'static str, key: &[u8]) -> Result<Option<Vec<u8>>, NodeFault> {
        self.db.get_cf(self.column(column)?, key).map_err(NodeFault::store)
    }

    fn column(&self, name: &'static str) -> Result<&ColumnFamily, NodeFault> {
        self.db.cf_handle(name).ok_or_else(|| NodeFault::store(format!("the store has no column {name}")))
    }

    fn db(&self) -> &DB {
        &self.db
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_compression_type(rocksdb::DBCompressionType::None);
    options.set_paranoid_checks(true);
    options.set_max_open_files(256);
    options.set_keep_log_file_num(4);
    options.set_max_total_wal_size(64 * 1024 * 1024);
    // Proposals and remembered ids come and go at the front of their columns: small buffers and
    // compaction of what was deleted keep reads there from wading through it.
    options.set_write_buffer_size(4 * 1024 * 1024);
    options.add_compact_on_deletion_collector_factory(128, 64, 0.5);
    options
}

/// One process works on a data directory: a second one would vote with the same key.
fn lock(dir: &Path) -> Result<File, NodeFault> {
    std::fs::create_dir_all(dir).map_err(NodeFault::store)?;
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(dir.join("lock"))
        .map_err(NodeFault::store)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(NodeFault::InUse(dir.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => Err(NodeFault::store(error)),
    }
}

#[cfg(test)]
mod tests;
