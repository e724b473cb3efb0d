//! The page's life: network, visibility, freezing, the back-forward cache (Page Lifecycle; HTML).

use std::cell::Cell;
use std::rc::Weak;

use rejoin_protocol::Input;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::Event;

use crate::driver::Driver;
use crate::global::{Any, GLOBAL, listen};

/// What an event says.
#[derive(Clone, Copy)]
enum PageEvent {
    Online,
    Offline,
    /// The network may be another.
    Changed,
    /// The page is shown, perhaps from the back-forward cache.
    Shown,
    /// The page is left, perhaps for the back-forward cache.
    Left,
    /// The page may be about to be left.
    Leaving,
    Visibility,
    Frozen,
    Resumed,
}

/// What is listened to: first at the global scope, of which a worker has only the first two, then at the document, then at
/// `navigator.connection`.
const EVENTS: [(&str, PageEvent); 8] = [
    ("online", PageEvent::Online),
    ("offline", PageEvent::Offline),
    ("pageshow", PageEvent::Shown),
    ("pagehide", PageEvent::Left),
    ("visibilitychange", PageEvent::Visibility),
    ("freeze", PageEvent::Frozen),
    ("resume", PageEvent::Resumed),
    ("change", PageEvent::Changed),
];

/// Listened to at the window while a socket is open: otherwise it would keep the page out of Firefox's back-forward
/// cache, as an open socket does by itself.
const LEAVING: &str = "beforeunload";

/// Listeners for as long as it lives.
pub(crate) struct Lifecycle {
    global: Any,
    document: Option<Any>,
    connection: Option<Any>,
    listener: Closure<dyn Fn(JsValue)>,
    expects_leaving: Cell<bool>,
}

impl Lifecycle {
    pub(crate) fn new(driver: Weak<Driver>) -> Self {
        let global = GLOBAL.with(Any::clone);
        let document = global.document();
        let of_listener = document.clone();
        let listener = Closure::<dyn Fn(JsValue)>::new(move |event: JsValue| {
            let hidden = of_listener.as_ref().is_some_and(Any::hidden);
            let name = event.unchecked_ref::<Event>().type_();
            let known = EVENTS
                .iter()
                .find(|(event, _)| **event == *name)
                .map_or(PageEvent::Leaving, |(_, known)| *known);
            let Some(driver) = driver.upgrade() else { return };
            let persisted = || event.unchecked_ref::<Any>().persisted() == Some(true);
            let input = match known {
                PageEvent::Online => Input::Online,
                PageEvent::Offline => Input::Offline,
                PageEvent::Changed => Input::NetworkChanged,
                PageEvent::Frozen => Input::Frozen,
                PageEvent::Resumed => Input::Resumed,
                // The first showing of a page is no resumption.
                PageEvent::Shown if persisted() => Input::Resumed,
                PageEvent::Shown => return,
                PageEvent::Left if driver.options.close_on_page_hide && persisted() => {
                    Input::Pause { close: true }
                }
                PageEvent::Left => Input::Frozen,
                PageEvent::Leaving => return driver.leaving(),
                PageEvent::Visibility if hidden => Input::Hidden,
                PageEvent::Visibility => Input::Visible,
            };
            driver.hint(input);
        });
        let connection = global.navigator().and_then(|navigator| navigator.connection());
        let lifecycle = Self { global, document, connection, listener, expects_leaving: Cell::new(false) };
        lifecycle.listen(true);
        lifecycle
    }

    fn listen(&self, add: bool) {
        let listener = self.listener.as_ref();
        for (index, (event, _)) in EVENTS.iter().enumerate() {
            let target = match index {
                0..=3 => Some(&self.global),
                4..=6 => self.document.as_ref(),
                _ => self.connection.as_ref(),
            };
            if let Some(target) = target {
                listen(target, event, listener, add);
            }
        }
    }

    /// Listens to whether the page may be left, or no longer.
    pub(crate) fn expect_leaving(&self, open: bool) {
        if self.expects_leaving.replace(open) != open {
            listen(&self.global, LEAVING, self.listener.as_ref(), open);
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
        self.expect_leaving(false);
    }
}
