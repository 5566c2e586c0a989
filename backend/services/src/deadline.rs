//! Working days and the time limits counted in them.
//!
//! Days are those of UTC+8. Monday to Friday are working days, except where the State Council's
//! yearly notice (compiled in from `data/working-days.csv`) says otherwise in either direction. The
//! day of receipt is not counted; a limit ends with the last moment of its last working day.
//! These limits are the system's defaults (DOMAIN 1.4); passing one grants nothing.

use jiff::civil::{Date, Weekday};
use jiff::{Timestamp, ToSpan, tz::TimeZone};

const TABLE: &str = include_str!("../data/working-days.csv");

/// Working days to answer a request for unconditionally shared data (article 22).
pub const ANSWER_UNCONDITIONAL_DAYS: u32 = 1;
/// Working days to answer a request for conditionally shared data (article 22).
pub const ANSWER_CONDITIONAL_DAYS: u32 = 10;
/// Share of a limit after which the light turns yellow, in percent.
const YELLOW_PERCENT: u32 = 70;

/// Warning light of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Light {
    /// Time enough.
    Green,
    /// Seven tenths are used.
    Yellow,
    /// Overdue.
    Red,
}

impl Light {
    /// `green`, `yellow`, `red`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
        }
    }
}

/// A limit as a page shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// Last millisecond of the last working day, ms UTC.
    pub due_at: i64,
    /// The limit in working days.
    pub working_days: u32,
    /// Working days after today until the last one; 0 on the last day; negative when overdue.
    pub working_days_left: i64,
    /// Today is the last day.
    pub due_today: bool,
    /// The warning light.
    pub light: Light,
    /// The notice for one of the years counted was not out; plain weekdays were taken for it.
    pub provisional: bool,
}

impl Deadline {
    /// The limit of `working_days` that began at `start_ms`, seen at `now_ms`.
    #[must_use]
    pub fn new(start_ms: i64, working_days: u32, now_ms: i64) -> Option<Self> {
        let (start, today) = (day(start_ms)?, day(now_ms)?);
        let last = add_working_days(start, working_days)?;
        let left = count_working_days(today, last)?;
        let used = u32::try_from(count_working_days(start, today)?.max(0)).unwrap_or(u32::MAX);
        let due_at = day_end_ms(last)?;
        let light = if now_ms > due_at {
            Light::Red
        } else if used.saturating_mul(100) >= working_days.saturating_mul(YELLOW_PERCENT) {
            Light::Yellow
        } else {
            Light::Green
        };
        Some(Self {
            due_at,
            working_days,
            working_days_left: left,
            due_today: today == last,
            light,
            provisional: !is_published(start.year()) || !is_published(last.year()),
        })
    }
}

/// The zone of all days on the platform.
fn zone() -> TimeZone {
    TimeZone::fixed(jiff::tz::offset(8))
}

/// The day in UTC+8 of a moment.
#[must_use]
pub fn day(at_ms: i64) -> Option<Date> {
    Timestamp::from_millisecond(at_ms).ok().map(|at| at.to_zoned(zone()).date())
}

/// First millisecond of a day in UTC+8.
#[must_use]
pub fn day_start_ms(day: Date) -> Option<i64> {
    day.to_zoned(zone()).ok().map(|start| start.timestamp().as_millisecond())
}

/// Last millisecond of a day in UTC+8.
#[must_use]
pub fn day_end_ms(day: Date) -> Option<i64> {
    day_start_ms(day.checked_add(1.day()).ok()?).map(|next| next - 1)
}

/// `2026-11-20`, or nothing.
#[must_use]
pub fn parse_day(text: &str) -> Option<Date> {
    let parsed: Date = text.trim().parse().ok()?;
    (parsed.to_string() == text.trim()).then_some(parsed)
}

/// Whether people work on this day.
#[must_use]
pub fn is_working_day(day: Date) -> bool {
    match noted(day) {
        Some("holiday") => false,
        Some(_) => true,
        None => !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday),
    }
}

/// What the notice says about a day: `holiday`, `working`, or nothing.
fn noted(day: Date) -> Option<&'static str> {
    let wanted = day.to_string();
    TABLE.lines().skip(1).find_map(|line| {
        let (date, rest) = line.split_once(',')?;
        (date == wanted).then(|| rest.split(',').next()).flatten()
    })
}

/// Whether the table covers a year.
fn is_published(year: i16) -> bool {
    let head = format!("{year:04}-");
    TABLE.lines().any(|line| line.starts_with(&head))
}

/// The `days`-th working day after `from`. None beyond the calendar's end.
fn add_working_days(from: Date, days: u32) -> Option<Date> {
    let mut day = from;
    let mut left = days;
    while left > 0 {
        day = day.tomorrow().ok()?;
        if is_working_day(day) {
            left -= 1;
        }
    }
    Some(day)
}

