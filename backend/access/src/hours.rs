//! Hours of the week in UTC+8, minute by minute. How rows write them the ledger knows
//! (`ledger::policy::Window`).

use ledger::ids::Time;
use ledger::policy::{MINUTES_A_DAY, MINUTES_A_WEEK, Named, Window};
use std::fmt;

const WORDS: usize = MINUTES_A_WEEK.div_ceil(64);

/// The hours a row speaks in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hours {
    /// `*`.
    Every,
    /// One bit for each minute of the week.
    Only(Box<[u64; WORDS]>),
}

impl Hours {
    /// The minutes of a row's windows.
    pub(crate) fn of(windows: &Named<Window>) -> Self {
        let Some(windows) = windows.only() else { return Self::Every };
        let mut minutes = Box::new([0_u64; WORDS]);
        for minute in windows.iter().flat_map(Window::minutes_of_week) {
            if let Some(word) = minutes.get_mut(minute / 64) {
                *word |= 1 << (minute % 64);
            }
        }
        Self::Only(minutes)
    }

    /// Whether they hold this moment.
    pub(crate) fn hold(&self, at: Time) -> bool {
        let minute = Moment::of(at).minute_of_week();
        match self {
            Self::Every => true,
            Self::Only(minutes) => {
                minutes.get(minute / 64).is_some_and(|word| word >> (minute % 64) & 1 == 1)
            }
        }
    }

    /// Whether they hold all that others hold.
    pub(crate) fn cover(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Every, _) => true,
            (Self::Only(own), Self::Every) => own.iter().map(|word| word.count_ones()).sum::<u32>() == 10_080,
            (Self::Only(own), Self::Only(other)) => {
                own.iter().zip(other.iter()).all(|(own, other)| other & !own == 0)
            }
        }
    }

    /// Whether both hold some moment.
    pub(crate) fn meet(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Every, _) | (_, Self::Every) => true,
            (Self::Only(own), Self::Only(other)) => {
                own.iter().zip(other.iter()).any(|(own, other)| own & other != 0)
            }
        }
    }

    /// The minutes of the week at which they begin or end: between two of them nothing changes.
    pub(crate) fn turns(&self) -> Vec<usize> {
        let Self::Only(minutes) = self else { return Vec::new() };
        let is_in =
            |minute: usize| minutes.get(minute / 64).is_some_and(|word| word >> (minute % 64) & 1 == 1);
        (1..MINUTES_A_WEEK).filter(|minute| is_in(*minute) != is_in(minute - 1)).collect()
    }
}

/// A minute of the week in UTC+8. As text what the model gets: `5@14:03` is Friday, three past two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    day: usize,
    minute: usize,
}

impl Moment {
    /// Of a time.
    pub(crate) fn of(at: Time) -> Self {
        let minutes = at.0 / 60_000 + 8 * 60;
        let a_day = MINUTES_A_DAY as u64;
        // The first of January 1970 was a Thursday.
        let day = usize::try_from((minutes / a_day + 3) % 7).unwrap_or_default();
        Self { day, minute: usize::try_from(minutes % a_day).unwrap_or_default() }
    }

    const fn minute_of_week(self) -> usize {
        self.day * MINUTES_A_DAY + self.minute
    }

    /// Some time at a minute of the week.
    pub(crate) fn time(minute_of_week: usize) -> Time {
        // Monday the fifth of January 1970, midnight in UTC+8.
        let monday = 4 * MINUTES_A_DAY - 8 * 60;
        Time(u64::try_from((monday + minute_of_week) * 60_000).unwrap_or_default())
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{:02}:{:02}", self.day + 1, self.minute / 60, self.minute % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Hours {
        let row =
            ledger::policy::PolicyRow { hours: text.parse().unwrap(), ..crate::rule::tests::a_row("r") };
        crate::rule::Rule::parse(&row).unwrap().hours
    }

    /// Friday the twentieth of November 2026, 14:58:20 in UTC+8.
    const FRIDAY: Time = Time(1_795_157_900_000);

    #[test]
    fn a_moment_is_told_in_the_platforms_time() {
        assert_eq!(Moment::of(FRIDAY).to_string(), "5@14:58");
        assert_eq!(Moment::of(Time(0)).to_string(), "4@08:00");
        for minute in [0, 1, 479, 480, 1439, 1440, MINUTES_A_WEEK - 1] {
            assert_eq!(Moment::of(Moment::time(minute)).minute_of_week(), minute);
        }
    }

    #[test]
    fn a_window_holds_its_first_minute_and_not_its_end() {
        let hours = read("1-5@08:00-18:00,6@09:30-24:00");
        let at = |day: usize, hour: usize, minute: usize| {
            Moment::time((day - 1) * MINUTES_A_DAY + hour * 60 + minute)
        };
        for (day, hour, minute, expected) in [
            (1, 7, 59, false),
            (1, 8, 0, true),
            (5, 17, 59, true),
            (5, 18, 0, false),
            (6, 8, 0, false),
            (6, 9, 30, true),
            (6, 23, 59, true),
            (7, 0, 0, false),
            (7, 12, 0, false),
        ] {
            assert_eq!(hours.hold(at(day, hour, minute)), expected, "{day} {hour}:{minute}");
        }
        assert!(hours.hold(FRIDAY) && Hours::Every.hold(FRIDAY));
    }

    #[test]
    fn hours_are_compared_minute_by_minute() {
        let of = read;
        let (office, morning) = (of("1-5@08:00-18:00"), of("1-5@08:00-12:00"));
        assert!(office.cover(&morning) && !morning.cover(&office) && office.meet(&morning));
        assert!(Hours::Every.cover(&office) && !office.cover(&Hours::Every));
        assert!(of("1-7@00:00-24:00").cover(&Hours::Every));
        assert!(!morning.meet(&of("6@08:00-12:00")) && morning.meet(&Hours::Every));
        assert_eq!(of("1@00:00-08:00,2@00:00-01:00").turns(), [480, 1440, 1500]);
    }
}
