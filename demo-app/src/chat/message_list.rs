//! The list of messages: newest in sight unless the person has scrolled away.

use std::rc::Rc;

use yew::prelude::*;

use super::outbox::Ticket;
use super::place::{MESSAGE_ID, Place, use_place};
use super::rows::{Item, Mark, Row, Shown, Turn, rows};
use super::state::{ChatState, Older, Presence};
use crate::browser;
use crate::local_time::{LocalTime, now_ms};
use crate::session::Deeds;
use crate::ui::icon::{Icon, Shape};
use crate::ui::kept_focus::use_kept_focus;
use crate::words;

/// The id of the button that asks for older messages.
const OLDER_ID: &str = "older";

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
    let (place, list) = (use_node_ref(), use_node_ref());
    use_kept_focus(&place, &list);
    let look_back = {
        let (older, more) = (props.deeds.older.clone(), can_look_back(chat) && chat.older == Older::More);
        Callback::from(move |()| {
            // Who has come to the button by a key decides by another, and may go on past it.
            if more && !browser::has_focus(OLDER_ID) {
                older.emit(());
            }
        })
    };
    let Place { at_end, to_end } = use_place(&list, chat, props.sent, &props.deeds.attention, &look_back);
    let rows = rows(chat, LocalTime::at(now_ms()));
    let busy = (chat.presence == Presence::Entering || chat.older == Older::Asked).then_some("true");
    let newest = to_end.reform(|_: MouseEvent| ());
    html! {
        <div class="log-place" ref={place}>
            <div class="log" ref={list} role="log" aria-label={words::MESSAGES} aria-busy={busy} tabindex="0">
                if rows.is_empty() {
                    <div class="empty"><strong>{ &props.empty.0 }</strong><span>{ &props.empty.1 }</span></div>
                } else {
                    { above(chat, &props.deeds) }
                }
                { for rows.iter().map(|row| row_view(row, &props.deeds)) }
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

fn can_look_back(chat: &ChatState) -> bool {
    chat.presence == Presence::There && !chat.log.lines().is_empty()
}

/// What stands above the oldest message.
fn above(chat: &ChatState, deeds: &Deeds) -> Html {
    let ask = deeds.older.reform(|_: MouseEvent| ());
    let button = html! {
        <button class="button plain" id={OLDER_ID} onclick={ask} disabled={!can_look_back(chat)}>{ words::OLDER }</button>
    };
    match chat.older {
        Older::Unknown => Html::default(),
        Older::More => html! { <div class="above">{ button }</div> },
        Older::Asked => html! { <div class="above"><span>{ words::OLDER_COMING }</span></div> },
        Older::Failed => html! { <div class="above"><span>{ words::OLDER_FAILED }</span>{ button }</div> },
        Older::Nothing => html! { <div class="above"><span>{ words::beginning(&chat.room) }</span></div> },
    }
}

fn row_view(row: &Row, deeds: &Deeds) -> Html {
    let key = row.key.clone();
    match &row.shown {
        Shown::Day(text) | Shown::Between(text) => {
            html! { <div class="between" {key}><span>{ text }</span></div> }
        }
        Shown::Unread => html! { <div class="between unread" {key}><span>{ words::UNREAD }</span></div> },
        Shown::Turn(turn) => {
            html! { <TurnView {key} turn={turn.clone()} retry={deeds.retry.clone()} discard={deeds.discard.clone()} /> }
        }
    }
}

/// Props of [`TurnView`].
#[derive(Properties, PartialEq)]
struct TurnProps {
    turn: Turn,
    retry: Callback<Ticket>,
    discard: Callback<Ticket>,
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
    let delivered = matches!(item.mark, None | Some(Mark::Delivered));
    let trouble = match &item.mark {
        Some(Mark::Failed(why)) => Some(("failed", format!("{}: {why}.", words::NOT_DELIVERED))),
        Some(Mark::Unknown) => Some(("failed doubtful", words::MAYBE_DELIVERED.to_owned())),
        _ => None,
    };
    html! {
        <div key={item.id.clone()} id={format!("{MESSAGE_ID}{}", item.id)}>
            <div class={classes!("said", (!delivered).then_some("waiting"))}>
                <span class="said-text" dir="auto">{ item.text.as_str() }</span>
                { mark(item) }
            </div>
            if let (Some((class, sentence)), Some(ticket)) = (trouble, item.ticket) {
                { failed(ticket, class, sentence, props) }
            }
        </div>
    }
}

fn mark(item: &Item) -> Html {
    let (shape, word, shown) = match item.mark {
        None | Some(Mark::Failed(_) | Mark::Unknown) => return Html::default(),
        Some(Mark::Sending) => (Shape::Clock, words::SENDING, false),
        Some(Mark::Waiting) => (Shape::Clock, words::WAITING, true),
        Some(Mark::Delivered) => (Shape::Check, words::DELIVERED, false),
    };
    html! {
        <span class="mark">
            <Icon {shape} class="small" />
            <span class={classes!((!shown).then_some("visually-hidden"))}>{ word }</span>
        </span>
    }
}

fn failed(ticket: Ticket, class: &'static str, sentence: String, props: &TurnProps) -> Html {
    let again = props.retry.reform(move |_: MouseEvent| ticket);
    let discard = props.discard.reform(move |_: MouseEvent| ticket);
    html! {
        <div class={class}>
            <span>{ sentence }</span>
            <span class="failed-buttons">
                <button class="button plain" onclick={again}>{ words::TRY_AGAIN }</button>
                <button class="button plain" onclick={discard}>{ words::DISCARD }</button>
            </span>
        </div>
    }
}
