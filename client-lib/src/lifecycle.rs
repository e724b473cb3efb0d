//! The page's life: network, visibility, freezing, the back-forward cache (Page Lifecycle; HTML).

use std::rc::Weak;

use rejoin_protocol::Input;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Event;

use crate::driver::Driver;
use crate::global::{Any, GLOBAL, listen};

/// What is listened to at the global scope. A worker has only the first two.
const GLOBAL_EVENTS: [&str; 3] = ["online", "offline", "pageshow"];
/// What is listened to at the document.
const DOCUMENT_EVENTS: [&str; 3] = ["visibilitychange", "freeze", "resume"];

/// Listeners for as long as it lives.
pub(crate) struct Lifecycle {
    global: Any,
    document: Option<Any>,
    listener: Closure<dyn Fn(JsValue)>,
}

impl Lifecycle {
    pub(crate) fn new(driver: Weak<Driver>) -> Self {
        let global = GLOBAL.with(Any::clone);
        let document = global.document();
        let of_listener = document.clone();
        let listener = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let hidden = of_listener.as_ref().is_some_and(Any::hidden);
            let name = event.unchecked_ref::<Event>().type_();
            let input = match name.as_bytes() {
                b"online" => Input::Online,
                b"offline" => Input::Offline,
                b"freeze" => Input::Frozen,
                b"resume" => Input::Resumed,
                // Shown from the back-forward cache; the first showing of a page is no resumption.
                b"pageshow" if event.unchecked_ref::<Any>().persisted() => Input::Resumed,
                b"visibilitychange" if hidden => Input::Hidden,
                b"visibilitychange" => Input::Visible,
                _ => return,
            };
            if let Some(driver) = driver.upgrade() {
                driver.input(input);
            }
        });
        let lifecycle = Self { global, document, listener };
        lifecycle.listen(true);
        lifecycle
    }

    fn listen(&self, add: bool) {
        let listener = self.listener.as_ref();
        for event in GLOBAL_EVENTS {
            listen(&self.global, event, listener, add);
        }
        if let Some(document) = &self.document {
            for event in DOCUMENT_EVENTS {
                listen(document, event, listener, add);
            }
        }
    }

    /// Whether the page is hidden now; no event will say it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.document.as_ref().is_some_and(Any::hidden)
    }

    /// Whether the browser says that there is no network; no event will say it. Where it says nothing there is one.
    pub(crate) fn is_offline(&self) -> bool {
        self.global.navigator().and_then(|navigator| navigator.on_line()) == Some(false)
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        self.listen(false);
    }
}
