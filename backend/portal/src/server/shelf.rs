//! The assets, as files that a browser may keep for ever.

use actix_web::http::header::{AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, Encoding, Header as _, VARY};
use actix_web::{HttpRequest, HttpResponse, web};

use crate::desk::Desk;
use crate::error::PortalError;

/// A year, the longest a cache is asked to keep anything.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `GET /assets/{name}`
pub(crate) async fn serve(
    request: HttpRequest,
    desk: web::Data<Desk>,
    name: web::Path<String>,
) -> Result<HttpResponse, PortalError> {
    let asset = desk.assets.at(&format!("/assets/{name}")).ok_or(PortalError::NotFound)?;
    let mut answer = HttpResponse::Ok();
    answer
        .content_type(asset.mime)
        .insert_header((CACHE_CONTROL, FOR_EVER))
        .insert_header((VARY, "Accept-Encoding"));
    let offered = [Encoding::gzip(), Encoding::identity()];
    let wish = AcceptEncoding::parse(&request).ok().and_then(|wish| wish.negotiate(offered.iter()));
    Ok(if wish == Some(Encoding::gzip()) {
        answer.insert_header((CONTENT_ENCODING, "gzip")).body(asset.gzip.clone())
    } else {
        answer.body(asset.plain.clone())
    })
}
