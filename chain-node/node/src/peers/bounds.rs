//! How much one peer may say, and how much junk is forgiven.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use libp2p::PeerId;

/// Fills up again with time: so many units at once, then one in each `per`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    per: Duration,
    units: u32,
    /// When it is full again.
    full: Instant,
}

impl Bucket {
    /// A full one.
    pub(super) fn new(units: u32, per: Duration, now: Instant) -> Self {
        Self { per, units, full: now }
    }

    /// Takes so many units, also those that are not there yet: how long to wait for them.
    pub(super) fn take(&mut self, units: u32, now: Instant) -> Duration {
        self.full = self.full.max(now) + self.per.saturating_mul(units);
        self.full.saturating_duration_since(now + self.per.saturating_mul(self.units))
    }

    /// Whether there is anything.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.full.saturating_duration_since(now) < self.per.saturating_mul(self.units)
    }

    /// Takes one unit, if it is there.
    pub(super) fn spend(&mut self, now: Instant) -> bool {
        let full = self.full.max(now) + self.per;
        let is_there = full <= now + self.per.saturating_mul(self.units);
        if is_there {
            self.full = full;
        }
        is_there
    }
}

/// The junk that is still forgiven, by peer. It outlives connections.
pub(super) struct Credit {
    peers: HashMap<PeerId, Bucket>,
    units: u32,
    per: Duration,
}

impl Credit {
    /// So many pieces of junk at once, then one in each `per`.
    pub(super) fn new(units: u32, per: Duration) -> Self {
        Self { peers: HashMap::new(), units, per }
    }

    /// A peer sent junk: whether that is still forgiven.
    pub(super) fn forgives(&mut self, peer: PeerId, now: Instant) -> bool {
        self.peers.retain(|_, bucket| bucket.full > now);
        let full = Bucket::new(self.units, self.per, now);
        self.peers.entry(peer).or_insert(full).spend(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_burst_waits_for_its_turn() {
        let start = Instant::now();
        let mut bucket = Bucket::new(10, Duration::from_millis(100), start);
        assert_eq!(bucket.take(10, start), Duration::ZERO);
        assert_eq!(bucket.take(1, start), Duration::from_millis(100));
        assert_eq!(bucket.take(2, start), Duration::from_millis(300));
        assert!(!bucket.is_open(start) && bucket.is_open(start + Duration::from_millis(500)));
        assert_eq!(bucket.take(1, start + Duration::from_secs(9)), Duration::ZERO);
    }

    #[test]
    fn junk_is_forgiven_so_often_and_again_with_time() {
        let (start, peer, other) = (Instant::now(), PeerId::random(), PeerId::random());
        let mut credit = Credit::new(3, Duration::from_secs(10));
        assert!((0..3).all(|_| credit.forgives(peer, start)));
        assert!(!credit.forgives(peer, start));
        assert!(credit.forgives(other, start), "of one peer only");
        assert!(credit.forgives(peer, start + Duration::from_secs(10)));
        assert!(!credit.forgives(peer, start + Duration::from_secs(10)));
    }
}
