//! The origins: whose pages may open a WebSocket here (RFC 6455, section 10.2).

use std::fmt;

use http::{HeaderMap, header};

/// Whose pages may connect. Pages of the server's own origin always may: those whose `Origin` names the host
/// and port that the request's `Host` names. Other origins must be listed. `null` (a sandboxed frame, a file)
/// never may. A request without `Origin` comes from no page; it may connect unless it carries a cookie, since
/// a cookie without an origin can't be trusted to be a page's own doing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origins {
    allowed: Vec<String>,
}

impl Origins {
    /// The server's own origin only.
    #[must_use]
    pub fn own() -> Self {
        Self::default()
    }

    /// Allows another origin, written as a browser sends it: `https://example.org` or
    /// `http://localhost:8081`, without a path.
    ///
    /// # Errors
    /// When it is not an origin of that form; the error shows what is wrong.
    pub fn allow(mut self, origin: &str) -> Result<Self, InvalidOrigin> {
        let normal = normalise(origin).ok_or_else(|| InvalidOrigin { origin: origin.to_owned() })?;
        if !self.allowed.contains(&normal) {
            self.allowed.push(normal);
        }
        Ok(self)
    }

    /// Judges a request by its headers.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Result<(), OriginRefused> {
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            return if headers.contains_key(header::COOKIE) { Err(OriginRefused::Missing) } else { Ok(()) };
        };
        if origins.next().is_some() {
            return Err(OriginRefused::Malformed);
        }
        let origin = origin.to_str().map_err(|_| OriginRefused::Malformed)?;
        if origin == "null" {
            return Err(OriginRefused::Null);
        }
        let origin = normalise(origin).ok_or(OriginRefused::Malformed)?;
        if self.allowed.contains(&origin) || is_own(&origin, headers) {
            return Ok(());
        }
        Err(OriginRefused::Foreign { origin })
    }
}

/// True when the origin's host and port are those of the request's `Host`.
fn is_own(origin: &str, headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Ok(host) = host.to_str() else { return false };
    let Some((scheme, _)) = origin.split_once("://") else { return false };
    normalise(&format!("{scheme}://{host}")).is_some_and(|own| own == origin)
}

/// Scheme, host and port in lower case, without the scheme's default port.
fn normalise(origin: &str) -> Option<String> {
    let origin = origin.trim().to_ascii_lowercase();
    let (scheme, authority) = origin.split_once("://")?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        _ => return None,
    };
    let parsed: http::uri::Authority = authority.parse().ok()?;
    // The parser lets user information and ports that are no numbers pass; a browser never sends them.
    let port = authority.strip_prefix(parsed.host())?;
    let is_port = port.strip_prefix(':').is_some_and(|digits| digits.parse::<u16>().is_ok());
    if parsed.host().is_empty() || !(port.is_empty() || is_port) {
        return None;
    }
    let authority = authority.strip_suffix(default_port).unwrap_or(authority);
    Some(format!("{scheme}://{authority}"))
}

/// An origin that is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOrigin {
    origin: String,
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not an origin; an origin is a scheme, a host and perhaps a port, such as \
             http://localhost:8081",
            self.origin
        )
    }
}

impl std::error::Error for InvalidOrigin {}

/// Why a page may not connect.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginRefused {
    /// There is a cookie, but no origin.
    Missing,
    /// The origin is `null`.
    Null,
    /// The header is not an origin, or there are several.
    Malformed,
    /// The origin is neither the server's own nor listed.
    Foreign {
        /// It.
        origin: String,
    },
}

impl fmt::Display for OriginRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("a request with a cookie must have an Origin header"),
            Self::Null => f.write_str("the origin null may not connect"),
            Self::Malformed => f.write_str("the Origin header is not one origin"),
            Self::Foreign { origin } => write!(f, "pages of {origin} may not connect"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(origins: &Origins, headers: &[(&'static str, &str)]) -> Result<(), OriginRefused> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        origins.check(&map)
    }

    #[test]
    fn the_own_origin_may_connect_whatever_its_case_and_default_port() {
        let own = Origins::own();
        for (origin, host) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("https://example.org", "EXAMPLE.org"),
            ("https://example.org", "example.org:443"),
            ("http://example.org:80", "example.org"),
        ] {
            assert_eq!(check(&own, &[("origin", origin), ("host", host)]), Ok(()), "{origin} {host}");
        }
    }

    #[test]
    fn another_port_or_host_is_foreign_unless_it_is_listed() {
        let own = Origins::own();
        let foreign = [("origin", "http://localhost:8081"), ("host", "localhost:8080")];
        assert!(matches!(check(&own, &foreign), Err(OriginRefused::Foreign { .. })));
        let listed = own.allow("HTTP://LocalHost:8081").unwrap();
        assert_eq!(check(&listed, &foreign), Ok(()));
        let prefix = [("origin", "http://localhost:80811"), ("host", "localhost:8080")];
        assert!(check(&listed, &prefix).is_err());
    }

    #[test]
    fn null_and_broken_and_doubled_origins_are_refused() {
        let own = Origins::own();
        let host = ("host", "a");
        assert_eq!(check(&own, &[("origin", "null"), host]), Err(OriginRefused::Null));
        for bad in
            ["", "a", "http://", "file://a", "http://a/path", "http://user@a", "http://a:x", "http://a:"]
        {
            assert_eq!(check(&own, &[("origin", bad), host]), Err(OriginRefused::Malformed), "{bad:?}");
        }
        let doubled = [("origin", "http://a"), ("origin", "http://a"), host];
        assert_eq!(check(&own, &doubled), Err(OriginRefused::Malformed));
    }

    #[test]
    fn a_missing_origin_may_connect_only_without_cookies() {
        let own = Origins::own();
        assert_eq!(check(&own, &[("host", "a")]), Ok(()));
        assert_eq!(check(&own, &[("host", "a"), ("cookie", "a=b")]), Err(OriginRefused::Missing));
    }

    #[test]
    fn an_origin_to_allow_that_is_none_is_explained() {
        let error = Origins::own().allow("localhost:8081").unwrap_err().to_string();
        assert!(error.contains("localhost:8081") && error.contains("http://localhost:8081"), "{error}");
    }
}
