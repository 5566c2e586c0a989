//! Work in the background, all of it ended when the exchange stops.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;

/// The running work.
pub(crate) struct Tasks(Mutex<JoinSet<()>>);

impl Tasks {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(JoinSet::new()))
    }

    /// Starts a piece of work.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let mut running = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while running.try_join_next().is_some() {} // forget what has ended
        running.spawn(work);
    }

    /// Waits until all has ended; what has not by then is cut off.
    pub(crate) async fn end(&self, wait: Duration) {
        let mut running = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let all = async { while running.join_next().await.is_some() {} };
        if tokio::time::timeout(wait, all).await.is_err() {
            tracing::warn!("the exchange's work did not end in time and is cut off");
            running.shutdown().await;
        }
    }
}
