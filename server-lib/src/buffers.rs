//! The buffers of a connection's decoder and encoder: how much memory they take.

use crate::account::block;
use crate::limits::Limits;

/// What is known of both from outside: the bytes that went in and came out.
#[derive(Debug)]
pub(crate) struct Buffers {
    read_buffer: u64,
    /// Bytes that had been read when the last message came out whole.
    finished: u64,
    /// The size of a message that was larger than the read buffer, and how much had been read then: the decoder keeps the
    /// memory of it until it has read another buffer full.
    large: u64,
    large_at: u64,
    /// Bytes that were handed to the encoder.
    encoded: u64,
    /// The most that waited in the encoder: its buffer never shrinks.
    most_encoded: u64,
}

impl Buffers {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            read_buffer: limits.read_buffer_bytes as u64,
            finished: 0,
            large: 0,
            large_at: 0,
            encoded: 0,
            most_encoded: 0,
        }
    }

    /// A message came out of the decoder.
    pub(crate) fn decoded(&mut self, len: usize, read: u64) {
        self.finished = read;
        if len as u64 > self.read_buffer {
            (self.large, self.large_at) = (len as u64, read);
        }
    }

    /// A frame with a payload of so many bytes was handed to the encoder.
    pub(crate) fn encoded(&mut self, len: usize, written: u64) {
        // Headers of our own frames have ten bytes at most.
        self.encoded += len as u64 + 10;
        self.most_encoded = self.most_encoded.max(self.encoded.saturating_sub(written));
    }

    /// The socket has taken all.
    pub(crate) fn flushed(&mut self, written: u64) {
        self.encoded = written;
    }

    /// Bytes of memory, when so many bytes have been read.
    pub(crate) fn memory(&mut self, read: u64) -> u64 {
        if read.saturating_sub(self.large_at) > self.read_buffer {
            self.large = 0;
        }
        let unfinished = read.saturating_sub(self.finished);
        let decoder = self.read_buffer.max(unfinished).max(self.large);
        let encoder = if self.most_encoded == 0 { 0 } else { self.most_encoded.next_power_of_two() };
        block(usize::try_from(decoder).unwrap_or(usize::MAX)) + encoder
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_message_counts_while_it_comes_and_until_its_memory_is_used_again() {
        let mut buffers = Buffers::new(&Limits::default());
        let idle = buffers.memory(0);
        assert_eq!(idle, 4_112);
        assert_eq!(buffers.memory(1_000), idle);
        assert!(buffers.memory(900_000) >= 900_000);
        buffers.decoded(1 << 20, 1 << 20);
        assert!(buffers.memory(1 << 20) >= 1 << 20, "the decoder has kept it");
        assert!(buffers.memory((1 << 20) + 5_000) < 6_000);
    }

    #[test]
    fn what_waited_for_the_socket_counts_from_then_on() {
        let mut buffers = Buffers::new(&Limits::default());
        let idle = buffers.memory(0);
        buffers.encoded(30_000, 0);
        assert_eq!(buffers.memory(0), idle + 32_768);
        buffers.flushed(30_004);
        buffers.encoded(100, 30_004);
        assert_eq!(buffers.memory(0), idle + 32_768);
    }
}
