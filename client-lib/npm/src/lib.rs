//! The link of rejoin as JavaScript sees it: functions that take numbers and return numbers.
//!
//! Text and payloads stay with JavaScript. The link holds a number for each message, and JavaScript the message; a
//! close frame's reason never comes here. That keeps the module small, and its glue, which is written by hand
//! (`js/core.js`), smaller still. Times are milliseconds on the caller's clock, lengths are bytes.
//!
//! **After every call that may change a link, call [`poll`] until it says that there is nothing more to do.**

mod config;
mod slot;

use rejoin_protocol::{Closed, ClosedBy, Input, Refusal, Time};
use wasm_bindgen::prelude::wasm_bindgen;

use slot::{Slot, with, with_slot};

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static ALLOCATOR: rlsf::SmallGlobalTlsf = rlsf::SmallGlobalTlsf::new();

/// Notes a setting for the next [`create`]. What each number means is said by `config`, and by `js/options.js`.
#[wasm_bindgen]
pub fn set(setting: u32, value: f64) {
    with(|slots| slots.settings.set(setting, value));
}

/// Makes a link of the settings noted since the last call and returns its number.
#[wasm_bindgen]
pub fn create() -> u32 {
    with(|slots| {
        let config = core::mem::take(&mut slots.settings).config();
        slots.put(Box::new(Slot::new(config)))
    })
}

/// Forgets a link. Its number may be given to another.
#[wasm_bindgen]
pub fn free(id: u32) {
    with(|slots| slots.take(id));
}

/// Begins to connect.
#[wasm_bindgen]
pub fn open(id: u32, now: f64) {
    with_slot(id, |slot| slot.link.open(time(now)));
}

/// Connects at once, whatever the state.
#[wasm_bindgen]
pub fn reconnect(id: u32, now: f64) {
    with_slot(id, |slot| slot.link.reconnect(time(now)));
}

/// Closes. The code is kept for the case in which there is no socket to ask; 0 stands for none.
#[wasm_bindgen]
pub fn close(id: u32, now: f64, code: u16) {
    with_slot(id, |slot| slot.link.close(time(now), slot::close(code)));
}

/// Ends a wait.
#[wasm_bindgen]
pub fn retry_now(id: u32, now: f64) {
    with_slot(id, |slot| slot.link.retry_now(time(now)));
}

/// Makes no further attempt.
#[wasm_bindgen]
pub fn stop(id: u32, now: f64) {
    with_slot(id, |slot| slot.link.stop(time(now)));
}

/// Leaves the connection because more came than was taken.
#[wasm_bindgen]
pub fn overflow(id: u32, now: f64) {
    with_slot(id, |slot| slot.link.abort(time(now), ClosedBy::Overflow, ""));
}

/// Sends or queues the message of this number. 0: taken; 1: there is no room; 2: larger than there will ever be
/// room for; 3: closing or closed.
#[wasm_bindgen]
pub fn send(id: u32, now: f64, message: u32, len: f64) -> u32 {
    with_slot(id, |slot| match slot.link.send(time(now), message, len as usize) {
        Ok(()) => 0,
        Err(refused) => match refused.reason {
            Refusal::Full => 1,
            Refusal::TooLarge { .. } => 2,
            _ => 3,
        },
    })
}

/// Counts a message that JavaScript hands to the socket itself, if it may.
#[wasm_bindgen]
pub fn try_transmit(id: u32, len: f64) -> bool {
    with_slot(id, |slot| slot.link.try_transmit(len as usize).is_some())
}

/// A message came over the socket of this serial number: whether it counts.
#[wasm_bindgen]
pub fn received(id: u32, serial: u32) -> bool {
    with_slot(id, |slot| slot.generation(serial).is_some_and(|generation| slot.link.received(generation)))
}

/// An input about the socket of this serial number. 0: open; 1: the answer to a ping; 2: its buffer holds `bytes`;
/// 3: the server closes it; 4: where to connect is known.
#[wasm_bindgen]
pub fn socket_input(id: u32, now: f64, serial: u32, kind: u32, bytes: f64) {
    with_slot(id, |slot| {
        let Some(generation) = slot.generation(serial) else { return };
        let input = match kind {
            0 => Input::Opened { generation },
            1 => Input::Pong { generation },
            2 => Input::Buffered { generation, bytes: bytes as u64 },
            3 => Input::PeerClosing { generation },
            4 => Input::Dialing { generation },
            _ => return,
        };
        slot.link.handle_input(time(now), input);
    });
}

