//! A message of a session.

use alloc::string::String;
use alloc::vec::Vec;

use crate::wire::Body;

/// What a numbered frame costs beside its payload, so that empty messages count.
pub const FRAME_COST: u64 = 32;

/// What a message takes in memory beside its bytes: two blocks of the allocator, with what they are rounded up by.
pub(crate) const MESSAGE_MEMORY: u64 = 68;

/// About how much memory so many messages or frames take that cost so much.
pub(crate) fn memory(count: usize, cost: u64) -> u64 {
    cost + count as u64 * (MESSAGE_MEMORY - FRAME_COST)
}

/// The smallest payload of a frame that is not the last of its message, so that the pieces of a message are few.
pub(crate) const FRAGMENT_MIN: u64 = 1 << 10;

/// A message of a session, or what is left of one: its bytes, and whether they are text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionMessage {
    /// False if the bytes are UTF-8 text.
    pub binary: bool,
    /// The bytes.
    pub body: Body,
}

impl SessionMessage {
    /// A text message.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self { binary: false, body: text.into() }
    }

    /// A binary message.
    #[must_use]
    pub fn binary(body: impl Into<Body>) -> Self {
        Self { binary: true, body: body.into() }
    }

    /// What it costs at least, travelling in one frame.
    #[must_use]
    pub fn cost(&self) -> u64 {
        self.body.len() as u64 + FRAME_COST
    }
}

impl SessionMessage {
    /// The text, if it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        if self.binary { None } else { core::str::from_utf8(&self.body).ok() }
    }
}

macro_rules! from {
    ($($type:ty => $binary:expr;)*) => {$(
        impl From<$type> for SessionMessage {
            fn from(payload: $type) -> Self {
                Self { binary: $binary, body: payload.into() }
            }
        }
    )*};
}

from! {
    &str => false;
    Vec<u8> => true;
    &[u8] => true;
    Body => true;
}

impl<const N: usize> From<&[u8; N]> for SessionMessage {
    fn from(payload: &[u8; N]) -> Self {
        Self::binary(payload)
    }
}

impl From<String> for SessionMessage {
    fn from(text: String) -> Self {
        Self { binary: false, body: text.into_bytes().into() }
    }
}
