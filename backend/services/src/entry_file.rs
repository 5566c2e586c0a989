//! Catalogue entries as their provider writes them: one TOML file each, `*.entry.toml`.
//!
//! ```toml
//! code = "307001/000001"             # one of the department's own: `codes` on its member card
//! version = 1
//! region = "440100"
//! share_type = "conditional"          # unconditional, conditional, not-shared
//! modes = ["query"]
//! update_cycle = "real-time"
//! receipt_mode = "each"
//! name = { zh = "缴存证明查询", en = "Proof of contributions" }
//! summary = { zh = "…", en = "…" }
//! legal_basis = { zh = "《住房公积金管理条例》", en = "Housing Provident Fund Regulation" }
//!
//! [[condition]]
//! code = "01"
//! zh = "…"
//! en = "…"
//!
//! [[item]]
//! code = "ZJHM"
//! zh = "证件号码"
//! en = "Identity number"
//! type = "C"                          # C N Y D I
//! sensitivity = 2
//! grade = 4
//! key = true                          # may be left out, as the next two: false
//! returnable = true
//! verify_only = false
//! mask = "MK-ID"                      # or "clear"; may be left out below grade 3 where it is not sensitive
//! ```
//!
//! The entry's grade is the highest of its items; the version before is the number before.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ledger::catalogue::{
    Condition, DataType, Entry, Item, ItemMask, Mode, ReceiptMode, ShareType, UpdateCycle,
};
use ledger::ids::EntryId;
use ledger::protocol::Protocol;
use ledger::text::Text;
use serde::Deserialize;

use crate::limits;

/// End of an entry file's name.
pub const SUFFIX: &str = ".entry.toml";

/// A catalogue file that cannot be published.
#[derive(Debug, thiserror::Error)]
pub enum EntryFileFault {
    /// The folder or file could not be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: std::io::Error,
    },
    /// Not the form above.
    #[error("{path}: {cause}")]
    Form {
        /// Which.
        path: PathBuf,
        /// What TOML says.
        cause: Box<toml::de::Error>,
    },
    /// A value that cannot stand on the chain.
    #[error("{path}: {place} is not usable: {problem}")]
    Value {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        place: String,
        /// What is wrong.
        problem: String,
    },
    /// More files than are read.
    #[error("{path} holds more than {} entry files", limits::ENTRY_FILES_MAX)]
    TooMany {
        /// The folder.
        path: PathBuf,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    code: String,
    version: u32,
    region: String,
    share_type: String,
    #[serde(default)]
    modes: Vec<String>,
    update_cycle: String,
    receipt_mode: String,
    name: WordsForm,
    summary: WordsForm,
    legal_basis: WordsForm,
    #[serde(default)]
    condition: Vec<ConditionForm>,
    item: Vec<ItemForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsForm {
    zh: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionForm {
    code: String,
    zh: String,
    en: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ItemForm {
    code: String,
    zh: String,
    en: String,
    r#type: String,
    sensitivity: u8,
    grade: u8,
    #[serde(default)]
    key: bool,
    #[serde(default)]
    returnable: bool,
    #[serde(default)]
    verify_only: bool,
    mask: Option<String>,
}

/// Reads all entry files of a folder, in the order of their names.
///
/// # Errors
/// [`EntryFileFault`] names the first file that is wrong.
pub fn read_folder(folder: &Path) -> Result<Vec<Entry>, EntryFileFault> {
    let unreadable = |cause| EntryFileFault::Unreadable { path: folder.to_owned(), cause };
    let mut files = Vec::new();
    for found in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = found.map_err(unreadable)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(SUFFIX)) {
            files.push(path);
        }
    }
    if files.len() > limits::ENTRY_FILES_MAX {
        return Err(EntryFileFault::TooMany { path: folder.to_owned() });
    }
    files.sort();
    files.iter().map(|path| read_file(path)).collect()
}

/// Reads one entry file.
///
/// # Errors
/// [`EntryFileFault`] says what is wrong in it.
pub fn read_file(path: &Path) -> Result<Entry, EntryFileFault> {
    let unreadable = |cause| EntryFileFault::Unreadable { path: path.to_owned(), cause };
    let size = std::fs::metadata(path).map_err(unreadable)?.len();
    if size > limits::ENTRY_FILE_BYTES_MAX {
        return Err(Reading(path).wrong("the file", "it is larger than 256 KiB"));
    }
    let text = std::fs::read_to_string(path).map_err(unreadable)?;
    parse(path, &text)
}

pub(crate) fn parse(path: &Path, text: &str) -> Result<Entry, EntryFileFault> {
    let form: Form = toml::from_str(text)
        .map_err(|cause| EntryFileFault::Form { path: path.to_owned(), cause: Box::new(cause) })?;
    let read = Reading(path);
    let items: Vec<Item> = form.item.iter().map(|item| read.item(item)).collect::<Result<_, _>>()?;
    let mut modes = BTreeSet::new();
    for mode in &form.modes {
        modes.insert(read.known("modes", mode, Mode::from_code(mode))?);
    }
    let entry = Entry {
        id: EntryId { code: read.parsed("code", &form.code)?, version: form.version },
        previous: form.version.checked_sub(1).filter(|version| *version > 0),
        name: read.words("name", &form.name.zh, &form.name.en)?,
        summary: read.words("summary", &form.summary.zh, &form.summary.en)?,
        region: read.parsed("region", &form.region)?,
        grade: items.iter().map(|item| item.grade).max().unwrap_or_default(),
        items,
        share_type: read.known("share_type", &form.share_type, ShareType::from_code(&form.share_type))?,
        conditions: form.condition.iter().map(|one| read.condition(one)).collect::<Result<_, _>>()?,
        modes,
        update_cycle: read.known(
            "update_cycle",
            &form.update_cycle,
            UpdateCycle::from_code(&form.update_cycle),
        )?,
        receipt_mode: read.known(
            "receipt_mode",
            &form.receipt_mode,
            ReceiptMode::from_code(&form.receipt_mode),
        )?,
        legal_basis: read.words("legal_basis", &form.legal_basis.zh, &form.legal_basis.en)?,
    };
    entry.check(&Protocol::NEWEST.limits).map_err(|refusal| read.wrong("the entry", &refusal.to_string()))?;
    Ok(entry)
}

/// Turns texts into what may stand on the chain, and names the place that cannot.
struct Reading<'a>(&'a Path);

