//! What may be asked: one person, named by the kind and number of an identity document and the name.
//!
//! A number whose check digit does not fit is refused before anything is written down or sent
//! (GB 11643-1999). Numbers beginning with 990000 belong to nobody and are used for demonstrations.

use jiff::Timestamp;
use jiff::civil::Date;
use ledger::ids::{ItemCode, Time};
use ledger::text::{Text, TextError, normal};
use ledger::wire::{In, Out, Wire, WireError};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::fault::{Field, FieldCode, FieldFault};
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

impl Subject {
    /// The person as lists show them, if the fields name one.
    #[must_use]
    pub fn masked(&self, now: Time) -> Option<String> {
        Some(self.checked(now).ok()?.masked())
    }

    /// Checks the fields and brings them into the form that is compared.
    ///
    /// # Errors
    /// All fields to be corrected.
    pub(crate) fn checked(&self, now: Time) -> Result<Person, Vec<FieldFault>> {
        let mut faults = Vec::new();
        let name = normal(self.name.trim());
        match Text::<NAME_BYTES_MAX>::new(&name) {
            Ok(_) => {}
            Err(TextError::Empty) => faults.push(Field::Name.fault(FieldCode::Empty)),
            Err(_) => faults.push(Field::Name.fault(FieldCode::Form)),
        }
        let id_type = self.id_type.trim();
        if !is_id_type(id_type) {
            faults.push(Field::IdType.fault(FieldCode::Unknown));
        }
        let id_number = plain_number(&self.id_number);
        if let Err(code) = check_id_number(id_type, &id_number, now) {
            faults.push(Field::IdNumber.fault(code));
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

/// The item that holds a document's number.
pub(crate) const ID_NUMBER: &str = "ZJHM";
/// The items a person can be asked by, in the order of [`Person::keys`].
pub(crate) const KEYS: [&str; 3] = ["ZJLX", ID_NUMBER, "XingMing"];

impl Person {
    fn keys(&self) -> [&str; 3] {
        [&self.id_type, &self.id_number, &self.name]
    }

    /// The value of a key item, if it is one that names a person.
    pub(crate) fn key(&self, item: &ItemCode) -> Option<&str> {
        KEYS.iter().zip(self.keys()).find(|(key, _)| **key == item.as_str()).map(|(_, value)| value)
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
        let fits = Text::<NAME_BYTES_MAX>::new(&person.name).is_ok()
            && person.name.trim() == person.name
            && is_id_type(&person.id_type)
            && is_id_number_form(&person.id_number);
        if fits { Ok(person) } else { Err(WireError::Text) }
    }
}

fn is_id_type(code: &str) -> bool {
    code.len() == 2 && code.bytes().all(|b| b.is_ascii_digit())
}

fn is_id_number_form(number: &str) -> bool {
    (1..=ID_NUMBER_CHARACTERS_MAX).contains(&number.len())
        && number.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase() || b == b'-')
}

fn check_id_number(id_type: &str, number: &str, now: Time) -> Result<(), FieldCode> {
    if id_type == CITIZEN_CARD {
        check_citizen_number(number, now)
    } else if is_id_number_form(number) {
        Ok(())
    } else {
        Err(FieldCode::IdNumberForm)
    }
}

/// Whether a number can be a citizen's (GB 11643-1999): 6 digits of region, 8 of a birth date that has come,
/// 3 of sequence, and the check character. Whether there is such a person is not judged. Spaces and full-width
/// digits must be gone already ([`plain_number`]).
///
/// # Errors
/// Which part does not fit.
pub fn check_citizen_number(number: &str, now: Time) -> Result<(), FieldCode> {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    if number.len() != 18 || !number.is_ascii() {
        return Err(FieldCode::IdNumberForm);
    }
    let (body, check) = number.split_at(17);
    let digits: Option<Vec<u32>> = body.chars().map(|c| c.to_digit(10)).collect();
    let digits = digits.ok_or(FieldCode::IdNumberForm)?;
    if !number.starts_with(DEMONSTRATION) && !PROVINCES.iter().any(|province| number.starts_with(province)) {
        return Err(FieldCode::IdNumberForm);
    }
    let born = body.get(6..14).and_then(|digits| Date::strptime("%Y%m%d", digits).ok());
    if born.is_none_or(|born| born.year() < 1800 || born > date(now)) {
        return Err(FieldCode::IdNumberDate);
    }
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    match CHECKS.get(usize::try_from(sum % 11).unwrap_or_default()) {
        Some(expected) if check.as_bytes() == [*expected] => Ok(()),
        _ => Err(FieldCode::IdNumberCheckDigit),
    }
}

/// A number as it is compared, from one as it is typed, pasted or put in by a Chinese input method: no white
/// space, full-width letters and digits as the plain ones, letters in upper case.
#[must_use]
pub fn plain_number(typed: &str) -> String {
    const FULL_WIDTH: std::ops::RangeInclusive<u32> = 0xFF01..=0xFF5E;
    let plain = |c: char| match u32::from(c) {
        wide if FULL_WIDTH.contains(&wide) => char::from_u32(wide - 0xFF01 + 0x21).unwrap_or(c),
        _ => c,
    };
    typed.chars().filter(|c| !c.is_whitespace()).map(|c| plain(c).to_ascii_uppercase()).collect()
}

/// The day in UTC+8.
pub(crate) fn date(now: Time) -> Date {
    let at = i64::try_from(now.0).ok().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    jiff::tz::offset(8).to_datetime(at.unwrap_or(Timestamp::MAX)).date()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time(1_795_219_200_000); // 2026-11-21

    fn subject(name: &str, id_type: &str, id_number: &str) -> Subject {
        Subject { name: name.into(), id_type: id_type.into(), id_number: id_number.into() }
    }

    fn codes(subject: &Subject) -> Vec<FieldCode> {
        match subject.checked(NOW) {
            Ok(_) => vec![],
            Err(faults) => faults.iter().map(|fault| fault.code).collect(),
        }
    }

    #[test]
    fn numbers_with_the_right_check_digit_are_taken_however_they_are_typed() {
        for number in [
            "34052419800101001X",
            "34052419800101001x",
            " 990000199001010017 ",
            "990000 19900101 0017",
            "９９００００１９９００１０１００１７",
            "３４０５２４ 19800101\u{3000}００１ｘ",
        ] {
            assert!(codes(&subject("张三", "01", number)).is_empty(), "{number}");
        }
    }

    #[test]
    fn numbers_that_cannot_exist_are_refused() {
        use FieldCode::{IdNumberCheckDigit as Check, IdNumberDate as Date, IdNumberForm as Form};
        for (number, code) in [
            ("990000199001010018", Check),
            ("990000199002300016", Date),
            ("990000179912310016", Date),
            ("99000019900101001", Form),
            ("9900001990010100177", Form),
            ("99000019900101001A", Check),
            ("990001199001010017", Form),
            ("99000020991231001X", Date),
            ("九九零零零零199001010017", Form),
            ("", Form),
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
            [FieldCode::Empty, FieldCode::Unknown, FieldCode::IdNumberForm]
        );
        assert_eq!(codes(&subject("张\u{0}三", "01", "990000199001010017")), [FieldCode::Form]);
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
    fn a_day_begins_at_midnight_of_utc_8() {
        for (ms, expected) in [
            (0, "1970-01-01"),
            (1_795_219_200_000, "2026-11-21"),
            (1_798_732_800_000 - 1, "2026-12-31"),
            (1_798_732_800_000, "2027-01-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(date(Time(ms)).to_string(), expected);
        }
    }
}
