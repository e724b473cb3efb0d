//! One browser socket: opening, sending, closing, and listeners that are taken off again.

use std::rc::Weak;

use js_sys::{Array, JsString};
use rejoin_protocol::{Close, Generation, ReadyState};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
pub(crate) use web_sys::{BinaryType, WebSocket};
use web_sys::{CloseEvent, MessageEvent};

use crate::driver::Driver;
use crate::global::{Any, clear_timeout, in_words, listen, set_timeout};
use crate::slim_cell::SlimCell;
use crate::{Incoming, Payload};

/// The events of a socket but `message`, which has a listener of its own because it is the hot one.
const EVENTS: [&str; 3] = ["open", "close", ERROR];
/// Says nothing by itself: by the standard `close` follows. Where a browser may not connect, some emit no `close`:
/// WebKit at a blocked port, Chromium under a Content-Security-Policy.
const ERROR: &str = "error";

pub(crate) struct Transport {
    socket: WebSocket,
    generation: Generation,
    on_message: Closure<dyn Fn(JsValue)>,
    on_event: Closure<dyn Fn(JsValue)>,
    /// The timer that calls `on_event` without an event.
    check: SlimCell<JsValue>,
}

impl Transport {
    /// Asks the browser for a connection.
    ///
    /// # Errors
    /// The browser's words if its constructor throws.
    pub(crate) fn open(
        driver: Weak<Driver>,
        generation: Generation,
        url: &str,
        protocols: &[String],
        binary_type: BinaryType,
    ) -> Result<Self, String> {
        let names: Array = protocols.iter().map(|name| JsString::from(name.as_str())).collect();
        let socket = WebSocket::new_with_str_sequence(url, &names).map_err(|error| describe(&error))?;
        Ok(Self::adopt(driver, generation, socket, binary_type))
    }

    /// Listens to a socket that exists already.
    pub(crate) fn adopt(
        driver: Weak<Driver>,
        generation: Generation,
        socket: WebSocket,
        binary_type: BinaryType,
    ) -> Self {
        socket.set_binary_type(binary_type);
        let for_messages = driver.clone();
        let on_message = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            if let Some(driver) = for_messages.upgrade() {
                driver.received(generation, Incoming::new(event.unchecked_ref::<MessageEvent>().data()));
            }
        });
        let on_event = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let Some(driver) = driver.upgrade() else { return };
            let kind: &Any = event.unchecked_ref();
            if event.is_undefined() {
                driver.check_closed(generation);
            } else if let Some(code) = kind.code() {
                let event: &CloseEvent = event.unchecked_ref();
                driver.closed(generation, code, event.reason(), event.was_clean());
            } else if kind.event_type() == ERROR {
                driver.transport.borrow().as_ref().inspect(|transport| transport.check_later());
            } else {
                driver.opened(generation);
            }
        });
        listen(&socket, "message", on_message.as_ref(), true);
        for event in EVENTS {
            listen(&socket, event, on_event.as_ref(), true);
        }
        Self { socket, generation, on_message, on_event, check: SlimCell::new(JsValue::UNDEFINED) }
    }

    /// Looks in a later task whether the socket has closed without a `close` event.
    fn check_later(&self) {
        clear_timeout(&self.check.replace(set_timeout(self.on_event.as_ref(), 0.0)));
    }

    pub(crate) fn generation(&self) -> Generation {
        self.generation
    }

    pub(crate) fn socket(&self) -> &WebSocket {
        &self.socket
    }

    pub(crate) fn ready_state(&self) -> ReadyState {
        match self.socket.ready_state() {
            WebSocket::CONNECTING => ReadyState::Connecting,
            WebSocket::OPEN => ReadyState::Open,
            WebSocket::CLOSING => ReadyState::Closing,
            _ => ReadyState::Closed,
        }
    }

    pub(crate) fn buffered(&self) -> u64 {
        // WHATWG gives an unsigned long long; web-sys has 32 bits of it, and the watermarks stay far below.
        u64::from(self.socket.buffered_amount())
    }

    pub(crate) fn send(&self, message: &impl Payload) -> Result<(), String> {
        message.transmit(&self.socket).map_err(|error| describe(&error))
    }

    /// Begins the close handshake. Harmless when it has begun already.
    pub(crate) fn close(&self, close: &Close) {
        let socket: &Any = self.socket.unchecked_ref();
        let closing = socket.close(close.code(), close.code().map(|_| close.reason()));
        // `Close` admits only what WHATWG admits, so that the browser has nothing to object to.
        debug_assert!(closing.is_ok());
    }
}

impl Driver {
    /// Ends an attempt whose socket has closed without a `close` event.
    fn check_closed(&self, generation: Generation) {
        let attempted = !self.link.borrow().has_been_open();
        let closed = self.transport.borrow().as_ref().is_some_and(|transport| {
            transport.generation == generation && transport.ready_state() == ReadyState::Closed
        });
        if attempted && closed {
            self.closed(generation, 1006, String::new(), false);
        }
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        clear_timeout(self.check.get_mut());
        listen(&self.socket, "message", self.on_message.as_ref(), false);
        for event in EVENTS {
            listen(&self.socket, event, self.on_event.as_ref(), false);
        }
    }
}

/// The words of a JavaScript exception: "SecurityError: …". Anything can be thrown, and some of it has no words.
pub(crate) fn describe(error: &JsValue) -> String {
    in_words(error).unwrap_or_else(|_| "an exception that can't be put into words".into())
}
