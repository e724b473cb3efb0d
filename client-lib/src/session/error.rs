//! What can go wrong with a session, by whose fault, and whether trying again can help.

use std::error::Error;
use std::fmt;

use rejoin_codec::CodecError;
use rejoin_protocol::session::{InvalidLimit, code};
use rejoin_protocol::wire::{Body, Denial};
use rejoin_protocol::{Closed, Refusal};

use crate::OpenError;

/// Why there is no session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectError {
    /// There is no connection; see [`OpenError`].
    Open(OpenError),
    /// The caller's: a limit of the session that can't work.
    Limit(InvalidLimit),
    /// The caller's: what authenticates the client is larger than this end's
    /// [`max_auth`](super::SessionLimits::max_auth), or than the server takes.
    AuthTooLarge {
        /// Its bytes.
        length: usize,
        /// The most bytes of the end that refused it.
        limit: usize,
    },
    /// The caller's: the subprotocols of the application's own do not fit into HELLO.
    ProtocolsTooLarge {
        /// How many there may be.
        names: usize,
        /// How many bytes they may have, one more for each.
        bytes: usize,
    },
    /// The server opened the connection and does not speak `rejoin.v1`. In Chromium such a connection fails like one
    /// to a dead server ([`OpenError::Failed`]); [`connect_or_plain`](super::SessionBuilder::connect_or_plain) finds
    /// out.
    NotAgreed,
    /// The server refused the session: 4401 for unauthenticated, 4403 for forbidden, 4406 for another version.
    Refused(Denial),
}

impl ConnectError {
    /// Whether the same call may succeed later without the caller changing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            // By these codes the server asks to come back.
            Self::Open(OpenError::Failed(Closed {
                code: code::DRAINING | code::RETRY_AFTER | code::HELLO_LATE | code::TOO_MANY,
                ..
            })) => true,
            Self::Open(error) => error.is_retryable(),
            _ => false,
        }
    }

    pub(crate) fn failed(closed: Closed) -> Self {
        Self::Open(OpenError::Failed(closed))
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open(error) => error.fmt(f),
            Self::Limit(error) => error.fmt(f),
            Self::AuthTooLarge { length, limit } => {
                write!(f, "the token has {length} bytes; this client's max_auth, or the server's, is {limit}")
            }
            Self::ProtocolsTooLarge { names, bytes } => {
                write!(f, "at most {names} subprotocols of at most {bytes} bytes together can be offered")
            }
            Self::NotAgreed => f.write_str("the server does not speak rejoin.v1"),
            Self::Refused(denial) => {
                write!(f, "the server refused the session ({}): {}", denial.code, denial.reason)
            }
        }
    }
}

impl Error for ConnectError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Open(error) => Some(error),
            Self::Limit(error) => Some(error),
            _ => None,
        }
    }
}

impl From<OpenError> for ConnectError {
    fn from(error: OpenError) -> Self {
        Self::Open(error)
    }
}

impl From<InvalidLimit> for ConnectError {
    fn from(error: InvalidLimit) -> Self {
        Self::Limit(error)
    }
}

/// Why a publication is not known to be durable.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError {
    /// The server will never take it: forbidden, too large, malformed.
    Refused(Denial),
    /// It was transmitted, and whether it is in the log can't be learned any more: the identity under which it could be
    /// asked is gone.
    Unknown,
    /// It was never transmitted, and the session has ended: here it is.
    Unsent(Body),
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(denial) => {
                write!(f, "the server refused the publication ({}): {}", denial.code, denial.reason)
            }
            Self::Unknown => f.write_str("whether the publication is in the log can't be learned any more"),
            Self::Unsent(_) => f.write_str("the session ended before the publication was transmitted"),
        }
    }
}

impl Error for PublishError {}

/// Why a value was not taken for a channel: to publish it there, or to be listed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelError {
    /// The caller's: the value can't be written by the codec.
    Encode(CodecError),
    /// The session did not take it, for this reason.
    Refused(Refusal),
}

impl ChannelError {
    /// Whether the same value may be taken later without anybody doing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Refused(reason) if reason.is_retryable())
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Refused(Refusal::TooLarge { limit }) => {
                write!(f, "the value is larger than the limit of {limit} bytes")
            }
            Self::Refused(Refusal::Closed) => f.write_str("the feed or the session is closing or over"),
            Self::Refused(reason) => reason.fmt(f),
        }
    }
}

impl Error for ChannelError {}

impl From<CodecError> for ChannelError {
    fn from(error: CodecError) -> Self {
        Self::Encode(error)
    }
}

impl From<Refusal> for ChannelError {
    fn from(reason: Refusal) -> Self {
        Self::Refused(reason)
    }
}

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallError {
    /// It was not taken, for this reason: here it is.
    NotTaken(Refusal, Body),
    /// The server does not answer it, and says why.
    Denied(Denial),
    /// No answer came in time. The server may have acted on it.
    TimedOut,
    /// The connection ended before the answer came. The server may have acted on it.
    Unknown,
    /// It was never transmitted: its time was over, or the session has ended. Here it is.
    Unsent(Body),
}

impl CallError {
    /// Whether the server certainly did not act on it, so that calling again repeats nothing.
    #[must_use]
    pub fn is_safe_to_repeat(&self) -> bool {
        matches!(self, Self::NotTaken(..) | Self::Unsent(_))
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTaken(reason, _) => reason.fmt(f),
            Self::Denied(denial) => {
                write!(f, "the server denied the call ({}): {}", denial.code, denial.reason)
            }
            Self::TimedOut => f.write_str("the call was not answered in time"),
            Self::Unknown => f.write_str("the connection ended before the call was answered"),
            Self::Unsent(_) => f.write_str("the call was never transmitted"),
        }
    }
}

impl Error for CallError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_can_be_kept_shared_and_sent() {
        fn keeps<T: Send + Sync + Clone + Error + 'static>() {}
        keeps::<ConnectError>();
        keeps::<PublishError>();
        keeps::<ChannelError>();
        keeps::<CallError>();
    }

    #[test]
    fn errors_say_whether_a_retry_can_help() {
        assert!(ConnectError::failed(Closed::by_event(1006, "", false, false)).is_retryable());
        assert!(ConnectError::failed(Closed::by_event(4429, "", true, true)).is_retryable());
        assert!(!ConnectError::failed(Closed::by_event(4000, "", true, true)).is_retryable());
        assert!(!ConnectError::NotAgreed.is_retryable());
        assert!(CallError::Unsent(Body::new()).is_safe_to_repeat());
        assert!(!CallError::TimedOut.is_safe_to_repeat() && !CallError::Unknown.is_safe_to_repeat());
    }
}
