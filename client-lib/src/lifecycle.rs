//! The page's life: network, visibility, freezing, the back-forward cache (Page Lifecycle; HTML).

use std::rc::Weak;

use js_sys::Reflect;
use rejoin_protocol::Input;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Document, Event, EventTarget, VisibilityState};

use crate::driver::Driver;

/// What is listened to at the global scope. A worker has only the first two.
const GLOBAL_EVENTS: [&str; 3] = ["online", "offline", "pageshow"];
/// What is listened to at the document.
const DOCUMENT_EVENTS: [&str; 3] = ["visibilitychange", "freeze", "resume"];

/// Listeners for as long as it lives.
pub(crate) struct Lifecycle {
    global: EventTarget,
    document: Option<Document>,
    listener: Closure<dyn Fn(Event)>,
}

impl Lifecycle {
    pub(crate) fn new(driver: Weak<Driver>) -> Self {
        let global: EventTarget = js_sys::global().unchecked_into();
        let document = web_sys::window().and_then(|window| window.document());
        let of_listener = document.clone();
        let listener = Closure::<dyn Fn(Event)>::new(move |event: Event| {
            let input = match event.type_().as_str() {
                "online" => Input::Online,
                "offline" => Input::Offline,
                "freeze" => Input::Frozen,
                "resume" => Input::Resumed,
                // Shown from the back-forward cache; the first showing of a page is no resumption.
                "pageshow" if is_persisted(&event) => Input::Resumed,
                "visibilitychange" if of_listener.as_ref().is_some_and(is_hidden) => Input::Hidden,
                "visibilitychange" => Input::Visible,
                _ => return,
            };
            if let Some(driver) = driver.upgrade() {
                driver.input(input);
            }
        });
        let lifecycle = Self { global, document, listener };
        lifecycle.each(EventTarget::add_event_listener_with_callback);
        lifecycle
    }

    /// What a new link must be told, because no event will say it.
    pub(crate) fn at_start(&self) -> impl Iterator<Item = Input> {
        let hidden = self.document.as_ref().is_some_and(is_hidden);
        let navigator =
            Reflect::get(&self.global, &JsValue::from_str("navigator")).unwrap_or(JsValue::UNDEFINED);
        // Windows and workers have it alike; where it is missing the page counts as online.
        let offline = navigator.is_object()
            && Reflect::get(&navigator, &JsValue::from_str("onLine"))
                .is_ok_and(|on_line| on_line == JsValue::FALSE);
        hidden.then_some(Input::Hidden).into_iter().chain(offline.then_some(Input::Offline))
    }

    fn each(&self, act: impl Fn(&EventTarget, &str, &js_sys::Function) -> Result<(), JsValue>) {
        let listener = self.listener.as_ref().unchecked_ref();
        let of_global = GLOBAL_EVENTS.iter().map(|event| (&self.global, event));
        let of_document = self.document.iter().flat_map(|document| {
            let target: &EventTarget = document;
            DOCUMENT_EVENTS.iter().map(move |event| (target, event))
        });
        for (target, event) in of_global.chain(of_document) {
            // Neither adding nor removing throws for a listener that is a function.
            let done = act(target, event, listener);
            debug_assert!(done.is_ok());
        }
    }
}

impl Drop for Lifecycle {
    fn drop(&mut self) {
        self.each(EventTarget::remove_event_listener_with_callback);
    }
}

fn is_hidden(document: &Document) -> bool {
    document.visibility_state() == VisibilityState::Hidden
}

fn is_persisted(event: &Event) -> bool {
    Reflect::get(event, &JsValue::from_str("persisted")).is_ok_and(|persisted| persisted.is_truthy())
}
