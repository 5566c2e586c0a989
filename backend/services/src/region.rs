//! Names of administrative divisions by their GB/T 2260 code.
//!
//! Compiled in from `data/regions.csv`; a code that is not in the table (retired, or invented for a
//! demonstration) has no name and is shown as a number.

const TABLE: &str = include_str!("../data/regions.csv");

/// One division.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// Six digits.
    pub code: String,
    /// Chinese name, as in the table.
    pub name: &'static str,
}

/// Rows of the table: code, name, level. The table is sorted by level, so it is read as it stands.
fn rows() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    TABLE.lines().skip(1).filter_map(|line| {
        let mut fields = line.split(',');
        Some((fields.next()?, fields.next()?, fields.next()?))
    })
}

/// The name of a division, e.g. `440100` → 广州市.
#[must_use]
pub fn region_name(code: &str) -> Option<&'static str> {
    rows().find(|(found, _, _)| *found == code).map(|(_, name, _)| name)
}

/// The province of a code, e.g. `440100` → `440000`.
#[must_use]
pub fn province_code(code: &str) -> Option<String> {
    let head = code.get(..2)?;
    (code.len() == 6 && code.bytes().all(|digit| digit.is_ascii_digit())).then(|| format!("{head}0000"))
}

/// All provinces, in the table's order.
#[must_use]
pub fn provinces() -> Vec<Region> {
    rows()
        .filter(|(_, _, level)| *level == "province")
        .map(|(code, name, _)| Region { code: code.to_owned(), name })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cities_and_provinces_have_names() {
        assert_eq!(region_name("440100"), Some("广州市"));
        assert_eq!(region_name("510000"), Some("四川省"));
        assert_eq!(province_code("440100").as_deref(), Some("440000"));
        assert_eq!(region_name("990000"), None);
        assert_eq!(province_code("44010"), None);
        assert_eq!(province_code("四川省"), None);
    }

    #[test]
    fn there_are_thirty_one_provinces_or_more() {
        assert!(provinces().len() >= 31);
    }
}
