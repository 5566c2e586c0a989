//! Codes a form offers: purposes, legal bases, reasons of withdrawal and revocation, kinds of
//! identity document. Names stand in the portal's texts (`purpose-01`); the chain holds the code.
//!
//! Source: DOMAIN 3.2 (PURPOSE, legalBasisType), 2.3 (ID_TYPE).

/// Purposes a request may name. `99 其他` needs a text, and free text has no place on the chain.
pub const PURPOSES: [&str; 9] = ["01", "02", "03", "04", "05", "06", "07", "08", "09"];

/// Legal bases: statutory duty, the person's consent, contract, emergency.
pub const BASES: [&str; 4] = ["01", "02", "03", "04"];

/// Why a requester takes a request back: no longer needed, filled in wrongly, asked elsewhere.
pub const WITHDRAW_REASONS: [&str; 3] = ["01", "02", "03"];

/// Why a provider ends a grant: use against its purpose, law or duties changed, security, entry withdrawn.
pub const REVOKE_REASONS: [&str; 4] = ["01", "02", "03", "04"];

/// Kinds of identity document of the housing-fund standard.
pub const ID_TYPES: [&str; 5] = ["01", "02", "03", "04", "99"];

/// Identity card, whose number has a check digit.
pub const ID_CARD: &str = "01";

/// Items that a purpose needs at most (DOMAIN 3.2, necessity matrix). Empty: no list is kept for
/// this purpose. The form marks what lies outside; policy and the provider decide.
#[must_use]
pub fn needed_items(purpose: &str) -> &'static [&'static str] {
    match purpose {
        "01" => &[
            "XingMing", "GRZHZT", "GRJCJS", "YJCE", "LXJCYS", "LXJCKS", "LXJCJZ", "JZNY", "WJQBZ", "DKCS",
            "CXMC",
        ],
        _ => &[],
    }
}

/// Whether a citizen's number is well formed: 18 characters, a real date, the check digit of
/// GB 11643. A retired region code is accepted; whether the person exists is not judged here.
#[must_use]
pub fn is_citizen_number(number: &str) -> bool {
    const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    const CHECKS: &[u8; 11] = b"10X98765432";
    let bytes = number.as_bytes();
    let Some((last, body)) = bytes.split_last() else { return false };
    if body.len() != WEIGHTS.len() || !body.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let sum: u32 = body.iter().zip(WEIGHTS).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    let check = CHECKS.get((sum % 11) as usize);
    check == Some(last) && number.get(6..14).is_some_and(is_date)
}

/// Eight digits of a real day of the calendar.
fn is_date(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|text| text.parse::<i16>().ok());
    let (Some(year), Some(month), Some(day)) = (part(0, 4), part(4, 6), part(6, 8)) else { return false };
    let (Ok(month), Ok(day)) = (i8::try_from(month), i8::try_from(day)) else { return false };
    year >= 1850 && jiff::civil::Date::new(year, month, day).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_standards_example_and_a_demo_number_are_well_formed() {
        assert!(is_citizen_number("34052419800101001X"));
        assert!(is_citizen_number("990000199001010017"));
    }

    #[test]
    fn a_wrong_digit_or_date_is_seen() {
        assert!(!is_citizen_number("34052419800101001x"));
        assert!(!is_citizen_number("340524198001010011"));
        assert!(!is_citizen_number("990000199002300014"));
        assert!(!is_citizen_number("99000019900101001"));
        assert!(!is_citizen_number("九九零零零零"));
        assert!(!is_citizen_number(""));
    }
}
