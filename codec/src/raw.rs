//! No codec: the value is the payload.

use crate::{Codec, CodecError, Decode, Encode, Frame, FrameRef};

/// The payload itself, for `String` (text), `Vec<u8>` (binary) and [`Frame`] (either).
#[derive(Debug, Clone, Copy, Default)]
pub struct Raw;

impl Codec for Raw {
    const NAME: &'static str = "raw";
}

impl Encode<str> for Raw {
    fn encode(value: &str) -> Result<Frame, CodecError> {
        Ok(Frame::Text(value.to_owned()))
    }
}

impl Encode<String> for Raw {
    fn encode(value: &String) -> Result<Frame, CodecError> {
        Ok(Frame::Text(value.clone()))
    }
}

impl Encode<[u8]> for Raw {
    fn encode(value: &[u8]) -> Result<Frame, CodecError> {
        Ok(Frame::Binary(value.to_vec()))
    }
}

impl Encode<Vec<u8>> for Raw {
    fn encode(value: &Vec<u8>) -> Result<Frame, CodecError> {
        Ok(Frame::Binary(value.clone()))
    }
}

impl Encode<Frame> for Raw {
    fn encode(value: &Frame) -> Result<Frame, CodecError> {
        Ok(value.clone())
    }
}

impl Decode<String> for Raw {
    fn decode(payload: FrameRef<'_>) -> Result<String, CodecError> {
        match payload {
            FrameRef::Text(text) => Ok(text.to_owned()),
            FrameRef::Binary(_) => Err(CodecError::WrongKind { codec: Self::NAME, got: "binary" }),
        }
    }
}

impl Decode<Vec<u8>> for Raw {
    fn decode(payload: FrameRef<'_>) -> Result<Vec<u8>, CodecError> {
        match payload {
            FrameRef::Binary(bytes) => Ok(bytes.to_vec()),
            FrameRef::Text(_) => Err(CodecError::WrongKind { codec: Self::NAME, got: "text" }),
        }
    }
}

impl Decode<Frame> for Raw {
    fn decode(payload: FrameRef<'_>) -> Result<Frame, CodecError> {
        Ok(match payload {
            FrameRef::Text(text) => Frame::Text(text.to_owned()),
            FrameRef::Binary(bytes) => Frame::Binary(bytes.to_vec()),
        })
    }
}
