//! The links by number, and one link with what is being told of it.

use std::cell::RefCell;
use std::time::Duration;

use rejoin_protocol::{Close, ClosedBy, Event, Generation, Link, LinkConfig, Output, State};

use crate::config::Settings;
use crate::millis;

/// The most fields that an output has.
const FIELDS: usize = 6;

thread_local! {
    static SLOTS: RefCell<Slots> = RefCell::default();
}

/// All links of this instance of the module.
#[derive(Default)]
pub(crate) struct Slots {
    pub(crate) settings: Settings,
    all: Vec<Option<Box<Slot>>>,
}

impl Slots {
    pub(crate) fn put(&mut self, slot: Box<Slot>) -> u32 {
        let free = self.all.iter().position(Option::is_none);
        let id = free.unwrap_or(self.all.len());
        match self.all.get_mut(id) {
            Some(place) => *place = Some(slot),
            None => self.all.push(Some(slot)),
        }
        id as u32
    }

    pub(crate) fn take(&mut self, id: u32) {
        if let Some(place) = self.all.get_mut(id as usize) {
            *place = None;
        }
    }
}

/// One link, the socket it wants, and the last thing that it said.
pub(crate) struct Slot {
    pub(crate) link: Link<u32>,
    /// The serial number of the newest socket, and the link's own word for it.
    newest: (u32, Option<Generation>),
    pub(crate) fields: [f64; FIELDS],
    pub(crate) listed: Vec<u32>,
}

impl Slot {
    pub(crate) fn new(config: LinkConfig) -> Self {
        Self { link: Link::new(config), newest: (0, None), fields: [0.0; FIELDS], listed: Vec::new() }
    }

    /// The generation of the socket of this serial number, if it is the newest.
    pub(crate) fn generation(&self, serial: u32) -> Option<Generation> {
        self.newest.1.filter(|_| self.newest.0 == serial)
    }

    /// Takes the link's next output apart.
    pub(crate) fn poll(&mut self) -> u32 {
        let (kind, fields) = match self.link.poll_output() {
            Output::Wait(at) => (0, [at.map_or(-1.0, millis), 0.0, 0.0]),
            Output::Open { generation, attempt } => {
                self.newest = (self.newest.0.wrapping_add(1), Some(generation));
                (1, [f64::from(self.newest.0), f64::from(attempt), 0.0])
            }
            Output::Transmit { message, len, .. } => (2, [f64::from(message), len as f64, 0.0]),
            Output::Ping { .. } => (3, [0.0; 3]),
            Output::Close { .. } => (4, [0.0; 3]),
            Output::Abandon { .. } => (5, [0.0; 3]),
            Output::Event(Event::State(state)) => (6, of_state(state)),
            Output::Event(Event::Disconnected(closed)) => {
                self.fields[3] = f64::from(u8::from(closed.was_open));
                self.fields[4] = closed.unsent_bytes as f64;
                self.fields[5] = f64::from(u8::from(closed.gave_up));
                (7, [f64::from(closed.code), f64::from(u8::from(closed.was_clean)), of_end(closed.by)])
            }
            Output::Event(Event::Unsent(messages)) => (8, self.list(messages)),
            Output::Event(Event::Evicted(messages)) => (9, self.list(messages)),
            Output::Event(Event::RoundTrip(time)) => (10, [milliseconds(time), 0.0, 0.0]),
        };
        self.fields[..3].copy_from_slice(&fields);
        kind
    }

    fn list(&mut self, messages: Vec<u32>) -> [f64; 3] {
        self.listed = messages;
        [self.listed.len() as f64, 0.0, 0.0]
    }
}

/// By parts, since the library counts a duration's microseconds in 128 bits.
fn milliseconds(time: Duration) -> f64 {
    time.as_secs() as f64 * 1_000.0 + f64::from(time.subsec_micros()) / 1_000.0
}

fn of_state(state: State) -> [f64; 3] {
    match state {
        State::Connecting { attempt } => [0.0, f64::from(attempt), 0.0],
        State::Open => [1.0, 0.0, 0.0],
        State::Closing => [2.0, 0.0, 0.0],
        State::Waiting { attempt, until } => [4.0, f64::from(attempt), millis(until)],
        _ => [3.0, 0.0, 0.0],
    }
}

/// The numbers stand in `js/driver.js` in this order.
fn of_end(by: ClosedBy) -> f64 {
    match by {
        ClosedBy::Caller => 0.0,
        ClosedBy::Server => 1.0,
        ClosedBy::Network => 2.0,
        ClosedBy::Refused => 3.0,
        ClosedBy::ConnectTimeout => 4.0,
        ClosedBy::CloseTimeout => 5.0,
        ClosedBy::KeepAlive => 6.0,
        ClosedBy::Provider => 7.0,
        ClosedBy::ProviderTimeout => 9.0,
        ClosedBy::Paused => 10.0,
        _ => 8.0,
    }
}

/// A close frame of this code, or of none where a client may not send it, which JavaScript has seen to.
pub(crate) fn close(code: u16) -> Close {
    Close::new(code, "").unwrap_or_default()
}

/// Calls with all links. No call comes from within another: this module calls nothing of JavaScript's.
pub(crate) fn with<R>(call: impl FnOnce(&mut Slots) -> R) -> R {
    SLOTS.with(|slots| call(&mut slots.borrow_mut()))
}

/// Calls with one link; a number that is no link's gives the result of doing nothing.
pub(crate) fn with_slot<R: Default>(id: u32, call: impl FnOnce(&mut Slot) -> R) -> R {
    with(|slots| slots.all.get_mut(id as usize).and_then(Option::as_deref_mut).map(call).unwrap_or_default())
}
