//! Bounded text as it may stand on the chain: NFC, nothing in it that a reader cannot see.

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
    /// A character that shows nothing and can make one name look like another.
    #[error("the text has the invisible character U+{:04X}: type it again without", u32::from(*.0))]
    Invisible(char),
}

/// The first character of a text that shows nothing: one of Unicode's format characters (Cf: zero width, turning
/// the direction of writing, tags), a filler or joiner that is drawn as nothing, or a line or paragraph separator.
/// Scripts that join letters need two of them; none of those is written here.
#[must_use]
pub fn invisible(text: &str) -> Option<char> {
    text.chars().find(|c| {
        matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}' | '\u{2800}' | '\u{3164}'
            | '\u{ffa0}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{890}'..='\u{891}'
            | '\u{8e2}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{110bd}' | '\u{110cd}'
            | '\u{13430}'..='\u{1343f}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0001}' | '\u{e0020}'..='\u{e007f}')
    })
}

/// What a person typed, in the form that the platform compares and signs: NFC.
#[must_use]
pub fn normal(text: &str) -> String {
    text.nfc().collect()
}

/// Text of 1 to `MAX` bytes in NFC without control characters and without invisible ones.
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
        if let Some(character) = invisible(text) {
            return Err(TextError::Invisible(character));
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

    #[test]
    fn what_was_typed_is_brought_into_one_form() {
        assert_eq!((normal("e\u{301}a").as_str(), normal("缴存").as_str()), ("éa", "缴存"));
        assert_eq!(alloc::format!("{:?}", Text::<6>::new("缴存").unwrap()), "\"缴存\"");
    }

    #[test]
    fn what_nobody_sees_is_not_in_a_text() {
        for character in [
            '\u{ad}',
            '\u{61c}',
            '\u{200b}',
            '\u{200c}',
            '\u{200d}',
            '\u{200e}',
            '\u{202a}',
            '\u{202e}',
            '\u{2028}',
            '\u{2029}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0041}',
            '\u{34f}',
            '\u{1160}',
            '\u{2800}',
            '\u{3164}',
            '\u{ffa0}',
        ] {
            let name = alloc::format!("成都{character}中心");
            assert_eq!(Text::<40>::new(&name), Err(TextError::Invisible(character)));
            // A file, a peer or a block that holds one is not read either.
            let mut bytes = alloc::vec![0x60 | u8::try_from(name.len()).unwrap()];
            bytes.extend(name.as_bytes());
            assert_eq!(crate::wire::from_bytes::<Text<40>>(&bytes), Err(WireError::Text));
        }
        // Neighbours of the ranges, dashes, ideographic space, a character with a variation selector, an emoji.
        for seen in [
            "\u{ac}",
            "\u{ae}",
            "\u{2010}",
            "\u{2027}",
            "\u{202f}a",
            "a\u{3000}b",
            "葛\u{e0100}",
            "\u{1f469}",
        ] {
            assert!(Text::<40>::new(seen).is_ok(), "{seen:?}");
        }
        let shown = TextError::Invisible('\u{200b}').to_string();
        assert!(shown.contains("U+200B"), "{shown}");
    }
}
