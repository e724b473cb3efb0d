//! The chart of a load: its geometry, without pixels or colours.

/// The chart's own width, in units of its view box.
pub(crate) const WIDTH: f64 = 640.0;
/// The chart's own height.
pub(crate) const HEIGHT: f64 = 180.0;
/// How much time it shows, in milliseconds.
pub(crate) const SPAN_MS: f64 = 10_000.0;

/// A load's speeds as shapes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chart {
    /// The line's path, as SVG writes it. Empty without points.
    pub(crate) line: String,
    /// The area's path.
    pub(crate) area: String,
    /// The value at the top, in megabits a second.
    pub(crate) top: f64,
    /// Where the shown time begins, in milliseconds.
    pub(crate) from_ms: f64,
    /// The points shown: time, speed.
    points: Vec<(f64, f64)>,
}

impl Chart {
    /// The last [`SPAN_MS`] of these windows: the time of each one's end in milliseconds, megabits a second.
    pub(crate) fn new(windows: &[(f64, f64)]) -> Self {
        let end = windows.last().map_or(0.0, |(at, _)| *at);
        let from_ms = (end - SPAN_MS).max(0.0);
        let points: Vec<_> = windows.iter().copied().filter(|(at, _)| *at >= from_ms).collect();
        let top = round_up(points.iter().map(|(_, speed)| *speed).fold(0.0, f64::max));
        let mut chart = Self { line: String::new(), area: String::new(), top, from_ms, points };
        let (Some(first), Some(last)) = (chart.points.first(), chart.points.last()) else { return chart };
        for (i, point) in chart.points.iter().enumerate() {
            let (x, y) = chart.place(*point);
            chart.line += &format!("{}{x:.1} {y:.1}", if i == 0 { "M" } else { "L" });
        }
        let (left, right) = (chart.place(*first).0, chart.place(*last).0);
        chart.area = format!("{}L{right:.1} {HEIGHT}L{left:.1} {HEIGHT}Z", chart.line);
        chart
    }

    /// Where a point lies in the view box.
    pub(crate) fn place(&self, (at_ms, speed): (f64, f64)) -> (f64, f64) {
        ((at_ms - self.from_ms) / SPAN_MS * WIDTH, HEIGHT - speed / self.top * HEIGHT)
    }

    /// The point nearest to a place between the left edge, 0, and the right one, 1.
    pub(crate) fn nearest(&self, across: f64) -> Option<(f64, f64)> {
        let at = self.from_ms + across * SPAN_MS;
        let distance = |point: &(f64, f64)| (point.0 - at).abs();
        self.points.iter().copied().min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

/// The next of 1, 2, 5, 10, 20, 50 and so on.
fn round_up(value: f64) -> f64 {
    if value.is_nan() || value <= 0.0 {
        return 1.0;
    }
    let unit = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * unit).find(|top| *top >= value).unwrap_or(10.0 * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_axis_ends_at_a_round_number() {
        for (value, top) in [(0.0, 1.0), (0.3, 0.5), (1.0, 1.0), (1.1, 2.0), (412.7, 500.0), (501.0, 1_000.0)]
        {
            assert!((round_up(value) - top).abs() < 1e-9, "{value}");
        }
    }

    #[test]
    fn only_the_last_ten_seconds_are_drawn() {
        let windows: Vec<_> = (1..=200_u32).map(|i| (f64::from(i) * 100.0, 5.0)).collect();
        let chart = Chart::new(&windows);
        assert!((chart.from_ms - 10_000.0).abs() < 1e-9);
        assert!(chart.line.starts_with("M0.0 0.0") && chart.line.ends_with("L640.0 0.0"), "{}", chart.line);
        assert_eq!(chart.nearest(0.0), Some((10_000.0, 5.0)));
        assert_eq!(chart.nearest(7.0), Some((20_000.0, 5.0)));
    }

    #[test]
    fn an_empty_chart_has_an_axis_and_no_line() {
        let chart = Chart::new(&[]);
        assert_eq!((chart.line.as_str(), chart.nearest(0.5)), ("", None));
        assert!(chart.top > 0.0);
    }
}
