//! The department's identity provider over HTTP: OpenID Connect, authorization code flow with PKCE. Made by
//! the department from its configuration, joined to the office, asked by `services::staff::oidc` alone.
//!
//! What an answer must be (issuer, audience, signature, times, nonce) the library checks; here stand the
//! bounds: which addresses are asked, how long, how much is read. Codes, secrets and claims reach no log.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreErrorResponseType, CoreGenderClaim, CoreJsonWebKey,
    CoreJweContentEncryptionAlgorithm, CoreJwsSigningAlgorithm, CoreProviderMetadata, CoreResponseType,
    CoreRevocableToken, CoreRevocationErrorResponse, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::url::{Host, Url};
use openidconnect::{
    AdditionalClaims, AuthenticationContextClass, AuthenticationFlow, AuthorizationCode, Client, ClientId,
    ClientSecret, CsrfToken, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet, EndpointSet,
    HttpRequest, HttpResponse, IdTokenClaims, IdTokenFields, IssuerUrl, Nonce, PkceCodeChallenge,
    PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, StandardErrorResponse, StandardTokenResponse,
    TokenResponse as _,
};
use serde::{Deserialize, Serialize};
use services::identity::{Asked, IdentityProvider, ProviderNo, Secrets, Vouched};
use tokio::sync::Mutex;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::limits;
use crate::site::Site;

/// Where a provider sends browsers back to.
pub(crate) const BACK: &str = "/sign-in/oidc/back";

/// The address that names a provider: TLS, or this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issuer(IssuerUrl);

/// Why a text names no provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoIssuer {
    /// No address.
    #[error("is no address")]
    Form,
    /// Plain HTTP beyond the own machine: secrets would travel in clear.
    #[error("is plain HTTP to another machine")]
    Clear,
}

impl FromStr for Issuer {
    type Err = NoIssuer;

    fn from_str(text: &str) -> Result<Self, NoIssuer> {
        let issuer = IssuerUrl::new(text.to_owned()).map_err(|_| NoIssuer::Form)?;
        let url = issuer.url();
        if !matches!(url.scheme(), "http" | "https") || url.query().is_some() || url.fragment().is_some() {
            return Err(NoIssuer::Form);
        }
        if is_private(url) { Ok(Self(issuer)) } else { Err(NoIssuer::Clear) }
    }
}

/// Whether nobody on the way reads what is sent there: over TLS, or within this machine.
fn is_private(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    url.scheme() == "https" || url.scheme() == "http" && is_here
}

/// What the department writes about its provider.
pub struct OidcConfig {
    /// Who signs.
    pub issuer: Issuer,
    /// As whom this portal is known there.
    pub client_id: String,
    /// What it shows there.
    pub client_secret: Zeroizing<String>,
    /// The claim of the provider's token that is the account here.
    pub account_claim: String,
    /// Values of `acr` that count as a second factor.
    pub factor_acr: BTreeSet<String>,
    /// Values of `amr` that do.
    pub factor_amr: BTreeSet<String>,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
#[error("no HTTP client for the identity provider: {0}")]
pub struct OidcFault(#[from] reqwest::Error);

/// Claims that are none of the standard ones.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct More {
    #[serde(flatten)]
    all: BTreeMap<String, serde_json::Value>,
}

impl AdditionalClaims for More {}

type Claims = IdTokenClaims<More, CoreGenderClaim>;
type Tokens = StandardTokenResponse<
    IdTokenFields<
        More,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;
type ProviderClient = Client<
    More,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// What the provider said of itself, and until when that is believed; none: it did not answer.
struct Known {
    metadata: Option<Arc<CoreProviderMetadata>>,
    until: Instant,
}

/// The client of one provider.
pub struct Oidc {
    config: OidcConfig,
    back: RedirectUrl,
    http: reqwest::Client,
    known: Mutex<Option<Known>>,
}

impl fmt::Debug for Oidc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Oidc").field("issuer", &self.config.issuer).finish_non_exhaustive()
    }
}

/// Why no HTTP answer came back. Names no address: a code may stand in one.
#[derive(Debug, thiserror::Error)]
enum NoAnswer {
    #[error("the provider names an address that is plain HTTP to another machine")]
    Clear,
    #[error("the request cannot be made")]
    Request,
    #[error("no connection")]
    Connect,
    #[error("no answer in time")]
    Timeout,
    #[error("the answer broke off")]
    Broken,
    #[error("the answer is too long")]
    TooLong,
}

impl Oidc {
    /// A client; the provider is not asked yet.
    ///
    /// # Errors
    /// [`OidcFault`] when the system's trusted certificates cannot be read.
    pub fn new(config: OidcConfig, site: &Site) -> Result<Self, OidcFault> {
        let http = reqwest::Client::builder()
            // What a provider redirects a server to is not a part of the protocol.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(limits::OIDC_ANSWER_WAIT)
            .connect_timeout(limits::OIDC_CONNECT_WAIT)
            .no_proxy()
            .build()?;
        let mut back = config.issuer.0.url().clone();
        // Scheme and host of a site are those of an address.
        if let Ok(own) = Url::parse(&format!("{}{BACK}", site.base())) {
            back = own;
        }
        Ok(Self { config, back: RedirectUrl::from_url(back), http, known: Mutex::default() })
    }

