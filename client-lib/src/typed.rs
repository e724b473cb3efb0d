//! Typed messages over a connection.

use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_sink::Sink;
use rejoin_codec::{Codec, CodecError, Decode, Encode, Endpoint};
use rejoin_protocol::{Close, Closed};

use crate::{Handle, Incoming, Message, SendError, Socket};

/// A [`Socket`] that sends `Tx` and receives `Rx`, written by the codec `C`. As a `Stream` it yields
/// `Result<Rx, Undecodable>`: a message that can't be read is an item with the raw payload in it, not the end of the
/// connection.
///
/// ```no_run
/// # #[cfg(feature = "json")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use futures::StreamExt;
/// use rejoin::{Json, Socket, Typed};
///
/// #[derive(serde::Serialize)]
/// struct Order { table: u8, dish: String }
/// #[derive(serde::Deserialize, Debug)]
/// struct Served { table: u8 }
///
/// let socket = Socket::connect("wss://example.org/kitchen").await?;
/// let mut kitchen: Typed<Order, Served, Json> = socket.into_typed();
/// kitchen.send(&Order { table: 4, dish: "soup".into() }).await?;
/// match kitchen.next().await {
///     Some(Ok(served)) => println!("{served:?}"),
///     Some(Err(odd)) => println!("{}: {:?}", odd.error, odd.raw),
///     None => println!("closed"),
/// }
/// # Ok(())
/// # }
/// ```
pub struct Typed<Tx, Rx, C> {
    socket: Socket,
    types: PhantomData<fn(Tx) -> (Rx, C)>,
}

/// The connection of an [`Endpoint`]'s client.
pub type TypedSocket<E> = Typed<<E as Endpoint>::ToServer, <E as Endpoint>::ToClient, <E as Endpoint>::Codec>;

impl<Tx, Rx, C> Typed<Tx, Rx, C> {
    /// Types over a connection.
    #[must_use]
    pub fn new(socket: Socket) -> Self {
        Self { socket, types: PhantomData }
    }

    /// The connection without types.
    #[must_use]
    pub fn into_socket(self) -> Socket {
        self.socket
    }

    /// A handle to send with, apart from reading. It keeps the connection alive.
    #[must_use]
    pub fn sender(&self) -> TypedSender<Tx, C> {
        TypedSender::new(self.socket.handle())
    }

    /// As [`Handle::close`]. Here as well, so that it is this one that is called where `SinkExt` is imported.
    pub async fn close(&self, close: Close) -> Closed {
        self.socket.close(close).await
    }
}

impl<Tx, Rx, C: Encode<Tx>> Typed<Tx, Rx, C> {
    /// Sends a value now or queues it; see [`Handle::try_send`].
    ///
    /// # Errors
    /// When the value can't be written or the message not be taken. The value is only borrowed.
    pub fn try_send(&self, value: &Tx) -> Result<(), TypedSendError> {
        try_send::<Tx, C>(&self.socket, value)
    }

    /// Sends a value, waiting for room; see [`Handle::send`].
    ///
    /// # Errors
    /// When the value can't be written or the message not be taken. The value is only borrowed.
    pub async fn send(&self, value: &Tx) -> Result<(), TypedSendError> {
        send::<Tx, C>(&self.socket, value).await
    }
}

fn try_send<Tx, C: Encode<Tx>>(handle: &Handle, value: &Tx) -> Result<(), TypedSendError> {
    let message = Message::from(C::encode(value)?);
    handle.try_send(message).map_err(|unsent| TypedSendError::Send(unsent.error))
}

async fn send<Tx, C: Encode<Tx>>(handle: &Handle, value: &Tx) -> Result<(), TypedSendError> {
    let message = Message::from(C::encode(value)?);
    handle.send(message).await.map_err(|unsent| TypedSendError::Send(unsent.error))
}

/// What is not about types: state, closing, reconnecting. Its `try_send` and `send` are hidden by the typed ones.
impl<Tx, Rx, C> Deref for Typed<Tx, Rx, C> {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.socket
    }
}

impl<Tx, Rx, C: Decode<Rx>> Stream for Typed<Tx, Rx, C> {
    type Item = Result<Rx, Undecodable>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.socket.poll_message(context).map(|message| message.map(decode::<Rx, C>))
    }
}

/// Reads a received message as `Rx`.
///
/// # Errors
/// [`Undecodable`], with the message in it.
pub fn decode<Rx, C: Decode<Rx>>(message: Incoming) -> Result<Rx, Undecodable> {
    let decoded = match message.to_frame() {
        Some(frame) => C::decode(frame.as_ref()),
        None => Err(CodecError::WrongKind { codec: <C as Codec>::NAME, got: "Blob" }),
    };
    decoded.map_err(|error| Undecodable { raw: message, error })
}

impl<Tx, Rx, C: Encode<Tx>> Sink<Tx> for Typed<Tx, Rx, C> {
    type Error = TypedSendError;

    fn poll_ready(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.socket).poll_ready(context).map_err(TypedSendError::Send)
    }

    fn start_send(mut self: Pin<&mut Self>, value: Tx) -> Result<(), Self::Error> {
        let message = Message::from(C::encode(&value)?);
        Pin::new(&mut self.socket).start_send(message).map_err(TypedSendError::Send)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.socket).poll_flush(context).map_err(TypedSendError::Send)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.socket).poll_close(context).map_err(TypedSendError::Send)
    }
}

/// The sending half of a [`Typed`], cheap to clone.
pub struct TypedSender<Tx, C> {
    handle: Handle,
    types: PhantomData<fn(Tx) -> C>,
}

impl<Tx, C> TypedSender<Tx, C> {
    /// Types over a handle.
    #[must_use]
    pub fn new(handle: Handle) -> Self {
        Self { handle, types: PhantomData }
    }
}

impl<Tx, C: Encode<Tx>> TypedSender<Tx, C> {
    /// Sends a value now or queues it; see [`Handle::try_send`].
    ///
    /// # Errors
    /// When the value can't be written or the message not be taken. The value is only borrowed.
    pub fn try_send(&self, value: &Tx) -> Result<(), TypedSendError> {
        try_send::<Tx, C>(&self.handle, value)
    }

    /// Sends a value, waiting for room; see [`Handle::send`].
    ///
    /// # Errors
    /// When the value can't be written or the message not be taken. The value is only borrowed.
    pub async fn send(&self, value: &Tx) -> Result<(), TypedSendError> {
        send::<Tx, C>(&self.handle, value).await
    }
}

impl<Tx, C> Clone for TypedSender<Tx, C> {
    fn clone(&self) -> Self {
        Self::new(self.handle.clone())
    }
}

impl<Tx, C> Deref for TypedSender<Tx, C> {
    type Target = Handle;

    fn deref(&self) -> &Handle {
        &self.handle
    }
}

/// A received message that is not of the expected type.
#[derive(Debug, Clone)]
pub struct Undecodable {
    /// The message as it came.
    pub raw: Incoming,
    /// What was wrong with it.
    pub error: CodecError,
}

impl std::fmt::Display for Undecodable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Undecodable {}

/// Why a value was not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TypedSendError {
    /// The caller's: the value can't be written by the codec.
    Encode(CodecError),
    /// The message could not be taken.
    Send(SendError),
}

impl TypedSendError {
    /// Whether the same value may be taken later without anybody doing anything.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Send(error) if error.is_retryable())
    }
}

impl std::fmt::Display for TypedSendError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Encode(error) => error.fmt(f),
            Self::Send(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TypedSendError {}

impl From<CodecError> for TypedSendError {
    fn from(error: CodecError) -> Self {
        Self::Encode(error)
    }
}
