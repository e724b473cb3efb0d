//! The socket: a connection as its owner sees it, a `Stream` and a `Sink`.

use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use rejoin_codec::Endpoint;
use rejoin_protocol::{Close, Closed};

use crate::driver::Driver;
use crate::{
    Builder, Handle, Incoming, Message, OpenError, Payload, SendError, State, Typed, TypedSocket, Unsent,
};

/// One logical connection to a WebSocket server, over as many browser sockets as it takes.
///
/// As a `Stream` it yields received messages and ends when the connection is closed for good (a later
/// [`reconnect`](Handle::reconnect) revives it). As a `Sink` it is ready when a message can go or be queued, flushed
/// when everything has left the browser's buffer, and closed when the close handshake is over. Everything else is
/// done through its [`Handle`], to which it dereferences.
///
/// The connection lives as long as the socket or one of its handles; then it is closed with 1000, and no listener
/// of it stays behind.
///
/// ```no_run
/// use futures::StreamExt;
/// use rejoin::Socket;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut socket = Socket::connect("wss://example.org/echo").await?;
/// socket.send("hello").await?;
/// while let Some(message) = socket.next().await {
///     println!("{} bytes: {:?}", message.len(), message.to_text());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Socket {
    handle: Handle,
    /// A message that the sink took and that had no room yet.
    slot: Option<Message>,
    /// The driver's count of losses when the sink took the first message since it was flushed.
    losses: Option<u64>,
    /// What flushing said before the sink began to close.
    flushed: Result<(), SendError>,
}

impl Socket {
    pub(crate) fn new(driver: Rc<Driver>) -> Self {
        Self { handle: Handle::new(driver), slot: None, losses: None, flushed: Ok(()) }
    }

    /// Settings for a connection to `url`.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> Builder {
        Builder::new(url)
    }

    /// Begins to connect with the default settings; see [`Builder::open`].
    ///
    /// # Errors
    /// For what can't become right by trying again.
    pub fn open(url: impl Into<String>) -> Result<Self, OpenError> {
        Builder::new(url).open()
    }

    /// Connects with the default settings; see [`Builder::connect`].
    ///
    /// # Errors
    /// When the first attempt fails.
    pub async fn connect(url: impl Into<String>) -> Result<Self, OpenError> {
        Builder::new(url).connect().await
    }

    /// A handle to send, close and watch with, apart from reading. It keeps the connection alive.
    #[must_use]
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }

    /// Separates sending from reading. Either half keeps the connection alive and can close it. A message that the
    /// sink took and that had no room yet is to be had from [`take_unsent`](Handle::take_unsent).
    #[must_use]
    pub fn into_split(self) -> (Handle, Receiver) {
        (self.handle.clone(), Receiver { handle: self.handle.clone() })
    }

    /// Messages of the types `Tx` and `Rx`, written by the codec `C`.
    #[must_use]
    pub fn into_typed<Tx, Rx, C>(self) -> Typed<Tx, Rx, C> {
        Typed::new(self)
    }

    /// Messages of an endpoint's types; open it with [`Builder::endpoint`].
    #[must_use]
    pub fn into_endpoint<E: Endpoint>(self) -> TypedSocket<E> {
        Typed::new(self)
    }

    /// As [`Handle::send`]. Here as well, so that it is this one that is called where `SinkExt` is imported.
    ///
    /// # Errors
    /// As [`Handle::send`].
    pub async fn send(&self, payload: impl Payload) -> Result<(), Unsent> {
        self.handle.send(payload).await
    }

    /// As [`Handle::close`]. Here as well, so that it is this one that is called where `SinkExt` is imported.
    pub async fn close(&self, close: Close) -> Closed {
        self.handle.close(close).await
    }

    /// Whether all that the sink took since it was flushed last has left; asked once that it has or never will.
    fn account(&mut self) -> Result<(), SendError> {
        let now = self.handle.driver().losses.get();
        if self.losses.take().is_none_or(|then| then == now) { Ok(()) } else { Err(SendError::Lost) }
    }

    /// Sends what lies in the slot, if there is room by now.
    fn poll_slot(&mut self, context: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        let Some(message) = self.slot.take() else { return Poll::Ready(Ok(())) };
        match self.handle.try_send(message) {
            Ok(()) => Poll::Ready(Ok(())),
            Err(unsent) if unsent.error == SendError::Full => {
                self.slot = Some(unsent.message);
                self.handle.driver().register(context);
                Poll::Pending
            }
            Err(unsent) => {
                self.handle.driver().keep_unsent(vec![unsent.message]);
                Poll::Ready(Err(unsent.error))
            }
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // Other handles may live on, and the message was taken.
        if let Some(message) = self.slot.take() {
            self.handle.driver().keep_unsent(vec![message]);
        }
    }
}

impl Deref for Socket {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Stream for Socket {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Incoming>> {
        self.handle.poll_message(context)
    }
}

/// A message that the sink had taken and that could not be sent after all is to be had from
/// [`take_unsent`](Handle::take_unsent). Flushing and closing fail with [`SendError::Lost`] if a connection ended before
/// all that the sink took had left it, or the browser refused some of it; closing closes all the same. The sink waits for room, whatever the queue's policy, but under
/// [`Overflow::DropOldest`](crate::Overflow::DropOldest), where the oldest make it.
impl Sink<Message> for Socket {
    type Error = SendError;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if self.as_mut().poll_slot(context)?.is_pending() {
            return Poll::Pending;
        }
        self.handle.poll_room(1, context)
    }

    fn start_send(mut self: Pin<&mut Self>, message: Message) -> Result<(), SendError> {
        let losses = self.handle.driver().losses.get();
        self.losses.get_or_insert(losses);
        match self.handle.try_send(message) {
            Ok(()) => Ok(()),
            // There was room for one, only not for one of this size: it goes as soon as it fits.
            Err(unsent) if unsent.error == SendError::Full && self.slot.is_none() => {
                self.slot = Some(unsent.message);
                Ok(())
            }
            Err(unsent) => {
                self.handle.driver().keep_unsent(vec![unsent.message]);
                Err(unsent.error)
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if self.as_mut().poll_slot(context)?.is_pending() {
            return Poll::Pending;
        }
        let drained = std::task::ready!(self.handle.poll_drained(context));
        Poll::Ready(self.account().and(drained))
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), SendError>> {
        if matches!(self.handle.state(), State::Open | State::Connecting { .. } | State::Waiting { .. }) {
            // What was lost does not keep the connection open: it closes all the same, and says so at the end.
            self.flushed = std::task::ready!(self.as_mut().poll_flush(context));
            self.handle.begin_close(Close::normal());
        }
        std::task::ready!(self.handle.poll_closed(context));
        let flushed = std::mem::replace(&mut self.flushed, Ok(()));
        Poll::Ready(flushed.and(self.account()))
    }
}

/// The reading half of a connection: a `Stream` of messages.
pub struct Receiver {
    handle: Handle,
}

impl Deref for Receiver {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

impl Stream for Receiver {
    type Item = Incoming;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Incoming>> {
        self.handle.poll_message(context)
    }
}
