//! The server half of a WebSocket connection, for any [axum] application: upgrade checks, a task for each
//! connection with limits on all that can grow, the right close frame for each error, and draining.
//!
//! ```no_run
//! use axum::{Router, extract::State, response::Response, routing::get};
//! use rejoin_server::{Acceptor, Connections, ServeLimits, Upgrade, UpgradeError, serve};
//!
//! async fn shout(State(acceptor): State<Acceptor>, upgrade: Upgrade) -> Result<Response, UpgradeError> {
//!     acceptor.accept(upgrade, |mut connection| async move {
//!         while let Some(message) = connection.recv().await {
//!             let Some(text) = message.as_text() else { continue };
//!             if connection.send(text.to_uppercase()).await.is_err() {
//!                 break;
//!             }
//!         }
//!     })
//! }
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let connections = Connections::default();
//! let router = Router::new().route("/shout", get(shout)).with_state(Acceptor::new(&connections));
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:8080").await?;
//! let shutdown = async { tokio::signal::ctrl_c().await.unwrap_or_default() };
//! serve(listener, router, &connections, ServeLimits::default(), shutdown).await?;
//! # Ok(())
//! # }
//! ```
//!
//! [`hub`] is the server half of the delivery protocol `rejoin.v1` above such connections: sessions that outlive them,
//! channels without gaps, publications exactly once; [`log`] is where it keeps them.
//!
//! Pages of another origin are refused with 403; `Acceptor::origins(Origins::own().allow("http://127.0.0.1:8081")?)` lets
//! them in. For the example, tokio needs its features `macros`, `net`, `rt-multi-thread` and `signal`.
//!
//! # How connections end
//! | what happened | close code |
//! |---|---|
//! | the handler returned | 1000 |
//! | no message either way for [`Limits::idle`] | 1001 |
//! | unmasked frame, reserved bit or opcode, broken fragmentation, control frame over 125 bytes or in fragments, close frame with 1 byte or a code that may not be sent | 1002 |
//! | text or a close reason that is not UTF-8 | 1007 |
//! | more than [`Limits::rate`] | 1008 |
//! | a message over [`Limits::max_message_bytes`] | 1009 |
//! | the handler panicked | 1011 |
//! | the server drains | 1012 |
//! | a reader too slow for what [`Sender::push`] gives it | 1013 |
//! | the peer is dead ([`Limits::dead_after`]), or the transport broke | no close frame |
//!
//! 1013 (try again later) and not 1008 tells a slow reader that coming back is right: it has lost messages
//! that its application can fetch, and a client such as rejoin's connects again after 1013 but not after 1008.
//!
//! The standard's permessage-deflate extension is not offered.
//!
//! # Features
//! - `sqlite` (off by default): `log::SqliteLog`, a durable [`log`] in one file. SQLite is compiled in, which takes a C
//!   compiler.

mod acceptor;
mod account;
mod beside;
mod bucket;
mod buffers;
mod close;
mod connection;
mod connections;
mod counted;
mod driver;
mod fault;
pub mod hub;
mod leave;
mod limits;
mod liveness;
pub mod log;
mod message;
mod origin;
mod origins;
mod queue;
mod receiving;
mod serve;
mod sip;
mod typed;
mod upgrade;

pub use acceptor::Acceptor;
pub use account::Network;
pub use bucket::{Bucket, Rate};
pub use close::{Close, CloseCode, End, REASON_BYTES};
pub use connection::{Connection, Info, SendError, Sender};
pub use connections::{ConnectionLimits, Connections, NoRoom};
pub use limits::{InvalidLimits, Limits};
pub use message::Message;
pub use origin::InvalidOrigin;
pub use origins::{OriginRefused, Origins};
pub use serve::{ServeLimits, serve};
pub use typed::{Received, Typed, encode};
pub use upgrade::{Upgrade, UpgradeError};

/// What an endpoint is, and why a payload is no message of it.
#[cfg(feature = "json")]
pub use rejoin_codec::Json;
pub use rejoin_codec::{Channel, CodecError, Endpoint, Nothing, from_bytes, to_bytes};
/// Text that is UTF-8, shared when cloned: the payload of [`Message::Text`].
pub use tokio_tungstenite::tungstenite::Utf8Bytes;
