//! A text of the chain in both languages. The portal picks one; it never translates these.

/// A name or sentence as its owner published it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Words {
    /// Chinese, written first.
    pub zh: String,
    /// English.
    pub en: String,
}

impl Words {
    /// Both languages.
    #[must_use]
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The Chinese text, or the English one.
    #[must_use]
    pub fn pick(&self, zh: bool) -> &str {
        if zh { &self.zh } else { &self.en }
    }
}

impl From<&ledger::text::Words> for Words {
    fn from(words: &ledger::text::Words) -> Self {
        Self::new(words.zh.as_str(), words.en.as_str())
    }
}
