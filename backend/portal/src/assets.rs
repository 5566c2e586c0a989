//! Stylesheet, scripts, icons: compiled in, served under names that hold their digest, so that a
//! browser may keep them for ever and never shows an old one.

use actix_web::http::header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS};
use actix_web::{HttpResponse, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rust_embed::RustEmbed;

use crate::desk::Desk;
use crate::error::PortalError;

#[derive(RustEmbed)]
#[folder = "../../web-templates/assets/"]
struct Shelf;

/// A year, the longest a cache is asked to keep anything.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Characters of the digest in a name.
const MARK: usize = 12;

/// One asset as pages name it.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    /// `/assets/portal.4f0c….css`
    pub(crate) path: String,
    /// Value of the `integrity` attribute.
    pub(crate) integrity: String,
    name: &'static str,
    mime: &'static str,
}

/// All assets of the pages.
#[derive(Debug, Clone)]
pub(crate) struct Assets {
    /// The stylesheet.
    pub(crate) style: Asset,
    /// htmx.
    pub(crate) htmx: Asset,
    /// The portal's own script.
    pub(crate) script: Asset,
    /// The icon sprite.
    pub(crate) icons: Asset,
    /// The icon of the tab.
    pub(crate) favicon: Asset,
}

impl Assets {
    /// Names all assets; none if one is missing from the program, which a test excludes.
    pub(crate) fn load() -> Option<Self> {
        Some(Self {
            style: Asset::load("portal", "css", "portal.css", "text/css; charset=utf-8")?,
            htmx: Asset::load("htmx", "js", "htmx.min.js", "text/javascript; charset=utf-8")?,
            script: Asset::load("app", "js", "app.js", "text/javascript; charset=utf-8")?,
            icons: Asset::load("icons", "svg", "icons.svg", "image/svg+xml")?,
            favicon: Asset::load("favicon", "svg", "favicon.svg", "image/svg+xml")?,
        })
    }

    /// Path and content of each.
    #[cfg(test)]
    pub(crate) fn contents(&self) -> Vec<(String, Vec<u8>)> {
        let content = |asset: &Asset| Shelf::get(asset.name).map(|file| file.data.into_owned());
        self.all().into_iter().filter_map(|asset| Some((asset.path.clone(), content(asset)?))).collect()
    }

    fn all(&self) -> [&Asset; 5] {
        [&self.style, &self.htmx, &self.script, &self.icons, &self.favicon]
    }
}

impl Asset {
    fn load(stem: &str, ending: &str, name: &'static str, mime: &'static str) -> Option<Self> {
        let digest = Shelf::get(name)?.metadata.sha256_hash();
        let mark: String = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mark = mark.get(..MARK)?;
        Some(Self {
            path: format!("/assets/{stem}.{mark}.{ending}"),
            integrity: format!("sha256-{}", STANDARD.encode(digest)),
            name,
            mime,
        })
    }
}

/// `GET /assets/{name}`
pub(crate) async fn serve(
    desk: web::Data<Desk>,
    name: web::Path<String>,
) -> Result<HttpResponse, PortalError> {
    let wanted = format!("/assets/{name}");
    let asset =
        desk.assets.all().into_iter().find(|asset| asset.path == wanted).ok_or(PortalError::NotFound)?;
    let file = Shelf::get(asset.name).ok_or(PortalError::NotFound)?;
    Ok(HttpResponse::Ok()
        .content_type(asset.mime)
        .insert_header((CACHE_CONTROL, HeaderValue::from_static(FOR_EVER)))
        .insert_header((X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")))
        .body(file.data.into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str) -> String {
        String::from_utf8(Shelf::get(name).unwrap().data.into_owned()).unwrap()
    }

    #[test]
    fn names_hold_the_digest_of_the_content() {
        let assets = Assets::load().unwrap();
        assert!(assets.style.path.starts_with("/assets/portal.") && assets.style.path.ends_with(".css"));
        assert_eq!(assets.style.path.len(), "/assets/portal..css".len() + MARK);
        assert!(assets.script.integrity.starts_with("sha256-"));
    }

    #[test]
    fn the_budget_per_visit_is_kept() {
        assert!(text("portal.css").len() <= 50 * 1024);
        assert!(text("app.js").len() <= 8 * 1024);
        assert!(text("htmx.min.js").len() + text("app.js").len() <= 60 * 1024);
    }

    #[test]
    fn both_dark_palettes_are_equal() {
        let style = text("portal.css");
        let block = |start: &str| {
            let from = style.find(start).unwrap() + start.len();
            style[from..].split('}').next().unwrap().split_whitespace().collect::<String>()
        };
        assert_eq!(block(":root[data-theme=\"dark\"] {"), block(":root[data-theme=\"auto\"] {"));
    }
}
