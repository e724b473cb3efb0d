//! The list of messages: newest in sight unless the person has scrolled away.

use std::rc::Rc;

use demo_messages::chat::Key;
use gloo_events::EventListener;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{Element, ResizeObserver};
use yew::prelude::*;

use super::rows::{Item, Mark, Row, Turn, rows};
use super::state::{ChatState, Presence};
use crate::browser;
use crate::local_time::{LocalTime, now_ms};
use crate::session::Deeds;
use crate::ui::icon::{Icon, Shape};
use crate::words;

/// So near to the end, in pixels, counts as at the end.
const NEAR_END: i32 = 40;

/// Props of [`MessageList`].
#[derive(Properties, PartialEq)]
pub(crate) struct MessageListProps {
    pub(crate) chat: Rc<ChatState>,
    pub(crate) deeds: Deeds,
    /// Grows with each message that the person sends.
    pub(crate) sent: u32,
    /// What an empty list says: a title and a sentence.
    pub(crate) empty: (AttrValue, AttrValue),
}

/// The list, and the button that leads to the newest message.
#[component]
pub(crate) fn MessageList(props: &MessageListProps) -> Html {
    let chat = &props.chat;
    let list = use_node_ref();
    let (at_end, scroll_to_end) = use_end(&list, props);
    let rows = rows(chat, LocalTime::at(now_ms()));
    let busy = (chat.presence == Presence::Entering).then_some("true");
    let newest = scroll_to_end.reform(|_: MouseEvent| ());
    html! {
        <div class="log-place">
            <div class={classes!("log", at_end.then_some("at-end"))} ref={list} role="log" aria-label={words::MESSAGES} aria-busy={busy} tabindex="0">
                if rows.is_empty() {
                    <div class="empty"><strong>{ &props.empty.0 }</strong><span>{ &props.empty.1 }</span></div>
                }
                { for rows.iter().enumerate().map(|(at, row)| row_view(at, row, &props.deeds)) }
            </div>
            if !at_end && !rows.is_empty() {
                <div class="to-newest">
                    <button class="button" onclick={newest}>
                        { if chat.unread > 0 { words::new_messages(chat.unread) } else { words::TO_NEWEST.to_owned() } }
                        <Icon shape={Shape::Down} class="small" />
                    </button>
                </div>
            }
        </div>
    }
}

/// Keeps the list at its end while it is there, and says whether it is, and so whether the person sees the newest.
#[hook]
fn use_end(list: &NodeRef, props: &MessageListProps) -> (bool, Callback<()>) {
    let at_end = use_state_eq(|| true);
    let stuck = use_mut_ref(|| true);
    // Where the list stood last: only a person moves it up.
    let stood = use_mut_ref(|| 0);
    let to_end = {
        let (list, stuck, at_end) = (list.clone(), Rc::clone(&stuck), at_end.setter());
        let stood = Rc::clone(&stood);
        use_callback((), move |(), ()| {
            *stuck.borrow_mut() = true;
            at_end.set(true);
            if let Some(list) = list.cast::<Element>() {
                list.set_scroll_top(list.scroll_height());
                *stood.borrow_mut() = list.scroll_top();
            }
        })
    };
    {
        let to_end = to_end.clone();
        use_effect_with(props.sent, move |_| to_end.emit(()));
    }
    {
        let (to_end, stuck) = (to_end.clone(), Rc::clone(&stuck));
        use_effect_with(Rc::clone(&props.chat), move |_| {
            if *stuck.borrow() {
                to_end.emit(());
            }
        });
    }
    {
        let (list, to_end) = (list.clone(), to_end.clone());
        let (attention, at_end) = (props.deeds.attention.clone(), at_end.setter());
        use_effect_with((), move |()| {
            let attend = {
                let (stuck, attention) = (Rc::clone(&stuck), attention.clone());
                move || attention.emit(*stuck.borrow() && browser::is_visible())
            };
            attend();
            let seen = attend.clone();
            let visibility = EventListener::new(&browser::document(), "visibilitychange", move |_| seen());
            // The list shrinks for a keyboard on the screen and for what the composer says.
            let still = Rc::clone(&stuck);
            let resized = Closure::<dyn FnMut()>::new(move || {
                if *still.borrow() {
                    to_end.emit(());
                }
            });
            let observer = list.cast::<Element>().and_then(|list| observe(&resized, &list));
            let scroll = list.cast::<Element>().map(|list| {
                let at = list.clone();
                EventListener::new(&list, "scroll", move |_| {
                    let top = at.scroll_top();
                    let moved_up = top < stood.replace(top);
                    // Much may have come since the list was moved to its end, before this event says so.
                    let near = at.scroll_height() - top - at.client_height() < NEAR_END
                        || (*stuck.borrow() && !moved_up);
                    if stuck.replace(near) != near {
                        at_end.set(near);
                        attend();
                    }
                })
            });
            move || {
                if let Some(observer) = observer {
                    observer.disconnect();
                }
                drop((visibility, resized, scroll));
                attention.emit(false);
            }
        });
    }
    {
        let attention = props.deeds.attention.clone();
        use_effect_with(*at_end, move |at_end| attention.emit(*at_end && browser::is_visible()));
    }
    (*at_end, to_end)
}

