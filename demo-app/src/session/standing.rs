//! The session itself: begun once, and told to both reducers as it goes.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use rejoin::session::{LostReason, SessionEvent, SessionMessage, SessionState};
use rejoin_yew::{SessionStanding, UseSessionHandle, use_session_from};
use yew::prelude::*;

use super::lab::{self, Offline};
use super::outbox::follow;
use super::{Dispatch, LinkHandle, Tickets, Told};
use crate::browser;
use crate::chat::outbox::{PublishedAs, Ticket};
use crate::chat::state::ChatAction;
use crate::link::Link;
use crate::link_log::{Coming, LinkAction};
use crate::local_time::now_ms;
use crate::wire::{self, Restored};

/// The session, told to both reducers.
#[hook]
pub(super) fn use_wire(
    base: &Rc<String>,
    tickets: &Tickets,
    offline: &Offline,
    told: Told<'_>,
) -> UseSessionHandle {
    let session = use_mut_ref(|| None::<UseSessionHandle>);
    let open = {
        let (base, chat, tickets) = (String::clone(base), told.chat.dispatcher(), tickets.clone());
        let offline = Rc::clone(offline);
        move || wire::open(base, offline, move |restored| restore(restored, tickets.draw(), &chat))
    };
    let on_event = use_events(&session, &told);
    let on_message = {
        let lab = told.lab.clone();
        use_callback((), move |message: SessionMessage, ()| lab::came(&lab, &message))
    };
    let handle = use_session_from(open, on_message, on_event);
    *session.borrow_mut() = Some(handle.clone());
    use_states(&handle, told.link);
    handle
}

/// Shows a message of the page as it was before a reload, and waits on for its fate.
fn restore(Restored { room, text, receipt }: Restored, ticket: Ticket, chat: &Dispatch) {
    let published = PublishedAs { alias: None, number: receipt.number() };
    chat.dispatch(ChatAction::Restored { ticket, room, text, published, at_ms: now_ms() });
    follow(receipt, ticket, chat.clone());
}

/// What happens to the session.
#[hook]
fn use_events(session: &Rc<RefCell<Option<UseSessionHandle>>>, told: &Told<'_>) -> Callback<SessionEvent> {
    let (session, chat, link) = (Rc::clone(session), told.chat.dispatcher(), told.link.dispatcher());
    let (lab, not_kept) = (told.lab.clone(), told.not_kept.clone());
    // Why messages were lost since the session was live.
    let lost = use_mut_ref(|| None::<LostReason>);
    use_callback((), move |event: SessionEvent, ()| match event {
        SessionEvent::Live { resumed, .. } => {
            let handle = session.borrow().as_ref().and_then(UseSessionHandle::handle);
            let Some(handle) = handle else { return };
            // One person alone uses this page: what waits is meant for whoever that is now.
            handle.let_go();
            let coming = match lost.take() {
                _ if resumed => Coming::Resumed,
                Some(LostReason::Kept) => Coming::Kept,
                Some(LostReason::Fresh | LostReason::GivenUp) => Coming::Replaced,
                _ => Coming::New,
            };
            let at_ms = now_ms();
            link.dispatch(LinkAction::Came { coming, at_ms });
            if let Some(pair) = handle.pair() {
                chat.dispatch(ChatAction::Live { me: pair.alias, at_ms });
            }
        }
        SessionEvent::Lost(what) => {
            lab::lost(&lab, &what);
            lost.replace(Some(what.reason));
        }
        SessionEvent::Disconnected(_) | SessionEvent::Ended(_) => {
            chat.dispatch(ChatAction::Lost { at_ms: now_ms() });
        }
        SessionEvent::NotKept(why) => {
            browser::warn("messages are not kept over a reload", &why.into());
            not_kept.set(true);
        }
        SessionEvent::RoundTrip(time) => {
            link.dispatch(LinkAction::RoundTrip(time.as_secs_f64() * 1_000.0));
        }
        _ => {}
    })
}

/// Where the session is, and the device's network, which decides how a wait is called.
#[hook]
fn use_states(session: &UseSessionHandle, link: &LinkHandle) {
    let present = use_mut_ref(|| None::<(SessionState, u64)>);
    let became = {
        let link = link.dispatcher();
        move |now: Link| link.dispatch(LinkAction::Became { link: now, at_ms: now_ms() })
    };
    {
        let (present, became) = (Rc::clone(&present), became.clone());
        use_effect_with(session.state().clone(), move |standing| match standing {
            SessionStanding::Is(state) => {
                let since_ms = now_ms();
                present.replace(Some((state.clone(), since_ms)));
                became(wire::link(state, since_ms));
            }
            SessionStanding::Failed(error) => became(Link::Impossible(error.to_string())),
            _ => {}
        });
    }
    use_effect_with((), move |()| {
        let listen = |event| {
            let (present, became) = (Rc::clone(&present), became.clone());
            EventListener::new(&browser::window(), event, move |_| {
                let now = present.borrow().as_ref().map(|(state, since_ms)| wire::link(state, *since_ms));
                if let Some(now) = now {
                    became(now);
                }
            })
        };
        let listeners = (listen("online"), listen("offline"));
        move || drop(listeners)
    });
}
