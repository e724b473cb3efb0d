//! The page's life: network, visibility, freezing, the back-forward cache (Page Lifecycle; HTML).

use std::rc::Weak;

use js_sys::{Function, Reflect};
use rejoin_protocol::Input;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Event};

use crate::driver::Driver;
use crate::global::{DOCUMENT, NAVIGATOR, Navigator, add_event_listener, remove_event_listener};

/// What is listened to at the global scope. A worker has only the first two.
const GLOBAL_EVENTS: [&str; 3] = ["online", "offline", "pageshow"];
/// What is listened to at the document.
const DOCUMENT_EVENTS: [&str; 3] = ["visibilitychange", "freeze", "resume"];

/// Listeners for as long as it lives.
pub(crate) struct Lifecycle {
    document: Option<Document>,
    listener: Closure<dyn Fn(Event)>,
}

impl Lifecycle {
    pub(crate) fn new(driver: Weak<Driver>) -> Self {
        let document = DOCUMENT.with(Clone::clone);
        let of_listener = document.clone();
        let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            let hidden = of_listener.as_ref().is_some_and(Document::hidden);
            let name = event.type_();
            let input = match name.as_bytes() {
                b"online" => Input::Online,
                b"offline" => Input::Offline,
                b"freeze" => Input::Frozen,
                b"resume" => Input::Resumed,
                // Shown from the back-forward cache; the first showing of a page is no resumption.
                b"pageshow" if is_persisted(&event) => Input::Resumed,
                b"visibilitychange" if hidden => Input::Hidden,
                b"visibilitychange" => Input::Visible,
                _ => return,
            };
            if let Some(driver) = driver.upgrade() {
                driver.input(input);
            }
        });
        let lifecycle = Self { document, listener };
        let function: &Function = lifecycle.listener.as_ref().unchecked_ref();
        for event in GLOBAL_EVENTS {
            add_event_listener(event, function);
        }
        for (document, event) in lifecycle.of_document() {
            let added = document.add_event_listener_with_callback(event, function);
            debug_assert!(added.is_ok(), "adding a function never throws");
        }
        lifecycle
    }

    /// Whether the page is hidden now; no event will say it.
    pub(crate) fn is_hidden(&self) -> bool {
        self.document.as_ref().is_some_and(Document::hidden)
    }

    /// Whether the browser says that there is no network; no event will say it. Where it says nothing there is one.
    pub(crate) fn is_offline() -> bool {
        NAVIGATOR.with(|navigator| navigator.as_ref().and_then(Navigator::on_line) == Some(false))
    }

    fn of_document(&self) -> impl Iterator<Item = (&Document, &'static str)> {
        self.document.iter().flat_map(|document| DOCUMENT_EVENTS.iter().map(move |event| (document, *event)))
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        let function: &Function = self.listener.as_ref().unchecked_ref();
        for event in GLOBAL_EVENTS {
            remove_event_listener(event, function);
        }
        for (document, event) in self.of_document() {
            let removed = document.remove_event_listener_with_callback(event, function);
            debug_assert!(removed.is_ok(), "removing a function never throws");
        }
    }
}

fn is_persisted(event: &Event) -> bool {
    Reflect::get(event, &JsValue::from_str("persisted")).is_ok_and(|persisted| persisted.is_truthy())
}
