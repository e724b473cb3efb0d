//! Copying to the clipboard, or, where the browser does not let the page, showing the text to be copied by hand.

use gloo_timers::callback::Timeout;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::HtmlTextAreaElement;
use yew::prelude::*;

use crate::browser;
use crate::ui::sheet::Sheet;
use crate::words;

/// How long "Copied." stands, in milliseconds.
const SAID_MS: u32 = 3_000;
/// How long the browser may take to copy, in milliseconds; then the text is shown.
const COPY_MS: u32 = 5_000;

#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    Nothing,
    Copied,
    ByHand(String),
}

/// Props of [`CopyButton`].
#[derive(Properties, PartialEq)]
pub(super) struct CopyProps {
    pub(super) label: AttrValue,
    /// Makes the text.
    pub(super) text: Callback<(), String>,
}

/// A button that copies a text and says so.
#[component]
pub(super) fn CopyButton(props: &CopyProps) -> Html {
    let outcome = use_state_eq(|| Outcome::Nothing);
    let timer = use_mut_ref(|| None::<Timeout>);
    let onclick = {
        let (text, outcome) = (props.text.clone(), outcome.setter());
        Callback::from(move |_: MouseEvent| {
            let (text, outcome, timer) = (text.emit(()), outcome.clone(), timer.clone());
            spawn_local(async move {
                if copy(&text).await {
                    outcome.set(Outcome::Copied);
                    *timer.borrow_mut() = Some(Timeout::new(SAID_MS, move || outcome.set(Outcome::Nothing)));
                } else {
                    outcome.set(Outcome::ByHand(text));
                }
            });
        })
    };
    let close = {
        let outcome = outcome.setter();
        Callback::from(move |()| outcome.set(Outcome::Nothing))
    };
    let copied = *outcome == Outcome::Copied;
    html! {
        <>
            <button class="button" {onclick}>{ if copied { AttrValue::from(words::COPIED) } else { props.label.clone() } }</button>
            <span class="visually-hidden" role="status">{ copied.then_some(words::COPIED) }</span>
            if let Outcome::ByHand(text) = &*outcome {
                <Sheet title={props.label.clone()} onclose={close}>
                    <p class="hint">{ words::COPY_YOURSELF }</p>
                    <ByHand text={text.clone()} />
                </Sheet>
            }
        </>
    }
}

/// Whether the browser took the text, within [`COPY_MS`].
async fn copy(text: &str) -> bool {
    let navigator = browser::window().navigator();
    // Only secure pages have a clipboard.
    let has_clipboard = js_sys::Reflect::get(&navigator, &JsValue::from_str("clipboard"));
    if !has_clipboard.is_ok_and(|clipboard| clipboard.is_object()) {
        return false;
    }
    let copied = JsFuture::from(navigator.clipboard().write_text(text));
    browser::within(COPY_MS, copied).await.is_some_and(|copied| copied.is_ok())
}

/// Props of [`ByHand`].
#[derive(Properties, PartialEq)]
struct ByHandProps {
    text: AttrValue,
}

/// The text, selected.
#[component]
fn ByHand(props: &ByHandProps) -> Html {
    let field = use_node_ref();
    {
        let field = field.clone();
        use_effect_with((), move |()| {
            if let Some(field) = field.cast::<HtmlTextAreaElement>() {
                field.select();
            }
        });
    }
    html! { <textarea class="input copy-text" ref={field} readonly=true aria-label={words::RESULT} value={props.text.clone()} /> }
}
