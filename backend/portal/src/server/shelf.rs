//! The assets, as files that a browser may keep for ever.

use actix_web::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, VARY};
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
    let wish = request.headers().get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    Ok(if wish.is_some_and(takes_gzip) {
        answer.insert_header((CONTENT_ENCODING, "gzip")).body(asset.gzip.clone())
    } else {
        answer.body(asset.plain.clone())
    })
}

/// Whether a browser reads gzip: names it (or anything) and does not put its weight at nothing.
fn takes_gzip(wish: &str) -> bool {
    wish.split(',').any(|one| {
        let (name, weight) = one.split_once(';').unwrap_or((one, ""));
        let is_named = name.trim().eq_ignore_ascii_case("gzip") || name.trim() == "*";
        let weight = weight.trim().trim_start_matches("q=").trim();
        is_named && (weight.is_empty() || weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_sent_to_whom_it_was_asked_by() {
        for wish in ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, GZIP;q=0.8", "*"] {
            assert!(takes_gzip(wish), "{wish}");
        }
        for wish in ["", "identity", "br, deflate", "gzip;q=0", "gzip; q=0.000", "x-gzip-2"] {
            assert!(!takes_gzip(wish), "{wish}");
        }
    }
}
