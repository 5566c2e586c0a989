//! What may be asked: one person, named by the kind and number of an identity document and the name.
//!
//! A number whose check digit does not fit is refused before anything is written down or sent
//! (GB 11643-1999). Numbers beginning with 990000 belong to nobody and are used for demonstrations.

use ledger::ids::{ItemCode, Time};
use ledger::text::normal;
use ledger::wire::{In, Out, Wire, WireError};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::fault::FieldFault;
use crate::limits::{ID_NUMBER_CHARACTERS_MAX, NAME_BYTES_MAX};
use crate::masking;

/// The person asked about, as filled in. Wiped when dropped, never printed.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Subject {
    /// Full name (`XingMing`).
    pub name: String,
    /// Kind of document (`ZJLX`; 01 is the citizen's identity card).
    pub id_type: String,
    /// Number of the document (`ZJHM`).
    pub id_number: String,
}

/// The kind of document whose number is the citizen's (JGJ/T 320-2014, table A.1).
pub const CITIZEN_CARD: &str = "01";

/// Provinces of GB/T 2260, and 83 of the residence permits. Counties are not checked: retired ones are
/// still in people's numbers.
const PROVINCES: [&str; 35] = [
    "11", "12", "13", "14", "15", "21", "22", "23", "31", "32", "33", "34", "35", "36", "37", "41", "42",
    "43", "44", "45", "46", "50", "51", "52", "53", "54", "61", "62", "63", "64", "65", "71", "81", "82",
    "83",
];
/// Belongs to nobody: demonstrations only.
const DEMONSTRATION: &str = "990000";

/// Days of UTC+8 begin so much earlier.
const UTC8_MS: u64 = 8 * 60 * 60 * 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Subject {
    /// Checks the fields and brings them into the form that is compared.
    ///
    /// # Errors
    /// All fields to be corrected: `name.empty`, `name.form`, `id-type.unknown`, `id-number.form`,
    /// `id-number.date`, `id-number.check-digit`.
    pub(crate) fn checked(&self, now: Time) -> Result<Person, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let name = normal(self.name.trim());
        if name.is_empty() {
            faults.push(FieldFault { field: "name", code: "name.empty" });
        } else if !is_name(&name) {
            faults.push(FieldFault { field: "name", code: "name.form" });
        }
        let id_type = self.id_type.trim();
        if !is_id_type(id_type) {
            faults.push(FieldFault { field: "id_type", code: "id-type.unknown" });
        }
        let id_number = self.id_number.trim().to_ascii_uppercase();
        if let Err(code) = check_id_number(id_type, &id_number, now) {
            faults.push(FieldFault { field: "id_number", code });
        }
        if faults.is_empty() {
            Ok(Person { name, id_type: id_type.to_owned(), id_number })
        } else {
            Err(faults)
        }
    }
}

/// A person whose fields have been checked.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct Person {
    name: String,
    id_type: String,
    id_number: String,
}

impl Person {
    /// The value of a key item, if it is one that names a person.
    pub(crate) fn key(&self, item: &ItemCode) -> Option<&str> {
        match item.as_str() {
            "XingMing" => Some(&self.name),
            "ZJLX" => Some(&self.id_type),
            "ZJHM" => Some(&self.id_number),
            _ => None,
        }
    }

    /// The person as a list may show them.
    pub(crate) fn masked(&self) -> String {
        use ledger::catalogue::MaskRule;
        format!(
            "{} {}",
            masking::mask(MaskRule::Name, &self.name),
            masking::mask(MaskRule::Id, &self.id_number)
        )
    }

    /// The number, for an index that cannot be read.
    pub(crate) fn id_number(&self) -> &str {
        &self.id_number
    }

    /// Whether the number could exist; the provider asks again what the requester should have asked.
    pub(crate) fn is_plausible(&self, now: Time) -> bool {
        check_id_number(&self.id_type, &self.id_number, now).is_ok()
    }
}

impl Wire for Person {
    fn put(&self, out: &mut Out) {
        out.array(3);
        out.text(&self.name);
        out.text(&self.id_type);
        out.text(&self.id_number);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        input.array_of(3)?;
        let person = Self {
            name: input.text()?.to_owned(),
            id_type: input.text()?.to_owned(),
            id_number: input.text()?.to_owned(),
        };
        let fits = is_name(&person.name)
            && person.name.trim() == person.name
            && normal(&person.name) == person.name
            && is_id_type(&person.id_type)
            && is_id_number_form(&person.id_number);
        if fits { Ok(person) } else { Err(WireError::Text) }
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME_BYTES_MAX && !name.chars().any(char::is_control)
}

fn is_id_type(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_digit())
}

fn is_id_number_form(number: &str) -> bool {
    (1..=ID_NUMBER_CHARACTERS_MAX).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'-')
}

fn check_id_number(id_type: &str, number: &str, now: Time) -> Result<(), &'static str> {
    if id_type == CITIZEN_CARD {
        check_citizen_number(number, now)
    } else if is_id_number_form(number) {
        Ok(())
    } else {
        Err("id-number.form")
    }
}

