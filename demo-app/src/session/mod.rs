//! The chat while the page lives: its state, its session, and what the person can do to both.

mod feed;
pub(crate) mod lab;
mod lab_teller;
mod outbox;
mod reading;
mod standing;
mod typing;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use demo_messages::room::{Answer, OLDER, Question};
use gloo_timers::callback::Interval;
use rejoin_yew::UseSessionHandle;
use yew::platform::spawn_local;
use yew::prelude::*;

use crate::chat::outbox::Ticket;
use crate::chat::state::{ChatAction, ChatState, Presence};
use crate::held::Held;
use crate::identity;
use crate::lab::state::LabState;
use crate::link_log::LinkLog;
use crate::local_time::now_ms;
use crate::server_address;
use crate::storage::Store;
use crate::wire::{self, Facts};

pub(crate) use lab::LabDeeds;
pub(crate) use typing::Typing;

use lab::Offline;
use lab_teller::LabTeller;

/// How often the list of rooms is asked for, in milliseconds, beside whenever somebody comes or goes.
const ROOMS_MS: u32 = 10_000;

/// What the person can do.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Deeds {
    pub(crate) say: Callback<String>,
    /// What becomes of the text in the field, at each change.
    pub(crate) typing: Callback<Typing>,
    pub(crate) retry: Callback<Ticket>,
    pub(crate) discard: Callback<Ticket>,
    /// Asks for what was said before.
    pub(crate) older: Callback<()>,
    /// Whether the newest message is in sight.
    pub(crate) attention: Callback<bool>,
    pub(crate) rename: Callback<String>,
    pub(crate) dismiss: Callback<()>,
    /// The notice about what is not kept has been read.
    pub(crate) dismiss_not_kept: Callback<()>,
    pub(crate) reconnect: Callback<()>,
    pub(crate) disconnect: Callback<()>,
    pub(crate) facts: Callback<(), Facts>,
    pub(crate) lab: LabDeeds,
}

/// Everything that the pages know of the chat and its session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    pub(crate) chat: Rc<ChatState>,
    pub(crate) link: Rc<LinkLog>,
    pub(crate) lab: Rc<LabState>,
    /// None until the person has given a name.
    pub(crate) name: Option<String>,
    /// None if all is kept, or the person has read it.
    pub(crate) not_kept: Option<NotKept>,
    pub(crate) deeds: Deeds,
}

/// What the browser does not keep over a reload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotKept {
    /// The user lets the page store nothing.
    Anything,
    /// Messages that were not delivered yet.
    Messages,
}

type ChatHandle = UseReducerHandle<Held<ChatState>>;
type Dispatch = UseReducerDispatcher<Held<ChatState>>;
/// Who is told what happens to the session.
struct Told<'a> {
    chat: &'a ChatHandle,
    link: &'a LinkHandle,
    lab: &'a LabTeller,
    /// Whether messages are not kept over a reload.
    not_kept: &'a UseStateSetter<bool>,
}

type LinkHandle = UseReducerHandle<Held<LinkLog>>;

/// Numbers for the person's messages.
#[derive(Clone, Default)]
struct Tickets(Rc<Cell<u32>>);

impl Tickets {
    /// One not given before.
    fn draw(&self) -> Ticket {
        Ticket(self.0.replace(self.0.get().wrapping_add(1)))
    }
}

/// Begins the chat's session and keeps it as long as the component lives, in `room`.
#[hook]
pub(crate) fn use_session(room: &str) -> Session {
    let chat = use_reducer(|| Held::new(ChatState::new(room)));
    let link = use_reducer(|| Held::new(LinkLog::default()));
    let lab = use_reducer(|| Held::new(LabState::default()));
    let teller = lab_teller::use_lab_teller(&lab);
    let offline = use_memo((), |()| Offline::default());
    let name = use_state(identity::kept_name);
    let base = use_memo((), |()| server_address::of_this_page());

    let tickets = use_memo((), |()| Tickets::default());
    let messages_lost = use_state_eq(|| false);
    let told = Told { chat: &chat, link: &link, lab: &teller, not_kept: &messages_lost.setter() };
    let wire = standing::use_wire(&base, &tickets, &offline, told);
    let (not_kept, dismiss_not_kept) = use_not_kept(*messages_lost);
    {
        let chat = chat.dispatcher();
        use_effect_with(room.to_owned(), move |room| chat.dispatch(ChatAction::GoTo { room: room.clone() }));
    }
    let present = feed::use_feed(&wire, &chat, name.as_deref());
    outbox::use_outbox(&wire, &chat, name.as_deref(), &link.link);
    use_rooms(&wire, &chat);
    use_clock(&chat);
    let typing = typing::use_typing(&present, &chat);
    let lab_deeds = lab::use_lab_deeds(&wire, &teller, &offline);
    let deeds = use_deeds(&wire, &base, &tickets, &chat, &name);
    let deeds = Deeds { typing, lab: lab_deeds, dismiss_not_kept, ..deeds };
    let name = (*name).clone();
    Session { chat: chat.shared(), link: link.shared(), lab: lab.shared(), name, not_kept, deeds }
}

