//! Where a URL leads: the checks that a browser would make, and the request for it.

use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::http::HeaderValue;

/// A host, a port, and what to ask there.
pub(crate) struct Place {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) url: String,
    pub(crate) request: Request,
}

impl Place {
    /// The place of a URL that has passed the strict check.
    ///
    /// # Errors
    /// Why nothing can be tried, in words: there is no page whose host a path could mean, and no TLS here.
    pub(crate) fn new(url: &str, protocols: &[String]) -> Result<Self, String> {
        if url.starts_with('/') {
            return Err(format!("{url} is a path, and there is no page here: use ws://host/path"));
        }
        let (scheme, rest) = url.split_once("://").ok_or("the URL has no scheme")?;
        if !["ws", "http"].iter().any(|plain| scheme.eq_ignore_ascii_case(plain)) {
            return Err(format!(
                "{scheme}: needs TLS, which this build has not: use ws: or a proxy that speaks TLS"
            ));
        }
        let url = format!("ws://{rest}");
        let mut request = url.as_str().into_client_request().map_err(|error| error.to_string())?;
        if !protocols.is_empty() {
            let offered = HeaderValue::from_str(&protocols.join(", ")).map_err(|error| error.to_string())?;
            request.headers_mut().insert("sec-websocket-protocol", offered);
        }
        let host = request.uri().host().unwrap_or_default();
        // An address of IPv6 stands in brackets in a URL, and without them everywhere else.
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = request.uri().port_u16().unwrap_or(80);
        Ok(Self { host, port, url, request })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_from_a_url() {
        for (url, host, port) in [
            ("ws://example.org", "example.org", 80),
            ("HTTP://example.org:8080/a?b=c", "example.org", 8080),
            ("ws://[::1]:9/x", "::1", 9),
            ("ws://example.org:/x", "example.org", 80),
            ("ws://user:secret@example.org:7/x", "example.org", 7),
        ] {
            let place = Place::new(url, &[]).unwrap();
            assert_eq!((place.host.as_str(), place.port), (host, port), "{url}");
        }
    }

    #[test]
    fn what_can_t_be_tried_here_is_refused_with_the_reason() {
        let refusal = |url| Place::new(url, &[]).err().unwrap();
        assert!(refusal("/ws").contains("no page"), "{}", refusal("/ws"));
        assert!(refusal("wss://example.org").contains("TLS"));
        assert!(refusal("https://example.org").contains("TLS"));
    }

    #[test]
    fn subprotocols_are_offered_in_order() {
        let place = Place::new("ws://a/", &["one".into(), "two".into()]).unwrap();
        assert_eq!(place.request.headers()["sec-websocket-protocol"], "one, two");
    }
}
