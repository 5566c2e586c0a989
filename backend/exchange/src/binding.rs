//! Which table answers for a catalogue entry. Written by the provider, in TOML; names come only from
//! here, never from a request.
//!
//! ```toml
//! entry = "307001/000001@1"
//! sqlite = "people.sqlite"
//! table = "deposits"
//!
//! [keys]              # all must match
//! ZJLX = "id_type"
//! ZJHM = "id_number"
//! XingMing = "name"
//!
//! [items]             # what may be read
//! GRZHZT = "account_state"
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger::ids::{EntryId, ItemCode};
use serde::Deserialize;

use crate::fault::ExchangeFault;
use crate::person::{ID_NUMBER, KEYS};

/// A name of a table or column: letters, digits and `_`, at most 63, not beginning with a digit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl Name {
    fn parse(text: &str) -> Option<Self> {
        let fits = (1..=63).contains(&text.len())
            && !text.starts_with(|c: char| c.is_ascii_digit())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        fits.then(|| Self(text.to_owned()))
    }

    /// The bare name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name as it stands in a statement. It holds no quotation mark, so none needs doubling.
    pub(crate) fn quoted(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// What answers for one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The entry answered for.
    pub entry: EntryId,
    /// What a person is found by, each with its name at the place; all must match.
    pub keys: BTreeMap<ItemCode, Name>,
    /// What may be read, each with its name at the place.
    pub items: BTreeMap<ItemCode, Name>,
    /// Where the data lie.
    pub at: Place,
}

/// Where the data of an entry lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// One table of an SQLite file.
    Sqlite {
        /// The file.
        file: PathBuf,
        /// The table.
        table: Name,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    entry: String,
    sqlite: PathBuf,
    table: String,
    keys: BTreeMap<String, String>,
    items: BTreeMap<String, String>,
}

impl Binding {
    /// Reads a binding file. A relative `sqlite` path is relative to the file's folder.
    ///
    /// # Errors
    /// [`ExchangeFault::Binding`] names the first thing wrong.
    pub fn load(path: &Path) -> Result<Self, ExchangeFault> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            ExchangeFault::binding(&path.display().to_string(), format!("the file cannot be read: {error}"))
        })?;
        Self::parse(&text, path.parent().unwrap_or(Path::new(".")))
            .map_err(|problem| ExchangeFault::binding(&path.display().to_string(), problem))
    }

    /// Reads a binding; a relative `sqlite` path is relative to `folder`.
    ///
    /// # Errors
    /// What is wrong, in words for the administrator.
    pub fn parse(text: &str, folder: &Path) -> Result<Self, String> {
        let form: Form = toml::from_str(text).map_err(|error| error.to_string())?;
        let entry = parse_entry(&form.entry)
            .ok_or_else(|| format!("entry {:?} is not a resource code, @ and a version", form.entry))?;
        let table =
            Name::parse(&form.table).ok_or_else(|| format!("table {:?} is not a plain name", form.table))?;
        let (keys, items) = (columns(&form.keys)?, columns(&form.items)?);
        if let Some(key) = keys.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!("nobody can be asked by {key}; keys are {}", KEYS.join(", ")));
        }
        if !keys.keys().any(|key| key.as_str() == ID_NUMBER) {
            return Err(format!("keys must hold {ID_NUMBER}"));
        }
        if items.is_empty() {
            return Err("items is empty".to_owned());
        }
        Ok(Self { entry, keys, items, at: Place::Sqlite { file: folder.join(form.sqlite), table } })
    }
}

fn parse_entry(text: &str) -> Option<EntryId> {
    let (code, version) = text.rsplit_once('@')?;
    let version = version.parse::<u32>().ok().filter(|v| *v > 0)?;
    Some(EntryId { code: code.parse().ok()?, version })
}

fn columns(form: &BTreeMap<String, String>) -> Result<BTreeMap<ItemCode, Name>, String> {
    form.iter()
        .map(|(item, column)| {
            let code = item.parse().map_err(|_| format!("{item:?} is not an item code"))?;
            let name = Name::parse(column).ok_or_else(|| format!("column {column:?} is not a plain name"))?;
            Ok((code, name))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        entry = "307001/000001@1"
        sqlite = "people.sqlite"
        table = "deposits"
        [keys]
        ZJLX = "id_type"
        ZJHM = "id_number"
        XingMing = "name"
        [items]
        GRZHZT = "account_state"
    "#;

    #[test]
    fn a_binding_is_read() {
        let binding = Binding::parse(GOOD, Path::new("data")).unwrap();
        assert_eq!(binding.entry.to_string(), "307001/000001@1");
        assert_eq!(binding.keys.len(), 3);
        let Place::Sqlite { file, table } = binding.at;
        assert_eq!((file, table.as_str()), (Path::new("data").join("people.sqlite"), "deposits"));
    }

    #[test]
    fn names_that_are_not_plain_are_refused() {
        for (from, to) in [
            ("\"deposits\"", "\"deposits; DROP TABLE x\""),
            ("\"id_number\"", "\"id\\\"number\""),
            ("\"name\"", "\"\""),
            ("\"account_state\"", "\"1state\""),
            ("\"account_state\"", "\"状态\""),
            ("ZJLX =", "GRZH ="),
            ("ZJHM =", "\"Z-J\" ="),
            ("@1", "@0"),
            ("@1", ""),
            ("table =", "tabel ="),
        ] {
            let text = GOOD.replace(from, to);
            assert_ne!(text, GOOD);
            assert!(Binding::parse(&text, Path::new(".")).is_err(), "{to}");
        }
    }

    #[test]
    fn a_person_cannot_be_asked_for_without_a_number() {
        let text = GOOD.replace("ZJHM = \"id_number\"\n", "");
        assert!(Binding::parse(&text, Path::new(".")).unwrap_err().contains("ZJHM"));
    }
}
