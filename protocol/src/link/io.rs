//! What goes into the link and what comes out of it.

use alloc::vec::Vec;
use core::time::Duration;

use crate::{Close, Closed, State, Time};

/// The number of a connection within its link. Each attempt has its own, so that late events of an abandoned
/// socket are recognised and ignored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub(crate) u64);

/// What the outside tells the link.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// Where to connect is known, and the socket of this generation is being made: its connect time-out begins. To be
    /// given where [`LinkConfig::provider_timeout`](crate::LinkConfig::provider_timeout) is set.
    Dialing {
        /// Whose.
        generation: Generation,
    },
    /// The socket of this generation is open.
    Opened {
        /// Whose.
        generation: Generation,
    },
    /// A message came. Its payload does not pass through the link.
    Received {
        /// Whose.
        generation: Generation,
    },
    /// A message came and is the answer to a ping.
    Pong {
        /// Whose.
        generation: Generation,
    },
    /// The socket's `bufferedAmount` is this now. To be given before [`Input::Timeout`] while the link is open or closing, and
    /// before `reconnect` and `abort`, so that [`Closed::unsent_bytes`] is exact; otherwise what was handed over
    /// since the last word counts as unsent.
    Buffered {
        /// Whose.
        generation: Generation,
        /// Bytes that have not left the socket.
        bytes: u64,
    },
    /// The socket is in its close handshake, begun by the server: it takes no messages any more.
    PeerClosing {
        /// Whose.
        generation: Generation,
    },
    /// The socket of this generation has ended, or never came to be.
    Disconnected {
        /// Whose.
        generation: Generation,
        /// How.
        closed: Closed,
        /// The application's decision whether to come back, or `None` to leave it to
        /// [`Closed::is_retryable`]. It can't bring back what this end closed.
        reconnect: Option<bool>,
    },
    /// The machine says that it has a network again. Failed attempts are counted from 0 for
    /// [`crate::Backoff::max_attempts`].
    Online,
    /// The machine says that it has none. It may be wrong (a VPN, a local network), so that attempts go on: the first ones
    /// as usual, those that follow at the back-off's cap. They do not count for [`crate::Backoff::max_attempts`]. A connection
    /// that opens all the same proves it wrong.
    Offline,
    /// The machine has another network than before, or says so: browsers say it when an estimate changes as well.
    NetworkChanged,
    /// The page is hidden: its timers are throttled from now on.
    Hidden,
    /// The page is visible. Failed attempts are counted as after [`Input::Online`].
    Visible,
    /// The page is about to be frozen: nothing runs until [`Input::Resumed`].
    Frozen,
    /// The page was frozen, or kept in the back-forward cache, and runs again. Failed attempts are counted as after
    /// [`Input::Online`].
    Resumed,
    /// No attempt is to be made until [`Input::Visible`], [`Input::Resumed`] or a call of `open` or `reconnect`, because the
    /// page is hidden for long or goes into the back-forward cache. Without
    /// [`LinkConfig::reconnect`](crate::LinkConfig::reconnect) nothing changes.
    Pause {
        /// Whether the connection or attempt that there is ends too, with [`ClosedBy::Paused`](crate::ClosedBy::Paused).
        close: bool,
    },
    /// The moment of the last [`Output::Wait`] has come, or is long past.
    Timeout,
}

/// What the link asks the outside to do. It is exhaustive on purpose: a driver that does not know an output must not
/// compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output<M> {
    /// Make a socket. Answer with [`Input::Opened`] or [`Input::Disconnected`].
    Open {
        /// The number it shall have.
        generation: Generation,
        /// 1 for the first of all and for the first after a stable connection; one more after each failure.
        attempt: u32,
    },
    /// Hand a message to the socket.
    Transmit {
        /// Which socket.
        generation: Generation,
        /// What.
        message: M,
        /// Its length as it was when it was sent. What is only borrowed may have changed while it waited.
        len: usize,
    },
    /// Send the caller's ping.
    Ping {
        /// Which socket.
        generation: Generation,
    },
    /// Begin the close handshake. Answer with [`Input::Disconnected`] when it is over.
    Close {
        /// Which socket.
        generation: Generation,
        /// What to say.
        close: Close,
    },
    /// Detach from the socket, close it, and never speak of it again.
    Abandon {
        /// Which socket.
        generation: Generation,
        /// What to say in the close frame, if one can still be sent.
        close: Close,
    },
    /// Tell the application.
    Event(Event<M>),
    /// Nothing more to do until the given moment, or until the next input.
    Wait(Option<Time>),
}

/// What the application should know. Exhaustive like [`Output`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event<M> {
    /// The state is another now.
    State(State),
    /// A connection has ended. Another attempt follows if the state that comes with it is
    /// [`State::Waiting`].
    Disconnected(Closed),
    /// The link is closed and these messages were never handed to a socket.
    Unsent(Vec<M>),
    /// These messages were dropped to make room for newer ones ([`crate::Overflow::DropOldest`]).
    Evicted(Vec<M>),
    /// The time from a ping to its answer.
    RoundTrip(Duration),
}
