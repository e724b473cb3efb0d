//! Typed connections: the messages of an [`Endpoint`] instead of payloads.

use std::marker::PhantomData;

use rejoin_codec::{CodecError, Decode, Encode, Endpoint};

use crate::connection::{Connection, Sender};
use crate::message::Message;

/// What came from the peer: a value, or a payload that is none.
#[derive(Debug)]
pub enum Received<T> {
    /// A message of the endpoint.
    Value(T),
    /// A payload that does not decode. The connection goes on; what to do is the handler's to say.
    Undecodable {
        /// The payload.
        message: Message,
        /// Why it does not decode.
        error: CodecError,
    },
}

/// Writes a value once, to be sent to many: a clone of the message shares its payload.
///
/// # Errors
/// When the endpoint's codec can't write the value.
pub fn encode<E: Endpoint>(value: &E::ToClient) -> Result<Message, CodecError>
where
    E::Codec: Encode<E::ToClient>,
{
    <E::Codec as Encode<E::ToClient>>::encode(value).map(Message::from)
}

/// A connection that speaks an [`Endpoint`].
#[derive(Debug)]
pub struct Typed<E> {
    connection: Connection,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> Typed<E> {
    /// Speaks an endpoint over a connection.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self { connection, endpoint: PhantomData }
    }

    /// Waits for the next message, as [`Connection::recv`] does.
    pub async fn recv(&mut self) -> Option<Received<E::ToServer>>
    where
        E::Codec: Decode<E::ToServer>,
    {
        let message = self.connection.recv().await?;
        Some(match <E::Codec as Decode<E::ToServer>>::decode(message.as_frame()) {
            Ok(value) => Received::Value(value),
            Err(error) => Received::Undecodable { message, error },
        })
    }

    /// The connection itself.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// A handle that sends on the connection, from anywhere.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.connection.sender()
    }
}
