//! Takes a TOML table apart key by key and remembers every mistake.
//!
//! Serde would stop at the first; an operator wants the whole list. What is
//! left over at the end is an unknown key, and a mistake too.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::str::FromStr;

use toml::{Table, Value};

use super::Mistake;

/// A configuration being read.
pub(super) struct Reader {
    table: Table,
    overrides: BTreeMap<String, String>,
    mistakes: Vec<Mistake>,
}

/// One section of it; keys are taken out as they are read.
pub(super) struct Section<'a> {
    name: String,
    table: Table,
    overrides: &'a mut BTreeMap<String, String>,
    mistakes: &'a mut Vec<Mistake>,
}

impl Reader {
    pub(super) fn new(table: Table, overrides: BTreeMap<String, String>) -> Self {
        Self { table, overrides, mistakes: Vec::new() }
    }

    /// The section `[name]`; an absent one reads as empty.
    pub(super) fn section(&mut self, name: &str) -> Section<'_> {
        let table = match self.table.remove(name) {
            None => Table::new(),
            Some(Value::Table(table)) => table,
            Some(_) => {
                self.mistakes.push(Mistake::new(name, "is not a section", format!("write [{name}]")));
                Table::new()
            }
        };
        Section { name: name.to_owned(), table, overrides: &mut self.overrides, mistakes: &mut self.mistakes }
    }

    /// Every `[[name]]` that `read` accepts.
    pub(super) fn list<T>(&mut self, name: &str, read: impl Fn(&mut Section<'_>) -> Option<T>) -> Vec<T> {
        let values = match self.table.remove(name) {
            None => Vec::new(),
            Some(Value::Array(values)) => values,
            Some(_) => {
                self.mistakes.push(Mistake::new(name, "is not a list", format!("write [[{name}]]")));
                Vec::new()
            }
        };
        let mut items = Vec::new();
        for (index, value) in values.into_iter().enumerate() {
            let name = format!("{name}[{index}]");
            let Value::Table(table) = value else {
                self.mistakes.push(Mistake::new(name, "is not a section", "write it in double brackets"));
                continue;
            };
            let mut section =
                Section { name, table, overrides: &mut self.overrides, mistakes: &mut self.mistakes };
            items.extend(read(&mut section));
        }
        items
    }

    /// Reports what nobody asked for, and hands out all mistakes.
    pub(super) fn finish(mut self) -> Vec<Mistake> {
        for name in self.table.keys() {
            self.mistakes.push(Mistake::new(name, "is not a known section", "remove it"));
        }
        for key in self.overrides.keys() {
            let variable = format!("ZHENGLIAN__{}", key.replace('.', "__").to_uppercase());
            self.mistakes.push(Mistake::new(variable, "overrides no known key", "unset it"));
        }
        self.mistakes
    }
}

impl Section<'_> {
    /// A text that must be there and not be empty.
    pub(super) fn text(&mut self, key: &str, mend: &str) -> Option<String> {
        match self.take(key) {
            None => self.miss(key, "is missing", mend),
            Some(Value::String(text)) if text.trim().is_empty() => self.miss(key, "is empty", mend),
            Some(Value::String(text)) => Some(text),
            Some(_) => self.miss(key, "is not a text", mend),
        }
    }

    /// A text with a default.
    pub(super) fn text_or(&mut self, key: &str, default: &str) -> Option<String> {
        if !self.has(key) {
            return Some(default.to_owned());
        }
        self.text(key, "a text, or leave the key out")
    }

    /// A text that parses as `T`.
    pub(super) fn parsed<T: FromStr>(&mut self, key: &str, mend: &str) -> Option<T> {
        let text = self.text(key, mend)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(_) => self.miss(key, &format!("{text:?} is not valid"), mend),
        }
    }

    /// A whole number within bounds, or its default.
    pub(super) fn number(&mut self, key: &str, default: u32, within: RangeInclusive<u32>) -> Option<u32> {
        let mend = format!("a whole number from {} to {}", within.start(), within.end());
        let number = match self.take(key) {
            None => return Some(default),
            Some(Value::Integer(number)) => u32::try_from(number).ok(),
            // An environment variable is always a text.
            Some(Value::String(text)) => text.parse().ok(),
            Some(_) => None,
        };
        match number.filter(|number| within.contains(number)) {
            Some(number) => Some(number),
            None => self.miss(key, "is not a number that may stand here", &mend),
        }
    }

    /// The section `[this.name]`, if anything is written in it.
    pub(super) fn sub(&mut self, name: &str) -> Option<Section<'_>> {
        let name_of = format!("{}.{name}", self.name);
        let table = match self.table.remove(name) {
            Some(Value::Table(table)) => table,
            Some(_) => return self.miss(name, "is not a section", &format!("write [{name_of}]")),
            None if self.overrides.keys().any(|key| key.starts_with(&format!("{name_of}."))) => Table::new(),
            None => return None,
        };
        Some(Section { name: name_of, table, overrides: self.overrides, mistakes: self.mistakes })
    }

    /// The keys that are written and not taken yet.
    pub(super) fn keys(&self) -> Vec<String> {
        self.table.keys().cloned().collect()
    }

    /// A list of texts, at least one.
    pub(super) fn texts(&mut self, key: &str, mend: &str) -> Option<Vec<String>> {
        let texts = match self.take(key) {
            Some(Value::Array(values)) => values
                .into_iter()
                .map(|value| if let Value::String(text) = value { Some(text) } else { None })
                .collect::<Option<Vec<String>>>(),
            // An environment variable is always a text.
            Some(Value::String(text)) => Some(text.split(',').map(|part| part.trim().to_owned()).collect()),
            Some(_) | None => None,
        };
        texts.filter(|texts| !texts.is_empty()).or_else(|| self.miss(key, "is no list of texts", mend))
    }

    /// `true` or `false`; without a default it must be there.
    pub(super) fn flag(&mut self, key: &str, default: Option<bool>) -> Option<bool> {
        let mend = "write true or false";
        match self.take(key) {
            None => default.or_else(|| self.miss(key, "is missing", mend)),
            Some(Value::Boolean(flag)) => Some(flag),
            // An environment variable is always a text.
            Some(Value::String(text)) if text == "true" || text == "false" => Some(text == "true"),
            Some(_) => self.miss(key, "is neither true nor false", mend),
        }
    }

    /// Reports the keys that nobody asked for.
    pub(super) fn finish(&mut self) {
        for key in self.table.keys() {
            let key = format!("{}.{key}", self.name);
            self.mistakes.push(Mistake::new(key, "is not a known key", "remove it or mend its spelling"));
        }
    }

    fn take(&mut self, key: &str) -> Option<Value> {
        let written = self.table.remove(key);
        match self.overrides.remove(&format!("{}.{key}", self.name)) {
            Some(text) => Some(Value::String(text)),
            None => written,
        }
    }

    /// Whether anything is written for a key.
    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key) || self.overrides.contains_key(&format!("{}.{key}", self.name))
    }

    /// Notes a mistake at a key.
    pub(super) fn mistake(&mut self, key: &str, what: &str, mend: &str) {
        self.mistakes.push(Mistake::new(format!("{}.{key}", self.name), what, mend));
    }

    fn miss<T>(&mut self, key: &str, what: &str, mend: &str) -> Option<T> {
        self.mistake(key, what, mend);
        None
    }
}
