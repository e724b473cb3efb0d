//! The chat while the page lives: its state, its connection, and what the person can do to both.

use std::rc::Rc;

use demo_messages::chat::{Chat, Event, Key, Request};
use gloo_events::EventListener;
use gloo_timers::callback::Timeout;
use rejoin_yew::{Connection, use_endpoint};
use yew::prelude::*;

use crate::browser;
use crate::chat::outbox::Stage;
use crate::chat::state::{ChatAction, ChatState, Presence};
use crate::held::Held;
use crate::identity::{Identity, Keys};
use crate::link::Link;
use crate::link_log::{LinkAction, LinkLog};
use crate::local_time::now_ms;
use crate::server_address;
use crate::wire::{self, ChatSocket, Facts, Greeting};

/// So long after the last keystroke the person counts as no longer typing, in milliseconds.
const TYPING_ENDS_MS: u32 = 5_000;

/// What becomes of the text that the person writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Typing {
    GoesOn,
    /// The field is empty.
    Ended,
    /// It was sent, which ends the typing for the server as well.
    Sent,
}

/// What the person can do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deeds {
    pub(crate) say: Callback<String>,
    /// What becomes of the text in the field, at each change.
    pub(crate) typing: Callback<Typing>,
    pub(crate) retry: Callback<Key>,
    pub(crate) discard: Callback<Key>,
    /// Whether the newest message is in sight.
    pub(crate) attention: Callback<bool>,
    pub(crate) rename: Callback<String>,
    pub(crate) dismiss: Callback<()>,
    pub(crate) reconnect: Callback<()>,
    pub(crate) disconnect: Callback<()>,
    pub(crate) facts: Callback<(), Facts>,
}

/// Everything that the pages know of the chat and its connection.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    pub(crate) chat: Rc<ChatState>,
    pub(crate) link: Rc<LinkLog>,
    /// None until the person has given a name.
    pub(crate) name: Option<String>,
    pub(crate) deeds: Deeds,
}

type ChatHandle = UseReducerHandle<Held<ChatState>>;
type LinkHandle = UseReducerHandle<Held<LinkLog>>;

/// Opens the chat's connection and keeps it as long as the component lives, in `room`.
#[hook]
pub(crate) fn use_session(room: &str) -> Session {
    let chat = use_reducer(|| Held::new(ChatState::new(room)));
    let link = use_reducer(|| Held::new(LinkLog::default()));
    let identity = use_state(Identity::load);
    let greeting: Greeting = use_mut_ref(Vec::new);
    let base = use_memo((), |()| server_address::of_this_page());

    *greeting.borrow_mut() = greet(&identity, room);
    let wire = use_wire(&base, &greeting, &chat, &link);
    use_room(&wire, &chat, room, identity.name.is_some());
    use_outbox(&wire, &chat, &link.link);
    let typing = use_typing(&wire, &chat);
    let deeds = use_deeds(&wire, &base, &chat, &identity, typing, room);
    let name = identity.name.clone();
    Session { chat: chat.shared(), link: link.shared(), name, deeds }
}

fn greet(identity: &Identity, room: &str) -> Vec<Request> {
    let Some(name) = identity.name.clone() else { return Vec::new() };
    vec![Request::Hello { secret: identity.secret.clone(), name }, Request::Join { room: room.to_owned() }]
}

