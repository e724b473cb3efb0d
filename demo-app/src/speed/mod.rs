//! The speed test: what it measures, what it makes of it, and how it looks.

mod chart;
mod chart_view;
pub(crate) mod classic;
mod classic_view;
mod copy;
mod history_view;
mod latency;
#[cfg(test)]
mod line_tests;
mod meter;
pub(crate) mod page;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod session;
pub(crate) mod state;
pub(crate) mod streamed;
mod streamed_view;
pub(crate) mod verdict;
pub(crate) mod worker;
mod worker_handle;
