//! What a client's session tells its application, and what it is configured with.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::super::calls::{CallId, CallOutcome};
use super::super::publications::{Publication, Settlement};
use super::super::{InvalidLimit, SessionLimits, SessionMessage, SubscriptionId, Violation};
use crate::wire::{Alias, Body, Denial, SessionId, Token};

/// What a client's session is configured with.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// The limits.
    pub limits: SessionLimits,
    /// The application's own subprotocols, the preferred first.
    pub protocols: Vec<String>,
    /// Name and version of the client, for the server's logs.
    pub client: String,
    /// Whether a message is released by hand, once the application has stored it, rather than when it is taken.
    pub release_by_hand: bool,
    /// Whether publications are stored for a reload of the page: they are transmitted once
    /// [`ClientSession::stored`](super::ClientSession::stored) was called for them.
    pub persistent: bool,
    /// How long the server may take to answer HELLO. Default 10 s.
    pub greeting_timeout: core::time::Duration,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            limits: SessionLimits::default(),
            protocols: Vec::new(),
            client: String::new(),
            release_by_hand: false,
            persistent: false,
            greeting_timeout: core::time::Duration::from_secs(10),
        }
    }
}

impl ClientConfig {
    /// Says which limit or time can't work.
    ///
    /// # Errors
    /// The caller's, at the first such one.
    pub fn check(&self) -> Result<(), InvalidLimit> {
        self.limits.check()?;
        if self.greeting_timeout.is_zero() {
            return Err(InvalidLimit::TooSmall { name: "greeting_timeout", least: 1 });
        }
        Ok(())
    }
}

/// What identifies a session, to be kept over a reload of the page.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Pair {
    /// The session.
    pub id: SessionId,
    /// What proves it.
    pub token: Token,
    /// The name under which others see it.
    pub alias: Alias,
    /// The number of its newest connection.
    pub attempt: u64,
}

/// Without the token.
impl fmt::Debug for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Pair");
        shown.field("id", &self.id).field("alias", &self.alias).field("attempt", &self.attempt);
        shown.finish_non_exhaustive()
    }
}

/// Why session messages were lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LostReason {
    /// The server has no memory of them: it was restarted, or another instance answered. The identity and its
    /// publications go on, and what was not transmitted goes out.
    Kept,
    /// The server gave a new identity: the old one has expired, or belongs to another principal. What was not
    /// transmitted is held until the application decides.
    Fresh,
    /// This end gave the identity up, because the two ends counted differently or the log went back. What was not
    /// transmitted is held until the application decides.
    GivenUp,
    /// The server does not take messages of their size. The session goes on.
    TooLarge,
    /// The session is over.
    Stopped,
}

/// What is lost of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Why.
    pub reason: LostReason,
    /// Messages that were transmitted and whose fate is unknown.
    pub unacked: Vec<SessionMessage>,
    /// Messages that were never transmitted and that this end does not keep: only where the session is over, or the
    /// server does not take messages of their size.
    pub unsent: Vec<SessionMessage>,
}

/// What happens to a client's session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientEvent {
    /// The server has answered: the session is live.
    Live {
        /// Whether it is the same session, with its messages.
        resumed: bool,
        /// The application's subprotocol that was chosen.
        protocol: Option<String>,
    },
    /// Session messages were lost.
    Lost(Lost),
    /// A publication was answered, or never will be.
    Settled(Publication, Settlement),
    /// A call was answered, or never will be.
    Called(CallId, CallOutcome),
    /// A message is to be taken.
    Message,
    /// A subscription has something to tell.
    Channel(SubscriptionId),
    /// A message of the server that may have been lost.
    Volatile(Body),
    /// A PONG came.
    Pong(u64),
    /// The connection is to be closed with this code, and another tried.
    Fail(Violation),
}

/// What follows on the end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// Another attempt.
    Retry {
        /// Not before this time, if the server gave a hint.
        after: Option<core::time::Duration>,
        /// At the back-off's cap.
        at_cap: bool,
        /// What authenticates the client is to be asked for anew.
        fresh_auth: bool,
    },
    /// Nothing: the session is over.
    Stop(Denial),
}
