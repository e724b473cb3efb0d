//! The connection: what a handler receives from and sends to.

use std::fmt;
use std::future::{Future, poll_fn};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use crate::account::{Charge, Holder, block};
use crate::close::{Close, CloseCode, End};
use crate::limits::Limits;
use crate::message::Message;
use crate::queue::{Item, Popped, Queue, Rejected};

/// Who is connected, for logs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// The connection's number, unique in its [`Connections`](crate::Connections).
    pub id: u64,
    /// The peer's address, if the application's server tells it
    /// ([`ConnectInfo`](axum::extract::ConnectInfo)).
    pub peer: Option<SocketAddr>,
    /// The subprotocol agreed on.
    pub subprotocol: Option<Arc<str>>,
}

/// What the connection's task and its users share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) info: Info,
    pub(crate) holder: Arc<Holder>,
    pub(crate) inbox: Queue,
    pub(crate) outbox: Queue,
    pub(crate) end: OnceLock<End>,
    /// The server drains. Where the handler takes its leave by itself, the connection's task lets it.
    pub(crate) draining: CancellationToken,
    pub(crate) leaves_by_itself: bool,
    /// The transport is to be dropped without a word.
    pub(crate) cut: CancellationToken,
    /// What the peer may send before the handler has let it in; `None`: whatever the limits allow.
    pub(crate) first: Option<First>,
    /// The handler has let the peer in.
    pub(crate) admitted: CancellationToken,
    /// Bytes that the socket has taken.
    pub(crate) written: AtomicU64,
    opened: Instant,
    /// Until when the peer may be silent, in milliseconds since then.
    silence_ms: AtomicU64,
}

/// What a peer may send that the handler has not let in yet: one message, behind which nothing is read.
#[derive(Debug, Clone)]
pub(crate) struct First {
    /// Its most bytes.
    pub(crate) max_bytes: usize,
    /// What is said to a larger one.
    pub(crate) too_large: Close,
}

impl Shared {
    pub(crate) fn new(
        info: Info,
        holder: Arc<Holder>,
        limits: &Limits,
        draining: CancellationToken,
        leaves_by_itself: bool,
        first: Option<First>,
    ) -> Self {
        Self {
            info,
            inbox: Queue::new(limits.receive_queue_bytes, limits.receive_queue_messages, &holder),
            outbox: Queue::new(limits.send_queue_bytes, limits.send_queue_messages, &holder),
            holder,
            end: OnceLock::new(),
            draining,
            leaves_by_itself,
            cut: CancellationToken::new(),
            first,
            admitted: CancellationToken::new(),
            written: AtomicU64::new(0),
            opened: Instant::now(),
            silence_ms: AtomicU64::new(0),
        }
    }

    /// Until when the handler allows the peer to be silent, if it said so.
    pub(crate) fn silent_until(&self) -> Option<Instant> {
        let ms = self.silence_ms.load(Ordering::Relaxed);
        (ms > 0).then(|| self.opened.checked_add(Duration::from_millis(ms))).flatten()
    }
}

/// One open WebSocket connection, as its handler sees it. When the handler returns, the connection is closed
/// with 1000 behind what it had queued.
#[derive(Debug)]
pub struct Connection {
    shared: Arc<Shared>,
    /// The message that was received last, which the handler may still have.
    received: Option<Charge>,
}

/// Up to so many bytes a message in the handler's hands is part of what a connection costs anyway.
const SMALL: usize = 4 << 10;

impl Connection {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, received: None }
    }

    /// Waits for the next message; `None` when none will come any more ([`Self::end`] says why). While the
    /// handler does not call this, at most [`Limits::receive_queue_bytes`] are read ahead. A message counts as the
    /// connection's memory until the next one is waited for. Cancel-safe.
    pub async fn recv(&mut self) -> Option<Message> {
        self.forget_received();
        match poll_fn(|cx| self.shared.inbox.poll_pop(cx)).await {
            Popped::Message(Item { message, .. }) => {
                if message.len() > SMALL {
                    self.received = Some(self.shared.holder.charge(block(message.len())));
                }
                Some(message)
            }
            Popped::Finished(_) | Popped::Cut(_) => None,
        }
    }

    /// Sends, waiting for room in the send queue: see [`Sender::send`].
    ///
    /// # Errors
    /// [`SendError::Closed`] with the message when the connection has ended or is closing.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        send(&self.shared, message.into()).await
    }

    /// A handle that sends on this connection, from anywhere.
    #[must_use]
    pub fn sender(&self) -> Sender {
        Sender { shared: Arc::clone(&self.shared) }
    }

    /// Closes the connection behind what is queued; [`Self::recv`] then gives what is received already and
    /// ends. A second close changes nothing.
    pub fn close(&self, close: Close) {
        self.sender().close(close);
    }

    /// Resolves when the server begins to drain: for a handler that takes its leave by itself
    /// ([`Acceptor::handler_leaves`](crate::Acceptor::handler_leaves)).
    pub fn draining(&self) -> impl Future<Output = ()> + Send + use<> {
        self.shared.draining.clone().cancelled_owned()
    }

    /// The handler has done with what it received.
    pub(crate) fn forget_received(&mut self) {
        self.received = None;
    }

    /// Whose memory the connection uses.
    pub(crate) fn holder(&self) -> &Arc<Holder> {
        &self.shared.holder
    }

    /// Lets the peer in, whose first message alone was read so far.
    pub(crate) fn admit(&self) {
        self.shared.admitted.cancel();
    }

    /// Drops the transport at once, without a close frame: what is queued is gone. For tests and demonstrations of what a
    /// broken network does.
    pub fn abort(&self) {
        self.shared.cut.cancel();
    }

    /// Who is connected.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.shared.info
    }

    /// How the connection ended, once it has.
    #[must_use]
    pub fn end(&self) -> Option<&End> {
        self.shared.end.get()
    }
}

