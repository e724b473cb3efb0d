//! Frames gathered into messages: a lone frame goes bare, several as a batch.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::mem;

use super::{Body, Frame, kind, varint};

/// Payloads up to this size are copied where they are gathered; larger ones are shared until their message is cut.
const SMALL: usize = 256;

/// Gathers frames into WebSocket messages.
///
/// [`push`](Self::push) frames in the order in which they are to go, [`flush`](Self::flush) when no more are ready,
/// and [`pop`](Self::pop) messages until there is none. A payload of more than 256 bytes is copied once, into its
/// message.
///
/// A message is cut before it outgrows the limit, so only a frame that is larger alone makes a larger message. HELLO
/// and WELCOME stand alone in theirs, and BYE is the last of its message.
#[derive(Debug)]
pub struct BatchWriter {
    limit: usize,
    /// All of the gathered frames that is not in `payloads`, each with its length before it.
    heads: Vec<u8>,
    /// Large payloads, and where in `heads` they belong.
    payloads: Vec<(usize, Body)>,
    /// The bytes of all `payloads`.
    payload_bytes: usize,
    /// How many frames have been gathered.
    frames: usize,
    /// The bytes of the first frame's length, which it does without if it stays alone.
    first_prefix: usize,
    /// Where a frame's head is written to see how long it is.
    scratch: Vec<u8>,
    ready: VecDeque<Vec<u8>>,
}

impl Default for BatchWriter {
    fn default() -> Self {
        Self::new(Self::DEFAULT_LIMIT)
    }
}

impl BatchWriter {
    /// Where a batch is cut unless another size is asked for: 64 KiB.
    pub const DEFAULT_LIMIT: usize = 64 << 10;

    /// A writer that makes batches of at most so many bytes. With more than 64 KiB the other end's limit of
    /// [frames in a batch](super::WireLimits::max_frames) may be reached first.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            heads: Vec::new(),
            payloads: Vec::new(),
            payload_bytes: 0,
            frames: 0,
            first_prefix: 0,
            scratch: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    /// Adds a frame behind those before it.
    pub fn push(&mut self, frame: &Frame) {
        self.push_with(frame, Frame::encode_head);
    }

    /// Adds a frame as [`push`](Self::push) does, for a client: a smaller program.
    ///
    /// # Panics
    /// At a frame that only a server sends; a client's session hands out none.
    pub fn push_from_client(&mut self, frame: &Frame) {
        self.push_with(frame, Frame::encode_client_head);
    }

    fn push_with(&mut self, frame: &Frame, encode_head: impl Fn(&Frame, &mut Vec<u8>)) {
        let alone = matches!(frame, Frame::Hello(_) | Frame::Welcome(_));
        let mut head = mem::take(&mut self.scratch);
        head.clear();
        encode_head(frame, &mut head);
        let tail = frame.tail();
        let length = head.len() + tail.map_or(0, |tail| tail.len());
        let prefix = varint::length(length as u64);
        // The type of the batch is one byte more.
        if alone || 1 + self.gathered() + prefix + length > self.limit {
            self.flush();
        }
        if self.frames == 0 {
            self.first_prefix = prefix;
        }
        self.frames += 1;
        varint::write(&mut self.heads, length as u64);
        self.heads.extend_from_slice(&head);
        match tail {
            Some(tail) if tail.len() > SMALL => {
                self.payload_bytes += tail.len();
                self.payloads.push((self.heads.len(), tail.clone()));
            }
            Some(tail) => self.heads.extend_from_slice(tail),
            None => {}
        }
        self.scratch = head;
        if alone || matches!(frame, Frame::Bye(_)) {
            self.flush();
        }
    }

    /// Ends the message that is being gathered, so that [`pop`](Self::pop) gives it out. Does nothing if there is none.
    pub fn flush(&mut self) {
        let single = match self.frames {
            0 => return,
            1 => true,
            _ => false,
        };
        let mut from = if single { self.first_prefix } else { 0 };
        let mut message = Vec::with_capacity(1 + self.gathered() - from);
        if !single {
            message.push(kind::BATCH);
        }
        for (place, payload) in &self.payloads {
            message.extend_from_slice(self.heads.get(from..*place).unwrap_or_default());
            message.extend_from_slice(payload);
            from = *place;
        }
        self.payloads.clear();
        message.extend_from_slice(self.heads.get(from..).unwrap_or_default());
        self.ready.push_back(message);
        self.heads.clear();
        self.payload_bytes = 0;
        self.frames = 0;
    }

    /// The oldest finished message.
    pub fn pop(&mut self) -> Option<Vec<u8>> {
        self.ready.pop_front()
    }

    /// Whether nothing is gathered and no message waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.frames == 0 && self.ready.is_empty()
    }

    /// How many bytes are gathered for the message that is not yet finished, without its type.
    #[must_use]
    pub fn gathered(&self) -> usize {
        self.heads.len() + self.payload_bytes
    }
}
