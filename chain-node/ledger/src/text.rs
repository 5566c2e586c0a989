//! Bounded text as it may stand on the chain: NFC, without control characters.

use crate::wire::{In, Out, Wire, WireError};
use alloc::string::{String, ToString};
use core::fmt;
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Why a text may not stand on the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Empty, or only white space.
    #[error("the text is empty")]
    Empty,
    /// More bytes (UTF-8) than allowed.
    #[error("the text has {length} bytes, at most {max} are allowed")]
    TooLong {
        /// Bytes found.
        length: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// A control character, or a form other than NFC.
    #[error("the text has control characters or is not in Unicode normal form C")]
    Form,
}

/// What a person typed, in the form that the platform compares and signs: NFC.
#[must_use]
pub fn normal(text: &str) -> String {
    text.nfc().collect()
}

/// Text of 1 to `MAX` bytes in NFC without control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const MAX: usize>(String);

impl<const MAX: usize> Text<MAX> {
    /// Checks and takes a text.
    ///
    /// # Errors
    /// [`TextError`] names what is wrong.
    pub fn new(text: &str) -> Result<Self, TextError> {
        if text.trim().is_empty() {
            return Err(TextError::Empty);
        }
        if text.len() > MAX {
            return Err(TextError::TooLong { length: text.len(), max: MAX });
        }
        if text.chars().any(char::is_control) || !is_nfc(text) {
            return Err(TextError::Form);
        }
        Ok(Self(text.to_string()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> fmt::Debug for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<const MAX: usize> fmt::Display for Text<MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<const MAX: usize> core::str::FromStr for Text<MAX> {
    type Err = TextError;
    fn from_str(s: &str) -> Result<Self, TextError> {
        Self::new(s)
    }
}

impl<const MAX: usize> Wire for Text<MAX> {
    fn put(&self, out: &mut Out) {
        out.text(&self.0);
    }
    fn take(input: &mut In<'_>) -> Result<Self, WireError> {
        Self::new(input.text()?).map_err(|_| WireError::Text)
    }
}

crate::wire_struct! {
    /// One text in both languages of the platform.
    #[derive(Hash, PartialOrd, Ord)]
    pub struct Words {
        /// Chinese.
        pub zh: Text<1500>,
        /// English.
        pub en: Text<1500>,
    }
}

impl Words {
    /// Checks and takes both texts.
    ///
    /// # Errors
    /// [`TextError`] of the first text that is wrong.
    pub fn new(zh: &str, en: &str) -> Result<Self, TextError> {
        Ok(Self { zh: Text::new(zh)?, en: Text::new(en)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_not_empty_not_long_and_in_one_form() {
        let text = Text::<6>::new;
        assert_eq!(text("缴存").map(|t| t.as_str().to_string()), Ok("缴存".to_string()));
        assert_eq!(text(" a b ").map(|t| t.to_string()), Ok(" a b ".to_string()));
        for empty in ["", " ", "\u{3000}", "\n"] {
            assert_eq!(text(empty), Err(TextError::Empty), "{empty:?}");
        }
        assert_eq!(text("缴存额"), Err(TextError::TooLong { length: 9, max: 6 }), "bytes, not characters");
        for other in ["a\0", "a\nb", "a\u{7f}", "a\u{9f}", "e\u{301}", "\u{212b}"] {
            assert_eq!(text(other), Err(TextError::Form), "{other:?}");
        }
        assert!(text("é").is_ok());
    }
}
