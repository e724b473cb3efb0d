//! What the tests of every crate share. It knows rejoin-protocol's public face and nothing else of the crates it tests, but
//! for the feature `log`.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

#[cfg(feature = "net")]
pub mod client;
#[cfg(feature = "log")]
pub mod fault_log;
#[cfg(feature = "net")]
pub mod http;
pub mod memory;
#[cfg(feature = "net")]
mod patience;
pub mod process;
#[cfg(feature = "net")]
pub mod proxy;
mod random;
#[cfg(feature = "net")]
pub mod raw;
#[cfg(feature = "net")]
pub mod request;
#[cfg(feature = "net")]
pub mod session;

#[cfg(feature = "net")]
pub use patience::{PATIENCE, within};
pub use random::Random;
