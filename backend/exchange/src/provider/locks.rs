//! One query is worked on by one task at a time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex as Short, PoisonError, Weak};

use ledger::ids::QueryId;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// Locks by query.
#[derive(Default)]
pub(super) struct Locks(Short<BTreeMap<QueryId, Weak<Mutex<()>>>>);

impl Locks {
    pub(super) async fn lock(&self, query: QueryId) -> OwnedMutexGuard<()> {
        let lock = {
            let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(lock) = all.get(&query).and_then(Weak::upgrade) {
                lock
            } else {
                all.retain(|_, lock| lock.strong_count() > 0);
                let lock = Arc::new(Mutex::new(()));
                all.insert(query, Arc::downgrade(&lock));
                lock
            }
        };
        lock.lock_owned().await
    }
}
