//! An origin: scheme, host and port, as a browser sends it (RFC 6454; WHATWG HTML and Fetch), and patterns of origins.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// An origin in its normal form: lower case, no default port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    scheme: String,
    pub(crate) host: String,
    /// `None` for the scheme's default port, and for schemes without ports.
    pub(crate) port: Option<u16>,
}

impl Origin {
    /// Reads the value of an `Origin` header.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (scheme, authority) = split(text)?;
        let (host, port) = parts(&scheme, authority).ok()?;
        Some(Self { scheme, host, port })
    }

    /// Reads the value of a `Host` header as the host of this origin would be written.
    pub(crate) fn with_host(&self, host: &str) -> Option<Self> {
        let (host, port) = parts(&self.scheme, host).ok()?;
        Some(Self { scheme: self.scheme.clone(), host, port })
    }

    /// Whether it is the origin of a web page, whose host may be this server's.
    pub(crate) fn default_port(&self) -> Option<u16> {
        default_port(&self.scheme)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// One origin or several that an application allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Pattern {
    /// Of a sandboxed frame or a file.
    Null,
    One(Origin),
    /// Of all hosts whose name ends so, dot included.
    Below(Origin),
}

impl Pattern {
    /// Reads a setting.
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidOrigin> {
        let trimmed = text.trim();
        let wrong = |problem: &'static str, instead: Option<String>| InvalidOrigin {
            origin: text.to_owned(),
            problem,
            instead,
        };
        if trimmed.eq_ignore_ascii_case("null") {
            return Ok(Self::Null);
        }
        let Some((scheme, authority)) = split(trimmed) else {
            return Err(wrong("has no scheme", with_scheme(trimmed)));
        };
        let page = match scheme.as_str() {
            "ws" => Some("http"),
            "wss" => Some("https"),
            other => misspelt(other),
        };
        if let Some(page) = page {
            let instead = Self::parse(&format!("{page}://{authority}")).ok().map(|right| right.to_string());
            return Err(wrong("has a scheme that no page has", instead));
        }
        if let Some(end) = authority.find(['/', '?', '#']) {
            let right = Self::parse(&format!("{scheme}://{}", &authority[..end]));
            return Err(wrong("has a path", right.ok().map(|right| right.to_string())));
        }
        let (below, authority) = match authority.strip_prefix("*.") {
            Some(rest) if default_port(&scheme).is_some() => (true, rest),
            _ => (false, authority),
        };
        if authority.contains('*') {
            return Err(wrong("has a * that is not the first label of a web page's host", None));
        }
        let (host, port) = parts(&scheme, authority).map_err(|problem| wrong(problem, None))?;
        if below && is_address(&host) {
            return Err(wrong("names sub-domains of an IP address", None));
        }
        Ok(match below {
            false => Self::One(Origin { scheme, host, port }),
            true => Self::Below(Origin { scheme, host: format!(".{host}"), port }),
        })
    }

    pub(crate) fn fits(&self, origin: &Origin) -> bool {
        match self {
            Self::Null => false,
            Self::One(one) => one == origin,
            Self::Below(end) => {
                (&end.scheme, end.port) == (&origin.scheme, origin.port)
                    && origin.host.len() > end.host.len()
                    && origin.host.ends_with(&end.host)
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::One(origin) => origin.fmt(f),
            Self::Below(origin) => {
                write!(f, "{}://*{}", origin.scheme, origin.host)?;
                origin.port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

/// Scheme, in lower case, and the rest.
fn split(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once("://")?;
    let begins = scheme.starts_with(|c: char| c.is_ascii_alphabetic());
    let is_scheme = scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
    (begins && is_scheme).then(|| (scheme.to_ascii_lowercase(), rest))
}

fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Host and port of an authority, or what is wrong with it. Of other schemes than those of web pages the host is whatever
/// an app calls itself, such as `localhost`, `.` or the id of an extension; `file://` has none.
fn parts(scheme: &str, authority: &str) -> Result<(String, Option<u16>), &'static str> {
    let authority = authority.to_ascii_lowercase();
    let Some(default_port) = default_port(scheme) else {
        let is_plain = authority.bytes().all(|b| b.is_ascii_graphic() && !b"/?#@\\\"<>*".contains(&b));
        return if is_plain { Ok((authority, None)) } else { Err("has a host that can't be one") };
    };
    let ends = authority.rfind(']').map_or(0, |end| end + 1);
    let (host, port) = match authority[ends..].find(':') {
        None => (authority.as_str(), None),
        Some(colon) => {
            let digits = &authority[ends + colon + 1..];
            let is_number = digits.bytes().all(|b| b.is_ascii_digit());
            let number = digits.parse::<u16>().ok().filter(|number| is_number && *number > 0);
            (&authority[..ends + colon], Some(number.ok_or("has a port that is no number from 1 to 65535")?))
        }
    };
    Ok((web_host(host)?, port.filter(|port| *port != default_port)))
}

/// The host of a web page in the form in which browsers send it.
fn web_host(host: &str) -> Result<String, &'static str> {
    if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().map_err(|_| "has an IPv6 address that is none")?;
        return Ok(format!("[{address}]"));
    }
    if !host.is_ascii() {
        return Err(
            "has a host with other letters than ASCII: write it as browsers send it, beginning with xn--",
        );
    }
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    };
    if !host.strip_suffix('.').unwrap_or(host).split('.').all(is_label) {
        return Err("has a host that can't be one");
    }
    if ends_with_number(host) && host.parse::<Ipv4Addr>().is_err() {
        return Err("has an IPv4 address that is not four numbers, as browsers send it");
    }
    Ok(host.to_owned())
}

