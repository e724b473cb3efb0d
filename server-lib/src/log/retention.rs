//! How much of a channel is kept, and for how long publishers are known.

use std::time::Duration;

use super::LogError;
use super::clock::millis;

/// What an entry counts for beside its payload, in bytes, so that empty entries count too.
pub(super) const ENTRY_BYTES: u64 = 64;

/// What a log keeps; the rest goes when [`trim`](super::Log::trim) is called. The limits hold for each channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// The most entries kept. `None`: no limit. Default: 100,000.
    pub entries: Option<u64>,
    /// The most bytes kept, where an entry counts for its payload and 64 bytes. `None`: no limit. Default: 256 MiB.
    pub bytes: Option<u64>,
    /// How long an entry is kept. `None`: for ever. Default: 30 days.
    pub age: Option<Duration>,
    /// How long a publisher is known after its last append or touch, whatever becomes of its entries. All that is
    /// known of it goes at once. A hub takes no longer-lived identities than this, and asks for twice the time that its sessions
    /// outlive their connections at least. Default: 24 hours.
    pub publishers: Duration,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            entries: Some(100_000),
            bytes: Some(256 << 20),
            age: Some(Duration::from_secs(30 * 24 * 3600)),
            publishers: Duration::from_secs(24 * 3600),
        }
    }
}

impl Retention {
    /// Keeps everything for ever, but for the publishers.
    #[must_use]
    pub fn everything() -> Self {
        Self { entries: None, bytes: None, age: None, ..Self::default() }
    }

    /// # Errors
    /// [`LogError::Setting`] names what can't be. A limit of zero for the others works: it keeps nothing beyond the next
    /// trimming.
    pub(super) fn check(&self) -> Result<(), LogError> {
        LogError::unless(!self.publishers.is_zero(), "retention.publishers", 0, "be above 0")
    }

    /// Whether a channel's oldest entry goes.
    pub(super) fn drops(&self, held: Held, oldest: u64, now: u64) -> bool {
        self.entries.is_some_and(|most| held.entries > most)
            || self.bytes.is_some_and(|most| held.bytes > most)
            || self.age.is_some_and(|most| oldest.saturating_add(millis(most)) < now)
    }

    /// Publishers last seen before this time go.
    pub(super) fn publishers_since(&self, now: u64) -> u64 {
        now.saturating_sub(millis(self.publishers))
    }
}

/// What a channel holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Held {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

impl Held {
    /// What an entry counts for.
    pub(super) fn weight(payload: usize) -> u64 {
        payload as u64 + ENTRY_BYTES
    }

    pub(super) fn add(&mut self, weight: u64) {
        self.entries += 1;
        self.bytes += weight;
    }

    pub(super) fn remove(&mut self, weight: u64) {
        self.entries = self.entries.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(weight);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_alone_lets_the_oldest_go() {
        let held = Held { entries: 10, bytes: 1_000 };
        let none = Retention::everything();
        assert!(!none.drops(held, 0, u64::MAX));
        assert!(Retention { entries: Some(9), ..none }.drops(held, 0, 0));
        assert!(!Retention { entries: Some(10), ..none }.drops(held, 0, 0));
        assert!(Retention { bytes: Some(999), ..none }.drops(held, 0, 0));
        assert!(!Retention { bytes: Some(1_000), ..none }.drops(held, 0, 0));
        let aged = Retention { age: Some(Duration::from_millis(5)), ..none };
        assert!(aged.drops(held, 10, 16));
        assert!(!aged.drops(held, 10, 15));
    }
}
