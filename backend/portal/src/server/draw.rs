//! The page of an error: what happened, what was kept, what to do. In the visitor's language and
//! frame, or the way to the sign-in page.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{LOCATION, RETRY_AFTER};
use actix_web::http::{ConnectionType, Method};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use askama::Template;

use crate::error::PortalError;
use crate::frame::Frame;
use crate::page::{self, HX_REDIRECT};
use crate::server::keep::KeptNow;
use crate::shell::Shell;
use crate::visit::{self, Guest, Visit};
use crate::{address, limits, sentence, session};

#[derive(Template)]
#[template(path = "error/page.html")]
struct ErrorPage {
    f: Frame,
    shell: Shell,
    trouble: Trouble,
}

#[derive(Template)]
#[template(path = "error/guest.html")]
struct GuestErrorPage {
    f: Frame,
    trouble: Trouble,
}

#[derive(Template)]
#[template(path = "error/_part.html")]
struct ErrorPart {
    f: Frame,
    trouble: Trouble,
}

/// What an error page says.
struct Trouble {
    icon: &'static str,
    title: String,
    sentence: String,
    back: String,
}

/// The page of an error.
#[cfg(test)]
pub(crate) fn page(
    f: Frame,
    shell: Shell,
    error: &PortalError,
    sentence: String,
    back: String,
) -> impl Template {
    let trouble = Trouble::of(&f, error, sentence, back);
    ErrorPage { f, shell, trouble }
}

impl Trouble {
    fn of(f: &Frame, error: &PortalError, sentence: String, back: String) -> Self {
        Self { icon: error.icon(), title: f.t(format!("{}-title", error.key())).to_string(), sentence, back }
    }
}

/// Turns the error of a handler into a page.
pub(crate) async fn draw(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let answer = next.call(request).await?.map_into_boxed_body();
    let error = match answer.response().error().map(|error| error.as_error::<PortalError>()) {
        None => return Ok(answer),
        Some(Some(error)) => error.clone(),
        // The server's own errors: an address or a header it cannot read.
        Some(None) if answer.status().is_client_error() => PortalError::NotFound,
        Some(None) => PortalError::Drawing,
    };
    let (request, _) = answer.into_parts();
    let mut response = respond(&request, &error).await;
    if error == PortalError::Busy {
        response.headers_mut().insert(RETRY_AFTER, limits::HEAVY_RETRY_SECS.into());
    }
    if error == PortalError::TooSlow {
        // The rest of the form may still trickle in.
        response.head_mut().set_connection_type(ConnectionType::Close);
    }
    Ok(ServiceResponse::new(request, response))
}

/// `404` for every address that has no page.
pub(crate) async fn nowhere() -> Result<HttpResponse, PortalError> {
    Err(PortalError::NotFound)
}

async fn respond(request: &HttpRequest, error: &PortalError) -> HttpResponse {
    let bare = || HttpResponse::new(error.status_code());
    let Ok(guest) = Guest::extract(request).await else { return bare() };
    if *error == PortalError::SignedOut {
        return to_sign_in(request, &guest);
    }
    let gate = match error {
        PortalError::FactorDue => Some("/sign-in/factor"),
        PortalError::PasswordDue => Some("/account/password"),
        _ => None,
    };
    if let Some(gate) = gate {
        return to_gate(request, &guest, gate);
    }
    let known = request.extensions().get::<Visit>().cloned();
    let visit = match known {
        // An address without a page, say: nobody asked yet who it is.
        None if guest.session.is_some() => Visit::extract(request).await.ok(),
        known => known,
    };
    let f = match &visit {
        Some(visit) => Frame::of(visit),
        None => Frame::new(&guest, ""),
    };
    let sentence = sentence::of(&f, visit.as_ref(), error).await;
    let trouble = Trouble::of(&f, error, sentence, visit::came_from(request, &guest.desk.site));
    let status = error.status_code();
    let drawn = match visit {
        _ if guest.partial => page::with_status(status, &ErrorPart { f, trouble }),
        Some(visit) => {
            // Counts may be what failed.
            let shell = Shell::of(&visit).await.unwrap_or_else(|_| Shell::plain(&visit));
            page::with_status(status, &ErrorPage { shell, f, trouble })
        }
        None => page::with_status(status, &GuestErrorPage { f, trouble }),
    };
    drawn.unwrap_or_else(|_| bare())
}

/// To the page where a factor is shown or the password is changed, and back here afterwards; the session
/// goes on.
fn to_gate(request: &HttpRequest, guest: &Guest, gate: &str) -> HttpResponse {
    let place = place_of(gate, &next(request, guest));
    if guest.partial {
        HttpResponse::Forbidden().insert_header((HX_REDIRECT, place)).finish()
    } else {
        HttpResponse::SeeOther().insert_header((LOCATION, place)).finish()
    }
}

/// Where the officer wanted to be: the page of a form that was kept or sent, the page asked for.
fn next(request: &HttpRequest, guest: &Guest) -> String {
    if let Some(kept) = request.extensions().get::<KeptNow>() {
        address::own_place(&kept.place)
    } else if request.method() == Method::GET && !guest.partial {
        address::own_place(address::page_of(&guest.here))
    } else {
        visit::came_from(request, &guest.desk.site)
    }
}

fn place_of(page: &str, next: &str) -> String {
    if next == "/" { page.to_owned() } else { format!("{page}?{}", address::pair("next", next)) }
}

/// To the sign-in page and back here afterwards. A form is not sent again: the page it stood on is
/// where the officer returns to, and finds it filled in if it could be kept.
fn to_sign_in(request: &HttpRequest, guest: &Guest) -> HttpResponse {
    let kept = request.extensions().get::<KeptNow>().cloned();
    let place = place_of("/sign-in", &next(request, guest));
    let mut answer = if guest.partial {
        HttpResponse::Unauthorized().insert_header((HX_REDIRECT, place)).finish()
    } else {
        HttpResponse::SeeOther().insert_header((LOCATION, place)).finish()
    };
    if request.cookie(&guest.desk.cookies.session).is_some() {
        // A cookie that cannot be written as a header does not exist: the name is ours.
        let _ = answer.add_cookie(&session::dropped(&guest.desk.cookies.session));
    }
    if let Some(kept) = kept {
        let _ = answer.add_cookie(&session::kept(&guest.desk.cookies.visitor, kept.visitor));
    }
    answer
}
