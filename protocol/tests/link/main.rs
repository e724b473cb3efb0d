//! The link's rules, one scenario each: what comes out for what goes in, at which moment.

// Helpers outside of test functions unwrap as well: a failure there is a failed test.
#![allow(clippy::unwrap_used)]

mod advice;
mod clocks;
mod closing;
mod congestion;
mod connecting;
mod hints;
mod keep_alive;
mod lifecycle;
mod page;
mod patience;
mod providers;
mod queue;
mod rig;
