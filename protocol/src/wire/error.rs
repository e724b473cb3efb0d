//! What is wrong with a message that can't be read.

use core::error::Error;
use core::fmt;

/// A message that breaks the format. It is always the other end's fault, and reading it again does not help: the
/// connection ends with the close code [`WireError::CLOSE_CODE`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WireError {
    /// What is wrong, and what would be right.
    pub fault: Fault,
    /// The field that is wrong, by its name in `docs/protocol.md`.
    pub field: &'static str,
    /// Where it is, in bytes from the start of the message.
    pub at: usize,
}

/// What is wrong with a field, and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// A message or a part of a batch without a byte: a frame has one at least.
    Empty,
    /// The frame ends within the field.
    Truncated {
        /// The bytes that the field has at least.
        needed: u64,
        /// The bytes that are left.
        left: u64,
    },
    /// Bytes are left over behind the last field.
    Trailing {
        /// How many.
        bytes: usize,
    },
    /// An integer with a needless last byte of zero: only the shortest form is allowed.
    Overlong,
    /// An integer of more than eight bytes: none is larger than 2^53 - 1.
    TooManyBytes,
    /// An integer, a length or a count beyond its limit.
    TooLarge {
        /// What was found.
        found: u64,
        /// The most that is allowed.
        most: u64,
    },
    /// A type of frame that this version does not have.
    UnknownType(u8),
    /// A value that the field can't have.
    UnknownValue {
        /// What was found.
        found: u8,
        /// The largest known value; all are counted from 0.
        most: u8,
    },
    /// Flags that this version does not have.
    UnknownFlags {
        /// The unknown bits.
        found: u8,
        /// The bits that are allowed here.
        known: u8,
    },
    /// Text that is not UTF-8, from this byte on.
    NotUtf8,
    /// A batch of no frames.
    EmptyBatch,
    /// A frame in a batch that has to be alone in its message: BATCH, HELLO and WELCOME.
    NotAlone(u8),
}

impl WireError {
    /// The close code that says "your frame can't be read".
    pub const CLOSE_CODE: u16 = 4400;

    pub(super) fn new(fault: Fault, field: &'static str, at: usize) -> Self {
        Self { fault, field, at }
    }
}

/// A message of a server that breaks the format, without a word on where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a frame that can't be read")
    }
}

impl Error for Unreadable {}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "bad frame at byte {} ({}): {}", self.at, self.field, self.fault)
    }
}

impl Error for WireError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("no bytes where a frame is due"),
            Self::Truncated { needed, left } => write!(f, "{left} bytes left where {needed} are needed"),
            Self::Trailing { bytes } => write!(f, "{bytes} bytes too many behind the last field"),
            Self::Overlong => f.write_str("an integer that is not in its shortest form"),
            Self::TooManyBytes => f.write_str("an integer of more than 8 bytes; the largest is 2^53 - 1"),
            Self::TooLarge { found, most } => write!(f, "{found} where {most} is the most"),
            Self::UnknownType(found) => write!(f, "0x{found:02x} is no type of frame"),
            Self::UnknownValue { found, most } => write!(f, "{found} where 0 to {most} are known"),
            Self::UnknownFlags { found, known } => {
                write!(f, "flags 0x{found:02x} are unknown; 0x{known:02x} are allowed")
            }
            Self::NotUtf8 => f.write_str("text that is not UTF-8"),
            Self::EmptyBatch => f.write_str("a batch of no frames; it holds one at least"),
            Self::NotAlone(found) => write!(f, "a frame 0x{found:02x} in a batch; it has to be alone"),
        }
    }
}
