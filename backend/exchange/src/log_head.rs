//! The head of the office's audit log, which stands in every query, receipt and denial, so that an
//! entry taken out of the log later is missed. And the one thing the exchange itself has noted there: that
//! another department looked at decisions of this one.

use std::pin::Pin;

use ledger::ids::{DepartmentId, InspectionId, QueryId, Time};
use ledger::receipt::LogHead;

/// Decisions are opened to another department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// When.
    pub at: Time,
    /// To which.
    pub by: DepartmentId,
    /// Under which inspection.
    pub inspection: InspectionId,
    /// About which queries.
    pub queries: Vec<QueryId>,
}

/// A look could not be noted; nothing may be shown then.
#[derive(Debug, thiserror::Error)]
#[error("the look could not be noted: {0}")]
pub struct Unnoted(pub String);

/// Whether a look stands in the log.
pub type Noted<'a> = Pin<Box<dyn Future<Output = Result<(), Unnoted>> + Send + 'a>>;

/// Gives the head of the audit log; the office's log implements it.
///
/// The head is asked for once for each query asked or answered, and must not block for long.
pub trait LogHeadSource: Send + Sync + 'static {
    /// The size and digest of the log as they are synced to disk.
    fn head(&self) -> LogHead;

    /// Notes a look; returns when it is on the disk. Where nothing else is said nothing can be noted, so that
    /// nothing is shown.
    fn note_look(&self, _look: Look) -> Noted<'_> {
        Box::pin(async { Err(Unnoted("there is no log to write to".to_owned())) })
    }
}

impl<F: Fn() -> LogHead + Send + Sync + 'static> LogHeadSource for F {
    fn head(&self) -> LogHead {
        self()
    }
}
