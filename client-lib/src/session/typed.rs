//! Typed messages over a session.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use rejoin_codec::{CodecError, Decode, Encode, Frame, FrameRef};
use rejoin_protocol::session::SessionMessage;

use super::{Session, SessionHandle};
use crate::TypedSendError;

/// A [`Session`] whose messages to the server are `Tx` and from it `Rx`, written by the codec `C`. As a `Stream` it
/// yields `Result<Rx, UndecodableMessage>`: a message that can't be read is an item, not the end.
///
/// ```no_run
/// # #[cfg(feature = "json")]
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use futures::StreamExt;
/// use rejoin::session::TypedSession;
/// use rejoin::{Json, Session};
///
/// let session = Session::connect("wss://example.org/kitchen").await?;
/// let mut kitchen: TypedSession<(u8, String), u8, Json> = session.into_typed();
/// kitchen.send(&(4, "soup".into())).await?;
/// match kitchen.next().await {
///     Some(Ok(table)) => println!("table {table} is served"),
///     Some(Err(odd)) => println!("{odd}: {:?}", odd.raw),
///     None => println!("over"),
/// }
/// # Ok(())
/// # }
/// ```
pub struct TypedSession<Tx, Rx, C> {
    session: Session,
    types: PhantomData<fn(Tx) -> (Rx, C)>,
}

impl<Tx, Rx, C> TypedSession<Tx, Rx, C> {
    /// Types over a session.
    #[must_use]
    pub fn new(session: Session) -> Self {
        Self { session, types: PhantomData }
    }

    /// The session without types.
    #[must_use]
    pub fn into_session(self) -> Session {
        self.session
    }
}

impl<Tx, Rx, C: Encode<Tx>> TypedSession<Tx, Rx, C> {
    /// Sends a value; see [`SessionHandle::try_send`].
    ///
    /// # Errors
    /// When the value can't be written or the message not be taken. The value is only borrowed.
    pub fn try_send(&self, value: &Tx) -> Result<(), TypedSendError> {
        let message = to_message(C::encode(value)?);
        self.session.try_send(message).map_err(|refused| TypedSendError::Send(refused.reason.into()))
    }

    /// Sends a value, waiting for room; see [`SessionHandle::send`].
    ///
    /// # Errors
    /// When the value can't be written or the message not be taken. The value is only borrowed.
    pub async fn send(&self, value: &Tx) -> Result<(), TypedSendError> {
        let message = to_message(C::encode(value)?);
        self.session.send(message).await.map_err(|refused| TypedSendError::Send(refused.reason.into()))
    }
}

/// What is not about types. Its `try_send` and `send` are hidden by the typed ones.
impl<Tx, Rx, C> Deref for TypedSession<Tx, Rx, C> {
    type Target = SessionHandle;

    fn deref(&self) -> &SessionHandle {
        &self.session
    }
}

impl<Tx, Rx, C: Decode<Rx>> Stream for TypedSession<Tx, Rx, C> {
    type Item = Result<Rx, UndecodableMessage>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.session).poll_next(context).map(|message| message.map(decode::<Rx, C>))
    }
}

fn to_message(frame: Frame) -> SessionMessage {
    match frame {
        Frame::Text(text) => text.into(),
        Frame::Binary(bytes) => bytes.into(),
    }
}

fn decode<Rx, C: Decode<Rx>>(raw: SessionMessage) -> Result<Rx, UndecodableMessage> {
    let decoded = match raw.as_text() {
        Some(text) => C::decode(FrameRef::Text(text)),
        None if raw.binary => C::decode(FrameRef::Binary(&raw.body)),
        None => Err(CodecError::Malformed { codec: C::NAME, reason: "the text is not UTF-8".into() }),
    };
    decoded.map_err(|error| UndecodableMessage { raw, error })
}

/// A received message that is not of the expected type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecodableMessage {
    /// The message as it came.
    pub raw: SessionMessage,
    /// What was wrong with it.
    pub error: CodecError,
}

impl fmt::Display for UndecodableMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for UndecodableMessage {}

#[cfg(all(test, feature = "json"))]
mod tests {
    use super::*;
    use rejoin_codec::Json;

    #[test]
    fn a_message_that_can_t_be_read_is_handed_over_as_it_came() {
        let raw = SessionMessage::text("seventeen");
        let odd = decode::<u32, Json>(raw.clone()).unwrap_err();
        assert_eq!(odd.raw, raw);
        assert_eq!(decode::<u32, Json>("17".into()), Ok(17));
    }
}
