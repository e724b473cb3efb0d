//! A deadline that does not take a late timer for proof.

use crate::Time;

/// A timer that fires so many microseconds later than it was set proves nothing: this end was busy or asleep, and the
/// answer may lie in the event queue behind the timer.
pub(super) const OVERDUE: u64 = 20_000;

/// How many microseconds longer the answer is waited for then.
const EXTENSION: u64 = 1_000_000;

/// A moment by which something must have happened. It is put off once, and once only, when its timer was late: a
/// tab whose timers are always late finds out as well.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline {
    at: Time,
    extended: bool,
}

impl Deadline {
    pub(super) fn new(at: Time) -> Self {
        Self { at, extended: false }
    }

    pub(super) fn at(&self) -> Time {
        self.at
    }

    /// Whether it has passed for good; puts it off if its timer was late.
    pub(super) fn has_passed(&mut self, now: Time) -> bool {
        if self.at <= now && !self.extended && now.micros_since(self.at) >= OVERDUE {
            *self = Self { at: now.after_micros(EXTENSION), extended: true };
        }
        self.at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    #[test]
    fn it_passes_at_its_moment_when_the_timer_is_on_time() {
        assert!(!Deadline::new(at(1_000)).has_passed(at(999)));
        assert!(Deadline::new(at(1_000)).has_passed(at(1_000)));
        assert!(Deadline::new(at(1_000)).has_passed(at(1_019)));
    }

    #[test]
    fn a_late_timer_puts_it_off_once() {
        let mut deadline = Deadline::new(at(1_000));
        assert!(!deadline.has_passed(at(1_020)));
        assert_eq!(deadline.at(), at(2_020));
        assert!(!deadline.has_passed(at(2_019)));
        assert!(deadline.has_passed(at(60_000)));
    }
}
