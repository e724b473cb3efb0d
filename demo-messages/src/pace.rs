//! The pace of a coursework's file on its way, the same for page and server. Pure: time comes in.

use std::time::Duration;

use crate::speed::FILE_BYTES;

/// The least time that a file may stand still, once all of it has been sent.
const LEAST: Duration = Duration::from_secs(60);
/// The same where all of it was sent at once, so that the pace is not known: buffers on the way held the whole file.
const UNKNOWN: Duration = Duration::from_secs(600);

/// How fast a file is sent. Buffers on the way take a part of it at once, the rest at the pace of the line; and after the
/// last byte was sent that part has still to arrive.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// The first count above zero, and the newest one that was larger than those before, each with its time.
    first: Option<(Duration, u64)>,
    last: (Duration, u64),
}

impl Pace {
    /// So many bytes of the file have been sent, so long after it was requested.
    pub fn sent(&mut self, at: Duration, bytes: u64) {
        if bytes > self.last.1 {
            self.first.get_or_insert((at, bytes));
            self.last = (at, bytes);
        }
    }

    /// How long the file may still take, once all of it has been sent: as long as the whole file at its pace and a quarter
    /// more, and at least a minute. `None` while not all of it has been sent.
    #[must_use]
    pub fn rest(&self) -> Option<Duration> {
        let ((from, before), (until, bytes)) = (self.first?, self.last);
        if bytes < FILE_BYTES {
            return None;
        }
        let (time, more) = (until.saturating_sub(from), bytes - before);
        if more == 0 {
            return Some(UNKNOWN);
        }
        #[expect(clippy::cast_precision_loss, reason = "a file of ten million bytes")]
        let whole = time.as_secs_f64() * FILE_BYTES as f64 / more as f64;
        Duration::try_from_secs_f64(whole * 1.25).ok().map(|rest| rest.max(LEAST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file over a line with such a rate in bytes a second and such a buffer, looked at twice a second: the time from its
    /// last byte sent to its last byte received, and the time that it is given.
    fn tail(rate: u64, buffer: u64) -> (Duration, Duration) {
        let mut pace = Pace::default();
        for half_seconds in 0.. {
            assert_eq!(pace.rest(), None);
            let at = Duration::from_millis(half_seconds * 500);
            pace.sent(at, (buffer + rate * half_seconds / 2).min(FILE_BYTES));
            if let Some(rest) = pace.rest() {
                return (Duration::from_secs(buffer.min(FILE_BYTES) / rate), rest);
            }
        }
        unreachable!()
    }

    #[test]
    fn what_the_buffers_hold_has_the_time_that_it_takes() {
        // 30 kbit/s to 16 Mbit/s, up to a path that holds nearly the whole file.
        for rate in [3_750, 32_000, 125_000, 2_000_000] {
            for buffer in [16_384, 1 << 20, 4 << 20, 9 << 20] {
                let (takes, may_take) = tail(rate, buffer);
                assert!(may_take > takes, "{rate} bytes/s, {buffer}: {takes:?} of {may_take:?}");
                let whole = Duration::from_secs(FILE_BYTES / rate);
                assert!(may_take <= (whole * 2).max(LEAST), "{rate} bytes/s, {buffer}: {may_take:?}");
            }
        }
    }

    #[test]
    fn a_file_that_a_buffer_takes_at_once_has_ten_minutes() {
        assert_eq!(tail(125_000, 16 << 20).1, UNKNOWN);
    }

    #[test]
    fn a_file_that_stands_before_its_end_has_no_rest() {
        let mut pace = Pace::default();
        assert_eq!(pace.rest(), None);
        for at in 1..100 {
            pace.sent(Duration::from_secs(at), FILE_BYTES - 1);
        }
        assert_eq!(pace.rest(), None);
    }
}