fn ends_with_number(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit())
}

fn is_address(host: &str) -> bool {
    host.starts_with('[') || ends_with_number(host)
}

/// What was meant by a setting without a scheme, if it is a host: on the loopback mostly `http`.
fn with_scheme(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let is_local = ["localhost", "127.", "[::1]"].iter().any(|local| lower.starts_with(local));
    let (scheme, rest) = ["https:", "http:", "https/", "http/"]
        .iter()
        .find_map(|start| Some((start.trim_end_matches([':', '/']), lower.strip_prefix(start)?)))
        .unwrap_or((if is_local { "http" } else { "https" }, &lower));
    let host = rest.trim_start_matches('/').split(['/', '?', '#']).next()?;
    Pattern::parse(&format!("{scheme}://{host}")).ok().map(|right| right.to_string())
}

/// The web page's scheme that differs from this one in a single letter: missing, added, changed or swapped.
fn misspelt(scheme: &str) -> Option<&'static str> {
    let is_near = |right: &str| {
        let (a, b) = (scheme.as_bytes(), right.as_bytes());
        let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
        let end = a[start..].iter().rev().zip(b[start..].iter().rev()).take_while(|(x, y)| x == y).count();
        match (&a[start..a.len() - end], &b[start..b.len() - end]) {
            ([_], [] | [_]) | ([], [_]) => true,
            ([x, y], [z, w]) => (x, y) == (w, z),
            _ => false,
        }
    };
    (default_port(scheme).is_none())
        .then(|| ["https", "http"].into_iter().find(|right| is_near(right)))
        .flatten()
}

/// A setting that allows no origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidOrigin {
    origin: String,
    problem: &'static str,
    /// What was probably meant.
    instead: Option<String>,
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}, so that no page's origin fits it", self.origin, self.problem)?;
        match &self.instead {
            Some(right) => write!(f, "; write {right}")?,
            None => f.write_str(
                "; an origin is a scheme, a host and perhaps a port, such as http://localhost:8081",
            )?,
        }
        f.write_str(" (https://*.example.org stands for all sub-domains)")
    }
}

impl std::error::Error for InvalidOrigin {}

#[cfg(test)]
mod tests {
    use super::*;

    fn normal(text: &str) -> String {
        Pattern::parse(text).unwrap_or_else(|error| panic!("{error}")).to_string()
    }

    fn fits(pattern: &str, origin: &str) -> bool {
        Pattern::parse(pattern).unwrap().fits(&Origin::parse(origin).unwrap())
    }

