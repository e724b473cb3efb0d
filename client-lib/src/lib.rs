//! A WebSocket client for Rust in the browser: a connection that says truthfully what state it is in, comes back by
//! itself, and loses nothing silently.
//!
//! Three levels, each useful alone, each built on the one below:
//! - [`Socket`]: one logical connection to any WebSocket server, with everything that the browser's own object has,
//!   and reconnecting, a bounded queue while away, back-pressure, keep-alive, typed errors.
//! - [`Typed`]: serde messages over a `Socket`, by a codec and, shared with the server, an [`Endpoint`].
//! - [`Session`]: messages exactly once and in order over any cut, durable publications with receipts, channels without
//!   gaps, and calls, with a server that speaks `rejoin.v1`; see [`session`].
//!
//! # Examples
//! Say hello and read what comes:
//!
//! ```no_run
//! use futures::StreamExt;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let mut socket = rejoin::Socket::connect("wss://example.org/echo").await?;
//! socket.send("hello").await?;
//! let answer = socket.next().await;
//! # Ok(())
//! # }
//! ```
//!
//! Show what the connection is doing:
//!
//! ```no_run
//! # use futures::StreamExt;
//! # async fn example(socket: rejoin::Socket) {
//! let mut states = socket.states();
//! while let Some(state) = states.next().await {
//!     match state {
//!         rejoin::State::Open => println!("connected"),
//!         rejoin::State::Waiting { delay, last, .. } => println!("{last}; again in {delay:?}"),
//!         rejoin::State::Closed(_) => println!("closed"),
//!         _ => println!("…"),
//!     }
//! }
//! # }
//! ```
//!
//! Close, with a code and a reason that are checked before the browser sees them:
//!
//! ```no_run
//! # async fn example(socket: rejoin::Socket) -> Result<(), rejoin::InvalidClose> {
//! let closed = socket.close(rejoin::Close::new(4001, "signed out")?).await;
//! println!("{} by {:?}, clean: {}", closed.code, closed.by, closed.was_clean);
//! # Ok(())
//! # }
//! ```
//!
//! # What is promised
//! - A message is handed to the browser, or waits in a bounded queue, or comes back to its sender: as an error, in
//!   [`Event::Unsent`] or [`Event::Evicted`], or from [`Handle::take_unsent`]. What the browser had taken when a
//!   connection was cut may be lost, because WebSocket has no acknowledgement; [`Closed::unsent_bytes`] says how much
//!   of it certainly was.
//! - Messages arrive in the order in which they came, whatever their kind.
//! - At most one browser socket is live. When the last handle is dropped it is closed, and no listener, timer or
//!   closure stays behind.
//! - Callbacks may call back in: open, send, close, reconnect. One that is set on a connection and calls into the
//!   same one holds a [`WeakHandle`], or it keeps the connection alive.
//!
//! # Features
//! | feature | adds | default |
//! |---|---|---|
//! | `json` | [`Json`] for [`Typed`] | yes |
//! | `msgpack` | `MsgPack` for [`Typed`] | no |
//! | `postcard` | `Postcard` for [`Typed`] | no |
//! | `native` | everything but what is the browser's own, on tokio, for bots and tests; nothing in a browser | no |
//! | `inspect` | `SessionHandle::set_on_frame`: the frames that pass, for tools that show them | no |
//! | `persistence` | `SessionBuilder::reopen`: sessions kept over a reload of the page | no |
//!
//! # Outside of the browser
//! With the feature `native`, on any target but wasm32, the same [`Socket`], [`Typed`] and [`Session`] run over TCP in
//! tokio, for bots and tests. They stay on one thread, as in a browser: open them within a `tokio::task::LocalSet`,
//! without which opening panics, and keep it running until `close` is done. `client-lib/examples/bot.rs` is a whole
//! program.
//!
//! ```no_run
//! # #[cfg(all(feature = "native", not(target_arch = "wasm32")))]
//! fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
//!     runtime.block_on(tokio::task::LocalSet::new().run_until(async {
//!         let session = rejoin::Session::connect("ws://127.0.0.1:8080/ws/session").await?;
//!         session.send("hello").await?;
//!         session.close().await;
//!         Ok(())
//!     }))
//! }
//! # #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
//! # fn main() {}
//! ```
//!
//! What is different there:
//! - There is no page: URLs name a host, and no visibility, freezing or word about the network comes. There is no TLS:
//!   `wss:` and `https:` are refused with [`OpenError::Rejected`].
//! - Payloads are Rust's alone, and no socket that exists already can be adopted.
//! - The length of a text is in bytes, and a message larger than [`ReceiveLimits::bytes`] (default 64 MiB) ends the
//!   connection with 1009 and [`ClosedBy::Overflow`].
//! - [`Closed::reason`] says why a connection could not be made, which a page is not told.
//! - A server that agrees to none of the subprotocols offered is refused, as in Chromium.
//! - Extensions are not offered, and sessions are not kept over a restart of the program: there is no `persistence`.
//! - A socket that was dropped takes at most 5 s to send what it has and to close.

#![warn(missing_debug_implementations)]

mod asking;
mod attempt;
mod builder;
mod copying;
mod debug;
mod driver;
mod error;
mod event;
mod handle;
mod inbox;
mod line;
mod log;
mod options;
mod page;
mod page_settings;
mod returned;
mod sending;
pub mod session;
mod slim_cell;
mod socket;
mod state;
mod target;
mod telling;
mod typed;
mod url;
mod weak;

// What touches the browser, and what stands for it elsewhere. A feature that is for the host changes nothing in a
// build for the browser, whoever switched it on.
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
mod global;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
mod incoming;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
mod lifecycle;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
mod message;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
mod native;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
mod random;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
mod spawn;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
mod timer;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
mod transport;
#[cfg(all(feature = "native", not(target_arch = "wasm32")))]
use native::{incoming, lifecycle, message, random, spawn, timer, transport};

pub use builder::Builder;
pub use copying::CopyError;
pub use error::{OpenError, SendError, Unsent};
pub use event::{Event, Metrics};
pub use handle::Handle;
pub use inbox::ReceiveLimits;
pub use incoming::Incoming;
pub use log::LogRecord;
pub use message::{Message, Payload};
pub use options::KeepAlive;
#[cfg(feature = "json")]
pub use rejoin_codec::Json;
#[cfg(feature = "msgpack")]
pub use rejoin_codec::MsgPack;
#[cfg(feature = "postcard")]
pub use rejoin_codec::Postcard;
pub use rejoin_codec::{
    Codec, CodecError, Decode, Encode, Endpoint, Frame, FrameRef, Raw, from_bytes, to_bytes,
};
pub use rejoin_protocol::{
    Backoff, Close, Closed, ClosedBy, InvalidClose, InvalidConfig, InvalidSubprotocol, Overflow, QueueLimits,
    ReadyState, Watermarks,
};
pub use session::{Session, SessionBuilder, SessionHandle};
pub use socket::{Receiver, Socket};
pub use state::{State, States};
pub use target::{Target, TargetError};
pub use typed::{Typed, TypedSendError, TypedSender, TypedSocket, Undecodable, decode};
pub use url::InvalidUrl;
pub use weak::WeakHandle;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
pub use web_sys::BinaryType;
