//! What of the browser is declared here rather than taken from `web_sys`.
//!
//! `web_sys` declares each overload of a function, and each of its interfaces' properties, apart, and each one that is
//! used costs a client about 60 bytes of download, twice as many where it might throw. Windows and workers it knows
//! apart as well, and finding out which one it is costs more than the functions themselves.

use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// Any object, taken to have the property that is asked for; a missing one is `None`, false, or not a number.
    #[derive(Clone)]
    pub(crate) type Any;

    /// The window or the worker.
    #[wasm_bindgen(thread_local_v2, js_name = globalThis)]
    pub(crate) static GLOBAL: Any;

    /// Milliseconds since the page began (W3C High Resolution Time).
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(crate) fn performance_now() -> f64;

    /// Milliseconds since 1970 by the clock on the wall, which people and networks set.
    #[wasm_bindgen(js_namespace = Date, js_name = now)]
    pub(crate) fn date_now() -> f64;

    /// Fills a view of unshared memory (W3C Web Cryptography).
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    pub(crate) fn fill_random(view: &JsValue);

    /// The handle is a number in a browser and an object in Node.
    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(callback: &JsValue, millis: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub(crate) fn clear_timeout(handle: &JsValue);

    /// Throws where a value has no words: an object without a prototype, or whose `toString` throws.
    #[wasm_bindgen(catch, js_name = String)]
    pub(crate) fn in_words(value: &JsValue) -> Result<String, JsValue>;

    /// Never throws for a function.
    #[wasm_bindgen(method, js_name = addEventListener)]
    fn add_event_listener(this: &Any, event: &str, listener: &JsValue);

    #[wasm_bindgen(method, js_name = removeEventListener)]
    fn remove_event_listener(this: &Any, event: &str, listener: &JsValue);

    /// Missing in workers.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn document(this: &Any) -> Option<Any>;

    #[wasm_bindgen(method, getter)]
    pub(crate) fn hidden(this: &Any) -> bool;

    /// Missing in some runtimes that are no browsers.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn navigator(this: &Any) -> Option<Any>;

    #[wasm_bindgen(method, getter, js_name = onLine)]
    pub(crate) fn on_line(this: &Any) -> Option<bool>;

    /// The Network Information API's, where there is one.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn connection(this: &Any) -> Option<Any>;

    /// Of `pageshow` and `pagehide` alone.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn persisted(this: &Any) -> Option<bool>;

    /// Of an event.
    #[wasm_bindgen(method, getter, js_name = type)]
    pub(crate) fn event_type(this: &Any) -> String;

    /// Of a `close` event alone.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn code(this: &Any) -> Option<u16>;

    /// Of strings.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn length(this: &Any) -> f64;

    /// Of buffers and their views, not a number for anything else.
    #[wasm_bindgen(method, getter, js_name = byteLength)]
    pub(crate) fn byte_length(this: &Any) -> f64;

    /// Of a view, of which it makes another that is copied.
    #[wasm_bindgen(method, js_name = subarray)]
    pub(crate) fn copied(this: &Any) -> Vec<u8>;

    /// Of a `Blob`.
    #[wasm_bindgen(method, getter)]
    pub(crate) fn size(this: &Any) -> f64;

    /// Of a socket, for whatever the browser holds already.
    #[wasm_bindgen(catch, method)]
    pub(crate) fn send(this: &Any, data: &JsValue) -> Result<(), JsValue>;

    /// Of a socket. What is `None` counts as not given.
    #[wasm_bindgen(catch, method)]
    pub(crate) fn close(this: &Any, code: Option<u16>, reason: Option<&str>) -> Result<(), JsValue>;
}

/// Adds a listener or takes it off.
pub(crate) fn listen(target: &JsValue, event: &str, listener: &JsValue, add: bool) {
    let target: &Any = target.unchecked_ref();
    if add {
        target.add_event_listener(event, listener);
    } else {
        target.remove_event_listener(event, listener);
    }
}

/// JavaScript counts lengths as doubles of at most 2^53, wasm32 addresses 2^32.
pub(crate) fn js_len(len: f64) -> usize {
    len as usize
}
