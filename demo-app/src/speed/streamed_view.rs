//! The streamed test as a page shows it: one large figure, the phase in words, a chart, the result.

use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::chart_view::ChartView;
use super::copy::CopyButton;
use super::latency::Latency;
use super::record::Record;
use super::report::{Direction, Phase};
use super::session::SpeedDeeds;
use super::state::{Outcome, Run};
use super::streamed::Streamed;
use super::verdict::{Figures, verdict};
use crate::browser;
use crate::figures::{self, millis, rate, rate_parts};
use crate::link::Tone;
use crate::route::Route;
use crate::ui::button::Button;
use crate::ui::icon::{Icon, Shape};
use crate::ui::notice::Notice;
use crate::words;

/// What the person may choose for each direction, in seconds.
const SECONDS: [u32; 3] = [3, 8, 30];

/// Props of [`StreamedView`].
#[derive(Properties, PartialEq)]
pub(super) struct StreamedViewProps {
    pub(super) run: Option<Run<Streamed>>,
    pub(super) deeds: SpeedDeeds,
    /// The newest finished one.
    pub(super) latest: Option<Record>,
}

/// The streamed test.
#[component]
pub(super) fn StreamedView(props: &StreamedViewProps) -> Html {
    let seconds = use_state_eq(|| SECONDS[1]);
    let outcome = props.run.as_ref().map(|run| &run.outcome);
    let running = outcome == Some(&Outcome::Running);
    let finished = outcome == Some(&Outcome::Finished);
    // One button, so that the focus stays where it is when its meaning changes.
    let (word, onpress) = if running {
        (words::STOP, props.deeds.stop.clone())
    } else {
        let seconds = *seconds;
        (words::START, props.deeds.streamed.reform(move |()| seconds))
    };
    let onchange = {
        let seconds = seconds.setter();
        Callback::from(move |event: Event| {
            let value = event.target_unchecked_into::<HtmlSelectElement>().value();
            seconds.set(value.parse().unwrap_or(SECONDS[1]));
        })
    };
    let progress = props.run.as_ref().map_or(0.0, |run| run.measured.progress());
    html! {
        <section class="test" aria-label={words::STREAMED}>
            <div class="test-top">
                if props.run.is_some() {
                    { steps(props.run.as_ref()) }
                } else {
                    <p class="hint">{ words::STREAMED_HINT }</p>
                }
                <div class="buttons">
                    <select class="input seconds" aria-label={words::SECONDS_EACH} {onchange} disabled={running}>
                        { for SECONDS.iter().map(|s| html! {
                            <option value={s.to_string()} selected={*s == *seconds}>{ figures::span(u64::from(*s)) }</option>
                        }) }
                    </select>
                    <Button able=true main={!running} id="start" {onpress}>{ word }</Button>
                </div>
            </div>
            <progress class="bar" aria-label={words::PROGRESS} max="1" value={format!("{progress:.3}")} />
            { outcome_notice(outcome, props.run.as_ref().is_some_and(|run| run.measured.idle.count() > 0)) }
            { figure(props.run.as_ref()) }
            if let Some(run) = &props.run {
                { charts(run) }
                { tiles(&run.measured) }
                { cut_off(&run.measured) }
                if finished && let Some(figures) = run.measured.figures() {
                    { still_growing(&run.measured) }
                    { verdict_view(&figures) }
                    <div class="buttons">{ result_buttons(props.latest) }</div>
                }
                { details(&run.measured) }
            }
        </section>
    }
}

/// What happened to a test that did not finish.
pub(super) fn outcome_notice(outcome: Option<&Outcome>, measured: bool) -> Html {
    match outcome {
        Some(Outcome::Failed(trouble)) => {
            html! { <Notice tone={Tone::Bad} text={words::trouble(trouble, measured)} announced=true /> }
        }
        Some(Outcome::Stopped) => html! { <p class="hint" role="status">{ words::STOPPED }</p> },
        Some(Outcome::Finished) => html! { <p class="visually-hidden" role="status">{ words::FINISHED }</p> },
        Some(Outcome::Running) | None => Html::default(),
    }
}

/// Buttons that copy a result and a link to it.
pub(super) fn result_buttons(latest: Option<Record>) -> Html {
    let Some(record) = latest else { return Html::default() };
    let text = Callback::from(move |()| record.to_text());
    let link = Callback::from(move |()| {
        let origin = browser::window().location().origin().unwrap_or_default();
        origin + &Route::Speed { shared: record.to_link() }.address()
    });
    html! {
        <>
            <CopyButton label={words::COPY_RESULT} {text} />
            <CopyButton label={words::COPY_LINK} text={link} />
        </>
    }
}

/// Which part is under way, and which are done.
fn steps(run: Option<&Run<Streamed>>) -> Html {
    let Some(run) = run else { return Html::default() };
    let order = |phase: Phase| match phase {
        Phase::Connecting => 0,
        Phase::Latency => 1,
        Phase::Load(Direction::Download) => 2,
        Phase::Load(Direction::Upload) => 3,
    };
    let now = if run.outcome == Outcome::Finished { 4 } else { order(run.measured.phase) };
    let running = run.outcome == Outcome::Running;
    let step = |number: i32, name: &'static str| {
        let (done, current) = (number < now, number == now && running);
        html! {
            <li class={classes!("step", done.then_some("done"))} aria-current={current.then_some("step")}>
                <Icon shape={if done { Shape::Check } else if current { Shape::Half } else { Shape::Ring }} class="small" />
                { name }
            </li>
        }
    };
    html! {
        <ol class="steps">
            { step(1, words::LATENCY) }{ step(2, words::DOWNLOAD) }{ step(3, words::UPLOAD) }
        </ol>
    }
}

