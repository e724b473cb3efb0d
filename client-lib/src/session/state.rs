//! Where a session is.

use std::time::Duration;

use rejoin_protocol::Closed;
use rejoin_protocol::wire::Denial;

/// Where a session is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionState {
    /// A connection is being made.
    Connecting {
        /// 1 for the first of all and for the first after a stable connection; one more after each failure.
        attempt: u32,
    },
    /// The connection is open, and the server's answer to HELLO is awaited.
    Greeting,
    /// The server has welcomed this end: all goes through.
    Live,
    /// Away, and waiting before the next attempt. What is sent waits, within the limits.
    Waiting {
        /// The number of the attempt that follows.
        attempt: u32,
        /// How long the wait is from the moment of this state on;
        /// [`retry_in`](super::SessionHandle::retry_in) says what is left of it. [`Duration::MAX`] while attempts are
        /// paused, until the page is visible again.
        delay: Duration,
        /// How the connection, or the last attempt, ended.
        last: Closed,
    },
    /// This end is closing the session.
    Closing,
    /// The session is over; [`reconnect`](super::SessionHandle::reconnect) begins another. Code 1000 without a reason
    /// says that this end closed it.
    Ended(Denial),
}

impl SessionState {
    /// Whether messages go through.
    #[must_use]
    pub fn is_live(&self) -> bool {
        *self == Self::Live
    }

    /// Whether the session is over.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        matches!(self, Self::Ended(_))
    }
}
