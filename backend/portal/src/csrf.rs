//! Tokens against forged forms.
//!
//! Every form carries a hidden field `csrf`: a random value of the visitor signed with the
//! department's secret. The value is the session's id after signing in, a cookie of its own before,
//! so the token is bound to the browser that drew the form (a signed double submit) and needs no
//! memory here. Beside it the `Origin` of a form must be this portal.

use crate::session::Tokens;

/// Name of the hidden field.
pub(crate) const FIELD: &str = "csrf";

/// The token of a visitor's forms; empty (and therefore never accepted) if it cannot be signed.
pub(crate) fn token(tokens: &Tokens, visitor: &str) -> String {
    tokens.seal(&text(visitor)).unwrap_or_default()
}

/// Whether a form's token belongs to this visitor. Constant time.
pub(crate) fn accepts(tokens: &Tokens, visitor: &str, token: &str) -> bool {
    !token.is_empty() && tokens.sealed(token, &text(visitor))
}

/// Whether a form came from a page of this portal, as far as the browser says. Browsers send
/// `Origin` with every form of a modern page; one without it is judged by its token alone.
pub(crate) fn is_own_origin(origin: Option<&str>, host: &str) -> bool {
    match origin {
        None => true,
        Some(origin) => {
            let rest = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
            rest.is_some_and(|name| name.eq_ignore_ascii_case(host))
        }
    }
}

/// What is signed: never the text of a session token, which has no such beginning.
fn text(visitor: &str) -> String {
    format!("form|{visitor}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_good_for_its_visitor_only() {
        let tokens = Tokens::new(&[1; 32]);
        let made = token(&tokens, "anna");
        assert!(accepts(&tokens, "anna", &made));
        assert!(!accepts(&tokens, "bert", &made));
        assert!(!accepts(&Tokens::new(&[2; 32]), "anna", &made));
    }

    #[test]
    fn an_empty_or_foreign_token_is_refused() {
        let tokens = Tokens::new(&[1; 32]);
        assert!(!accepts(&tokens, "anna", ""));
        assert!(!accepts(&tokens, "anna", "AAAA"));
        assert!(!accepts(&tokens, "anna", "not base64 !"));
        let mut changed = token(&tokens, "anna");
        changed.insert(0, 'A');
        assert!(!accepts(&tokens, "anna", &changed));
    }

    #[test]
    fn a_form_of_another_site_is_seen() {
        assert!(is_own_origin(Some("http://gz.localhost:8101"), "gz.localhost:8101"));
        assert!(is_own_origin(None, "gz.localhost:8101"));
        assert!(!is_own_origin(Some("http://sz.localhost:8102"), "gz.localhost:8101"));
        assert!(!is_own_origin(Some("null"), "gz.localhost:8101"));
        assert!(!is_own_origin(Some("http://gz.localhost:8101.example.org"), "gz.localhost:8101"));
    }
}
