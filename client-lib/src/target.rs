//! Where to connect.

use std::fmt;

use rejoin_protocol::check_subprotocols;

use crate::log::public_part;
use crate::{Message, OpenError};

/// Where one attempt connects, what it offers, and what it says first.
#[derive(Clone, Default)]
pub struct Target {
    pub(crate) url: String,
    pub(crate) protocols: Vec<String>,
    pub(crate) first: Vec<Message>,
}

impl Target {
    /// A `ws:`, `wss:`, `http:` or `https:` URL, or a path of the page's own host.
    #[must_use]
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Offers one more subprotocol, after those offered already.
    #[must_use]
    pub fn protocol(mut self, name: impl Into<String>) -> Self {
        self.protocols.push(name.into());
        self
    }

    /// One more message to send as soon as the connection is open, before anything queued: the place for a token,
    /// which does not belong in a URL, since URLs are logged.
    #[must_use]
    pub fn first(mut self, message: impl Into<Message>) -> Self {
        self.first.push(message.into());
        self
    }

    pub(crate) fn check(&self) -> Result<(), OpenError> {
        crate::url::check(&self.url)?;
        check_subprotocols(&self.protocols)?;
        Ok(())
    }
}

/// Without what may have a token in it: a URL's query, fragment and user info, and the first messages.
impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Target");
        shown
            .field("url", &public_part(&self.url))
            .field("protocols", &self.protocols)
            .finish_non_exhaustive()
    }
}

/// Why a [`Target`] could not be had, in words for a person. It counts as a failed attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TargetError(pub String);

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TargetError {}
