//! Why the process stops, and the order in which it does: from top to bottom,
//! each part within a deadline, so that one that hangs cannot keep the others
//! from closing their stores.

use std::future::Future;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};
use tracing::{info, warn};

/// Longest time one part may take to stop.
const PART_STOP_MS_MAX: u64 = 5_000;

/// Resolves on the first SIGTERM or SIGINT, with its name.
///
/// # Errors
/// The operating system does not let us listen for signals.
pub(crate) async fn requested() -> std::io::Result<&'static str> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

/// Stops one part; says so when it does not end in time.
pub(crate) async fn stop(part: &'static str, stopping: impl Future<Output = ()>) {
    match tokio::time::timeout(Duration::from_millis(PART_STOP_MS_MAX), stopping).await {
        Ok(()) => info!(part, "stopped"),
        Err(_) => warn!(part, "did not stop within {PART_STOP_MS_MAX} ms and is left behind"),
    }
}
