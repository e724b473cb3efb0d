//! The clock of a log's writer, which can be replaced in tests.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Tells the time in milliseconds since the Unix epoch. It may jump: a log never lets the times of a channel go back.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> u64 + Send + Sync>);

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self::by(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, millis))
    }

    /// A clock of one's own.
    pub fn by(now: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    pub(super) fn now(&self) -> u64 {
        // Stores keep times as signed numbers of 64 bits.
        (self.0)().min(i64::MAX as u64)
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({} ms)", self.now())
    }
}

/// A duration in whole milliseconds, as far as they can be counted.
pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
