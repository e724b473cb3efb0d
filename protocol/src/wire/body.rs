//! Bytes that are shared: cloning and slicing them copies nothing.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::ops::{Deref, Range};

/// The payload of a frame: immutable bytes, shared by all its clones and slices.
#[derive(Clone, Default)]
pub struct Body {
    bytes: Arc<Vec<u8>>,
    start: usize,
    end: usize,
}

impl Body {
    /// No bytes.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A part of these bytes. It keeps all of them alive.
    ///
    /// # Panics
    /// If the range does not lie within the bytes, as slicing does.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        assert!(range.start <= range.end && range.end <= self.len(), "a slice lies within its body");
        Self { bytes: Arc::clone(&self.bytes), start: self.start + range.start, end: self.start + range.end }
    }
}

impl Body {
    /// The same bytes, in memory of their own if they are less than four fifths of what they keep alive: for what is held
    /// longer than the message that it came in, or a part would hold on to all of it.
    #[must_use]
    pub fn detached(self) -> Self {
        if self.len() < self.bytes.len() / 5 * 4 { self.to_vec().into() } else { self }
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // Never out of range; indexing would bring the text of its panic into every client.
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }
}

impl AsRef<[u8]> for Body {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        let end = bytes.len();
        Self { bytes: Arc::new(bytes), start: 0, end }
    }
}

impl From<&[u8]> for Body {
    fn from(bytes: &[u8]) -> Self {
        bytes.to_vec().into()
    }
}

impl<const N: usize> From<&[u8; N]> for Body {
    fn from(bytes: &[u8; N]) -> Self {
        bytes.to_vec().into()
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self[..] == other[..]
    }
}

impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_part_lets_the_rest_go_and_a_large_one_is_not_copied() {
        let body = Body::from(b"0123456789");
        let small = body.slice(1..3).detached();
        assert_eq!((&small[..], small.bytes.len()), (&b"12"[..], 2));
        let large = body.slice(0..8).detached();
        assert_eq!((large.len(), large.bytes.len()), (8, 10));
    }

    #[test]
    fn slices_of_slices_count_from_their_own_start() {
        let body = Body::from(b"0123456789");
        let middle = body.slice(2..8);
        assert_eq!(&middle[..], b"234567");
        assert_eq!(middle.slice(1..3), Body::from(b"34"));
        assert!(middle.slice(6..6).is_empty());
    }
}
