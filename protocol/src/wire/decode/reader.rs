//! A cursor over one frame. Every read says which field it is for, so that an error can name it.

use alloc::boxed::Box;
use alloc::string::String;
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

/// Reads on after an error, of which it keeps the first: what is read then is zero, or empty, and worth nothing. So the
/// reading of a frame is free of questions, and asks one at its end.
pub(super) struct Reader<'a, B> {
    message: &'a Body,
    /// The message up to the end of the frame.
    bytes: &'a [u8],
    /// The next byte. Never beyond the end of `bytes`.
    at: usize,
    pub(super) limits: &'a WireLimits,
    wrong: Option<B>,
}

impl<'a, B: Blame> Reader<'a, B> {
    /// A cursor over a part of a message. What of it lies beyond the message's end does not exist.
    pub(super) fn new(message: &'a Body, frame: Range<usize>, limits: &'a WireLimits) -> Self {
        let bytes = message.get(..frame.end).unwrap_or(message);
        Self { message, bytes, at: frame.start.min(bytes.len()), limits, wrong: None }
    }

    fn left(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Whether there has been an error.
    pub(super) fn is_wrong(&self) -> bool {
        self.wrong.is_some()
    }

    #[cold]
    #[inline(never)]
    fn wrong(&mut self, fault: Fault, field: &'static str, at: usize) {
        if self.wrong.is_none() {
            self.wrong = Some(B::new(fault, field, at));
        }
        // Nothing can be read behind it.
        self.at = self.bytes.len();
    }

    /// An error at the byte that has just been read.
    pub(super) fn wrong_before(&mut self, fault: Fault, field: &'static str) {
        self.wrong(fault, field, self.at.saturating_sub(1));
    }

    fn truncated(&mut self, needed: u64, field: &'static str) {
        self.wrong(Fault::Truncated { needed, left: self.left().len() as u64 }, field, self.at);
    }

    pub(super) fn byte(&mut self, field: &'static str) -> u8 {
        let [byte] = self.array(field);
        byte
    }

    pub(super) fn array<const N: usize>(&mut self, field: &'static str) -> [u8; N] {
        match self.left().first_chunk() {
            Some(array) => {
                self.at += N;
                *array
            }
            None => {
                self.truncated(N as u64, field);
                [0; N]
            }
        }
    }

    pub(super) fn integer(&mut self, field: &'static str) -> u64 {
        match varint::read(self.left()) {
            Ok((value, bytes)) => {
                self.at += bytes;
                value
            }
            Err(fault) => {
                self.wrong(fault, field, self.at);
                0
            }
        }
    }

    /// An integer that may not be larger than `most`.
    pub(super) fn at_most(&mut self, most: u64, field: &'static str) -> u64 {
        let start = self.at;
        let found = self.integer(field);
        if found > most {
            self.wrong(Fault::TooLarge { found, most }, field, start);
            return 0;
        }
        found
    }

    /// A byte that may not be larger than `most`.
    pub(super) fn value(&mut self, field: &'static str, most: u8) -> u8 {
        let found = self.byte(field);
        if found > most {
            self.wrong_before(Fault::UnknownValue { found, most }, field);
        }
        found
    }

    /// A byte of flags, of which no other than the known may be set.
    pub(super) fn flags(&mut self, known: u8) -> u8 {
        let flags = self.byte("flags");
        if flags & !known != 0 {
            self.wrong_before(Fault::UnknownFlags { found: flags & !known, known }, "flags");
        }
        flags
    }

    /// Where bytes with their length before them lie. They are there: nothing is allocated for a length alone.
    fn range(&mut self, most: usize, field: &'static str) -> Range<usize> {
        let length = self.at_most(most as u64, field);
        if length > self.left().len() as u64 {
            self.truncated(length, field);
            return self.at..self.at;
        }
        let start = self.at;
        self.at += length as usize;
        start..self.at
    }

    pub(super) fn text(&mut self, most: usize, field: &'static str) -> String {
        let range = self.range(most, field);
        let start = range.start;
        let bytes = self.bytes.get(range).unwrap_or_default();
        match core::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(error) => {
                self.wrong(Fault::NotUtf8, field, start + error.valid_up_to());
                String::new()
            }
        }
    }

    /// Bytes with their length before them, at most so many.
    pub(super) fn sized(&mut self, most: usize, field: &'static str) -> Body {
        let range = self.range(most, field);
        self.message.slice(range)
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> Body {
        let start = self.at;
        self.at = self.bytes.len();
        self.message.slice(start..self.at)
    }

    /// A count of things that take so many bytes at least, and how many of them to make room for.
    pub(super) fn count(&mut self, most: usize, bytes_each: usize, field: &'static str) -> (u64, usize) {
        let count = self.at_most(most as u64, field);
        let possible = self.left().len() / bytes_each;
        (count, usize::try_from(count).unwrap_or(possible).min(possible))
    }

    /// Hands out what was read, unless there was an error or something is left.
    pub(super) fn finish<T>(mut self, read: T) -> Result<T, B> {
        let bytes = self.left().len();
        if bytes > 0 {
            self.wrong(Fault::Trailing { bytes }, "end", self.at);
        }
        self.wrong.map_or(Ok(read), Err)
    }

    /// Passes over all that is left.
    pub(super) fn skip(&mut self) {
        self.at = self.bytes.len();
    }
}
