//! The counterparts, on tokio, of the modules that touch the browser: the same names, the same meanings.

mod counted;
pub(crate) mod incoming;
pub(crate) mod lifecycle;
mod line;
pub(crate) mod message;
mod place;
mod pump;
pub(crate) mod random;
pub(crate) mod spawn;
pub(crate) mod timer;
pub(crate) mod transport;
