//! The head of the office's audit log, which stands in every query, receipt and denial, so that an
//! entry taken out of the log later is missed.

use ledger::receipt::LogHead;

/// Gives the head of the audit log; the office's log implements it.
///
/// Called once for each query asked or answered. It must not block for long.
pub trait LogHeadSource: Send + Sync + 'static {
    /// The size and digest of the log as they are synced to disk.
    fn head(&self) -> LogHead;
}

impl<F: Fn() -> LogHead + Send + Sync + 'static> LogHeadSource for F {
    fn head(&self) -> LogHead {
        self()
    }
}
