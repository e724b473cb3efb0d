//! The strict check of a URL before the browser sees it.
//!
//! A browser resolves whatever it is given against the page's address: `new WebSocket("http//bad")` connects to
//! a path of the page. What is meant as an absolute URL must look like one, so only `ws:`, `wss:`, `http:` and
//! `https:` URLs with a host and paths that begin with a slash pass. Everything else about URLs is left to the
//! browser.

use std::error::Error;
use std::fmt;

/// A URL that can't be a WebSocket's.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidUrl {
    /// An empty string.
    Empty,
    /// It has white space or a control character.
    Character(char),
    /// It is neither absolute with one of the four schemes nor a path that begins with a slash.
    Scheme(String),
    /// There is no host behind the scheme.
    Host(String),
    /// The port is not a number from 1 to 65535.
    Port(String),
    /// It has a fragment (`#…`), which WebSocket URLs may not have (RFC 6455, section 3).
    Fragment(String),
}

impl fmt::Display for InvalidUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the URL is empty: use ws://host/path, wss://host/path or /path"),
            Self::Character(c) => write!(f, "the URL has the character U+{:04X}: encode it", u32::from(*c)),
            Self::Scheme(url) => {
                write!(f, "{url} is no WebSocket URL: use ws://host/path, wss://host/path or /path")
            }
            Self::Host(url) => write!(f, "{url} names no host"),
            Self::Port(port) => write!(f, "{port} is no port: use a number from 1 to 65535"),
            Self::Fragment(url) => write!(f, "{url} has a fragment: leave out # and what follows"),
        }
    }
}

impl Error for InvalidUrl {}

pub(crate) fn check(url: &str) -> Result<(), InvalidUrl> {
    if url.is_empty() {
        return Err(InvalidUrl::Empty);
    }
    if let Some(character) = url.chars().find(|c| c.is_whitespace() || c.is_control()) {
        return Err(InvalidUrl::Character(character));
    }
    if url.contains('#') {
        return Err(InvalidUrl::Fragment(url.into()));
    }
    if url.starts_with('/') && !url.starts_with("//") {
        return Ok(());
    }
    let known = |scheme: &str| ["ws", "wss", "http", "https"].iter().any(|k| scheme.eq_ignore_ascii_case(k));
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| known(scheme)) else {
        return Err(InvalidUrl::Scheme(url.into()));
    };
    let authority = rest.split(['/', '?', '\\']).next().unwrap_or_default();
    let host_and_port = authority.rsplit('@').next().unwrap_or_default();
    // The last colon separates the port, unless it lies within an IPv6 address's brackets.
    let (host, port) = match host_and_port.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, port),
        _ => (host_and_port, ""),
    };
    if host.is_empty() {
        return Err(InvalidUrl::Host(url.into()));
    }
    // An empty port means the default one, and 0 can't be connected to.
    if !port.is_empty() && !port.parse::<u16>().is_ok_and(|number| number > 0) {
        return Err(InvalidUrl::Port(port.into()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_urls_and_paths_pass() {
        for url in [
            "ws://example.org",
            "WSS://example.org/a/b?c=d:e@f",
            "http://localhost:8080/ws",
            "https://user:secret@example.org:443/",
            "ws://[::1]:9/x",
            "ws://[2001:db8::1]",
            "ws://example.org:/x",
            "/ws/chat?room=a",
        ] {
            assert_eq!(check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn what_a_browser_would_take_for_a_path_of_the_page_is_refused() {
        for url in [
            "http//bad",
            "bad",
            "example.org/ws",
            "ws:example.org",
            "//example.org",
            "ftp://a",
            "?a",
            "ws:/a",
        ] {
            assert!(matches!(check(url), Err(InvalidUrl::Scheme(_))), "{url}");
        }
    }

    #[test]
    fn every_fault_is_named() {
        assert_eq!(check(""), Err(InvalidUrl::Empty));
        assert_eq!(check("ws://a b"), Err(InvalidUrl::Character(' ')));
        assert_eq!(check("ws://a\n"), Err(InvalidUrl::Character('\n')));
        assert!(matches!(check("ws://a/#x"), Err(InvalidUrl::Fragment(_))));
        assert!(matches!(check("ws:///path"), Err(InvalidUrl::Host(_))));
        assert!(matches!(check("ws://:80"), Err(InvalidUrl::Host(_))));
        for port in ["0", "65536", "x", "-1"] {
            assert_eq!(check(&format!("ws://a:{port}/")), Err(InvalidUrl::Port(port.into())));
        }
        assert!(check("http//bad").unwrap_err().to_string().contains("ws://host/path"));
    }
}
