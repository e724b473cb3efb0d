//! Why the server can't run.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use rejoin_server::{InvalidLimits, InvalidOrigin};

/// Why the server can't run: a mistake in its configuration, or something that its machine refuses.
#[derive(Debug)]
#[non_exhaustive]
pub enum RunError {
    /// The address can't be listened on.
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The limits make no sense together.
    Limits(InvalidLimits),
    /// The value of a flag can't be.
    Flag {
        /// Its name.
        flag: &'static str,
        /// Its value.
        value: String,
        /// What the value must be.
        range: String,
    },
    /// An origin to allow is none.
    Origin(InvalidOrigin),
    /// The folder for data can't be used.
    Data {
        /// The folder.
        folder: PathBuf,
        /// Why.
        reason: String,
    },
    /// The sessions can't be served.
    Hub(io::Error),
    /// The system gives no random bytes.
    Random(getrandom::Error),
    /// The signals that stop the server can't be watched.
    Signals(io::Error),
    /// Standard output takes no line.
    Stdout(io::Error),
}

impl RunError {
    /// The error of listening on an address.
    #[must_use]
    pub fn listen(address: SocketAddr, error: io::Error) -> Self {
        Self::Listen { address, error }
    }

    /// Refuses a flag's value that does not work.
    pub(crate) fn unless(
        works: bool,
        flag: &'static str,
        value: impl fmt::Display,
        range: impl fmt::Display,
    ) -> Result<(), Self> {
        match works {
            true => Ok(()),
            false => Err(Self::Flag { flag, value: value.to_string(), range: range.to_string() }),
        }
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen { address, error } if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "port {} of {} is taken: another program listens there; stop it, or choose another address \
                 with --listen (port 0 picks a free one)",
                address.port(),
                address.ip()
            ),
            Self::Listen { address, error } => write!(f, "can't listen on {address}: {error}"),
            Self::Limits(error) => write!(f, "{error}"),
            Self::Flag { flag, value, range } => write!(f, "{flag} is {value} and must be {range}"),
            Self::Origin(error) => write!(f, "--allow-origin: {error}"),
            Self::Data { folder, reason } => {
                write!(f, "--data {}: {reason}", folder.display())
            }
            Self::Hub(error) => write!(f, "sessions can't be served: {error}"),
            Self::Random(error) => write!(f, "the system gives no random bytes: {error}"),
            Self::Signals(error) => write!(f, "can't watch for signals: {error}"),
            Self::Stdout(error) => write!(f, "can't write to standard output: {error}"),
        }
    }
}

impl std::error::Error for RunError {}

impl From<InvalidLimits> for RunError {
    fn from(error: InvalidLimits) -> Self {
        Self::Limits(error)
    }
}

impl From<InvalidOrigin> for RunError {
    fn from(error: InvalidOrigin) -> Self {
        Self::Origin(error)
    }
}

impl From<getrandom::Error> for RunError {
    fn from(error: getrandom::Error) -> Self {
        Self::Random(error)
    }
}
