//! What happens to a session, and what it counts.

use std::time::Duration;

use rejoin_protocol::Closed;
use rejoin_protocol::session::Lost;
use rejoin_protocol::wire::{Body, Denial};

/// What happens to a session, other than messages and what channels bring.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionEvent {
    /// The server has welcomed this end.
    Live {
        /// Whether it is the same session, with its messages. If not, [`Lost`](Self::Lost) came before, unless this is
        /// the first time.
        resumed: bool,
        /// The application's subprotocol that the server chose.
        protocol: Option<String>,
    },
    /// Session messages were lost. After [`Fresh`](rejoin_protocol::session::LostReason::Fresh) and
    /// [`GivenUp`](rejoin_protocol::session::LostReason::GivenUp), what was never transmitted is held, and so is all
    /// that is sent from then on, until [`let_go`](super::SessionHandle::let_go) is called: it may have been meant for
    /// another user.
    Lost(Lost),
    /// A message of the server's application that it could afford to lose.
    Volatile(Body),
    /// A connection or an attempt has ended.
    Disconnected(Closed),
    /// The keep-alive's ping was answered after this time.
    RoundTrip(Duration),
    /// The browser could not read or write the data that is to be kept over a reload; the reason, in the browser's words
    /// where it gave any. The session goes on; a publication concerned is lost if the page is reloaded now. Where it was
    /// the identity, or the browser did not answer within 5 s, nothing is kept from now on, and a later page begins a
    /// session of its own.
    NotKept(String),
    /// The session is over. Receipts have been settled and [`Lost`](Self::Lost) came before, if there was something
    /// to lose.
    Ended(Denial),
}

/// What a session has counted since it was made, and what it holds now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionMetrics {
    /// The last round-trip time of the keep-alive.
    pub round_trip: Option<Duration>,
    /// How the last connection or attempt ended: where a session is over, what it is over for.
    pub last_closed: Option<Closed>,
    /// Messages that were not transmitted wholly.
    pub queued_messages: usize,
    /// Their bytes; each message costs 32 more.
    pub queued_bytes: u64,
    /// Frames that were transmitted and that the server has not released.
    pub unacked_frames: usize,
    /// Their bytes; each frame costs 32 more.
    pub unacked_bytes: u64,
    /// Publications without an answer.
    pub unanswered: usize,
    /// Calls of [`send`](super::SessionHandle::send) and [`publish`](super::SessionHandle::publish) that wait for room.
    pub waiting: usize,
    /// Their bytes; each costs 32 more.
    pub waiting_bytes: usize,
    /// Frames that were transmitted more than once.
    pub resent: u64,
    /// WebSocket messages that went out, each a frame or a batch of them.
    pub batches_sent: u64,
    /// Frames that went out in them.
    pub frames_sent: u64,
    /// WebSocket messages that came.
    pub batches_received: u64,
    /// Frames that came in them.
    pub frames_received: u64,
    /// How many times the server has welcomed this end.
    pub welcomes: u64,
    /// Events that went lost because nobody read them; see [`SessionHandle::events`](super::SessionHandle::events).
    pub events_dropped: u64,
    /// How long the session has been live.
    pub live_for: Duration,
    /// How long it has been connecting, greeting or waiting.
    pub away_for: Duration,
}

/// What a session had not done when it was closed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Left {
    /// Messages that were never transmitted wholly: [`SessionEvent::Lost`] has them, and those for which a call of
    /// [`send`](super::SessionHandle::send) still waited are handed back by it.
    pub unsent: usize,
    /// Frames that were transmitted and whose fate is unknown.
    pub unacked: usize,
    /// Publications without an answer. Their receipts say what became of each; those for which a call of
    /// [`publish`](super::SessionHandle::publish) still waited are handed back by it.
    pub unanswered: usize,
}

impl Left {
    /// True if everything was delivered.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}
