//! The one place where the node asks what time it is.

use std::collections::BTreeMap;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use ledger::ids::Time;

use crate::engine::context::Address;
use crate::limits::{CLOCK_WARN_EVERY, CLOCK_WARN_MS};

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

/// How this machine's clock stands beside those of the others, by the times of the blocks they make.
#[derive(Debug, Default)]
pub(crate) struct Skew {
    /// Of each validator's last block: how far our clock was ahead when it came, in milliseconds.
    ahead: BTreeMap<Address, i64>,
    warned: Option<Instant>,
}

impl Skew {
    /// A fresh block of another's came.
    pub(crate) fn hear(&mut self, whose: Address, made: Time, now: Time) {
        let signed = |time: Time| i64::try_from(time.0).unwrap_or(i64::MAX);
        self.ahead.insert(whose, signed(now).saturating_sub(signed(made)));
    }

    /// Forgets who is no validator any more.
    pub(crate) fn retain(&mut self, is_validator: impl Fn(&Address) -> bool) {
        self.ahead.retain(|validator, _| is_validator(validator));
    }

    /// How far our clock is ahead of the median of the others', in milliseconds; negative when behind. None until
    /// two thirds of them were heard, so that no liar makes it up. Of two middle ones the lesser difference counts.
    pub(crate) fn ahead_ms(&self, others: usize) -> Option<i64> {
        let mut heard: Vec<_> = self.ahead.values().copied().collect();
        if heard.is_empty() || heard.len().saturating_mul(3) < others.saturating_mul(2) {
            return None;
        }
        heard.sort_unstable();
        let (below, above) = (heard.len().saturating_sub(1) / 2, heard.len() / 2);
        let middle = [heard.get(below), heard.get(above)].into_iter().flatten();
        middle.copied().min_by_key(|ahead| ahead.unsigned_abs())
    }

    /// Whether to tell of a clock that is this far off.
    pub(crate) fn is_to_be_told(&mut self, ahead_ms: i64, now: Instant) -> bool {
        let is_told =
            self.warned.is_some_and(|warned| now.saturating_duration_since(warned) < CLOCK_WARN_EVERY);
        let tell = ahead_ms.unsigned_abs() >= CLOCK_WARN_MS && !is_told;
        if tell {
            self.warned = Some(now);
        }
        tell
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

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(differences: &[i64]) -> Skew {
        let mut skew = Skew::default();
        for (of, ahead) in (0u8..).zip(differences) {
            skew.hear(Address([of; 20]), Time((1_000_000 - ahead).unsigned_abs()), Time(1_000_000));
        }
        skew
    }

    #[test]
    fn a_clock_is_compared_with_the_median_of_the_others() {
        for (differences, others, ahead) in [
            (&[][..], 3, None),
            (&[5_000], 3, None),
            (&[5_000, 4_000], 3, Some(4_000)),
            (&[5_000, 90_000, 4_000], 3, Some(5_000)),
            (&[-3_000, 20, 30], 3, Some(20)),
            (&[-3_000, -2_500, -90_000], 3, Some(-3_000)),
            (&[7_000, 10], 2, Some(10)),
            (&[1], 0, Some(1)),
        ] {
            assert_eq!(heard(differences).ahead_ms(others), ahead, "{differences:?} of {others}");
        }
    }

    #[test]
    fn a_clock_that_is_far_off_is_told_of_once_in_a_while() {
        let (mut skew, start) = (Skew::default(), Instant::now());
        assert!(!skew.is_to_be_told(999, start));
        assert!(skew.is_to_be_told(-1_000, start));
        assert!(!skew.is_to_be_told(5_000, start));
        assert!(skew.is_to_be_told(5_000, start + CLOCK_WARN_EVERY));
    }
}
