//! `Socket` and `Session` on tokio, against this project's own server in the same process, with the fault proxy
//! between them.
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
