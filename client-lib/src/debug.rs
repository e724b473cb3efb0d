//! How connections show themselves in `{:?}`: by their state, and never by what goes through them.

use std::fmt::{Debug, Formatter, Result};

use crate::{Builder, Handle, KeepAlive, Receiver, Socket, States, Typed, TypedSender, WeakHandle};

impl Debug for Handle {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        // The state as it was told last: formatting changes nothing.
        f.debug_struct("Handle").field("state", &self.driver().watch.get()).finish_non_exhaustive()
    }
}

impl Debug for WeakHandle {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("WeakHandle").field(&self.upgrade()).finish()
    }
}

impl Debug for Socket {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("Socket").field(&**self).finish()
    }
}

impl Debug for Receiver {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("Receiver").field(&**self).finish()
    }
}

impl<Tx, Rx, C> Debug for Typed<Tx, Rx, C> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("Typed").field(&**self).finish()
    }
}

impl<Tx, C> Debug for TypedSender<Tx, C> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("TypedSender").field(&**self).finish()
    }
}

impl<S: Clone + Debug> Debug for States<S> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("States").field(&self.present()).finish()
    }
}

/// Without URL and first messages, in which there may be tokens.
impl Debug for Builder {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Builder").field("link", &self.link).finish_non_exhaustive()
    }
}

impl Debug for KeepAlive {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("KeepAlive").field("timing", &self.timing).finish_non_exhaustive()
    }
}
