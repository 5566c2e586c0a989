//! How times are written: Chinese time (UTC+8), with seconds.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

use crate::language::{Language, Say};

/// Chinese time has had no summer time since 1991.
const OFFSET_HOURS: i8 = 8;
/// Characters of `2026-11-20`.
const DATE_CHARS: usize = 10;

fn zone() -> TimeZone {
    TimeZone::fixed(Offset::constant(OFFSET_HOURS))
}

fn civil(at_ms: i64) -> Option<DateTime> {
    Timestamp::from_millisecond(at_ms).ok().map(|time| zone().to_datetime(time))
}

/// `2026-11-20 14:32:18`; a time no calendar holds is a dash.
pub(crate) fn full(at_ms: i64) -> String {
    civil(at_ms).map_or_else(dash, |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

/// `11-20 14:32:18`, where the year is clear.
pub(crate) fn brief(at_ms: i64) -> String {
    civil(at_ms).map_or_else(dash, |time| time.strftime("%m-%d %H:%M:%S").to_string())
}

/// `14:32:18`.
pub(crate) fn of_day(at_ms: i64) -> String {
    civil(at_ms).map_or_else(dash, |time| time.strftime("%H:%M:%S").to_string())
}

/// `14:32`.
pub(crate) fn hour(at_ms: i64) -> String {
    civil(at_ms).map_or_else(dash, |time| time.strftime("%H:%M").to_string())
}

/// `2026-11-20`, also the value of a date field.
pub(crate) fn day(at_ms: i64) -> String {
    civil(at_ms).map_or_else(dash, |time| time.strftime("%Y-%m-%d").to_string())
}

/// `2026-11-20T14:32:18+08:00` for the `datetime` attribute.
pub(crate) fn machine(at_ms: i64) -> String {
    civil(at_ms).map_or_else(dash, |time| time.strftime("%Y-%m-%dT%H:%M:%S+08:00").to_string())
}

/// Date with the day of the week, in words.
pub(crate) fn today(language: Language, at_ms: i64) -> Say {
    let Some(time) = civil(at_ms) else { return language.say("dash") };
    language
        .say("date-long")
        .put("year", time.year().to_string())
        .put("month", i64::from(time.month()))
        .put("monthname", language.say(&format!("month-{}", time.month())))
        .put("day", i64::from(time.day()))
        .put("weekday", language.say(&format!("weekday-{}", time.weekday().to_monday_one_offset())))
}

/// A span in the largest fitting unit: seconds, minutes, hours, days.
pub(crate) fn span(language: Language, ms: i64) -> Say {
    let seconds = ms.max(0) / 1000;
    let (key, count) = match seconds {
        0..=89 => ("span-seconds", seconds),
        90..=5399 => ("span-minutes", seconds / 60),
        5400..=172_799 => ("span-hours", seconds / 3600),
        _ => ("span-days", seconds / 86_400),
    };
    language.say(key).put("count", count)
}

/// Midnight of Chinese time on the day of a date field, in milliseconds; none for another text.
pub(crate) fn midnight(date: &str) -> Option<i64> {
    // The parser would take a longer text for its date alone.
    let date: Date = Some(date.trim()).filter(|date| date.len() == DATE_CHARS)?.parse().ok()?;
    moment(date.at(0, 0, 0, 0))
}

/// The moment of a date-and-time field (`2026-11-20T14:32` or with a blank, with or without
/// seconds) or of a date.
pub(crate) fn typed(text: &str) -> Option<i64> {
    let text = text.trim();
    if let Some(start) = midnight(text) {
        return Some(start);
    }
    let time: DateTime = text.replacen(' ', "T", 1).parse().ok()?;
    moment(time)
}

fn moment(time: DateTime) -> Option<i64> {
    time.to_zoned(zone()).ok().map(|zoned| zoned.timestamp().as_millisecond())
}

fn dash() -> String {
    String::from("\u{2013}")
}

/// A date alone as the end of a search means the end of that day.
pub(crate) fn end_of(typed: &str, at: i64) -> i64 {
    if midnight(typed).is_some() { at.saturating_add(services::limits::DAY_MS - 1) } else { at }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: i64 = 1_795_147_200_000; // 2026-11-20 12:00:00 in Chinese time

    #[test]
    fn times_are_chinese_times_with_seconds() {
        assert_eq!(full(NOON), "2026-11-20 12:00:00");
        assert_eq!(brief(NOON), "11-20 12:00:00");
        assert_eq!(machine(NOON), "2026-11-20T12:00:00+08:00");
    }

    #[test]
    fn a_date_field_means_midnight_in_china() {
        assert_eq!(midnight("2026-11-20"), Some(NOON - 12 * 3_600_000));
        assert_eq!(typed("2026-11-20 12:00:00"), Some(NOON));
        assert_eq!(typed("2026-11-20T12:00"), Some(NOON));
        assert_eq!(typed("20/11/2026"), None);
    }

    #[test]
    fn spans_use_the_largest_fitting_unit() {
        let say = |ms| span(Language::English, ms).to_string();
        assert_eq!(say(2_000), "2 s");
        assert_eq!(say(192_000), "3 min");
        assert_eq!(say(-5), "0 s");
    }
}
