//! Two clocks compared. While a machine sleeps its monotonic clock may stand still, so that its timers fire late by
//! the wall clock alone; on other systems the monotonic clock counts the sleep, and a timer fires late by both.

use super::Link;
use super::phase::{HINT_SPACING, Phase};
use crate::Time;

/// A difference that changes by more than these microseconds from one comparison to the next is a jump. Clocks that are merely
/// adjusted (NTP slews them by at most 0.5 ms a second) stay far below.
const JUMP: u64 = 2_000_000;

/// A visible page compares its clocks at least this often while it waits or watches a connection, in microseconds.
const CHECK: u64 = 5_000_000;

#[derive(Debug, Default)]
pub(super) struct Clocks {
    /// Microseconds by which the wall clock was ahead when it was read last.
    ahead: Option<i64>,
    /// It has jumped since the last comparison.
    jumped: bool,
    /// When the last check was due and came, or the first began to be waited for.
    checked: Time,
    /// Microseconds for which the monotonic clock has stood still, as far as the wall clock can be trusted.
    pub(super) stood_still: u64,
}

impl<M> Link<M> {
    /// Says what the wall clock shows, in microseconds since any fixed point, and `now` the monotonic one: to be called just
    /// before [`handle_input`](Self::handle_input) of a timer or of the page. Nothing is to be drained after it. A wall clock
    /// that is set, forward or back, is not told from a sleep: it costs a ping, or an attempt that comes early, and nothing
    /// more.
    pub fn wall_clock(&mut self, now: Time, wall: Time) {
        let ahead = wall.as_micros().wrapping_sub(now.as_micros()) as i64;
        let jump = ahead.saturating_sub(self.clocks.ahead.replace(ahead).unwrap_or(ahead));
        if jump.unsigned_abs() > JUMP {
            self.clocks.jumped = true;
            self.clocks.stood_still = self.clocks.stood_still.saturating_add(jump.max(0) as u64);
        }
    }

    /// Looks whether this end slept; then a connection is asked for a sign of life, and a wait ends.
    pub(super) fn compare_clocks(&mut self) {
        let mut jumped = core::mem::take(&mut self.clocks.jumped);
        let due = self.check_due();
        if due <= self.now {
            jumped |= self.now.micros_since(due) > JUMP;
            self.begin_checks();
        }
        if jumped {
            self.probe_and_retry(HINT_SPACING);
        }
    }

    /// Counts the time to the next check from now on.
    pub(super) fn begin_checks(&mut self) {
        self.clocks.checked = self.now;
    }

    /// When the clocks are to be compared at the latest. Timers of a hidden page are throttled, so that their being late says
    /// nothing, and its return to sight calls for a probe anyway.
    pub(super) fn check_due(&self) -> Time {
        let matters = match self.phase {
            Phase::Open { pulse: Some(_), .. } => true,
            Phase::Waiting { until } => until < Time::NEVER,
            _ => false,
        };
        if matters && self.hidden.is_none() { self.clocks.checked.after_micros(CHECK) } else { Time::NEVER }
    }
}
