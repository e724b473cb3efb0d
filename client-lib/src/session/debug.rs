//! How sessions show themselves in `{:?}`: by their state, and never by what goes through them or what proves them.

use std::fmt::{Debug, Formatter, Result};

use super::{
    Call, Connected, Events, Feed, Receipt, Session, SessionBuilder, SessionHandle, TypedChannel, TypedFeed,
    TypedSession, WeakSession,
};

impl Debug for SessionHandle {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        // The state as it was told last: formatting changes nothing.
        f.debug_struct("SessionHandle").field("state", &self.0.watch.get()).finish_non_exhaustive()
    }
}

impl Debug for WeakSession {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("WeakSession").field(&self.upgrade()).finish()
    }
}

impl Debug for Session {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("Session").field(&**self).finish()
    }
}

impl<Tx, Rx, C> Debug for TypedSession<Tx, Rx, C> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("TypedSession").field(&**self).finish()
    }
}

impl Debug for Connected {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        match self {
            Self::Session(session) => f.debug_tuple("Session").field(session).finish(),
            Self::Plain(socket) => f.debug_tuple("Plain").field(socket).finish(),
        }
    }
}

/// Without the URL and what authenticates the client.
impl Debug for SessionBuilder {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("SessionBuilder").finish_non_exhaustive()
    }
}

impl Debug for Events {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("Events").finish()
    }
}

impl Debug for Feed {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Feed").field("position", &self.position()).finish_non_exhaustive()
    }
}

impl<C> Debug for TypedFeed<C> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_tuple("TypedFeed").field(self.as_feed()).finish()
    }
}

impl<C: super::Channel> Debug for TypedChannel<C> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("TypedChannel").field("name", &self.name()).finish_non_exhaustive()
    }
}

impl Debug for Receipt {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Receipt").field("settled", &self.is_settled()).finish_non_exhaustive()
    }
}

impl Debug for Call {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}
