//! Telling what happened to a session, in order, once nothing is borrowed.

use std::task::Context;

use rejoin_protocol::session::{ClientEvent, Lost, LostReason, SessionMessage};
use rejoin_protocol::{Input, Link};

use super::SessionEvent;
use super::core::{Core, News, OnEvent, OnMessage};
use super::keeper::Kept;
use crate::log::Happening;
use crate::state::{register, wake};
use crate::timer::now;

/// Events that are kept for a reader; past this the oldest go.
const EVENTS: usize = 1_024;

impl Core {
    /// Tells everything in order, even if telling makes more happen.
    pub(crate) fn tell_all(&self) {
        self.refresh();
        if self.telling.replace(true) {
            return;
        }
        loop {
            let Some(news) = self.news.borrow_mut().pop_front() else { break };
            match news {
                News::Event(event) => {
                    if let (SessionEvent::Ended(_), Some(keeper)) = (&event, &self.keeper) {
                        keeper.over();
                    }
                    self.tell(event);
                }
                News::Machine(event) => self.tell_machine(event),
            }
        }
        self.telling.set(false);
    }

    fn tell_machine(&self, event: ClientEvent) {
        if let Some(keeper) = &self.keeper {
            self.keep(keeper, &event);
        }
        match event {
            ClientEvent::Live { resumed, protocol } => {
                self.metrics.borrow_mut().welcomes += 1;
                self.socket.driver().step(Link::measure);
                self.tell(SessionEvent::Live { resumed, protocol });
            }
            ClientEvent::Lost(lost) => self.tell(SessionEvent::Lost(lost)),
            ClientEvent::Settled(publication, settlement) => self.receipts.settle(publication, settlement),
            ClientEvent::Called(call, outcome) => {
                if let Some(calls) = self.calls.get() {
                    calls.settle(call, outcome);
                }
            }
            ClientEvent::Message => self.tell_messages(),
            ClientEvent::Channel(id) => self.wake_feed(id),
            ClientEvent::Volatile(payload) => self.tell(SessionEvent::Volatile(payload)),
            ClientEvent::Pong(_) => {
                let generation = self.socket.driver().link.borrow().generation();
                if let Some(generation) = generation {
                    self.socket.driver().input(Input::Pong { generation });
                }
            }
            ClientEvent::Fail(violation) => self.leave(violation),
            // The machine's events are not exhaustive outside its crate.
            _ => {}
        }
    }

    fn keep(&self, keeper: &Kept, event: &ClientEvent) {
        match event {
            ClientEvent::Live { .. } => {
                let pair = self.machine.borrow().pair();
                if let Some(pair) = pair {
                    keeper.identity(self.this.clone(), &pair);
                }
            }
            ClientEvent::Lost(Lost { reason: LostReason::Fresh | LostReason::GivenUp, .. }) => keeper.lost(),
            ClientEvent::Settled(publication, _) => keeper.settled(self.this.clone(), *publication),
            _ => {}
        }
    }

    fn tell(&self, event: SessionEvent) {
        match &event {
            SessionEvent::Live { resumed, .. } => {
                self.socket.driver().log_now(&Happening::Live(*resumed));
            }
            SessionEvent::Ended(denial) => {
                self.socket.driver().log_now(&Happening::SessionEnded(denial.code));
            }
            _ => {}
        }
        let handler = self.on_event.borrow().clone();
        if let Some(handler) = handler {
            handler(event);
            return;
        }
        let dropped = self.put_by(event);
        self.metrics.borrow_mut().events_dropped += dropped;
        wake(&self.event_readers);
    }

    /// Keeps an event for a reader, and returns how many older ones had to go: what was lost is kept within as many
    /// bytes as the queue has, the newest whatever it has.
    fn put_by(&self, event: SessionEvent) -> u64 {
        let mut unread = self.unread.borrow_mut();
        unread.push_back(event);
        let before = unread.len();
        // Of what is still to be looked at and kept.
        let mut bytes: u64 = unread.iter().map(cost_of).sum();
        for _ in 0..before {
            let Some(event) = unread.pop_front() else { break };
            let cost = cost_of(&event);
            let newest = bytes == cost;
            if cost > 0 && bytes > self.lost_bytes && !newest {
                bytes -= cost;
            } else {
                unread.push_back(event);
            }
        }
        while unread.len() > EVENTS {
            unread.pop_front();
        }
        (before - unread.len()) as u64
    }

    fn tell_messages(&self) {
        wake(&self.reader);
        loop {
            let handler = self.on_message.borrow().clone();
            let Some(handler) = handler else { return };
            let taken = self.machine.borrow_mut().take(now());
            let Some((message, _)) = taken else { return };
            self.wake_task();
            handler(message);
        }
    }

    // For the handles.

    pub(crate) fn set_on_message(&self, handler: Option<OnMessage>) {
        self.on_message.replace(handler);
        self.tell_messages();
    }

    pub(crate) fn set_on_event(&self, handler: Option<OnEvent>) {
        self.on_event.replace(handler);
        // What happened before there was a handler comes first, unless it takes itself off meanwhile.
        loop {
            let handler = self.on_event.borrow().clone();
            let Some(handler) = handler else { return };
            let Some(event) = self.unread.borrow_mut().pop_front() else { return };
            handler(event);
        }
    }

    pub(crate) fn next_event(&self, context: &Context<'_>) -> Option<SessionEvent> {
        let event = self.unread.borrow_mut().pop_front();
        if event.is_none() {
            register(&self.event_readers, context);
        }
        event
    }

    /// Takes what was lost out of the events that nobody has read.
    pub(crate) fn take_lost(&self) -> Vec<Lost> {
        let mut lost = Vec::new();
        self.unread.borrow_mut().retain(|event| match event {
            SessionEvent::Lost(one) => {
                lost.push(one.clone());
                false
            }
            _ => true,
        });
        lost
    }
}

/// The bytes that an event keeps in memory, where they count.
fn cost_of(event: &SessionEvent) -> u64 {
    match event {
        SessionEvent::Lost(lost) => lost.unacked.iter().chain(&lost.unsent).map(SessionMessage::cost).sum(),
        _ => 0,
    }
}
