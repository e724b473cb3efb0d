//! A hub and clients over real sockets.
#![allow(clippy::unwrap_used)] // A failing helper is a failing test.

mod channels;
mod codes;
mod floods;
mod greetings;
mod identities;
mod memory;
mod messages;
mod mute_log;
mod server;

use rejoin_test_support::client;
