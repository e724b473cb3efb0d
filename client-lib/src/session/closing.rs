//! Closing a session: what can still go goes, then BYE, then the connection closes.

use std::future::poll_fn;
use std::task::Poll;

use rejoin_protocol::{Close, Time};

use super::Left;
use super::core::Core;
use crate::timer::now;

/// The close code of what is over as it should be.
pub(crate) const NORMAL: u16 = 1000;

/// A closing under way.
#[derive(Clone, Copy)]
pub(crate) struct Closing {
    /// When it no longer waits for what is under way.
    pub(crate) deadline: Time,
}

impl Core {
    /// Begins to close: nothing more is taken from now on but what waits in line already.
    pub(crate) fn begin_close(&self) {
        if self.closing.get().is_none() && self.ended.borrow().is_none() {
            self.left.take();
            self.closing.set(Some(Closing { deadline: now() + self.drain_timeout }));
            self.follow();
        }
    }

    /// Whether nothing more is taken.
    pub(crate) fn is_closing(&self) -> bool {
        self.closing.get().is_some()
    }

    /// Ends a closing whose time has come.
    pub(crate) fn mind_closing(&self) {
        let Some(closing) = self.closing.get() else { return };
        let (over, drained) = {
            let machine = self.machine.borrow();
            let in_line = !self.senders.is_empty() || !self.publishers.is_empty();
            (machine.is_over(), machine.is_drained() && !in_line)
        };
        if over {
            self.socket.begin_close(Close::normal());
        } else if drained || closing.deadline <= now() {
            self.finish();
        }
    }

    fn finish(&self) {
        {
            let mut machine = self.machine.borrow_mut();
            let ((unsent, _), (unacked, _)) = machine.queued();
            // Those who still wait in line are refused, and get back what they have.
            let unsent = unsent + self.senders.waiting().0;
            let unanswered = machine.unanswered().0 + self.publishers.waiting().0;
            self.left.replace(Left { unsent, unacked, unanswered });
            // What came and is not acknowledged yet is, ahead of BYE.
            machine.hurry();
            machine.finish("");
        }
        self.transmit();
        // Over a full socket BYE can't go in time: the close code alone says it then.
        self.socket.begin_close(Close::normal());
    }

    pub(crate) async fn closed(&self) -> Left {
        poll_fn(|context| {
            // It has ended, or somebody has called reconnect meanwhile.
            if self.closing.get().is_none() {
                return Poll::Ready(());
            }
            self.register(context);
            Poll::Pending
        })
        .await;
        self.left.borrow().clone()
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        // Nobody is left to come back for it, unless a later page is.
        if self.keeper.is_none() {
            self.machine.get_mut().hurry();
            self.machine.get_mut().finish("");
        }
        self.transmit();
        self.receipts.end();
        if let Some(calls) = self.calls.get() {
            calls.end();
        }
        self.watch.end();
        self.wake_all();
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }
}
