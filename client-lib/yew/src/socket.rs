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
    /// Of the connection of this number, as the two below.
    pub(crate) connection: UseStateHandle<(u64, Connection)>,
    pub(crate) handle: Rc<RefCell<Option<(u64, Handle)>>>,
    /// The connection that this rendering is about.
    pub(crate) turn: u64,
}

impl UseSocketHandle {
    /// Where the connection is, as of this rendering; each change renders anew.
    #[must_use]
    pub fn state(&self) -> &Connection {
        match &*self.connection {
            (turn, connection) if *turn == self.turn => connection,
            _ => &Connection::Idle,
        }
    }

    /// The connection itself, to send, close, reconnect and ask; `None` before the first rendering with this target and
    /// after a failure to begin, and once a later rendering has another target.
    #[must_use]
    pub fn handle(&self) -> Option<Handle> {
        let held = self.handle.borrow();
        held.as_ref().filter(|(turn, _)| *turn == self.turn).map(|(_, handle)| handle.clone())
    }
}

impl PartialEq for UseSocketHandle {
    fn eq(&self, other: &Self) -> bool {
        (self.turn, self.state()) == (other.turn, other.state()) && Rc::ptr_eq(&self.handle, &other.handle)
    }
}

/// A connection for as long as the component lives: opened after its first rendering, closed with 1000 when it goes.
/// Every message is emitted, in order; none of a burst is lost.
///
/// `builder` is called at each rendering. Where its URL and subprotocols are as they were, the connection stays; where
/// they are others, the present one is closed and another opened, and nothing of the closed one is emitted any more. All
/// other settings are those of the rendering in which the connection was opened. A builder that
/// [asks](Builder::asking) for its target never changes it: give the component another `key`.
#[hook]
pub fn use_socket(
    builder: impl FnOnce() -> Builder + 'static,
    on_message: Callback<Incoming>,
) -> UseSocketHandle {
    use_connection(builder, Latest { on_message, on_event: None })
}

/// [`use_socket`], and every [`Event`] as well: what was evicted and what was never sent, each end, each round trip. Messages
/// that wait when the target changes or the component goes are emitted as [`Event::Unsent`], unless the connection is
/// open, which transmits them before it closes.
#[hook]
pub fn use_socket_with_events(
    builder: impl FnOnce() -> Builder + 'static,
    on_message: Callback<Incoming>,
    on_event: Callback<Event>,
) -> UseSocketHandle {
    use_connection(builder, Latest { on_message, on_event: Some(on_event) })
}
