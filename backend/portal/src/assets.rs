//! Stylesheet, scripts, icons: compiled in, served under names that hold their digest, so that a
//! browser may keep them for ever and never shows an old one. Each is compressed once, at the start.

use std::io::Write as _;

use actix_web::web::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../../web-templates/assets/"]
struct Shelf;

/// Characters of the digest in a name.
const MARK: usize = 12;

/// One asset as pages name it.
#[derive(Debug, Clone)]
pub(crate) struct Asset {
    /// `/assets/portal.4f0c….css`
    pub(crate) path: String,
    /// Value of the `integrity` attribute.
    pub(crate) integrity: String,
    /// Its kind.
    pub(crate) mime: &'static str,
    /// Its content.
    pub(crate) plain: Bytes,
    /// The same under gzip.
    pub(crate) gzip: Bytes,
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

    /// The asset at an address.
    pub(crate) fn at(&self, path: &str) -> Option<&Asset> {
        self.all().into_iter().find(|asset| asset.path == path)
    }

    /// Each of them.
    pub(crate) fn all(&self) -> [&Asset; 5] {
        [&self.style, &self.htmx, &self.script, &self.icons, &self.favicon]
    }
}

impl Asset {
    fn load(stem: &str, ending: &str, name: &str, mime: &'static str) -> Option<Self> {
        let file = Shelf::get(name)?;
        let digest = file.metadata.sha256_hash();
        let mark: String = digest.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let mark = mark.get(..MARK)?;
        let mut packer = GzEncoder::new(Vec::new(), Compression::best());
        packer.write_all(&file.data).ok()?;
        Some(Self {
            path: format!("/assets/{stem}.{mark}.{ending}"),
            integrity: format!("sha256-{}", STANDARD.encode(digest)),
            mime,
            plain: file.data.into_owned().into(),
            gzip: packer.finish().ok()?.into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn text(name: &str) -> String {
        String::from_utf8(Shelf::get(name).unwrap().data.into_owned()).unwrap()
    }

    #[test]
    fn the_packed_assets_are_the_assets_and_a_third_of_their_size() {
        let assets = Assets::load().unwrap();
        let (mut plain, mut packed) = (0, 0);
        for asset in assets.all() {
            let mut read = Vec::new();
            flate2::read::GzDecoder::new(&asset.gzip[..]).read_to_end(&mut read).unwrap();
            assert_eq!(read, asset.plain, "{}", asset.path);
            plain += asset.plain.len();
            packed += asset.gzip.len();
        }
        assert!(packed * 3 < plain, "{packed} of {plain} bytes");
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