    /// The client by what the provider says of itself, asked anew now and then. Of many who come at once
    /// one asks, and one failure is told to all of them.
    async fn client(&self) -> Result<ProviderClient, ProviderNo> {
        let mut known = self.known.lock().await;
        let kept = known.as_ref().filter(|known| Instant::now() < known.until);
        let metadata = match kept {
            Some(kept) => kept.metadata.clone(),
            None => {
                let (metadata, good_for) = self.discovered().await;
                let until = Instant::now() + good_for;
                *known = Some(Known { metadata: metadata.clone(), until });
                metadata
            }
        };
        drop(known);
        let metadata = metadata.ok_or(ProviderNo::Down)?;
        let (id, secret) = (self.config.client_id.clone(), self.config.client_secret.to_string());
        let client = Client::from_provider_metadata(
            CoreProviderMetadata::clone(&metadata),
            ClientId::new(id),
            Some(ClientSecret::new(secret)),
        );
        Ok(client.set_redirect_uri(self.back.clone()))
    }

    async fn discovered(&self) -> (Option<Arc<CoreProviderMetadata>>, Duration) {
        let ask = |request| fetch(self.http.clone(), request);
        match CoreProviderMetadata::discover_async(self.config.issuer.0.clone(), &ask).await {
            Ok(metadata) if is_private(metadata.authorization_endpoint().url()) => {
                (Some(Arc::new(metadata)), limits::OIDC_KNOWN)
            }
            Ok(_) => {
                tracing::warn!("the identity provider signs people in over plain HTTP");
                (None, limits::OIDC_DOWN)
            }
            Err(error) => {
                tracing::warn!(%error, "the identity provider cannot be asked");
                (None, limits::OIDC_DOWN)
            }
        }
    }

    async fn address_of(&self, secrets: &Secrets) -> Result<String, ProviderNo> {
        let client = self.client().await?;
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier(secrets));
        let (state, nonce) = (secrets.state.clone(), secrets.nonce.clone());
        let mut asking = client
            .authorize_url(
                AuthenticationFlow::<CoreResponseType>::AuthorizationCode,
                || CsrfToken::new(state),
                || Nonce::new(nonce),
            )
            .add_scope(Scope::new("profile".to_owned()))
            .set_pkce_challenge(challenge);
        for class in &self.config.factor_acr {
            asking = asking.add_auth_context_value(AuthenticationContextClass::new(class.clone()));
        }
        Ok(asking.url().0.to_string())
    }

    async fn redeemed(&self, code: &str, secrets: &Secrets) -> Result<Vouched, ProviderNo> {
        let client = self.client().await?;
        let refused = |why: &dyn fmt::Display| {
            tracing::warn!(%why, "what the identity provider answered is not accepted");
            ProviderNo::Refused
        };
        let ask = |request| fetch(self.http.clone(), request);
        let asked = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|error| refused(&error))?
            .set_pkce_verifier(verifier(secrets))
            .request_async(&ask)
            .await;
        let tokens = asked.map_err(|error| match error {
            RequestTokenError::Request(no) => {
                tracing::warn!(%no, "the identity provider cannot be asked");
                ProviderNo::Down
            }
            RequestTokenError::ServerResponse(said) => refused(said.error()),
            RequestTokenError::Parse(..) => refused(&"no answer to a code"),
            RequestTokenError::Other(_) => refused(&"an unexpected answer"),
        })?;
        let token = tokens.id_token().ok_or_else(|| refused(&"no ID token"))?;
        let claims = token
            .claims(&client.id_token_verifier(), &Nonce::new(secrets.nonce.clone()))
            .map_err(|error| refused(&error))?;
        let account = account(claims, &self.config.account_claim);
        let account = account.ok_or_else(|| refused(&"the claim of the account is missing"))?;
        Ok(Vouched { account, factor_at: self.factor_at(claims) })
    }

    /// When a second factor was shown, if the provider says that one was. A provider that does not say when is
    /// believed that one was, and not that it was just now.
    fn factor_at(&self, claims: &Claims) -> Option<i64> {
        let by_class =
            claims.auth_context_ref().is_some_and(|acr| self.config.factor_acr.contains(acr.as_str()));
        let by_method = claims
            .auth_method_refs()
            .is_some_and(|all| all.iter().any(|amr| self.config.factor_amr.contains(amr.as_str())));
        let at = claims.auth_time().map_or(0, |at| at.timestamp_millis());
        (by_class || by_method).then_some(at)
    }
}

impl IdentityProvider for Oidc {
    fn address<'a>(&'a self, secrets: &'a Secrets) -> Asked<'a, String> {
        Box::pin(self.address_of(secrets))
    }

    fn redeem<'a>(&'a self, code: &'a str, secrets: &'a Secrets) -> Asked<'a, Vouched> {
        Box::pin(self.redeemed(code, secrets))
    }
}

