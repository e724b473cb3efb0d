//! Yew hooks for [`rejoin`]: a connection, or a session, that lives as long as its component.
//!
//! A message is an event, not a state: a hook that keeps "the last message" in a state loses all of a burst but its
//! end, since Yew renders once for many changes. So messages go to a callback, each of them, in order, and only the
//! connection's [`State`](rejoin::State) is a state.
//!
//! ```no_run
//! use rejoin::{Builder, Incoming};
//! use rejoin_yew::use_socket;
//! use yew::prelude::*;
//!
//! #[derive(Default, Clone, PartialEq)]
//! struct Log(Vec<String>);
//!
//! impl Reducible for Log {
//!     type Action = String;
//!     fn reduce(self: std::rc::Rc<Self>, line: String) -> std::rc::Rc<Self> {
//!         let mut lines = self.0.clone();
//!         lines.push(line);
//!         Self(lines).into()
//!     }
//! }
//!
//! #[component]
//! fn Feed() -> Html {
//!     let log = use_reducer(Log::default);
//!     // A reducer takes every action, so that a burst arrives whole.
//!     let on_message = {
//!         let log = log.dispatcher();
//!         Callback::from(move |message: Incoming| log.dispatch(message.to_text().unwrap_or_default()))
//!     };
//!     let socket = use_socket(|| Builder::new("wss://example.org/feed"), on_message);
//!     let hello = {
//!         let socket = socket.clone();
//!         Callback::from(move |_: MouseEvent| {
//!             if let Some(handle) = socket.handle() {
//!                 let _refused = handle.try_send("hello");
//!             }
//!         })
//!     };
//!     html! {
//!         <>
//!             <p>{ format!("{:?}", socket.state()) }</p>
//!             <button onclick={hello}>{ "Hello" }</button>
//!             { for log.0.iter().map(|line| html! { <p>{ line }</p> }) }
//!         </>
//!     }
//! }
//! # fn main() {}
//! ```

mod connection;
mod endpoint;
mod session;
mod socket;
mod turn;

pub use connection::Connection;
pub use endpoint::{UseEndpointHandle, use_endpoint};
pub use session::{SessionStanding, UseSessionHandle, use_session, use_session_from, use_session_from_with};
pub use socket::{UseSocketHandle, use_socket, use_socket_with_events};