/// What is not kept, until the person has read it.
#[hook]
fn use_not_kept(messages: bool) -> (Option<NotKept>, Callback<()>) {
    let blocked = use_memo((), |()| !Store::Tab.is_allowed());
    let read = use_state_eq(|| false);
    let dismiss = {
        let read = read.setter();
        use_callback((), move |(), ()| read.set(true))
    };
    let not_kept = match (*read, *blocked, messages) {
        (true, ..) | (_, false, false) => None,
        (_, true, _) => Some(NotKept::Anything),
        _ => Some(NotKept::Messages),
    };
    (not_kept, dismiss)
}

/// Keeps the list of rooms fresh while the session is live.
#[hook]
fn use_rooms(wire: &UseSessionHandle, chat: &ChatHandle) {
    let (wire, dispatcher) = (wire.clone(), chat.dispatcher());
    let live = chat.presence != Presence::Away;
    use_effect_with((live, chat.room.clone(), chat.members.len()), move |(live, ..)| {
        let ask = move || {
            let (Some(session), dispatcher) = (wire.handle(), dispatcher.clone()) else { return };
            spawn_local(async move {
                if let Some(Answer::Rooms { rooms }) = wire::ask(&session, &Question::Rooms).await {
                    dispatcher.dispatch(ChatAction::Rooms(rooms));
                }
            });
        };
        let interval = live.then(|| {
            ask();
            Interval::new(ROOMS_MS, ask)
        });
        move || drop(interval)
    });
}

/// Lets those go from the list of typists whose end of typing was lost.
#[hook]
fn use_clock(chat: &ChatHandle) {
    let dispatcher = chat.dispatcher();
    use_effect_with(chat.typing_ends(), move |ends| {
        let timer = ends.map(|ends| {
            let wait = u32::try_from(ends.saturating_sub(now_ms())).unwrap_or(u32::MAX);
            let tick = move || dispatcher.dispatch(ChatAction::Tick { at_ms: now_ms().max(ends) });
            gloo_timers::callback::Timeout::new(wait, tick)
        });
        move || drop(timer)
    });
}

/// Asks for what was said before the oldest message shown.
fn look_back(wire: &UseSessionHandle, chat: &ChatHandle) {
    let (Some(session), Some(before)) = (wire.handle(), chat.log.oldest()) else { return };
    let (dispatcher, feed, room) = (chat.dispatcher(), chat.feed, chat.room.clone());
    dispatcher.dispatch(ChatAction::OlderAsked);
    spawn_local(async move {
        let question = Question::Older { room, before, count: OLDER };
        let entries = match wire::ask(&session, &question).await {
            Some(Answer::Older { entries }) => Some(entries),
            _ => None,
        };
        dispatcher.dispatch(ChatAction::OlderCame { feed, entries });
    });
}

#[hook]
fn use_deeds(
    wire: &UseSessionHandle,
    base: &Rc<String>,
    tickets: &Tickets,
    chat: &ChatHandle,
    name: &UseStateHandle<Option<String>>,
) -> Deeds {
    let dispatch = chat.dispatcher();
    let newest = use_mut_ref(|| None::<ChatHandle>);
    *newest.borrow_mut() = Some(chat.clone());
    let set_name = name.setter();
    let fixed = {
        let (wire, base, tickets) = (wire.clone(), Rc::clone(base), tickets.clone());
        use_memo((), move |()| {
            let on_ticket = |action: fn(Ticket) -> ChatAction| {
                let dispatch = dispatch.clone();
                Callback::from(move |ticket| dispatch.dispatch(action(ticket)))
            };
            let (say, attention, dismiss) = (dispatch.clone(), dispatch.clone(), dispatch.clone());
            let (to_reconnect, to_close, to_ask) = (wire.clone(), wire.clone(), wire.clone());
            Deeds {
                say: Callback::from(move |text| {
                    say.dispatch(ChatAction::Written { ticket: tickets.draw(), text, at_ms: now_ms() });
                }),
                typing: Callback::noop(),
                dismiss_not_kept: Callback::noop(),
                lab: LabDeeds::default(),
                retry: on_ticket(|ticket| ChatAction::Retry { ticket, at_ms: now_ms() }),
                discard: on_ticket(|ticket| ChatAction::Discard { ticket }),
                older: Callback::from(move |()| with_newest(&newest, |chat| look_back(&to_ask, chat))),
                attention: Callback::from(move |near| attention.dispatch(ChatAction::Attention(near))),
                rename: Callback::from(move |name: String| {
                    identity::keep_name(&name);
                    set_name.set(Some(name));
                }),
                dismiss: Callback::from(move |()| dismiss.dispatch(ChatAction::DismissNotice)),
                reconnect: Callback::from(move |()| {
                    if let Some(session) = to_reconnect.handle() {
                        session.reconnect();
                    }
                }),
                disconnect: Callback::from(move |()| {
                    if let Some(session) = to_close.handle() {
                        session.begin_close();
                    }
                }),
                facts: Callback::from(move |()| wire::facts(&wire, &base)),
            }
        })
    };
    Deeds::clone(&fixed)
}

/// Does something with the state as of the latest rendering.
fn with_newest(newest: &RefCell<Option<ChatHandle>>, act: impl FnOnce(&ChatHandle)) {
    let chat = newest.borrow().clone();
    if let Some(chat) = chat {
        act(&chat);
    }
}
