//! The identity provider of a department as its office meets it. Whoever speaks HTTP with it (the portal's
//! `oidc.rs`) implements this, the department joins it to its office, and `staff/oidc.rs` alone asks it.

use std::future::Future;
use std::pin::Pin;

use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::codes::OfficeRefusal;
use crate::error::ServiceError;

/// What an identity provider answers in time.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = Result<T, ProviderNo>> + Send + 'a>>;

/// The identity provider of a department, behind HTTP. It checks all that OpenID Connect asks of an answer:
/// issuer, audience, signature, times, the nonce of these secrets.
pub trait IdentityProvider: Send + Sync {
    /// Where a browser is sent to sign in.
    fn address<'a>(&'a self, secrets: &'a Secrets) -> Asked<'a, String>;
    /// What the provider vouches for in exchange of a code.
    fn redeem<'a>(&'a self, code: &'a str, secrets: &'a Secrets) -> Asked<'a, Vouched>;
}

/// What holds a sign-in together from its beginning to its end. Fresh for each.
#[derive(Clone, Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
pub struct Secrets {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in what the provider signs.
    pub nonce: String,
    /// Whose digest the provider was told first (RFC 7636): a stolen code is good for nobody else.
    pub verifier: String,
}

/// Whom a provider vouches for.
#[derive(Clone, PartialEq, Eq)]
pub struct Vouched {
    /// The account.
    pub account: String,
    /// When a second factor was shown there, ms UTC; none where none was, or it counts for nothing here.
    pub factor_at: Option<i64>,
}

/// Why a provider vouches for nobody. What exactly was wrong it has put into its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProviderNo {
    /// It does not answer, or not as a provider does.
    Down,
    /// It does not take the code, or what it says cannot be believed.
    Refused,
}

impl From<ProviderNo> for ServiceError {
    fn from(no: ProviderNo) -> Self {
        Self::refused(match no {
            ProviderNo::Down => OfficeRefusal::SignInOidcDown,
            ProviderNo::Refused => OfficeRefusal::SignInOidcRefused,
        })
    }
}
