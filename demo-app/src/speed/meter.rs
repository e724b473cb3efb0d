//! From bytes over time to a speed.

/// The length of a window, in milliseconds.
pub(crate) const WINDOW_MS: f64 = 100.0;
/// The part of a load at its beginning that is left out: connections start slowly.
const WARM_UP: f64 = 0.2;
/// No more of a load than this is left out, in milliseconds.
const WARM_UP_MS: f64 = 2_000.0;
/// The most samples kept: a minute's and some.
const LIMIT: usize = 1_000;

/// How much of one direction had moved when.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Meter {
    /// Time since the load began in milliseconds, and bytes until then.
    samples: Vec<(f64, u64)>,
}

impl Meter {
    /// Takes a sample. Time and bytes only ever grow: what goes back is a late report and is left out.
    pub(crate) fn add(&mut self, at_ms: f64, bytes: u64) {
        let (last_ms, last_bytes) = self.last();
        if at_ms > last_ms && bytes >= last_bytes && self.samples.len() < LIMIT {
            self.samples.push((at_ms, bytes));
        }
    }

    fn last(&self) -> (f64, u64) {
        self.samples.last().copied().unwrap_or((0.0, 0))
    }

    /// Since the load began, in milliseconds.
    pub(crate) fn elapsed_ms(&self) -> f64 {
        self.last().0
    }

    /// The speed in each window: the time of its end in milliseconds, megabits a second. A window ends with the
    /// first sample that is [`WINDOW_MS`] or more after the last one's end.
    pub(crate) fn windows(&self) -> Vec<(f64, f64)> {
        let mut out = Vec::new();
        let mut from = (0.0, 0);
        for &(at_ms, bytes) in &self.samples {
            // A timer may be a little early.
            if at_ms - from.0 >= WINDOW_MS * 0.9 {
                out.push((at_ms, megabits(bytes - from.1, at_ms - from.0)));
                from = (at_ms, bytes);
            }
        }
        out
    }

    /// The speed now: over the last second or what there is of it.
    pub(crate) fn now(&self) -> Option<f64> {
        let (end_ms, end) = self.last();
        let from = self.samples.iter().rev().find(|(at_ms, _)| *at_ms <= end_ms - 1_000.0);
        let (from_ms, from) = from.copied().unwrap_or((0.0, 0));
        (end_ms > from_ms).then(|| megabits(end - from, end_ms - from_ms))
    }

    /// The result: the mean of the middle half of the windows after the warm-up, so that neither a stall nor a
    /// burst from a buffer decides. None before there is a window.
    pub(crate) fn result(&self) -> Option<f64> {
        let windows = self.windows();
        let warm_until = (self.elapsed_ms() * WARM_UP).min(WARM_UP_MS);
        let mut speeds: Vec<f64> =
            windows.iter().filter(|(at, _)| *at > warm_until).map(|(_, speed)| *speed).collect();
        if speeds.is_empty() {
            speeds = windows.into_iter().map(|(_, speed)| speed).collect();
        }
        speeds.sort_by(f64::total_cmp);
        let cut = speeds.len() / 4;
        let middle = &speeds[cut..speeds.len() - cut];
        #[expect(clippy::cast_precision_loss, reason = "a thousand at most")]
        let count = middle.len() as f64;
        (!middle.is_empty()).then(|| middle.iter().sum::<f64>() / count)
    }
}

/// Megabits a second.
#[expect(clippy::cast_precision_loss, reason = "far below 2^53 bytes")]
fn megabits(bytes: u64, ms: f64) -> f64 {
    bytes as f64 * 8.0 / 1_000.0 / ms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meter(per_window: impl IntoIterator<Item = u64>) -> Meter {
        let mut meter = Meter::default();
        let mut bytes = 0;
        for (i, more) in per_window.into_iter().enumerate() {
            bytes += more;
            meter.add(100.0 * f64::from(u32::try_from(i).expect("few") + 1), bytes);
        }
        meter
    }

    #[test]
    fn a_steady_stream_has_its_speed() {
        let meter = meter([125_000; 50]);
        assert!((meter.result().expect("windows") - 10.0).abs() < 1e-9);
        assert!((meter.now().expect("samples") - 10.0).abs() < 1e-9);
        assert_eq!(meter.windows().len(), 50);
    }

    #[test]
    fn neither_the_start_nor_a_stall_nor_a_burst_decides() {
        let mut windows = vec![1_000; 10];
        windows.extend([125_000; 40]);
        windows[20] = 0;
        windows[21] = 250_000;
        assert!((meter(windows).result().expect("windows") - 10.0).abs() < 1e-9);
    }

    #[test]
    fn a_late_report_changes_nothing() {
        let mut it = meter([10, 10]);
        let before = it.clone();
        it.add(150.0, 100);
        it.add(300.0, 5);
        assert_eq!(it, before);
    }

    #[test]
    fn nothing_measured_is_nothing() {
        assert_eq!(Meter::default().result(), None);
        assert_eq!(Meter::default().now(), None);
    }
}
