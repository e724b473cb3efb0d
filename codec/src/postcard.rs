//! Postcard in binary messages.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Codec, CodecError, Decode, Encode, Frame, FrameRef};

/// Postcard in binary messages: the smallest, without field names, so that both ends must be built from the
/// same types. Text messages are refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct Postcard;

impl Codec for Postcard {
    const NAME: &'static str = "Postcard";
}

impl<T: Serialize + ?Sized> Encode<T> for Postcard {
    fn encode(value: &T) -> Result<Frame, CodecError> {
        postcard::to_allocvec(value)
            .map(Frame::Binary)
            .map_err(|e| CodecError::Unencodable { codec: Self::NAME, reason: e.to_string() })
    }
}

impl<T: DeserializeOwned> Decode<T> for Postcard {
    fn decode(payload: FrameRef<'_>) -> Result<T, CodecError> {
        let FrameRef::Binary(bytes) = payload else {
            return Err(CodecError::WrongKind { codec: Self::NAME, got: "text" });
        };
        let malformed = |reason: String| CodecError::Malformed { codec: Self::NAME, reason };
        let (value, left) = postcard::take_from_bytes(bytes).map_err(|e| malformed(e.to_string()))?;
        if !left.is_empty() {
            return Err(malformed(format!("{} bytes left over behind the value", left.len())));
        }
        Ok(value)
    }
}
