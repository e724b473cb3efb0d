//! The application of a hub: who may do what, and what is done.

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use http::HeaderMap;
use rejoin_protocol::session::SessionMessage;
use rejoin_protocol::wire::{Alias, Body, Denial};

use super::{Action, SessionHandle};

/// What is known of a client when it says HELLO or brings a fresh token.
#[derive(Debug)]
#[non_exhaustive]
pub struct Credentials<'a> {
    /// The headers of its upgrade request, cookies among them. A cookie is worth nothing without the check of the
    /// origin, which [`Acceptor`](crate::Acceptor) has made.
    pub headers: &'a HeaderMap,
    /// Its address, if the server tells.
    pub peer: Option<SocketAddr>,
    /// The token in its HELLO or AUTH.
    pub token: Option<&'a [u8]>,
}

/// Who a client is.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Identity<C> {
    /// Its name for the application: a session belongs to one principal. Empty for everybody who is not named.
    pub principal: String,
    /// What the application wants to know of it later.
    pub context: C,
    /// For how long. Then the connection is closed with 4401, unless the client has brought a fresh token.
    pub expires_in: Option<Duration>,
}

impl<C> Identity<C> {
    /// Somebody who is named.
    pub fn named(principal: impl Into<String>, context: C) -> Self {
        Self { principal: principal.into(), context, expires_in: None }
    }

    /// Anybody.
    pub fn anonymous(context: C) -> Self {
        Self::named("", context)
    }

    /// Sets how long that is so.
    #[must_use]
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires_in = Some(time);
        self
    }
}

/// Why a client is turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthError {
    /// Its token or cookie is missing, wrong or expired: it may bring another. Closes with 4401.
    Unauthenticated,
    /// It may not connect, whoever it is. Closes with 4403.
    Forbidden,
    /// It can't be known at present. Closes with 4101: the client comes back.
    Unavailable,
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unauthenticated => "the token is missing, wrong or expired",
            Self::Forbidden => "you may not connect here",
            Self::Unavailable => "who you are can't be checked at present",
        })
    }
}

impl std::error::Error for AuthError {}

/// Why a session's messages were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionEnd {
    /// The client came back to a numbering that began anew; the session goes on.
    Renumbered,
    /// The client takes no messages of their size; the session goes on.
    TooLarge,
    /// It did not come back in time.
    Expired,
    /// It said that it was over.
    Finished,
    /// The sessions together held too much memory: it had been away longest, or held most.
    Memory,
    /// There were as many sessions as may be, and it had been away longest and held nothing.
    Crowded,
    /// A restart of the server was played.
    Forgotten,
    /// The application ended it.
    Ended,
    /// The server stops. Its identity lives on: another process may keep it.
    Shutdown,
}

/// What became of messages to a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostMessages {
    /// Why.
    pub reason: SessionEnd,
    /// They were transmitted, and whether they arrived is unknown.
    pub unacked: Vec<SessionMessage>,
    /// They were never transmitted.
    pub unsent: Vec<SessionMessage>,
}

/// An application: what a hub asks and tells. Each method has a default, so that an application says only what it
/// cares for. Methods that are not `async` are called within a connection's task: decide from memory, and bring what
/// needs a look-up into the context when [`authenticate`](Self::authenticate) is called.
pub trait Application: Send + Sync + Sized + 'static {
    /// What is known of each client.
    type Context: Send + Sync + 'static;

    /// Who is this?
    fn authenticate(
        &self,
        credentials: Credentials<'_>,
    ) -> impl Future<Output = Result<Identity<Self::Context>, AuthError>> + Send;

    /// May it do this? It is asked when somebody begins; of who follows a channel already, and may no longer, a session is
    /// told by [`SessionHandle::unfollow`]. Whoever may follow a channel and asks to be listed sees who else is, even if
    /// it may not be listed itself; a client whose presence is refused is told so, and its feed goes on. The refusal of a publication is recorded, so that the same publication is refused whenever it is
    /// sent again. Default: everything, in every channel.
    ///
    /// What goes through a channel of a type is read by [`Action::read`], which see for an example.
    ///
    /// # Errors
    /// The refusal, for the client to hear.
    fn authorize(
        &self,
        _who: &SessionHandle<Self>,
        _channel: &str,
        _action: Action<'_>,
    ) -> Result<(), Denial> {
        Ok(())
    }

    /// A session has begun, or its numbering anew. Default: nothing.
    fn opened(&self, _session: &SessionHandle<Self>) {}

    /// A message of a session. The next one comes when this future is done; meanwhile the client may send as much as
    /// its window allows. Default: dropped, with a word in the log.
    fn message(
        &self,
        session: &SessionHandle<Self>,
        message: SessionMessage,
    ) -> impl Future<Output = ()> + Send {
        let alias = session.alias();
        async move {
            tracing::debug!(alias, bytes = message.body.len(), "a message came that nobody handles");
        }
    }

    /// A question. Dropped when the client cancels it, its time is over or its connection ends. Default: refused.
    fn call(
        &self,
        _session: &SessionHandle<Self>,
        _question: Body,
    ) -> impl Future<Output = Result<Body, Denial>> + Send {
        async { Err(Denial { code: 404, reason: "this server answers no calls".into() }) }
    }

    /// Something that may be lost, for the application itself. Default: nothing.
    fn volatile(&self, _session: &SessionHandle<Self>, _payload: Body) {}

    /// Messages to a client were lost. Default: nothing but a word in the log.
    fn lost(&self, session: &SessionHandle<Self>, lost: LostMessages) {
        let (alias, unacked, unsent) = (session.alias(), lost.unacked.len(), lost.unsent.len());
        tracing::info!(alias, unacked, unsent, reason = ?lost.reason, "messages lost");
    }

    /// A session is over. When the server stops, all of this process are, whether connected or away: each is told of, and
    /// of what it loses, behind the last connection's end and before
    /// [`Connections::drain`](crate::Connections::drain) is done. Default: nothing.
    fn closed(&self, _alias: Alias, _context: &Self::Context) {}
}
