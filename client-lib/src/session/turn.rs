//! The driver task: at the end of each turn of the event loop, what is to go goes out in batches.

use std::future::poll_fn;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use rejoin_protocol::{ReadyState, Time};

use super::core::Core;
use crate::log::Happening;
use crate::spawn::spawn_local;
use crate::timer::now;

/// When to look again at what is due and can't go.
const LATER: Duration = Duration::from_millis(50);

impl Core {
    /// Begins the task. It ends with the core, which it does not keep alive.
    pub(crate) fn drive(self: &Rc<Self>) {
        let core = self.this.clone();
        spawn_local(poll_fn(move |context| match core.upgrade() {
            Some(core) => {
                core.turn(context);
                Poll::Pending
            }
            None => Poll::Ready(()),
        }));
    }

    fn turn(&self, context: &Context<'_>) {
        self.machine.borrow_mut().wake(now());
        self.gather();
        self.tell_all();
        self.dirty.set(false);
        if self.ping.take() {
            self.nonce.set(self.nonce.get() + 1);
            self.machine.borrow_mut().ping(self.nonce.get());
        }
        self.transmit();
        self.mind_closing();
        #[cfg(feature = "inspect")]
        self.inspector.tell();
        self.set_timer();
        if self.socket.driver().link.borrow().is_congested() {
            self.socket.driver().register(context);
        }
        self.task.set(Some(context.waker().clone()));
        // Somebody was told of something meanwhile, and sent more.
        if self.dirty.get() {
            context.waker().wake_by_ref();
        }
    }

    /// Hands frames to the socket while it takes more; what it does not take waits in the machine, where a cut does
    /// not lose it.
    pub(crate) fn transmit(&self) {
        let mut more = true;
        while more && self.takes_more() {
            let message;
            (message, more) = self.gather_batch();
            if let Some(message) = message {
                self.send_message(&message);
            }
        }
        // What has been taken from the machine goes, even over the mark.
        self.writer.borrow_mut().flush();
        loop {
            let Some(message) = self.writer.borrow_mut().pop() else { return };
            self.send_message(&message);
        }
    }

    /// Takes frames until they make a whole message; says as well whether there may be more.
    fn gather_batch(&self) -> (Option<Vec<u8>>, bool) {
        let (mut machine, mut writer) = (self.machine.borrow_mut(), self.writer.borrow_mut());
        let (now, mut frames) = (now(), 0);
        let gathered = loop {
            let Some(frame) = machine.poll_transmit(now) else {
                writer.flush();
                break (writer.pop(), false);
            };
            #[cfg(feature = "inspect")]
            self.inspector.see(super::inspect::Way::Out, &frame);
            writer.push_from_client(&frame);
            frames += 1;
            let message = writer.pop();
            if message.is_some() {
                break (message, true);
            }
        };
        self.metrics.borrow_mut().frames_sent += frames;
        gathered
    }

    fn send_message(&self, message: &Vec<u8>) {
        let driver = self.socket.driver();
        let sent = {
            let transport = driver.transport.borrow();
            let open = transport.as_ref().filter(|transport| transport.ready_state() == ReadyState::Open);
            let Some(transport) = open else { return };
            // Counted where the mark allows it; otherwise measured below.
            let _counted = driver.link.borrow_mut().try_transmit(message.len());
            transport.send(message)
        };
        match sent {
            Ok(()) => {
                driver.metrics.borrow_mut().sent += 1;
                self.metrics.borrow_mut().batches_sent += 1;
                driver.log_now(&Happening::Sent(message.len()));
            }
            // A browser takes every message of an open socket; one that does not has broken the order.
            Err(reason) => driver.step(|link, now| {
                link.abort(now, rejoin_protocol::ClosedBy::Network, &reason);
            }),
        }
        if driver.link.borrow().is_congested() {
            driver.measure();
        }
    }

    fn takes_more(&self) -> bool {
        let driver = self.socket.driver();
        let link = driver.link.borrow();
        let transport = driver.transport.borrow();
        link.state() == rejoin_protocol::State::Open
            && !link.is_congested()
            && transport.as_ref().is_some_and(|transport| transport.ready_state() == ReadyState::Open)
    }

    fn set_timer(&self) {
        let now = now();
        let of_closing = self.closing.get().map(|closing| closing.deadline);
        let of_machine = self.machine.borrow().deadline();
        // What is due and can't go, since the socket is full, is looked at again in a while.
        let at = Time::earliest(&[of_closing, of_machine]).map(|at| if at > now { at } else { now + LATER });
        self.timer.set(now, at);
    }
}
