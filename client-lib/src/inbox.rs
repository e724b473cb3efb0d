//! Received messages that nobody has taken yet, within a limit.

use std::cell::Cell;
use std::collections::VecDeque;
use std::task::{Context, Waker};

use rejoin_protocol::InvalidConfig;

use crate::Incoming;
use crate::slim_cell::SlimCell;

/// How much may be received and not taken. A browser can't be told to read more slowly, so that past this the
/// connection is closed ([`ClosedBy::Overflow`](crate::ClosedBy::Overflow)) rather than messages dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiveLimits {
    /// The most messages. Default 1,048,576.
    pub messages: usize,
    /// The most bytes (of text: UTF-16 code units). One message may be larger if nothing else waits, other than with
    /// the feature `native` outside of a browser. Default 64 MiB.
    pub bytes: usize,
}

impl Default for ReceiveLimits {
    fn default() -> Self {
        Self { messages: 1 << 20, bytes: 64 << 20 }
    }
}

impl ReceiveLimits {
    pub(crate) fn check(&self) -> Result<(), InvalidConfig> {
        let zeros = [("receive.messages", self.messages), ("receive.bytes", self.bytes)];
        match zeros.iter().find(|(_, most)| *most == 0) {
            Some(&(setting, _)) => Err(InvalidConfig::Zero { setting }),
            None => Ok(()),
        }
    }

    /// These limits, each above 0.
    #[must_use]
    pub fn new(messages: usize, bytes: usize) -> Self {
        Self { messages, bytes }
    }
}

pub(crate) struct Inbox {
    limits: ReceiveLimits,
    waiting: SlimCell<VecDeque<(Incoming, usize)>>,
    bytes: Cell<usize>,
    reader: SlimCell<Option<Waker>>,
}

impl Inbox {
    pub(crate) fn new(limits: ReceiveLimits) -> Self {
        Self { limits, waiting: SlimCell::default(), bytes: Cell::new(0), reader: SlimCell::default() }
    }

    /// Takes a message in, or returns false if there is no room.
    pub(crate) fn push(&self, message: Incoming) -> bool {
        let len = message.len();
        let mut waiting = self.waiting.borrow_mut();
        let bytes = self.bytes.get().saturating_add(len);
        if waiting.len() >= self.limits.messages || (bytes > self.limits.bytes && !waiting.is_empty()) {
            return false;
        }
        self.bytes.set(bytes);
        waiting.push_back((message, len));
        drop(waiting);
        self.wake();
        true
    }

    pub(crate) fn pop(&self) -> Option<Incoming> {
        let (message, len) = self.waiting.borrow_mut().pop_front()?;
        self.bytes.set(self.bytes.get() - len);
        Some(message)
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.borrow().len()
    }

    pub(crate) fn register(&self, context: &Context<'_>) {
        let mut reader = self.reader.borrow_mut();
        if !reader.as_ref().is_some_and(|waker| waker.will_wake(context.waker())) {
            *reader = Some(context.waker().clone());
        }
    }

    pub(crate) fn wake(&self) {
        // The waker may run the reader at once, so that nothing may be borrowed meanwhile.
        let reader = self.reader.take();
        if let Some(reader) = reader {
            reader.wake();
        }
    }
}
