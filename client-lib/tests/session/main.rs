//! `Session` in a browser's window, against a small peer that speaks `rejoin.v1` and misbehaves on demand.
#![cfg(target_arch = "wasm32")]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod batching;
mod calls;
mod closing;
mod connecting;
mod feeds;
mod hub;
#[cfg(feature = "persistence")]
mod keeping;
#[cfg(feature = "persistence")]
mod keeping_without;
mod messages;
mod publishing;
mod rig;
mod typed;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
