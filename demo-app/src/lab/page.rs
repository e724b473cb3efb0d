//! The lab's page.

use std::rc::Rc;

use demo_messages::room::Fault;
use rejoin::session::inspect::Way;
use yew::prelude::*;

use super::state::{Run, Seen};
use crate::figures;
use crate::link::Link;
use crate::local_time::LocalTime;
use crate::session::Session;
use crate::session::lab::use_looking;
use crate::ui::button::Button;
use crate::ui::connection_panel::{ConnectionPanel, use_facts};
use crate::ui::top::Top;
use crate::wire::Facts;
use crate::words;

/// How long the server's end is frozen, in milliseconds.
const FREEZE_MS: u32 = 15_000;

/// Props of [`LabPage`].
#[derive(Properties, PartialEq)]
pub(crate) struct LabPageProps {
    pub(crate) session: Session,
}

/// Faults, numbered messages, counters, frames; beside them the connection.
#[component]
pub(crate) fn LabPage(props: &LabPageProps) -> Html {
    let session = &props.session;
    let lab = &session.lab;
    use_looking(&session.deeds.lab, session.link.link != Link::Idle);
    let facts = use_facts(session);
    html! {
        <>
            <Top title={words::LAB_TITLE} session={session.clone()} />
            <main class="page" id="page" tabindex="-1">
                <div class="columns">
                    <div class="lab scroll" tabindex="0" role="region" aria-label={words::LAB_TITLE}>
                        <p class="lab-intro">{ words::LAB_INTRO }</p>
                        <section class="lab-part">
                            <h2 class="heading">{ words::FAULTS }</h2>
                            { faults(session) }
                        </section>
                        <section class="lab-part">
                            <h2 class="heading">{ words::NUMBERED }</h2>
                            <p class="hint">{ words::NUMBERED_TEXT }</p>
                            <Button able=true onpress={session.deeds.lab.run.clone()}>{ words::SEND_NUMBERED }</Button>
                            if let Some(run) = &lab.run { { run_view(run) } }
                            // There before it says something, so that it is heard.
                            <p role="status">
                                if let Some(run) = lab.run.as_ref().filter(|run| run.is_over()) { { words::run_over(run) } }
                            </p>
                        </section>
                        <section class="lab-part">
                            <h2 class="heading">{ words::COUNTERS }</h2>
                            { counters(&facts, lab.repeats) }
                            <p class="hint" role="status">{ lab.repeats_missing.then_some(words::REPEATS_MISSING) }</p>
                        </section>
                        <section class="lab-part">
                            <h2 class="heading" id="frames">{ words::FRAMES }</h2>
                            <p class="hint">{ words::FRAMES_TEXT }</p>
                            { frames(lab.frames.iter()) }
                        </section>
                    </div>
                    <aside class="panel scroll" aria-label={words::CONNECTION}>
                        <h2 class="heading">{ words::CONNECTION }</h2>
                        <ConnectionPanel session={session.clone()} />
                    </aside>
                </div>
            </main>
        </>
    }
}

fn faults(session: &Session) -> Html {
    let deeds = &session.deeds.lab;
    let open = session.link.link.is_open();
    let offline = session.lab.offline;
    let fault = |fault: Fault| deeds.fault.reform(move |()| fault);
    let toggle = deeds.offline.reform(move |()| !offline);
    let one =
        |id: &'static str, name: &'static str, text: &'static str, able: bool, onpress: Callback<()>| {
            html! {
                <li class="fault">
                    <Button {able} {onpress} described_by={id}>{ name }</Button>
                    <p class="hint" {id}>{ text }</p>
                </li>
            }
        };
    let offline_name = if offline { words::COME_BACK } else { words::GO_OFFLINE };
    html! {
        <ul class="faults">
            { one("cut", words::CUT, words::CUT_TEXT, open, fault(Fault::Cut)) }
            { one("freeze", words::FREEZE, words::FREEZE_TEXT, open, fault(Fault::Freeze(FREEZE_MS))) }
            { one("forget", words::FORGET, words::FORGET_TEXT, open, fault(Fault::Forget)) }
            { one("offline", offline_name, words::OFFLINE_TEXT, true, toggle) }
        </ul>
    }
}

fn figure(name: &'static str, value: u64, class: Option<&'static str>) -> Html {
    html! {
        <div class={classes!("lab-figure", class)}><dt>{ name }</dt><dd>{ figures::whole(value) }</dd></div>
    }
}

fn run_view(run: &Run) -> Html {
    let wrong = |count: u32| (count > 0).then_some("bad");
    let all = run.returned() == run.sent;
    html! {
        <dl class="lab-figures" id="run">
            { figure(words::RUN_SENT, run.sent.into(), None) }
            { figure(words::RUN_BACK, run.returned().into(), all.then_some("good")) }
            { figure(words::RUN_TWICE, run.twice.into(), wrong(run.twice)) }
            { figure(words::RUN_DISORDERED, run.disordered.into(), wrong(run.disordered)) }
            { figure(words::RUN_UNDER_WAY, run.under_way().into(), None) }
            { figure(words::RUN_NAMED, run.named.into(), None) }
        </dl>
    }
}

fn counters(facts: &Facts, repeats: Option<u64>) -> Html {
    html! {
        <dl class="lab-figures">
            { figure(words::FRAMES_SENT, facts.sent.0, None) }
            { figure(words::FRAMES_RECEIVED, facts.received.0, None) }
            { figure(words::FRAMES_UNACKED, facts.unacked.0, None) }
            { figure(words::FRAMES_RESENT, facts.resent, None) }
            { figure(words::WELCOMES, facts.welcomes, None) }
            { repeats.map(|repeats| figure(words::REPEATS, repeats, None)) }
        </dl>
    }
}

fn frames<'a>(frames: impl ExactSizeIterator<Item = &'a Rc<Seen>>) -> Html {
    if frames.len() == 0 {
        return html! { <p class="hint">{ words::NO_FRAMES }</p> };
    }
    html! {
        <table class="frames" aria-labelledby="frames">
            <thead>
                <tr>
                    <th scope="col">{ words::TIME }</th>
                    <th scope="col">{ words::WAY }</th>
                    <th scope="col">{ words::FRAME }</th>
                    <th scope="col">{ words::SAYS }</th>
                </tr>
            </thead>
            <tbody>{ for frames.map(|seen| frame_row(seen)) }</tbody>
        </table>
    }
}

fn frame_row(seen: &Seen) -> Html {
    let at = LocalTime::at(seen.at_ms);
    let time = format!("{}:{:02}.{:03}", at.clock(), seen.at_ms / 1_000 % 60, seen.at_ms % 1_000);
    let (arrow, way) = match seen.way {
        Way::Out => ("\u{2192}", words::OUT),
        Way::In => ("\u{2190}", words::IN),
    };
    html! {
        <tr key={seen.serial.to_string()}>
            <td class="quiet">{ time }</td>
            <td><span aria-hidden="true">{ arrow }</span><span class="visually-hidden">{ way }</span></td>
            <td class="frame-name">{ seen.name }</td>
            <td class="frame-says">{ seen.words.clone() }</td>
        </tr>
    }
}
