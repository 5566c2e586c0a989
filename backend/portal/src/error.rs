//! From what went wrong to a page that says so: what happened, what was kept, what to do.
//!
//! Handlers end with `?`. [`draw`] stands around them and turns the error into a page in the
//! visitor's language and frame, or into the way to the sign-in page.

use std::fmt;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::LOCATION;
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, HttpResponse, ResponseError};
use askama::Template;
use services::{ServiceError, Verdict};

use crate::form;
use crate::frame::Frame;
use crate::page::{self, HX_REDIRECT};
use crate::session;
use crate::shell::Shell;
use crate::unsent::KeptNow;
use crate::visit::{self, Guest, Visit};

/// Why a page cannot be shown or a form cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PortalError {
    /// Nobody is signed in, or the session is over.
    SignedOut,
    /// A form without a valid token.
    Forged,
    /// A form or field above its limit.
    TooLarge,
    /// No such page or thing.
    NotFound,
    /// A rule said no.
    Refused {
        /// `area.reason`.
        code: String,
    },
    /// Policy said no.
    Denied {
        /// What was to be done.
        action: String,
        /// The layer that denied.
        layer: String,
        /// The row that denied; none when no row allowed.
        row: Option<String>,
    },
    /// The chain did not take the transaction in time.
    Lapsed,
    /// The own ledger is too far behind.
    Behind,
    /// Something broke and is logged under this number.
    Fault {
        /// `E-` and six hexadecimal digits.
        number: String,
    },
    /// A template failed.
    Drawing,
}

impl From<ServiceError> for PortalError {
    fn from(error: ServiceError) -> Self {
        match error {
            // Only an address can be wrong here; forms catch their own mistakes.
            ServiceError::Invalid(_) | ServiceError::NotFound => Self::NotFound,
            ServiceError::Refused { code } if code == "session.ended" => Self::SignedOut,
            ServiceError::Refused { code } => Self::Refused { code },
            ServiceError::Denied { action, layer, row } => Self::Denied { action, layer, row },
            ServiceError::Lapsed => Self::Lapsed,
            ServiceError::Behind => Self::Behind,
            ServiceError::Fault { number } => Self::Fault { number },
        }
    }
}

impl fmt::Display for PortalError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.key())
    }
}

impl ResponseError for PortalError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignedOut => StatusCode::UNAUTHORIZED,
            Self::Forged | Self::Denied { .. } => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Refused { .. } => StatusCode::CONFLICT,
            Self::Lapsed | Self::Behind => StatusCode::SERVICE_UNAVAILABLE,
            Self::Fault { .. } | Self::Drawing => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl PortalError {
    /// Beginning of the keys of its texts.
    fn key(&self) -> &'static str {
        match self {
            Self::SignedOut => "error-signed-out",
            Self::Forged => "error-forged",
            Self::TooLarge => "error-too-large",
            Self::NotFound => "error-not-found",
            Self::Refused { .. } => "error-refused",
            Self::Denied { .. } => "error-denied",
            Self::Lapsed => "error-lapsed",
            Self::Behind => "error-behind",
            Self::Fault { .. } | Self::Drawing => "error-fault",
        }
    }

    fn icon(&self) -> &'static str {
        match self {
            Self::SignedOut | Self::Forged | Self::Denied { .. } => "lock",
            Self::TooLarge | Self::Refused { .. } => "ban",
            Self::NotFound => "file-search",
            Self::Lapsed | Self::Behind => "clock-off",
            Self::Fault { .. } | Self::Drawing => "plug-connected-x",
        }
    }

    fn sentence(&self, f: &Frame) -> String {
        match self {
            Self::Refused { code } => f.refusal(code),
            Self::Denied { action, layer, row } => attempt(f, denied(f, action, layer, row.as_deref())),
            Self::Fault { number } => f.t("error-fault-text").put("number", number).to_string(),
            Self::Drawing => f.t("error-fault-text").put("number", "E-PAGE").to_string(),
            Self::SignedOut
            | Self::Forged
            | Self::TooLarge
            | Self::NotFound
            | Self::Lapsed
            | Self::Behind => f.t(format!("{}-text", self.key())).to_string(),
        }
    }
}

/// The sentence of a denial: which action, which layer, which row.
pub(crate) fn denied(f: &Frame, action: &str, layer: &str, row: Option<&str>) -> String {
    let (action, layer) = (f.c("action", action), f.c("layer", layer));
    match row {
        Some(row) => {
            f.t("denied-by-row").put("action", action).put("layer", layer).put("row", row).to_string()
        }
        None => f.t("denied-by-none").put("action", action).put("layer", layer).to_string(),
    }
}

/// The sentence of a denial that was more than a question: it stands in the office's log.
fn attempt(f: &Frame, why: String) -> String {
    f.t("denied-logged").put("why", why).to_string()
}

