//! Where a session connects and what authenticates it: fixed, or asked for anew with each attempt.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use rejoin_protocol::wire::Body;

use super::{SUBPROTOCOL, SessionBuilder};
use crate::asking::{Asked, Source};
use crate::log::public_part;
use crate::slim_cell::SlimCell;
use crate::{Builder, Target, TargetError};

/// Where one attempt of a session connects, and what authenticates it.
#[derive(Clone, Default)]
pub struct SessionTarget {
    pub(crate) url: String,
    pub(crate) auth: Option<Body>,
}

impl SessionTarget {
    /// A `ws:`, `wss:`, `http:` or `https:` URL, or a path of the page's own host.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), auth: None }
    }

    /// What authenticates the client: a token of at most [`max_auth`](super::SessionLimits::max_auth) bytes, 16 KiB unless it is
    /// set. A larger one ends the session with [`ConnectError::AuthTooLarge`](super::ConnectError::AuthTooLarge). It travels in the
    /// first frame, not in the URL, since URLs are logged.
    #[must_use]
    pub fn auth(mut self, token: impl Into<Body>) -> Self {
        self.auth = Some(token.into());
        self
    }
}

/// Without a URL's query, fragment and user info, and without what authenticates the client.
impl fmt::Debug for SessionTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionTarget").field("url", &public_part(&self.url)).finish_non_exhaustive()
    }
}

impl SessionBuilder {
    /// The URL to connect to, as it was given; `None` if it is [asked for](Self::asking).
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        Some(self.target.url.as_str()).filter(|url| !url.is_empty())
    }

    /// The subprotocols of the application's own to offer.
    #[must_use]
    pub fn protocols(&self) -> &[String] {
        &self.machine.protocols
    }
}

/// For which attempt a provider is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// 1 for the first of all and for the first after a stable connection; one more after each failure.
    pub number: u32,
    /// Whether the server refused what authenticated the attempt before (4401): a token from a cache will not do. It
    /// is asked so once; if the server refuses again, the session ends.
    pub fresh_auth: bool,
}

type Asking = Pin<Box<dyn Future<Output = Result<SessionTarget, TargetError>>>>;
pub(crate) type Provider = Rc<dyn Fn(Attempt) -> Asking>;

/// Makes a provider of any function with a future.
pub(crate) fn provider<F, Fut>(provider: F) -> Provider
where
    F: Fn(Attempt) -> Fut + 'static,
    Fut: Future<Output = Result<SessionTarget, TargetError>> + 'static,
{
    Rc::new(move |attempt| Box::pin(provider(attempt)))
}

/// A provider, and how a session's source is made of it. A pointer, so that a client with a fixed target does not carry the
/// code.
pub(crate) struct Asks {
    pub(crate) provider: Provider,
    pub(crate) source: fn(Provider, Rc<Credentials>) -> Rc<dyn Source>,
}

impl Asks {
    pub(crate) fn new(provider: Provider) -> Self {
        Self { provider, source }
    }

    /// The same targets for a plain connection, which offers these subprotocols.
    pub(crate) fn plain(&self, protocols: Vec<String>) -> Builder {
        let provider = self.provider.clone();
        Builder::asking(move |number| {
            let (asked, protocols) = (provider(Attempt { number, fresh_auth: false }), protocols.clone());
            async move {
                let target = Target::new(asked.await?.url);
                Ok(protocols.into_iter().fold(target, Target::protocol))
            }
        })
    }
}

fn source(provider: Provider, credentials: Rc<Credentials>) -> Rc<dyn Source> {
    Rc::new(Asked::new(move |number| {
        let attempt = Attempt { number, fresh_auth: credentials.refused.get() };
        let (asked, credentials) = (provider(attempt), credentials.clone());
        Box::pin(async move { credentials.check(asked.await?) })
    }))
}

/// What a session's source and its core have in common.
#[derive(Default)]
pub(crate) struct Credentials {
    /// What authenticates the attempt under way.
    pub(crate) auth: SlimCell<Option<Body>>,
    /// Whether it was refused, and no target has come since.
    pub(crate) refused: Cell<bool>,
    /// The most bytes that it may have, and whether it has more: then no attempt can succeed.
    pub(crate) max_auth: usize,
    pub(crate) too_large: Cell<bool>,
}

impl Credentials {
    /// Takes what authenticates the attempt, and names the connection's target.
    fn check(&self, target: SessionTarget) -> Result<Target, TargetError> {
        // A call that fails leaves it to the next one to bring what is fresh.
        self.refused.set(false);
        let SessionTarget { url, auth } = target;
        let too_large = auth.as_ref().is_some_and(|auth| auth.len() > self.max_auth);
        self.auth.replace(auth);
        self.too_large.set(too_large);
        if too_large {
            return Err(TargetError("the token is too large".into()));
        }
        let target = Target::new(url).protocol(SUBPROTOCOL);
        target.check().map_err(|error| TargetError(error.to_string()))?;
        Ok(target)
    }

    /// The bytes of what authenticates the attempt.
    pub(crate) fn len(&self) -> usize {
        self.auth.borrow().as_ref().map_or(0, |auth| auth.len())
    }
}