/// The chat's connection, told to both reducers.
#[hook]
fn use_wire(base: &Rc<String>, greeting: &Greeting, chat: &ChatHandle, link: &LinkHandle) -> ChatSocket {
    let builder = {
        let (base, greeting) = (Rc::clone(base), Rc::clone(greeting));
        move || wire::builder(&base, &greeting)
    };
    let on_message = {
        let (chat, link) = (chat.dispatcher(), link.dispatcher());
        use_callback((), move |message: Result<Event, rejoin::Undecodable>, ()| match message {
            Ok(event) => chat.dispatch(ChatAction::Received { event, at_ms: now_ms() }),
            Err(odd) => link.dispatch(LinkAction::Unreadable { why: odd.to_string(), at_ms: now_ms() }),
        })
    };
    let became = use_became(chat, link);
    let on_event = {
        let (chat, link) = (chat.dispatcher(), link.dispatcher());
        use_callback(became.clone(), move |event: rejoin::Event, became| match event {
            rejoin::Event::State(state) => became.emit(wire::link(&state)),
            rejoin::Event::RoundTrip(time) => {
                link.dispatch(LinkAction::RoundTrip(time.as_secs_f64() * 1_000.0));
            }
            rejoin::Event::Unsent { .. } => chat.dispatch(ChatAction::GivenBack),
            _ => {}
        })
    };
    let socket = use_endpoint::<Chat>(builder, on_message, on_event);
    {
        let (socket, became) = (socket.clone(), became.clone());
        use_effect_with((), move |()| became.emit(wire::present(&socket)));
    }
    {
        let became = became.clone();
        use_effect_with(socket.state().clone(), move |state| {
            if let Connection::Failed(error) = state {
                became.emit(Link::Impossible(error.to_string()));
            }
        });
    }
    {
        // Going online or offline decides how a wait is called.
        let socket = socket.clone();
        use_effect_with((), move |()| {
            let listen = |event| {
                let (socket, became) = (socket.clone(), became.clone());
                EventListener::new(&browser::window(), event, move |_| became.emit(wire::present(&socket)))
            };
            let listeners = (listen("online"), listen("offline"));
            move || drop(listeners)
        });
    }
    socket
}

/// Tells both reducers what has become of the connection, and of openings and losses the chat's alone.
#[hook]
fn use_became(chat: &ChatHandle, link: &LinkHandle) -> Callback<Link> {
    let last = use_mut_ref(Link::default);
    let (chat, link) = (chat.dispatcher(), link.dispatcher());
    use_callback((), move |now: Link, ()| {
        let before = last.replace(now.clone());
        if before == now {
            return;
        }
        if now.is_open() {
            chat.dispatch(ChatAction::Opened);
        } else if before.is_open() {
            chat.dispatch(ChatAction::Lost { at_ms: now_ms() });
        }
        link.dispatch(LinkAction::Became { link: now, at_ms: now_ms() });
    })
}

/// Goes along when the address names another room, and says hello when there is a name for the first time.
#[hook]
fn use_room(wire: &ChatSocket, chat: &ChatHandle, room: &str, named: bool) {
    let (wire, chat) = (wire.clone(), chat.clone());
    let greeted = use_mut_ref(|| false);
    use_effect_with((room.to_owned(), named), move |(room, named)| {
        let first = !greeted.replace(*named);
        chat.dispatch(ChatAction::GoTo { room: room.clone() });
        // Without a connection the greeting of the next one names the room.
        if *named && !first && chat.presence != Presence::Away {
            let join = Request::Join { room: room.clone() };
            send(&wire, &join);
        }
    });
}

/// Hands what is to be sent to the library, which queues it while away, no faster than the server takes it. When the
/// connection is closed for good it waits here until the person reconnects.
#[hook]
fn use_outbox(wire: &ChatSocket, chat: &ChatHandle, link: &Link) {
    let (wire, chat) = (wire.clone(), chat.clone());
    // Grows when a wait is over.
    let waits = use_state_eq(|| 0_u32);
    let deps = (chat.outbox.clone(), chat.pacer.clone(), chat.room.clone(), link.is_over(), *waits);
    use_effect_with(deps, move |(outbox, pacer, room, over, _)| {
        let mut pacer = pacer.clone();
        let mut timer = None;
        let to_send = outbox.iter().filter(|m| m.stage == Stage::ToSend && m.room == *room && !over);
        for message in to_send {
            let at_ms = now_ms();
            let wait = pacer.wait_ms(at_ms);
            if wait != Some(0) {
                // Without an open connection, the server's next word brings it here again.
                timer = wait.map(|ms| {
                    Timeout::new(u32::try_from(ms).unwrap_or(u32::MAX), move || waits.set(*waits + 1))
                });
                break;
            }
            let key = message.key;
            let say = Request::Say { room: room.clone(), key, text: message.text.clone() };
            match wire::send(&wire, &say) {
                Ok(true) => {
                    pacer.spend(at_ms);
                    chat.dispatch(ChatAction::Handed { key, at_ms });
                }
                Err(why) => chat.dispatch(ChatAction::NotTaken { key, why }),
                // Closed meanwhile: the next state of the connection brings it here again.
                Ok(false) => {}
            }
        }
        move || drop(timer)
    });
}

