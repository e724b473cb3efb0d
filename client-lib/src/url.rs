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

/// Checks byte by byte: the library's searches and slices of `str` would bring their tables and messages into every
/// client.
pub(crate) fn check(url: &str) -> Result<(), InvalidUrl> {
    let bytes = url.as_bytes();
    let Some(first) = bytes.first() else { return Err(InvalidUrl::Empty) };
    if let Some(byte) = bytes.iter().find(|byte| **byte <= b' ' || **byte == 0x7f) {
        return Err(InvalidUrl::Character(char::from(*byte)));
    }
    if bytes.contains(&b'#') {
        return Err(InvalidUrl::Fragment(url.into()));
    }
    // Browsers take a backslash for a slash, so that "/\\host" is another host as "//host" is.
    if *first == b'/' && !matches!(bytes.get(1), Some(b'/' | b'\\')) {
        return Ok(());
    }
    let Some(rest) = behind_scheme(bytes) else { return Err(InvalidUrl::Scheme(url.into())) };
    check_authority(rest, url)
}

fn behind_scheme(url: &[u8]) -> Option<&[u8]> {
    let schemes: [&[u8]; 4] = [b"ws://", b"wss://", b"http://", b"https://"];
    schemes.iter().find_map(|scheme| {
        let start = url.get(..scheme.len())?;
        if start.eq_ignore_ascii_case(scheme) { url.get(scheme.len()..) } else { None }
    })
}

fn check_authority(rest: &[u8], url: &str) -> Result<(), InvalidUrl> {
    let (mut host, mut port, mut end, mut in_brackets) = (0usize, None, rest.len(), false);
    for (at, byte) in rest.iter().enumerate() {
        match byte {
            b'/' | b'?' | b'\\' => {
                end = at;
                break;
            }
            // What came so far was a user's name and password.
            b'@' => (host, port) = (0, None),
            _ if port.is_some() => {}
            b':' if !in_brackets => port = Some(at + 1),
            _ => {
                in_brackets = *byte == b'[' || (in_brackets && *byte != b']');
                host += 1;
            }
        }
    }
    let port = port.and_then(|at| rest.get(at..end)).unwrap_or_default();
    if host == 0 {
        return Err(InvalidUrl::Host(url.into()));
    }
    let number = port.iter().try_fold(0u32, |number, digit| {
        digit.is_ascii_digit().then(|| number.saturating_mul(10).saturating_add(u32::from(*digit - b'0')))
    });
    // An empty port means the default one, and 0 can't be connected to.
    if port.is_empty() || number.is_some_and(|number| (1..=65_535).contains(&number)) {
        return Ok(());
    }
    Err(InvalidUrl::Port(port.iter().copied().map(char::from).collect()))
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
            "/\\example.org",
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
        for port in ["0", "65536", "x", "-1", "1:2"] {
            assert_eq!(check(&format!("ws://a:{port}/")), Err(InvalidUrl::Port(port.into())));
        }
        assert!(check("http//bad").unwrap_err().to_string().contains("ws://host/path"));
    }
}
