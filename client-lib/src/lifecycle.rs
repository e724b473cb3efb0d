//! The page's life: network, visibility, freezing, the back-forward cache (Page Lifecycle; HTML).

use std::rc::Weak;

use rejoin_protocol::Input;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Event;

use crate::driver::Driver;
use crate::global::{Any, GLOBAL, listen};

/// What an event says.
#[derive(Clone, Copy)]
enum Said {
    Online,
    Offline,
    /// The page is shown, perhaps from the back-forward cache.
    Shown,
    Visibility,
    Frozen,
    Resumed,
}

/// What is listened to at the global scope. A worker has only the first two.
const GLOBAL_EVENTS: [(&str, Said); 4] = [
    ("online", Said::Online),
    ("offline", Said::Offline),
    ("pageshow", Said::Shown),
    ("pagehide", Said::Frozen),
];
/// What is listened to at the document.
const DOCUMENT_EVENTS: [(&str, Said); 3] =
    [("visibilitychange", Said::Visibility), ("freeze", Said::Frozen), ("resume", Said::Resumed)];

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
            let mut all = GLOBAL_EVENTS.iter().chain(&DOCUMENT_EVENTS);
            let Some((_, said)) = all.find(|(event, _)| **event == *name) else { return };
            let input = match said {
                Said::Online => Input::Online,
                Said::Offline => Input::Offline,
                Said::Frozen => Input::Frozen,
                Said::Resumed => Input::Resumed,
                // The first showing of a page is no resumption.
                Said::Shown if event.unchecked_ref::<Any>().persisted() => Input::Resumed,
                Said::Shown => return,
                Said::Visibility if hidden => Input::Hidden,
                Said::Visibility => Input::Visible,
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
        for (event, _) in GLOBAL_EVENTS {
            listen(&self.global, event, listener, add);
        }
        if let Some(document) = &self.document {
            for (event, _) in DOCUMENT_EVENTS {
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
