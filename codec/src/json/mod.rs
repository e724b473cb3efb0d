//! JSON in text messages.

#[cfg(any(test, target_arch = "wasm32"))]
mod fault;
#[cfg(any(test, target_arch = "wasm32"))]
mod key;
#[cfg(any(test, target_arch = "wasm32"))]
mod parts;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod tests;
#[cfg(any(test, target_arch = "wasm32"))]
mod text;
#[cfg(any(test, target_arch = "wasm32"))]
mod value;
#[cfg(any(test, target_arch = "wasm32"))]
mod write;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Codec, CodecError, Decode, Encode, Frame, FrameRef};

/// JSON in text messages, as `serde_json` has it. Binary messages are refused.
///
/// In wasm, what reads and writes values is smaller than `serde_json`, reads the same ones and writes the same text. There
/// it differs in the words of errors, and is stricter in two things that only a type of unusual making can tell: bytes that
/// are written as a string are to be valid Unicode, and who asks for an integer is never given a floating point number.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Codec for Json {
    const NAME: &'static str = "JSON";
}

impl<T: Serialize + ?Sized> Encode<T> for Json {
    fn encode(value: &T) -> Result<Frame, CodecError> {
        write(value).map(Frame::Text).map_err(|reason| CodecError::Unencodable { codec: Self::NAME, reason })
    }
}

impl<T: DeserializeOwned> Decode<T> for Json {
    fn decode(payload: FrameRef<'_>) -> Result<T, CodecError> {
        let FrameRef::Text(text) = payload else {
            return Err(CodecError::WrongKind { codec: Self::NAME, got: "binary" });
        };
        read(text).map_err(|reason| CodecError::Malformed { codec: Self::NAME, reason })
    }
}

/// Writes a value, or says why it can't be written.
#[cfg(target_arch = "wasm32")]
fn write<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    write::write(value)
}

/// Writes a value, or says why it can't be written.
#[cfg(not(target_arch = "wasm32"))]
fn write<T: Serialize + ?Sized>(value: &T) -> Result<String, String> {
    serde_json::to_string(value).map_err(|e| e.to_string())
}

/// Reads a value that is the whole of a text, or says what is wrong with it.
#[cfg(target_arch = "wasm32")]
fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    text::read(text)
}

/// Reads a value that is the whole of a text, or says what is wrong with it.
#[cfg(not(target_arch = "wasm32"))]
fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|e| e.to_string())
}
