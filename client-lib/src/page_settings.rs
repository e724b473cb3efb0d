//! Settings of the builder for pages that are hidden, left or kept in the back-forward cache.

use std::time::Duration;

use crate::Builder;
#[cfg(doc)]
use crate::{Closed, ClosedBy, State};

impl Builder {
    /// How long the page may be hidden before attempts pause until it is visible: for pages that are of no use unseen.
    /// While paused the state is [`State::Waiting`] with a delay of [`Duration::MAX`], and what is sent is queued. An open
    /// connection stays open. Default `None`, since a page may tell its user of news while it is hidden. Without
    /// [`reconnect`](Self::reconnect), and outside of a browser, nothing pauses.
    #[must_use]
    pub fn pause_hidden_after(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.pauses.get_or_insert_with(Box::default).attempts = time.into();
        self
    }

    /// How long the page may be hidden before its connection is closed, with [`ClosedBy::Paused`], and attempts pause as
    /// with [`pause_hidden_after`](Self::pause_hidden_after). Default `None`.
    #[must_use]
    pub fn close_hidden_after(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.options.pauses.get_or_insert_with(Box::default).close = time.into();
        self
    }

    /// Whether the connection is closed, with [`ClosedBy::Paused`], when the page goes into the back-forward cache, and
    /// made again when it comes back. Default true: nothing runs in the cache, so that the server would hold a dead
    /// connection. Firefox keeps no page in its cache that had a connection when it was left. Without [`reconnect`](Self::reconnect) nothing is closed.
    #[must_use]
    pub fn close_on_page_hide(mut self, close: bool) -> Self {
        self.options.close_on_page_hide = close;
        self
    }

    /// Opens a new connection when the page comes back into sight, or the network back, after longer than this. It is for servers
    /// that answer no ping, where nothing else shows that the connection has died meanwhile; with
    /// [`keep_alive`](Self::keep_alive) a ping finds out instead. The old connection is left as by
    /// [`reconnect`](crate::Handle::reconnect), with [`ClosedBy::Caller`]. What waits in the queue goes over the new one. What was
    /// handed to the old one and had not arrived is lost ([`Closed::unsent_bytes`] says how much had not even left), and so is
    /// what the server sends until the new one is open.
    ///
    /// Time asleep counts while the page is hidden or the network gone; a change of the clock alone replaces no connection.
    /// Default: never, since it cuts connections that live. Without [`reconnect`](Self::reconnect), and outside of a browser,
    /// nothing happens.
    #[must_use]
    pub fn renew_after(mut self, absence: Duration) -> Self {
        self.link_mut().renew_after = Some(absence);
        self
    }
}
