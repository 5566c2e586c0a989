//! Code tables of data items: which item holds a code of which table, and the codes of each table.
//!
//! An answer brings a code as its owner keeps it (`GRZHZT = 01`). The page shows its name in the
//! page's language beside the code, which stays what was answered and signed. Names stand in
//! `locales/…/code-tables.ftl` under `value-<table>-<code>` (documents have theirs in `codes.ftl`). This is the only list: a new coded item
//! is a line here and its names there. A code that is not listed is shown as it came.
//!
//! Source: DOMAIN 2.3, 6.2 (JGJ/T 320, appendix A) and 6.3 (transfer messages).

use crate::language::Language;

/// A table and the codes it knows.
struct Table {
    family: &'static str,
    codes: &'static [&'static str],
}

/// A.6, GRZHZT.
const ACCOUNT_STATUS: Table =
    Table { family: "value-account-status", codes: &["01", "02", "03", "04", "05", "06", "99"] };
/// A.4, DWZHZT.
const UNIT_STATUS: Table =
    Table { family: "value-unit-status", codes: &["01", "02", "03", "04", "05", "99"] };
/// A.7: why money was withdrawn or an account closed.
const WITHDRAWAL: Table = Table {
    family: "value-withdrawal",
    codes: &["01", "02", "03", "04", "05", "06", "07", "08", "09", "99"],
};
/// A.14.
const LOAN_RISK: Table = Table { family: "value-loan-risk", codes: &["01", "02", "03", "04", "05", "99"] };
/// A.10.
const LOAN_SECURITY: Table = Table { family: "value-loan-security", codes: &["01", "02", "03", "99"] };
/// A.11.
const REPAYMENT: Table = Table { family: "value-repayment", codes: &["01", "02", "03", "04", "99"] };
/// A.1.
const ID_TYPE: Table = Table { family: "id-type", codes: &["01", "02", "03", "04", "99"] };
/// GB/T 2261.1.
const SEX: Table = Table { family: "value-sex", codes: &["0", "1", "2", "9"] };
/// GB/T 2261.2.
const MARITAL: Table =
    Table { family: "value-marital", codes: &["10", "20", "21", "22", "23", "30", "40", "90"] };
/// Flags of the transfer messages: 1 yes, 2 no.
const FLAG: Table = Table { family: "value-flag", codes: &["1", "2"] };
/// State of a transfer (BDC904).
const TRANSFER: Table =
    Table { family: "value-transfer", codes: &["00", "01", "02", "05", "06", "08", "13", "20", "40"] };
/// Outcome of a transfer message.
const TRANSFER_RESULT: Table = Table { family: "value-transfer-result", codes: &["0", "1", "2"] };

/// Items that hold a code, by their identifiers in the standards.
const ITEMS: &[(&str, &Table)] = &[
    ("GRZHZT", &ACCOUNT_STATUS),
    ("DWZHZT", &UNIT_STATUS),
    ("TQYY", &WITHDRAWAL),
    ("XHYY", &WITHDRAWAL),
    ("DWXHYY", &WITHDRAWAL),
    ("DKFXDJ", &LOAN_RISK),
    ("DKDBLX", &LOAN_SECURITY),
    ("DKHKFS", &REPAYMENT),
    ("ZJLX", &ID_TYPE),
    ("JKRZJLX", &ID_TYPE),
    ("DWFRDBZJLX", &ID_TYPE),
    ("DocType", &ID_TYPE),
    ("XingBie", &SEX),
    ("HYZK", &MARITAL),
    ("WJQBZ", &FLAG),
    ("SixMconFlag", &FLAG),
    ("LoanEndFlag", &FLAG),
    ("FrLoanFlag", &FLAG),
    ("AppPrStatus", &TRANSFER),
    ("TranRstCode", &TRANSFER_RESULT),
];

/// The name of an item's value in the page's language; none when the item holds no code or its
/// table does not know this one.
pub(crate) fn name(language: Language, item: &str, value: &str) -> Option<String> {
    let table = table(item)?;
    let is_known = table.codes.contains(&value);
    is_known.then(|| table.say(language, value)).flatten()
}

/// All codes of an item with their names, for who reads the catalogue; empty when it holds no code.
pub(crate) fn legend(language: Language, item: &str) -> String {
    let Some(table) = table(item) else { return String::new() };
    let lines = table.codes.iter().filter_map(|code| Some(format!("{code} {}", table.say(language, code)?)));
    lines.collect::<Vec<_>>().join(" \u{b7} ")
}

fn table(item: &str) -> Option<&'static Table> {
    ITEMS.iter().find(|(code, _)| *code == item).map(|(_, table)| *table)
}

impl Table {
    fn say(&self, language: Language, code: &str) -> Option<String> {
        language.code(self.family, code).known()
    }
}

/// Family and codes of every table, for the test that every code has a name in both languages.
#[cfg(test)]
pub(crate) fn families() -> impl Iterator<Item = (&'static str, &'static [&'static str])> {
    ITEMS.iter().map(|(_, table)| (table.family, table.codes))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_known_code_has_a_name_in_the_pages_language() {
        assert_eq!(name(Language::English, "GRZHZT", "01").as_deref(), Some("Normal"));
        let chinese = name(Language::Chinese, "GRZHZT", "02");
        assert_eq!(chinese.as_deref(), Some("\u{5c01}\u{5b58}"));
    }

    #[test]
    fn what_no_table_knows_stays_as_it_came() {
        let english = Language::English;
        for (item, value) in [
            ("GRZHZT", "07"),
            ("GRZHZT", "1"),
            ("GRZHZT", "0-1"),
            ("GRZHZT", ""),
            ("GRZHZT", "**"),
            ("XingMing", "01"),
            ("grzhzt", "01"),
        ] {
            assert_eq!(name(english, item, value), None, "{item} {value:?}");
        }
        assert_eq!(legend(english, "XingMing"), "");
    }

    #[test]
    fn an_item_is_listed_once() {
        let items: BTreeSet<_> = ITEMS.iter().map(|(item, _)| item).collect();
        assert_eq!(items.len(), ITEMS.len());
    }
}
