//! The upgrade: an HTTP request that asks for a WebSocket (RFC 6455, section 4.2.1).

use std::fmt;
use std::net::SocketAddr;

use axum::extract::connect_info::ConnectInfo;
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version, header};
use hyper::upgrade::OnUpgrade;

use crate::connections::NoRoom;
use crate::origins::OriginRefused;

/// A request for a WebSocket whose form is right: an axum extractor. Hand it to
/// [`Acceptor::accept`](crate::Acceptor::accept), which checks the origin and agrees on a subprotocol. As
/// `Option<Upgrade>` it is `None` for requests that do not ask for an upgrade.
#[derive(Debug)]
pub struct Upgrade {
    pub(crate) key: HeaderValue,
    pub(crate) offered: Vec<String>,
    pub(crate) headers: HeaderMap,
    pub(crate) peer: Option<SocketAddr>,
    pub(crate) on_upgrade: OnUpgrade,
}

impl Upgrade {
    /// The subprotocols offered, in the client's order.
    #[must_use]
    pub fn offered(&self) -> &[String] {
        &self.offered
    }

    /// The request's headers.
    #[must_use]
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What the headers take in memory, about.
    pub(crate) fn memory(&self) -> u64 {
        let of_one =
            |(name, value): (&HeaderName, &HeaderValue)| HEADER + (name.as_str().len() + value.len()) as u64;
        self.headers.iter().map(of_one).sum()
    }
}

/// What a header takes beside its bytes.
const HEADER: u64 = 128;

impl<S: Send + Sync> FromRequestParts<S> for Upgrade {
    type Rejection = UpgradeError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, UpgradeError> {
        if parts.method != Method::GET {
            return Err(UpgradeError::Method);
        }
        if !has_token(&parts.headers, &header::UPGRADE, "websocket") {
            return Err(UpgradeError::NoUpgrade);
        }
        if !has_token(&parts.headers, &header::CONNECTION, "upgrade") {
            return Err(UpgradeError::NoConnectionUpgrade);
        }
        if parts.version != Version::HTTP_11 {
            return Err(UpgradeError::HttpVersion);
        }
        if one(&parts.headers, &header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err(UpgradeError::Version);
        }
        let key = one(&parts.headers, &header::SEC_WEBSOCKET_KEY).ok_or(UpgradeError::Key)?;
        if STANDARD.decode(key).map_or(0, |nonce| nonce.len()) != 16 {
            return Err(UpgradeError::Key);
        }
        let offered = offered(&parts.headers)?;
        let key = key.clone();
        let on_upgrade = parts.extensions.remove::<OnUpgrade>().ok_or(UpgradeError::NotUpgradable)?;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
        Ok(Self { key, offered, headers: parts.headers.clone(), peer, on_upgrade })
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for Upgrade {
    type Rejection = UpgradeError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Option<Self>, UpgradeError> {
        if !parts.headers.contains_key(header::UPGRADE) {
            return Ok(None);
        }
        <Self as FromRequestParts<S>>::from_request_parts(parts, state).await.map(Some)
    }
}

/// The only value of a header; `None` when it is missing or doubled.
fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    values.next().is_none().then_some(first)
}

/// True when a header that lists tokens has this one, in whatever case.
fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|part| part.trim().eq_ignore_ascii_case(token))
}

/// The offered subprotocols: tokens, each once.
fn offered(headers: &HeaderMap) -> Result<Vec<String>, UpgradeError> {
    let mut offered = Vec::new();
    for value in headers.get_all(header::SEC_WEBSOCKET_PROTOCOL) {
        let value = value.to_str().map_err(|_| UpgradeError::Subprotocols)?;
        for name in value.split(',').map(str::trim) {
            if !is_token(name) || offered.iter().any(|other| other == name) {
                return Err(UpgradeError::Subprotocols);
            }
            offered.push(name.to_owned());
        }
    }
    Ok(offered)
}

/// A token of RFC 9110, section 5.6.2.
pub(crate) fn is_token(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Why a request did not become a WebSocket. Its response tells the client in plain text, with a status and
/// headers that say what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpgradeError {
    /// 405: the method is not GET.
    Method,
    /// 426: no `Upgrade: websocket`.
    NoUpgrade,
    /// 400: no `Connection: Upgrade`.
    NoConnectionUpgrade,
    /// 505: HTTP/1.0 or HTTP/2, which this server does not upgrade.
    HttpVersion,
    /// 426: the version is not 13.
    Version,
    /// 400: the key is not 16 bytes in Base64.
    Key,
    /// 400: the offered subprotocols are not a list of different tokens.
    Subprotocols,
    /// 400: the endpoint insists on a subprotocol, and none that it knows was offered.
    NoSubprotocol {
        /// What it knows.
        known: Vec<String>,
    },
    /// 403: pages of that origin may not connect.
    Origin(OriginRefused),
    /// 503: there is no room.
    NoRoom(NoRoom),
    /// 500: the application's HTTP server can't hand over connections.
    NotUpgradable,
}

impl UpgradeError {
    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::NoUpgrade | Self::Version => StatusCode::UPGRADE_REQUIRED,
            Self::NoConnectionUpgrade | Self::Key | Self::Subprotocols | Self::NoSubprotocol { .. } => {
                StatusCode::BAD_REQUEST
            }
            Self::HttpVersion => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Origin(_) => StatusCode::FORBIDDEN,
            Self::NoRoom(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NotUpgradable => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// What a browser's request, which has all of it, may have lost on the way.
const PROXY: &str = " (a proxy in front must pass it on, such as nginx with proxy_http_version 1.1 and \
                     proxy_set_header for Upgrade and Connection)";

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Method => f.write_str("a WebSocket is asked for with GET"),
            Self::NoUpgrade => {
                f.write_str("here is a WebSocket; ask for it with the header Upgrade: websocket")?;
                f.write_str(PROXY)
            }
            Self::NoConnectionUpgrade => {
                f.write_str("the header Connection: Upgrade is missing")?;
                f.write_str(PROXY)
            }
            Self::HttpVersion => {
                f.write_str("a WebSocket is asked for over HTTP/1.1")?;
                f.write_str(PROXY)
            }
            Self::Version => f.write_str("the header Sec-WebSocket-Version must be there once, and be 13"),
            Self::Key => {
                f.write_str("the header Sec-WebSocket-Key must be there once, and be 16 bytes in Base64")
            }
            Self::Subprotocols => {
                f.write_str("the header Sec-WebSocket-Protocol must list tokens, each of them once")
            }
            Self::NoSubprotocol { known } => {
                write!(f, "offer one of these subprotocols: {}", known.join(", "))
            }
            Self::Origin(refused) => refused.fmt(f),
            Self::NoRoom(no_room) => no_room.fmt(f),
            Self::NotUpgradable => f.write_str("this HTTP server does not hand over its connections"),
        }
    }
}

impl std::error::Error for UpgradeError {}

impl IntoResponse for UpgradeError {
    fn into_response(self) -> Response {
        tracing::info!(status = self.status().as_u16(), "upgrade refused: {self}");
        let mut response = (self.status(), format!("{self}\n")).into_response();
        let headers = response.headers_mut();
        match self {
            Self::Method => {
                headers.insert(header::ALLOW, HeaderValue::from_static("GET"));
            }
            Self::NoUpgrade => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
            }
            Self::Version => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
                headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
                headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
            }
            Self::NoRoom(_) => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
            }
            _ => {}
        }
        response
    }
}
