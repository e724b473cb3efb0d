//! What the other end may not do, and the close code that says so.

use core::fmt;

/// The other end broke the protocol: the connection is to be closed with this code and reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Violation {
    /// The close code: 4400, 4402 or 4409.
    pub code: u16,
    /// In words.
    pub reason: &'static str,
}

impl Violation {
    /// A frame that may not come, or not now.
    pub(crate) const fn bad_frame(reason: &'static str) -> Self {
        Self { code: code::BAD_FRAME, reason }
    }

    /// What comes over a connection that is not the session's any more.
    pub(crate) const fn taken_over() -> Self {
        Self { code: code::TAKEN_OVER, reason: "another connection has taken this session over" }
    }

    /// The two ends count differently.
    pub(crate) const fn counters(reason: &'static str) -> Self {
        Self { code: code::COUNTERS, reason }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.reason, self.code)
    }
}

impl core::error::Error for Violation {}

/// The close codes of `rejoin.v1`.
pub mod code {
    /// The server is about to stop: come back after the hint.
    pub const DRAINING: u16 = 4100;
    /// Not now: come back after the hint.
    pub const RETRY_AFTER: u16 = 4101;
    /// A frame that may not come.
    pub const BAD_FRAME: u16 = 4400;
    /// Who are you?
    pub const UNAUTHENTICATED: u16 = 4401;
    /// The two ends count differently.
    pub const COUNTERS: u16 = 4402;
    /// You may not.
    pub const FORBIDDEN: u16 = 4403;
    /// No version in common.
    pub const VERSION: u16 = 4406;
    /// HELLO did not come in time.
    pub const HELLO_LATE: u16 = 4408;
    /// A token or a HELLO is larger than the server takes. The reason begins with the most bytes that a token may have, as a
    /// decimal number.
    pub const AUTH_TOO_LARGE: u16 = 4413;
    /// Another connection has taken the session over, or two writers share an identity.
    pub const TAKEN_OVER: u16 = 4409;
    /// Too many.
    pub const TOO_MANY: u16 = 4429;
}
