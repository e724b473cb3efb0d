//! Closing: the code and reason that an end may send, and what is known of a connection that has ended.

use alloc::string::String;
use core::error::Error;
use core::fmt;

/// What a client may put in its close frame: no code at all, or 1000 or 3000 to 4999 with a reason of at most
/// 123 bytes of UTF-8 (WHATWG WebSockets, `close(code, reason)`; RFC 6455, sections 5.5.1 and 7.4). Nothing else
/// can be built.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Close {
    code: Option<u16>,
    reason: String,
}

impl Close {
    /// The most bytes of UTF-8 that a reason may have: 125 of a control frame less 2 for the code.
    pub const MAX_REASON_BYTES: usize = 123;

    /// A close frame with a code and a reason, which may be empty.
    ///
    /// # Errors
    /// [`InvalidClose::Code`] unless the code is 1000 or 3000 to 4999; [`InvalidClose::Reason`] when the reason has
    /// more than 123 bytes.
    pub fn new(code: u16, reason: impl Into<String>) -> Result<Self, InvalidClose> {
        let reason = reason.into();
        if code != 1000 && !(3000..=4999).contains(&code) {
            return Err(InvalidClose::Code(code));
        }
        if reason.len() > Self::MAX_REASON_BYTES {
            return Err(InvalidClose::Reason { bytes: reason.len() });
        }
        Ok(Self { code: Some(code), reason })
    }

    /// Code 1000, without a reason: what is usual.
    #[must_use]
    pub fn normal() -> Self {
        Self { code: Some(1000), reason: String::new() }
    }

    /// A close frame without a code; the other end sees 1005.
    #[must_use]
    pub fn without_code() -> Self {
        Self::default()
    }

    /// The code, if there is one.
    #[must_use]
    pub fn code(&self) -> Option<u16> {
        self.code
    }

    /// The reason, empty if there is none.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A close frame that may not be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidClose {
    /// The code is neither 1000 nor 3000 to 4999.
    Code(u16),
    /// The reason is longer than [`Close::MAX_REASON_BYTES`].
    Reason {
        /// Its length in bytes of UTF-8.
        bytes: usize,
    },
}

impl fmt::Display for InvalidClose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => {
                write!(f, "close code {code} may not be sent by a client: use 1000 or 3000 to 4999")
            }
            Self::Reason { bytes } => {
                write!(
                    f,
                    "a close reason has at most {} bytes of UTF-8, not {bytes}",
                    Close::MAX_REASON_BYTES
                )
            }
        }
    }
}

impl Error for InvalidClose {}

/// Who or what ended a connection, as far as this end can know. A page is not told why a handshake failed
/// (RFC 6455, section 4.1; WHATWG hides it on purpose): refused, no such host, TLS and HTTP errors are all
/// [`Refused`](Self::Refused).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClosedBy {
    /// This end, by `close()`, `reconnect()` or by dropping the last handle.
    Caller,
    /// The server, by a close frame.
    Server,
    /// The network or a proxy: the connection was open and ended without a close frame.
    Network,
    /// It never opened: refused, no such host, TLS failure, HTTP error, subprotocol not agreed.
    Refused,
    /// It was not open within the connect time-out.
    ConnectTimeout,
    /// The close handshake was not over within the close time-out; the connection was left.
    CloseTimeout,
    /// Nothing came within the keep-alive's deadline; the connection was left.
    KeepAlive,
    /// The URL, subprotocols or first messages could not be had, or the browser refused them.
    Provider,
    /// More came than the application took, and the receive limit was reached.
    Overflow,
    /// The provider of URL, subprotocols or token did not answer within its time-out. Its answer is used when it comes.
    ProviderTimeout,
    /// This end, because the page is hidden for longer than was set, or goes into the back-forward cache.
    Paused,
}

/// What is known of a connection that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// The code as the browser reports it: the server's, or 1005 for a close frame without one, or 1006 where no
    /// close frame came.
    pub code: u16,
    /// The server's reason, or what went wrong at this end; empty if nothing is known.
    pub reason: String,
    /// True when the close handshake was completed (RFC 6455, section 7.1.4).
    pub was_clean: bool,
    /// Who ended it.
    pub by: ClosedBy,
    /// Whether it had been open.
    pub was_open: bool,
    /// Bytes that were handed to the socket and had not left it when it ended. They are lost, and more may be:
    /// what had left need not have arrived.
    pub unsent_bytes: u64,
    /// True when no further attempt follows because there were as many as there may be.
    pub gave_up: bool,
}

