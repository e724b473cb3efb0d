//! The codec: how values become payloads and payloads values.

use crate::{CodecError, Frame, FrameRef};

/// A way to write values as WebSocket messages. Each codec implements [`Encode`] and [`Decode`] for the
/// types that it can handle.
pub trait Codec: 'static {
    /// The codec's name, for messages to people.
    const NAME: &'static str;
}

/// Writing one type.
pub trait Encode<T: ?Sized>: Codec {
    /// Writes a value as a payload.
    ///
    /// # Errors
    /// When the value can't be written, for example a map with keys that are no strings as JSON.
    fn encode(value: &T) -> Result<Frame, CodecError>;
}

/// Reading one type.
pub trait Decode<T>: Codec {
    /// Reads a value from a whole payload. Never panics, whatever the bytes.
    ///
    /// # Errors
    /// When the payload is of the wrong kind (text for binary, or the reverse), malformed, or has bytes left
    /// over behind the value.
    fn decode(payload: FrameRef<'_>) -> Result<T, CodecError>;
}
