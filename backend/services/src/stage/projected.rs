//! The read model of the stage, filled from its blocks.

use ledger::block::Block;
use ledger::ids::DepartmentId;
use ledger::index::MemoryLedger;

use super::House;
use crate::journal::projection::changes;
use crate::read_model::ReadModel;
use crate::store::OfficeStore;

/// The read model of the stage, in a file of its own.
pub(crate) struct Projected {
    _folder: tempfile::TempDir,
    pub(crate) store: OfficeStore,
    owners: [DepartmentId; 3],
    pub(crate) now: i64,
}

impl Projected {
    pub(super) async fn empty(now: i64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = OfficeStore::open(folder.path()).await.unwrap();
        Self { _folder: folder, store, owners: House::ALL.map(House::id), now }
    }

    pub(super) async fn fill(&self, state: &MemoryLedger, block: &Block) {
        for change in changes(state, block).unwrap() {
            change.write(&mut self.store.pool().acquire().await.unwrap()).await.unwrap();
        }
    }

    /// As a house reads it.
    pub(crate) fn of(&self, house: House) -> ReadModel<'_> {
        ReadModel { pool: self.store.pool(), own: &self.owners[house as usize], now: self.now }
    }

    /// Changes it as nothing does: for rows without end.
    pub(crate) async fn run(&self, statement: &'static str) {
        sqlx::query(statement).execute(self.store.pool()).await.unwrap();
    }
}