/// Why an action is not open, as a sentence; none when it is.
pub(crate) fn hindrance(f: &Frame, action: &str, verdict: &Verdict) -> Option<String> {
    if verdict.allowed {
        return None;
    }
    Some(match (&verdict.code, &verdict.layer) {
        (Some(code), _) => f.refusal(code),
        (None, Some(layer)) => denied(f, action, layer, verdict.row.as_deref()),
        (None, None) => f.refusal("role.cannot"),
    })
}

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
pub(crate) fn page(f: Frame, shell: Shell, error: &PortalError, back: String) -> impl Template {
    let trouble = Trouble::of(&f, error, back);
    ErrorPage { f, shell, trouble }
}

impl Trouble {
    fn of(f: &Frame, error: &PortalError, back: String) -> Self {
        Self {
            icon: error.icon(),
            title: f.t(format!("{}-title", error.key())).to_string(),
            sentence: error.sentence(f),
            back,
        }
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
    let response = respond(&request, &error).await;
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
    let known = request.extensions().get::<Visit>().cloned();
    let visit = match known {
        // An address without a page, say: nobody asked yet who it is.
        None if guest.session.is_some() => Visit::extract(request).await.ok(),
        known => known,
    };
    let f = match &visit {
        Some(visit) => Frame::of(visit),
        None => Frame::new(&guest, String::new()),
    };
    let trouble = Trouble::of(&f, error, visit::came_from(request, &guest.desk.host));
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

/// To the sign-in page and back here afterwards. A form is not sent again: the page it stood on is
/// where the officer returns to, and finds it filled in if it could be kept.
fn to_sign_in(request: &HttpRequest, guest: &Guest) -> HttpResponse {
    let kept = request.extensions().get::<KeptNow>().cloned();
    let next = if let Some(kept) = &kept {
        form::own_place(&kept.place)
    } else if request.method() == Method::GET && !guest.partial {
        form::own_place(&guest.here)
    } else {
        visit::came_from(request, &guest.desk.host)
    };
    let place = if next == "/" {
        String::from("/sign-in")
    } else {
        format!("/sign-in?{}", form::pair("next", &next))
    };
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

/// What is wrong with a form that is shown again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Mistakes {
    /// Wrong fields and the codes of their mistakes, in the order of the form.
    pub(crate) fields: Vec<(&'static str, &'static str)>,
    /// The sentence of a refusal or denial.
    pub(crate) sentence: Option<String>,
}

impl Mistakes {
    /// Takes what a form can be shown again with; anything else goes on as an error.
    pub(crate) fn from(f: &Frame, error: ServiceError) -> Result<Self, PortalError> {
        let sentence = match error {
            ServiceError::Invalid(fields) => {
                let fields = fields.into_iter().map(|mistake| (mistake.field, mistake.code)).collect();
                return Ok(Self { fields, sentence: None });
            }
            ServiceError::Refused { code } if code == "session.ended" => return Err(PortalError::SignedOut),
            ServiceError::Refused { code } => f.refusal(&code),
            ServiceError::Denied { action, layer, row } => {
                attempt(f, denied(f, &action, &layer, row.as_deref()))
            }
            ServiceError::Lapsed => f.t("error-lapsed-text").to_string(),
            ServiceError::Behind => f.t("error-behind-text").to_string(),
            other @ (ServiceError::NotFound | ServiceError::Fault { .. }) => return Err(other.into()),
        };
        Ok(Self { fields: Vec::new(), sentence: Some(sentence) })
    }

    /// Whether there is anything to show.
    pub(crate) fn any(&self) -> bool {
        !self.fields.is_empty() || self.sentence.is_some()
    }

    /// The code of a field's mistake.
    pub(crate) fn of(&self, field: &str) -> Option<&'static str> {
        self.fields.iter().find(|(name, _)| *name == field).map(|(_, code)| *code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ended_session_leads_to_the_sign_in_page() {
        let error = ServiceError::Refused { code: "session.ended".into() };
        assert_eq!(PortalError::from(error), PortalError::SignedOut);
    }

    #[test]
    fn every_error_has_its_status() {
        assert_eq!(PortalError::Forged.status_code(), StatusCode::FORBIDDEN);
        assert_eq!(PortalError::Behind.status_code(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(PortalError::Refused { code: "a.b".into() }.status_code(), StatusCode::CONFLICT);
    }

    #[test]
    fn a_form_knows_the_mistake_of_each_field() {
        let mistakes = Mistakes { fields: vec![("case_no", "missing")], sentence: None };
        assert!(mistakes.any());
        assert_eq!(mistakes.of("case_no"), Some("missing"));
        assert_eq!(mistakes.of("name"), None);
    }
}
