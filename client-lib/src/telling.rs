//! Telling the application what happened, in order, once the link is no longer borrowed.

use std::time::Duration;

use rejoin_protocol::{Closed, ClosedBy, Link, Time};

use crate::driver::Driver;
use crate::log::Happening;
use crate::options::Decider;
use crate::timer::now;
use crate::{Event, Message, SendError, State};

impl Driver {
    /// Turns the link's event into the application's, to be dispatched later.
    pub(crate) fn note(&self, event: rejoin_protocol::Event<Message>) {
        use rejoin_protocol::Event as Of;
        self.log(&Happening::Event(&event));
        let event = match event {
            Of::State(state) => {
                if state == rejoin_protocol::State::Closed {
                    self.options.ended(false);
                }
                self.expect_leaving(state == rejoin_protocol::State::Open);
                Event::State(self.state_of(state))
            }
            Of::Disconnected(closed) => {
                self.transport.take();
                self.options.ended(closed.by == ClosedBy::ProviderTimeout);
                self.ends.set(self.ends.get() + 1);
                self.losses.set(self.losses.get() + u64::from(closed.unsent_bytes > 0));
                self.metrics.borrow_mut().last_closed = Some(closed.clone());
                Event::Disconnected(closed)
            }
            Of::Unsent(messages) => return self.note_unsent(messages, SendError::Closed),
            Of::Evicted(messages) => Event::Evicted(messages),
            Of::RoundTrip(time) => Event::RoundTrip(time),
        };
        self.events.borrow_mut().push_back(event);
    }

    /// Notes what happens for the log, if there is one. The hook is called by the next dispatching.
    pub(crate) fn log(&self, happening: &Happening<'_>) {
        if let Some(log) = &self.options.log {
            log.note(happening);
        }
    }

    /// Notes it and calls the hook, where nothing is borrowed and nothing else dispatches.
    pub(crate) fn log_now(&self, happening: &Happening<'_>) {
        if self.options.log.is_some() {
            self.log(happening);
            self.dispatch();
        }
    }

    /// Messages that were taken will not be sent.
    pub(crate) fn note_unsent(&self, messages: Vec<Message>, error: SendError) {
        self.losses.set(self.losses.get() + 1);
        self.events.borrow_mut().push_back(Event::Unsent { messages, error });
    }

    fn state_of(&self, state: rejoin_protocol::State) -> State {
        use rejoin_protocol::State as Of;
        let last = || self.metrics.borrow().last_closed.clone();
        match state {
            Of::Connecting { attempt } => State::Connecting { attempt },
            Of::Open => State::Open,
            Of::Closing => State::Closing,
            Of::Waiting { attempt, until } => {
                let nothing = || Closed::abnormal(ClosedBy::Network, false, "");
                let delay = if until == Time::NEVER { Duration::MAX } else { until.since(now()) };
                State::Waiting { attempt, delay, last: last().unwrap_or_else(nothing) }
            }
            _ => State::Closed(last()),
        }
    }

    /// Tells the application what happened, in order, even if telling makes more happen.
    pub(crate) fn dispatch(&self) {
        if self.dispatching.replace(true) {
            return;
        }
        loop {
            while self.options.log.as_ref().is_some_and(|log| log.emit()) {}
            let Some(event) = self.events.borrow_mut().pop_front() else { break };
            self.tell(event);
        }
        self.dispatching.set(false);
    }

    fn tell(&self, event: Event) {
        match &event {
            Event::State(state) => {
                self.watch.set(state.clone());
                if matches!(state, State::Closed(_)) {
                    self.inbox.wake();
                }
            }
            Event::RoundTrip(time) => self.metrics.borrow_mut().round_trip = Some(*time),
            Event::Evicted(messages) => self.metrics.borrow_mut().evicted += messages.len() as u64,
            Event::Disconnected(_) | Event::Unsent { .. } => {}
        }
        let handler = self.on_event.borrow().clone();
        let decider = self.options.decider.as_ref();
        let stops =
            decider.filter(|decider| matches!(&event, Event::Disconnected(end) if decider.stops(end)));
        match (handler, event) {
            (Some(handler), event) => handler(event),
            (None, Event::Unsent { messages, .. }) => self.keep_unsent(messages),
            (None, _) => {}
        }
        if let Some(decider) = stops {
            decider.stop(self);
        }
    }

    /// Keeps what was not sent until the application takes it.
    pub(crate) fn keep_unsent(&self, messages: Vec<Message>) {
        let surplus = self.unsent.keep(messages);
        self.metrics.borrow_mut().evicted += surplus as u64;
    }
}

/// A function of the application's that decides.
pub(crate) struct Decides<F>(pub(crate) F);

impl<F: Fn(&Closed) -> bool> Decider for Decides<F> {
    fn wants(&self, closed: &Closed) -> bool {
        (self.0)(closed)
    }

    fn stops(&self, closed: &Closed) -> bool {
        let found_here = matches!(
            closed.by,
            ClosedBy::KeepAlive
                | ClosedBy::ConnectTimeout
                | ClosedBy::CloseTimeout
                | ClosedBy::ProviderTimeout
        );
        found_here && !self.wants(closed)
    }

    fn stop(&self, driver: &Driver) {
        // The wait that the link began is over before anybody was told of it.
        let mut events = driver.events.borrow_mut();
        if matches!(events.front(), Some(Event::State(State::Waiting { .. }))) {
            events.pop_front();
        }
        drop(events);
        driver.step(Link::stop);
    }
}
