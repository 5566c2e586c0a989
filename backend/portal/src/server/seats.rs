//! How many connections one address may hold: the seats of the portal are counted, and nobody takes
//! so many that the others stand outside.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use services::staff::Source;

/// All connections by where they come from.
#[derive(Clone, Default)]
pub(super) struct Seats(Arc<Mutex<HashMap<Source, usize>>>);

/// One connection; given back when it ends.
pub(super) struct Seat {
    seats: Seats,
    source: Source,
}

impl Seats {
    fn all(&self) -> MutexGuard<'_, HashMap<Source, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A seat, if this address does not hold `max` already.
    pub(super) fn take(&self, source: Source, max: usize) -> Option<Seat> {
        let mut all = self.all();
        let held = all.entry(source).or_default();
        if *held >= max {
            return None;
        }
        *held += 1;
        Some(Seat { seats: self.clone(), source })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut all = self.seats.all();
        if let Some(held) = all.get_mut(&self.source) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                all.remove(&self.source);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    #[test]
    fn an_address_holds_so_many_seats_and_gives_them_back() {
        let seats = Seats::default();
        let other: Source = IpAddr::from(Ipv4Addr::new(192, 0, 2, 7)).into();
        let held: Vec<Seat> = (0..3).filter_map(|_| seats.take(Source::OWN, 3)).collect();
        assert_eq!(held.len(), 3);
        assert!(seats.take(Source::OWN, 3).is_none());
        assert!(seats.take(other, 3).is_some(), "others find room");
        drop(held);
        assert!(seats.take(Source::OWN, 3).is_some());
        assert!(seats.all().is_empty(), "nothing is remembered of who left");
    }
}
