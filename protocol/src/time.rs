//! A moment on the caller's clock.

use core::ops::Add;
use core::time::Duration;

/// A moment, counted from any fixed point that the caller chooses, in microseconds. Arithmetic saturates. The clock
/// may jump forward (a laptop slept, a tab was frozen), but must not go back: deadlines would be that much later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Time(u64);

impl Time {
    /// A moment that does not come: the end of a wait that only an event ends.
    pub const NEVER: Self = Self(u64::MAX);

    /// A moment some milliseconds behind the caller's fixed point.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis.saturating_mul(1_000))
    }

    /// A moment some microseconds behind the caller's fixed point.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// Microseconds since the caller's fixed point.
    #[must_use]
    pub const fn as_micros(self) -> u64 {
        self.0
    }

    /// So many microseconds later.
    pub(crate) const fn after_micros(self, micros: u64) -> Self {
        Self(self.0.saturating_add(micros))
    }

    /// The earliest of some moments, if there is one.
    #[must_use]
    #[inline(never)]
    pub fn earliest(moments: &[Option<Self>]) -> Option<Self> {
        let mut earliest = None;
        for moment in moments.iter().flatten() {
            if earliest.is_none_or(|earliest| *moment < earliest) {
                earliest = Some(*moment);
            }
        }
        earliest
    }

    /// How long before this moment `earlier` was; zero if it was not.
    #[must_use]
    #[inline(never)]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.micros_since(earlier))
    }

    /// The same in microseconds.
    pub(crate) const fn micros_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    #[inline(never)]
    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }
}

/// A duration's microseconds, in 64 bits rather than the library's 128: they are half a million years, and saturate.
pub(crate) const fn micros(duration: Duration) -> u64 {
    const MOST_SECONDS: u64 = u64::MAX / 1_000_000;
    if duration.as_secs() >= MOST_SECONDS {
        return u64::MAX;
    }
    duration.as_secs() * 1_000_000 + duration.subsec_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earliest_is_found_among_what_is_there() {
        let (one, two) = (Some(Time(1)), Some(Time(2)));
        assert_eq!(Time::earliest(&[None, two, one, None]), one);
        assert_eq!(Time::earliest(&[one, two]), one);
        assert_eq!(Time::earliest(&[None, two]), two);
        assert_eq!(Time::earliest(&[None]), None);
    }

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let end = Time::from_micros(u64::MAX);
        assert_eq!(end + Duration::MAX, end);
        assert_eq!(Time::from_millis(u64::MAX), end);
        assert_eq!(Time::from_millis(1).since(Time::from_millis(2)), Duration::ZERO);
        assert_eq!((Time::from_millis(1) + Duration::from_micros(5)).as_micros(), 1_005);
    }
}
