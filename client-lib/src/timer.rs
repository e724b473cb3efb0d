//! The browser's clock and one timer on it.

use std::cell::Cell;
use std::rc::Weak;

use rejoin_protocol::Time;
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use crate::global::{clear_timeout, date_now, performance_now, set_timeout};
use crate::slim_cell::SlimCell;

/// The longest wait that browsers take: 31 bits of milliseconds. A longer one wakes in between, and the link, not
/// yet due, names its moment again.
const LONGEST: f64 = 2_147_483_647.0;

/// Now, by the clock that never goes back.
pub(crate) fn now() -> Time {
    Time::from_micros((performance_now() * 1_000.0) as u64)
}

/// What the clock on the wall shows.
pub(crate) fn wall_clock() -> Time {
    Time::from_micros((date_now() * 1_000.0) as u64)
}

/// Whom a timer tells.
pub(crate) trait Timed: 'static {
    /// The moment has come, or is long past.
    fn timeout(&self);
}

/// A timer that is set for one moment at a time and tells its owner.
pub(crate) struct Timer {
    at: Cell<Option<Time>>,
    running: SlimCell<JsValue>,
    callback: Closure<dyn Fn(JsValue)>,
}

impl Timer {
    pub(crate) fn new<T: Timed>(owner: Weak<T>) -> Self {
        let callback = Closure::<dyn Fn(JsValue)>::new(move |_| {
            if let Some(owner) = owner.upgrade() {
                owner.timeout();
            }
        });
        Self { at: Cell::new(None), running: SlimCell::new(JsValue::UNDEFINED), callback }
    }

    /// Has the timer fire at a moment, if any, or before. One that is set for an earlier moment is left as it is: to wake
    /// too early now and then costs less than to set a timer anew for every message.
    pub(crate) fn set(&self, now: Time, at: Option<Time>) {
        let Some(at) = at else { return };
        if self.at.get().is_some_and(|set| set <= at) {
            return;
        }
        self.stop();
        self.at.set(Some(at));
        // Rounded up, so that it does not fire before the moment.
        let micros = at.as_micros().saturating_sub(now.as_micros()) as f64;
        let millis = (micros / 1_000.0).ceil().min(LONGEST);
        self.running.replace(set_timeout(self.callback.as_ref(), millis));
    }

    /// To be called when the timer has fired: it may be set for the same moment again.
    pub(crate) fn fired(&self) {
        self.at.set(None);
    }

    fn stop(&self) {
        // Clearing what has fired already, or nothing, does nothing (HTML, clearTimeout).
        clear_timeout(&self.running.replace(JsValue::UNDEFINED));
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.stop();
    }
}
