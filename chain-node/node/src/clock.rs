//! The one place where the node asks what time it is.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ledger::ids::Time;

/// One moment, on the clock on the wall and on the one that only moves forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// Compared with the time of blocks and transactions.
    pub(crate) time: Time,
    /// Waits are counted with it.
    pub(crate) instant: Instant,
}

/// Tells the time to whoever it was handed to.
#[derive(Clone, Debug)]
pub(crate) enum Clock {
    /// This machine's. A clock before 1970 counts as 1970.
    Machine,
    /// Stands still until it is moved.
    #[cfg(test)]
    Set(std::sync::Arc<std::sync::Mutex<Now>>),
}

impl Clock {
    /// What time it is.
    pub(crate) fn now(&self) -> Now {
        match self {
            Self::Machine => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let time = Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
                Now { time, instant: Instant::now() }
            }
            #[cfg(test)]
            Self::Set(now) => *now.lock().unwrap(),
        }
    }
}

#[cfg(test)]
impl Clock {
    /// A clock that shows this time.
    pub(crate) fn set(time: Time) -> Self {
        Self::Set(std::sync::Arc::new(std::sync::Mutex::new(Now { time, instant: Instant::now() })))
    }

    /// Time passes, on all clones alike.
    pub(crate) fn pass(&self, time: std::time::Duration) {
        let Self::Set(now) = self else { panic!("a machine's clock moves by itself") };
        let mut now = now.lock().unwrap();
        now.time = now.time.plus_ms(u64::try_from(time.as_millis()).unwrap());
        now.instant += time;
    }
}
