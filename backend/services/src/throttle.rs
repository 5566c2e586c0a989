//! How often one may fail to sign in: from one address, from all together, and how many of the
//! failures are written down. Asked before a password is hashed and before anything is written, so
//! that nobody who has not signed in can fill the disk or keep the processor.
//!
//! Counts are kept for the running minute only and end with the office. A lock on an account is not
//! here but in the records: it must outlive a restart.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::limits;

/// Whom an attempt is counted against: an address of IPv4, a network of IPv6, since one person has a
/// whole one to choose addresses from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Source(IpAddr);

/// The bits of an address of IPv6 that name its network.
const NETWORK: u128 = !(u128::MAX >> 64);

impl Source {
    /// For who is asked by no connection: the program itself.
    pub const OWN: Self = Self(IpAddr::V4(Ipv4Addr::LOCALHOST));
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<IpAddr> for Source {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(address.into()),
            IpAddr::V6(address) => Self(Ipv6Addr::from(u128::from(address) & NETWORK).into()),
        }
    }
}

/// The counts of one office.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    /// Minutes since 1970.
    minute: i64,
    /// Attempts of this minute that did not succeed, or not yet.
    tries: BTreeMap<Source, u32>,
    /// The same in all.
    all: u32,
    /// Whether this minute has its entry.
    is_noted: bool,
    /// Failures since the last entry that stand in none.
    unnoted: u64,
}

impl Throttle {
    fn at(&self, now: i64) -> MutexGuard<'_, Counts> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.div_euclid(60_000);
        if counts.minute != minute {
            *counts = Counts { minute, unnoted: counts.unnoted, ..Counts::default() };
        }
        counts
    }

    /// Counts an attempt, unless there were too many: then its password is not looked at. When all
    /// sources together are too many, only those that did not fail in this minute may go on.
    pub(super) fn takes(&self, source: Source, now: i64) -> bool {
        let mut counts = self.at(now);
        let tries = counts.tries.get(&source).copied().unwrap_or_default();
        let is_taken = if tries == 0 {
            counts.tries.len() < limits::SIGN_IN_SOURCES_MAX
        } else {
            tries < limits::SIGN_IN_TRIES_MAX && counts.all < limits::SIGN_IN_TRIES_ALL_MAX
        };
        if is_taken {
            counts.tries.insert(source, tries.saturating_add(1));
            counts.all = counts.all.saturating_add(1);
        }
        is_taken
    }

    /// An attempt that was taken succeeded: it counts no longer.
    pub(super) fn succeeded(&self, source: Source, now: i64) {
        let mut counts = self.at(now);
        let Some(tries) = counts.tries.remove(&source) else { return };
        counts.all = counts.all.saturating_sub(1);
        if tries > 1 {
            counts.tries.insert(source, tries - 1);
        }
    }

    /// Whether a failure that says little (an unknown account, a locked one, one too many) is written
    /// down: the first of its minute, with the number of those before it that were not.
    pub(super) fn notes(&self, now: i64) -> Option<u64> {
        let mut counts = self.at(now);
        if counts.is_noted {
            counts.unnoted = counts.unnoted.saturating_add(1);
            return None;
        }
        counts.is_noted = true;
        Some(std::mem::take(&mut counts.unnoted))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_763_000_000_000 / 60_000 * 60_000;

    fn source(number: u32) -> Source {
        IpAddr::from(Ipv4Addr::from(number)).into()
    }

    /// How many of so many attempts from one source are taken.
    fn taken(throttle: &Throttle, source: Source, attempts: u32, now: i64) -> u32 {
        (0..attempts).map(|_| u32::from(throttle.takes(source, now))).sum()
    }

    #[test]
    fn one_source_fails_so_often_in_a_minute_and_again_in_the_next() {
        let throttle = Throttle::default();
        assert_eq!(taken(&throttle, source(1), 1_000, NOW), limits::SIGN_IN_TRIES_MAX);
        assert_eq!(taken(&throttle, source(2), 1, NOW), 1, "others are not held up");
        assert_eq!(taken(&throttle, source(1), 1_000, NOW + 60_000), limits::SIGN_IN_TRIES_MAX);
    }

    #[test]
    fn who_succeeds_is_not_counted() {
        let throttle = Throttle::default();
        for _ in 0..1_000 {
            assert!(throttle.takes(source(1), NOW));
            throttle.succeeded(source(1), NOW);
        }
    }

    #[test]
    fn many_sources_are_too_many_together_but_for_those_that_have_not_failed() {
        let throttle = Throttle::default();
        let all: u32 = (0..100).map(|number| taken(&throttle, source(number), 1_000, NOW)).sum();
        assert!(all < limits::SIGN_IN_TRIES_ALL_MAX + 100, "{all}");
        assert!(throttle.takes(source(1_000), NOW));
        assert!(!throttle.takes(source(1_000), NOW));
        let fresh: u32 = (2_000..5_000).map(|number| taken(&throttle, source(number), 1, NOW)).sum();
        assert_eq!(fresh as usize, limits::SIGN_IN_SOURCES_MAX - 101);
    }

    #[test]
    fn one_failure_a_minute_is_written_down_with_the_number_of_the_others() {
        let throttle = Throttle::default();
        assert_eq!(throttle.notes(NOW), Some(0));
        for _ in 0..9_999 {
            assert_eq!(throttle.notes(NOW + 59_999), None);
        }
        assert_eq!(throttle.notes(NOW + 60_000), Some(9_999));
        assert_eq!(throttle.notes(NOW + 600_000), Some(0));
    }

    #[test]
    fn a_network_of_ipv6_is_one_source() {
        let of = |text: &str| Source::from(text.parse::<IpAddr>().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
    }
}
