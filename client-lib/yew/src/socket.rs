//! The hook for a plain connection.

use std::cell::RefCell;
use std::rc::Rc;

use rejoin::{Builder, Event, Handle, Incoming};
use yew::prelude::*;

use crate::Connection;
use crate::connection::{Latest, use_connection};

/// A component's connection.
#[derive(Clone)]
pub struct UseSocketHandle {
    connection: UseStateHandle<Connection>,
    handle: Rc<RefCell<Option<Handle>>>,
}

impl UseSocketHandle {
    pub(crate) fn new(
        (connection, handle): (UseStateHandle<Connection>, Rc<RefCell<Option<Handle>>>),
    ) -> Self {
        Self { connection, handle }
    }

    /// Where the connection is, as of this rendering; each change renders anew.
    #[must_use]
    pub fn state(&self) -> &Connection {
        &self.connection
    }

    /// The connection itself, to send, close, reconnect and ask; `None` before the first rendering and after a failure
    /// to begin.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        self.handle.borrow().clone()
    }
}

impl PartialEq for UseSocketHandle {
    fn eq(&self, other: &Self) -> bool {
        *self.connection == *other.connection && Rc::ptr_eq(&self.handle, &other.handle)
    }
}

/// A connection for as long as the component lives: opened after its first rendering, closed with 1000 when it goes.
/// Every message is emitted, in order; none of a burst is lost.
///
/// `builder` is called once. To connect elsewhere give the component another `key`.
#[hook]
pub fn use_socket(
    builder: impl FnOnce() -> Builder + 'static,
    on_message: Callback<Incoming>,
) -> UseSocketHandle {
    UseSocketHandle::new(use_connection(builder, Latest { on_message, on_event: None }))
}

/// [`use_socket`], and every [`Event`] as well: what was evicted and what was never sent, each end, each round trip.
#[hook]
pub fn use_socket_with_events(
    builder: impl FnOnce() -> Builder + 'static,
    on_message: Callback<Incoming>,
    on_event: Callback<Event>,
) -> UseSocketHandle {
    UseSocketHandle::new(use_connection(builder, Latest { on_message, on_event: Some(on_event) }))
}
