//! Tokens against forged forms.
//!
//! Every form carries a hidden field `csrf`: a random value of the visitor signed with the
//! department's secret. The value is the session's id after signing in, a cookie of its own before,
//! so the token is bound to the browser that drew the form (a signed double submit) and needs no
//! memory here. Beside it the `Origin` of a form must be this portal.
//!
//! An officer's token goes on with the account and role it was drawn for, sealed likewise. That part
//! lets nothing be done: it says to whom a form belongs whose session has ended (see
//! [`crate::unsent`]).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use services::codes::Role;

use crate::session::Tokens;

/// Name of the hidden field.
pub(crate) const FIELD: &str = "csrf";

/// Between the parts of an officer's token; in none of them.
const JOINT: char = '.';

/// To whom a form belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Whose {
    /// The account it was drawn for.
    pub(crate) account: String,
    /// The role in which the officer worked.
    pub(crate) role: Role,
}

/// The token of a visitor's forms; empty (and therefore never accepted) if it cannot be signed.
pub(crate) fn token(tokens: &Tokens, visitor: &str) -> String {
    tokens.seal(&text(visitor)).unwrap_or_default()
}

/// The token of an officer's forms.
pub(crate) fn officers_token(tokens: &Tokens, session: &str, whose: &Whose) -> String {
    let owner = URL_SAFE_NO_PAD.encode(format!("{}|{}", whose.role.code(), whose.account));
    let seal = tokens.seal(&owner_text(&owner)).unwrap_or_default();
    format!("{}{JOINT}{owner}{JOINT}{seal}", token(tokens, session))
}

/// Whether a form's token belongs to this visitor. Constant time.
pub(crate) fn accepts(tokens: &Tokens, visitor: &str, token: &str) -> bool {
    let seal = token.split(JOINT).next().unwrap_or_default();
    !seal.is_empty() && tokens.sealed(seal, &text(visitor))
}

/// To whom a form with this token belongs, whatever became of its session; none for a guest's or a
/// forged one.
pub(crate) fn whose(tokens: &Tokens, token: &str) -> Option<Whose> {
    let (_, rest) = token.split_once(JOINT)?;
    let (owner, seal) = rest.split_once(JOINT)?;
    if seal.is_empty() || !tokens.sealed(seal, &owner_text(owner)) {
        return None;
    }
    let owner = String::from_utf8(URL_SAFE_NO_PAD.decode(owner).ok()?).ok()?;
    let (role, account) = owner.split_once('|')?;
    Some(Whose { account: account.to_owned(), role: Role::from_code(role)? })
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

fn owner_text(owner: &str) -> String {
    format!("owner|{owner}")
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
    fn an_officers_token_says_whose_the_form_is() {
        let tokens = Tokens::new(&[1; 32]);
        let anna = Whose { account: "anna|b".into(), role: Role::ProvApprover };
        let made = officers_token(&tokens, "session", &anna);
        assert!(accepts(&tokens, "session", &made));
        assert!(!accepts(&tokens, "another", &made));
        assert_eq!(whose(&tokens, &made), Some(anna.clone()));
        assert_eq!(whose(&Tokens::new(&[2; 32]), &made), None);
        assert_eq!(whose(&tokens, &token(&tokens, "session")), None);
        let bert = officers_token(&tokens, "session", &Whose { account: "bert".into(), ..anna });
        let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (anna, bert) = (parts(&made), parts(&bert));
        assert_eq!(whose(&tokens, &format!("{}.{}.{}", anna[0], bert[1], anna[2])), None);
        // The seal of an owner is no seal of a form.
        assert!(!accepts(&tokens, "session", &anna[2]));
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
