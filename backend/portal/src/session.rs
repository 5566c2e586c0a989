//! The session cookie: a signed token that holds a random session id and nothing else.
//!
//! Who the id belongs to, and whether the session still runs, is asked of `services` at every
//! request. The token's end is the session's end; the session can end sooner.

use actix_web::cookie::time::Duration as CookieAge;
use actix_web::cookie::{Cookie, SameSite};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::limits;

/// A cookie of such a name is taken by a browser over TLS alone and for this host alone, so that no
/// neighbour of the host and nobody on the way can plant one.
const HOST_PREFIX: &str = "__Host-";

/// Cookie names of one department. Cookies ignore ports, so each department has its own names.
#[derive(Debug, Clone)]
pub(crate) struct CookieNames {
    /// The session.
    pub(crate) session: String,
    /// A random value for forms drawn before signing in.
    pub(crate) visitor: String,
    /// A sign-in that is under way at the identity provider.
    pub(crate) flow: String,
    /// The chosen language.
    pub(crate) language: String,
    /// The chosen display.
    pub(crate) theme: String,
}

impl CookieNames {
    /// Names ending in the last eight characters of the department's code; over TLS under a prefix.
    pub(crate) fn of(department: &str, is_secure: bool) -> Self {
        let tail = department.get(department.len().saturating_sub(8)..).unwrap_or(department);
        let prefix = if is_secure { HOST_PREFIX } else { "" };
        Self {
            session: format!("{prefix}zl_{tail}"),
            visitor: format!("{prefix}zl_{tail}_visitor"),
            flow: format!("{prefix}zl_{tail}_flow"),
            language: format!("{prefix}zl_{tail}_language"),
            theme: format!("{prefix}zl_{tail}_theme"),
        }
    }
}

/// Makes and reads session tokens.
pub(crate) struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    validation: Validation,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    sid: String,
    exp: u64,
}

impl Tokens {
    /// From the department's secret.
    pub(crate) fn new(secret: &[u8; 32]) -> Self {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        Self {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            validation,
        }
    }

    /// The token of a session that ends at `ends_at` (ms since 1970); none if it cannot be signed.
    pub(crate) fn issue(&self, session: &str, ends_at: i64) -> Option<String> {
        let exp = u64::try_from(ends_at / 1000).ok()?;
        let claims = Claims { sid: session.to_owned(), exp };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).ok()
    }

    /// The session id of a token that we signed and that has not ended.
    pub(crate) fn read(&self, token: &str) -> Option<String> {
        let data = jsonwebtoken::decode::<Claims>(token, &self.decoding, &self.validation).ok()?;
        is_id(&data.claims.sid).then_some(data.claims.sid)
    }

    /// Signs a short text; see [`crate::csrf`].
    pub(crate) fn seal(&self, text: &str) -> Option<String> {
        jsonwebtoken::crypto::sign(text.as_bytes(), &self.encoding, Algorithm::HS256).ok()
    }

    /// Whether [`Self::seal`] gave this seal for this text; compares in constant time.
    pub(crate) fn sealed(&self, seal: &str, text: &str) -> bool {
        jsonwebtoken::crypto::verify(seal, text.as_bytes(), &self.decoding, Algorithm::HS256).unwrap_or(false)
    }
}

/// 64 lower-case hexadecimal digits.
pub(crate) fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// A cookie no script can read and no other site can send; over TLS, as its name says, for TLS alone.
pub(crate) fn kept<'a>(name: &str, value: String) -> Cookie<'a> {
    Cookie::build(name.to_owned(), value)
        .path("/")
        .http_only(true)
        .secure(name.starts_with(HOST_PREFIX))
        .same_site(SameSite::Strict)
        .finish()
}

/// A cookie that is sent also when another site leads back here, for a few minutes.
pub(crate) fn lent<'a>(name: &str, value: String) -> Cookie<'a> {
    let mut cookie = kept(name, value);
    cookie.set_same_site(SameSite::Lax);
    cookie.set_max_age(CookieAge::milliseconds(services::limits::OIDC_FLOW_MS));
    cookie
}

/// A cookie that outlives the browser: language and display.
pub(crate) fn taste<'a>(name: &str, value: &str) -> Cookie<'a> {
    let mut cookie = kept(name, value.to_owned());
    // Lax, so that a link from a mail opens in the chosen language.
    cookie.set_same_site(SameSite::Lax);
    cookie.set_max_age(CookieAge::days(limits::TASTE_DAYS));
    cookie
}

/// The same cookie, gone.
pub(crate) fn dropped<'a>(name: &str) -> Cookie<'a> {
    let mut cookie = kept(name, String::new());
    cookie.make_removal();
    cookie
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: i64 = 4_000_000_000_000;

    fn id() -> String {
        "0f".repeat(32)
    }

    #[test]
    fn a_token_gives_its_session_back() {
        let tokens = Tokens::new(&[7; 32]);
        let token = tokens.issue(&id(), FAR).unwrap();
        assert_eq!(tokens.read(&token), Some(id()));
        assert_eq!(Tokens::new(&[8; 32]).read(&token), None);
    }

    #[test]
    fn an_ended_token_gives_nothing() {
        let tokens = Tokens::new(&[7; 32]);
        let token = tokens.issue(&id(), 1_000_000).unwrap();
        assert_eq!(tokens.read(&token), None);
    }

    #[test]
    fn a_changed_token_gives_nothing() {
        let tokens = Tokens::new(&[7; 32]);
        let token = tokens.issue(&id(), FAR).unwrap();
        for place in [0, token.len() / 2, token.len() - 1] {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            assert_eq!(tokens.read(&String::from_utf8(bytes).unwrap()), None, "place {place}");
        }
    }

    #[test]
    fn a_token_without_signature_gives_nothing() {
        // header {"alg":"none"}
        let claims = "eyJzaWQiOiIwMCIsImV4cCI6NDAwMDAwMDAwMH0";
        assert_eq!(Tokens::new(&[7; 32]).read(&format!("eyJhbGciOiJub25lIn0.{claims}.")), None);
    }

    #[test]
    fn a_token_holds_only_session_and_end() {
        use base64::Engine as _;
        let token = Tokens::new(&[7; 32]).issue(&id(), FAR).unwrap();
        let claims = token.split('.').nth(1).unwrap();
        let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(claims).unwrap();
        let expected = format!("{{\"sid\":\"{}\",\"exp\":4000000000}}", id());
        assert_eq!(String::from_utf8(claims).unwrap(), expected);
    }

    #[test]
    fn cookies_of_two_departments_differ() {
        let of = |department: &str| CookieNames::of(department, false);
        let (one, two) = (of("12440100456789012X"), of("124403004567890128"));
        assert_eq!(one.session, "zl_6789012X");
        assert_ne!(one.session, two.session);
    }

    #[test]
    fn the_session_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let text = kept("zl_x", "v".into()).to_string();
        assert!(text.contains("HttpOnly") && text.contains("SameSite=Strict") && text.contains("Path=/"));
        assert!(!text.contains("Secure"));
    }

    #[test]
    fn over_tls_every_cookie_is_for_tls_and_this_host_alone() {
        let names = CookieNames::of("12440100456789012X", true);
        let made = [
            kept(&names.session, "v".into()),
            kept(&names.visitor, "v".into()),
            dropped(&names.session),
            taste(&names.language, "en"),
            taste(&names.theme, "dark"),
        ];
        for cookie in made {
            let text = cookie.to_string();
            assert!(text.starts_with("__Host-zl_6789012X"), "{text}");
            assert!(text.contains("Secure") && text.contains("Path=/") && !text.contains("Domain"), "{text}");
        }
    }
}
