//! Small pieces of HTML that stand in many templates: icons, times, digests.

use std::fmt;

use askama::filters::HtmlSafe;

/// Text that is HTML already. Made only here, from values escaped or known to be harmless.
#[derive(Debug, Clone)]
pub(crate) struct Markup(String);

impl fmt::Display for Markup {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl HtmlSafe for Markup {}

impl Markup {
    /// An icon of the sprite, for the eye only.
    pub(crate) fn icon(sprite: &str, name: &str, class: &str) -> Self {
        Self(format!(
            "<svg class=\"{class}\" aria-hidden=\"true\"><use href=\"{sprite}#{}\"></use></svg>",
            escape(name)
        ))
    }

    /// A moment, readable by people and programs. Live: it differs on every run.
    pub(crate) fn time(machine: &str, shown: &str) -> Self {
        Self(format!("<time datetime=\"{}\" data-live>{}</time>", escape(machine), escape(shown)))
    }

    /// A digest or id, cut in the middle, whole when pointed at.
    pub(crate) fn digest(whole: &str, shown: &str) -> Self {
        Self(format!("<span class=\"mono\" title=\"{}\" data-live>{}</span>", escape(whole), escape(shown)))
    }

    /// A live figure.
    pub(crate) fn figure(shown: &str) -> Self {
        Self(format!("<span data-live>{}</span>", escape(shown)))
    }

    /// A text with the found words marked. Both are escaped.
    pub(crate) fn marked(text: &str, words: &[String]) -> Self {
        let mut out = String::with_capacity(text.len() + 16);
        let mut rest = text;
        while let Some(letter) = rest.chars().next() {
            let hit = words
                .iter()
                .filter(|word| !word.is_empty() && starts_with(rest, word))
                .map(String::len)
                .max();
            let (step, marked) = hit.map_or((letter.len_utf8(), false), |length| (length, true));
            let (head, tail) = rest.split_at_checked(step).unwrap_or((rest, ""));
            if marked {
                out.push_str("<mark>");
                out.push_str(&escape(head));
                out.push_str("</mark>");
            } else {
                out.push_str(&escape(head));
            }
            rest = tail;
        }
        Self(out)
    }
}

fn starts_with(text: &str, word: &str) -> bool {
    text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
}

/// Escapes text for an element or a quoted attribute.
pub(crate) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_through_as_html() {
        let hostile = "\"><script>'&";
        for piece in [
            Markup::icon("/assets/i.svg", hostile, "ico"),
            Markup::time(hostile, hostile),
            Markup::digest(hostile, hostile),
            Markup::figure(hostile),
            Markup::marked(hostile, &["<script>".into()]),
        ] {
            assert!(!piece.to_string().contains("<script"), "{piece}");
        }
    }

    #[test]
    fn found_words_are_marked_whatever_their_case() {
        let words = ["fund".to_owned(), "\u{7f34}\u{5b58}".to_owned()];
        assert_eq!(
            Markup::marked("Fund \u{7f34}\u{5b58}\u{989d}", &words).to_string(),
            "<mark>Fund</mark> <mark>\u{7f34}\u{5b58}</mark>\u{989d}"
        );
    }
}
