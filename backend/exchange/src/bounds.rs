//! How much one officer may ask: at once, in an hour, and of one grant. Somebody who copies a register
//! through the form, query by query, is stopped here and seen by their own department.
//!
//! Set by `department`, counted by `store/bounds.rs` when a query is written down. What a *department* may
//! have of us is `provider/rate.rs`.

use ledger::ids::{GrantId, Time};

/// The bounds of every officer of this department.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Queries under way at once.
    pub at_once: u32,
    /// Queries in any hour, whatever came of them.
    pub per_hour: u32,
    /// Percent of a grant's units.
    pub share_percent: u32,
    /// Grants of so many units or fewer may be used up by one officer.
    pub share_above: u32,
}

impl Bounds {
    /// What holds where nothing is written: a desk that works fast does not come near it.
    pub const DEFAULT: Self = Self { at_once: 10, per_hour: 120, share_percent: 50, share_above: 100 };

    /// Units of a grant with this quota that one officer may use.
    #[must_use]
    pub const fn share_of(&self, quota: u32) -> u32 {
        if quota <= self.share_above {
            return quota;
        }
        // Widened, so that no quota overflows; a hundred percent at most.
        let percent = if self.share_percent > 100 { 100 } else { self.share_percent };
        #[allow(clippy::cast_possible_truncation, reason = "it is at most the quota")]
        let share = (quota as u64 * percent as u64 / 100) as u32;
        // What the share would forbid of a grant just above the line is not less than at the line.
        if share < self.share_above { self.share_above } else { share }
    }

    /// The bound that is passed with this count, if one is.
    pub(crate) const fn passed(&self, count: &Count, quota: u32) -> Option<Bound> {
        if count.under_way > self.at_once as u64 {
            Some(Bound::AtOnce)
        } else if count.in_an_hour > self.per_hour as u64 {
            Some(Bound::PerHour)
        } else if count.of_grant > self.share_of(quota) as u64 {
            // A grant that one officer may use up ends by its own quota, with its own reason.
            if self.share_of(quota) < quota { Some(Bound::Share) } else { None }
        } else {
            None
        }
    }
}

/// What an officer has, the query just written down included.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Count {
    pub(crate) under_way: u64,
    pub(crate) in_an_hour: u64,
    /// Units of the grant they used or may still use.
    pub(crate) of_grant: u64,
}

/// A bound that an officer can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// Queries under way at once.
    AtOnce,
    /// Queries in an hour.
    PerHour,
    /// Their share of a grant.
    Share,
}

impl Bound {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::AtOnce, Self::PerHour, Self::Share];

    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AtOnce => "at-once",
            Self::PerHour => "per-hour",
            Self::Share => "share",
        }
    }

    /// The bound with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|bound| bound.code() == code)
    }
}

/// That an officer came to a bound, on one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reached {
    /// The officer's account.
    pub account: String,
    /// Which bound.
    pub bound: Bound,
    /// The grant they asked under the last time.
    pub grant: GrantId,
    /// When first on that day, by the own clock.
    pub first: Time,
    /// When last.
    pub last: Time,
    /// How many queries were turned away.
    pub times: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { at_once: 2, per_hour: 5, share_percent: 50, share_above: 100 };

    #[test]
    fn a_small_grant_may_be_used_up_and_of_a_large_one_a_share() {
        for (quota, share) in
            [(1, 1), (100, 100), (101, 100), (200, 100), (201, 100), (300, 150), (u32::MAX, u32::MAX / 2)]
        {
            assert_eq!(BOUNDS.share_of(quota), share, "{quota}");
        }
        let all = Bounds { share_percent: 100, ..BOUNDS };
        assert_eq!(all.share_of(u32::MAX), u32::MAX);
    }

    #[test]
    fn the_bound_itself_may_be_reached_and_not_passed() {
        let none = Count { under_way: 2, in_an_hour: 5, of_grant: 100 };
        assert_eq!(BOUNDS.passed(&none, 200), None);
        assert_eq!(BOUNDS.passed(&Count { under_way: 3, ..none }, 200), Some(Bound::AtOnce));
        assert_eq!(BOUNDS.passed(&Count { in_an_hour: 6, ..none }, 200), Some(Bound::PerHour));
        assert_eq!(BOUNDS.passed(&Count { of_grant: 101, ..none }, 200), Some(Bound::Share));
        // The grant's own quota says no there, and says so itself.
        assert_eq!(BOUNDS.passed(&Count { of_grant: 101, ..none }, 100), None);
    }
}
