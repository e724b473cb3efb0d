//! The fault: what an error of the socket means, and the close frame that answers it.

use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::error::{CapacityError, ProtocolError};

use crate::close::{Close, CloseCode, End};
use crate::driver::Cause;

/// An error of the socket, by blame.
pub(crate) enum Fault {
    /// The peer sent what it may not; the answer.
    Peer(Close),
    /// The peer sent more than is taken.
    TooBig { limit: usize },
    /// The transport is gone.
    Gone(String),
}

impl Fault {
    /// Names the endpoint's limit, since that of the library's error may be another.
    pub(crate) fn with_limit(self, limit: usize) -> Self {
        match self {
            Self::TooBig { .. } => Self::TooBig { limit },
            other => other,
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Protocol(
                ProtocolError::ResetWithoutClosingHandshake
                | ProtocolError::ReceivedAfterClosing
                | ProtocolError::SendAfterClosing,
            ) => Self::Gone("the peer ended the transport without a close frame".into()),
            Error::Protocol(error) => Self::Peer(Close::new(CloseCode::PROTOCOL, violation(&error))),
            Error::Utf8(_) => Self::Peer(Close::new(CloseCode::INVALID, "text that is not UTF-8")),
            Error::Capacity(CapacityError::MessageTooLong { max_size, .. }) => {
                Self::TooBig { limit: max_size }
            }
            Error::ConnectionClosed | Error::AlreadyClosed => Self::Gone("the connection was closed".into()),
            Error::Io(error) => Self::Gone(error.to_string()),
            other => Self::Gone(other.to_string()),
        }
    }
}

/// What was wrong, and what would be right, for the peer's log.
fn violation(error: &ProtocolError) -> String {
    match error {
        ProtocolError::UnmaskedFrameFromClient => "a frame that is not masked; a client must mask".into(),
        ProtocolError::NonZeroReservedBits => {
            "a reserved bit is set, and no extension was agreed on; it must be 0".into()
        }
        ProtocolError::InvalidOpcode(code) => format!("the opcode {code} is reserved"),
        ProtocolError::UnknownControlFrameType(code) | ProtocolError::UnknownDataFrameType(code) => {
            format!("the opcode {code} is reserved")
        }
        ProtocolError::UnexpectedContinueFrame => "a continuation frame, but no message was begun".into(),
        ProtocolError::ExpectedFragment(_) => {
            "a new message was begun within a fragmented one; a continuation must follow".into()
        }
        ProtocolError::FragmentedControlFrame => "a control frame in fragments; it must be whole".into(),
        ProtocolError::ControlFrameTooBig => "a control frame over 125 bytes".into(),
        ProtocolError::InvalidCloseSequence => {
            "a close frame of 1 byte; a code has 2, or there is none".into()
        }
        other => other.to_string(),
    }
}

impl From<Fault> for Cause {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Peer(close) => Self::Fail(close),
            Fault::TooBig { limit } => {
                let reason = format!("a message over {limit} bytes, the most that is taken here");
                Self::Fail(Close::new(CloseCode::TOO_BIG, reason))
            }
            Fault::Gone(why) => Self::Gone(End::Lost(why)),
        }
    }
}
