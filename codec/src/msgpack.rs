//! MessagePack in binary messages.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Codec, CodecError, Decode, Encode, Frame, FrameRef};

/// MessagePack in binary messages, structs as maps with field names, by `rmp-serde`. Text messages are
/// refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct MsgPack;

impl Codec for MsgPack {
    const NAME: &'static str = "MessagePack";
}

impl<T: Serialize + ?Sized> Encode<T> for MsgPack {
    fn encode(value: &T) -> Result<Frame, CodecError> {
        rmp_serde::to_vec_named(value)
            .map(Frame::Binary)
            .map_err(|e| CodecError::Unencodable { codec: Self::NAME, reason: e.to_string() })
    }
}

impl<T: DeserializeOwned> Decode<T> for MsgPack {
    fn decode(payload: FrameRef<'_>) -> Result<T, CodecError> {
        let FrameRef::Binary(bytes) = payload else {
            return Err(CodecError::WrongKind { codec: Self::NAME, got: "text" });
        };
        let malformed = |reason: String| CodecError::Malformed { codec: Self::NAME, reason };
        let mut reader = rmp_serde::Deserializer::new(bytes);
        let value = T::deserialize(&mut reader).map_err(|e| malformed(e.to_string()))?;
        // The library stops behind the first value; a payload is one value, so what is left is an error.
        let left = reader.into_inner().len();
        if left > 0 {
            return Err(malformed(format!("{left} bytes left over behind the value")));
        }
        Ok(value)
    }
}
