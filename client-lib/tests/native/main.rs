//! `Socket` and `Session` on tokio, against this project's own server in the same process, with a wire between them
//! that is cut on demand.
#![cfg(not(target_arch = "wasm32"))]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

mod channels;
mod closing;
mod limits;
mod log;
mod messages;
mod opening;
mod providers;
mod reconnecting;
mod rig;
mod sending;
mod server;
mod session_rig;
mod typed_channels;
mod waiting;
mod wire;
