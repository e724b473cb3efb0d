//! The close: codes that a server may send, reasons that fit, and how a connection ended.

use std::fmt;

use tokio_tungstenite::tungstenite::Utf8Bytes;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// The longest reason that fits a close frame, in bytes (RFC 6455, section 5.5).
pub const REASON_BYTES: usize = 123;

/// A close code that a server may put into a close frame (RFC 6455, section 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CloseCode(u16);

impl CloseCode {
    /// 1000: the purpose of the connection is fulfilled.
    pub const NORMAL: Self = Self(1000);
    /// 1001: the server goes away, or has no more use for an idle connection.
    pub const AWAY: Self = Self(1001);
    /// 1002: the peer broke the protocol.
    pub const PROTOCOL: Self = Self(1002);
    /// 1003: a kind of data (text or binary) that the endpoint does not take.
    pub const UNSUPPORTED: Self = Self(1003);
    /// 1007: data that does not fit its kind, such as text that is not UTF-8.
    pub const INVALID: Self = Self(1007);
    /// 1008: the peer broke a rule of the endpoint.
    pub const POLICY: Self = Self(1008);
    /// 1009: a message larger than the endpoint takes.
    pub const TOO_BIG: Self = Self(1009);
    /// 1011: the server met a fault of its own.
    pub const INTERNAL: Self = Self(1011);
    /// 1012: the server restarts; come back a little later.
    pub const RESTART: Self = Self(1012);
    /// 1013: the server casts off this client for now; come back later.
    pub const TRY_AGAIN: Self = Self(1013);

    /// A code of a library's or application's own, 3000 to 4999; `None` for any other number.
    #[must_use]
    pub const fn own(code: u16) -> Option<Self> {
        if code >= 3000 && code <= 4999 { Some(Self(code)) } else { None }
    }

    /// The code's number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a close frame says: a code and a reason for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Close {
    code: CloseCode,
    reason: String,
}

impl Close {
    /// A close with a code and a reason. A reason over [`REASON_BYTES`] is cut, never within a character.
    #[must_use]
    pub fn new(code: CloseCode, reason: impl Into<String>) -> Self {
        let mut reason = reason.into();
        if reason.len() > REASON_BYTES {
            let mut end = REASON_BYTES;
            while !reason.is_char_boundary(end) {
                end -= 1;
            }
            reason.truncate(end);
        }
        Self { code, reason }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> CloseCode {
        self.code
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn to_frame(&self) -> CloseFrame {
        CloseFrame { code: self.code.0.into(), reason: Utf8Bytes::from(self.reason.as_str()) }
    }
}

impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.code, self.reason)
    }
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// The peer sent a close frame.
    ByPeer {
        /// Its code; `None` when the frame had none. An impossible code is shown as 1002, the server's answer.
        code: Option<u16>,
        /// Its reason.
        reason: String,
    },
    /// This end closed: by its handler, a limit, a protocol error of the peer, or draining.
    ByServer(Close),
    /// The transport ended without a close frame.
    Lost(String),
    /// The peer gave no sign of life within [`Limits::dead_after`](crate::Limits::dead_after).
    Dead,
    /// The connection was still open when the time for draining was over.
    Aborted,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ByPeer { code: Some(code), reason } => write!(f, "closed by the peer: {code} {reason:?}"),
            Self::ByPeer { code: None, .. } => write!(f, "closed by the peer without a code"),
            Self::ByServer(close) => write!(f, "closed by the server: {close}"),
            Self::Lost(why) => write!(f, "lost: {why}"),
            Self::Dead => write!(f, "dropped: no sign of life from the peer"),
            Self::Aborted => write!(f, "dropped: still open when the time to drain was over"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let close = Close::new(CloseCode::POLICY, "ä".repeat(100));
        assert_eq!(close.reason().len(), 122);
        assert_eq!(Close::new(CloseCode::POLICY, "a".repeat(200)).reason().len(), REASON_BYTES);
    }

    #[test]
    fn only_codes_from_3000_to_4999_are_ones_own() {
        for code in [0, 999, 1000, 1005, 1006, 1015, 2999, 5000, u16::MAX] {
            assert_eq!(CloseCode::own(code), None);
        }
        assert_eq!(CloseCode::own(3000).map(CloseCode::get), Some(3000));
        assert_eq!(CloseCode::own(4999).map(CloseCode::get), Some(4999));
    }
}
