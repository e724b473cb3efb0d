//! What a connection asks of the server around it, and when.

use alloc::string::String;
use core::time::Duration;

#[cfg(doc)]
use super::ServerConnection;
use crate::wire::{Body, Position, Publish, Since};

/// What the client wants of the server's application.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// Messages of the session are to be taken.
    Messages,
    /// To follow a channel. Answer with [`ServerConnection::subscribed`].
    Subscribe {
        /// Its number.
        subscription: u64,
        /// Which.
        channel: String,
        /// From where.
        since: Since,
        /// What it is listed with, if it is to be.
        presence: Option<Body>,
    },
    /// To follow it no longer.
    Unsubscribe {
        /// Its number.
        subscription: u64,
        /// Which.
        channel: String,
    },
    /// To be listed with something else.
    Presence {
        /// The subscription's number.
        subscription: u64,
        /// With what.
        about: Body,
    },
    /// To publish. Answer with [`ServerConnection::published`], in the order of asking within a channel.
    Publish(Publish),
    /// An answer. Answer with [`ServerConnection::reply`].
    Call {
        /// Its number.
        id: u64,
        /// After how long nobody waits.
        timeout: Duration,
        /// The bytes.
        payload: Body,
    },
    /// No answer any more.
    Cancel {
        /// The call's number.
        id: u64,
    },
    /// To pass on what may be lost, to the others of a channel.
    Volatile {
        /// The sender's subscription, or none for the server's application itself.
        subscription: Option<u64>,
        /// The bytes.
        payload: Body,
    },
    /// To be taken for whom this token says.
    Authenticate(Body),
    /// To end the session.
    Finish,
}

/// What is to be done by the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Task {
    /// For the application.
    Request(Request),
    /// Read a channel. Answer with [`ServerConnection::entries`] or [`ServerConnection::gap`].
    Read {
        /// For which subscription.
        subscription: u64,
        /// Which channel.
        channel: String,
        /// Behind which position.
        behind: Position,
        /// How many bytes, and one entry at least.
        max_bytes: usize,
    },
}

/// Times of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// From one PING to the next. Default 25 s.
    pub ping_interval: Duration,
    /// How long a subscription may be without credit while entries wait, before it is ended. Default 60 s.
    pub starvation: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { ping_interval: Duration::from_secs(25), starvation: Duration::from_secs(60) }
    }
}
