//! The head, told to whoever waits for it. A hint: the store is truth.

use ledger::tip::Tip;
use tokio::sync::watch;

/// Publishes each new head.
#[derive(Debug)]
pub(crate) struct Follow(watch::Sender<Tip>);

impl Follow {
    /// Starts at the head found in the store.
    pub(crate) fn new(tip: Tip) -> Self {
        Self(watch::Sender::new(tip))
    }

    /// Called by the replica after the batch of a block is on disk, never before.
    pub(crate) fn publish(&self, tip: Tip) {
        self.0.send_replace(tip);
    }

    /// A view that sees the newest head; heads in between may be passed over.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Tip> {
        self.0.subscribe()
    }

    /// The newest head.
    pub(crate) fn tip(&self) -> Tip {
        *self.0.borrow()
    }
}
