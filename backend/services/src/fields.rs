//! What a form's fields are read with, and the mistakes found on the way.

use ledger::ids::{Code2, Time};

use crate::codes::FieldCode;
use crate::error::{FieldError, ServiceError};
use crate::names::{day_text, ms};
use crate::{deadline, limits};

/// Collects the mistakes of a form, so that all are shown at once.
#[derive(Debug, Default)]
pub(crate) struct Mistakes(Vec<FieldError>);

impl Mistakes {
    pub(crate) fn add(&mut self, field: &'static str, code: FieldCode) {
        self.0.push(FieldError { field, code });
    }

    /// Keeps the value, or notes the mistake.
    pub(crate) fn take<T>(&mut self, field: &'static str, value: Result<T, FieldCode>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(code) => {
                self.add(field, code);
                None
            }
        }
    }

    /// Says something more telling about a field than what was said so far.
    pub(crate) fn replace(&mut self, field: &'static str, code: FieldCode) {
        self.0.retain(|mistake| mistake.field != field);
        self.add(field, code);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn done(self) -> Result<(), ServiceError> {
        if self.0.is_empty() { Ok(()) } else { Err(self.into()) }
    }
}

impl From<Mistakes> for ServiceError {
    fn from(mistakes: Mistakes) -> Self {
        Self::Invalid(mistakes.0)
    }
}

/// A code that must be one of those offered.
pub(crate) fn chosen(code: &str, offered: &[&str]) -> Result<Code2, FieldCode> {
    match code {
        "" => Err(FieldCode::Missing),
        _ if !offered.contains(&code) => Err(FieldCode::NotOffered),
        _ => code.parse().map_err(|_| FieldCode::NotACode),
    }
}

/// First and last moment of a period given in days of UTC+8.
pub(crate) fn read_period(
    mistakes: &mut Mistakes,
    now: i64,
    from: &str,
    until: &str,
) -> Option<(Time, Time)> {
    let day = |text: &str| match text.trim() {
        "" => Err(FieldCode::Missing),
        text => deadline::parse_day(text).ok_or(FieldCode::NotADate),
    };
    let from = mistakes.take("from", day(from));
    let until = mistakes.take("until", day(until));
    let (from, until) = (from?, until?);
    let today = deadline::day(now)?;
    let days = |a: jiff::civil::Date, b: jiff::civil::Date| {
        a.until((jiff::Unit::Day, b)).map_or(i64::MAX, |span| i64::from(span.get_days()))
    };
    if days(today, from) < 0 {
        mistakes.add("from", FieldCode::InThePast);
    } else if days(today, from) > i64::from(limits::START_DAYS_AHEAD_MAX) {
        mistakes.add("from", FieldCode::TooFar);
    }
    if days(from, until) < 0 {
        mistakes.add("until", FieldCode::BeforeStart);
    } else if days(from, until) >= i64::from(limits::PERIOD_DAYS_MAX) {
        mistakes.add("until", FieldCode::TooFar);
    }
    let moment = |at: i64| u64::try_from(at).ok().map(Time);
    Some((moment(deadline::day_start_ms(from)?)?, moment(deadline::day_end_ms(until)?)?))
}

/// A number of queries, at least one.
pub(crate) fn read_quota(text: &str, max: u64) -> Result<u32, FieldCode> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldCode::Missing);
    }
    match text.parse::<u64>() {
        Err(_) => Err(FieldCode::NotANumber),
        Ok(0) => Err(FieldCode::TooSmall),
        Ok(number) if number > max => Err(FieldCode::TooLarge),
        Ok(number) => u32::try_from(number).map_err(|_| FieldCode::TooLarge),
    }
}

/// The days of a period, for a form that narrows it.
pub(crate) fn period_days(from: Time, until: Time) -> (String, String) {
    (day_text(ms(from)), day_text(ms(until)))
}

/// A line of text that must be there.
pub(crate) fn plain(text: &str, chars_max: usize) -> Result<&str, FieldCode> {
    let trimmed = text.trim();
    match trimmed {
        "" => Err(FieldCode::Missing),
        _ if trimmed.chars().count() > chars_max => Err(FieldCode::TooLong),
        _ if !is_seen(trimmed) => Err(FieldCode::BadCharacters),
        _ => Ok(trimmed),
    }
}

