//! The database on disk: one `RocksDB` in a folder that one process holds.

use std::fs::File;
use std::path::Path;

use ledger::state::Pairs;
use rocksdb::{ColumnFamily, DB, Direction, IteratorMode, Options, ReadOptions, WriteBatch, WriteOptions};

use super::batch::{Batch, Lasts};
use super::columns::Column;
use crate::fault::NodeFault;

/// The database's folder in the node's.
pub(super) const LEDGER: &str = "ledger";

/// A database and the lock on its folder.
pub(crate) struct Folder {
    db: DB,
    /// None where it is only read.
    _lock: Option<File>,
}

impl Folder {
    pub(super) fn open(dir: &Path) -> Result<Self, NodeFault> {
        let lock = lock(dir)?;
        let options = options();
        let columns = Column::ALL.iter().map(|column| (column.name(), options.clone()));
        let db = DB::open_cf_with_opts(&options, dir.join(LEDGER), columns).map_err(NodeFault::store)?;
        Ok(Self { db, _lock: Some(lock) })
    }

    /// What stands in the folder now, read beside the process that may hold it.
    pub(super) fn read(dir: &Path) -> Result<Self, NodeFault> {
        let mut options = options();
        options.create_if_missing(false);
        options.create_missing_column_families(false);
        let columns = Column::ALL.iter().map(|column| (column.name(), options.clone()));
        let db = DB::open_cf_with_opts_for_read_only(&options, dir.join(LEDGER), columns, false)
            .map_err(NodeFault::store)?;
        Ok(Self { db, _lock: None })
    }

    pub(super) fn write(&self, batch: Batch, lasts: Lasts) -> Result<(), NodeFault> {
        let mut writes = WriteBatch::default();
        for (column, key, value) in batch.0 {
            let column = self.column(column)?;
            match value {
                Some(value) => writes.put_cf(column, key, value),
                None => writes.delete_cf(column, key),
            }
        }
        let mut options = WriteOptions::default();
        options.set_sync(lasts == Lasts::Always);
        self.db.write_opt(writes, &options).map_err(NodeFault::store)
    }

    pub(super) fn view(&self) -> View<'_> {
        View { folder: self, at: self.db.snapshot() }
    }

    fn column(&self, column: Column) -> Result<&ColumnFamily, NodeFault> {
        let name = column.name();
        self.db.cf_handle(name).ok_or_else(|| NodeFault::store(format!("the store has no column {name}")))
    }
}

/// The folder as it stood at one moment.
pub(super) struct View<'a> {
    folder: &'a Folder,
    at: rocksdb::Snapshot<'a>,
}

impl View<'_> {
    pub(super) fn get(&self, column: Column, key: &[u8]) -> Result<Option<Vec<u8>>, NodeFault> {
        self.at.get_cf(self.folder.column(column)?, key).map_err(NodeFault::store)
    }

    pub(super) fn range(
        &self,
        column: Column,
        from: &[u8],
        until: Option<&[u8]>,
        limit: usize,
    ) -> Result<Pairs, NodeFault> {
        let mut options = ReadOptions::default();
        options.set_total_order_seek(true);
        if let Some(until) = until {
            options.set_iterate_upper_bound(until); // what was deleted behind it need not be waded through
        }
        let start = IteratorMode::From(from, Direction::Forward);
        let items = self.at.iterator_cf_opt(self.folder.column(column)?, options, start).take(limit);
        items
            .map(|item| item.map(|(key, value)| (key.into_vec(), value.into_vec())).map_err(NodeFault::store))
            .collect()
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
