//! Signing in by the department's identity provider: to it, and back.
//!
//! Both are links, as the provider's pages are others: what the browser is given to keep in between is sent
//! back from there as well, and the session's cookie, which no other site can send, begins with the page
//! that is shown then.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use services::staff::SignedIn;
use services::staff::oidc::{self, Return};

use super::{claimed, enter};
use crate::address;
use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::page::{self, REFRESH};
use crate::session;
use crate::visit::Guest;

#[derive(Template)]
#[template(path = "sign_in/oidc.html")]
pub(crate) struct OidcPage {
    pub(crate) f: Frame,
    /// Why nobody was signed in; nothing when somebody was.
    pub(crate) mistakes: Mistakes,
    /// Where to go on.
    pub(crate) next: String,
}

/// `GET /sign-in/oidc?next=`: on to the provider.
pub(crate) async fn away(guest: Guest) -> Result<HttpResponse, PortalError> {
    let next = address::own_place(guest.query().one("next"));
    let visitor = guest.visitor.clone().unwrap_or_default();
    match oidc::begin(&guest.desk.office, &next, &visitor).await {
        Ok(begun) => {
            let mut answer = HttpResponse::SeeOther().insert_header((LOCATION, begun.address)).finish();
            let kept = session::lent(&guest.desk.cookies.flow, begun.kept.to_string());
            // Names and values are ours and fit into a header.
            let _ = answer.add_cookie(&kept);
            Ok(answer)
        }
        Err(error) => failed(&guest, error).await,
    }
}

/// `GET /sign-in/oidc/back?state=&code=`: with what the provider gave.
pub(crate) async fn back(guest: Guest, request: HttpRequest) -> Result<HttpResponse, PortalError> {
    let kept = request.cookie(&guest.desk.cookies.flow).map(|cookie| cookie.value().to_owned());
    let query = guest.query();
    // Nothing on the page leads here again: the code in its address is good once.
    let guest = Guest { here: "/sign-in".to_owned(), ..guest };
    let returned = Return { kept: kept.as_deref(), state: query.raw("state"), code: query.raw("code") };
    let mut answer = match oidc::finish(&guest.desk.office, guest.source, returned).await {
        Ok(arrived) => {
            let visitor = Some(arrived.visitor).filter(|visitor| session::is_id(visitor));
            let guest = Guest { visitor, ..guest.clone() };
            shown(&guest, &arrived.signed_in, arrived.next).await?
        }
        Err(error) => failed(&guest, error).await?,
    };
    let _ = answer.add_cookie(&session::dropped(&guest.desk.cookies.flow));
    Ok(answer)
}

/// The page after which the officer's own begin. It is ours, so that the browser brings the session's cookie
/// from it, as it does not from the provider's.
async fn shown(guest: &Guest, signed_in: &SignedIn, next: String) -> Result<HttpResponse, PortalError> {
    let next = match claimed(guest, signed_in).await? {
        Some(place) => place,
        None => address::own_place(&next),
    };
    let (f, mistakes) = (Frame::new(guest, ""), Mistakes::default());
    let mut answer = page::ok(&OidcPage { f, mistakes, next: next.clone() })?;
    enter(guest, signed_in, &mut answer)?;
    if let Ok(on) = format!("0; url={next}").parse() {
        answer.headers_mut().insert(REFRESH, on);
    }
    Ok(answer)
}

async fn failed(guest: &Guest, error: services::ServiceError) -> Result<HttpResponse, PortalError> {
    let f = Frame::new(guest, "");
    let mistakes = Mistakes::from(&f, None, error).await?;
    page::again(&OidcPage { f, mistakes, next: "/sign-in".to_owned() })
}
