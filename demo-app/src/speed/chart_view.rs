//! The chart of a load, drawn.

use web_sys::Element;
use yew::prelude::*;

use super::chart::{Chart, HEIGHT, SPAN_MS, WIDTH};
use super::report::Direction;
use crate::figures::rate_parts;
use crate::words;

/// Props of [`ChartView`].
#[derive(Properties, PartialEq)]
pub(super) struct ChartViewProps {
    pub(super) direction: Direction,
    /// The time of each window's end in milliseconds, and its speed in megabits a second.
    pub(super) windows: Vec<(f64, f64)>,
    /// The speed now.
    pub(super) now: Option<f64>,
}

/// An area chart of the last ten seconds, with the value under the pointer.
#[component]
pub(super) fn ChartView(props: &ChartViewProps) -> Html {
    let chart = Chart::new(&props.windows);
    let across = use_state_eq(|| None::<f64>);
    let pointed = across.and_then(|across| chart.nearest(across));
    let onpointermove = {
        let across = across.setter();
        Callback::from(move |event: PointerEvent| {
            let place = event.target_unchecked_into::<Element>().closest("svg").ok().flatten();
            if let Some(place) = place.map(|svg| svg.get_bounding_client_rect())
                && place.width() > 0.0
            {
                across.set(Some(
                    ((f64::from(event.client_x()) - place.left()) / place.width()).clamp(0.0, 1.0),
                ));
            }
        })
    };
    let onpointerleave = {
        let across = across.setter();
        Callback::from(move |_: PointerEvent| across.set(None))
    };
    let seconds = |ms: f64| format!("{:.0} s", ms / 1_000.0);
    let value = pointed.map(|(at_ms, speed)| words::chart_value(speed, at_ms / 1_000.0));
    html! {
        <figure class="chart">
            <figcaption class="chart-title">{ words::direction(props.direction) }</figcaption>
            <svg class="chart-picture" viewBox={format!("0 0 {WIDTH} {HEIGHT}")} preserveAspectRatio="none" role="img"
                aria-label={words::chart_label(props.direction, props.now, chart.top)} {onpointermove} {onpointerleave}>
                <path class="chart-grid" d={format!("M0 {0}H{WIDTH}", HEIGHT / 2.0)} vector-effect="non-scaling-stroke" />
                <path class="chart-area" d={chart.area.clone()} />
                <path class="chart-line" d={chart.line.clone()} vector-effect="non-scaling-stroke" />
                if let Some(point) = pointed {
                    <path class="chart-pointer" d={format!("M{:.1} 0V{HEIGHT}", chart.place(point).0)} vector-effect="non-scaling-stroke" />
                }
            </svg>
            <div class="chart-axis" aria-hidden="true">
                <span>{ axis(chart.top) }</span><span>{ axis(chart.top / 2.0) }</span><span>{ "0" }</span>
            </div>
            <div class="chart-foot" aria-hidden="true">
                <span>{ seconds(chart.from_ms) }</span>
                <span class="chart-value">{ value }</span>
                <span>{ seconds(chart.from_ms + SPAN_MS) }</span>
            </div>
        </figure>
    }
}

fn axis(speed: f64) -> String {
    let (shown, unit) = rate_parts(speed);
    let shown = if shown.contains('.') { shown.trim_end_matches('0').trim_end_matches('.') } else { &shown };
    format!("{shown} {unit}")
}