impl Closed {
    /// A connection that ended without a close frame: code 1006, not clean.
    #[must_use]
    pub fn abnormal(by: ClosedBy, was_open: bool, reason: impl Into<String>) -> Self {
        Self {
            code: 1006,
            reason: reason.into(),
            was_clean: false,
            by,
            was_open,
            unsent_bytes: 0,
            gave_up: false,
        }
    }

    /// A connection that ended as the browser's close event says.
    #[must_use]
    pub fn by_event(code: u16, reason: impl Into<String>, was_clean: bool, was_open: bool) -> Self {
        let by = match (code, was_open) {
            (1006 | 1015, false) => ClosedBy::Refused,
            (1006 | 1015, true) => ClosedBy::Network,
            _ => ClosedBy::Server,
        };
        Self { code, reason: reason.into(), was_clean, by, was_open, unsent_bytes: 0, gave_up: false }
    }

    /// Whether a plain connection comes back after this end, unless the application decides: after 1000, 1002,
    /// 1003, 1007 to 1010 and 3000 to 4999 from the server it does not, after its own close neither; after
    /// everything else, restarts and cuts, it does.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self.by {
            ClosedBy::Caller | ClosedBy::Overflow => false,
            ClosedBy::Server => !matches!(self.code, 1000 | 1002 | 1003 | 1007..=1010 | 3000..=4999),
            _ => true,
        }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match self.by {
            ClosedBy::Caller => "closed by this end",
            ClosedBy::Server => "closed by the server",
            ClosedBy::Network => "cut",
            ClosedBy::Refused => "could not be opened",
            ClosedBy::ConnectTimeout => "not opened in time",
            ClosedBy::CloseTimeout => "left, because the server did not answer the close frame",
            ClosedBy::KeepAlive => "left, because the server was silent",
            ClosedBy::Provider => "not tried",
            ClosedBy::Overflow => "closed, because messages were not taken",
            ClosedBy::ProviderTimeout => "not tried, because the provider did not answer in time",
            ClosedBy::Paused => "paused, because the page is hidden",
        };
        write!(f, "{who} ({})", self.code)?;
        if !self.reason.is_empty() {
            write!(f, ": {}", self.reason)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn only_codes_that_a_client_may_send_can_be_built() {
        for code in [1000, 3000, 3999, 4000, 4999] {
            assert_eq!(Close::new(code, "x").unwrap().code(), Some(code));
        }
        for code in [0, 999, 1001, 1002, 1005, 1006, 1011, 1015, 2999, 5000, u16::MAX] {
            assert_eq!(Close::new(code, ""), Err(InvalidClose::Code(code)));
        }
    }

    #[test]
    fn a_reason_is_measured_in_bytes() {
        assert!(Close::new(1000, "x".repeat(123)).is_ok());
        assert_eq!(Close::new(1000, "ä".repeat(62)), Err(InvalidClose::Reason { bytes: 124 }));
        let text = Close::new(1000, "x".repeat(200)).unwrap_err().to_string();
        assert!(text.contains("123") && text.contains("200"), "{text}");
        assert!(InvalidClose::Code(1006).to_string().contains("1006 may not be sent"));
        assert_eq!(Close::new(4000, "enough").unwrap().reason(), "enough");
    }

    #[test]
    fn a_close_without_a_code_has_no_reason() {
        assert_eq!((Close::without_code().code(), Close::without_code().reason()), (None, ""));
        assert_eq!((Close::normal().code(), Close::normal().reason()), (Some(1000), ""));
    }

    #[test]
    fn the_policy_of_a_plain_connection_is_the_documented_one() {
        for code in [1001, 1005, 1006, 1011, 1012, 1013, 1014, 1015, 2000] {
            assert!(Closed::by_event(code, "", true, true).is_retryable(), "{code}");
        }
        for code in [1000, 1002, 1003, 1007, 1008, 1009, 1010, 3000, 4000, 4999] {
            assert!(!Closed::by_event(code, "", true, true).is_retryable(), "{code}");
        }
        let retried = |by| Closed::abnormal(by, true, "").is_retryable();
        assert!(!retried(ClosedBy::Caller) && !retried(ClosedBy::Overflow));
        assert!(
            retried(ClosedBy::KeepAlive) && retried(ClosedBy::ConnectTimeout) && retried(ClosedBy::Provider)
        );
    }

    #[test]
    fn an_end_without_a_frame_is_a_refusal_before_and_a_cut_after_opening() {
        assert_eq!(Closed::by_event(1006, "", false, false).by, ClosedBy::Refused);
        assert_eq!(Closed::by_event(1006, "", false, true).by, ClosedBy::Network);
        assert_eq!(Closed::by_event(1005, "", true, true).by, ClosedBy::Server);
        let said = Closed::by_event(1008, "too many messages", true, true).to_string();
        assert_eq!(said, "closed by the server (1008): too many messages");
    }
}
