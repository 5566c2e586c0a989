//! Work in the background, all of it ended when the exchange stops.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

/// The running work; nothing once it has ended.
pub(crate) struct Tasks(Mutex<Option<JoinSet<()>>>);

impl Tasks {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Some(JoinSet::new())))
    }

    /// Starts a piece of work, unless all has ended.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = running.as_mut() else { return };
        while running.try_join_next().is_some() {} // forget what has ended
        running.spawn(work);
    }

    /// Waits until all has ended; what has not by then is cut off.
    pub(crate) async fn end(&self, wait: Duration) {
        let taken = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut running) = taken else { return };
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(wait, all).await.is_err() {
            tracing::warn!("the exchange's work did not end in time and is cut off");
            running.shutdown().await;
        }
    }
}
