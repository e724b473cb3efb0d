//! What a hub counts.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// What happens, and is counted.
#[derive(Debug, Clone, Copy)]
pub(super) enum Metric {
    Fresh,
    Kept,
    Resumed,
    Refused,
    Disagreed,
    Violation,
    Lost,
    Appended,
    Repeat,
    Gap,
}

/// A hub's counters since it was made, and what is now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubMetrics {
    /// Sessions now, connected or away.
    pub sessions: usize,
    /// Bytes that they hold now: of messages that were not released or not taken.
    pub held_bytes: u64,
    /// HELLOs that began a session.
    pub fresh: u64,
    /// HELLOs that kept an identity whose messages were lost.
    pub kept: u64,
    /// HELLOs that resumed a session.
    pub resumed: u64,
    /// HELLOs that were refused, and clients of other versions.
    pub refused: u64,
    /// Resumes at which the two ends counted differently: a fault of one of them.
    pub disagreed: u64,
    /// Connections closed because the client broke the protocol.
    pub violations: u64,
    /// Times that messages of a session were lost.
    pub lost: u64,
    /// Publications that were taken.
    pub appended: u64,
    /// Publications that were in the log already.
    pub repeats: u64,
    /// Gaps that readers were told of.
    pub gaps: u64,
    /// Appends that the log has answered.
    pub appends: u64,
    /// The time that they took in all, in microseconds.
    pub append_micros: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) sessions: AtomicUsize,
    counts: [AtomicU64; Metric::Gap as usize + 1],
    appends: AtomicU64,
    append_micros: AtomicU64,
}

impl Counters {
    pub(super) fn count(&self, metric: Metric) {
        if let Some(count) = self.counts.get(metric as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn appended(&self, took: Duration) {
        self.appends.fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.append_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn read(&self, held_bytes: u64) -> HubMetrics {
        let of = |metric: Metric| {
            self.counts.get(metric as usize).map_or(0, |count| count.load(Ordering::Relaxed))
        };
        HubMetrics {
            sessions: self.sessions.load(Ordering::Relaxed),
            held_bytes,
            fresh: of(Metric::Fresh),
            kept: of(Metric::Kept),
            resumed: of(Metric::Resumed),
            refused: of(Metric::Refused),
            disagreed: of(Metric::Disagreed),
            violations: of(Metric::Violation),
            lost: of(Metric::Lost),
            appended: of(Metric::Appended),
            repeats: of(Metric::Repeat),
            gaps: of(Metric::Gap),
            appends: self.appends.load(Ordering::Relaxed),
            append_micros: self.append_micros.load(Ordering::Relaxed),
        }
    }
}
