//! Tokens against forged forms.
//!
//! Every form carries a hidden field `csrf`: a random value of the visitor signed with the
//! department's secret. The value is the session's id after signing in, a cookie of its own before,
//! so the token is bound to the browser that drew the form (a signed double submit) and needs no
//! memory here. Beside it the `Origin` of a form must be this portal ([`crate::site`]).
//!
//! Pages are compressed, and how well a page compresses tells what in it repeats. Therefore every
//! page carries its token under a pad of its own ([`mask`]): the same token never looks the same.
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

/// Bytes of a pad; a longer token is under its repetition.
const PAD_BYTES: usize = 32;

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

/// A token as it stands in a page: a fresh pad, and the token under it. Empty if there is no
/// randomness, and for no token.
pub(crate) fn mask(token: &str) -> String {
    match services::fresh_bytes() {
        Ok(pad) if !token.is_empty() => {
            URL_SAFE_NO_PAD.encode([pad.as_slice(), &under(&pad, token.as_bytes())].concat())
        }
        Ok(_) | Err(_) => String::new(),
    }
}

/// The token of a page's field.
fn unmask(field: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(field).ok()?;
    let (pad, token) = bytes.split_at_checked(PAD_BYTES)?;
    String::from_utf8(under(pad, token)).ok()
}

fn under(pad: &[u8], text: &[u8]) -> Vec<u8> {
    text.iter().zip(pad.iter().cycle()).map(|(byte, pad)| byte ^ pad).collect()
}

/// Whether a form's field belongs to this visitor. Constant time.
pub(crate) fn accepts(tokens: &Tokens, visitor: &str, field: &str) -> bool {
    let token = unmask(field).unwrap_or_default();
    let seal = token.split(JOINT).next().unwrap_or_default();
    !seal.is_empty() && tokens.sealed(seal, &text(visitor))
}

/// To whom a form with this field belongs, whatever became of its session; none for a guest's or a
/// forged one.
pub(crate) fn whose(tokens: &Tokens, field: &str) -> Option<Whose> {
    let token = unmask(field)?;
    let (_, rest) = token.split_once(JOINT)?;
    let (owner, seal) = rest.split_once(JOINT)?;
    if seal.is_empty() || !tokens.sealed(seal, &owner_text(owner)) {
        return None;
    }
    let owner = String::from_utf8(URL_SAFE_NO_PAD.decode(owner).ok()?).ok()?;
    let (role, account) = owner.split_once('|')?;
    Some(Whose { account: account.to_owned(), role: Role::from_code(role)? })
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
        let field = mask(&token(&tokens, "anna"));
        assert!(accepts(&tokens, "anna", &field));
        assert!(!accepts(&tokens, "bert", &field));
        assert!(!accepts(&Tokens::new(&[2; 32]), "anna", &field));
    }

    #[test]
    fn a_token_looks_different_on_every_page() {
        let made = token(&Tokens::new(&[1; 32]), "anna");
        let (first, second) = (mask(&made), mask(&made));
        assert_eq!((unmask(&first), unmask(&second)), (Some(made.clone()), Some(made.clone())));
        // No four characters stand at the same place in both but by chance, and the token in neither.
        let same = first.bytes().zip(second.bytes()).filter(|(a, b)| a == b).count();
        assert!(same * 4 < first.len(), "{same} of {}", first.len());
        assert!(!first.contains(&made));
        assert_eq!(mask(""), "");
    }

    #[test]
    fn an_empty_or_foreign_token_is_refused() {
        let tokens = Tokens::new(&[1; 32]);
        let made = token(&tokens, "anna");
        assert!(!accepts(&tokens, "anna", &made), "not under a pad");
        for other in ["", "AAAA", "not base64 !", &format!("A{made}")] {
            assert!(!accepts(&tokens, "anna", &mask(other)), "{other}");
            assert!(!accepts(&tokens, "anna", other), "{other}");
        }
    }

    #[test]
    fn an_officers_token_says_whose_the_form_is() {
        let tokens = Tokens::new(&[1; 32]);
        let anna = Whose { account: "anna|b".into(), role: Role::ProvApprover };
        let made = officers_token(&tokens, "session", &anna);
        assert!(accepts(&tokens, "session", &mask(&made)));
        assert!(!accepts(&tokens, "another", &mask(&made)));
        assert_eq!(whose(&tokens, &mask(&made)), Some(anna.clone()));
        assert_eq!(whose(&Tokens::new(&[2; 32]), &mask(&made)), None);
        assert_eq!(whose(&tokens, &mask(&token(&tokens, "session"))), None);
        let bert = officers_token(&tokens, "session", &Whose { account: "bert".into(), ..anna });
        let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
        let (anna, bert) = (parts(&made), parts(&bert));
        assert_eq!(whose(&tokens, &mask(&format!("{}.{}.{}", anna[0], bert[1], anna[2]))), None);
        // The seal of an owner is no seal of a form.
        assert!(!accepts(&tokens, "session", &mask(&anna[2])));
    }
}