fn observe(resized: &Closure<dyn FnMut()>, list: &Element) -> Option<ResizeObserver> {
    let observer = ResizeObserver::new(resized.as_ref().unchecked_ref());
    match observer {
        Ok(observer) => {
            observer.observe(list);
            Some(observer)
        }
        Err(error) => {
            browser::warn("the list's size is not watched", &error);
            None
        }
    }
}

fn row_view(at: usize, row: &Row, deeds: &Deeds) -> Html {
    match row {
        Row::Day(day) => html! { <div class="between" key={at}><span>{ day }</span></div> },
        Row::Between(text) => html! { <div class="between" key={at}><span>{ text }</span></div> },
        Row::Unread => html! { <div class="between unread" key={at}><span>{ words::UNREAD }</span></div> },
        Row::Turn(turn) => {
            html! { <TurnView key={at} turn={turn.clone()} retry={deeds.retry.clone()} discard={deeds.discard.clone()} /> }
        }
    }
}

/// Props of [`TurnView`].
#[derive(Properties, PartialEq)]
struct TurnProps {
    turn: Turn,
    retry: Callback<Key>,
    discard: Callback<Key>,
}

/// Messages of one person in a row.
#[component]
fn TurnView(props: &TurnProps) -> Html {
    let Turn { name, mine, items } = &props.turn;
    let first = items.first().map_or(0, |item| item.at_ms);
    html! {
        <div class={classes!("turn", mine.then_some("mine"))}>
            <div class="turn-top">
                <bdi class="turn-name">{ name }</bdi>
                <time>{ LocalTime::at(first).clock() }</time>
            </div>
            { for items.iter().map(|item| said(item, props)) }
        </div>
    }
}

fn said(item: &Item, props: &TurnProps) -> Html {
    let waiting = matches!(item.mark, Some(Mark::Sending | Mark::Waiting | Mark::Failed(_)));
    html! {
        <div key={item.id.clone()}>
            <div class={classes!("said", waiting.then_some("waiting"))}>
                <span class="said-text" dir="auto">{ item.text.as_str() }</span>
                { mark(item) }
            </div>
            if let Some(Mark::Failed(why)) = &item.mark {
                { failed(item.key, why, props) }
            }
        </div>
    }
}

fn mark(item: &Item) -> Html {
    let (shape, word, shown) = match item.mark {
        None | Some(Mark::Failed(_)) => return Html::default(),
        Some(Mark::Sending) => (Shape::Clock, words::SENDING, false),
        Some(Mark::Waiting) => (Shape::Clock, words::WAITING, true),
        Some(Mark::Sent) => (Shape::Check, words::WAS_SENT, false),
    };
    html! {
        <span class="mark">
            <Icon {shape} class="small" />
            <span class={classes!((!shown).then_some("visually-hidden"))}>{ word }</span>
        </span>
    }
}

fn failed(key: Key, why: &str, props: &TurnProps) -> Html {
    let again = props.retry.reform(move |_: MouseEvent| key);
    let discard = props.discard.reform(move |_: MouseEvent| key);
    html! {
        <div class="failed">
            <span>{ format!("{}: {why}.", words::NOT_SENT) }</span>
            <button class="button plain" onclick={again}>{ words::TRY_AGAIN }</button>
            <button class="button plain" onclick={discard}>{ words::DISCARD }</button>
        </div>
    }
}
