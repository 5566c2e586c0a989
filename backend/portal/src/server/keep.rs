//! Stands around the handlers that take a form, and keeps it when its session is over: see
//! [`crate::unsent`].

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::ORIGIN;
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, rt, web};
use zeroize::Zeroizing;

use crate::csrf::{self, Whose};
use crate::error::PortalError;
use crate::form::Fields;
use crate::page::{self, HX_REDIRECT};
use crate::unsent::Kept;
use crate::visit::{Guest, Visit};
use crate::{address, limits, policies, session};

/// Bytes of the longest owner of a layer, a department's code.
const OWNER_BYTES_MAX: usize = 18;

/// A form that was kept during this request, for the answer to it.
#[derive(Clone)]
pub(crate) struct KeptNow {
    /// The value the browser shall bring to the sign-in page.
    pub(crate) visitor: String,
    /// The page that shows the form.
    pub(crate) place: String,
}

/// Stands around the handlers: reads a form before they do, and keeps it when the answer is that its
/// session is over.
pub(crate) async fn keep(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if *request.method() != Method::POST || !is_kept(request.path()) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    // Read already, see [`super::body`].
    let body = request.extract::<web::Bytes>().await?;
    request.set_payload(body.clone().into());
    let answer = next.call(request).await?.map_into_boxed_body();
    let error = answer.response().error().and_then(|error| error.as_error::<PortalError>());
    let asks_for_factor = matches!(error, Some(PortalError::FactorDue));
    if !asks_for_factor && !matches!(error, Some(PortalError::SignedOut | PortalError::Forged)) {
        return Ok(answer);
    }
    let Some(owned) = Owned::read(answer.request(), &body) else { return Ok(answer) };
    let (request, _) = answer.into_parts();
    let response = match Visit::extract(&request).await {
        // At work, and to show a factor first: the form waits under the session meanwhile.
        Ok(visit) if asks_for_factor => {
            if visit.officer.account() == owned.whose.account {
                owned.held(&request, &visit);
            }
            HttpResponse::from_error(PortalError::FactorDue)
        }
        // Signed in again in this browser since the form was drawn: back to it at once.
        Ok(visit) if visit.officer.account() == owned.whose.account => owned.offered(&visit),
        Ok(_) => HttpResponse::from_error(PortalError::Forged),
        Err(error) => {
            if error == PortalError::SignedOut {
                owned.waiting(&request);
            }
            HttpResponse::from_error(error)
        }
    };
    Ok(ServiceResponse::new(request, response))
}

/// A form that proved whose it is.
struct Owned<'a> {
    guest: Guest,
    whose: Whose,
    action: String,
    place: String,
    body: &'a [u8],
}

impl<'a> Owned<'a> {
    fn read(request: &HttpRequest, body: &'a [u8]) -> Option<Self> {
        let guest = Guest::of(request).ok()?;
        let origin = request.headers().get(ORIGIN).and_then(|value| value.to_str().ok());
        if !guest.desk.site.is_own_origin(origin) {
            return None;
        }
        let fields = Fields::read(body).ok()?;
        Some(Self {
            whose: csrf::whose(&guest.desk.tokens, fields.raw(csrf::FIELD))?,
            place: place_of(request.path(), &fields)?,
            action: request.path().to_owned(),
            guest,
            body,
        })
    }

    /// Waits for its officer to sign in with this browser.
    fn waiting(self, request: &HttpRequest) {
        let fresh = || services::fresh_token().ok();
        let Some(visitor) = self.guest.visitor.clone().or_else(fresh) else { return };
        let now = KeptNow { visitor: visitor.clone(), place: self.place.clone() };
        self.hold(visitor);
        request.extensions_mut().insert(now);
    }

    /// Waits in the running session.
    fn held(self, request: &HttpRequest, visit: &Visit) {
        let Some(session) = visit.guest.session.clone() else { return };
        let now = KeptNow { visitor: session.clone(), place: self.place.clone() };
        self.hold(session);
        request.extensions_mut().insert(now);
    }

