//! Nothing: the type of what a channel does not have.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Codec, CodecError, Decode, Encode, Frame, FrameRef, Raw};

/// The type of what a [`Channel`](crate::Channel) does not have, as its volatile messages or its presence: there is no
/// value of it, so that sending one does not compile. What somebody sends in spite of that can't be read:
/// [`from_bytes`](crate::from_bytes) answers with [`CodecError::Malformed`], whatever the bytes and the codec.
///
/// It has serde's traits, so that every codec over serde can be a channel's that has nothing of a kind; a codec over
/// types of its own, as [`Raw`] is, has to implement [`Encode`] and [`Decode`] for it.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use rejoin_codec::{CodecError, Json, Nothing, from_bytes};
///
/// let read = from_bytes::<Nothing, Json>(b"null");
/// assert!(matches!(read, Err(CodecError::Malformed { .. })));
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nothing {}

pub(crate) const NOT_EXPECTED: &str = "nothing is expected here";

impl Serialize for Nothing {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        match *self {}
    }
}

/// Reads nothing and fails. Not derived: that would link what reads an enum.
impl<'de> Deserialize<'de> for Nothing {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(D::Error::custom(format_args!("{NOT_EXPECTED}")))
    }
}

impl Encode<Nothing> for Raw {
    fn encode(value: &Nothing) -> Result<Frame, CodecError> {
        match *value {}
    }
}

impl Decode<Nothing> for Raw {
    fn decode(_: FrameRef<'_>) -> Result<Nothing, CodecError> {
        Err(CodecError::Malformed { codec: Self::NAME, reason: NOT_EXPECTED.into() })
    }
}
