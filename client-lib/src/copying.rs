//! Why the bytes of a message can't be had.

/// Why the bytes of a message can't be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CopyError {
    /// It is a text or a `Blob`: only an `ArrayBuffer`'s bytes can be copied at once.
    NotInMemory,
    /// The target has another length than the message.
    Length {
        /// The message's, in bytes.
        message: usize,
        /// The target's, in bytes.
        target: usize,
    },
    /// The browser could not read the `Blob`.
    Unreadable,
}

impl std::fmt::Display for CopyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotInMemory => f.write_str("the message is no ArrayBuffer: use to_text or bytes"),
            Self::Length { message, target } => {
                write!(f, "the message has {message} bytes, the target {target}: they must be equal")
            }
            Self::Unreadable => f.write_str("the browser could not read the Blob"),
        }
    }
}

impl std::error::Error for CopyError {}
