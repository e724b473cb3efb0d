//! The one error of this program: what failed, and what to do about it.

use std::fmt;

/// Why a command could not do its work.
#[derive(Debug, Clone)]
pub(crate) enum Failure {
    /// A step failed: what was wrong, and what would put it right.
    Step {
        /// What was being done and what went wrong.
        what: String,
        /// What the reader can do about it.
        remedy: Option<String>,
    },
    /// A program that was started ended by itself with this exit code, after saying why.
    Ended {
        /// Which program.
        what: String,
        /// The code it ended with, which becomes ours.
        code: u8,
    },
    /// Something failed and has been reported in full already.
    Reported,
    /// Somebody pressed Ctrl-C, or asked this process to end.
    Interrupted,
}

/// What every fallible function here returns.
pub(crate) type Result<T, E = Failure> = std::result::Result<T, E>;

impl Failure {
    /// A failed step without a remedy that could be named.
    pub(crate) fn new(what: impl Into<String>) -> Self {
        Self::Step { what: what.into(), remedy: None }
    }

    /// A failed step, and what would put it right.
    pub(crate) fn with_remedy(what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self::Step { what: what.into(), remedy: Some(remedy.into()) }
    }

    /// The same failure, its text opened by the name of the step it happened in.
    pub(crate) fn within(self, step: &str) -> Self {
        match self {
            Self::Step { what, remedy } => Self::Step { what: format!("{step}: {what}"), remedy },
            Self::Ended { what, code } => {
                Self::Step { what: format!("{step}: {what} ended with exit code {code}"), remedy: None }
            }
            Self::Reported => Self::Reported,
            Self::Interrupted => Self::Interrupted,
        }
    }

    /// The exit code of this program for this failure.
    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::Step { .. } | Self::Reported => 1,
            // Ending in order is a failure too where it was to go on.
            Self::Ended { code, .. } => (*code).max(1),
            Self::Interrupted => 130,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Step { what, remedy: None } => write!(f, "{what}"),
            Self::Step { what, remedy: Some(remedy) } => write!(f, "{what}\n  what to do: {remedy}"),
            Self::Ended { what, code } => write!(f, "{what} ended with exit code {code}"),
            Self::Reported => write!(f, "failed, as reported above"),
            Self::Interrupted => write!(f, "interrupted"),
        }
    }
}

/// Turns an I/O error into a failure that names the file and what was tried.
pub(crate) trait Context<T> {
    /// `what` completes the sentence "could not …".
    fn context(self, what: impl FnOnce() -> String) -> Result<T>;
}

impl<T> Context<T> for std::io::Result<T> {
    fn context(self, what: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| {
            let what = format!("could not {}: {error}", what());
            match error.kind() {
                std::io::ErrorKind::StorageFull => {
                    Failure::with_remedy(what, "free some disk space, then run the command again")
                }
                std::io::ErrorKind::PermissionDenied => Failure::with_remedy(
                    what,
                    "run as a user who may write there, or set REJOIN_TOOLS to a folder of your own",
                ),
                _ => Failure::new(what),
            }
        })
    }
}
