//! Addresses of this portal's own pages. They name things of the ledger and never a citizen.

use crate::limits;

/// Address of an entry's page.
pub(crate) fn entry(code: &str, version: u32) -> String {
    format!("/catalogue/entry?{}&version={version}", pair("code", code))
}

/// Address of the form that asks for an entry.
pub(crate) fn asking(code: &str, version: u32) -> String {
    format!("/requests/new?{}&version={version}", pair("entry", code))
}

/// One name and value as they stand in an address.
pub(crate) fn pair(name: &str, value: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish()
}

/// The page that offers a file, for a file's own address: whoever was led away on the way to it comes back
/// to where it can be asked for.
pub(crate) fn page_of(place: &str) -> &str {
    place.strip_suffix("/evidence").unwrap_or(place)
}

/// A place on this portal to go to next; anything else becomes the worklist.
pub(crate) fn own_place(next: &str) -> String {
    let own = next.starts_with('/')
        && !next.starts_with("//")
        && !next.starts_with("/sign-out")
        && next.len() <= limits::NEXT_BYTES_MAX
        && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if own { next.to_owned() } else { String::from("/") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_place_is_always_on_this_portal() {
        assert_eq!(own_place("/requests?side=received"), "/requests?side=received");
        for foreign in
            ["", "//evil.example", "https://evil.example", "/\\evil", "/sign-out", "/a b", "/a\r\nb"]
        {
            assert_eq!(own_place(foreign), "/", "{foreign:?}");
        }
    }
}
