//! What a visitor sent: the fields of a form or of an address, as text.
//!
//! Fields may repeat (check boxes, facets), so they are kept as a list in the order they came.

use crate::limits;

/// Why sent fields could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// More bytes than [`limits::FORM_BYTES_MAX`] or [`limits::FIELD_BYTES_MAX`].
    TooLarge,
}

/// Sent fields.
#[derive(Clone, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `a=1&b=2`.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Unreadable> {
        if bytes.len() > limits::FORM_BYTES_MAX {
            return Err(Unreadable::TooLarge);
        }
        let fields: Vec<(String, String)> = form_urlencoded::parse(bytes)
            .take(limits::FIELDS_MAX)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        if fields.iter().any(|(_, value)| value.len() > limits::FIELD_BYTES_MAX) {
            return Err(Unreadable::TooLarge);
        }
        Ok(Self(fields))
    }

    /// The first value of a field without blanks around it; empty when it was not sent.
    pub(crate) fn one(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The first value of a field as it was sent: passwords may end in a blank.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value.as_str())
    }

    /// The value of a field, owned.
    pub(crate) fn text(&self, name: &str) -> String {
        self.one(name).to_owned()
    }

    /// All values of a field that are not empty.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(found, value)| found == name && !value.trim().is_empty())
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    /// The value of a field, none when it is empty.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        Some(self.one(name)).filter(|value| !value.is_empty()).map(str::to_owned)
    }

    /// A page number; 1 for anything else.
    pub(crate) fn page(&self) -> u64 {
        self.one("page").parse().ok().filter(|page| *page > 0).unwrap_or(1)
    }

    /// Whether a field has this value among its values.
    pub(crate) fn has(&self, name: &str, value: &str) -> bool {
        self.0.iter().any(|(found, sent)| found == name && sent == value)
    }

    /// These fields but one.
    pub(crate) fn except(&self, name: &str) -> Self {
        Self(self.0.iter().filter(|(found, _)| found != name).cloned().collect())
    }

    /// The address of this search with another page.
    pub(crate) fn at_page(&self, path: &str, page: u64) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.0.iter().filter(|(name, value)| !is_passing(name) && !value.is_empty()) {
            query.append_pair(name, value);
        }
        if page > 1 {
            query.append_pair("page", &page.to_string());
        }
        address(path, &query.finish())
    }

    /// The address of this search elsewhere, with one field more.
    pub(crate) fn with(&self, path: &str, name: &str, value: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in self.0.iter().filter(|(name, value)| !is_passing(name) && !value.is_empty()) {
            query.append_pair(name, value);
        }
        query.append_pair(name, value);
        address(path, &query.finish())
    }

    /// The address of this search without one of its choices.
    pub(crate) fn without(&self, path: &str, dropped: &str, choice: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        let is_dropped = |name: &str, value: &str| name == dropped && value == choice;
        for (name, value) in self
            .0
            .iter()
            .filter(|(name, value)| !is_passing(name) && !value.is_empty() && !is_dropped(name, value))
        {
            query.append_pair(name, value);
        }
        address(path, &query.finish())
    }
}

/// What never belongs to a search: which page, which state of it, and the form's token.
fn is_passing(name: &str) -> bool {
    matches!(name, "page" | "stamp" | "csrf")
}

fn address(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_fields_are_kept_in_order() {
        let fields = Fields::read(b"item=XingMing&item=GRZHZT&item=&page=3&q=%E8%B4%B7%E6%AC%BE+").unwrap();
        assert_eq!(fields.all("item"), ["XingMing", "GRZHZT"]);
        assert_eq!(fields.page(), 3);
        assert_eq!(fields.one("q"), "\u{8d37}\u{6b3e}");
        assert_eq!(fields.some("none"), None);
    }

    #[test]
    fn too_large_a_field_is_refused() {
        let mut bytes = b"a=".to_vec();
        bytes.resize(limits::FIELD_BYTES_MAX + 3, b'x');
        assert_eq!(Fields::read(&bytes).err(), Some(Unreadable::TooLarge));
        assert_eq!(Fields::read(&vec![b'x'; limits::FORM_BYTES_MAX + 1]).err(), Some(Unreadable::TooLarge));
    }

    #[test]
    fn a_search_keeps_its_choices_on_every_page() {
        let fields = Fields::read(b"q=a+b&share=1&share=2&page=2").unwrap();
        assert_eq!(fields.at_page("/catalogue", 3), "/catalogue?q=a+b&share=1&share=2&page=3");
        assert_eq!(fields.without("/catalogue", "share", "1"), "/catalogue?q=a+b&share=2");
    }
}
