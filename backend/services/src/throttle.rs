//! How often one may fail to sign in: from one address, from all together, and how many of the
//! failures are written down. Asked before a password is hashed and before anything is written, so
//! that nobody who has not signed in can fill the disk or keep the processor.
//!
//! Sources are counted for the running minute; what was failed on an account is remembered for half an
//! hour by account *and* source, so that failures close an account to who made them and to no desk of its
//! officer. All of it ends with the office: a stranger cannot restart it.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use gm::sm3::{Digest, sm3};

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

    /// The address, or the first of the network.
    pub(crate) const fn address(self) -> IpAddr {
        self.0
    }
}

impl fmt::Display for Source {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => write!(out, "{address}"),
            IpAddr::V6(network) => write!(out, "{network}/64"),
        }
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

/// An account as it was typed, whether there is one or not: its digest, for what is typed into the
/// field may be a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Typed(Digest);

impl Typed {
    fn of(account: &str) -> Self {
        Self(sm3(&[b"throttle:account", account.trim().to_lowercase().as_bytes()]))
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
    /// Failures of this minute that have an entry.
    noted: u32,
    /// Failures since the last entry that stand in none.
    unnoted: u64,
    /// Failures in a row on an account from one source.
    pairs: BTreeMap<(Typed, Source), Row>,
    /// Failures on an account from sources that are no desk of its officer.
    accounts: BTreeMap<Typed, Row>,
}

/// Failures in a row, and until when nothing more is heard.
#[derive(Debug, Default, Clone, Copy)]
struct Row {
    failures: u32,
    closed_until: i64,
    last: i64,
}

impl Row {
    /// Takes an attempt and counts it, unless closed. From `free` failures on each closes for twice as
    /// long as the one before, from `first_ms` up to [`limits::LOCK_MS`].
    fn take(&mut self, now: i64, free: u32, first_ms: i64, longest_ms: i64) {
        self.failures = self.failures.saturating_add(1);
        self.last = now;
        if let Some(over) = self.failures.checked_sub(free) {
            let wait = first_ms.saturating_mul(1_i64.checked_shl(over.min(32)).unwrap_or(i64::MAX));
            self.closed_until = now.saturating_add(wait.min(longest_ms));
        }
    }

    const fn is_closed(&self, now: i64) -> bool {
        now < self.closed_until
    }

