//! Where browsers find this portal, and how a request that came through a proxy is told from one that
//! did not.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use actix_web::http::header::HeaderMap;

/// The header in which a proxy says for whom it asks.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The portal's address as browsers write it: `https://zhenglian.example.cn`, with the port where it is
/// not the scheme's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    is_secure: bool,
    host: String,
}

/// Why a text is no [`Site`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoSite {
    /// Something else than a scheme and a host.
    #[error("is not https:// and a host")]
    Form,
    /// Plain HTTP beyond the own machine: passwords would travel in clear.
    #[error("is plain HTTP to another machine")]
    Clear,
}

impl Site {
    /// Scheme, host and port, without a slash at the end.
    #[must_use]
    pub fn base(&self) -> String {
        format!("{}{}", self.scheme(), self.host)
    }

    /// Host and port, as they stand in the `Host` of a request.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether browsers come over TLS: cookies and addresses are then for TLS alone.
    pub(crate) const fn is_secure(&self) -> bool {
        self.is_secure
    }

    const fn scheme(&self) -> &'static str {
        if self.is_secure { "https://" } else { "http://" }
    }

    /// Whether a form came from a page of this portal, as far as the browser says. Browsers send
    /// `Origin` with every form of a modern page; one without it is judged by its token alone.
    pub(crate) fn is_own_origin(&self, origin: Option<&str>) -> bool {
        origin.is_none_or(|origin| {
            origin.strip_prefix(self.scheme()).is_some_and(|host| host.eq_ignore_ascii_case(&self.host))
        })
    }

    /// The path of an address that lies in this portal.
    pub(crate) fn place<'a>(&self, address: &'a str) -> Option<&'a str> {
        address.strip_prefix(self.scheme())?.strip_prefix(&*self.host)
    }
}

impl FromStr for Site {
    type Err = NoSite;

    fn from_str(text: &str) -> Result<Self, NoSite> {
        let (is_secure, host) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
            (Some(host), _) => (true, host),
            (None, Some(host)) => (false, host),
            (None, None) => return Err(NoSite::Form),
        };
        let written = |letter: char| letter.is_ascii_alphanumeric() || ".-:[]".contains(letter);
        if host.is_empty() || !host.chars().all(written) {
            return Err(NoSite::Form);
        }
        if !is_secure && !is_of_this_machine(host) {
            return Err(NoSite::Clear);
        }
        Ok(Self { is_secure, host: host.to_owned() })
    }
}

/// Whether a browser finds this host on its own machine, whatever the network says.
fn is_of_this_machine(host: &str) -> bool {
    if let Ok(address) = host.parse::<SocketAddr>() {
        return address.ip().is_loopback();
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.is_loopback();
    }
    let name = host.split(':').next().unwrap_or(host);
    name == "localhost" || name.ends_with(".localhost")
}

/// Who asks: the other end of the connection, or, if that is the named proxy, whom it asks for. What a
/// browser itself wrote into the header stands left of what the proxy added, and is not looked at.
pub(crate) fn asker(peer: IpAddr, headers: &HeaderMap, proxy: Option<IpAddr>) -> IpAddr {
    let peer = peer.to_canonical();
    if proxy.map(|proxy| proxy.to_canonical()) != Some(peer) {
        return peer;
    }
    let last = headers.get_all(FORWARDED_FOR).last().and_then(|value| value.to_str().ok());
    let added = last.and_then(|all| all.rsplit(',').next()).and_then(|one| one.trim().parse::<IpAddr>().ok());
    added.map_or(peer, |address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn site(text: &str) -> Site {
        text.parse().unwrap()
    }

    #[test]
    fn passwords_travel_over_tls_or_stay_on_the_machine() {
        for good in [
            "https://zhenglian.example.cn",
            "https://10.0.0.7:8443",
            "http://gz.localhost:8101",
            "http://localhost",
            "http://127.0.0.1:8101",
            "http://[::1]:8101",
        ] {
            assert_eq!(site(good).base(), good);
        }
        for clear in ["http://zhenglian.example.cn", "http://10.0.0.7:8101", "http://localhost.example.cn"] {
            assert_eq!(clear.parse::<Site>(), Err(NoSite::Clear), "{clear}");
        }
        for other in ["", "gz.localhost", "ftp://a", "https://", "https://a/b", "https://a b", "https://u@a"]
        {
            assert_eq!(other.parse::<Site>(), Err(NoSite::Form), "{other}");
        }
    }

    #[test]
    fn a_form_of_another_site_or_scheme_is_seen() {
        let own = site("https://gz.example.cn");
        assert!(own.is_own_origin(Some("https://gz.example.cn")));
        assert!(own.is_own_origin(None));
        for other in
            ["http://gz.example.cn", "https://sz.example.cn", "null", "https://gz.example.cn.example.org"]
        {
            assert!(!own.is_own_origin(Some(other)), "{other}");
        }
        assert_eq!(own.place("https://gz.example.cn/log"), Some("/log"));
        assert_eq!(own.place("http://gz.example.cn/log"), None);
    }

    #[test]
    fn only_the_named_proxy_says_for_whom_it_asks() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let mut headers = HeaderMap::new();
        let name = HeaderName::from_static(FORWARDED_FOR);
        headers.append(name.clone(), HeaderValue::from_static("203.0.113.1"));
        headers.append(name, HeaderValue::from_static("198.51.100.1, 192.0.2.7"));
        let proxy = Some(ip("127.0.0.1"));
        assert_eq!(asker(ip("127.0.0.1"), &headers, proxy), ip("192.0.2.7"), "the proxy's own word");
        assert_eq!(asker(ip("::ffff:127.0.0.1"), &headers, proxy), ip("192.0.2.7"));
        assert_eq!(asker(ip("127.0.0.2"), &headers, proxy), ip("127.0.0.2"), "another is not believed");
        assert_eq!(asker(ip("127.0.0.1"), &headers, None), ip("127.0.0.1"));
        assert_eq!(asker(ip("127.0.0.1"), &HeaderMap::new(), proxy), ip("127.0.0.1"));
    }
}