/// Working days after `from` up to and including `to`; negative when `to` lies before.
fn count_working_days(from: Date, to: Date) -> Option<i64> {
    let (mut day, end, sign) = if from <= to { (from, to, 1) } else { (to, from, -1) };
    let mut count = 0;
    while day < end {
        day = day.tomorrow().ok()?;
        if is_working_day(day) {
            count += 1;
        }
    }
    Some(count * sign)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn at(day: &str, hour: i64) -> i64 {
        day_start_ms(parse_day(day).unwrap()).unwrap() + hour * 3_600_000
    }

    #[test]
    fn holidays_are_not_counted_and_make_up_days_are() {
        assert!(!is_working_day(parse_day("2024-01-01").unwrap()));
        assert!(!is_working_day(parse_day("2026-11-21").unwrap()), "a Saturday");
        let make_up = TABLE.lines().find(|line| line.contains(",working,")).unwrap();
        assert!(is_working_day(parse_day(make_up.split(',').next().unwrap()).unwrap()));
    }

    #[test]
    fn ten_working_days_from_a_friday_end_two_weeks_later() {
        let deadline = Deadline::new(at("2026-11-06", 10), 10, at("2026-11-06", 11)).unwrap();
        assert_eq!(day(deadline.due_at), parse_day("2026-11-20"));
        assert_eq!(deadline.working_days_left, 10);
        assert_eq!(deadline.light, Light::Green);
        assert!(!deadline.due_today);
    }

    #[test]
    fn the_light_turns_yellow_at_seven_tenths_and_red_after_the_last_moment() {
        let start = at("2026-11-06", 10);
        assert_eq!(Deadline::new(start, 10, at("2026-11-16", 9)).unwrap().light, Light::Green);
        assert_eq!(Deadline::new(start, 10, at("2026-11-17", 9)).unwrap().light, Light::Yellow);
        let last = Deadline::new(start, 10, at("2026-11-20", 23)).unwrap();
        assert!(last.due_today);
        assert_eq!((last.light, last.working_days_left), (Light::Yellow, 0));
        let over = Deadline::new(start, 10, at("2026-11-23", 0)).unwrap();
        assert_eq!((over.light, over.working_days_left), (Light::Red, -1));
    }

    #[test]
    fn the_day_is_that_of_beijing() {
        let late = Timestamp::from_millisecond(at("2026-11-20", 23)).unwrap();
        assert_eq!(late.to_string(), "2026-11-20T15:00:00Z");
        assert_eq!(day(late.as_millisecond()), parse_day("2026-11-20"));
    }

    #[test]
    fn a_limit_that_reaches_a_year_without_notice_says_so() {
        assert!(Deadline::new(at("2026-12-28", 9), 10, at("2026-12-28", 9)).unwrap().provisional);
        assert!(!Deadline::new(at("2026-11-06", 9), 10, at("2026-11-06", 9)).unwrap().provisional);
    }

    #[test]
    fn days_are_written_in_one_way_only() {
        assert!(parse_day("2026-11-20").is_some());
        for wrong in ["2026-2-3", "20261120", "2026-02-30", "", "tomorrow"] {
            assert!(parse_day(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn the_last_working_day_ends_a_moment_before_midnight_in_beijing() {
        let start = at("2026-11-06", 10);
        let due = Deadline::new(start, 10, start).unwrap().due_at;
        assert_eq!(due, at("2026-11-21", 0) - 1);
        for (now, light, today, left) in [
            (due, Light::Yellow, true, 0),
            (due + 1, Light::Red, false, 0),
            (at("2026-11-23", 0) - 1, Light::Red, false, 0),
            (at("2026-11-23", 0), Light::Red, false, -1),
        ] {
            let deadline = Deadline::new(start, 10, now).unwrap();
            assert_eq!(
                (deadline.light, deadline.due_today, deadline.working_days_left),
                (light, today, left)
            );
        }
    }

    #[test]
    fn a_holiday_moves_the_end_and_a_make_up_saturday_brings_it_back() {
        // The National Day of 2026: 1 to 7 October are off, Sunday the 20th of September and Saturday the
        // 10th of October are worked.
        for (start, days, last) in [
            ("2026-09-30", 1, "2026-10-08"),
            ("2026-10-09", 1, "2026-10-10"),
            ("2026-09-18", 1, "2026-09-20"),
            ("2026-10-03", 1, "2026-10-08"),
        ] {
            let deadline = Deadline::new(at(start, 9), days, at(start, 9)).unwrap();
            assert_eq!(day(deadline.due_at).unwrap().to_string(), last, "{start}");
        }
    }

    #[test]
    fn moments_beyond_the_calendar_have_no_deadline() {
        for beyond in [i64::MAX, i64::MIN] {
            assert!(Deadline::new(beyond, 10, 0).is_none() && day(beyond).is_none());
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

        /// So many working days after a day, counted back, are so many; and the last is one.
        #[test]
        fn what_is_added_is_what_is_counted(start in 0i32..3_650, days in 0u32..40) {
            let from = parse_day("2024-01-01").unwrap().checked_add(start.days()).unwrap();
            let last = add_working_days(from, days).unwrap();
            prop_assert_eq!(count_working_days(from, last), Some(i64::from(days)));
            prop_assert_eq!(count_working_days(last, from), Some(-i64::from(days)));
            prop_assert!(days == 0 || is_working_day(last));
        }

        /// The longer one waits, the fewer days are left and the more pressing it gets.
        #[test]
        fn time_only_makes_it_more_pressing(start in 0i64..3_000, days in 1u32..15, one in 0i64..40, more in 0i64..40) {
            let began = at("2024-01-01", 10) + start * 86_400_000;
            let seen = |after: i64| Deadline::new(began, days, began + after * 86_400_000).unwrap();
            let (sooner, later) = (seen(one), seen(one + more));
            prop_assert!(later.working_days_left <= sooner.working_days_left);
            prop_assert!(later.light >= sooner.light);
            prop_assert_eq!(later.due_at, sooner.due_at);
        }
    }
}