    /// Long enough ago to begin anew.
    const fn is_over(&self, now: i64) -> bool {
        self.closed_until.saturating_add(limits::LOCK_MS) <= now
            && self.last.saturating_add(limits::LOCK_MS) <= now
    }
}

impl Throttle {
    fn at(&self, now: i64) -> MutexGuard<'_, Counts> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.div_euclid(60_000);
        if counts.minute != minute {
            counts.minute = minute;
            counts.tries.clear();
            (counts.all, counts.noted) = (0, 0);
            counts.pairs.retain(|_, row| !row.is_over(now));
            counts.accounts.retain(|_, row| !row.is_over(now));
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

    /// Whether an account is open to an attempt from a source, which is then counted as a failure until
    /// it [succeeds](Self::succeeded): so that many at once are counted too. Five failures in a row close
    /// the account to that source alone; failures from many sources close it for a while to all but its
    /// desks, the sources from which it signed in before. A stranger keeps no officer from their desk.
    pub(super) fn opens(&self, account: &str, source: Source, is_desk: bool, now: i64) -> bool {
        let typed = Typed::of(account);
        let mut counts = self.at(now);
        let closed = |row: Option<&Row>| row.is_some_and(|row| row.is_closed(now));
        if closed(counts.pairs.get(&(typed, source))) || !is_desk && closed(counts.accounts.get(&typed)) {
            return false;
        }
        make_room(&mut counts.pairs);
        let pair = counts.pairs.entry((typed, source)).or_default();
        pair.take(now, limits::SIGN_IN_FAILURES_MAX, limits::SOURCE_WAIT_MS, limits::LOCK_MS);
        if !is_desk {
            make_room(&mut counts.accounts);
            let row = counts.accounts.entry(typed).or_default();
            row.take(now, limits::ACCOUNT_FAILURES_MAX, limits::ACCOUNT_WAIT_MS, limits::ACCOUNT_WAIT_MS_MAX);
        }
        true
    }

    /// Somebody signed in: the attempt counts no longer, and their source begins anew at the account. What
    /// other sources failed stays counted.
    pub(super) fn entered(&self, account: &str, source: Source, now: i64) {
        self.succeeded(source, now);
        let typed = Typed::of(account);
        let mut counts = self.at(now);
        counts.pairs.remove(&(typed, source));
        if let Some(row) = counts.accounts.get_mut(&typed) {
            row.failures = row.failures.saturating_sub(1);
            if row.failures < limits::ACCOUNT_FAILURES_MAX {
                row.closed_until = 0;
            }
        }
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

    /// Whether a failure is written down, with the number of those before it that were not. Of those that
    /// say little (an unknown account, a closed one, one too many) only the first of a minute is.
    pub(super) fn notes(&self, is_common: bool, now: i64) -> Option<u64> {
        let mut counts = self.at(now);
        let most = if is_common { 1 } else { limits::SIGN_IN_NOTES_MAX };
        if counts.noted >= most {
            counts.unnoted = counts.unnoted.saturating_add(1);
            return None;
        }
        counts.noted += 1;
        Some(std::mem::take(&mut counts.unnoted))
    }
}

/// Forgets the oldest when as many are remembered as may be.
fn make_room<Key: Ord + Copy>(rows: &mut BTreeMap<Key, Row>) {
    if rows.len() < limits::SIGN_IN_ROWS_MAX {
        return;
    }
    let oldest = rows.iter().min_by_key(|(_, row)| row.last).map(|(key, _)| *key);
    oldest.map(|key| rows.remove(&key));
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
            assert!(throttle.opens("lin", source(1), false, NOW));
            throttle.entered("lin", source(1), NOW);
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
        assert_eq!(throttle.notes(true, NOW), Some(0));
        for _ in 0..9_999 {
            assert_eq!(throttle.notes(true, NOW + 59_999), None);
        }
        assert_eq!(throttle.notes(true, NOW + 60_000), Some(9_999));
        assert_eq!(throttle.notes(true, NOW + 600_000), Some(0));
        let telling: u32 =
            (0..9_999).map(|_| u32::from(throttle.notes(false, NOW + 900_000).is_some())).sum();
        assert_eq!(telling, limits::SIGN_IN_NOTES_MAX);
    }

    /// How many of so many attempts on an account are heard.
    fn heard(throttle: &Throttle, source: Source, is_desk: bool, attempts: u32, now: i64) -> u32 {
        (0..attempts).map(|_| u32::from(throttle.opens("lin", source, is_desk, now))).sum()
    }

    #[test]
    fn five_failures_close_an_account_to_their_source_alone() {
        let throttle = Throttle::default();
        assert_eq!(heard(&throttle, source(1), false, 1_000, NOW), limits::SIGN_IN_FAILURES_MAX);
        assert_eq!(heard(&throttle, source(2), true, 1, NOW), 1, "the officer at their desk");
        assert!(throttle.opens("su", source(1), false, NOW), "another account from there");
        assert!(!throttle.opens(" LIN ", source(1), false, NOW), "however it is typed");
    }

    #[test]
    fn each_further_failure_waits_twice_as_long_until_half_an_hour() {
        let throttle = Throttle::default();
        heard(&throttle, source(1), true, 5, NOW);
        let (mut now, mut wait) = (NOW, limits::SOURCE_WAIT_MS);
        for _ in 0..12 {
            assert_eq!(heard(&throttle, source(1), true, 2, now + wait - 1), 0, "after {wait}");
            now += wait;
            wait = (wait * 2).min(limits::LOCK_MS);
            assert_eq!(heard(&throttle, source(1), true, 2, now), 1);
        }
        assert_eq!(wait, limits::LOCK_MS);
        assert_eq!(
            heard(&throttle, source(1), true, 9, now + 2 * limits::LOCK_MS),
            5,
            "forgotten in the end"
        );
    }

    #[test]
    fn guesses_from_everywhere_are_slowed_and_the_desk_stays_open() {
        let throttle = Throttle::default();
        let guesses: u32 = (10..2_010).map(|number| heard(&throttle, source(number), false, 1, NOW)).sum();
        assert_eq!(guesses, limits::ACCOUNT_FAILURES_MAX);
        let later = NOW + limits::ACCOUNT_WAIT_MS_MAX;
        let guesses: u32 = (10..2_010).map(|number| heard(&throttle, source(number), false, 1, later)).sum();
        assert_eq!(guesses, 1);
        assert_eq!(heard(&throttle, source(1), true, 1, later), 1);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let throttle = Throttle::default();
        for number in 0..u32::try_from(limits::SIGN_IN_ROWS_MAX).unwrap() + 100 {
            throttle.opens(&format!("nobody{number}"), source(1), false, NOW);
        }
        let counts = throttle.at(NOW);
        assert_eq!(
            (counts.pairs.len(), counts.accounts.len()),
            (limits::SIGN_IN_ROWS_MAX, limits::SIGN_IN_ROWS_MAX)
        );
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
