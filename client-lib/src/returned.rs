//! Messages that were never sent and that the application has not taken back yet, within the queue's limits.

use rejoin_protocol::QueueLimits;

use crate::Message;
use crate::slim_cell::SlimCell;

pub(crate) struct Returned {
    limits: QueueLimits,
    messages: SlimCell<Vec<Message>>,
}

impl Returned {
    pub(crate) fn new(limits: QueueLimits) -> Self {
        Self { limits, messages: SlimCell::default() }
    }

    /// Keeps these behind those that are kept already; returns how many of the oldest had to go for it.
    pub(crate) fn keep(&self, mut messages: Vec<Message>) -> usize {
        let mut all = self.messages.borrow_mut();
        all.append(&mut messages);
        let (mut room, mut kept) = (self.limits.bytes, 0);
        for message in all.iter().rev().take(self.limits.messages.max(1)) {
            // The newest is kept however large it is: the sink may have taken one larger than the queue.
            match room.checked_sub(message.len()) {
                Some(rest) => room = rest,
                None if kept == 0 => room = 0,
                None => break,
            }
            kept += 1;
        }
        let surplus = all.len() - kept;
        // Not `drain`: its range check would bring the formatting of numbers into every client.
        let mut going = surplus;
        all.retain(|_| {
            let stays = going == 0;
            going = going.saturating_sub(1);
            stays
        });
        surplus
    }

    pub(crate) fn take(&self) -> Vec<Message> {
        self.messages.take()
    }
}