/// Sends on a connection. Clones are cheap and go to the same connection; holding one does not keep the
/// connection open.
#[derive(Debug, Clone)]
pub struct Sender {
    shared: Arc<Shared>,
}

impl Sender {
    /// Queues a message, waiting while the send queue is full: back-pressure for whoever produces for this
    /// connection alone. Cancel-safe: a dropped future has queued nothing.
    ///
    /// # Errors
    /// [`SendError::Closed`] with the message when the connection has ended or is closing.
    pub async fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        send(&self.shared, message.into()).await
    }

    /// Sends as [`send`](Self::send) does what others have as well, such as a file that is in memory once for all: its bytes
    /// do not count as memory of this connection.
    ///
    /// # Errors
    /// [`SendError::Closed`] with the message when the connection has ended or is closing.
    pub async fn send_shared(&self, message: impl Into<Message>) -> Result<(), SendError> {
        let item = Item { message: message.into(), is_shared: true };
        self.shared.outbox.push(item).await.map_err(SendError::Closed)
    }

    /// Queues a message if there is room.
    ///
    /// # Errors
    /// [`SendError::Full`] or [`SendError::Closed`], with the message.
    pub fn try_send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.try_queue(Item::from(message))
    }

    fn try_queue(&self, item: Item) -> Result<(), SendError> {
        self.shared.outbox.try_push(item).map_err(|rejected| match rejected {
            Rejected::Full(message) => SendError::Full(message),
            Rejected::Ended(message) => SendError::Closed(message),
        })
    }

    /// Queues a message that many get. A reader so slow that its queue is full is cut off with 1013 and a
    /// reason, so that the others do not notice: false then, and when the connection had ended. Its bytes do not count as
    /// memory of this connection.
    pub fn push(&self, message: impl Into<Message>) -> bool {
        match self.try_queue(Item { message: message.into(), is_shared: true }) {
            Ok(()) => true,
            Err(SendError::Closed(_)) => false,
            Err(SendError::Full(_)) => {
                let waiting = self.shared.outbox.bytes();
                self.cut(Close::new(
                    CloseCode::TRY_AGAIN,
                    format!("too slow: {waiting} bytes waited to be read; come back for what you missed"),
                ));
                false
            }
        }
    }

    /// Closes the connection behind what is queued. A second close changes nothing.
    pub fn close(&self, close: Close) {
        self.shared.outbox.finish(close);
    }

    /// Closes the connection at once; what is queued is dropped.
    pub fn cut(&self, close: Close) {
        self.shared.outbox.cut(close);
    }

    /// Bytes that wait to be sent.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.shared.outbox.bytes()
    }

    /// Bytes that the socket has taken since the connection was upgraded, with the frames' headers. It grows inside a large
    /// message too. Taken by this system: the peer may still lack what buffers on the way hold.
    #[must_use]
    pub fn written_bytes(&self) -> u64 {
        self.shared.written.load(Ordering::Relaxed)
    }

    /// Allows the peer to give no sign of life for so long from now on, where that is longer than
    /// [`Limits::dead_after`](crate::Limits::dead_after): for a handler that knows that buffers of a slow path hold a large
    /// message, so that the answers to pings come after it. A second call replaces the first.
    pub fn allow_silence(&self, time: Duration) {
        let until = self.shared.opened.elapsed().saturating_add(time).as_millis();
        self.shared.silence_ms.store(u64::try_from(until).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// True while messages are taken.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.shared.outbox.is_open()
    }

    /// Who is connected.
    #[must_use]
    pub fn info(&self) -> &Info {
        &self.shared.info
    }
}

async fn send(shared: &Shared, message: Message) -> Result<(), SendError> {
    shared.outbox.push(message.into()).await.map_err(SendError::Closed)
}

/// Why a message was not queued. It comes back with the error.
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// The send queue is full: the peer reads too slowly.
    Full(Message),
    /// The connection has ended, or is closing.
    Closed(Message),
}

impl SendError {
    /// The message that was not sent.
    #[must_use]
    pub fn into_message(self) -> Message {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "the send queue is full",
            Self::Closed(_) => "the connection is closed",
        })
    }
}

impl std::error::Error for SendError {}
