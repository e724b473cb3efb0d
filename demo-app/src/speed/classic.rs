//! The coursework's method: ten times ten million bytes, and what their mean says.

use demo_messages::speed::FILE_BYTES;

use crate::words;

/// How many times the file is fetched.
pub(crate) const RUNS: u32 = 10;
/// Below so many megabytes a second the connection is called bad.
const BAD_BELOW: f64 = 10.0;
/// From so many megabytes a second on it is called good.
const GOOD_FROM: f64 = 50.0;

/// The coursework's word for a speed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grade {
    Bad,
    Fair,
    Good,
}

/// The mean of a test's runs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Mean {
    /// Megabytes (10^6) a second: the file's size over the mean time.
    pub(crate) megabytes: f64,
    /// Megabits a second: eight times as many.
    pub(crate) megabits: f64,
    pub(crate) grade: Grade,
}

/// The mean over the runs' times in milliseconds, or none without runs.
pub(crate) fn mean(times_ms: &[f64]) -> Option<Mean> {
    let total: f64 = times_ms.iter().sum();
    if times_ms.is_empty() || total <= 0.0 {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "few runs, a small file")]
    let (runs, file_mb) = (times_ms.len() as f64, FILE_BYTES as f64 / 1e6);
    let megabytes = file_mb / (total / runs / 1_000.0);
    let grade = if megabytes < BAD_BELOW {
        Grade::Bad
    } else if megabytes < GOOD_FROM {
        Grade::Fair
    } else {
        Grade::Good
    };
    Some(Mean { megabytes, megabits: megabytes * 8.0, grade })
}

/// A test of the coursework's method under way or done.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Files {
    /// The times of the files that are there, in milliseconds.
    pub(crate) times_ms: Vec<f64>,
    /// Of the next one: bytes that the server has sent.
    part_bytes: u64,
    /// And the time since it was requested, in milliseconds.
    part_ms: f64,
    /// The first such bytes and time of the first file: buffers on the way took some at once, which says nothing of the pace.
    first: Option<(u64, f64)>,
}

impl Files {
    /// A file is there.
    pub(crate) fn took(&mut self, ms: f64) {
        self.times_ms.push(ms);
        (self.part_bytes, self.part_ms) = (0, 0.0);
    }

    /// So much of the next file has been sent.
    pub(crate) fn part(&mut self, bytes: u64, ms: f64) {
        (self.part_bytes, self.part_ms) = (bytes, ms);
        if bytes > 0 {
            self.first.get_or_insert((bytes, ms));
        }
    }

    /// How many files are there, with the part of the next one.
    #[expect(clippy::cast_precision_loss, reason = "few runs, a small file")]
    pub(crate) fn done(&self) -> f64 {
        self.times_ms.len() as f64 + self.part_bytes as f64 / FILE_BYTES as f64
    }

    /// The file under way, from 1, and how much of it has been sent. None once all are there, and before anything was sent.
    pub(crate) fn under_way(&self) -> Option<(usize, u64)> {
        let number = self.times_ms.len() + 1;
        (number <= RUNS as usize && self.part_bytes > 0).then_some((number, self.part_bytes))
    }

    /// An estimate of the time that the rest takes, in milliseconds: by the files that are there, or else by the pace of the
    /// first one. None before there is one.
    #[expect(clippy::cast_precision_loss, reason = "few runs, a small file")]
    pub(crate) fn remaining_ms(&self) -> Option<f64> {
        let per_file = if self.times_ms.is_empty() {
            let (bytes, ms) = self.first?;
            let more = self.part_bytes.checked_sub(bytes).filter(|more| *more > 0)?;
            (self.part_ms - ms) / more as f64 * FILE_BYTES as f64
        } else {
            self.times_ms.iter().sum::<f64>() / self.times_ms.len() as f64
        };
        Some(per_file * (f64::from(RUNS) - self.done()).max(0.0))
    }
}

/// The coursework's log.
pub(crate) fn log(started: bool, times_ms: &[f64], finished: bool) -> Vec<String> {
    let mut lines = Vec::with_capacity(times_ms.len() + 2);
    if started {
        lines.push(words::CLASSIC_STARTING.to_owned());
    }
    for (i, ms) in times_ms.iter().enumerate() {
        lines.push(words::classic_completed(i + 1, RUNS, *ms));
    }
    if finished {
        lines.push(words::CLASSIC_FINISHED.to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_the_file_over_the_mean_time_and_its_bits_eight_times_as_many() {
        let mean = mean(&[100.0, 300.0]).expect("runs");
        assert!((mean.megabytes - 50.0).abs() < 1e-9);
        assert!((mean.megabits - 400.0).abs() < 1e-9);
        assert_eq!(mean.grade, Grade::Good);
    }

    #[test]
    fn bad_is_under_ten_and_good_from_fifty() {
        let grade = |ms: f64| mean(&[ms]).expect("a run").grade;
        assert_eq!(grade(1_000.1), Grade::Bad);
        assert_eq!(grade(1_000.0), Grade::Fair);
        assert_eq!(grade(200.1), Grade::Fair);
        assert_eq!(grade(200.0), Grade::Good);
    }

    #[test]
    fn nothing_measured_has_no_mean() {
        assert_eq!(mean(&[]), None);
        assert_eq!(mean(&[0.0]), None);
    }

    #[test]
    fn progress_and_remaining_time_count_the_part_of_a_file() {
        let mut files = Files::default();
        assert_eq!((files.done(), files.remaining_ms(), files.under_way()), (0.0, None, None));
        // 256 kbit/s, so that a file takes 312.5 s, and buffers that take 400 kB at once.
        files.part(400_000, 0.0);
        assert_eq!(files.remaining_ms(), None);
        files.part(1_000_000, 18_750.0);
        assert!((files.done() - 0.1).abs() < 1e-9);
        assert_eq!(files.under_way(), Some((1, 1_000_000)));
        assert!((files.remaining_ms().expect("a pace") - 3_093_750.0).abs() < 1e-6);
        files.took(312_500.0);
        assert!((files.done() - 1.0).abs() < 1e-9);
        assert_eq!(files.under_way(), None);
        assert!((files.remaining_ms().expect("a pace") - 2_812_500.0).abs() < 1e-6);
        for _ in 1..RUNS {
            files.took(312_500.0);
        }
        files.part(7, 1.0);
        assert_eq!(files.under_way(), None);
    }

    #[test]
    fn a_file_that_has_come_to_a_stand_moves_the_end_away() {
        let mut files = Files::default();
        files.part(1_000_000, 100.0);
        files.part(5_000_000, 1_000.0);
        let before = files.remaining_ms();
        files.part(5_000_000, 2_000.0);
        assert!(files.remaining_ms() > before);
    }

    #[test]
    fn the_log_has_the_coursework_s_words() {
        assert_eq!(
            log(true, &[40.0, 38.25, 41.26], true),
            [
                "Starting...",
                "Completed Test: 1/10. Took 40.0 milliseconds.",
                "Completed Test: 2/10. Took 38.2 milliseconds.",
                "Completed Test: 3/10. Took 41.3 milliseconds.",
                "Finished."
            ]
        );
        assert!(log(false, &[], false).is_empty());
    }
}
