//! Headers every answer carries, and the two checks every request passes: the host it names and the
//! length of its address.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, HOST, HeaderMap, HeaderName, HeaderValue, REFERRER_POLICY,
    STRICT_TRANSPORT_SECURITY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use actix_web::middleware::Next;
use actix_web::{Error, HttpResponse, web};

use crate::desk::Desk;
use crate::limits;

/// No script, style, image or form of anyone else, and nothing inline.
pub(crate) const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
     connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// For a year browsers come to this host over TLS alone, whatever is typed.
const TLS_ONLY: &str = "max-age=31536000";
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const OPENER: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const RESOURCE: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Refuses requests for another host or with an endless address, and guards every answer.
pub(crate) async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let site = request.app_data::<web::Data<Desk>>().map(|desk| desk.site.clone());
    let host_is_ours = site.as_ref().is_some_and(|site| is_host(request.headers().get(HOST), site.host()));
    let refusal = if !host_is_ours {
        // An address that resolves here but is not ours (DNS rebinding) learns nothing.
        Some(StatusCode::MISDIRECTED_REQUEST)
    } else if request.uri().to_string().len() > limits::ADDRESS_BYTES_MAX {
        Some(StatusCode::URI_TOO_LONG)
    } else {
        None
    };
    let mut answer = match refusal {
        Some(status) => request.into_response(HttpResponse::new(status)),
        None => next.call(request).await?.map_into_boxed_body(),
    };
    fill(answer.headers_mut(), site.is_some_and(|site| site.is_secure()));
    Ok(answer)
}

/// Writes the headers of every answer. Assets bring their own cache time.
fn fill(headers: &mut HeaderMap, is_secure: bool) {
    if is_secure {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(TLS_ONLY));
    }
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(PERMISSIONS, HeaderValue::from_static("camera=(), geolocation=(), microphone=()"));
    headers.insert(OPENER, HeaderValue::from_static("same-origin"));
    headers.insert(RESOURCE, HeaderValue::from_static("same-origin"));
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.append(VARY, HeaderValue::from_static("HX-Request, Accept-Language, Cookie"));
    }
}

/// Whether the request names this portal. Letters of a host have no case.
fn is_host(sent: Option<&HeaderValue>, own: &str) -> bool {
    sent.and_then(|value| value.to_str().ok()).is_some_and(|name| name.eq_ignore_ascii_case(own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_guarded() {
        let mut headers = HeaderMap::new();
        fill(&mut headers, false);
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
        fill(&mut headers, true);
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!(text(CACHE_CONTROL), "no-store");
        assert_eq!(text(STRICT_TRANSPORT_SECURITY), "max-age=31536000");
        assert_eq!(text(X_CONTENT_TYPE_OPTIONS), "nosniff");
        assert!(text(CONTENT_SECURITY_POLICY).starts_with("default-src 'none'; script-src 'self';"));
        assert!(!text(CONTENT_SECURITY_POLICY).contains("unsafe"));
        assert!(!text(CONTENT_SECURITY_POLICY).contains("  "));
    }

    #[test]
    fn an_asset_keeps_its_cache_time() {
        let mut headers = HeaderMap::new();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
        fill(&mut headers, true);
        let kept = headers.get(CACHE_CONTROL).unwrap();
        assert_eq!(kept, "public, max-age=31536000, immutable");
    }

    #[test]
    fn only_the_own_host_is_served() {
        let sent = |name: &'static str| HeaderValue::from_static(name);
        assert!(is_host(Some(&sent("GZ.localhost:8101")), "gz.localhost:8101"));
        assert!(!is_host(Some(&sent("sz.localhost:8102")), "gz.localhost:8101"));
        assert!(!is_host(Some(&sent("gz.localhost")), "gz.localhost:8101"));
        assert!(!is_host(None, "gz.localhost:8101"));
    }
}
