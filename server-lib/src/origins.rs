//! The origins: whose pages may open a WebSocket here (RFC 6455, section 10.2).

use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::origin::{InvalidOrigin, Origin, Pattern};

/// So many bytes of a header are shown in an error or in the log.
const SHOWN_BYTES: usize = 256;

type Predicate = dyn Fn(&str) -> bool + Send + Sync;

/// Whose pages may connect. Pages of the server's own origin always may (see below). Other origins must be allowed:
/// one by one, by a pattern of sub-domains, or by a function. `null`, the origin of a sandboxed frame or a file, may
/// connect only if it is allowed by that name. A request without `Origin` comes from no page; it may connect unless it
/// carries a cookie, since a cookie without an origin can't be trusted to be a page's own doing.
///
/// # The server's own origin
///
/// A page is the server's own if its `Origin` has the host and the port of the request's `Host`.
///
/// Some proxies pass on a `Host` without its port: nginx does with `proxy_set_header Host $host`. A `Host` without a port
/// is compared by its name alone, so that a page at `http://example.org:8088` behind such a proxy may connect. What this
/// means for security:
/// - A browser that connects directly leaves the port out only for the scheme's default port, 80 or 443. Where
///   [`serve`](crate::serve) listens on the default port of the origin's scheme, the missing port means that one, and
///   it is compared. The same is so for an HTTP server that is not [`serve`](crate::serve), whose ports are unknown here.
/// - Behind a proxy that leaves the port out, and behind one at port 80 or 443, pages of *other ports of the same host* may
///   connect: the server can't tell them apart. Browsers send cookies to all ports of a host as well. If you do not
///   trust the other services of your host, have the proxy pass on the port (nginx: `proxy_set_header Host $http_host`)
///   and let the server listen at the port that the page has, or require a token in HELLO.
/// - The scheme is not compared: behind a proxy that ends TLS it is unknown here. A page at `http://example.org` may connect
///   where `Host` is `example.org` without a port, even over TLS. Who can change what a browser loads without TLS could so use
///   the cookies of its user: mark them `Secure` and `SameSite`, and have browsers use TLS alone
///   (`Strict-Transport-Security`).
/// - A page of another host is refused in any case: the name in its `Origin` is another.
/// - Against DNS rebinding this check does nothing, with or without ports: there the attacker's own name leads to your
///   server, so that `Origin` and `Host` agree. The browser then sends the attacker's cookies and not yours. Rely on
///   cookies or tokens, or have a proxy refuse unknown hosts, and do not take the address of a client for a proof of
///   who it is.
#[derive(Clone, Default)]
pub struct Origins {
    allowed: Vec<Pattern>,
    predicate: Option<Arc<Predicate>>,
}

impl fmt::Debug for Origins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut list = f.debug_list();
        list.entries(self.allowed.iter().map(ToString::to_string));
        if self.predicate.is_some() {
            list.entry(&"a predicate");
        }
        list.finish()
    }
}

impl Origins {
    /// The server's own origin only.
    #[must_use]
    pub fn own() -> Self {
        Self::default()
    }

    /// Allows another origin, written as a browser sends it: `https://example.org`, `http://localhost:8081`, or that of an
    /// app or an extension, such as `capacitor://localhost`, `tauri://localhost`, `chrome-extension://ID`, `app://.`, or
    /// `null`. Upper case and a default port that is written out are normalised.
    ///
    /// `https://*.example.org` allows the sub-domains of `example.org` at any depth, `https://a.b.example.org` among them,
    /// and not `https://example.org` itself. Every owner of a sub-domain may connect: do not allow a suffix under which
    /// anyone can get one, such as `https://*.com` or `https://*.github.io`, which is not refused. A `*` may stand nowhere
    /// else.
    ///
    /// # Errors
    /// When it is of no such form, so that no page's origin can fit it; the error names the right form.
    pub fn allow(mut self, origin: &str) -> Result<Self, InvalidOrigin> {
        let pattern = Pattern::parse(origin)?;
        if !self.allowed.contains(&pattern) {
            self.allowed.push(pattern);
        }
        Ok(self)
    }

    /// Allows the origins for which a function returns true, besides those allowed by name. It is called with the origin in
    /// lower case and without a default port, never with `null`, within the connection's task: decide from memory. A second
    /// call replaces the function.
    ///
    /// ```
    /// use rejoin_server::Origins;
    ///
    /// let origins = Origins::own().allow_if(|origin| origin.starts_with("moz-extension://"));
    /// ```
    #[must_use]
    pub fn allow_if(mut self, predicate: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.predicate = Some(Arc::new(predicate));
        self
    }

