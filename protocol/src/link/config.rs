//! The link's settings, each with its default.

use core::time::Duration;

use crate::Backoff;

/// Everything that can be set about a link.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkConfig {
    /// When to try again, or `None` never to. Default: [`Backoff::default`].
    pub reconnect: Option<Backoff>,
    /// How long a socket may take to open. Default 10 s.
    pub connect_timeout: Duration,
    /// How long an attempt waits to learn where to connect, until [`Input::Dialing`](crate::Input::Dialing); the
    /// connect time-out begins after it. `None`: it is known already. Default `None`.
    pub provider_timeout: Option<Duration>,
    /// How long a close handshake may take before the connection is left. A browser's own close event may come
    /// much later or never. Default 5 s.
    pub close_timeout: Duration,
    /// Pings of the application's own, or `None` for none: a plain server knows no frames of ours, so that a
    /// ping is whatever the caller sends for it. Default none.
    pub keep_alive: Option<KeepAlive>,
    /// An open connection is replaced when the page comes back into sight, or the network back, after longer than this. For
    /// servers that answer no ping of [`keep_alive`](Self::keep_alive), where nothing else shows that a connection has
    /// died meanwhile. Default: never.
    pub renew_after: Option<Duration>,
    /// The bounds of the queue of messages that can't go yet.
    pub queue: QueueLimits,
    /// How much the socket's own buffer may hold.
    pub watermarks: Watermarks,
    /// The seed of the back-off's jitter. Give each link its own, or all come back at the same moment. Default 0.
    pub seed: u64,
}

impl Default for LinkConfig {
    fn default() -> Self {
        Self {
            reconnect: Some(Backoff::default()),
            connect_timeout: Duration::from_secs(10),
            provider_timeout: None,
            close_timeout: Duration::from_secs(5),
            keep_alive: None,
            renew_after: None,
            queue: QueueLimits::default(),
            watermarks: Watermarks::default(),
            seed: 0,
        }
    }
}

/// When to ping and when to take silence for death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeepAlive {
    /// From one ping to the next. Default 25 s, below the 30 and 60 s at which proxies cut idle connections.
    pub interval: Duration,
    /// How long after a ping the link is dead unless something comes. Any message counts, and so does a falling
    /// `bufferedAmount`; but a browser hides the bytes of an unfinished message, so that this should suit the
    /// largest message on the slowest line it is meant for. After each connection that was left at the deadline, the next
    /// one waits twice as long, up to sixteen times this, since the cut may have hit such a message. Eight answers in a row
    /// within the setting, or an attempt that fails, bring the setting back. Default 10 s.
    pub deadline: Duration,
    /// The deadline of a ping that is sent because the clock jumped, the network changed or the page came back; such pings are
    /// at least 3 s apart. After a connection was left at `deadline`, this deadline is extended by the same time as
    /// `deadline`, because a large message may delay the answer. A connection left after such a ping extends nothing.
    /// Default 3 s.
    pub probe: Duration,
}

impl Default for KeepAlive {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(25),
            deadline: Duration::from_secs(10),
            probe: Duration::from_secs(3),
        }
    }
}

/// The bounds of the queue in which messages wait while the link is away or the socket's buffer is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueLimits {
    /// The most messages. Default 262,144.
    pub messages: usize,
    /// The most bytes of payload. Default 16 MiB.
    pub bytes: usize,
    /// What happens to a message for which there is no room.
    pub overflow: Overflow,
}

impl QueueLimits {
    /// At most so many messages and bytes.
    #[must_use]
    pub fn new(messages: usize, bytes: usize, overflow: Overflow) -> Self {
        Self { messages, bytes, overflow }
    }
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { messages: 262_144, bytes: 16 << 20, overflow: Overflow::Wait }
    }
}

/// What happens to a message for which the queue has no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Overflow {
    /// Who sends waits until there is room; who can't wait gets the message back.
    #[default]
    Wait,
    /// Who sends gets the message back at once.
    Refuse,
    /// The oldest messages make room and are handed back to the application as evicted.
    DropOldest,
}

/// How much the socket's own buffer (`bufferedAmount`) may hold before messages stay in the link's queue, where a
/// cut does not lose them. While the page is hidden its timers are throttled and could not feed the socket fast enough,
/// so that the buffer may then hold as many bytes as the queue ([`QueueLimits::bytes`]) where that is more than `high`,
/// and is filled again as soon as it holds less.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watermarks {
    /// At or above this nothing more is handed to the socket. Default 1 MiB.
    pub high: u64,
    /// At or below this it goes on. Default 256 KiB.
    pub low: u64,
}

impl Watermarks {
    /// These marks.
    #[must_use]
    pub fn new(low: u64, high: u64) -> Self {
        Self { high, low }
    }
}

impl Default for Watermarks {
    fn default() -> Self {
        Self { high: 1 << 20, low: 256 << 10 }
    }
}
