//! The session as its owner sees it: a `Stream` of messages, and a handle.

use std::future::poll_fn;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use rejoin_protocol::session::{SessionMessage, Taken};

use super::{ConnectError, SessionBuilder, SessionHandle, TypedSession};

/// A session with a server that speaks `rejoin.v1`, over as many connections as it takes; see the
/// [module](crate::session).
///
/// As a `Stream` it yields the messages of the server's application, each once and in order, and ends when the session
/// is over. Everything else is done through its [`SessionHandle`], to which it dereferences.
///
/// ```no_run
/// use futures::StreamExt;
/// use rejoin::Session;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let mut session = Session::connect("wss://example.org/session").await?;
/// session.send("hello").await?;
/// while let Some(message) = session.next().await {
///     println!("{:?}", message.as_text());
/// }
/// # Ok(())
/// # }
/// ```
pub struct Session {
    handle: SessionHandle,
}

impl Session {
    pub(crate) fn new(handle: SessionHandle) -> Self {
        Self { handle }
    }

    /// Settings for a session at `url`.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> SessionBuilder {
        SessionBuilder::new(url)
    }

    /// Begins a session with the default settings; see [`SessionBuilder::open`].
    ///
    /// # Errors
    /// For what can't become right by trying again.
    pub fn open(url: impl Into<String>) -> Result<Self, ConnectError> {
        SessionBuilder::new(url).open()
    }

    /// Begins a session with the default settings; see [`SessionBuilder::connect`].
    ///
    /// # Errors
    /// When the first attempt fails.
    pub async fn connect(url: impl Into<String>) -> Result<Self, ConnectError> {
        SessionBuilder::new(url).connect().await
    }

    /// A handle to send, publish, subscribe, call and close with, apart from reading. It keeps the session alive.
    #[must_use]
    pub fn handle(&self) -> SessionHandle {
        self.handle.clone()
    }

    /// The next message of the server's application, or `None` when the session is over.
    pub async fn recv(&mut self) -> Option<SessionMessage> {
        self.recv_held().await.map(|(message, _)| message)
    }

    /// The next message, and by what it is [released](SessionHandle::release) once it has been stored; for
    /// [`release_by_hand`](SessionBuilder::release_by_hand).
    pub async fn recv_held(&mut self) -> Option<(SessionMessage, Taken)> {
        poll_fn(|context| self.handle.poll_message(context)).await
    }

    /// Messages of the types `Tx` and `Rx`, written by the codec `C`.
    #[must_use]
    pub fn into_typed<Tx, Rx, C>(self) -> TypedSession<Tx, Rx, C> {
        TypedSession::new(self)
    }
}

impl Deref for Session {
    type Target = SessionHandle;

    fn deref(&self) -> &SessionHandle {
        &self.handle
    }
}

impl Stream for Session {
    type Item = SessionMessage;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<SessionMessage>> {
        self.handle.poll_message(context).map(|taken| taken.map(|(message, _)| message))
    }
}
