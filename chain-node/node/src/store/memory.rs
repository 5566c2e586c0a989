//! The database in memory, for tests: like a disk it keeps what was synced and loses the rest
//! when the power goes. Clones are one disk, so a store opened again finds what it wrote.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::state::Pairs;

use super::batch::{Batch, Lasts};
use super::columns::Column;

type Columns = BTreeMap<(Column, Vec<u8>), Vec<u8>>;

/// One disk.
#[derive(Clone, Default)]
pub(crate) struct Memory(Arc<Mutex<Halves>>);

#[derive(Default)]
struct Halves {
    synced: Columns,
    unsynced: Vec<Batch>,
    /// The synced half with the other laid over it.
    all: Arc<Columns>,
}

impl Memory {
    /// The power goes.
    pub(crate) fn crash(&self) {
        let mut halves = self.halves();
        halves.unsynced.clear();
        halves.all = Arc::new(halves.synced.clone());
    }

    pub(super) fn write(&self, batch: Batch, lasts: Lasts) {
        let mut halves = self.halves();
        lay(Arc::make_mut(&mut halves.all), &batch);
        halves.unsynced.push(batch);
        if lasts == Lasts::Always {
            for batch in std::mem::take(&mut halves.unsynced) {
                lay(&mut halves.synced, &batch);
            }
        }
    }

    pub(super) fn view(&self) -> View {
        View(Arc::clone(&self.halves().all))
    }

    fn halves(&self) -> MutexGuard<'_, Halves> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lay(columns: &mut Columns, batch: &Batch) {
    for (column, key, value) in &batch.0 {
        let place = (*column, key.clone());
        match value {
            Some(value) => columns.insert(place, value.clone()),
            None => columns.remove(&place),
        };
    }
}

/// The disk as it stood at one moment.
pub(super) struct View(Arc<Columns>);

impl View {
    pub(super) fn get(&self, column: Column, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(&(column, key.to_vec())).cloned()
    }

    pub(super) fn range(&self, column: Column, from: &[u8], until: Option<&[u8]>, limit: usize) -> Pairs {
        let from_here = self.0.range((column, from.to_vec())..);
        let inside = |((of, key), _): &(&(Column, Vec<u8>), _)| {
            *of == column && until.is_none_or(|end| key.as_slice() < end)
        };
        from_here
            .take_while(inside)
            .take(limit)
            .map(|((_, key), value)| (key.clone(), value.clone()))
            .collect()
    }
}
