//! The browser's clock and one timer on it.

use std::cell::{Cell, RefCell};
use std::rc::Weak;

use gloo_timers::callback::Timeout;
use js_sys::Reflect;
use rejoin_protocol::Time;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Performance;

use crate::driver::Driver;

/// `performance.now()`, in a window as in a worker.
pub(crate) struct Clock(Performance);

impl Clock {
    pub(crate) fn new() -> Self {
        // Both kinds of global scope have it (W3C High Resolution Time), but web-sys knows no type for both.
        let performance = Reflect::get(&js_sys::global(), &JsValue::from_str("performance"));
        Self(performance.unwrap_or(JsValue::UNDEFINED).unchecked_into())
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_micros((self.0.now() * 1_000.0) as u64)
    }
}

/// A timer that is set for one moment at a time and tells the driver.
#[derive(Default)]
pub(crate) struct Timer {
    at: Cell<Option<Time>>,
    running: RefCell<Option<Timeout>>,
}

impl Timer {
    /// Sets the timer for a moment, or stops it. The one set before is forgotten.
    pub(crate) fn set(&self, driver: &Weak<Driver>, now: Time, at: Option<Time>) {
        if self.at.replace(at) == at {
            return;
        }
        let timeout = at.map(|at| {
            // Rounded up, so that it does not fire before the moment. Browsers take 31 bits of milliseconds; a
            // longer wait wakes in between, and the link, not yet due, names the moment again.
            let millis = at.since(now).as_micros().div_ceil(1_000).min(0x7fff_ffff);
            let driver = driver.clone();
            Timeout::new(millis as u32, move || {
                if let Some(driver) = driver.upgrade() {
                    driver.timeout();
                }
            })
        });
        self.running.replace(timeout);
    }

    /// To be called when the timer has fired: it may be set for the same moment again.
    pub(crate) fn fired(&self) {
        self.at.set(None);
    }
}
