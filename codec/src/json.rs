//! JSON in text messages.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Codec, CodecError, Decode, Encode, Frame, FrameRef};

/// JSON in text messages, by `serde_json`. Binary messages are refused.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Codec for Json {
    const NAME: &'static str = "JSON";
}

impl<T: Serialize + ?Sized> Encode<T> for Json {
    fn encode(value: &T) -> Result<Frame, CodecError> {
        serde_json::to_string(value)
            .map(Frame::Text)
            .map_err(|e| CodecError::Unencodable { codec: Self::NAME, reason: e.to_string() })
    }
}

impl<T: DeserializeOwned> Decode<T> for Json {
    fn decode(payload: FrameRef<'_>) -> Result<T, CodecError> {
        let FrameRef::Text(text) = payload else {
            return Err(CodecError::WrongKind { codec: Self::NAME, got: "binary" });
        };
        serde_json::from_str(text)
            .map_err(|e| CodecError::Malformed { codec: Self::NAME, reason: e.to_string() })
    }
}
