//! Values as bytes alone, where nothing beside them says whether they are text: the codec does.

use crate::nothing::NOT_EXPECTED;
use crate::{Codec, CodecError, Decode, Encode, Frame, FrameRef};

/// Writes a value as bytes: a text's are its UTF-8.
///
/// # Errors
/// When the value can't be written.
pub fn to_bytes<T, C: Encode<T>>(value: &T) -> Result<Vec<u8>, CodecError> {
    C::encode(value).map(|frame| match frame {
        Frame::Text(text) => text.into_bytes(),
        Frame::Binary(bytes) => bytes,
    })
}

/// Reads a value from bytes. Never panics, whatever they are.
///
/// # Errors
/// When they are no value of this type.
pub fn from_bytes<T, C: Decode<T>>(bytes: &[u8]) -> Result<T, CodecError> {
    // Of a type without values, such as `Nothing`, none has to be looked for: then no reader of it is linked.
    if const { size_of::<Result<T, ()>>() == 0 } {
        return Err(CodecError::Malformed { codec: C::NAME, reason: NOT_EXPECTED.into() });
    }
    match C::decode(FrameRef::Binary(bytes)) {
        Err(CodecError::WrongKind { .. }) => match std::str::from_utf8(bytes) {
            Ok(text) => C::decode(FrameRef::Text(text)),
            Err(_) => {
                let reason = "the text is not UTF-8".into();
                Err(CodecError::Malformed { codec: <C as Codec>::NAME, reason })
            }
        },
        decoded => decoded,
    }
}

#[cfg(all(test, feature = "json"))]
mod tests {
    use super::*;
    use crate::{Json, Raw};

    #[test]
    fn the_codec_says_whether_bytes_are_text() {
        assert_eq!(to_bytes::<u32, Json>(&17), Ok(b"17".to_vec()));
        assert_eq!(from_bytes::<u32, Json>(b"17"), Ok(17));
        assert!(matches!(from_bytes::<u32, Json>(b"\xff"), Err(CodecError::Malformed { .. })));
        assert_eq!(from_bytes::<Vec<u8>, Raw>(b"\xff"), Ok(vec![0xff]));
        assert_eq!(from_bytes::<String, Raw>("é".as_bytes()), Ok("é".into()));
    }
}
