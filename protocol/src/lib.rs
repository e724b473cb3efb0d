//! The pure machines of rejoin: no socket, no clock, no randomness, no browser, no runtime inside.
//!
//! [`Link`] is the life of one logical connection to any WebSocket server: connecting, back-off, keep-alive,
//! close policy, the queue while away. Time and input come in as arguments, actions come out, and the compiler
//! proves the rest: the crate is `no_std` and has no dependencies.
//!
//! **After every mutation, drain [`Link::poll_output`] until it returns [`Output::Wait`] before the next.**
//!
//! ```
//! use rejoin_protocol::{Input, Link, LinkConfig, Output, Time};
//!
//! let mut link: Link<&str> = Link::new(LinkConfig::default());
//! let now = Time::from_millis(0);
//! link.open(now);
//! link.send(now, "said while connecting", 21).map_err(|refused| refused.reason)?;
//!
//! // The machine asks for a socket; the caller makes one and says when it is open.
//! let mut generation = None;
//! loop {
//!     match link.poll_output() {
//!         Output::Open { generation: g, .. } => generation = Some(g),
//!         Output::Wait(_) => break,
//!         _ => {}
//!     }
//! }
//! link.handle_input(Time::from_millis(20), Input::Opened { generation: generation.unwrap() });
//! let mut sent = Vec::new();
//! loop {
//!     match link.poll_output() {
//!         Output::Transmit { message, .. } => sent.push(message),
//!         Output::Wait(_) => break,
//!         _ => {}
//!     }
//! }
//! assert_eq!(sent, ["said while connecting"]);
//! # Ok::<(), rejoin_protocol::Refusal>(())
//! ```
#![no_std]

extern crate alloc;

mod backoff;
mod close;
mod link;
mod random;
pub mod session;
mod subprotocol;
mod time;
pub mod wire;

pub use backoff::Backoff;
pub use close::{Close, Closed, ClosedBy, InvalidClose};
pub use link::Link;
pub use link::check::InvalidConfig;
pub use link::config::{KeepAlive, LinkConfig, Overflow, QueueLimits, Watermarks};
pub use link::io::{Event, Generation, Input, Output};
pub use link::queue::{Refusal, Refused};
pub use link::state::{ReadyState, State};
pub use subprotocol::{InvalidSubprotocol, check_subprotocols};
pub use time::Time;
