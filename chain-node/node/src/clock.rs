//! The one place where the node asks the system what time it is.

use std::time::{SystemTime, UNIX_EPOCH};

use ledger::ids::Time;

/// This machine's clock. A clock before 1970 counts as 1970.
pub(crate) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
