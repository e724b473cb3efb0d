//! How a log over SQLite behaves.

use std::time::Duration;

use crate::log::{Clock, LogError, Retention};

/// The smallest size of a file that holds the tables and some entries, in bytes.
const LEAST_FILE_BYTES: u64 = 256 << 10;

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
    /// again, but the file never becomes smaller. At least 256 KiB. Default: 16 GiB.
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
        for (name, count) in counts {
            LogError::unless(count > 0, name, count, "be above 0")?;
        }
        let (bytes, must) = (self.max_file_bytes, "be 262144 or more");
        LogError::unless(bytes >= LEAST_FILE_BYTES, "max_file_bytes", bytes, must)?;
        self.retention.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_cannot_be_is_named() {
        assert_eq!(SqliteOptions::default().check(), Ok(()));
        let wrong = |set: &dyn Fn(&mut SqliteOptions), words: &str| {
            let mut options = SqliteOptions::default();
            set(&mut options);
            assert_eq!(options.check().expect_err(words).to_string(), format!("the log's setting {words}"));
        };
        wrong(&|it| it.readers = 0, "`readers` is 0 and must be above 0");
        wrong(&|it| it.max_file_bytes = 4_096, "`max_file_bytes` is 4096 and must be 262144 or more");
        wrong(
            &|it| it.retention.publishers = Duration::ZERO,
            "`retention.publishers` is 0 and must be above 0",
        );
    }
}