impl Reading<'_> {
    fn wrong(&self, place: &str, problem: &str) -> EntryFileFault {
        EntryFileFault::Value {
            path: self.0.to_owned(),
            place: place.to_owned(),
            problem: problem.to_owned(),
        }
    }

    fn parsed<T: std::str::FromStr>(&self, place: &str, text: &str) -> Result<T, EntryFileFault>
    where
        T::Err: std::fmt::Display,
    {
        text.parse().map_err(|error: T::Err| self.wrong(place, &error.to_string()))
    }

    fn known<T>(&self, place: &str, code: &str, found: Option<T>) -> Result<T, EntryFileFault> {
        found.ok_or_else(|| self.wrong(place, &format!("`{code}` is not a known code")))
    }

    fn words(&self, place: &str, zh: &str, en: &str) -> Result<ledger::text::Words, EntryFileFault> {
        Ok(ledger::text::Words { zh: self.text(place, zh)?, en: self.text(place, en)? })
    }

    fn text<const MAX: usize>(&self, place: &str, text: &str) -> Result<Text<MAX>, EntryFileFault> {
        Text::new(text.trim()).map_err(|error| self.wrong(place, &error.to_string()))
    }

    fn condition(&self, form: &ConditionForm) -> Result<Condition, EntryFileFault> {
        let place = format!("condition {}", form.code);
        Ok(Condition {
            code: self.parsed(&place, &form.code)?,
            text: self.words(&place, &form.zh, &form.en)?,
        })
    }

    fn item(&self, form: &ItemForm) -> Result<Item, EntryFileFault> {
        let place = format!("item {}", form.code);
        let mask = match &form.mask {
            Some(code) => self.known(&place, code, ItemMask::from_code(code))?,
            None => ItemMask::Unsaid,
        };
        Ok(Item {
            code: self.parsed(&place, &form.code)?,
            label: self.words(&place, &form.zh, &form.en)?,
            data_type: self.known(&place, &form.r#type, DataType::from_code(&form.r#type))?,
            sensitivity: form.sensitivity,
            grade: form.grade,
            query_key: form.key,
            returnable: form.returnable,
            verify_only: form.verify_only,
            mask,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ledger::catalogue::MaskRule;

    const GOOD: &str = r#"
        code = "307001/000001"
        version = 1
        region = "440100"
        share_type = "conditional"
        modes = ["query"]
        update_cycle = "real-time"
        receipt_mode = "each"
        name = { zh = "缴存证明查询", en = "Proof of contributions" }
        summary = { zh = "按证件号码查询缴存证明", en = "Contributions by identity number" }
        legal_basis = { zh = "《住房公积金管理条例》", en = "Housing Provident Fund Regulation" }
        [[condition]]
        code = "01"
        zh = "仅限贷款审核"
        en = "For loan reviews only"
        [[item]]
        code = "ZJHM"
        zh = "证件号码"
        en = "Identity number"
        type = "C"
        sensitivity = 2
        grade = 4
        key = true
        returnable = true
        mask = "MK-ID"
    "#;

    fn read(text: &str) -> Result<Entry, EntryFileFault> {
        parse(Path::new("a.entry.toml"), text)
    }

    #[test]
    fn the_file_becomes_the_entry_it_describes() {
        let entry = read(GOOD).unwrap();
        assert_eq!((entry.id.to_string().as_str(), entry.previous), ("307001/000001@1", None));
        assert_eq!((entry.grade, entry.modes.len(), entry.items.len()), (4, 1, 1));
        assert_eq!(entry.items[0].mask, ItemMask::Rule(MaskRule::Id));
        let clear = read(&GOOD.replace("MK-ID", "clear")).unwrap();
        assert_eq!(clear.items[0].mask, ItemMask::Clear);
        assert_eq!(read(&GOOD.replace("version = 1", "version = 3")).unwrap().previous, Some(2));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        for (from, to, place) in [
            ("MK-ID", "MK-ALL", "item ZJHM"),
            ("\"conditional\"", "\"perhaps\"", "share_type"),
            ("440100", "44", "region"),
            ("307001/000001", "307001", "code"),
            ("sensitivity = 2", "colour = 2", "colour"),
            ("receipt_mode = \"each\"", "receipt_mode = \"batch\"", "the entry"),
            // Sensitive, and not a word about a mask.
            ("mask = \"MK-ID\"", "", "explicit `clear`"),
        ] {
            let error = read(&GOOD.replace(from, to)).unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
    }

    #[test]
    fn a_folder_is_read_in_the_order_of_its_names_and_only_its_entries() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_folder(folder.path()).unwrap().is_empty());
        for (name, code) in [("b.entry.toml", "307001/000002"), ("a.entry.toml", "307001/000001")] {
            std::fs::write(folder.path().join(name), GOOD.replace("307001/000001", code)).unwrap();
        }
        std::fs::write(folder.path().join("binding.toml"), "no entry").unwrap();
        let codes: Vec<_> =
            read_folder(folder.path()).unwrap().iter().map(|entry| entry.id.code.to_string()).collect();
        assert_eq!(codes, ["307001/000001", "307001/000002"]);
        std::fs::write(folder.path().join("c.entry.toml"), "code = 1").unwrap();
        assert!(
            matches!(read_folder(folder.path()), Err(EntryFileFault::Form { path, .. }) if path.ends_with("c.entry.toml"))
        );
        let nowhere = folder.path().join("nowhere");
        assert!(matches!(read_folder(&nowhere), Err(EntryFileFault::Unreadable { .. })));
        assert!(matches!(read_file(&nowhere), Err(EntryFileFault::Unreadable { .. })));
    }

    #[test]
    fn a_file_without_end_and_a_folder_of_too_many_are_refused_unread() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.entry.toml");
        let padded = |bytes: usize| format!("{GOOD}#{}", " ".repeat(bytes - GOOD.len() - 1));
        std::fs::write(&file, padded(256 * 1024)).unwrap();
        assert!(read_file(&file).is_ok());
        std::fs::write(&file, padded(256 * 1024 + 1)).unwrap();
        assert!(read_file(&file).unwrap_err().to_string().contains("256 KiB"));
        for number in 0..limits::ENTRY_FILES_MAX {
            std::fs::write(folder.path().join(format!("{number}.entry.toml")), "").unwrap();
        }
        assert!(matches!(read_folder(folder.path()), Err(EntryFileFault::TooMany { .. })));
    }

    #[test]
    fn what_a_reader_does_not_see_is_not_published() {
        for (from, to, place) in [
            ("缴存证明查询", "缴存\\u202e证明", "name"),
            ("仅限贷款审核", "仅限\\u200b贷款", "condition 01"),
            ("证件号码", "证件\\ufeff号码", "item ZJHM"),
        ] {
            let error = read(&GOOD.replacen(from, to, 2)).unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
    }
}
