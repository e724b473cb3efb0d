//! `Socket` and `Typed` in a browser's window, against a peer that misbehaves on demand.
#![cfg(target_arch = "wasm32")]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod adopting;
mod callbacks;
mod closing;
mod keep_alive;
mod lifecycle;
mod memory;
mod opening;
mod providers;
mod queue;
mod receiving;
mod reconnecting;
mod sending;
mod sink;
mod typed;

wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_browser);