    /// Judges a request by its headers. `may_be_port` says whether a browser that connected directly could have left this
    /// default port out.
    pub(crate) fn check(
        &self,
        headers: &HeaderMap,
        may_be_port: impl FnOnce(u16) -> bool,
    ) -> Result<(), OriginRefused> {
        let host = || shown(headers, &header::HOST);
        let mut origins = headers.get_all(header::ORIGIN).iter();
        let Some(origin) = origins.next() else {
            let has_cookie = headers.contains_key(header::COOKIE);
            return if has_cookie { Err(OriginRefused::Missing { host: host() }) } else { Ok(()) };
        };
        if origin == "null" && origins.next().is_none() {
            let is_allowed = self.allowed.contains(&Pattern::Null);
            return if is_allowed { Ok(()) } else { Err(OriginRefused::Null { host: host() }) };
        }
        let only = headers.get_all(header::ORIGIN).iter().nth(1).is_none();
        let Some(origin) = origin.to_str().ok().filter(|_| only).and_then(Origin::parse) else {
            return Err(OriginRefused::Malformed { origin: shown(headers, &header::ORIGIN), host: host() });
        };
        let is_listed = self.allowed.iter().any(|pattern| pattern.fits(&origin));
        if is_listed || is_own(&origin, headers, may_be_port) {
            return Ok(());
        }
        let origin = origin.to_string();
        match &self.predicate {
            Some(predicate) if predicate(&origin) => Ok(()),
            _ => Err(OriginRefused::Foreign { origin, host: host() }),
        }
    }
}

/// Whether the origin is that of the request's `Host`; see [`Origins`].
fn is_own(origin: &Origin, headers: &HeaderMap, may_be_port: impl FnOnce(u16) -> bool) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else { return false };
    let Some(default_port) = origin.default_port() else { return false };
    let Some(host) = host.to_str().ok() else { return false };
    let Some(own) = origin.with_host(host) else { return false };
    // Behind the last colon that is not within an IPv6 address.
    let has_port = host.rsplit(']').next().is_some_and(|rest| rest.contains(':'));
    own == *origin || (!has_port && own.host == origin.host && !may_be_port(default_port))
}

/// The values of a header for people to read: nothing of it is a line's end or tells a terminal to do something.
fn shown(headers: &HeaderMap, name: &HeaderName) -> String {
    let escaped = |value: &HeaderValue| value.as_bytes().escape_ascii().to_string();
    let mut all = headers.get_all(name).iter().map(escaped).collect::<Vec<_>>().join(", ");
    if all.len() > SHOWN_BYTES {
        all.truncate(SHOWN_BYTES);
        all.push_str("...");
    }
    all
}

/// Why a page may not connect. The values of headers are escaped and cut to 256 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OriginRefused {
    /// There is a cookie, but no origin.
    Missing {
        /// The request's `Host`, empty without one.
        host: String,
    },
    /// The origin is `null`, and that is not allowed.
    Null {
        /// The request's `Host`, empty without one.
        host: String,
    },
    /// The header is not an origin, or there are several.
    Malformed {
        /// The header's values.
        origin: String,
        /// The request's `Host`, empty without one.
        host: String,
    },
    /// The origin is neither the server's own nor allowed.
    Foreign {
        /// It.
        origin: String,
        /// The request's `Host`, empty without one.
        host: String,
    },
}

impl fmt::Display for OriginRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { host } => {
                write!(f, "a request with a cookie must have an Origin header (Host: {host})")
            }
            Self::Null { host } => write!(
                f,
                "pages of the origin null may not connect (Host: {host}): a sandboxed frame or a file has it; the \
                 server can allow it by that name"
            ),
            Self::Malformed { origin, host } => {
                write!(f, "the Origin header is not one origin: {origin} (Host: {host})")
            }
            Self::Foreign { origin, host } => write!(
                f,
                "pages of {origin} may not connect, since the request's Host is {host}: allow this origin at the \
                 server, or, if it is the server's own and a proxy has changed the Host, have the proxy pass on the \
                 Host with its port (nginx: proxy_set_header Host $http_host)"
            ),
        }
    }
}

#[cfg(test)]
#[path = "origins_tests.rs"]
mod tests;
