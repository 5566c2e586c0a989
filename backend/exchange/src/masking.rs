//! What is hidden before an answer is sealed (DOMAIN section 3.4): done at the provider. The requester hides by
//! the same rules what its own policies want hidden besides.
//!
//! A value too short for its rule is hidden whole: a mask shows less than it may, never more. Different
//! rules for one item have no order of strictness, so such an item is dropped (as in `access`).
//!
//! | rule | shows | example |
//! |---|---|---|
//! | MK-NAME | the last character | `**明` |
//! | MK-ID | the first 6 and last 4 | `990000********0017` |
//! | MK-MOB | the first 3 and last 4 | `100****0001` |
//! | MK-ACCT | the last 4 | `****************0123` |
//! | MK-AMT | a band, half open | `3000-4000` |

use ledger::catalogue::MaskRule;

/// Stands for a value of which nothing may be shown, an amount that is none among them; masked under every rule.
pub(crate) const HIDDEN: &str = "***";
/// An amount below zero.
const BELOW_ZERO: &str = "<0";
/// Digits of an amount's whole part.
const AMOUNT_DIGITS_MAX: usize = 15;

/// The value as it may leave.
#[must_use]
pub fn mask(rule: MaskRule, value: &str) -> String {
    match rule {
        MaskRule::Amt => band(value),
        MaskRule::Name | MaskRule::Id | MaskRule::Mob | MaskRule::Acct => {
            let length = value.chars().count();
            let (first, last) = shown(rule, length);
            let hidden = first..length.saturating_sub(last);
            value.chars().enumerate().map(|(at, c)| if hidden.contains(&at) { '*' } else { c }).collect()
        }
    }
}

/// Whether a value can have come out of [`mask`] under this rule: the requester's check of an answer.
#[must_use]
pub fn is_masked(rule: MaskRule, value: &str) -> bool {
    match rule {
        MaskRule::Amt => value == HIDDEN || value == BELOW_ZERO || is_band(value),
        MaskRule::Name | MaskRule::Id | MaskRule::Mob | MaskRule::Acct => {
            let length = value.chars().count();
            let (first, last) = shown(rule, length);
            let hidden = first..length.saturating_sub(last);
            value.chars().enumerate().all(|(at, c)| c == '*' || !hidden.contains(&at))
        }
    }
}

/// How many characters a rule shows at the start and at the end of a value of so many characters.
const fn shown(rule: MaskRule, length: usize) -> (usize, usize) {
    let (first, last, least) = match rule {
        MaskRule::Name => (0, 1, 2),
        MaskRule::Id => (6, 4, 15), // as short as the numbers of before 1999
        MaskRule::Mob => (3, 4, 11),
        MaskRule::Acct => (0, 4, 8),
        MaskRule::Amt => (0, 0, 0),
    };
    if length < least { (0, 0) } else { (first, last) }
}

/// The band an amount lies in: 1,000 wide below 10,000, 10,000 wide below 100,000, then 100,000 wide.
fn band(value: &str) -> String {
    let Some((negative, whole)) = whole_part(value) else { return HIDDEN.to_owned() };
    if negative {
        return BELOW_ZERO.to_owned();
    }
    let width = width(whole);
    let low = whole / width * width;
    format!("{low}-{}", low + width)
}

const fn width(amount: u64) -> u64 {
    match amount {
        0..10_000 => 1_000,
        10_000..100_000 => 10_000,
        _ => 100_000,
    }
}

/// Sign and whole part of a decimal number as databases write it.
fn whole_part(value: &str) -> Option<(bool, u64)> {
    let (negative, digits) = match value.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, value),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) || whole.len() > AMOUNT_DIGITS_MAX {
        return None;
    }
    let nothing = !digits.bytes().any(|b| b.is_ascii_digit() && b != b'0');
    Some((negative && !nothing, whole.parse().ok()?))
}