/// Tells the server when the person begins and ends typing, never through the queue.
#[hook]
fn use_typing(wire: &ChatSocket, chat: &ChatHandle) -> Callback<Typing> {
    let timer = use_mut_ref(|| None::<Timeout>);
    let told = use_mut_ref(|| false);
    let there = chat.presence == Presence::There;
    {
        let told = Rc::clone(&told);
        // The server forgets with the connection who was typing.
        use_effect_with(there, move |_| *told.borrow_mut() = false);
    }
    let wire = wire.clone();
    use_callback(there, move |typing: Typing, there| {
        if typing == Typing::Sent {
            told.replace(false);
            timer.borrow_mut().take();
            return;
        }
        let tell = {
            let (wire, told, there) = (wire.clone(), Rc::clone(&told), *there);
            move |typing: bool| {
                if there && told.replace(typing) != typing {
                    send(&wire, &Request::Typing { typing });
                }
            }
        };
        let goes_on = typing == Typing::GoesOn;
        tell(goes_on);
        *timer.borrow_mut() = goes_on.then(|| Timeout::new(TYPING_ENDS_MS, move || tell(false)));
    })
}

/// Sends what may be lost: the outcome is seen in what the server says.
fn send(wire: &ChatSocket, request: &Request) {
    if let Err(why) = wire::send(wire, request) {
        browser::warn("a request was not sent", &format!("{request:?}: {why:?}").into());
    }
}

#[hook]
fn use_deeds(
    wire: &ChatSocket,
    base: &Rc<String>,
    chat: &ChatHandle,
    identity: &UseStateHandle<Identity>,
    typing: Callback<Typing>,
    room: &str,
) -> Deeds {
    let keys = use_mut_ref(Keys::from_now);
    let dispatch = chat.dispatcher();
    let fixed = {
        let (wire, base) = (wire.clone(), Rc::clone(base));
        use_memo((), move |()| {
            let on_wire = |deed: fn(&ChatSocket)| {
                let wire = wire.clone();
                Callback::from(move |()| deed(&wire))
            };
            let on_chat = |action: fn(Key) -> ChatAction| {
                let dispatch = dispatch.clone();
                Callback::from(move |key| dispatch.dispatch(action(key)))
            };
            let (say, attention, dismiss) = (dispatch.clone(), dispatch.clone(), dispatch.clone());
            Deeds {
                say: Callback::from(move |text| {
                    let key = keys.borrow_mut().draw();
                    say.dispatch(ChatAction::Written { key, text, at_ms: now_ms() });
                }),
                typing: Callback::noop(),
                retry: on_chat(|key| ChatAction::Retry { key, at_ms: now_ms() }),
                discard: on_chat(|key| ChatAction::Discard { key }),
                attention: Callback::from(move |near| attention.dispatch(ChatAction::Attention(near))),
                rename: Callback::noop(),
                dismiss: Callback::from(move |()| dismiss.dispatch(ChatAction::DismissNotice)),
                reconnect: on_wire(wire::reconnect),
                disconnect: on_wire(wire::disconnect),
                facts: Callback::from(move |()| wire::facts(&wire, &base)),
            }
        })
    };
    let rename = {
        let (wire, identity) = (wire.clone(), identity.clone());
        let open = chat.presence != Presence::Away;
        use_callback((identity.clone(), open, room.to_owned()), move |name: String, (now, open, room)| {
            let next = now.named(name.clone());
            if *open {
                if now.name.is_some() {
                    send(&wire, &Request::Rename { name });
                } else {
                    for request in greet(&next, room) {
                        send(&wire, &request);
                    }
                }
            }
            identity.set(next);
        })
    };
    Deeds { typing, rename, ..Deeds::clone(&fixed) }
}
