//! Sending that waits for room, first come, first served.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use rejoin_protocol::Overflow;

use crate::driver::Driver;
use crate::{Handle, Payload, SendError, Unsent};

impl Handle {
    /// Sends a message, waiting for room if there is none and the queue's policy is [`Overflow::Wait`]. Dropping the
    /// future before it is ready takes the message back unsent.
    ///
    /// Those who wait here are served in the order in which they began to, so that a large message is not passed by
    /// small ones for ever. [`try_send`](Self::try_send) and the `Sink` do not queue up.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send), but [`SendError::Full`] only under [`Overflow::Refuse`], and when as many wait as
    /// [may](crate::Builder::max_waiting).
    pub async fn send(&self, payload: impl Payload) -> Result<(), Unsent> {
        let driver = self.driver();
        let waits = driver.link.borrow().overflow() == Overflow::Wait;
        let mut message = if waits && !driver.senders.is_empty() {
            payload.into_message()
        } else {
            match self.try_send(payload) {
                Err(Unsent { error: SendError::Full, message }) if waits => message,
                result => return result,
            }
        };
        let Some(number) = driver.senders.join(message.len(), driver.options.waiting) else {
            return Err(Unsent { error: SendError::Full, message });
        };
        let turn = Turn { driver: self.shared(), number };
        loop {
            let len = message.len();
            poll_fn(|context| {
                if turn.has_come() {
                    // An error here is the one that trying gives, together with the message.
                    return self.poll_room(len, context).map(drop);
                }
                driver.senders.register(turn.number, context);
                Poll::Pending
            })
            .await;
            match self.try_send(message) {
                Err(Unsent { error: SendError::Full, message: again }) => message = again,
                result => return result,
            }
        }
    }
}

/// A place among those who wait to send, given up when it is dropped.
struct Turn {
    driver: Rc<Driver>,
    number: u64,
}

impl Turn {
    fn has_come(&self) -> bool {
        self.driver.senders.is_first(self.number)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.driver.senders.leave(self.number);
        // The next may have room, and nothing else may happen that would tell.
        self.driver.senders.wake_first();
    }
}
