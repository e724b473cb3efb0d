//! The queue of messages that can't go yet, within its limits.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::error::Error;
use core::fmt;

use super::config::{Overflow, QueueLimits};

/// A message that was not taken, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused<M> {
    /// The message, unchanged.
    pub message: M,
    /// Why.
    pub reason: Refusal,
}

impl<M> fmt::Display for Refused<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reason.fmt(f)
    }
}

impl<M: fmt::Debug> Error for Refused<M> {}

/// Why a message was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The queue has no room at present.
    Full,
    /// The message alone is larger than the queue may ever hold; it can go only while the link is open.
    TooLarge {
        /// The queue's limit in bytes.
        limit: usize,
    },
    /// There are as many of its kind as there may be: subscriptions, of which one can be dropped to make room, or channels in
    /// which a session has published under its present identity.
    TooMany {
        /// How many.
        limit: usize,
    },
    /// Publications in as many channels as there may be have no answer yet; there is room again when answers have come.
    TooManyChannels {
        /// How many.
        limit: usize,
    },
    /// The channel's name is longer than names may be.
    NameTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The link is closing or closed, or the session is over.
    Closed,
}

impl Refusal {
    /// Whether the same may be taken later without the caller changing anything but the time. After
    /// [`TooMany`](Self::TooMany) it is false: there something must be given up first, or the limit raised.
    #[must_use]
    pub fn is_retryable(self) -> bool {
        matches!(self, Self::Full | Self::TooManyChannels { .. })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("the queue is full: wait until it has room, or raise its limits"),
            Self::TooLarge { limit } => {
                write!(f, "the message is larger than the queue's limit of {limit} bytes")
            }
            Self::NameTooLong { limit } => write!(f, "a channel's name has at most {limit} bytes"),
            Self::TooMany { limit } => write!(f, "there are {limit} already, as many as there may be"),
            Self::TooManyChannels { limit } => {
                write!(f, "publications in {limit} channels wait for answers: try again later")
            }
            Self::Closed => f.write_str("the connection is closing or closed: call reconnect first"),
        }
    }
}

impl Error for Refusal {}

#[derive(Debug)]
pub(crate) struct Queue<M> {
    limits: QueueLimits,
    waiting: VecDeque<(M, usize)>,
    bytes: usize,
}

impl<M> Queue<M> {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self { limits, waiting: VecDeque::new(), bytes: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn limits(&self) -> &QueueLimits {
        &self.limits
    }

    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.waiting.len() < self.limits.messages && len <= self.limits.bytes.saturating_sub(self.bytes)
    }

    /// Appends a message, or hands it back. What had to make room for it is appended to `evicted`.
    pub(crate) fn push(&mut self, message: M, len: usize, evicted: &mut Vec<M>) -> Result<(), Refused<M>> {
        if len > self.limits.bytes {
            return Err(Refused { message, reason: Refusal::TooLarge { limit: self.limits.bytes } });
        }
        if self.limits.overflow == Overflow::DropOldest {
            while !self.has_room(len) {
                let Some((oldest, _)) = self.pop() else { break };
                evicted.push(oldest);
            }
        }
        if !self.has_room(len) {
            return Err(Refused { message, reason: Refusal::Full });
        }
        self.bytes += len;
        self.waiting.push_back((message, len));
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> Option<(M, usize)> {
        let (message, len) = self.waiting.pop_front()?;
        self.bytes -= len;
        Some((message, len))
    }

    pub(crate) fn take(&mut self) -> Vec<M> {
        self.bytes = 0;
        let mut taken = Vec::new();
        while let Some((message, _)) = self.waiting.pop_front() {
            taken.push(message);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn queue(messages: usize, bytes: usize, overflow: Overflow) -> Queue<&'static str> {
        Queue::new(QueueLimits { messages, bytes, overflow })
    }

    #[test]
    fn it_counts_messages_and_bytes_up_to_both_limits() {
        let mut queue = queue(2, 5, Overflow::Refuse);
        let evicted = &mut Vec::new();
        queue.push("abc", 3, evicted).unwrap();
        assert_eq!(queue.push("def", 3, evicted), Err(Refused { message: "def", reason: Refusal::Full }));
        queue.push("de", 2, evicted).unwrap();
        assert_eq!(queue.push("", 0, evicted), Err(Refused { message: "", reason: Refusal::Full }));
        assert_eq!((queue.len(), queue.bytes()), (2, 5));
        assert_eq!(queue.pop(), Some(("abc", 3)));
        assert_eq!((queue.len(), queue.bytes()), (1, 2));
        assert_eq!(queue.take(), vec!["de"]);
        assert_eq!((queue.len(), queue.bytes()), (0, 0));
        assert!(evicted.is_empty());
    }

    #[test]
    fn dropping_the_oldest_hands_back_just_what_makes_room() {
        let mut queue = queue(3, 6, Overflow::DropOldest);
        let evicted = &mut Vec::new();
        for text in ["a", "bb", "cc"] {
            queue.push(text, text.len(), evicted).unwrap();
        }
        queue.push("dd", 2, evicted).unwrap();
        assert_eq!(*evicted, ["a"]);
        queue.push("eeee", 4, evicted).unwrap();
        assert_eq!(*evicted, ["a", "bb", "cc"]);
        assert_eq!(queue.take(), vec!["dd", "eeee"]);
    }

    #[test]
    fn a_message_that_never_fits_evicts_nothing_and_is_handed_back() {
        let mut queue = queue(3, 3, Overflow::DropOldest);
        let evicted = &mut Vec::new();
        queue.push("abc", 3, evicted).unwrap();
        let refused = queue.push("defg", 4, evicted).unwrap_err();
        assert_eq!(refused, Refused { message: "defg", reason: Refusal::TooLarge { limit: 3 } });
        assert!(evicted.is_empty());
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn a_queue_of_no_messages_takes_none_under_every_policy() {
        for overflow in [Overflow::Wait, Overflow::Refuse, Overflow::DropOldest] {
            let refused = queue(0, 10, overflow).push("a", 1, &mut Vec::new()).unwrap_err();
            assert_eq!(refused.reason, Refusal::Full);
        }
    }
}
