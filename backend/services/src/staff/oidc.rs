//! Signing in by the department's own identity provider (OpenID Connect), where one is named. Who asks HTTP is
//! an [`IdentityProvider`] that the department joins to its office; only what it vouches for, asked here and
//! for a flow that was begun here, lets anybody in: no page can bring a name of its own.
//!
//! ```text
//!  begin ── secrets, sealed ──► the browser keeps them ──► finish ── code, secrets ──► provider
//!    └──── address of the provider ──► the officer signs in there ── code, state ──►┘      │
//!                                                            Officer ◄── account ◄─────────┘
//! ```
//!
//! Nothing is kept here between the two, so that nobody who has not signed in can fill the memory; and who does
//! not have what the first browser keeps cannot finish. The person must have an account in standing: none is made.

use gm::store_key::StoreKey;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::codes::OfficeRefusal;
use crate::error::{ServiceError, fresh_token};
use crate::identity::{IdentityProvider, ProviderNo, Secrets};
use crate::limits;
use crate::office::Office;
use crate::staff::account::Account;
use crate::staff::sign_in::{Failure, SignedIn, enter, noted};
use crate::throttle::Source;

/// A sign-in that was begun.
pub struct Begun {
    /// Where the browser is to go.
    pub address: String,
    /// What it is to keep, and to show when it comes back: sealed, for nobody to read.
    pub kept: Zeroizing<String>,
}

/// What a browser brings back from the provider.
#[derive(Clone, Copy, Default)]
pub struct Return<'a> {
    /// What it was given to keep.
    pub kept: Option<&'a str>,
    /// The state in its address.
    pub state: &'a str,
    /// The code in its address.
    pub code: &'a str,
}

/// Who came back and is signed in.
pub struct Arrived {
    /// The session.
    pub signed_in: SignedIn,
    /// Where to go on, as it was said at the beginning.
    pub next: String,
    /// The visitor who began, as it was said at the beginning.
    pub visitor: String,
}

/// What a browser keeps, sealed.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct Flow {
    secrets: Secrets,
    next: String,
    visitor: String,
    until: i64,
}

/// What it is sealed for.
const CONTEXT: &[u8] = b"sign_in.oidc.flow";

impl Flow {
    fn seal(&self, key: &StoreKey) -> Result<Zeroizing<String>, ServiceError> {
        let text = serde_json::to_vec(self).map(Zeroizing::new);
        let text = text.map_err(|error| ServiceError::fault("a sign-in cannot be written", &error))?;
        Ok(Zeroizing::new(hex::encode(key.seal(CONTEXT, &text)?)))
    }

    /// What was sealed here not long ago.
    fn open(key: &StoreKey, kept: &str, now: i64) -> Option<Self> {
        let sealed = hex::decode(kept).ok().filter(|sealed| sealed.len() <= limits::OIDC_KEPT_BYTES_MAX)?;
        let text = key.open(CONTEXT, &sealed).ok()?;
        serde_json::from_slice::<Self>(&text).ok().filter(|flow| now < flow.until)
    }
}

impl Office {
    /// Whether officers may sign in by an identity provider.
    #[must_use]
    pub fn has_identity_provider(&self) -> bool {
        self.identity_provider().is_some()
    }
}

/// Begins a sign-in: `next` and `visitor` are given back at its end.
///
/// # Errors
/// Not found where no provider is named; refused `sign-in.oidc-down`.
pub async fn begin(office: &Office, next: &str, visitor: &str) -> Result<Begun, ServiceError> {
    let provider = office.identity_provider().ok_or(ServiceError::NotFound)?;
    let secrets = Secrets { state: fresh_token()?, nonce: fresh_token()?, verifier: fresh_token()? };
    let address = provider.address(&secrets).await?;
    let next = if next.len() > limits::OIDC_NEXT_BYTES_MAX { "/" } else { next }.to_owned();
    let until = office.now_ms().saturating_add(limits::OIDC_FLOW_MS);
    let flow = Flow { secrets, next, visitor: visitor.to_owned(), until };
    Ok(Begun { address, kept: flow.seal(office.store_key())? })
}

