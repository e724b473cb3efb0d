//! The speed test: what it measures, what it makes of it, and how it looks.

pub(crate) mod chart;
pub(crate) mod classic;
pub(crate) mod latency;
pub(crate) mod meter;
pub(crate) mod record;
pub(crate) mod report;
pub(crate) mod state;
pub(crate) mod streamed;
pub(crate) mod verdict;
