//! The hook for an endpoint's typed connection.

use std::marker::PhantomData;

use rejoin::{
    Builder, Decode, Encode, Endpoint, Event, Incoming, TypedSendError, TypedSender, Undecodable, decode,
};
use yew::prelude::*;

use crate::connection::{Latest, use_connection};
use crate::{Connection, UseSocketHandle};

/// A component's connection to an endpoint.
pub struct UseEndpointHandle<E: Endpoint> {
    socket: UseSocketHandle,
    endpoint: PhantomData<fn() -> E>,
}

impl<E: Endpoint> UseEndpointHandle<E> {
    /// Where the connection is, as of this rendering; each change renders anew.
    #[must_use]
    pub fn state(&self) -> &Connection {
        self.socket.state()
    }

    /// The connection itself, to send values, close, reconnect and ask; `None` before the first rendering and after a
    /// failure to begin.
    #[must_use]
    pub fn sender(&self) -> Option<TypedSender<E::ToServer, E::Codec>> {
        self.socket.handle().map(TypedSender::new)
    }
}

impl<E: Endpoint> UseEndpointHandle<E>
where
    E::Codec: Encode<E::ToServer>,
{
    /// Sends a value now or queues it.
    ///
    /// # Errors
    /// When the value can't be written or the message not be taken; before the first rendering as if closed.
    pub fn try_send(&self, value: &E::ToServer) -> Result<(), TypedSendError> {
        match self.sender() {
            Some(sender) => sender.try_send(value),
            None => Err(TypedSendError::Send(rejoin::SendError::Closed)),
        }
    }
}

impl<E: Endpoint> Clone for UseEndpointHandle<E> {
    fn clone(&self) -> Self {
        Self { socket: self.socket.clone(), endpoint: PhantomData }
    }
}

impl<E: Endpoint> PartialEq for UseEndpointHandle<E> {
    fn eq(&self, other: &Self) -> bool {
        self.socket == other.socket
    }
}

/// An endpoint's connection for as long as the component lives; see [`use_socket`](crate::use_socket). A message that
/// can't be read is emitted as [`Undecodable`] with the raw payload in it. Use [`Builder::endpoint`] in `builder`.
#[hook]
pub fn use_endpoint<E: Endpoint>(
    builder: impl FnOnce() -> Builder + 'static,
    on_message: Callback<Result<E::ToClient, Undecodable>>,
    on_event: Callback<Event>,
) -> UseEndpointHandle<E>
where
    E::Codec: Decode<E::ToClient>,
    E::ToClient: 'static,
{
    let on_message = Callback::from(move |message: Incoming| {
        on_message.emit(decode::<E::ToClient, E::Codec>(message));
    });
    let socket = use_connection(builder, Latest { on_message, on_event: Some(on_event) });
    UseEndpointHandle { socket, endpoint: PhantomData }
}
