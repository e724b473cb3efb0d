//! Helpers: a server on a free port.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)] // Each test file uses a part of it, and a failing helper is a failing test.

pub mod server;
