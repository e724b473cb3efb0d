//! From bytes over time to a speed.

/// The length of a window of the chart, in milliseconds.
pub(crate) const WINDOW_MS: f64 = 100.0;
/// The part of a load at its beginning that is left out: connections start slowly.
const WARM_UP: f64 = 0.2;
/// No more of a load than this is left out, in milliseconds.
const WARM_UP_MS: f64 = 2_000.0;
/// The speed has stopped growing once it is, over so many milliseconds and also over a round trip, about the mean of all that
/// follows: within a round trip a burst may come at full speed, and then nothing.
const STEADY_MS: f64 = 500.0;
/// How near to that mean is near enough.
const STEADY: f64 = 0.98;
/// The speed grew to the end where the second half of what was measured is so many times as fast as the first.
const GROWTH: f64 = 1.25;
/// The part of a load at its end that is measured although the speed still grows.
const LEAST_MEASURED: f64 = 0.25;
/// No less of a load than this is measured, in milliseconds.
const LEAST_MEASURED_MS: f64 = 1_000.0;
/// Fewer samples than this after the warm-up are too few to leave anything out.
const ENOUGH: usize = 4;
/// The most samples kept: a minute's and some.
const LIMIT: usize = 1_000;
/// Over how long the present speed is taken, in milliseconds.
const NOW_MS: f64 = 1_000.0;

/// How much of one direction had moved when. Between two samples the bytes count as evenly spread: a message is only seen
/// when it ends, and its bytes came in the time since the end of the one before.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Meter {
    /// Time since the load began in milliseconds, and bytes until then: ends of messages.
    samples: Vec<(f64, u64)>,
    /// How long the load has lasted, in milliseconds, whether anything came or not.
    passed_ms: f64,
    /// A round trip without load, in milliseconds.
    round_trip_ms: f64,
}

impl Meter {
    /// A meter of a line with such a round trip, in milliseconds.
    pub(crate) fn new(round_trip_ms: f64) -> Self {
        Self { round_trip_ms, ..Self::default() }
    }

    /// Takes a sample. Time and bytes only ever grow: what goes back is a late report and is left out.
    pub(crate) fn add(&mut self, at_ms: f64, bytes: u64) {
        let (last_ms, last_bytes) = self.last();
        if at_ms > last_ms && bytes >= last_bytes && self.samples.len() < LIMIT {
            self.samples.push((at_ms, bytes));
        }
    }

    /// The load has lasted for so long.
    pub(crate) fn pass(&mut self, ms: f64) {
        self.passed_ms = self.passed_ms.max(ms);
    }

    fn last(&self) -> (f64, u64) {
        self.samples.last().copied().unwrap_or((0.0, 0))
    }

    /// Since the load began, in milliseconds.
    pub(crate) fn elapsed_ms(&self) -> f64 {
        self.last().0.max(self.passed_ms)
    }

    /// Bytes until a moment, spread.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53 bytes")]
    fn bytes_at(&self, ms: f64) -> f64 {
        let next = self.samples.partition_point(|(at, _)| *at < ms);
        let (from_ms, from) = next.checked_sub(1).map_or((0.0, 0), |last| self.samples[last]);
        match self.samples.get(next) {
            Some((to_ms, to)) => from as f64 + (to - from) as f64 * (ms - from_ms) / (to_ms - from_ms),
            None => from as f64,
        }
    }

    /// The mean between two moments in megabits a second. None unless the first is the earlier one.
    fn mean(&self, from_ms: f64, to_ms: f64) -> Option<f64> {
        (to_ms > from_ms).then(|| {
            let bytes = self.bytes_at(to_ms) - self.bytes_at(from_ms);
            bytes * 8.0 / 1_000.0 / (to_ms - from_ms)
        })
    }

    /// The speed in each whole window until the last sample: the time of its end in milliseconds, megabits a second.
    pub(crate) fn windows(&self) -> Vec<(f64, f64)> {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a few hundred")]
        let count = (self.last().0 / WINDOW_MS) as u32;
        let end = |window: u32| f64::from(window) * WINDOW_MS;
        (1..=count).filter_map(|i| Some((end(i), self.mean(end(i - 1), end(i))?))).collect()
    }

    /// The speed now: over the second until the last sample, or until now where nothing has come for longer.
    pub(crate) fn now(&self) -> Option<f64> {
        let (last_ms, _) = self.samples.last().copied()?;
        let end_ms = if self.passed_ms - last_ms > NOW_MS { self.passed_ms } else { last_ms };
        self.mean((end_ms - NOW_MS).max(0.0), end_ms)
    }

