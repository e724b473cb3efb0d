//! Who is here, which rooms there are, and the person's own name.

use demo_messages::room::RoomInfo;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::name_form::NameForm;
use super::state::{ChatState, Presence};
use crate::navigation::{Go, Link};
use crate::route::{Route, is_room_name};
use crate::session::Session;
use crate::words;

/// Props of [`People`].
#[derive(Properties, PartialEq)]
pub(crate) struct PeopleProps {
    /// Tells the fields of this list from those of another one on the page.
    pub(crate) id: &'static str,
    pub(crate) session: Session,
    /// Called when a room is gone to.
    pub(crate) onfollow: Callback<()>,
}

/// People, rooms, name.
#[component]
pub(crate) fn People(props: &PeopleProps) -> Html {
    let Session { chat, name, deeds, .. } = &props.session;
    html! {
        <div class="people">
            <section>
                <h2 class="heading">{ heading(chat) }</h2>
                if chat.presence == Presence::There {
                    <ul>{ for sorted(chat).into_iter().map(|(who, name)| person(who, name, chat)) }</ul>
                } else {
                    <p class="hint">{ words::NOBODY_KNOWN }</p>
                }
            </section>
            <section>
                <h2 class="heading">{ words::ROOMS }</h2>
                <ul>{ for chat.rooms.iter().map(|room| room_link(room, chat, &props.onfollow)) }</ul>
                <RoomForm id={format!("{}-room", props.id)} onfollow={props.onfollow.clone()} />
            </section>
            <section>
                <h2 class="heading">{ words::CHANGE_NAME }</h2>
                <NameForm id={format!("{}-name", props.id)} label={words::NAME} button={words::SAVE_NAME}
                    name={name.clone().unwrap_or_default()} onname={deeds.rename.clone()} />
            </section>
        </div>
    }
}

fn heading(chat: &ChatState) -> String {
    if chat.presence == Presence::There { words::here(chat.members.len()) } else { words::PEOPLE.to_owned() }
}

/// The person first, then the others by name.
fn sorted(chat: &ChatState) -> Vec<(u64, &String)> {
    let mut members: Vec<(u64, &String)> = chat.members.iter().map(|(who, name)| (*who, name)).collect();
    members.sort_by_key(|(who, name)| (Some(*who) != chat.me, name.to_lowercase()));
    members
}

fn person(who: u64, name: &str, chat: &ChatState) -> Html {
    let note = if Some(who) == chat.me {
        words::YOU
    } else if chat.is_typing(who) {
        words::IS_TYPING
    } else {
        ""
    };
    html! {
        <li class="person" key={who.to_string()}>
            <bdi>{ name.to_owned() }</bdi>
            <span class="person-note">{ note }</span>
        </li>
    }
}

fn room_link(room: &RoomInfo, chat: &ChatState, onfollow: &Callback<()>) -> Html {
    let here = room.name == chat.room;
    let current = here.then(|| AttrValue::from("true"));
    // The room's own list is fresher than the list of rooms.
    let people =
        if here && chat.presence == Presence::There { chat.members.len() } else { room.members as usize };
    html! {
        <li key={room.name.clone()}>
            <Link to={Route::Chat { room: room.name.clone() }} class="room-link" {current} onfollow={onfollow.clone()}>
                <span>{ words::room(&room.name) }</span>
                if chat.presence != Presence::Away {
                    <span class="person-note">{ words::here(people) }</span>
                }
            </Link>
        </li>
    }
}

/// Props of [`RoomForm`].
#[derive(Properties, PartialEq)]
struct RoomFormProps {
    id: AttrValue,
    onfollow: Callback<()>,
}

/// A field for another room's name.
#[component]
fn RoomForm(props: &RoomFormProps) -> Html {
    let go = use_context::<Go>();
    let field = use_node_ref();
    let bad = use_state_eq(|| false);
    let onsubmit = {
        let (field, bad, onfollow) = (field.clone(), bad.setter(), props.onfollow.clone());
        Callback::from(move |event: SubmitEvent| {
            event.prevent_default();
            let Some(input) = field.cast::<HtmlInputElement>() else { return };
            let room = input.value().trim().trim_start_matches('#').to_lowercase();
            bad.set(!is_room_name(&room));
            if is_room_name(&room)
                && let Some(Go(go)) = &go
            {
                input.set_value("");
                onfollow.emit(());
                go.emit(Route::Chat { room });
            }
        })
    };
    let problem_id = format!("{}-problem", props.id);
    html! {
        <form class="field" {onsubmit} novalidate=true>
            <label for={props.id.clone()}>{ words::OTHER_ROOM }</label>
            <div class="with-button">
                <input class="input" id={props.id.clone()} ref={field} autocomplete="off" autocapitalize="none"
                    aria-describedby={problem_id.clone()} aria-invalid={bad.then_some("true")} />
                <button class="button">{ words::ENTER }</button>
            </div>
            <p class="problem" id={problem_id.clone()} aria-live="polite">{ bad.then(words::bad_room_name) }</p>
        </form>
    }
}
