//! The few things of the global scope that windows and workers share.
//!
//! `web_sys` knows `Window` and `WorkerGlobalScope` apart, and finding out which one it is costs more bytes than the
//! functions themselves.

use js_sys::Function;
use wasm_bindgen::prelude::*;
use web_sys::Document;

#[wasm_bindgen]
extern "C" {
    /// Milliseconds since the page began (W3C High Resolution Time).
    #[wasm_bindgen(js_namespace = performance, js_name = now)]
    pub(crate) fn performance_now() -> f64;

    /// The handle is a number in a browser and an object in Node.
    #[wasm_bindgen(js_name = setTimeout)]
    pub(crate) fn set_timeout(callback: &Function, millis: f64) -> JsValue;

    #[wasm_bindgen(js_name = clearTimeout)]
    pub(crate) fn clear_timeout(handle: &JsValue);

    #[wasm_bindgen(js_name = addEventListener)]
    pub(crate) fn add_event_listener(event: &str, listener: &Function);

    #[wasm_bindgen(js_name = removeEventListener)]
    pub(crate) fn remove_event_listener(event: &str, listener: &Function);

    /// Missing in workers.
    #[wasm_bindgen(thread_local_v2, js_name = document)]
    pub(crate) static DOCUMENT: Option<Document>;

    #[wasm_bindgen(js_name = Navigator)]
    pub(crate) type Navigator;

    #[wasm_bindgen(method, getter, js_name = onLine)]
    pub(crate) fn on_line(this: &Navigator) -> Option<bool>;

    /// Missing in some runtimes that are no browsers.
    #[wasm_bindgen(thread_local_v2, js_name = navigator)]
    pub(crate) static NAVIGATOR: Option<Navigator>;
}
