//! An attempt: from asking where to connect to the socket's opening and its end.

use rejoin_protocol::{Close, Closed, ClosedBy, Generation, Input, ReadyState, State};

use crate::Target;
use crate::asking::Answer;
use crate::driver::Driver;
use crate::log::Happening;
use crate::transport::Transport;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use crate::transport::WebSocket;

/// The reason of an attempt that reached a server which speaks none of the subprotocols offered.
pub(crate) const DISAGREED: &str = "the server agreed to none of the subprotocols offered";

/// Whether an attempt ended for that reason.
pub(crate) fn disagreed(closed: &Closed) -> bool {
    closed.by == ClosedBy::Refused && closed.reason == DISAGREED
}

impl Driver {
    /// Connects to the fixed target, or has the provider asked for one.
    pub(crate) fn seek(&self, generation: Generation, attempt: u32) {
        if !self.is_connecting(generation) {
            return;
        }
        if let Some(source) = &self.options.source {
            source.seek(self, generation, attempt);
        } else if let Err(reason) = self.connect(generation, &self.options.target) {
            // What is wrong with a fixed target will not mend itself.
            let closed = Closed::abnormal(ClosedBy::Provider, false, reason);
            self.input(Input::Disconnected { generation, closed, reconnect: Some(false) });
        }
    }

    /// Connects to where the provider says.
    pub(crate) fn dial(&self, generation: Generation, answer: Answer) {
        self.input(Input::Dialing { generation });
        if !self.is_connecting(generation) {
            return;
        }
        let connected = answer.map_err(|error| error.0).and_then(|mut target| {
            self.first.replace(std::mem::take(&mut target.first));
            self.connect(generation, &target)
        });
        if let Err(reason) = connected {
            let closed = Closed::abnormal(ClosedBy::Provider, false, reason);
            let reconnect = self.decide(&closed);
            self.input(Input::Disconnected { generation, closed, reconnect });
        }
    }

    fn connect(&self, generation: Generation, target: &Target) -> Result<(), String> {
        let options = &self.options;
        self.log(&Happening::Dialing(&target.url));
        #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
        if let Some(adopt) = options.adopts.take() {
            adopt(self, generation);
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

    /// Takes over a socket that exists already.
    #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
    pub(crate) fn adopt(&self, generation: Generation, socket: WebSocket) {
        let state = socket.ready_state();
        let transport = Transport::adopt(self.this.clone(), generation, socket, self.options.binary_type);
        self.transport.replace(Some(transport));
        match state {
            WebSocket::OPEN => self.opened(generation),
            WebSocket::CONNECTING => {}
            _ => self.closed(generation, 1006, "the adopted socket was closed already".into(), false),
        }
    }

    pub(crate) fn opened(&self, generation: Generation) {
        if !self.link.borrow().is_current(generation) {
            return;
        }
        if self.options.insist.is_some_and(|refuses| refuses(self, generation)) {
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
        if let Some(greet) = self.options.greet {
            greet(self, generation);
        }
        self.metrics.borrow_mut().opened += 1;
        self.input(Input::Opened { generation });
    }

    /// Sends what the target and the application want sent first.
    pub(crate) fn greet(&self, generation: Generation) {
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
    }

    fn is_connecting(&self, generation: Generation) -> bool {
        let link = self.link.borrow();
        link.is_current(generation) && matches!(link.state(), State::Connecting { .. })
    }

    pub(crate) fn closed(&self, generation: Generation, code: u16, reason: String, was_clean: bool) {
        if self.defers_end(generation, code, &reason, was_clean) {
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
        let decider = self.options.decider.as_ref().filter(|_| !own)?;
        Some(decider.wants(closed))
    }

    /// Ends an open connection that the caller can't use, and returns whether it did: where the server picks none of the
    /// offered subprotocols Chromium fails the connection and Firefox opens it.
    pub(crate) fn refuse_disagreed(&self, generation: Generation) -> bool {
        let disagreed = self
            .transport
            .borrow()
            .as_ref()
            .is_some_and(|transport| transport.socket().protocol().is_empty());
        if disagreed {
            let closed = Closed::abnormal(ClosedBy::Refused, false, DISAGREED);
            if let Some(transport) = self.transport.take() {
                transport.close(&Close::normal());
            }
            // Decided as after any attempt that failed, since in Chromium this one looks like any other.
            let reconnect = self.decide(&closed);
            self.input(Input::Disconnected { generation, closed, reconnect });
        }
        disagreed
    }
}
