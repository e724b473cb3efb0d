//! Sessions: what is sent arrives exactly once and in order over any cut, what is published is durable once and
//! followed without gaps, and calls are answered, by the subprotocol `rejoin.v1` over a [`Socket`](crate::Socket).
//!
//! ```no_run
//! use futures::StreamExt;
//! use rejoin::Session;
//! use rejoin::session::{FeedItem, Since};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let session = Session::builder("wss://example.org/session").auth("a token").connect().await?;
//!
//! // To the server's application, exactly once and in order.
//! session.send("hello").await?;
//!
//! // Into a channel: the receipt says when it is durable.
//! let receipt = session.publish("room/1", "good morning").await?;
//!
//! // Out of a channel, without gaps.
//! let mut feed = session.subscribe("room/1", Since::Last(20))?;
//! while let Some(item) = feed.next().await {
//!     match item {
//!         FeedItem::Entry(entry) => println!("{}: {} bytes", entry.publisher, entry.payload.len()),
//!         FeedItem::Gap { missing, .. } => println!("{missing:?}"),
//!         _ => {}
//!     }
//! }
//! println!("durable at {:?}", receipt.await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Batches
//! What is sent within one turn of the event loop goes out as one WebSocket message, up to 64 KiB: many small messages
//! cost a browser a tenth of what they would cost one by one. A lone message is not held back.
//!
//! # What is held
//! What waits, and what was transmitted and not released by the server, lies within [`SessionLimits`]; where there is
//! no room [`SessionHandle::send`] waits and [`SessionHandle::try_send`] hands the message back.

mod builder;
mod call;
mod channel;
mod closing;
mod core;
mod debug;
mod error;
mod event;
mod feed;
mod figures;
mod handle;
#[cfg(feature = "inspect")]
pub mod inspect;
mod intake;
mod keeper;
mod line;
mod object;
mod receipt;
mod settings;
mod slot;
mod source;
mod state;
#[cfg(all(feature = "persistence", not(all(feature = "native", not(target_arch = "wasm32")))))]
mod storage;
mod telling;
mod turn;
mod typed;
mod typed_feed;

/// The subprotocol that a session's connection speaks.
pub const SUBPROTOCOL: &str = "rejoin.v1";

pub use self::builder::{Connected, SessionBuilder};
pub use self::call::Call;
pub use self::channel::TypedChannel;
pub use self::error::{CallError, ChannelError, ConnectError, PublishError};
pub use self::event::{Left, SessionEvent, SessionMetrics};
pub use self::feed::{Entry, Feed, FeedItem};
pub use self::handle::{Events, SessionHandle, SessionStates, WeakSession};
pub use self::object::Session;
pub use self::receipt::Receipt;
pub use self::source::{Attempt, SessionTarget};
pub use self::state::SessionState;
#[cfg(all(feature = "persistence", not(all(feature = "native", not(target_arch = "wasm32")))))]
pub use self::storage::{KeepError, Reopened};
pub use self::typed::{TypedSession, UndecodableMessage};
pub use self::typed_feed::{TypedFeed, TypedItem, TypedMember, UndecodablePayload};
pub use rejoin_codec::{Channel, Nothing};
pub use rejoin_protocol::session::{
    InvalidLimit, Lost, LostReason, Pair, SessionLimits, SessionMessage, Taken,
};
pub use rejoin_protocol::wire::{
    Alias, Body, Denial, Epoch, GapReason, Member, Missing, Position, SessionId, Since,
};
pub use rejoin_protocol::{KeepAlive, Refusal, Refused};
