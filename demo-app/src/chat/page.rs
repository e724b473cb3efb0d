//! The chat's page.

use yew::prelude::*;

use super::composer::Composer;
use super::message_list::MessageList;
use super::name_form::Welcome;
use super::people::People;
use super::state::{ChatState, Presence};
use crate::browser;
use crate::link::Link;
use crate::session::Session;
use crate::ui::icon::{Icon, Shape};
use crate::ui::sheet::Sheet;
use crate::ui::top::Top;
use crate::words;

/// Props of [`ChatPage`].
#[derive(Properties, PartialEq)]
pub(crate) struct ChatPageProps {
    pub(crate) session: Session,
}

/// The room: what is said, the field to write in, who is here.
#[component]
pub(crate) fn ChatPage(props: &ChatPageProps) -> Html {
    let session = &props.session;
    let chat = &session.chat;
    let people_open = use_state_eq(|| false);
    // Grows with each message the person sends, so that the list goes to the newest.
    let sent = use_state_eq(|| 0_u32);
    let say = {
        let (say, sent) = (session.deeds.say.clone(), sent.clone());
        Callback::from(move |text| {
            sent.set(*sent + 1);
            say.emit(text);
        })
    };
    let set_people = |open: bool| {
        let people = people_open.setter();
        Callback::from(move |()| people.set(open))
    };
    use_focus(session.name.is_some());
    let here = words::here(chat.members.len());
    html! {
        <>
            <Top title={words::room(&chat.room)} session={session.clone()}>
                if session.name.is_some() {
                    <button class="button plain narrow-only" aria-haspopup="dialog"
                        onclick={set_people(true).reform(|_: MouseEvent| ())}>
                        <Icon shape={Shape::People} />
                        if chat.presence == Presence::There {
                            <span aria-hidden="true">{ chat.members.len() }</span>
                            <span class="visually-hidden">{ here }</span>
                        } else {
                            <span class="visually-hidden">{ words::PEOPLE }</span>
                        }
                    </button>
                }
            </Top>
            <main class="page" id="page" tabindex="-1">
                if session.name.is_none() {
                    <Welcome onname={session.deeds.rename.clone()} />
                } else {
                    <div class="columns">
                        <section class="room" aria-label={words::room(&chat.room)}>
                            <MessageList chat={chat.clone()} deeds={session.deeds.clone()} sent={*sent} empty={empty(session)} />
                            <Composer
                                room={chat.room.clone()}
                                typing={typing(chat)}
                                trouble={session.link.link.sentence()}
                                tone={session.link.link.tone()}
                                offer={offer(&session.link.link)}
                                over={session.link.link.is_over()}
                                full={chat.outbox.is_full()}
                                notice={chat.notice.as_deref().map(words::not_let_in)}
                                deeds={session.deeds.clone()}
                                onsay={say}
                            />
                        </section>
                        <aside class="panel scroll" aria-label={words::PEOPLE}>
                            <People id="side" session={session.clone()} onfollow={Callback::noop()} />
                        </aside>
                    </div>
                }
            </main>
            if *people_open {
                <Sheet title={words::PEOPLE} onclose={set_people(false)}>
                    <People id="sheet" session={session.clone()} onfollow={set_people(false)} />
                </Sheet>
            }
        </>
    }
}

/// Lets the person write at once after giving a name: the field that had the focus is gone.
#[hook]
fn use_focus(named: bool) {
    let was_named = use_mut_ref(|| named);
    use_effect_with(named, move |named| {
        if !was_named.replace(*named) && *named {
            browser::focus("composer");
        }
    });
}

/// What an empty list says: a title and a sentence.
fn empty(session: &Session) -> (AttrValue, AttrValue) {
    let (title, text) = match (session.chat.presence, &session.link.link) {
        (Presence::There, _) => (words::EMPTY_TITLE, words::EMPTY_TEXT),
        (Presence::Outside, _) => (words::NOT_ENTERED_TITLE, words::NOT_ENTERED_TEXT),
        (_, Link::Open | Link::Connecting { attempt: 0 | 1 } | Link::Idle) => (words::ENTERING, ""),
        _ => (words::UNKNOWN_TITLE, words::UNKNOWN_TEXT),
    };
    (title.into(), text.into())
}

/// The button that goes with the connection's sentence.
fn offer(link: &Link) -> Option<&'static str> {
    match link {
        Link::Waiting { .. } | Link::Offline => Some(words::TRY_NOW),
        Link::Closed(_) => Some(words::RECONNECT),
        _ => None,
    }
}

fn typing(chat: &ChatState) -> Option<String> {
    words::typing(&chat.typists().collect::<Vec<_>>())
}
