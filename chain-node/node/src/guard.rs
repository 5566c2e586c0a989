//! A panic is a fault of the node, not silence: who runs on a thread or as a task of its own holds a
//! guard meanwhile.

use std::sync::Arc;

use crate::fault::NodeFault;
use crate::store::Store;

/// Reports a fault if its holder panics.
pub(crate) struct Guard {
    store: Arc<Store>,
    who: &'static str,
}

impl Guard {
    /// For a holder of this name.
    pub(crate) fn new(store: &Arc<Store>, who: &'static str) -> Self {
        Self { store: Arc::clone(store), who }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.store.report(NodeFault::Panicked(self.who));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::database::Database;
    use crate::store::memory::Memory;
    use tokio::sync::watch;

    fn store() -> (Arc<Store>, watch::Sender<Option<NodeFault>>) {
        let failure = watch::Sender::new(None);
        let genesis = crate::founding::found(1, 1).genesis;
        let store = Store::open(Database::Memory(Memory::default()), genesis, failure.clone()).unwrap();
        (Arc::new(store), failure)
    }

    #[test]
    fn a_thread_that_panics_is_a_fault_of_the_node() {
        let (store, failure) = store();
        let guard = Guard::new(&store, "a thread");
        std::thread::spawn(move || {
            let _guard = guard;
            panic!("as it must not");
        })
        .join()
        .unwrap_err();
        assert!(matches!(&*failure.borrow(), Some(NodeFault::Panicked("a thread"))));
    }

    #[tokio::test]
    async fn a_task_that_panics_is_a_fault_of_the_node_and_one_that_ends_is_none() {
        let (store, failure) = store();
        let guard = Guard::new(&store, "a task that ends");
        tokio::spawn(async move { drop(guard) }).await.unwrap();
        assert!(failure.borrow().is_none());
        let guard = Guard::new(&store, "a task");
        let panics = async move {
            let _guard = guard;
            tokio::task::yield_now().await;
            panic!("as it must not");
        };
        tokio::spawn(panics).await.unwrap_err();
        assert!(matches!(&*failure.borrow(), Some(NodeFault::Panicked("a task"))));
    }
}
