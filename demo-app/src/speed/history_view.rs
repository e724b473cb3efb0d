//! The history, and taking it along.

use yew::prelude::*;

use super::copy::CopyButton;
use super::record::{History, Measured, Record};
use crate::link::Tone;
use crate::local_time::LocalTime;
use crate::ui::kept_focus::use_kept_focus;
use crate::ui::notice::Notice;
use crate::words;

/// Props of [`HistoryView`].
#[derive(Properties, PartialEq)]
pub(super) struct HistoryViewProps {
    pub(super) history: History,
    /// What is wrong with the browser's store, in words.
    pub(super) trouble: Option<String>,
    /// Whether the browser lets the page keep it.
    pub(super) kept: bool,
    pub(super) clear: Callback<()>,
}

/// The history as a table.
#[component]
pub(super) fn HistoryView(props: &HistoryViewProps) -> Html {
    let history = &props.history;
    let as_text = |text: fn(&History) -> String| {
        let history = history.clone();
        Callback::from(move |()| text(&history))
    };
    let clear = props.clear.reform(|_: MouseEvent| ());
    let (top, title) = (use_node_ref(), use_node_ref());
    use_kept_focus(&top, &title);
    let records = history.records();
    html! {
        <section class="history">
            <div class="history-top" ref={top}>
                <h2 class="heading" id="history-title" tabindex="-1" ref={title}>{ words::HISTORY }</h2>
                if !records.is_empty() || props.trouble.is_some() {
                    <button class="button plain" onclick={clear}>{ words::CLEAR }</button>
                }
            </div>
            if let Some(trouble) = &props.trouble {
                <Notice tone={Tone::Warning} text={trouble.clone()} announced=true />
            }
            if records.is_empty() {
                <p class="hint">{ words::history_empty(props.kept && props.trouble.is_none()) }</p>
            } else {
                <div class="table-place" tabindex="0" role="region" aria-labelledby="history-title">
                    <table class="table">
                        <thead>
                            <tr><th scope="col">{ words::WHEN }</th><th scope="col">{ words::KIND }</th><th scope="col">{ words::RESULT }</th></tr>
                        </thead>
                        <tbody>{ for records.iter().map(line) }</tbody>
                    </table>
                </div>
                <div class="buttons">
                    <CopyButton label={words::COPY_TEXT} text={as_text(History::to_text)} />
                    <CopyButton label={words::COPY_CSV} text={as_text(History::to_csv)} />
                    <CopyButton label={words::COPY_JSON} text={as_text(History::to_json)} />
                </div>
            }
        </section>
    }
}

fn line(record: &Record) -> Html {
    let at = LocalTime::at(record.at_ms);
    let kind = match record.measured {
        Measured::Classic { .. } => words::CLASSIC,
        Measured::Streamed { .. } => words::STREAMED,
    };
    html! {
        <tr key={format!("{}-{kind}", record.at_ms)}>
            <td>{ words::short_date(at) }{ " " }{ at.clock() }</td>
            <td>{ kind }</td>
            <td>{ record.measured.to_text() }</td>
        </tr>
    }
}
