//! How a log over SQLite behaves.

use std::time::Duration;

use crate::log::{Clock, LogError, Retention};

/// The settings of a [`SqliteLog`](super::SqliteLog). Change what you need on a default:
///
/// ```
/// let mut options = rejoin_server::log::SqliteOptions::default();
/// options.retention.entries = Some(10_000);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// What is kept when the log is trimmed.
    pub retention: Retention,
    /// Appends that may wait for the writer; beyond it they end in [`LogError::Busy`]. Default: 4,096.
    pub queue_appends: usize,
    /// Bytes of payload that may wait for the writer. One append is always taken by an empty queue, whatever its size.
    /// Default: 64 MiB.
    pub queue_bytes: usize,
    /// The most appends that are committed together. Default: 1,024.
    pub batch: usize,
    /// Connections that read, each with a thread of its own. Default: 2.
    pub readers: usize,
    /// Reads that may wait for a connection; beyond it they end in [`LogError::Busy`]. Default: 4,096.
    pub queue_reads: usize,
    /// How long the writer waits for another program that holds the file's lock, before the appends end in
    /// [`LogError::Locked`]. Default: 1 s.
    pub lock_wait: Duration,
    /// The largest size of the file, in bytes; beyond it appends end in [`LogError::Full`]. What was trimmed is used
    /// again, but the file never becomes smaller. Default: 16 GiB.
    pub max_file_bytes: u64,
    /// The writer's clock. Default: the system's.
    pub clock: Clock,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        Self {
            retention: Retention::default(),
            queue_appends: 4_096,
            queue_bytes: 64 << 20,
            batch: 1_024,
            readers: 2,
            queue_reads: 4_096,
            lock_wait: Duration::from_secs(1),
            max_file_bytes: 16 << 30,
            clock: Clock::system(),
        }
    }
}

impl SqliteOptions {
    /// # Errors
    /// [`LogError::Setting`] names a setting that can't be.
    pub(super) fn check(&self) -> Result<(), LogError> {
        let counts = [
            ("queue_appends", self.queue_appends),
            ("batch", self.batch),
            ("readers", self.readers),
            ("queue_reads", self.queue_reads),
        ];
        if let Some((name, _)) = counts.into_iter().find(|(_, count)| *count == 0) {
            return Err(LogError::Setting { name, must: "be above 0" });
        }
        match self.retention.publishers.is_zero() {
            true => Err(LogError::Setting { name: "retention.publishers", must: "be above 0" }),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_cannot_be_is_named() {
        assert_eq!(SqliteOptions::default().check(), Ok(()));
        let options = SqliteOptions { readers: 0, ..SqliteOptions::default() };
        assert_eq!(options.check(), Err(LogError::Setting { name: "readers", must: "be above 0" }));
    }
}
