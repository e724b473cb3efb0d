//! What JavaScript has for this module: `js/session/host.js`, function by function.
//!
//! None of them calls back in or throws: what is told waits there until this module is at rest.

use js_sys::Promise;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(raw_module = "./host.js")]
extern "C" {
    /// Something happened to a session; `what` says what, and what the values are.
    pub(crate) fn tell(session: u32, what: u32, first: &JsValue, second: &JsValue);

    /// A record for the session's log: its kind, its text if it has one, and its figures.
    pub(crate) fn record(
        session: u32,
        kind: u32,
        text: Option<&str>,
        first: f64,
        second: f64,
        third: f64,
        fourth: f64,
    );

    /// Asks for where to connect and with what: a promise of `[url, token]`, rejected with words.
    pub(crate) fn ask(session: u32, attempt: u32, fresh: bool) -> Promise;

    /// The next socket is one of this session.
    pub(crate) fn choose(session: u32);

    /// Whoever waits at this bell may come again.
    pub(crate) fn ring(bell: u32);

    pub(crate) fn position(ordinal: f64, id: u64, offset: f64) -> JsValue;

    pub(crate) fn entry(
        position: &JsValue,
        time: f64,
        publisher: u64,
        number: f64,
        own: bool,
        payload: &JsValue,
    ) -> JsValue;

    pub(crate) fn gap(at: &JsValue, from: f64, to: f64, reason: u32) -> JsValue;

    /// Any other item of a feed.
    pub(crate) fn item(what: u32, first: &JsValue, second: &JsValue) -> JsValue;

    pub(crate) fn closed(
        code: u16,
        reason: &str,
        clean: bool,
        by: u32,
        unsent: f64,
        gave_up: bool,
    ) -> JsValue;
}
