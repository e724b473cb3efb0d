//! One browser socket: opening, sending, closing, and listeners that are taken off again.

use std::rc::Weak;

use js_sys::{Array, JsString};
use rejoin_protocol::{Close, Generation, ReadyState};
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{BinaryType, CloseEvent, Event, MessageEvent, WebSocket};

use crate::driver::Driver;
use crate::{Incoming, Payload};

/// The events of a socket but `message`, which has a listener of its own because it is the hot one. `error` is
/// left out on purpose: it says nothing, and `close` always follows it.
const EVENTS: [&str; 2] = ["open", "close"];

pub(crate) struct Transport {
    socket: WebSocket,
    generation: Generation,
    on_message: Closure<dyn Fn(MessageEvent)>,
    on_event: Closure<dyn Fn(Event)>,
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
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            if let Some(driver) = for_messages.upgrade() {
                driver.received(generation, Incoming::new(event.data()));
            }
        });
        let on_event = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            let Some(driver) = driver.upgrade() else { return };
            match event.dyn_ref::<CloseEvent>() {
                Some(close) => driver.closed(generation, close.code(), close.reason(), close.was_clean()),
                None => driver.opened(generation),
            }
        });
        listen(&socket, "message", on_message.as_ref(), true);
        for event in EVENTS {
            listen(&socket, event, on_event.as_ref(), true);
        }
        Self { socket, generation, on_message, on_event }
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
        let closing = match close.code() {
            Some(code) => self.socket.close_with_code_and_reason(code, close.reason()),
            None => self.socket.close(),
        };
        // `Close` admits only what WHATWG admits, so that the browser has nothing to object to.
        debug_assert!(closing.is_ok());
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        listen(&self.socket, "message", self.on_message.as_ref(), false);
        for event in EVENTS {
            listen(&self.socket, event, self.on_event.as_ref(), false);
        }
    }
}

fn listen(socket: &WebSocket, event: &str, listener: &JsValue, add: bool) {
    let listener = listener.unchecked_ref();
    let done = if add {
        socket.add_event_listener_with_callback(event, listener)
    } else {
        socket.remove_event_listener_with_callback(event, listener)
    };
    // Neither call throws for a listener that is a function.
    debug_assert!(done.is_ok());
}

/// The words of a JavaScript exception: "SecurityError: …".
pub(crate) fn describe(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| js_sys::JsString::from(error.clone()), js_sys::Error::to_string)
        .into()
}
