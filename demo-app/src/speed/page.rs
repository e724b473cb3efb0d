//! The speed page.

use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::classic_view::ClassicView;
use super::history_view::HistoryView;
use super::record::{Measured, Record};
use super::session::SpeedSession;
use super::streamed_view::StreamedView;
use crate::link::Tone;
use crate::session::Session;
use crate::storage::Store;
use crate::ui::connection_panel::ConnectionPanel;
use crate::ui::notice::Notice;
use crate::ui::top::Top;
use crate::words;

/// A kind of test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Streamed,
    Classic,
}

/// Props of [`SpeedPage`].
#[derive(Properties, PartialEq)]
pub(crate) struct SpeedPageProps {
    pub(crate) session: Session,
    pub(crate) speed: SpeedSession,
    /// What the address carries of somebody's result; empty if nothing.
    pub(crate) shared: AttrValue,
}

/// Both kinds of test, the history, the connection.
#[component]
pub(crate) fn SpeedPage(props: &SpeedPageProps) -> Html {
    let SpeedPageProps { session, speed, shared } = props;
    let state = &speed.state;
    let kind = use_state_eq(|| if state.classic_runs() { Kind::Classic } else { Kind::Streamed });
    {
        let prepare = speed.deeds.prepare.clone();
        use_effect_with((), move |()| prepare.emit(()));
    }
    let kept = use_memo((), |()| Store::Browser.is_allowed());
    let choice = |this: Kind, name: &'static str| {
        let kind_now = kind.clone();
        let onchange = Callback::from(move |event: Event| {
            if event.target_unchecked_into::<HtmlInputElement>().checked() {
                kind_now.set(this);
            }
        });
        html! {
            <label class="kind">
                <input type="radio" name="kind" checked={*kind == this} disabled={state.is_running()} {onchange} />
                <span>{ name }</span>
            </label>
        }
    };
    html! {
        <>
            <Top title={words::SPEED_TITLE} session={session.clone()} />
            <main class="page" id="page" tabindex="-1">
                <div class="columns">
                    <div class="speed scroll">
                        if !shared.is_empty() { { shared_result(shared) } }
                        <fieldset class="kinds">
                            <legend class="visually-hidden">{ words::KINDS }</legend>
                            { choice(Kind::Streamed, words::STREAMED) }
                            { choice(Kind::Classic, words::CLASSIC) }
                        </fieldset>
                        if *kind == Kind::Streamed {
                            <StreamedView run={state.streamed.clone()} deeds={speed.deeds.clone()} latest={latest(speed, Kind::Streamed)} />
                        } else {
                            <ClassicView run={state.classic.clone()} deeds={speed.deeds.clone()} latest={latest(speed, Kind::Classic)} />
                        }
                        <HistoryView history={state.history.clone()} kept={*kept} trouble={speed.storage_trouble.clone()} clear={speed.deeds.clear.clone()} />
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

/// The newest record of a kind, to copy and to link to.
fn latest(speed: &SpeedSession, kind: Kind) -> Option<Record> {
    let of_kind = |record: &&Record| match record.measured {
        Measured::Classic { .. } => kind == Kind::Classic,
        Measured::Streamed { .. } => kind == Kind::Streamed,
    };
    speed.state.history.records().iter().find(of_kind).copied()
}

fn shared_result(shared: &str) -> Html {
    match Record::from_link(shared) {
        Some(record) => html! {
            <section class="card">
                <h2 class="heading">{ words::SHARED }</h2>
                <p class="figures">{ record.to_text() }</p>
            </section>
        },
        None => html! { <Notice tone={Tone::Bad} text={words::SHARED_BAD} /> },
    }
}
