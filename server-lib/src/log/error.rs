//! What can go wrong in a log: whose fault it is, and whether trying again helps.

use std::fmt;
use std::sync::Arc;

use super::publisher::MAX_UNSETTLED;

/// Who has to do something about an error of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Blame {
    /// The publisher broke a rule of the protocol.
    Publisher,
    /// The program uses the log wrongly: it is closed, or another one has it open.
    Program,
    /// The machine: its disk, its load, or another program at the file.
    Environment,
}

/// Why the log did not do what it was asked. Nothing was stored of an append that ends in an error, except where
/// [`LogError::Io`] or [`LogError::TimedOut`] says otherwise; to send it again is always safe.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LogError {
    /// More waits to be done than the log's queue takes.
    Busy,
    /// Another program holds the store's lock.
    Locked,
    /// The disk is full, or the store has reached its limit.
    Full,
    /// The store could not be read or written; says what the system said. An append may have become durable all the
    /// same.
    Io(Arc<str>),
    /// What is stored makes no sense; says what.
    Corrupt(Arc<str>),
    /// It did not answer within [`HubSettings::log_timeout`](crate::hub::HubSettings::log_timeout). An append may become
    /// durable all the same.
    TimedOut,
    /// The log has been closed.
    Closed,
    /// Another log of this or another process has the store open; names its file.
    InUse(Arc<str>),
    /// The file is not a log; names it.
    Foreign(Arc<str>),
    /// A newer program has written the store, in a format that this one does not know.
    Newer {
        /// The format's version.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// A setting that can't be.
    Setting {
        /// Which.
        name: &'static str,
        /// What it is.
        value: String,
        /// What it must.
        must: &'static str,
    },
    /// More than [`MAX_UNSETTLED`] publications of one publisher in one channel are not settled.
    Unsettled,
}

impl LogError {
    /// Refuses a setting that does not work.
    pub(super) fn unless(
        works: bool,
        name: &'static str,
        value: impl fmt::Display,
        must: &'static str,
    ) -> Result<(), Self> {
        if works { Ok(()) } else { Err(Self::Setting { name, value: value.to_string(), must }) }
    }

    /// Whether the same may work later, without anybody changing the program.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Busy | Self::Locked | Self::Full | Self::Io(_) | Self::TimedOut | Self::InUse(_))
    }

    /// Who has to do something about it.
    #[must_use]
    pub fn blame(&self) -> Blame {
        match self {
            Self::Unsettled => Blame::Publisher,
            Self::Closed | Self::InUse(_) | Self::Setting { .. } => Blame::Program,
            Self::Busy
            | Self::Locked
            | Self::Full
            | Self::Io(_)
            | Self::TimedOut
            | Self::Corrupt(_)
            | Self::Foreign(_)
            | Self::Newer { .. } => Blame::Environment,
        }
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy => f.write_str("the log's queue is full"),
            Self::Locked => f.write_str("another program holds the lock of the log's store"),
            Self::Full => f.write_str("the log's disk is full, or its store has reached its limit"),
            Self::Io(what) => write!(f, "the log's store could not be read or written: {what}"),
            Self::Corrupt(what) => write!(f, "the log's store is corrupt: {what}"),
            Self::TimedOut => f.write_str("the log did not answer in time"),
            Self::Closed => f.write_str("the log has been closed"),
            Self::InUse(file) => write!(f, "another log has {file} open; a log has one writer"),
            Self::Foreign(file) => write!(f, "{file} is not a log of rejoin"),
            Self::Newer { found, known } => {
                write!(f, "the log has format {found}, and this program knows formats up to {known}")
            }
            Self::Setting { name, value, must } => {
                write!(f, "the log's setting `{name}` is {value} and must {must}")
            }
            Self::Unsettled => {
                write!(f, "more than {MAX_UNSETTLED} publications of one publisher are not settled")
            }
        }
    }
}

impl std::error::Error for LogError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_can_be_kept_and_shared_between_threads() {
        fn kept<T: Send + Sync + Clone + 'static>() {}
        kept::<LogError>();
    }

    #[test]
    fn what_passes_by_itself_is_retryable_and_the_rest_is_not() {
        let text = || Arc::from("x");
        for error in
            [LogError::Busy, LogError::Locked, LogError::Full, LogError::TimedOut, LogError::Io(text())]
        {
            assert!(error.is_retryable(), "{error}");
            assert_eq!(error.blame(), Blame::Environment, "{error}");
        }
        for error in [LogError::Closed, LogError::Corrupt(text()), LogError::Unsettled] {
            assert!(!error.is_retryable(), "{error}");
        }
        assert_eq!(LogError::Unsettled.blame(), Blame::Publisher);
    }
}