/// Whether a reader sees all of a text: no control characters, none of no width, none that turn the
/// direction of writing, so that nothing is kept which looks like something else.
pub(crate) fn is_seen(text: &str) -> bool {
    !text.chars().any(char::is_control) && ledger::text::invisible(text).is_none()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

    use super::*;

    fn now() -> i64 {
        deadline::day_start_ms(deadline::parse_day("2026-11-20").unwrap()).unwrap() + 10 * 3_600_000
    }

    fn period(from: &str, until: &str) -> Result<(Time, Time), ServiceError> {
        let mut mistakes = Mistakes::default();
        let read = read_period(&mut mistakes, now(), from, until);
        mistakes.done()?;
        Ok(read.unwrap())
    }

    #[test]
    fn a_period_runs_from_the_first_to_the_last_moment_of_its_days() {
        let (from, until) = period("2026-11-20", "2026-11-20").unwrap();
        assert_eq!(until.0 - from.0, 24 * 60 * 60 * 1000 - 1);
        assert!(from.0 < now().unsigned_abs(), "today counts from its first moment");
    }

    #[test]
    fn a_period_in_the_past_too_long_or_backwards_is_refused() {
        for (from, until, field, code) in [
            ("2026-11-19", "2026-11-30", "from", FieldCode::InThePast),
            ("2027-11-19", "2027-11-30", "from", FieldCode::TooFar),
            ("2026-11-20", "2027-11-21", "until", FieldCode::TooFar),
            ("2026-11-25", "2026-11-24", "until", FieldCode::BeforeStart),
            ("2026-11-25", "", "until", FieldCode::Missing),
            ("tomorrow", "2026-11-25", "from", FieldCode::NotADate),
        ] {
            assert_eq!(period(from, until), Err(ServiceError::field(field, code)), "{from} {until}");
        }
    }

    #[test]
    fn a_line_holds_nothing_that_a_reader_does_not_see() {
        assert_eq!(plain(" 深贷〔2026〕第 00001 号 ", 60), Ok("深贷〔2026〕第 00001 号"));
        for hidden in ["case\u{202e}7", "case\u{200b}7", "\u{2066}7\u{2069}", "7\u{feff}8", "a\tb", "a\nb"] {
            assert_eq!(plain(hidden, 60), Err(FieldCode::BadCharacters), "{hidden:?}");
        }
    }

    #[test]
    fn a_quota_is_a_number_from_one_to_the_bound() {
        assert_eq!(read_quota(" 200 ", 1000), Ok(200));
        for (text, code) in [
            ("", FieldCode::Missing),
            ("0", FieldCode::TooSmall),
            ("1001", FieldCode::TooLarge),
            ("-1", FieldCode::NotANumber),
            ("1e3", FieldCode::NotANumber),
        ] {
            assert_eq!(read_quota(text, 1000), Err(code), "{text}");
        }
    }

    #[test]
    fn only_offered_codes_are_chosen() {
        assert!(chosen("01", &crate::purpose::PURPOSES).is_ok());
        assert_eq!(chosen("", &crate::purpose::PURPOSES), Err(FieldCode::Missing));
        assert_eq!(chosen("99", &crate::purpose::PURPOSES), Err(FieldCode::NotOffered));
    }

    #[test]
    fn a_line_is_bounded_in_characters_and_never_empty() {
        assert_eq!(plain(&"案".repeat(60), 60), Ok(&*"案".repeat(60)));
        assert_eq!(plain(&"案".repeat(61), 60), Err(FieldCode::TooLong));
        for empty in ["", " ", "\u{3000}", "\n\t"] {
            assert_eq!(plain(empty, 60), Err(FieldCode::Missing), "{empty:?}");
        }
    }

    /// Every character that shows nothing, wherever it stands.
    #[test]
    fn nothing_invisible_stands_in_a_line() {
        let hidden = [
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202b}',
            '\u{202c}',
            '\u{202d}',
            '\u{202e}',
            '\u{2060}',
            '\u{2064}',
            '\u{2066}',
            '\u{2067}',
            '\u{2068}',
            '\u{2069}',
            '\u{feff}',
            '\u{e0041}',
            '\0',
            '\u{7f}',
            '\u{85}',
        ];
        for hidden in hidden {
            let text = format!("深贷{hidden}1");
            assert_eq!(plain(&text, 60), Err(FieldCode::BadCharacters), "{hidden:?}");
            assert!(!is_seen(&text));
        }
        for seen in ["深贷 1", "Ümit Özdemir", "〔2026〕", "👤", "·", "a\u{301}"] {
            assert!(is_seen(seen), "{seen}");
        }
    }

    #[test]
    fn mistakes_are_told_in_their_order_and_a_better_reason_takes_the_place_of_another() {
        let mut mistakes = Mistakes::default();
        assert_eq!(mistakes.take::<u8>("quota", Ok(7)), Some(7));
        assert_eq!(mistakes.take::<u8>("until", Err(FieldCode::TooFar)), None);
        mistakes.add("items", FieldCode::NoneChosen);
        mistakes.replace("until", FieldCode::WiderThanAsked);
        assert_eq!(crate::stage::said(mistakes.done()), "items none-chosen, until wider-than-asked");
        assert_eq!(Mistakes::default().done(), Ok(()));
    }

    #[test]
    fn the_borders_of_a_period_are_days() {
        for (from, until, expected) in [
            ("2026-11-20", "2026-11-20", "ok"),
            ("2027-02-18", "2027-02-18", "ok"),
            ("2027-02-19", "2027-02-19", "from too-far"),
            ("2026-11-20", "2027-11-20", "ok"),
            ("2026-11-20", "2027-11-21", "until too-far"),
            ("2026-11-19", "2026-11-18", "from in-the-past, until before-start"),
            ("", "", "from missing, until missing"),
            ("2026-02-30", "x", "from not-a-date, until not-a-date"),
            ("９", "2026-11-20 ", "from not-a-date"),
        ] {
            assert_eq!(crate::stage::said(period(from, until)), expected, "{from} {until}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        /// Whatever is typed, what is kept of a line is within its bound and seen whole.
        #[test]
        fn what_is_kept_of_a_line_is_what_a_reader_sees(text in "\\PC{0,70}|(?s).{0,70}") {
            if let Ok(kept) = plain(&text, 60) {
                prop_assert!(!kept.is_empty() && kept == kept.trim() && kept.chars().count() <= 60);
                prop_assert!(is_seen(kept) && text.contains(kept));
            }
        }

        #[test]
        fn a_quota_read_is_the_number_that_was_typed(text in "[ 0-9+-]{0,24}", max in 1u64..200_000) {
            if let Ok(quota) = read_quota(&text, max) {
                prop_assert!(quota >= 1 && u64::from(quota) <= max);
                prop_assert_eq!(text.trim().parse::<u32>().ok(), Some(quota));
            }
        }
    }
}