    #[test]
    fn origins_of_every_scheme_are_read() {
        for origin in [
            "capacitor://localhost",
            "ionic://localhost",
            "tauri://localhost",
            "chrome-extension://abcdefghijklmnopabcdefghijklmnop",
            "moz-extension://0b7f2d44-1f5e-4c8e-9c3a-2d9f4f3b1a11",
            "vscode-webview://1abc",
            "app://.",
            "file://",
            "null",
            "http://localhost:8081",
            "https://xn--bcher-kva.example",
            "https://example.org.",
        ] {
            assert_eq!(normal(origin), origin);
        }
    }

    #[test]
    fn case_default_port_and_other_forms_of_an_address_are_normalised() {
        for (setting, origin) in [
            ("HTTPS://Example.ORG", "https://example.org"),
            ("https://example.org:443", "https://example.org"),
            ("http://a:80", "http://a"),
            ("http://a:0443", "http://a:443"),
            (" Tauri://LocalHost ", "tauri://localhost"),
            ("http://[0:0:0:0:0:0:0:1]:8080", "http://[::1]:8080"),
            ("https://*.Example.org:443", "https://*.example.org"),
            ("NULL", "null"),
        ] {
            assert_eq!(normal(setting), origin);
        }
    }

    #[test]
    fn a_sub_domain_pattern_fits_every_depth_and_not_the_domain_itself() {
        let pattern = "https://*.example.org";
        for origin in ["https://a.example.org", "https://a.b.example.org", "https://A.EXAMPLE.org:443"] {
            assert!(fits(pattern, origin), "{origin}");
        }
        for origin in [
            "https://example.org",
            "https://.example.org",
            "https://evilexample.org",
            "https://a.example.org.evil.net",
            "http://a.example.org",
            "https://a.example.org:8443",
        ] {
            assert!(Origin::parse(origin).is_none_or(|_| !fits(pattern, origin)), "{origin}");
        }
        assert!(fits("http://*.localhost:8080", "http://tea.localhost:8080"));
    }

    #[test]
    fn what_can_fit_nothing_is_refused_and_the_right_form_is_named() {
        for (setting, right) in [
            ("https://example.org/", "https://example.org"),
            ("https://Example.org/chat?a#b", "https://example.org"),
            ("https://*.example.org/", "https://*.example.org"),
            ("example.org", "https://example.org"),
            ("localhost:8081", "http://localhost:8081"),
            ("//example.org", "https://example.org"),
            ("https:/example.org", "https://example.org"),
            ("http//example.org", "http://example.org"),
            ("*.example.org", "https://*.example.org"),
            ("htps://example.org", "https://example.org"),
            ("httpss://example.org", "https://example.org"),
            ("httsp://example.org", "https://example.org"),
            ("htp://example.org", "http://example.org"),
            ("wss://example.org/chat", "https://example.org"),
            ("ws://localhost:8080", "http://localhost:8080"),
        ] {
            let error = Pattern::parse(setting).map(|_| setting).unwrap_err().to_string();
            // Of a setting with two mistakes the first is named.
            assert!(error.contains(&format!("write {right}")) || setting.contains("wss"), "{error}");
        }
    }

    #[test]
    fn what_can_fit_nothing_is_refused_and_an_example_is_given() {
        for setting in [
            "",
            "*",
            "https://*",
            "https://*:8443",
            "https://a.*.org",
            "https://*example.org",
            "https://*.*.org",
            "tauri://*.localhost",
            "https://*.127.0.0.1",
            "https://*.[::1]",
            "http://",
            "http://user@a",
            "http://a:x",
            "http://a:",
            "http://a:0",
            "http://a:65536",
            "http://a b",
            "http://a..b",
            "http://127.1",
            "http://[::g]",
            "https://bücher.example",
            "app://a b",
        ] {
            let error = Pattern::parse(setting).map(|_| setting).unwrap_err().to_string();
            assert!(error.contains("http://localhost:8081"), "{error}");
        }
    }
}
