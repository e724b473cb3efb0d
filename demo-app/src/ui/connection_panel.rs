//! The connection panel: everything about the connection, and what the person can do to it.

use gloo_timers::callback::Interval;
use yew::prelude::*;

use super::address::address;
use super::button::Button;
use super::icon::Icon;
use super::pill::{shape, use_now};
use crate::figures;
use crate::link::Link;
use crate::local_time::LocalTime;
use crate::session::Session;
use crate::wire::Facts;
use crate::words;

/// How often the figures are looked at, in milliseconds.
const REFRESH_MS: u32 = 500;

/// Props of [`ConnectionPanel`].
#[derive(Properties, PartialEq)]
pub(crate) struct PanelProps {
    pub(crate) session: Session,
}

/// The figures of the connection, looked at anew all the time.
#[hook]
pub(crate) fn use_facts(session: &Session) -> UseStateHandle<Facts> {
    let facts = use_state_eq(|| session.deeds.facts.emit(()));
    let (setter, read) = (facts.setter(), session.deeds.facts.clone());
    use_effect_with(session.link.link.clone(), move |_| {
        setter.set(read.emit(()));
        let interval = Interval::new(REFRESH_MS, move || setter.set(read.emit(())));
        move || drop(interval)
    });
    facts
}

/// State, facts, buttons and past of the connection.
#[component]
pub(crate) fn ConnectionPanel(props: &PanelProps) -> Html {
    let link = &props.session.link;
    let facts = use_facts(&props.session);
    let now = use_now(matches!(link.link, Link::Waiting { .. }));
    let pill = link.link.pill(now, None);
    let (messages, publications) = facts.queued;
    let waiting = messages + publications + props.session.chat.outbox.to_send();
    let rtt = link.rtt_ms.map_or_else(|| words::NOT_MEASURED.to_owned(), figures::millis);
    html! {
        <div class="connection">
            <p class={classes!("connection-now", pill.tone.class())}>
                <Icon shape={shape(&link.link)} />
                { &pill.word }
                // Elsewhere the sentence has the figure.
                if pill.can_try_now {
                    { pill.figure.as_ref().map(|figure| format!(" {figure}")) }
                }
            </p>
            if let Some(sentence) = link.link.sentence() {
                <p class="hint">{ sentence }</p>
            }
            { buttons(&props.session, &pill) }
            <dl class="facts">
                <dt>{ words::ADDRESS }</dt><dd>{ address(&facts.address) }</dd>
                <dt>{ words::SUBPROTOCOL }</dt><dd>{ rejoin::session::SUBPROTOCOL }</dd>
                <dt>{ words::SESSION }</dt><dd>{ words::session(link.coming) }</dd>
                <dt>{ words::ROUND_TRIP }</dt><dd>{ rtt }</dd>
                <dt>{ words::QUEUED }</dt><dd>{ words::messages(waiting) }</dd>
                <dt>{ words::UNACKED }</dt><dd>{ words::amount(facts.unacked.0, facts.unacked.1) }</dd>
                <dt>{ words::RESENT }</dt><dd>{ words::frame_count(facts.resent) }</dd>
                <dt>{ words::SENT }</dt><dd>{ words::frames(facts.sent.0, facts.sent.1) }</dd>
                <dt>{ words::RECEIVED }</dt><dd>{ words::frames(facts.received.0, facts.received.1) }</dd>
            </dl>
            if !link.past.is_empty() {
                <section>
                    <h3 class="heading">{ words::TIME_LINE }</h3>
                    <ol class="time-line">{ for link.past.iter().map(|(at, what)| past(*at, what)) }</ol>
                </section>
            }
        </div>
    }
}

fn buttons(session: &Session, pill: &crate::link::Pill) -> Html {
    let over = session.link.link.is_over();
    let possible = !matches!(session.link.link, Link::Impossible(_) | Link::Closing);
    html! {
        <div class="buttons">
            <Button able={possible} onpress={session.deeds.reconnect.clone()}>
                { if pill.can_try_now { words::TRY_NOW } else { words::RECONNECT } }
            </Button>
            <Button able={possible && !over} onpress={session.deeds.disconnect.clone()}>{ words::DISCONNECT }</Button>
        </div>
    }
}

fn past(at_ms: u64, what: &str) -> Html {
    let at = LocalTime::at(at_ms);
    html! {
        <li key={format!("{at_ms}{what}")}>
            <time>{ format!("{}:{:02}", at.clock(), at_ms / 1_000 % 60) }</time>
            <span>{ what.to_owned() }</span>
        </li>
    }
}
