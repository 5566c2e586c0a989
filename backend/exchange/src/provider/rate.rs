//! How much one department may have of us at once, and in a minute.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use ledger::ids::{DepartmentId, Time};

use crate::limits::CALLS_AT_ONCE_PER_DEPARTMENT;

const MINUTE_MS: u64 = 60_000;

/// Denials put on the chain in the last minute, by requester.
#[derive(Default)]
pub(super) struct DenialRate(Mutex<BTreeMap<DepartmentId, VecDeque<Time>>>);

impl DenialRate {
    /// Whether one more may be put on the chain; if so it counts.
    pub(super) fn take(&self, requester: &DepartmentId, now: Time, per_minute: u32) -> bool {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = all.entry(requester.clone()).or_default();
        while recent.front().is_some_and(|at| at.plus_ms(MINUTE_MS) <= now) {
            recent.pop_front();
        }
        let room = recent.len() < usize::try_from(per_minute).unwrap_or(usize::MAX);
        if room {
            recent.push_back(now);
        }
        room
    }
}

/// Looks at decisions in the last minute, by inspectorate: counted alike.
pub(super) type LookRate = DenialRate;

/// Calls of each department being worked on.
#[derive(Default)]
pub(super) struct Doors(Arc<Mutex<BTreeMap<DepartmentId, usize>>>);

/// One call's place; given back when dropped.
pub(super) struct Door(Arc<Mutex<BTreeMap<DepartmentId, usize>>>, DepartmentId);

impl Doors {
    /// A place for one more call; none when the department has its share.
    pub(super) fn enter(&self, from: &DepartmentId) -> Option<Door> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let inside = all.entry(from.clone()).or_default();
        if *inside >= CALLS_AT_ONCE_PER_DEPARTMENT {
            return None;
        }
        *inside += 1;
        Some(Door(Arc::clone(&self.0), from.clone()))
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inside) = all.get_mut(&self.1) {
            *inside = inside.saturating_sub(1);
            if *inside == 0 {
                all.remove(&self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn department() -> DepartmentId {
        "12440100X00000254F".parse().unwrap()
    }

    #[test]
    fn denials_above_the_bound_wait_for_the_minute_to_pass() {
        let rate = DenialRate::default();
        let takes =
            |from: u64, n: u64| (0..n).filter(|i| rate.take(&department(), Time(from + i), 60)).count();
        assert_eq!(takes(1_000_000, 100), 60);
        assert_eq!(takes(1_000_000 + 59_999, 1), 0);
        assert_eq!(takes(1_000_000 + 60_000, 1), 1);
        assert_eq!(takes(2_000_000, 100), 60);
    }

    #[test]
    fn a_department_has_its_share_of_calls_and_no_more() {
        let doors = Doors::default();
        let mut inside: Vec<_> =
            (0..CALLS_AT_ONCE_PER_DEPARTMENT).map(|_| doors.enter(&department())).collect();
        assert!(inside.iter().all(Option::is_some));
        assert!(doors.enter(&department()).is_none());
        inside.pop();
        assert!(doors.enter(&department()).is_some());
    }
}
