//! The session: messages exactly once and in order over any number of connections, publications, channels and calls,
//! by the subprotocol `rejoin.v1` (docs/protocol.md).
//!
//! [`ClientSession`] is the client's end; [`ServerSession`] is what a server keeps of a session, and
//! [`ServerConnection`] what it keeps of one of its connections. Time and frames come in as arguments, frames and
//! events come out.

mod calls;
mod client;
mod inbox;
mod limits;
mod message;
mod numbered;
mod outbox;
mod publications;
mod server;
mod subscriptions;
mod violation;

pub use calls::{CallId, CallOutcome};
pub use client::{ClientConfig, ClientEvent, ClientSession, Ending, Lost, LostReason, Pair};
pub use inbox::Taken;
pub use limits::{InvalidLimit, SessionLimits};
pub use message::{FRAME_COST, SessionMessage};
pub use publications::{Publication, Settlement, Stored};
pub use server::{
    Claim, FeedEntry, FeedStart, Greeting, HelloRefusal, Judgement, Request, ServerConnection, ServerSession,
    Task, Timing,
};
pub use subscriptions::{ChannelEvent, SubscriptionId};
pub use violation::{Violation, code};