/// GB 11643-1999: 6 region, 8 birth date, 3 sequence, 1 check character.
fn check_citizen_number(number: &str, now: Time) -> Result<(), &'static str> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    const FORM: &str = "id-number.form";
    if number.len() != 18 || !number.is_ascii() {
        return Err(FORM);
    }
    let (body, check) = number.split_at(17);
    let digits: Vec<u32> = body.chars().map(|c| c.to_digit(10)).collect::<Option<_>>().ok_or(FORM)?;
    if !number.starts_with(DEMONSTRATION) && !PROVINCES.iter().any(|province| number.starts_with(province)) {
        return Err(FORM);
    }
    let birth = |from: usize, to: usize| body.get(from..to).and_then(|part| part.parse::<u32>().ok());
    let (Some(year), Some(month), Some(date)) = (birth(6, 10), birth(10, 12), birth(12, 14)) else {
        return Err(FORM);
    };
    let born = day_number(year, month, date).ok_or("id-number.date")?;
    if born > day(now) {
        return Err("id-number.date");
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    match CHECKS.get(usize::try_from(sum % 11).unwrap_or_default()) {
        Some(expected) if check.as_bytes() == [*expected] => Ok(()),
        _ => Err("id-number.check-digit"),
    }
}

/// Days since 1970-01-01 in UTC+8.
pub(crate) const fn day(now: Time) -> u64 {
    now.0.saturating_add(UTC8_MS) / DAY_MS
}

/// The year in UTC+8.
pub(crate) fn year(now: Time) -> u32 {
    let day = day(now);
    let begins = |year: u32| day_number(year, 1, 1).unwrap_or(u64::MAX);
    // A year has 366 days at most, so this starts low and counts up a little.
    let mut year = 1970 + u32::try_from(day / 366).unwrap_or(8000).min(8000);
    while year < 9999 && begins(year + 1) <= day {
        year += 1;
    }
    year
}

/// Days since 1970-01-01 of a date that exists, 0 for earlier ones; `None` for 30 February and the like.
fn day_number(year: u32, month: u32, day: u32) -> Option<u64> {
    let leap = |y: u32| y.is_multiple_of(4) && (!y.is_multiple_of(100) || y.is_multiple_of(400));
    let length = |y: u32, m: u32| match m {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap(y) => 29,
        2 => 28,
        _ => 0,
    };
    if !(1800..=9999).contains(&year) || day == 0 || day > length(year, month) {
        return None;
    }
    let years: u32 = (1970..year).map(|y| if leap(y) { 366 } else { 365 }).sum();
    let months: u32 = (1..month).map(|m| length(year, m)).sum();
    Some(if year < 1970 { 0 } else { u64::from(years + months + day - 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_795_219_200_000); // 2026-11-21

    fn subject(name: &str, id_type: &str, id_number: &str) -> Subject {
        Subject { name: name.into(), id_type: id_type.into(), id_number: id_number.into() }
    }

    fn codes(subject: &Subject) -> Vec<&'static str> {
        match subject.checked(NOW) {
            Ok(_) => vec![],
            Err(faults) => faults.iter().map(|fault| fault.code).collect(),
        }
    }

    #[test]
    fn numbers_with_the_right_check_digit_are_taken() {
        for number in
            ["34052419800101001X", "34052419800101001x", "990000199001010017", " 990000199001010017 "]
        {
            assert!(codes(&subject("张三", "01", number)).is_empty(), "{number}");
        }
    }

    #[test]
    fn numbers_that_cannot_exist_are_refused() {
        for (number, code) in [
            ("990000199001010018", "id-number.check-digit"),
            ("990000199002300016", "id-number.date"),
            ("99000019900101001", "id-number.form"),
            ("9900001990010100177", "id-number.form"),
            ("99000019900101001A", "id-number.check-digit"),
            ("990001199001010017", "id-number.form"),
            ("99000020991231001X", "id-number.date"),
            ("９９００００199001010017", "id-number.form"),
            ("", "id-number.form"),
        ] {
            assert_eq!(codes(&subject("张三", "01", number)), [code], "{number}");
        }
    }

    #[test]
    fn every_other_check_character_is_refused() {
        let taken = "0123456789X"
            .chars()
            .filter(|check| codes(&subject("张三", "01", &format!("99000019900101001{check}"))).is_empty())
            .count();
        assert_eq!(taken, 1);
    }

    #[test]
    fn all_faults_are_told_at_once() {
        assert_eq!(
            codes(&subject(" ", "1", "'; DROP TABLE people --")),
            ["name.empty", "id-type.unknown", "id-number.form"]
        );
        assert_eq!(codes(&subject("张\u{0}三", "01", "990000199001010017")), ["name.form"]);
    }

    #[test]
    fn the_person_is_masked_in_lists() {
        let person = subject("张三", "01", "990000199001010017").checked(NOW).ok().unwrap();
        assert_eq!(person.masked(), "*三 990000********0017");
    }

    #[test]
    fn names_are_compared_in_one_normal_form() {
        let composed = subject("José", "03", "AB-12").checked(NOW).ok().unwrap();
        let decomposed = subject("Jose\u{301}", "03", "ab-12").checked(NOW).ok().unwrap();
        assert!(composed == decomposed);
    }

    #[test]
    fn a_person_reads_back_and_an_unchecked_one_does_not() {
        let person = subject("张三", "01", "990000199001010017").checked(NOW).ok().unwrap();
        let bytes = ledger::wire::to_bytes(&person);
        assert!(ledger::wire::from_bytes::<Person>(&bytes).ok().unwrap() == person);
        let raw = Person { name: " 张三".into(), id_type: "01".into(), id_number: "x".into() };
        assert!(ledger::wire::from_bytes::<Person>(&ledger::wire::to_bytes(&raw)).is_err());
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(day_number(1970, 1, 1), Some(0));
        assert_eq!(day_number(2000, 3, 1), Some(11_017));
        assert_eq!(day_number(2026, 11, 21), Some(20_778));
        assert_eq!(day_number(1900, 2, 29), None);
        for (ms, expected) in
            [(0, 1970), (1_795_219_200_000, 2026), (1_798_732_800_000 - 1, 2026), (1_798_732_800_000, 2027)]
        {
            assert_eq!(year(Time(ms)), expected);
        }
    }
}