/// The direction whose figure is the large one: the one under way, or download when all is done.
fn shown(run: &Run<Streamed>) -> Direction {
    match run.measured.phase {
        Phase::Load(direction) if run.outcome != Outcome::Finished => direction,
        _ => Direction::Download,
    }
}

fn figure(run: Option<&Run<Streamed>>) -> Html {
    let (direction, value, under_way) = match run {
        None => (Direction::Download, None, None),
        Some(run) => {
            let direction = shown(run);
            let meter = &run.measured.load(direction).meter;
            let running = run.outcome == Outcome::Running;
            let value = if running { meter.now() } else { meter.result() };
            (direction, value, running.then_some(&run.measured))
        }
    };
    let quiet = value.is_none().then_some("quiet");
    let (number, unit) = value.map_or(("\u{2013}".to_owned(), "Mbit/s"), rate_parts);
    html! {
        <div>
            <p class="large">
                <span class={classes!("large-number", quiet)}>{ number }</span>
                <span class="large-unit">{ words::unit_of(unit, direction) }</span>
            </p>
            <p class="hint" aria-hidden="true">
                { under_way.map(|test| words::phase_and_rest(test.phase, test.remaining_seconds())) }
            </p>
            // Announced when it changes, and not each second.
            <p class="visually-hidden" role="status">{ under_way.map(|test| words::phase(test.phase)) }</p>
        </div>
    }
}

/// The direction under way, or all that was measured when nothing is.
fn charts(run: &Run<Streamed>) -> Html {
    let chart = |direction| {
        let meter = &run.measured.load(direction).meter;
        html! { <ChartView {direction} windows={meter.windows()} now={meter.now()} /> }
    };
    let measured = |direction: &Direction| run.measured.load(*direction).meter.now().is_some();
    match (&run.outcome, run.measured.phase) {
        (Outcome::Running, Phase::Load(direction)) => chart(direction),
        (Outcome::Running, _) => chart(Direction::Download),
        _ => {
            let both = [Direction::Download, Direction::Upload].into_iter().filter(measured);
            html! { <div class="charts">{ for both.map(chart) }</div> }
        }
    }
}

fn tiles(test: &Streamed) -> Html {
    let speed = |direction| test.load(direction).meter.result().map(rate);
    let tile = |name: &'static str, value: Option<String>| {
        html! { <div class="tile"><dt>{ name }</dt><dd>{ value.unwrap_or_else(|| "\u{2013}".to_owned()) }</dd></div> }
    };
    html! {
        <dl class="tiles">
            { tile(words::DOWNLOAD, speed(Direction::Download)) }
            { tile(words::UPLOAD, speed(Direction::Upload)) }
            { tile(words::IDLE, test.idle.median().map(millis)) }
            { tile(words::UNDER_LOAD, test.loaded_ms().map(millis)) }
        </dl>
    }
}

/// Which directions may be faster than their results.
fn still_growing(test: &Streamed) -> Html {
    let directions = [Direction::Download, Direction::Upload];
    let growing = directions.into_iter().filter(|direction| test.load(*direction).meter.grew_to_the_end());
    growing.map(|direction| html! { <p class="hint">{ words::still_growing(direction) }</p> }).collect()
}

/// Which loads came to their time limit. There before it says something, so that it is announced.
fn cut_off(test: &Streamed) -> Html {
    let directions = [Direction::Download, Direction::Upload];
    let cut = directions.into_iter().filter(|direction| test.load(*direction).cut_off);
    html! {
        <div role="status" class="cut-off">{ for cut.map(|direction| html! { <p class="hint">{ words::cut_off(direction) }</p> }) }</div>
    }
}

fn verdict_view(figures: &Figures) -> Html {
    let (good, limit) = verdict(figures);
    let uses: Vec<&str> = good.into_iter().map(words::used_for).collect();
    let uses = if uses.is_empty() { words::GOOD_FOR_NOTHING.to_owned() } else { uses.join(", ") };
    html! {
        <dl class="verdict">
            <dt>{ words::GOOD_FOR }</dt><dd>{ uses }</dd>
            if let Some(limit) = limit {
                <dt>{ words::LIMITED_BY }</dt><dd>{ words::limited_by(limit) }</dd>
            }
        </dl>
    }
}

fn details(test: &Streamed) -> Html {
    if test.idle.count() == 0 {
        return Html::default();
    }
    let latency = |name: String, it: &Latency| match (it.median(), it.percentile(95)) {
        (Some(p50), Some(p95)) => html! {
            <><dt>{ name }</dt><dd>{ words::percentiles(&millis(p50), &millis(p95), &millis(it.jitter().unwrap_or(0.0)), it.count()) }</dd></>
        },
        _ => Html::default(),
    };
    let counted = |direction: Direction| match test.load(direction).counted {
        Some(it) => html! {
            <><dt>{ words::direction(direction) }</dt><dd>{ words::counted(it) }</dd></>
        },
        None => Html::default(),
    };
    html! {
        <details class="details">
            <summary>{ words::STREAMED_DETAILS }</summary>
            <dl class="facts">
                { latency(words::IDLE.to_owned(), &test.idle) }
                { latency(words::while_loaded(Direction::Download), &test.download.latency) }
                { latency(words::while_loaded(Direction::Upload), &test.upload.latency) }
                { counted(Direction::Download) }
                { counted(Direction::Upload) }
            </dl>
        </details>
    }
}
