//! The rejoin demo: a chat and a speed test in the browser, and the worker that measures.

mod chat;
mod figures;
mod link;
mod local_time;
mod route;
mod server_address;
mod speed;
mod words;

/// Starts the page. Call it once, in a window.
pub fn run_page() {}

/// Starts the speed test's worker. Call it once, in a dedicated worker.
pub fn run_speed_worker() {}
