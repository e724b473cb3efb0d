//! What the lab does to the session, and what it hears of it.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use demo_messages::room::{Fault, Question};
use gloo_timers::callback::Interval;
use gloo_timers::future::TimeoutFuture;
use rejoin::session::{Lost, SessionMessage};
use rejoin_yew::UseSessionHandle;
use yew::platform::spawn_local;
use yew::prelude::*;

use super::lab_teller::LabTeller;
use crate::browser;
use crate::held::Held;
use crate::lab::state::{LabAction, LabState, RUN, message};
use crate::lab::told;
use crate::local_time::now_ms;
use crate::wire;

/// So many of them at once, and then a pause in milliseconds.
const AT_ONCE: u32 = 5;
const PAUSE_MS: u32 = 50;
/// The numbers of runs have so many digits.
const RUNS: u64 = 100_000;
/// How long a fault is waited for: often its answer can't come.
const FAULT_WITHIN: Duration = Duration::from_secs(2);
/// How often the server's own counters are asked for, in milliseconds.
const COUNTERS_MS: u32 = 2_000;

pub(super) type LabHandle = UseReducerHandle<Held<LabState>>;

/// What the person can do in the lab.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct LabDeeds {
    pub(crate) fault: Callback<Fault>,
    /// Whether the page is to act as if there were no network.
    pub(crate) offline: Callback<bool>,
    /// Sends numbered messages.
    pub(crate) run: Callback<()>,
    /// Begins or ends looking at frames and at the server's counters.
    look: Callback<bool>,
    count: Callback<()>,
}

/// Whether the lab has taken the network away; shared with the session, which asks before each attempt.
pub(super) type Offline = Rc<Cell<bool>>;

#[hook]
pub(super) fn use_lab_deeds(wire: &UseSessionHandle, lab: &LabTeller, offline: &Offline) -> LabDeeds {
    let (wire, lab, offline) = (wire.clone(), lab.clone(), Rc::clone(offline));
    let deeds = use_memo((), move |()| {
        let on_wire = |deed: fn(&UseSessionHandle, &LabTeller)| {
            let (wire, lab) = (wire.clone(), lab.clone());
            Callback::from(move |()| deed(&wire, &lab))
        };
        let (to_look, of_look, to_break, to_leave, of_leave) =
            (wire.clone(), lab.clone(), wire.clone(), wire.clone(), lab.clone());
        LabDeeds {
            fault: Callback::from(move |fault| do_fault(&to_break, fault)),
            offline: Callback::from(move |away: bool| {
                offline.set(away);
                of_leave.tell_now(LabAction::Offline(away));
                if let Some(session) = to_leave.handle() {
                    session.reconnect();
                }
            }),
            run: on_wire(send_numbered),
            look: Callback::from(move |look| set_looking(&to_look, &of_look, look)),
            count: on_wire(|_, lab| {
                let lab = lab.clone();
                spawn_local(async move {
                    let counters = browser::fetch_json("/api/sessions").await;
                    lab.tell(LabAction::Repeats(counters.as_ref().and_then(repeats)));
                });
            }),
        }
    });
    LabDeeds::clone(&deeds)
}

fn repeats(counters: &serde_json::Value) -> Option<u64> {
    counters.get("repeats")?.as_u64()
}

fn do_fault(wire: &UseSessionHandle, fault: Fault) {
    let Some(session) = wire.handle() else { return };
    let call = session.call(wire::written(&Question::Fault(fault)), FAULT_WITHIN);
    spawn_local(async move {
        // What it does to the connection is seen; most faults leave it without an answer.
        let _answer = call.await;
    });
}

fn send_numbered(wire: &UseSessionHandle, lab: &LabTeller) {
    let Some(session) = wire.handle() else { return };
    // Another than that of an earlier page, whose messages the server may still send back.
    let run = now_ms() % RUNS;
    lab.tell_now(LabAction::Begun { run });
    let lab = lab.clone();
    spawn_local(async move {
        for number in 0..RUN {
            if session.send(message(run, number)).await.is_err() {
                return;
            }
            lab.tell(LabAction::Sent { run });
            if number % AT_ONCE == AT_ONCE - 1 {
                TimeoutFuture::new(PAUSE_MS).await;
            }
        }
    });
}

fn set_looking(wire: &UseSessionHandle, lab: &LabTeller, look: bool) {
    let Some(session) = wire.handle() else { return };
    if !look {
        session.set_on_frame(None);
        return;
    }
    let lab = lab.clone();
    session.set_on_frame(Some(Box::new(move |way, frame| {
        let (name, words) = told(frame);
        lab.tell(LabAction::Passed { way, name, words, at_ms: now_ms() });
    })));
}

/// Tells the lab of a message of the session's.
pub(super) fn came(lab: &LabTeller, message: &SessionMessage) {
    if let Some(text) = message.as_text() {
        lab.tell(LabAction::Came { text: text.to_owned() });
    }
}

/// Tells the lab of messages that were lost.
pub(super) fn lost(lab: &LabTeller, lost: &Lost) {
    for message in lost.unacked.iter().chain(&lost.unsent) {
        if let Some(text) = message.as_text() {
            lab.tell(LabAction::Lost { text: text.to_owned() });
        }
    }
}

/// Looks at frames and counters for as long as the component lives, once there is a session: whoever comes by the
/// page's address is there before it.
#[hook]
pub(crate) fn use_looking(deeds: &LabDeeds, begun: bool) {
    let (look, count) = (deeds.look.clone(), deeds.count.clone());
    use_effect_with(begun, move |_| {
        look.emit(true);
        count.emit(());
        let interval = Interval::new(COUNTERS_MS, move || count.emit(()));
        move || {
            drop(interval);
            look.emit(false);
        }
    });
}
