//! What can go wrong, by whose fault, and whether trying again can help.

use std::error::Error;
use std::fmt;

use rejoin_protocol::{Closed, InvalidConfig, InvalidSubprotocol, Refusal};

use crate::{InvalidUrl, Message};

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenError {
    /// The caller's: the URL can't be a WebSocket's.
    Url(InvalidUrl),
    /// The caller's: these subprotocols may not be offered.
    Subprotocol(InvalidSubprotocol),
    /// The caller's: a setting that can't work.
    Config(InvalidConfig),
    /// The browser would not try, and says why in its own words: mixed content, a policy of the page.
    Rejected(String),
    /// The attempt failed. A page is told nothing of why: a refused connection, an unknown host, a TLS error, an
    /// HTTP error and a subprotocol that was not agreed are all alike (WHATWG hides them on purpose).
    Failed(Closed),
}

impl OpenError {
    /// Whether the same call may succeed later without the caller changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Url(_) | Self::Subprotocol(_) | Self::Config(_) | Self::Rejected(_) => false,
            Self::Failed(closed) => closed.is_retryable(),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(error) => error.fmt(f),
            Self::Subprotocol(error) => error.fmt(f),
            Self::Config(error) => error.fmt(f),
            #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
            Self::Rejected(reason) => write!(f, "the browser refused to try: {reason}"),
            #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
            Self::Rejected(reason) => write!(f, "there is nothing to try: {reason}"),
            Self::Failed(closed) => write!(f, "no connection: {closed}"),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Url(error) => Some(error),
            Self::Subprotocol(error) => Some(error),
            Self::Config(error) => Some(error),
            Self::Rejected(_) | Self::Failed(_) => None,
        }
    }
}

impl From<InvalidUrl> for OpenError {
    fn from(error: InvalidUrl) -> Self {
        Self::Url(error)
    }
}

impl From<InvalidConfig> for OpenError {
    fn from(error: InvalidConfig) -> Self {
        Self::Config(error)
    }
}

impl From<InvalidSubprotocol> for OpenError {
    fn from(error: InvalidSubprotocol) -> Self {
        Self::Subprotocol(error)
    }
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// There is no room in the queue at present. The environment's: the network is slower than the application.
    Full,
    /// The message alone is larger than the queue may ever hold while the connection is away.
    TooLarge {
        /// The queue's limit in bytes.
        limit: usize,
    },
    /// The connection is closing or closed.
    Closed,
    /// The connection ended before all that it had taken had left: [`Closed::unsent_bytes`] of what the browser held
    /// are lost, and what was queued is in [`Handle::take_unsent`](crate::Handle::take_unsent) if no other connection
    /// follows. Only flushing and closing as a `Sink` say so.
    Lost,
    /// The browser would not take it, and says why in its own words.
    Rejected(String),
    /// The caller's: the buffer was transferred, or has another length, since the message was queued. What of it would
    /// go out is not what was sent.
    Changed,
}

impl SendError {
    /// Whether the same message may be taken later without anybody doing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Full)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => Refusal::Full.fmt(f),
            Self::TooLarge { limit } => Refusal::TooLarge { limit: *limit }.fmt(f),
            Self::Closed => Refusal::Closed.fmt(f),
            Self::Lost => f.write_str("the connection ended before all that it had taken had left"),
            Self::Rejected(reason) => write!(f, "the browser refused the message: {reason}"),
            Self::Changed => f.write_str("the buffer was changed while it waited: send a copy, or keep it"),
        }
    }
}

impl Error for SendError {}

impl From<Refusal> for SendError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full => Self::Full,
            Refusal::TooLarge { limit } => Self::TooLarge { limit },
            _ => Self::Closed,
        }
    }
}

/// A message that was not sent: the error, and the message itself to keep, change or send again.
#[derive(Debug, Clone)]
pub struct Unsent {
    /// Why. It is `Send + Sync + Clone`, the message need not be.
    pub error: SendError,
    /// The message.
    pub message: Message,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for Unsent {}

impl From<Unsent> for SendError {
    fn from(unsent: Unsent) -> Self {
        unsent.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_can_be_kept_shared_and_sent() {
        fn keeps<T: Send + Sync + Clone + Error + 'static>() {}
        keeps::<OpenError>();
        keeps::<SendError>();
        keeps::<InvalidUrl>();
    }

    #[test]
    fn errors_say_whether_a_retry_can_help() {
        assert!(SendError::Full.is_retryable());
        assert!(!SendError::Closed.is_retryable() && !SendError::TooLarge { limit: 1 }.is_retryable());
        assert!(!OpenError::Url(InvalidUrl::Empty).is_retryable());
        assert!(OpenError::Failed(Closed::by_event(1006, "", false, false)).is_retryable());
        assert!(!OpenError::Failed(Closed::by_event(1008, "", true, true)).is_retryable());
    }
}
