//! The field to write in, its counter, and what stands in the way of sending.

use demo_messages::chat::TEXT_CHARS;
use wasm_bindgen::JsCast;
use web_sys::{HtmlFormElement, HtmlTextAreaElement};
use yew::prelude::*;

use crate::browser;
use crate::link::Tone;
use crate::session::{Deeds, Typing};
use crate::ui::kept_focus::use_kept_focus;
use crate::ui::notice::Notice;
use crate::words;

/// The counter shows itself from so many characters before the limit on.
const COUNT_FROM: usize = TEXT_CHARS * 3 / 4;
/// The field grows to so many lines before it scrolls.
const MAX_LINES: usize = 6;

/// Props of [`Composer`].
#[derive(Properties, PartialEq)]
pub(crate) struct ComposerProps {
    pub(crate) room: AttrValue,
    /// Who is typing, in words.
    pub(crate) typing: Option<String>,
    /// What is wrong with the connection, in words.
    pub(crate) trouble: Option<String>,
    pub(crate) tone: Tone,
    /// The button that goes with it.
    pub(crate) offer: Option<&'static str>,
    /// Whether the connection is closed for good, so that nothing can be said.
    pub(crate) over: bool,
    /// Whether as much waits as may wait.
    pub(crate) full: bool,
    /// A request that was refused, in words.
    pub(crate) notice: Option<String>,
    pub(crate) deeds: Deeds,
    pub(crate) onsay: Callback<String>,
}

/// The composer. Enter sends, Shift+Enter makes a line.
#[component]
pub(crate) fn Composer(props: &ComposerProps) -> Html {
    let text = use_state_eq(String::new);
    let used = text.trim().chars().count();
    let over_by = used.saturating_sub(TEXT_CHARS);
    let may_send = !props.over && !props.full;
    let can_send = may_send && used > 0 && over_by == 0;
    let (form, field) = (use_node_ref(), use_node_ref());
    use_kept_focus(&form, &form);
    let oninput = {
        let (text, typing) = (text.setter(), props.deeds.typing.clone());
        Callback::from(move |event: InputEvent| {
            let value = event.target_unchecked_into::<HtmlTextAreaElement>().value();
            typing.emit(if value.trim().is_empty() { Typing::Ended } else { Typing::GoesOn });
            text.set(value);
        })
    };
    let onsubmit = {
        let (text, typing, onsay) = (text.setter(), props.deeds.typing.clone(), props.onsay.clone());
        let field = field.clone();
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            // The field itself is asked: keys may come faster than renderings.
            let Some(field) = field.cast::<HtmlTextAreaElement>() else { return };
            let said = field.value().trim().to_owned();
            if may_send && (1..=TEXT_CHARS).contains(&said.chars().count()) {
                field.set_value("");
                // The button can't be pressed again before something else is written.
                browser::focus_on(&field);
                onsay.emit(said);
                text.set(String::new());
                typing.emit(Typing::Sent);
            }
        })
    };
    let rows = text.split('\n').count().clamp(1, MAX_LINES).to_string();
    let placeholder = words::write_to(&props.room);
    let described = if over_by > 0 { "composer-count" } else { "composer-trouble" };
    html! {
        <form class="composer" ref={form} tabindex="-1" aria-label={words::write_to(&props.room)} {onsubmit}>
            { troubles(props) }
            <div class="composer-line">
                <textarea ref={field} class="input" id="composer" {rows} {placeholder} aria-label={words::write_to(&props.room)}
                    aria-describedby={described} aria-invalid={(over_by > 0).then_some("true")}
                    value={text.to_string()} {oninput} onkeydown={send_on_enter()} />
                <button class="button main" disabled={!can_send}>{ words::SEND }</button>
            </div>
            <div class="composer-foot">
                <span class="composer-typing" aria-live="off">{ props.typing.clone() }</span>
                if used >= COUNT_FROM {
                    <span id="composer-count" class={classes!("counter", (over_by > 0).then_some("over"))}>
                        { words::counter(used, TEXT_CHARS) }
                        if over_by > 0 { { format!(", {}", words::too_long_by(over_by)) } }
                    </span>
                }
            </div>
        </form>
    }
}

/// Submits the form on Enter, but not while an input method composes a word, and not with Shift.
fn send_on_enter() -> Callback<KeyboardEvent> {
    Callback::from(|event: KeyboardEvent| {
        if event.key() != "Enter" || event.shift_key() || event.is_composing() {
            return;
        }
        event.prevent_default();
        let field = event.target_unchecked_into::<HtmlTextAreaElement>();
        let form =
            field.closest("form").ok().flatten().and_then(|form| form.dyn_into::<HtmlFormElement>().ok());
        if let Some(form) = form
            && let Err(error) = form.request_submit()
        {
            browser::warn("the message could not be submitted", &error);
        }
    })
}

fn troubles(props: &ComposerProps) -> Html {
    let reconnect = props.deeds.reconnect.reform(|_: MouseEvent| ());
    let dismiss = props.deeds.dismiss.reform(|_: MouseEvent| ());
    html! {
        <>
            if let Some(notice) = &props.notice {
                <Notice tone={Tone::Bad} text={notice.clone()} announced=true>
                    <button type="button" class="button plain" onclick={dismiss}>{ words::DISMISS }</button>
                </Notice>
            }
            <div id="composer-trouble">
                if let Some(trouble) = &props.trouble {
                    <Notice tone={props.tone} text={trouble.clone()}>
                        if let Some(offer) = props.offer {
                            <button type="button" class="button plain" onclick={reconnect}>{ offer }</button>
                        }
                    </Notice>
                }
                if props.full {
                    <Notice tone={Tone::Bad} text={words::outbox_full()} />
                }
            </div>
        </>
    }
}
