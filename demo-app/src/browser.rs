//! The few things of the browser that more than one part asks for.

use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// How long the page waits for an answer of its own server by HTTP, in milliseconds.
const FETCH_MS: u32 = 10_000;

/// The output of `work`, or none if it takes longer than so many milliseconds: a browser may leave a promise unsettled
/// for ever.
pub(crate) async fn within<T>(ms: u32, work: impl Future<Output = T>) -> Option<T> {
    match select(std::pin::pin!(work), TimeoutFuture::new(ms)).await {
        Either::Left((output, _)) => Some(output),
        Either::Right(_) => None,
    }
}

/// The window.
#[expect(clippy::expect_used, reason = "the page's code runs in a window or not at all")]
pub(crate) fn window() -> web_sys::Window {
    web_sys::window().expect("a window")
}

/// The document.
#[expect(clippy::expect_used, reason = "a window that runs scripts has a document")]
pub(crate) fn document() -> web_sys::Document {
    window().document().expect("a document")
}

/// Whether the device says that it has a network.
pub(crate) fn is_online() -> bool {
    window().navigator().on_line()
}

/// Whether the page can be seen.
pub(crate) fn is_visible() -> bool {
    document().visibility_state() == web_sys::VisibilityState::Visible
}

/// Moves the focus to an element of the page, if it is there.
pub(crate) fn focus(id: &str) {
    let element = document().get_element_by_id(id).and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(element) = element {
        focus_on(&element);
    }
}

/// Moves the focus to an element.
pub(crate) fn focus_on(element: &web_sys::HtmlElement) {
    if let Err(error) = element.focus() {
        warn("the focus could not be moved", &error);
    }
}

/// Whether the element with this id has the focus.
pub(crate) fn has_focus(id: &str) -> bool {
    document().active_element().is_some_and(|element| element.id() == id)
}

/// Asks the page's own server for JSON. None, and a line in the console, if it can't be had or takes longer than 10 s.
pub(crate) async fn fetch_json(path: &str) -> Option<serde_json::Value> {
    let text = async {
        let response: web_sys::Response = JsFuture::from(window().fetch_with_str(path)).await?.dyn_into()?;
        JsFuture::from(response.text()?).await
    };
    let text = within(FETCH_MS, text).await;
    match text.unwrap_or_else(|| Err(js_sys::Error::new("it took too long").into())) {
        Ok(text) => serde_json::from_str(&text.as_string()?).ok(),
        Err(error) => {
            warn("the server did not answer", &error);
            None
        }
    }
}

/// Leaves a line for whoever looks into the browser's console.
pub(crate) fn warn(what: &str, error: &JsValue) {
    web_sys::console::warn_2(&JsValue::from_str(what), error);
}

/// A JavaScript error in words.
pub(crate) fn words_of(error: &JsValue) -> String {
    error
        .dyn_ref::<js_sys::Error>()
        .map_or_else(|| format!("{error:?}"), |error| String::from(error.message()))
}
