//! A streamed test under way or done: what has been measured so far.

use super::latency::Latency;
use super::meter::Meter;
use super::report::{Direction, Phase, Report};
use super::verdict::Figures;

/// One direction's load.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Load {
    pub(crate) meter: Meter,
    pub(crate) latency: Latency,
    /// The whole as both ends counted it, once it is done.
    pub(crate) counted: Option<Counted>,
    /// Its time limit ended it before all that was sent had arrived.
    pub(crate) cut_off: bool,
}

/// Payload bytes of a whole load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counted {
    pub(crate) by_server: u64,
    pub(crate) by_page: u64,
    /// How long it took by the server's clock, in microseconds.
    pub(crate) micros: u64,
}

/// What a streamed test has measured.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Streamed {
    pub(crate) phase: Phase,
    pub(crate) idle: Latency,
    pub(crate) download: Load,
    pub(crate) upload: Load,
    /// How long the idle latency is measured, in milliseconds.
    pub(crate) idle_ms: f64,
    /// How long each direction is loaded, in milliseconds.
    pub(crate) load_ms: f64,
    done: bool,
}

/// How many round trips are measured without load.
pub(crate) const IDLE_TRIPS: f64 = 20.0;

impl Streamed {
    /// Nothing measured yet.
    pub(crate) fn new(idle_ms: u32, load_ms: u32) -> Self {
        Self {
            phase: Phase::Connecting,
            idle: Latency::default(),
            download: Load::default(),
            upload: Load::default(),
            idle_ms: f64::from(idle_ms),
            load_ms: f64::from(load_ms),
            done: false,
        }
    }

    fn load_mut(&mut self, direction: Direction) -> &mut Load {
        match direction {
            Direction::Download => &mut self.download,
            Direction::Upload => &mut self.upload,
        }
    }

    /// A direction's load.
    pub(crate) fn load(&self, direction: Direction) -> &Load {
        match direction {
            Direction::Download => &self.download,
            Direction::Upload => &self.upload,
        }
    }

    /// Takes what the worker says.
    pub(crate) fn take(&mut self, report: &Report) {
        match report {
            Report::Began(phase) => {
                self.phase = *phase;
                if let Phase::Load(direction) = *phase {
                    let round_trip_ms = self.idle.median().unwrap_or_default();
                    self.load_mut(direction).meter = Meter::new(round_trip_ms);
                }
            }
            Report::RoundTrip { under: None, ms } => self.idle.add(*ms),
            Report::RoundTrip { under: Some(direction), ms } => self.load_mut(*direction).latency.add(*ms),
            Report::Moved { direction, at_ms, bytes } => self.load_mut(*direction).meter.add(*at_ms, *bytes),
            Report::Passed { direction, ms } => self.load_mut(*direction).meter.pass(*ms),
            Report::Served { direction, bytes, micros, page_bytes } => {
                let counted = Counted { by_server: *bytes, by_page: *page_bytes, micros: *micros };
                self.load_mut(*direction).counted = Some(counted);
            }
            Report::CutOff { direction } => self.load_mut(*direction).cut_off = true,
            Report::Finished => self.done = true,
            Report::Ready
            | Report::Took { .. }
            | Report::File { .. }
            | Report::Stopped
            | Report::Failed(_) => {}
        }
    }

    /// How much is done, 0 to 1; it only grows.
    pub(crate) fn progress(&self) -> f64 {
        if self.done {
            return 1.0;
        }
        (self.passed_ms() / self.whole_ms()).min(1.0)
    }

    /// How much of the test is still to come, in whole seconds: the chosen times less those that have passed.
    pub(crate) fn remaining_seconds(&self) -> u64 {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "minutes at most")]
        let seconds = ((self.whole_ms() - self.passed_ms()).max(0.0) / 1_000.0).ceil() as u64;
        seconds
    }

    fn whole_ms(&self) -> f64 {
        self.idle_ms + 2.0 * self.load_ms
    }

    fn passed_ms(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let idle = (self.idle.count() as f64 / IDLE_TRIPS).min(1.0) * self.idle_ms;
        let load = |load: &Load| load.meter.elapsed_ms().min(self.load_ms);
        match self.phase {
            Phase::Connecting | Phase::Latency => idle,
            Phase::Load(Direction::Download) => self.idle_ms + load(&self.download),
            Phase::Load(Direction::Upload) => self.idle_ms + self.load_ms + load(&self.upload),
        }
    }

    /// The worse of both directions' medians under load.
    pub(crate) fn loaded_ms(&self) -> Option<f64> {
        let medians = [self.download.latency.median(), self.upload.latency.median()];
        medians.into_iter().flatten().max_by(f64::total_cmp)
    }

    /// The result, if every part of it has been measured.
    pub(crate) fn figures(&self) -> Option<Figures> {
        Some(Figures {
            download: self.download.meter.result()?,
            upload: self.upload.meter.result()?,
            idle_ms: self.idle.median()?,
            loaded_ms: self.loaded_ms()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_only_grows_and_ends_at_one() {
        let mut test = Streamed::new(2_000, 4_000);
        let mut last = 0.0;
        let mut reports = vec![Report::Began(Phase::Latency)];
        reports.extend((0..30).map(|_| Report::RoundTrip { under: None, ms: 4.0 }));
        for direction in [Direction::Download, Direction::Upload] {
            reports.push(Report::Began(Phase::Load(direction)));
            reports.extend((1..50_u32).map(|i| Report::Moved {
                direction,
                at_ms: f64::from(i) * 100.0,
                bytes: u64::from(i) * 1_000,
            }));
        }
        reports.push(Report::Finished);
        for report in reports {
            test.take(&report);
            assert!(test.progress() >= last, "{report:?}");
            last = test.progress();
        }
        assert!((last - 1.0).abs() < 1e-9);
    }

    #[test]
    fn the_remaining_time_runs_down_though_nothing_comes() {
        let mut test = Streamed::new(2_000, 8_000);
        assert_eq!(test.remaining_seconds(), 18);
        test.take(&Report::Began(Phase::Load(Direction::Download)));
        test.take(&Report::Passed { direction: Direction::Download, ms: 3_000.0 });
        assert_eq!(test.remaining_seconds(), 13);
        test.take(&Report::Began(Phase::Load(Direction::Upload)));
        test.take(&Report::Passed { direction: Direction::Upload, ms: 9_000.0 });
        assert_eq!(test.remaining_seconds(), 0);
    }

    #[test]
    fn a_load_that_its_time_limit_ended_is_marked_and_the_other_is_not() {
        let mut test = Streamed::new(2_000, 8_000);
        test.take(&Report::CutOff { direction: Direction::Upload });
        assert_eq!((test.download.cut_off, test.upload.cut_off), (false, true));
    }

    #[test]
    fn the_loaded_latency_is_the_worse_direction_s() {
        let mut test = Streamed::new(1, 1);
        assert_eq!(test.loaded_ms(), None);
        test.take(&Report::RoundTrip { under: Some(Direction::Download), ms: 9.0 });
        test.take(&Report::RoundTrip { under: Some(Direction::Upload), ms: 4.0 });
        assert_eq!(test.loaded_ms(), Some(9.0));
        assert_eq!(test.figures(), None);
    }
}