    /// From when to when the speed counts, in milliseconds. None before the first sample.
    ///
    /// The warm-up is left out because a line needs a part of the time to get going, the longer the faster it is and the
    /// longer a round trip takes; with so few samples that each of them matters, nothing is.
    fn counted_ms(&self) -> Option<(f64, f64)> {
        let (end_ms, _) = self.samples.last().copied()?;
        let latest_ms = end_ms - (end_ms * LEAST_MEASURED).max(LEAST_MEASURED_MS);
        let is_steady = |from_ms: &f64| {
            let all = self.mean(*from_ms, end_ms);
            let near = |ms: f64| self.mean(*from_ms, (from_ms + ms).min(end_ms)).zip(all);
            let is_near = |ms: f64| near(ms).is_some_and(|(some, all)| some >= all * STEADY);
            is_near(STEADY_MS) && is_near(STEADY_MS.max(self.round_trip_ms))
        };
        let mut windows = (0_u32..).map(|i| f64::from(i) * WINDOW_MS).take_while(|ms| *ms <= latest_ms);
        let steady_ms = windows.find(is_steady).unwrap_or(latest_ms);
        let warm_ms = (end_ms * WARM_UP).min(WARM_UP_MS).max(steady_ms);
        let after = self.samples.iter().filter(|(at, _)| *at > warm_ms).count();
        Some((if after >= ENOUGH { warm_ms } else { 0.0 }, end_ms))
    }

    /// The result in megabits a second: the bytes after the warm-up over the time in which they came. None before the first
    /// sample.
    ///
    /// Bytes over time is right at every rate. Means or medians of windows are not: on a slow line most windows hold no end
    /// of a message, and leaving out the extremes of the others leaves out what was measured.
    pub(crate) fn result(&self) -> Option<f64> {
        self.counted_ms().and_then(|(from_ms, end_ms)| self.mean(from_ms, end_ms))
    }

    /// Whether the speed still grew at the end, so that the line may carry more than the result says.
    pub(crate) fn grew_to_the_end(&self) -> bool {
        self.counted_ms().is_some_and(|(from_ms, end_ms)| {
            let middle_ms = f64::midpoint(from_ms, end_ms);
            let halves = self.mean(from_ms, middle_ms).zip(self.mean(middle_ms, end_ms));
            halves.is_some_and(|(first, second)| second > first * GROWTH)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A line of this many bytes a second that brings messages of this size for this long.
    fn line(rate: f64, message: u64, ms: f64) -> Meter {
        let mut meter = Meter::default();
        let mut bytes = 0;
        loop {
            bytes += message;
            let at = bytes as f64 / rate * 1_000.0;
            if at > ms {
                return meter;
            }
            meter.add(at, bytes);
        }
    }

    fn close(value: Option<f64>, expected: f64) -> bool {
        value.is_some_and(|value| (value / expected - 1.0).abs() < 1e-9)
    }

    #[test]
    fn a_slow_line_has_its_rate_although_most_windows_see_no_message_end() {
        for (kilobits, message) in [(30.0, 1_024), (64.0, 1_024), (256.0, 65_536), (1_000.0, 65_536)] {
            let meter = line(kilobits * 125.0, message, 8_000.0);
            assert!(close(meter.result(), kilobits / 1_000.0), "{kilobits} kbit/s: {:?}", meter.result());
            assert!(close(meter.now(), kilobits / 1_000.0), "{kilobits} kbit/s: {:?}", meter.now());
            let windows = meter.windows();
            assert!(windows.iter().all(|(_, speed)| close(Some(*speed), kilobits / 1_000.0)), "{windows:?}");
        }
    }

    #[test]
    fn a_steady_stream_has_its_speed() {
        let meter = line(1_250_000.0, 12_500, 5_000.5);
        assert!(close(meter.result(), 10.0) && close(meter.now(), 10.0));
        assert_eq!(meter.windows().len(), 50);
    }

    #[test]
    fn a_slow_start_is_left_out_and_a_stall_counts() {
        let mut meter = Meter::default();
        let mut bytes = 0;
        for i in 1..=100_u32 {
            bytes += if i <= 10 { 100 } else { 12_500 };
            meter.add(f64::from(i) * 100.0, bytes);
        }
        assert!(close(meter.result(), 1.0));
        // Two seconds of nothing, and then one message more: eight seconds' bytes in ten seconds.
        meter.add(12_000.0, bytes);
        assert!(close(meter.result(), 0.8), "{:?}", meter.result());
    }

    #[test]
    fn few_samples_count_from_the_beginning() {
        let mut meter = Meter::default();
        meter.add(1_000.0, 1_250);
        assert!(close(meter.result(), 0.01));
        meter.add(2_000.0, 3_750);
        assert!(close(meter.result(), 0.015));
    }

    #[test]
    fn a_line_on_which_nothing_comes_any_more_is_at_zero_now() {
        let mut meter = line(125_000.0, 12_500, 3_000.0);
        meter.pass(3_900.0);
        assert!(close(meter.now(), 1.0));
        meter.pass(5_000.0);
        assert_eq!(meter.now(), Some(0.0));
        assert!((meter.elapsed_ms() - 5_000.0).abs() < 1e-9);
    }

    #[test]
    fn a_late_report_changes_nothing() {
        let mut it = line(100.0, 10, 250.0);
        let before = it.clone();
        it.add(150.0, 100);
        it.add(300.0, 5);
        assert_eq!(it, before);
    }

    #[test]
    fn nothing_measured_is_nothing() {
        assert_eq!(Meter::default().result(), None);
        assert_eq!(Meter::default().now(), None);
        assert!(Meter::default().windows().is_empty());
    }
}
