//! An attempt: from asking where to connect to the socket's opening and its end.

use rejoin_protocol::{Close, Closed, ClosedBy, Generation, Input, Link, ReadyState, State};

use crate::Target;
use crate::driver::Driver;
use crate::log::Happening;
use crate::target::{Answer, Dialer};
use crate::transport::Transport;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use crate::transport::WebSocket;

/// The reason of an attempt that reached a server which speaks none of the subprotocols offered.
pub(crate) const DISAGREED: &str = "the server agreed to none of the subprotocols offered";

/// Whether an attempt ended for that reason.
pub(crate) fn disagreed(closed: &Closed) -> bool {
    closed.by == ClosedBy::Refused && closed.reason == DISAGREED
}

impl Dialer for Driver {
    fn answered(&self, ok: bool) {
        let generation = self.link.borrow().generation();
        // A target that comes too late for its attempt is for the next one, which begins at once.
        if generation.is_none() && ok {
            self.step(Link::retry_now);
        } else if let (Some(answer), Some(generation)) = (self.options.source.take(), generation) {
            self.dial(generation, answer);
        }
    }
}

impl Driver {
    /// Learns the target, unless an earlier attempt's call has or will say it, and connects to it.
    pub(crate) fn seek(&self, generation: Generation, attempt: u32) {
        if !self.is_connecting(generation) {
            return;
        }
        let source = &self.options.source;
        if let Some(answer) = source.take() {
            return self.dial(generation, answer);
        }
        self.log(&Happening::Asking(attempt));
        source.seek(attempt, self.this.clone());
    }

    fn dial(&self, generation: Generation, answer: Answer) {
        // What is wrong with a fixed target will not mend itself.
        let fixed = self.options.source.fixed().is_some();
        if !fixed {
            self.input(Input::Dialing { generation });
        }
        if !self.is_connecting(generation) {
            return;
        }
        let reason = match answer {
            Ok(target) => match self.connect(generation, &target) {
                Ok(()) => return,
                Err(reason) => reason,
            },
            Err(error) => error.0,
        };
        let closed = Closed::abnormal(ClosedBy::Provider, false, reason);
        let reconnect = if fixed { Some(false) } else { self.decide(&closed) };
        self.input(Input::Disconnected { generation, closed, reconnect });
    }

    fn connect(&self, generation: Generation, target: &Target) -> Result<(), String> {
        let options = &self.options;
        self.log(&Happening::Dialing(&target.url));
        self.first.replace(target.first.clone());
        #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
        if let Some(socket) = options.source.existing() {
            let state = socket.ready_state();
            let transport = Transport::adopt(self.this.clone(), generation, socket, options.binary_type);
            self.transport.replace(Some(transport));
            match state {
                WebSocket::OPEN => self.opened(generation),
                WebSocket::CONNECTING => {}
                _ => self.closed(generation, 1006, "the adopted socket was closed already".into(), false),
            }
            return Ok(());
        }
        let transport = Transport::open(
            self.this.clone(),
            generation,
            &target.url,
            &target.protocols,
            options.binary_type,
        )?;
        self.transport.replace(Some(transport));
        Ok(())
    }

    pub(crate) fn opened(&self, generation: Generation) {
        if !self.link.borrow().is_current(generation) {
            return;
        }
        if let Some(reason) = self.disagreement() {
            let closed = Closed::abnormal(ClosedBy::Refused, false, reason);
            if let Some(transport) = self.transport.take() {
                transport.close(&Close::normal());
            }
            // Decided as after any attempt that failed, since in Chromium this one looks like any other.
            let reconnect = self.decide(&closed);
            self.input(Input::Disconnected { generation, closed, reconnect });
            return;
        }
        // A browser may tell of the opening when the socket is closing again, above all in a worker. What is sent to
        // it then is lost without an error; its end follows and says why.
        if self
            .transport
            .borrow()
            .as_ref()
            .is_some_and(|transport| transport.ready_state() > ReadyState::Open)
        {
            return;
        }
        let mut first = self.first.take();
        if let Some(of_opening) = &self.options.first {
            first.append(&mut of_opening());
        }
        // Asking may have closed the connection or begun another.
        if self.is_connecting(generation) {
            for message in first {
                let len = message.len();
                self.transmit(message, len);
            }
        }
        self.metrics.borrow_mut().opened += 1;
        self.input(Input::Opened { generation });
    }

    fn is_connecting(&self, generation: Generation) -> bool {
        let link = self.link.borrow();
        link.is_current(generation) && matches!(link.state(), State::Connecting { .. })
    }

    pub(crate) fn closed(&self, generation: Generation, code: u16, reason: String, was_clean: bool) {
        if self.holds_back(generation, code, &reason, was_clean) {
            return;
        }
        let (current, was_open) = {
            let link = self.link.borrow();
            (link.is_current(generation), link.has_been_open())
        };
        if !current {
            return;
        }
        let mut closed = Closed::by_event(code, reason, was_clean, was_open);
        closed.unsent_bytes = self.buffered_amount();
        let reconnect = self.decide(&closed);
        self.input(Input::Disconnected { generation, closed, reconnect });
    }

    /// What the application decides after an end that this end did not want, if it has a say.
    fn decide(&self, closed: &Closed) -> Option<bool> {
        let own = !self.link.borrow().takes_messages();
        let decide = self.options.should_reconnect.as_ref().filter(|_| !own)?;
        Some(decide(closed))
    }

    /// Why an open connection is none that the caller can use: where the server picks none of the offered
    /// subprotocols Chromium fails the connection and Firefox opens it.
    fn disagreement(&self) -> Option<&'static str> {
        let transport = self.transport.borrow();
        let socket = transport.as_ref()?.socket();
        let disagreed = self.options.insist && socket.protocol().is_empty();
        disagreed.then_some(DISAGREED)
    }
}
