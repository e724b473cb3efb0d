//! Two clocks compared. While a machine sleeps its monotonic clock may stand still, so that its timers fire late by
//! the wall clock alone; on other systems the monotonic clock counts the sleep, and a timer fires late by both.

use core::time::Duration;

use super::Link;
use super::phase::{HINT_SPACING, Phase};
use crate::Time;

/// A difference that changes by more than this from one comparison to the next is a jump. Clocks that are merely adjusted
/// (NTP slews them by at most 0.5 ms a second) stay far below.
const JUMP: Duration = Duration::from_secs(2);

/// A visible page compares its clocks at least this often while it waits or watches a connection.
const CHECK: Duration = Duration::from_secs(5);

#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// Microseconds by which the wall clock is ahead, if it was read since the last comparison.
    read: Option<i64>,
    /// The same at the last comparison.
    ahead: Option<i64>,
    /// When the last check was due and came, or the first began to be waited for.
    checked: Time,
    /// How long the monotonic clock has stood still, as far as the wall clock can be trusted.
    pub(super) stood_still: Duration,
}

impl<M> Link<M> {
    /// Says what the wall clock shows (microseconds since any fixed point), and `now` the monotonic one, to be compared at the
    /// next [`handle_input`](Self::handle_input) of a timer or of the page. Nothing is to be drained after it. A wall clock that is set, forward or back,
    /// is not told from a sleep: it costs a ping, or an attempt that comes early, and nothing more.
    pub fn wall_clock(&mut self, now: Time, wall: Time) {
        self.clocks.read = Some(wall.as_micros().wrapping_sub(now.as_micros()) as i64);
    }

    /// Looks whether this end slept; then a connection is asked for a sign of life, and a wait ends.
    pub(super) fn compare_clocks(&mut self) {
        let mut jumped = false;
        if let Some(ahead) = self.clocks.read.take() {
            let jump = ahead.saturating_sub(self.clocks.ahead.unwrap_or(ahead));
            self.clocks.ahead = Some(ahead);
            let size = Duration::from_micros(jump.unsigned_abs());
            jumped = size > JUMP;
            if jumped && jump > 0 {
                self.clocks.stood_still = self.clocks.stood_still.saturating_add(size);
            }
        }
        if let Some(due) = self.check_due()
            && due <= self.now
        {
            jumped |= self.now.since(due) > JUMP;
            self.clocks.checked = self.now;
        }
        if jumped {
            self.hurry(HINT_SPACING);
            self.probe();
        }
    }

    /// Counts the time to the next check from now on.
    pub(super) fn begin_checks(&mut self) {
        self.clocks.checked = self.now;
    }

    /// When the clocks are to be compared at the latest. Timers of a hidden page are throttled, so that their being late says
    /// nothing, and its return to sight calls for a probe anyway.
    pub(super) fn check_due(&self) -> Option<Time> {
        let matters = match self.phase {
            Phase::Open { pulse: Some(_), .. } => true,
            Phase::Waiting { until } => until < Time::NEVER,
            _ => false,
        };
        (matters && self.hidden.is_none()).then(|| self.clocks.checked + CHECK)
    }
}
