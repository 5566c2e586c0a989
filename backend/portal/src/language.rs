//! The two languages of the portal and every text of it.
//!
//! Texts stand in `web-templates/locales`, one folder per language with the same keys; a test
//! compares them. Templates and handlers name a key, never a text.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use actix_web::HttpRequest;
use actix_web::http::header;
use fluent_templates::fluent_bundle::FluentValue;
use fluent_templates::{LanguageIdentifier, Loader};
use unic_langid::langid;

use crate::number;

fluent_templates::static_loader! {
    static TEXTS = {
        locales: "../../web-templates/locales",
        fallback_language: "zh-CN",
        // Isolation marks are for mixed directions; both languages run left to right.
        customise: |bundle| {
            bundle.set_use_isolating(false);
            bundle.set_formatter(Some(|value, _| match value {
                FluentValue::Number(number) => Some(number::grouped(number.value)),
                _ => None,
            }));
        },
    };
}

static ZH_CN: LanguageIdentifier = langid!("zh-CN");
static EN: LanguageIdentifier = langid!("en");

/// A language a page can be drawn in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    /// Chinese, the default.
    Chinese,
    /// English.
    English,
}

impl Language {
    /// Value of the `lang` attribute and of the cookie.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::Chinese => "zh-CN",
            Self::English => "en",
        }
    }

    /// The language of a tag as typed by a browser.
    pub(crate) fn from_tag(tag: &str) -> Option<Self> {
        let tag = tag.trim();
        if tag.eq_ignore_ascii_case("en") || starts_with(tag, "en-") {
            Some(Self::English)
        } else if tag.eq_ignore_ascii_case("zh") || starts_with(tag, "zh-") {
            Some(Self::Chinese)
        } else {
            None
        }
    }

    /// The other one, for the switch in the top bar.
    pub(crate) fn other(self) -> Self {
        match self {
            Self::Chinese => Self::English,
            Self::English => Self::Chinese,
        }
    }

    /// Whether texts of the chain are shown in Chinese.
    pub(crate) fn is_chinese(self) -> bool {
        self == Self::Chinese
    }

    /// The language of a request: cookie, then the browser's wish, then Chinese.
    pub(crate) fn of(request: &HttpRequest, cookie: &str) -> Self {
        if let Some(chosen) = request.cookie(cookie).and_then(|cookie| Self::from_tag(cookie.value())) {
            return chosen;
        }
        request
            .headers()
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .and_then(|wish| {
                wish.split(',').filter_map(|part| Self::from_tag(part.split(';').next()?)).next()
            })
            .unwrap_or(Self::Chinese)
    }

    /// The text of a key.
    pub(crate) fn say(self, key: &str) -> Say {
        Say { language: self, key: key.to_owned(), fills: HashMap::new() }
    }

    /// The text of a code the layers below gave: `grant.expired` under `refusal` is the key
    /// `refusal-grant-expired`.
    pub(crate) fn code(self, family: &str, code: &str) -> Say {
        self.say(&key_of(family, code))
    }

    fn identifier(self) -> &'static LanguageIdentifier {
        match self {
            Self::Chinese => &ZH_CN,
            Self::English => &EN,
        }
    }
}

fn starts_with(tag: &str, head: &str) -> bool {
    tag.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
}

/// The Fluent key of a code: lower case, everything but letters and digits a dash.
pub(crate) fn key_of(family: &str, code: &str) -> String {
    let mut key = String::with_capacity(family.len() + 1 + code.len());
    key.push_str(family);
    key.push('-');
    key.extend(
        code.chars().map(
            |letter| {
                if letter.is_ascii_alphanumeric() { letter.to_ascii_lowercase() } else { '-' }
            },
        ),
    );
    key
}

/// A text about to be written, with what fills its gaps.
#[derive(Debug)]
pub(crate) struct Say {
    language: Language,
    key: String,
    fills: HashMap<Cow<'static, str>, FluentValue<'static>>,
}

impl Say {
    /// Fills the gap `$name`.
    pub(crate) fn put(mut self, name: &str, fill: impl Fill) -> Self {
        self.fills.insert(Cow::Owned(name.to_owned()), fill.fill());
        self
    }

    /// The text, if the key has one.
    pub(crate) fn known(&self) -> Option<String> {
        let language = self.language.identifier();
        if self.fills.is_empty() {
            TEXTS.try_lookup(language, &self.key)
        } else {
            TEXTS.try_lookup_with_args(language, &self.key, &self.fills)
        }
    }
}

impl fmt::Display for Say {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.known() {
            Some(text) => out.write_str(&text),
            // A test walks all keys; should one be missed, the key itself says what was meant.
            None => out.write_str(&self.key),
        }
    }
}

/// What can stand in the gap of a text.
pub(crate) trait Fill {
    /// The value as Fluent takes it.
    fn fill(&self) -> FluentValue<'static>;
}

impl<T: Fill + ?Sized> Fill for &T {
    fn fill(&self) -> FluentValue<'static> {
        (**self).fill()
    }
}

impl Fill for str {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(self.to_owned())
    }
}

impl Fill for String {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(self.clone())
    }
}

impl Fill for Say {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(self.to_string())
    }
}

impl Fill for u32 {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl Fill for u64 {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl Fill for i64 {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

impl Fill for usize {
    fn fill(&self) -> FluentValue<'static> {
        FluentValue::from(*self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_becomes_a_key() {
        assert_eq!(key_of("refusal", "grant.expired"), "refusal-grant-expired");
        assert_eq!(key_of("role", "BIZ_USER"), "role-biz-user");
    }

    #[test]
    fn tags_of_browsers_are_understood() {
        assert_eq!(Language::from_tag("en-GB"), Some(Language::English));
        assert_eq!(Language::from_tag("ZH-hans-cn"), Some(Language::Chinese));
        assert_eq!(Language::from_tag("fr"), None);
        assert_eq!(Language::from_tag("english"), None);
    }

    #[test]
    fn numbers_in_texts_have_thousands_marked() {
        let said = Language::English.say("unit-blocks").put("count", 1_284_503_u64).to_string();
        assert!(said.contains("1,284,503"), "{said}");
    }

    #[test]
    fn a_missing_key_shows_itself() {
        assert_eq!(Language::English.say("no-such-key").to_string(), "no-such-key");
    }
}