fn is_band(value: &str) -> bool {
    let parse = |text: &str| text.parse::<u64>().ok().filter(|n| n.to_string() == text);
    match value.split_once('-').map(|(low, high)| (parse(low), parse(high))) {
        Some((Some(low), Some(high))) => {
            low.is_multiple_of(width(low)) && low.checked_add(width(low)) == Some(high)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const POSITIONAL: [MaskRule; 4] = [MaskRule::Name, MaskRule::Id, MaskRule::Mob, MaskRule::Acct];

    #[test]
    fn each_rule_hides_what_the_table_says() {
        for (rule, value, masked) in [
            (MaskRule::Name, "张三", "*三"),
            (MaskRule::Name, "李小明", "**明"),
            (MaskRule::Name, "欧阳小明", "***明"),
            (MaskRule::Name, "张", "*"),
            (MaskRule::Id, "990000199001010017", "990000********0017"),
            (MaskRule::Id, "990000900101001", "990000*****1001"),
            (MaskRule::Id, "99000090010100", "**************"),
            (MaskRule::Mob, "10000000001", "100****0001"),
            (MaskRule::Mob, "1000000001", "**********"),
            (MaskRule::Acct, "44010000000000000123", "****************0123"),
            (MaskRule::Acct, "1234567", "*******"),
            (MaskRule::Amt, "0", "0-1000"),
            (MaskRule::Amt, "-0.00", "0-1000"),
            (MaskRule::Amt, "999.99", "0-1000"),
            (MaskRule::Amt, "3500.50", "3000-4000"),
            (MaskRule::Amt, "9999.99", "9000-10000"),
            (MaskRule::Amt, "10000", "10000-20000"),
            (MaskRule::Amt, "99999.99", "90000-100000"),
            (MaskRule::Amt, "100000.00", "100000-200000"),
            (MaskRule::Amt, "1234567.89", "1200000-1300000"),
            (MaskRule::Amt, "-12.50", "<0"),
            (MaskRule::Amt, "3,500", "***"),
            (MaskRule::Amt, "1e5", "***"),
            (MaskRule::Amt, "", "***"),
            (MaskRule::Amt, "1234567890123456", "***"),
        ] {
            assert_eq!(mask(rule, value), masked, "{rule} of {value}");
            assert!(is_masked(rule, masked), "{rule} of {value}");
            assert!(is_masked(rule, HIDDEN), "{rule}");
        }
    }

    #[test]
    fn a_value_in_clear_is_not_taken_for_a_masked_one() {
        for (rule, value) in [
            (MaskRule::Name, "张三"),
            (MaskRule::Id, "990000199001010017"),
            (MaskRule::Mob, "10000000001"),
            (MaskRule::Acct, "44010000000000000123"),
            (MaskRule::Acct, "1234567"),
            (MaskRule::Amt, "3500.50"),
            (MaskRule::Amt, "3500"),
            (MaskRule::Amt, "3500-3600"),
            (MaskRule::Amt, "3000-5000"),
            (MaskRule::Amt, "03000-4000"),
        ] {
            assert!(!is_masked(rule, value), "{rule} of {value}");
        }
    }

    proptest! {
        /// Two values that differ only where the rule hides look the same.
        #[test]
        fn a_mask_never_lets_hidden_characters_through(
            rule in prop::sample::select(POSITIONAL.to_vec()),
            pairs in prop::collection::vec((any::<char>(), any::<char>()), 0..40),
        ) {
            let (first, last) = shown(rule, pairs.len());
            let hidden = first..pairs.len().saturating_sub(last);
            let one: String = pairs.iter().map(|(a, _)| *a).collect();
            let other: String =
                pairs.iter().enumerate().map(|(at, (a, b))| if hidden.contains(&at) { *b } else { *a }).collect();
            let masked = mask(rule, &one);
            prop_assert_eq!(&masked, &mask(rule, &other));
            prop_assert!(is_masked(rule, &masked));
            prop_assert_eq!(masked.chars().count(), pairs.len());
            let shown_count = masked.chars().enumerate().filter(|(at, _)| !hidden.contains(at)).count();
            prop_assert!(shown_count == 0 || shown_count < pairs.len());
        }

        /// All amounts of a band look the same, and the band holds the amount.
        #[test]
        fn an_amount_shows_only_its_band(yuan in 0u64..1_000_000_000, cents in 0u64..100) {
            let masked = mask(MaskRule::Amt, &format!("{yuan}.{cents:02}"));
            prop_assert!(is_masked(MaskRule::Amt, &masked));
            let (low, high) = masked.split_once('-').unwrap();
            let (low, high): (u64, u64) = (low.parse().unwrap(), high.parse().unwrap());
            prop_assert!(low <= yuan && yuan < high);
            prop_assert_eq!(&masked, &mask(MaskRule::Amt, &low.to_string()));
            prop_assert!(high - low >= 1_000);
        }

        #[test]
        fn any_text_is_hidden_without_a_panic(value in any::<String>()) {
            let masked = mask(MaskRule::Amt, &value);
            prop_assert!(is_masked(MaskRule::Amt, &masked));
        }
    }
}
