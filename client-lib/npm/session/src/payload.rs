//! Payloads: text or bytes of JavaScript's.

use js_sys::Uint8Array;
use rejoin::session::{Body, SessionMessage};
use wasm_bindgen::{JsCast, JsValue};

/// What is to be sent, copied: JavaScript gives a string or a `Uint8Array`.
pub(crate) fn message(given: &JsValue) -> SessionMessage {
    match given.as_string() {
        Some(text) => text.into(),
        None => given.unchecked_ref::<Uint8Array>().to_vec().into(),
    }
}

/// The same where nothing tells text from bytes.
pub(crate) fn body(given: &JsValue) -> Body {
    message(given).body
}

pub(crate) fn bytes(body: &Body) -> JsValue {
    Uint8Array::new_from_slice(body).into()
}

/// A string if it is UTF-8 and text is wanted, otherwise bytes.
pub(crate) fn readable(body: &Body, text: bool) -> JsValue {
    match std::str::from_utf8(body) {
        Ok(words) if text => words.into(),
        _ => bytes(body),
    }
}

pub(crate) fn received(message: &SessionMessage) -> JsValue {
    readable(&message.body, !message.binary)
}
