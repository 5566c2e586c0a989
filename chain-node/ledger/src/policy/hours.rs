//! Hours of the week in UTC+8, as rows name them: `1-5@08:00-18:00`, Monday is 1. Several windows are
//! separated by commas; one that crosses midnight is written as two. The end is the first minute after.

use alloc::string::ToString;

/// Minutes of a day.
pub const MINUTES_A_DAY: usize = 24 * 60;
/// Minutes of a week.
pub const MINUTES_A_WEEK: usize = 7 * MINUTES_A_DAY;

/// A window: some days that follow one another, and on each of them from one minute to before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Window {
    /// Monday is 0.
    first: usize,
    last: usize,
    /// Minutes of the day.
    from: usize,
    to: usize,
}

impl Window {
    /// Reads a window; nothing when it is malformed.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (days, clock) = text.split_once('@')?;
        let (first, last) = days.split_once('-').unwrap_or((days, days));
        let (from, to) = clock.split_once('-')?;
        let window = Self { first: day(first)?, last: day(last)?, from: minute(from)?, to: minute(to)? };
        (window.first <= window.last && window.from < window.to).then_some(window)
    }

    /// The minutes of the week it holds.
    pub fn minutes_of_week(&self) -> impl Iterator<Item = usize> + use<> {
        let Self { first, last, from, to } = *self;
        (first..=last).flat_map(move |day| (from..to).map(move |at| day * MINUTES_A_DAY + at))
    }
}

fn day(text: &str) -> Option<usize> {
    (1..=7_usize).find(|day| day.to_string() == text).map(|day| day - 1)
}

/// `08:05` as the minute of the day; `24:00` is the end of one.
fn minute(text: &str) -> Option<usize> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |text: &str, max: usize| {
        let is_two = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<usize>().ok().filter(|number| is_two && *number <= max)
    };
    let minute = two(hours, 24)? * 60 + two(minutes, 59)?;
    (minute <= MINUTES_A_DAY).then_some(minute)
}