/// Signs in who comes back from the provider: counted, noted and refused as who comes with a password.
///
/// # Errors
/// Not found where no provider is named. Refused `sign-in.often`; `sign-in.oidc-state` (begun elsewhere, or too
/// long ago), `sign-in.oidc-declined`, `sign-in.oidc-refused`, `sign-in.oidc-down`, `sign-in.oidc-account` (no
/// account in standing), and what [`super::sign_in()`] refuses an account for.
pub async fn finish(office: &Office, source: Source, back: Return<'_>) -> Result<Arrived, ServiceError> {
    let provider = office.identity_provider().ok_or(ServiceError::NotFound)?;
    let mut begun = None;
    let outcome = check_in(office, provider, source, back, &mut begun).await;
    let signed_in = noted(office, source, "oidc", outcome).await?;
    let (next, visitor) =
        begun.as_ref().map_or_else(Default::default, |flow: &Flow| (flow.next.clone(), flow.visitor.clone()));
    Ok(Arrived { signed_in, next, visitor })
}

async fn check_in(
    office: &Office,
    provider: &dyn IdentityProvider,
    source: Source,
    back: Return<'_>,
    begun: &mut Option<Flow>,
) -> Result<SignedIn, Failure> {
    let common = |code: OfficeRefusal| Failure::common(None, code.code(), ServiceError::refused(code));
    let now = office.now_ms();
    if !office.throttle().takes(source, now) {
        return Err(common(OfficeRefusal::SignInOften));
    }
    let flow = back.kept.and_then(|kept| Flow::open(office.store_key(), kept, now));
    // Neither is known to who did not begin it; the seal was compared before, in constant time.
    let flow = flow.filter(|flow| flow.secrets.state == back.state);
    let flow = begun.insert(flow.ok_or_else(|| common(OfficeRefusal::SignInOidcState))?);
    if back.code.is_empty() {
        return Err(common(OfficeRefusal::SignInOidcDeclined));
    }
    if back.code.len() > limits::OIDC_CODE_BYTES_MAX {
        return Err(common(OfficeRefusal::SignInOidcRefused));
    }
    let vouched = provider.redeem(back.code, &flow.secrets).await.map_err(|no| match no {
        ProviderNo::Down => common(OfficeRefusal::SignInOidcDown),
        ProviderNo::Refused => common(OfficeRefusal::SignInOidcRefused),
    })?;
    let unknown = || ServiceError::refused(OfficeRefusal::SignInOidcAccount);
    let known = Account::find(office.pool(), &vouched.account).await?.ok_or_else(unknown)?;
    let now = office.now_ms();
    // A key or codes that were tried too often lock the account for this way as well.
    if known.locked_until > now {
        return Err(Failure::of(&known, unknown()));
    }
    let factor_at = vouched.factor_at.map(|at| at.clamp(0, now));
    enter(office, source, &known, factor_at, now).await.map_err(|error| Failure::of(&known, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_763_000_000_000;

    #[test]
    fn what_a_browser_keeps_is_good_for_ten_minutes_here_and_for_nobody_to_read() {
        let key = StoreKey::from_bytes([5; 32]);
        let secrets = || Secrets { state: "s".repeat(64), nonce: "n".repeat(64), verifier: "v".repeat(64) };
        let flow = |next: &str| Flow {
            secrets: secrets(),
            next: next.to_owned(),
            visitor: "a".repeat(64),
            until: NOW + limits::OIDC_FLOW_MS,
        };
        let kept = flow("/queries").seal(&key).unwrap();
        let opened = Flow::open(&key, &kept, NOW + limits::OIDC_FLOW_MS - 1).unwrap();
        assert_eq!((opened.next.as_str(), opened.secrets.state.len()), ("/queries", 64));
        assert!(Flow::open(&key, &kept, NOW + limits::OIDC_FLOW_MS).is_none(), "too long ago");
        assert!(Flow::open(&StoreKey::from_bytes([6; 32]), &kept, NOW).is_none(), "another office's");
        let plain = hex::encode("n".repeat(64));
        assert!(!kept.contains(&plain));
        for other in ["", "00", "no hex", &kept[2..], &"0".repeat(kept.len())] {
            assert!(Flow::open(&key, other, NOW).is_none(), "{other}");
        }
        // Sealed for something else.
        let text = serde_json::to_vec(&flow("/")).unwrap();
        let other = hex::encode(key.seal(b"officer_code.sealed:1", &text).unwrap());
        assert!(Flow::open(&key, &other, NOW).is_none());
        // The longest that is made is the longest that is read.
        let longest = flow(&"/".repeat(limits::OIDC_NEXT_BYTES_MAX)).seal(&key).unwrap();
        assert!(Flow::open(&key, &longest, NOW).is_some());
    }
}
