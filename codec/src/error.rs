//! Why a value could not be written or a payload not be read.

use std::error::Error;
use std::fmt;

/// A codec's error. It says what was wrong; the value or payload stays with whoever passed it in.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodecError {
    /// The payload is text where the codec reads binary, or the reverse.
    WrongKind {
        /// The codec's name.
        codec: &'static str,
        /// What came: "text" or "binary".
        got: &'static str,
    },
    /// The payload is not a value of the type.
    Malformed {
        /// The codec's name.
        codec: &'static str,
        /// What was wrong and where, in the words of the codec's library.
        reason: String,
    },
    /// The value can't be written in this codec.
    Unencodable {
        /// The codec's name.
        codec: &'static str,
        /// What was wrong, in the words of the codec's library.
        reason: String,
    },
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongKind { codec, got } => write!(f, "{codec} can't read a {got} message"),
            Self::Malformed { codec, reason } => write!(f, "not a {codec} message of this type: {reason}"),
            Self::Unencodable { codec, reason } => write!(f, "can't be written as {codec}: {reason}"),
        }
    }
}

impl Error for CodecError {}
