//! What happens to a connection, for callbacks, and what it counts.

use std::time::Duration;

use rejoin_protocol::Closed;

use crate::{Message, SendError, State};

/// What happens to a connection, other than messages.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// The state is another now. Every change comes, in order.
    State(State),
    /// A connection or an attempt has ended. Another follows if the next event is [`State::Waiting`].
    Disconnected(Closed),
    /// These messages were never sent.
    Unsent {
        /// In the order in which they would have been.
        messages: Vec<Message>,
        /// Why: [`SendError::Closed`] when the connection is closed for good, otherwise
        /// [`SendError::Rejected`] or [`SendError::Changed`].
        error: SendError,
    },
    /// These messages made room for newer ones ([`Overflow::DropOldest`](crate::Overflow::DropOldest)).
    Evicted(Vec<Message>),
    /// The keep-alive's ping was answered after this time.
    RoundTrip(Duration),
}

/// What a connection has counted since it was made, over all its sockets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// Messages handed to a socket.
    pub sent: u64,
    /// Messages received and passed on, the keep-alive's answers excluded.
    pub received: u64,
    /// Messages dropped to make room for newer ones.
    pub evicted: u64,
    /// Calls of [`send`](crate::Handle::send) that wait for room now.
    pub waiting: usize,
    /// The bytes of their messages.
    pub waiting_bytes: usize,
    /// How many times a socket opened.
    pub opened: u64,
    /// The last round-trip time of the keep-alive.
    pub round_trip: Option<Duration>,
    /// How the last connection or attempt ended.
    pub last_closed: Option<Closed>,
}