    /// The way back to the page that shows it.
    fn offered(self, visit: &Visit) -> HttpResponse {
        let (place, partial) = (self.place.clone(), self.guest.partial);
        if let Some(session) = &visit.guest.session {
            self.hold(session.clone());
        }
        if partial {
            return HttpResponse::Forbidden().insert_header((HX_REDIRECT, place)).finish();
        }
        page::to(&place)
    }

    fn hold(self, key: String) {
        let desk = self.guest.desk;
        let now = desk.office.now_ms();
        let kept = Kept {
            whose: self.whose,
            key,
            action: self.action,
            place: self.place,
            body: Zeroizing::new(self.body.to_vec()),
            until: now.saturating_add(limits::UNSENT_KEPT_MS),
        };
        desk.unsent.keep(kept, now);
        // Gone in time even if nobody asks for anything again.
        rt::spawn(async move {
            rt::time::sleep(limits::UNSENT_KEPT).await;
            desk.unsent.sweep(desk.office.now_ms());
        });
    }
}

/// Whether a form sent here can be shown again filled in.
fn is_kept(path: &str) -> bool {
    place_of(path, &Fields::default()).is_some()
}

/// The page that shows the form which is sent to this path.
fn place_of(path: &str, fields: &Fields) -> Option<String> {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    match parts.as_slice() {
        ["requests"] | ["requests", "new"] => {
            Some(address::asking(fields.one("entry"), fields.one("version").parse().unwrap_or_default()))
        }
        ["requests", id, "approve" | "refuse" | "withdraw"] if session::is_id(id) => {
            Some(format!("/requests/{id}"))
        }
        ["inspections"] => Some(String::from("/inspections/new")),
        ["inspections", id, "countersign" | "withdraw" | "choose" | "close"] if session::is_id(id) => {
            Some(format!("/inspections/{id}"))
        }
        ["countersign", id, "sign" | "back"] if session::is_id(id) => Some(format!("/countersign/{id}")),
        ["staff", id, "rights" | "key" | "act"] if id.parse::<i64>().is_ok() => Some(format!("/staff/{id}")),
        ["policies", owner, "draft" | "countersign" | "withdraw"] if is_owner(owner) => {
            Some(format!("/policies/{owner}"))
        }
        ["policies", owner, "row"] if is_owner(owner) => Some(policies::row_place(owner, fields.one("was"))),
        ["grants", id, "query"] if session::is_id(id) => Some(format!("/grants/{id}/query")),
        ["grants", id, "revoke"] if session::is_id(id) => Some(format!("/grants/{id}")),
        _ => None,
    }
}

/// Whether a part of a path can name the owner of a layer: `national`, a division or a department.
fn is_owner(text: &str) -> bool {
    !text.is_empty() && text.len() <= OWNER_BYTES_MAX && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_typed_but_the_entry_stands_in_the_address() {
        let id = "0f".repeat(32);
        let fields = Fields::read(b"entry=307001%2F000004&version=2&name=X&id_number=99&q=y").unwrap();
        let place = |path: &str| place_of(path, &fields);
        assert_eq!(place("/requests").unwrap(), "/requests/new?entry=307001%2F000004&version=2");
        assert_eq!(place(&format!("/requests/{id}/approve")).unwrap(), format!("/requests/{id}"));
        assert_eq!(place(&format!("/grants/{id}/query")).unwrap(), format!("/grants/{id}/query"));
        assert_eq!(place(&format!("/countersign/{id}/sign")).unwrap(), format!("/countersign/{id}"));
        assert_eq!(place("/staff/7/act").unwrap(), "/staff/7");
        assert_eq!(place("/inspections").unwrap(), "/inspections/new");
        assert_eq!(place(&format!("/inspections/{id}/close")).unwrap(), format!("/inspections/{id}"));
        assert_eq!(place("/policies/national/draft").unwrap(), "/policies/national");
        assert_eq!(place("/policies/440000/row").unwrap(), "/policies/440000/row?row=");
        assert_eq!(place("/policies/..%2F/draft"), None);
        assert_eq!(place("/policies/national/import"), None, "too long to be kept");
        for other in ["/sign-in", "/staff/x/act", "/find", "/queries", "/language", "/requests/8c/approve"] {
            assert_eq!(place(other), None, "{other}");
        }
    }
}
