//! A cursor over one frame. Every read says which field it is for, so that an error can name it.

use alloc::boxed::Box;
use alloc::string::String;
use core::marker::PhantomData;
use core::ops::Range;

use crate::wire::{Body, Fault, Unreadable, WireError, WireLimits, varint};

/// What is said of an error on its way out, which is as much as whoever reads wants to know; and whose frames are read.
pub(super) trait Blame {
    /// Whether frames that only a client sends are read as well.
    const OF_CLIENTS: bool;

    fn new(fault: Fault, field: &'static str, at: usize) -> Self;
}

/// Everything. It is boxed, because every field that is read passes one on.
impl Blame for Box<WireError> {
    const OF_CLIENTS: bool = true;

    #[cold]
    #[inline(never)]
    fn new(fault: Fault, field: &'static str, at: usize) -> Self {
        Box::new(WireError::new(fault, field, at))
    }
}

/// Nothing: the compiler leaves out all that would say more.
impl Blame for Unreadable {
    const OF_CLIENTS: bool = false;

    fn new(_: Fault, _: &'static str, _: usize) -> Self {
        Self
    }
}

pub(super) struct Reader<'a, B> {
    message: &'a Body,
    /// The message up to the end of the frame.
    bytes: &'a [u8],
    /// The next byte. Never beyond the end of `bytes`.
    at: usize,
    pub(super) limits: &'a WireLimits,
    blame: PhantomData<B>,
}

impl<'a, B: Blame> Reader<'a, B> {
    /// A cursor over a part of a message. What of it lies beyond the message's end does not exist.
    pub(super) fn new(message: &'a Body, frame: Range<usize>, limits: &'a WireLimits) -> Self {
        let bytes = message.get(..frame.end).unwrap_or(message);
        Self { message, bytes, at: frame.start.min(bytes.len()), limits, blame: PhantomData }
    }

    fn left(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    pub(super) fn wrong_here(&self, fault: Fault, field: &'static str) -> B {
        B::new(fault, field, self.at)
    }

    /// An error at the byte that has just been read.
    pub(super) fn wrong_before(&self, fault: Fault, field: &'static str) -> B {
        B::new(fault, field, self.at.saturating_sub(1))
    }

    fn truncated(&self, needed: u64, field: &'static str) -> B {
        self.wrong_here(Fault::Truncated { needed, left: self.left().len() as u64 }, field)
    }

    pub(super) fn byte(&mut self, field: &'static str) -> Result<u8, B> {
        let byte = *self.left().first().ok_or_else(|| self.truncated(1, field))?;
        self.at += 1;
        Ok(byte)
    }

    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], B> {
        let array = *self.left().first_chunk().ok_or_else(|| self.truncated(N as u64, field))?;
        self.at += N;
        Ok(array)
    }

    pub(super) fn integer(&mut self, field: &'static str) -> Result<u64, B> {
        let (value, bytes) = varint::read(self.left()).map_err(|fault| self.wrong_here(fault, field))?;
        self.at += bytes;
        Ok(value)
    }

    /// An integer that may not be larger than `most`.
    pub(super) fn at_most(&mut self, most: u64, field: &'static str) -> Result<u64, B> {
        let start = self.at;
        let found = self.integer(field)?;
        if found > most {
            return Err(B::new(Fault::TooLarge { found, most }, field, start));
        }
        Ok(found)
    }

    /// A byte that may not be larger than `most`.
    pub(super) fn value(&mut self, field: &'static str, most: u8) -> Result<u8, B> {
        let found = self.byte(field)?;
        if found > most {
            return Err(self.wrong_before(Fault::UnknownValue { found, most }, field));
        }
        Ok(found)
    }

    /// A byte of flags, of which no other than the known may be set.
    pub(super) fn flags(&mut self, known: u8) -> Result<u8, B> {
        let flags = self.byte("flags")?;
        if flags & !known != 0 {
            return Err(self.wrong_before(Fault::UnknownFlags { found: flags & !known, known }, "flags"));
        }
        Ok(flags)
    }

    /// Where bytes with their length before them lie. They are there: nothing is allocated for a length alone.
    fn range(&mut self, most: usize, field: &'static str) -> Result<Range<usize>, B> {
        let length = self.at_most(most as u64, field)?;
        let left = self.left().len() as u64;
        if length > left {
            return Err(self.truncated(length, field));
        }
        let start = self.at;
        self.at += length as usize;
        Ok(start..self.at)
    }

    pub(super) fn text(&mut self, most: usize, field: &'static str) -> Result<String, B> {
        let range = self.range(most, field)?;
        let start = range.start;
        let bytes = self.bytes.get(range).unwrap_or_default();
        match core::str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(B::new(Fault::NotUtf8, field, start + error.valid_up_to())),
        }
    }

    /// Bytes with their length before them. The frame's own limit bounds them.
    pub(super) fn sized(&mut self, field: &'static str) -> Result<Body, B> {
        let range = self.range(self.limits.max_frame, field)?;
        Ok(self.message.slice(range))
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> Body {
        let start = self.at;
        self.at = self.bytes.len();
        self.message.slice(start..self.at)
    }

    /// A count of things that take so many bytes at least, and how many of them to make room for.
    pub(super) fn count(
        &mut self,
        most: usize,
        bytes_each: usize,
        field: &'static str,
    ) -> Result<(u64, usize), B> {
        let count = self.at_most(most as u64, field)?;
        let possible = self.left().len() / bytes_each;
        Ok((count, usize::try_from(count).unwrap_or(possible).min(possible)))
    }

    /// Checks that nothing is left.
    pub(super) fn finish(&self) -> Result<(), B> {
        match self.left().len() {
            0 => Ok(()),
            bytes => Err(self.wrong_here(Fault::Trailing { bytes }, "end")),
        }
    }

    /// Passes over all that is left.
    pub(super) fn skip(&mut self) {
        self.at = self.bytes.len();
    }
}
