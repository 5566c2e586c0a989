//! How a drawn template becomes an answer.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, LOCATION};
use askama::Template;
use services::ServiceError;

use crate::error::PortalError;
use crate::frame::Frame;
use crate::mistakes::Mistakes;
use crate::visit::Visit;

const HTML: &str = "text/html; charset=utf-8";
/// Asks the browser to draw the page again; works without script.
pub(crate) const REFRESH: HeaderName = HeaderName::from_static("refresh");
/// Tells htmx to leave the page.
pub(crate) const HX_REDIRECT: HeaderName = HeaderName::from_static("hx-redirect");

/// 200 with a page or a part of one.
pub(crate) fn ok(template: &impl Template) -> Result<HttpResponse, PortalError> {
    with_status(StatusCode::OK, template)
}

/// 422: the form again, with what is wrong.
pub(crate) fn again(template: &impl Template) -> Result<HttpResponse, PortalError> {
    with_status(StatusCode::UNPROCESSABLE_ENTITY, template)
}

/// A page with this status.
pub(crate) fn with_status(status: StatusCode, template: &impl Template) -> Result<HttpResponse, PortalError> {
    let html = template.render().map_err(|cause| {
        tracing::error!(%cause, "a page could not be drawn");
        PortalError::Drawing
    })?;
    Ok(HttpResponse::build(status).content_type(HTML).body(html))
}

/// 303 to another page: what a form that succeeded answers.
pub(crate) fn to(place: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((LOCATION, place)).finish()
}

/// What a form that was sent answers: the page to go on to, or the form again with its mistakes.
pub(crate) async fn answer<T, Again: Template>(
    visit: &Visit,
    result: Result<T, ServiceError>,
    next: impl FnOnce(T) -> String,
    form: impl AsyncFnOnce(Mistakes) -> Result<Again, PortalError>,
) -> Result<HttpResponse, PortalError> {
    match result {
        Ok(done) => Ok(to(&next(done))),
        Err(error) => {
            let mistakes = Mistakes::from(&Frame::of(visit), Some(visit), error).await?;
            again(&form(mistakes).await?)
        }
    }
}