fn verifier(secrets: &Secrets) -> PkceCodeVerifier {
    PkceCodeVerifier::new(secrets.verifier.clone())
}

/// The account that a token names. An address of mail is one only where the provider has checked it.
fn account(claims: &Claims, claim: &str) -> Option<String> {
    let named = match claim {
        "sub" => Some(claims.subject().as_str()),
        "preferred_username" => claims.preferred_username().map(|name| name.as_str()),
        "email" if claims.email_verified() == Some(true) => claims.email().map(|email| email.as_str()),
        other => claims.additional_claims().all.get(other).and_then(serde_json::Value::as_str),
    };
    named.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// One question to the provider: bounded in time and length, nowhere in clear, redirected nowhere.
async fn fetch(http: reqwest::Client, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
    let request = reqwest::Request::try_from(request).map_err(|_| NoAnswer::Request)?;
    if !is_private(request.url()) {
        return Err(NoAnswer::Clear);
    }
    let mut response = http
        .execute(request)
        .await
        .map_err(|error| if error.is_timeout() { NoAnswer::Timeout } else { NoAnswer::Connect })?;
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.map_err(|_| NoAnswer::Broken)? {
        if body.len().saturating_add(part.len()) > limits::OIDC_ANSWER_BYTES_MAX {
            return Err(NoAnswer::TooLong);
        }
        body.extend_from_slice(&part);
    }
    let mut answer = HttpResponse::new(body);
    *answer.status_mut() = response.status();
    *answer.headers_mut() = response.headers().clone();
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_asked_over_tls_or_within_the_machine() {
        for good in [
            "https://id.example.cn",
            "https://id.example.cn/realms/a",
            "http://127.0.0.1:8555",
            "http://[::1]/",
            "http://localhost:1",
        ] {
            assert!(good.parse::<Issuer>().is_ok(), "{good}");
        }
        for bad in
            ["", "id.example.cn", "ftp://127.0.0.1", "https://id.example.cn/?a", "https://id.example.cn/#a"]
        {
            assert_eq!(bad.parse::<Issuer>(), Err(NoIssuer::Form), "{bad}");
        }
        for clear in
            ["http://id.example.cn", "http://10.0.0.7", "http://localhost.example.cn", "http://[fd00::1]"]
        {
            assert_eq!(clear.parse::<Issuer>(), Err(NoIssuer::Clear), "{clear}");
        }
    }

    #[tokio::test]
    async fn nothing_is_sent_in_clear_whatever_a_provider_names() {
        let request = openidconnect::http::Request::post("http://192.0.2.1/token").body(Vec::new()).unwrap();
        let answer = fetch(reqwest::Client::new(), request).await;
        assert!(matches!(answer, Err(NoAnswer::Clear)), "{answer:?}");
    }

    fn claims(more: &str) -> Claims {
        let text =
            format!(r#"{{"iss":"https://id.example.cn","aud":["zl"],"exp":1,"iat":1,"sub":"s-1"{more}}}"#);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn the_account_is_the_claim_that_was_named() {
        let all =
            claims(r#","preferred_username":"su.yong","email":"su@example.cn","staff_no":"0417","n":7"#);
        assert_eq!(account(&all, "sub").as_deref(), Some("s-1"));
        assert_eq!(account(&all, "preferred_username").as_deref(), Some("su.yong"));
        assert_eq!(account(&all, "staff_no").as_deref(), Some("0417"));
        for none in ["email", "n", "nothing", "name"] {
            assert_eq!(account(&all, none), None, "{none}");
        }
        let checked = claims(r#","email":"su@example.cn","email_verified":true"#);
        assert_eq!(account(&checked, "email").as_deref(), Some("su@example.cn"));
        assert_eq!(account(&claims(r#","staff_no":"  ""#), "staff_no"), None);
    }

    #[test]
    fn a_second_factor_counts_where_it_is_named_and_at_the_time_the_provider_says() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let config = OidcConfig {
            issuer: "https://id.example.cn".parse().unwrap(),
            client_id: "zl".into(),
            client_secret: Zeroizing::new("secret".into()),
            account_claim: "sub".into(),
            factor_acr: names(&["mfa"]),
            factor_amr: names(&["otp", "hwk"]),
        };
        let oidc = Oidc::new(config, &"https://zl.example.cn".parse().unwrap()).unwrap();
        assert_eq!(oidc.back.as_str(), "https://zl.example.cn/sign-in/oidc/back");
        for (more, expected) in [
            ("", None),
            (r#","auth_time":100"#, None),
            (r#","acr":"pwd","auth_time":100"#, None),
            (r#","amr":["pwd"],"auth_time":100"#, None),
            (r#","acr":"mfa","auth_time":100"#, Some(100_000)),
            (r#","amr":["pwd","otp"],"auth_time":100"#, Some(100_000)),
            (r#","amr":["hwk"]"#, Some(0)),
        ] {
            assert_eq!(oidc.factor_at(&claims(more)), expected, "{more}");
        }
        assert!(!format!("{oidc:?}").contains("secret"));
    }
}
