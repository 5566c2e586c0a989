//! How figures, digests and sizes are written.

/// A whole number with commas between thousands; fractions keep two places.
pub(crate) fn grouped(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 9e15 {
        let sign = if value < 0.0 { "-" } else { "" };
        format!("{sign}{}", group_digits(&format!("{:.0}", value.abs())))
    } else {
        format!("{value:.2}")
    }
}

/// A count with commas between thousands.
pub(crate) fn count(value: u64) -> String {
    group_digits(&value.to_string())
}

fn group_digits(digits: &str) -> String {
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The first six and last six characters of a digest; short ones stay whole.
pub(crate) fn short(hex: &str) -> String {
    ends(hex, 6, 6)
}

/// The first four and last two characters, for keys and pseudonyms.
pub(crate) fn tiny(hex: &str) -> String {
    ends(hex, 4, 2)
}

fn ends(text: &str, head: usize, tail: usize) -> String {
    if text.len() <= head + tail + 1 || !text.is_ascii() {
        return text.to_owned();
    }
    let first = text.get(..head).unwrap_or_default();
    let last = text.get(text.len() - tail..).unwrap_or_default();
    format!("{first}\u{2026}{last}")
}

/// Bytes in the unit people read.
pub(crate) fn size(bytes: u64) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else if bytes < 1024 * 1024 {
        format!("{} KB", bytes.div_ceil(1024))
    } else {
        format!("{} MB", bytes.div_ceil(1024 * 1024))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_marked() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_284_503), "1,284,503");
        assert_eq!(grouped(-1000.0), "-1,000");
        assert_eq!(grouped(0.5), "0.50");
    }

    #[test]
    fn digests_are_cut_in_the_middle() {
        assert_eq!(short("8c41e7b05a3f9d2c6e18d90b2f"), "8c41e7\u{2026}d90b2f");
        assert_eq!(short("8c41e7"), "8c41e7");
        assert_eq!(tiny("7f3a00000091"), "7f3a\u{2026}91");
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(size(900), "900 B");
        assert_eq!(size(1025), "2 KB");
        assert_eq!(size(1024 * 1024), "1 MB");
    }
}
