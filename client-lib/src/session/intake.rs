//! What comes from the connection: its opening and end, and messages of frames.

use std::rc::Rc;

use rejoin_protocol::session::{ClientSession, Ending, Violation, code};
use rejoin_protocol::wire::{BatchWriter, Body, Denial, decode_from_server};
use rejoin_protocol::{Close, Closed, Link};

use super::core::Core;
use super::{SessionEvent, closing};
use crate::attempt::disagreed;
use crate::timer::now;
use crate::{Event, Incoming, State};

impl Core {
    /// Has the connection tell this core what happens.
    pub(crate) fn listen(self: &Rc<Self>) {
        let core = self.this.clone();
        self.socket.set_on_message(Some(Box::new(move |message| {
            if let Some(core) = core.upgrade() {
                core.received(&message);
            }
        })));
        let core = self.this.clone();
        self.socket.set_on_event(Some(Box::new(move |event| {
            if let Some(core) = core.upgrade() {
                core.happened(event);
            }
        })));
    }

    fn happened(&self, event: Event) {
        match event {
            Event::State(State::Open) => self.opened(),
            Event::State(State::Closed(last)) => self.socket_closed(last),
            Event::Disconnected(closed) => self.disconnected(closed),
            Event::RoundTrip(time) => {
                self.metrics.borrow_mut().round_trip = Some(time);
                self.note(SessionEvent::RoundTrip(time));
            }
            _ => {}
        }
        self.follow();
    }

    fn opened(&self) {
        // What was gathered for an earlier connection is of no use for this one.
        self.writer.replace(BatchWriter::default());
        self.ping.set(false);
        self.disagreed.set(0);
        let auth = self.credentials.auth.borrow().clone();
        let pair = self.machine.borrow_mut().connected(now(), auth);
        // Before HELLO goes, or a later page could come with the same attempt.
        if let (Some(pair), Some(keeper)) = (&pair, &self.keeper) {
            keeper.identity(self.this.clone(), pair);
        }
    }

    fn disconnected(&self, closed: Closed) {
        let mut ending = self.machine.borrow_mut().ended(now(), &closed);
        let count = if disagreed(&closed) { self.disagreed.get() + 1 } else { 0 };
        self.disagreed.set(count);
        let too_large = self.credentials.too_large.take();
        // Neither mends itself.
        if too_large || count > 0 && self.max_disagreed.is_some_and(|most| count >= most) {
            let code = if too_large { code::AUTH_TOO_LARGE } else { closed.code };
            let denial = Denial { code, reason: closed.reason.clone() };
            self.machine.borrow_mut().stop(&denial);
            ending = Ending::Stop(denial);
        }
        self.note(SessionEvent::Disconnected(closed));
        let driver = self.socket.driver();
        match ending {
            Ending::Retry { after, at_cap, fresh_auth } => {
                if fresh_auth {
                    self.credentials.refused.set(true);
                }
                if after.is_some() || at_cap {
                    driver.step(|link, now| link.put_off(now, after));
                }
            }
            Ending::Stop(denial) => {
                self.over(denial);
                driver.step(Link::stop);
            }
        }
    }

    /// The connection will not come back by itself, whatever the machine thinks.
    fn socket_closed(&self, last: Option<Closed>) {
        if self.ended.borrow().is_some() {
            return;
        }
        let denial = match last {
            Some(closed) => Denial { code: closed.code, reason: closed.reason },
            None => Denial { code: closing::NORMAL, reason: String::new() },
        };
        self.machine.borrow_mut().stop(&denial);
        self.over(denial);
    }

    /// The session is over: says so behind what the machine has to say of it.
    fn over(&self, denial: Denial) {
        self.gather();
        self.closing.set(None);
        self.ended.replace(Some(denial.clone()));
        self.note(SessionEvent::Ended(denial));
    }

    fn received(&self, message: &Incoming) {
        let Some(bytes) = message.to_vec() else {
            let reason = "the server sent a text message, and frames are binary";
            self.leave(Violation { code: code::BAD_FRAME, reason });
            return;
        };
        let body = Body::from(bytes);
        let handled = self.handle(&body);
        self.metrics.borrow_mut().batches_received += 1;
        if self.machine.borrow().is_proved() {
            self.socket.driver().link.borrow_mut().proved();
        }
        // What came before a violation is told before it.
        self.gather();
        match handled {
            Ok(()) => self.follow(),
            Err(violation) => self.leave(violation),
        }
        #[cfg(feature = "inspect")]
        self.inspector.tell();
    }

    fn handle(&self, message: &Body) -> Result<(), Violation> {
        let mut machine = self.machine.borrow_mut();
        let (now, mut frames) = (now(), 0);
        let mut result = Ok(());
        for frame in decode_from_server(message, &self.wire) {
            result = match frame {
                Ok(frame) => {
                    frames += 1;
                    #[cfg(feature = "inspect")]
                    self.inspector.see(super::inspect::Way::In, &frame);
                    machine.handle(now, frame)
                }
                Err(_) => {
                    let reason = "the server sent a frame that can't be read";
                    Err(Violation { code: code::BAD_FRAME, reason })
                }
            };
            if result.is_err() {
                break;
            }
        }
        self.metrics.borrow_mut().frames_received += frames;
        result
    }

    /// Leaves the connection for the server's fault; its end says what follows.
    pub(crate) fn leave(&self, violation: Violation) {
        let closed = ClientSession::closed_for(&violation);
        // All codes of violations are such as a client may send.
        let close = Close::new(violation.code, violation.reason).unwrap_or_default();
        self.socket.driver().step(|link, now| link.leave(now, close, closed));
    }
}