/// An input about the surroundings. 0: online; 1: offline; 2: hidden; 3: visible; 4: frozen; 5: resumed; 6: the
/// moment of the last wait has come; 7: attempts pause; 8: the connection too; 9: the network may be another. `wall` is what
/// the clock on the wall shows.
#[wasm_bindgen]
pub fn page_input(id: u32, now: f64, kind: u32, wall: f64) {
    let input = match kind {
        0 => Input::Online,
        1 => Input::Offline,
        2 => Input::Hidden,
        3 => Input::Visible,
        4 => Input::Frozen,
        5 => Input::Resumed,
        6 => Input::Timeout,
        7 | 8 => Input::Pause { close: kind == 8 },
        9 => Input::NetworkChanged,
        _ => return,
    };
    with_slot(id, |slot| {
        slot.link.wall_clock(time(now), time(wall));
        slot.link.handle_input(time(now), input);
    });
}

/// The socket of this serial number has ended; code 0: it never came to be. `again` says whether to come back.
#[wasm_bindgen]
pub fn disconnected(id: u32, now: f64, serial: u32, code: u16, clean: bool, unsent: f64, again: bool) {
    with_slot(id, |slot| {
        let Some(generation) = slot.generation(serial) else { return };
        let was_open = slot.link.has_been_open();
        let mut closed = match code {
            0 => Closed::abnormal(ClosedBy::Provider, false, ""),
            _ => Closed::by_event(code, "", clean, was_open),
        };
        closed.unsent_bytes = unsent as u64;
        let reconnect = Some(again);
        slot.link.handle_input(time(now), Input::Disconnected { generation, closed, reconnect });
    });
}

/// Looks at the socket's buffer from time to time until everything has left.
#[wasm_bindgen]
pub fn watch_drain(id: u32, now: f64) {
    with_slot(id, |slot| slot.link.watch_drain(time(now)));
}

/// Whether the present socket is or was open.
#[wasm_bindgen]
pub fn has_been_open(id: u32) -> bool {
    with_slot(id, |slot| slot.link.has_been_open())
}

/// Whether nothing waits in the queue and, by its last word, nothing in the socket's buffer.
#[wasm_bindgen]
pub fn is_drained(id: u32) -> bool {
    with_slot(id, |slot| slot.link.is_drained())
}

/// Whether the socket's buffer is above the high watermark.
#[wasm_bindgen]
pub fn is_congested(id: u32) -> bool {
    with_slot(id, |slot| slot.link.is_congested())
}

/// Messages in the queue.
#[wasm_bindgen]
pub fn queued_messages(id: u32) -> f64 {
    with_slot(id, |slot| slot.link.queued().0 as f64)
}

/// Bytes in the queue.
#[wasm_bindgen]
pub fn queued_bytes(id: u32) -> f64 {
    with_slot(id, |slot| slot.link.queued().1 as f64)
}

/// The next action: 0 is nothing, and what the others are stands at `js/driver.js`, with their fields.
#[wasm_bindgen]
pub fn poll(id: u32) -> u32 {
    with_slot(id, Slot::poll)
}

/// A field of what [`poll`] returned last.
#[wasm_bindgen]
pub fn field(id: u32, index: usize) -> f64 {
    with_slot(id, |slot| slot.fields.get(index).copied().unwrap_or_default())
}

/// The number of a message in the list that [`poll`] returned last.
#[wasm_bindgen]
pub fn listed(id: u32, index: usize) -> u32 {
    with_slot(id, |slot| slot.listed.get(index).copied().unwrap_or_default())
}

fn time(millis: f64) -> Time {
    Time::from_micros((millis * 1_000.0) as u64)
}

fn millis(time: Time) -> f64 {
    if time == Time::NEVER {
        return f64::INFINITY;
    }
    time.as_micros() as f64 / 1_000.0
}
