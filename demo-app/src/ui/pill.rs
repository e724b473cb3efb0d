//! The connection pill: on every page, a shape, a word, a figure.

use gloo_timers::callback::Interval;
use yew::prelude::*;

use super::connection_panel::ConnectionPanel;
use super::icon::{Icon, Shape};
use super::kept_focus::use_kept_focus;
use super::sheet::Sheet;
use crate::link::{Link, Tone};
use crate::local_time::now_ms;
use crate::session::Session;
use crate::words;

/// How often a countdown is looked at, in milliseconds.
const TICK_MS: u32 = 250;

/// The time, looked at anew while there is something to count down.
#[hook]
pub(crate) fn use_now(counting: bool) -> u64 {
    let now = use_state_eq(now_ms);
    {
        let now = now.setter();
        use_effect_with(counting, move |counting| {
            let interval = counting.then(|| {
                now.set(now_ms());
                Interval::new(TICK_MS, move || now.set(now_ms()))
            });
            move || drop(interval)
        });
    }
    // What is shown may be rendered before the first tick of a new countdown.
    if counting { (*now).max(now_ms().saturating_sub(u64::from(TICK_MS))) } else { *now }
}

/// The shape of a state, which tells it apart without colour.
pub(crate) fn shape(link: &Link) -> Shape {
    match link {
        Link::Open => Shape::Full,
        Link::Connecting { .. } | Link::Greeting | Link::Waiting { .. } | Link::Closing => Shape::Half,
        Link::Idle | Link::Offline => Shape::Ring,
        Link::Closed(ending) if ending.by_us => Shape::Ring,
        Link::Closed(_) | Link::Impossible(_) => Shape::Crossed,
    }
}

/// Props of [`ConnectionPill`].
#[derive(Properties, PartialEq)]
pub(crate) struct PillProps {
    pub(crate) session: Session,
}

/// The pill, "Try now" beside it when that makes sense, and the panel that it opens.
#[component]
pub(crate) fn ConnectionPill(props: &PillProps) -> Html {
    let link = &props.session.link.link;
    let open = use_state_eq(|| false);
    let now = use_now(matches!(link, Link::Waiting { .. }));
    let pill = link.pill(now, props.session.link.rtt_ms);
    let toggle = |to: bool| {
        let open = open.setter();
        move |()| open.set(to)
    };
    let show = Callback::from(toggle(true)).reform(|_: MouseEvent| ());
    let try_now = props.session.deeds.reconnect.reform(|_: MouseEvent| ());
    let quiet = pill.tone == Tone::Quiet;
    let (group, button) = (use_node_ref(), use_node_ref());
    use_kept_focus(&group, &button);
    html! {
        <div class="pill-group" ref={group}>
            if pill.can_try_now {
                <button class="button plain" onclick={try_now}>{ words::TRY_NOW }</button>
            }
            <button class="pill" ref={button} onclick={show} aria-haspopup="dialog">
                <Icon shape={shape(link)} class={classes!("small", (!quiet).then(|| pill.tone.class()))} />
                <span class="pill-words">
                    { &pill.word }
                    if let Some(figure) = &pill.figure {
                        <span class={classes!("pill-figure", (pill.tone == Tone::Bad).then_some("wide-only"))}>{ format!(" {figure}") }</span>
                    }
                </span>
                <span class="visually-hidden">{ words::PILL_DETAILS }</span>
            </button>
            if *open {
                <Sheet title={words::CONNECTION} onclose={Callback::from(toggle(false))}>
                    <ConnectionPanel session={props.session.clone()} />
                </Sheet>
            }
        </div>
    }
}
