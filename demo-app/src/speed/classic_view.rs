//! The coursework's test as a page shows it: log, times, mean, verdict.

use yew::prelude::*;

use super::classic::{self, Files, Grade, RUNS};
use super::copy::CopyButton;
use super::record::Record;
use super::session::SpeedDeeds;
use super::state::{Outcome, Run};
use super::streamed_view::{outcome_notice, result_buttons};
use crate::link::Tone;
use crate::ui::button::Button;
use crate::ui::kept_focus::use_kept_focus;
use crate::words;

/// Props of [`ClassicView`].
#[derive(Properties, PartialEq)]
pub(super) struct ClassicViewProps {
    pub(super) run: Option<Run<Files>>,
    pub(super) deeds: SpeedDeeds,
    /// The newest finished one.
    pub(super) latest: Option<Record>,
}

/// Button, progress, mean, log.
#[component]
pub(super) fn ClassicView(props: &ClassicViewProps) -> Html {
    let files = props.run.as_ref().map(|run| &run.measured);
    let times = files.map_or(&[][..], |files| &files.times_ms);
    let outcome = props.run.as_ref().map(|run| &run.outcome);
    let running = outcome == Some(&Outcome::Running);
    let finished = outcome == Some(&Outcome::Finished);
    let log = classic::log(props.run.is_some(), times, finished);
    let (buttons, start) = (use_node_ref(), use_node_ref());
    use_kept_focus(&buttons, &start);
    let stop = props.deeds.stop.reform(|_: MouseEvent| ());
    html! {
        <section class="test" aria-label={words::CLASSIC}>
            <div class="test-top">
                <p class="hint">{ words::classic_hint() }</p>
                <div class="buttons" ref={buttons}>
                    if running {
                        <button class="button" onclick={stop}>{ words::CANCEL }</button>
                    }
                    <Button able={!running} main=true id="start" node={start} onpress={props.deeds.classic.clone()}>
                        { if running { words::RUNNING } else { words::START } }
                    </Button>
                </div>
            </div>
            <progress class="bar" aria-label={words::PROGRESS} max={RUNS.to_string()} value={format!("{:.3}", files.map_or(0.0, Files::done))} />
            if running {
                <p class="hint file-progress">{ files.and_then(under_way) }</p>
            }
            { outcome_notice(outcome, !times.is_empty()) }
            { mean(times, running) }
            if finished {
                <div class="buttons">
                    { result_buttons(props.latest) }
                    <CopyButton label={words::COPY_LOG} text={copy_log(log.clone())} />
                </div>
            }
            <h2 class="heading" id="log-title">{ words::CLASSIC_LOG }</h2>
            <div class="test-log" role="log" aria-labelledby="log-title">
                { for log.iter().map(|line| html! { <p>{ line }</p> }) }
            </div>
        </section>
    }
}

/// The part of the file under way, and the time that the rest may take, once there is an estimate.
fn under_way(files: &Files) -> Option<String> {
    let (number, bytes) = files.under_way()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown, and hours at most")]
    let seconds = files.remaining_ms().map(|ms| (ms / 1_000.0).ceil() as u64);
    Some(words::file_under_way(number, bytes, seconds))
}

fn copy_log(log: Vec<String>) -> Callback<(), String> {
    Callback::from(move |()| log.join("\n") + "\n")
}

fn mean(times: &[f64], running: bool) -> Html {
    let Some(mean) = classic::mean(times) else {
        return html! {
            <p class="large"><span class="large-number quiet">{ "\u{2013}" }</span><span class="large-unit">{ words::CLASSIC_UNIT }</span></p>
        };
    };
    let tone = match mean.grade {
        Grade::Bad => Tone::Bad,
        Grade::Fair => Tone::Warning,
        Grade::Good => Tone::Good,
    };
    html! {
        <div>
            <p class="large" id="mean">
                <span class="large-number">{ format!("{:.2}", mean.megabytes) }</span>
                <span class="large-unit">{ words::CLASSIC_UNIT }</span>
                <span class="large-unit">{ words::megabits(mean.megabits) }</span>
            </p>
            <p>
                if running {
                    <span class="quiet">{ words::mean_so_far(times.len()) }</span>
                } else {
                    <strong class={tone.class()}>{ words::grade(mean.grade) }</strong>
                    <span class="quiet">{ format!(" ({})", words::grade_means(mean.grade)) }</span>
                }
            </p>
        </div>
    }
}
