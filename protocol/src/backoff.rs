//! Back-off: how long to wait before the next attempt.

use core::time::Duration;

use crate::random::Random;
use crate::time::micros;

/// Exponential back-off with full jitter: the first retry after a random time up to `first`, each further one
/// after a random time up to twice as long as for the one before, at most `cap`, plus `floor`. Full jitter spreads the clients of a restarted
/// server best (Brooker, "Exponential Backoff And Jitter", 2015).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Backoff {
    /// The most that the first retry waits. Default 500 ms.
    pub first: Duration,
    /// The most that any retry waits, less `floor`. Default 30 s.
    pub cap: Duration,
    /// The least that every retry but the first waits. Default 100 ms.
    pub floor: Duration,
    /// The least that the first retry waits. Default 0: a connection that was cut once comes back soon.
    pub first_floor: Duration,
    /// By how much each further retry's range is longer than the one's before, in percent of that. Default 200, and
    /// what is below 100 counts as 100.
    pub growth_percent: u32,
    /// A connection that was open for this long starts the count anew; a shorter one does not, so that a server
    /// that accepts and closes is not hammered. So does one over which a protocol above got something done
    /// ([`Link::proved`](crate::Link::proved)). Default 10 s.
    pub stable: Duration,
    /// How many attempts may fail in a row, the first one included, before the link gives up. A connection that
    /// was not open for `stable` counts as failed. Attempts that fail while the machine says that it has no network do not
    /// count, and the count begins again when the network or the page comes back. Default: no limit.
    pub max_attempts: Option<u32>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            floor: Duration::from_millis(100),
            first_floor: Duration::ZERO,
            growth_percent: 200,
            stable: Duration::from_secs(10),
            max_attempts: None,
        }
    }
}

impl Backoff {
    /// With another most that the first retry waits, [`first`](Self::first).
    #[must_use]
    pub fn with_first(mut self, first: Duration) -> Self {
        self.first = first;
        self
    }

    /// With another cap, [`cap`](Self::cap).
    #[must_use]
    pub fn with_cap(mut self, cap: Duration) -> Self {
        self.cap = cap;
        self
    }

    /// With another floor, [`floor`](Self::floor).
    #[must_use]
    pub fn with_floor(mut self, floor: Duration) -> Self {
        self.floor = floor;
        self
    }

    /// With another floor of the first retry, [`first_floor`](Self::first_floor).
    #[must_use]
    pub fn with_first_floor(mut self, floor: Duration) -> Self {
        self.first_floor = floor;
        self
    }

    /// With another growth, [`growth_percent`](Self::growth_percent).
    #[must_use]
    pub fn with_growth_percent(mut self, percent: u32) -> Self {
        self.growth_percent = percent;
        self
    }

    /// With another time after which a connection counts as stable, [`stable`](Self::stable).
    #[must_use]
    pub fn with_stable(mut self, stable: Duration) -> Self {
        self.stable = stable;
        self
    }

    /// With a limit on the attempts that may fail in a row, [`max_attempts`](Self::max_attempts), above 0.
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// The most that the given retry in a row (1 for the first) waits, less `floor`.
    #[must_use]
    pub fn ceiling(&self, retry: u32) -> Duration {
        Duration::from_micros(self.ceiling_micros(retry))
    }

    fn ceiling_micros(&self, retry: u32) -> u64 {
        let cap = micros(self.cap);
        let mut ceiling = micros(self.first);
        let mut left = retry.saturating_sub(1);
        while left > 0 && ceiling < cap {
            let grown = grow(ceiling, self.growth_percent);
            if grown == ceiling {
                break;
            }
            ceiling = grown;
            left -= 1;
        }
        ceiling.min(cap)
    }

    /// True when `failures` failed attempts in a row are as many as there may be.
    #[must_use]
    pub fn exhausted(&self, failures: u32) -> bool {
        self.max_attempts.is_some_and(|most| failures >= most)
    }

    /// How many microseconds a retry waits.
    pub(crate) fn delay(&self, retry: u32, random: &mut Random) -> u64 {
        let floor = if retry > 1 { self.floor } else { self.first_floor };
        random.up_to(self.ceiling_micros(retry)).saturating_add(micros(floor))
    }
}

/// In floating point, which saturates: in whole numbers that takes a product of 128 bits. Exact for any delay up to a year.
fn grow(micros: u64, percent: u32) -> u64 {
    (micros as f64 * f64::from(percent.max(100)) / 100.0) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ceiling_doubles_up_to_the_cap() {
        let backoff = Backoff::default();
        let millis: [u128; 8] = core::array::from_fn(|n| backoff.ceiling(n as u32 + 1).as_millis());
        assert_eq!(millis, [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
        assert_eq!(backoff.ceiling(u32::MAX), backoff.cap);
    }

    #[test]
    fn another_growth_is_kept_to_and_none_at_all_is_a_steady_pace() {
        let slow = Backoff::default().with_first(Duration::from_secs(1)).with_growth_percent(130);
        let millis: [u128; 4] = core::array::from_fn(|n| slow.ceiling(n as u32 + 1).as_millis());
        assert_eq!(millis, [1_000, 1_300, 1_690, 2_197]);
        assert_eq!(slow.ceiling(u32::MAX), slow.cap);
        for percent in [0, 100] {
            let steady = slow.with_growth_percent(percent);
            assert_eq!(steady.ceiling(u32::MAX), Duration::from_secs(1));
        }
        let long = slow.with_first(Duration::from_secs(1 << 40)).with_cap(Duration::MAX);
        assert!(long.ceiling(u32::MAX) > long.ceiling(1));
    }

    #[test]
    fn the_first_retry_has_a_floor_of_its_own() {
        let backoff = Backoff::default().with_first_floor(Duration::from_secs(3));
        let delay = backoff.delay(1, &mut Random::new(1));
        assert!((3_000_000..=3_500_000).contains(&delay));
        assert!(backoff.delay(2, &mut Random::new(1)) <= 1_100_000);
    }

    #[test]
    fn delays_lie_between_floor_and_ceiling_and_spread() {
        let backoff = Backoff::default();
        let mut random = Random::new(42);
        for retry in 1..12 {
            let floor = if retry == 1 { Duration::ZERO } else { backoff.floor };
            let (mut least, mut most) = (Duration::MAX, Duration::ZERO);
            for _ in 0..500 {
                let delay = Duration::from_micros(backoff.delay(retry, &mut random));
                least = least.min(delay);
                most = most.max(delay);
            }
            assert!(least >= floor);
            assert!(most <= backoff.ceiling(retry) + floor);
            assert!(most - least > backoff.ceiling(retry) * 9 / 10, "no full jitter at {retry}");
        }
    }

    #[test]
    fn each_setting_changes_itself_alone() {
        let (base, time) = (Backoff::default(), Duration::from_secs(77));
        assert_eq!(base.with_first(time), Backoff { first: time, ..base });
        assert_eq!(base.with_cap(time), Backoff { cap: time, ..base });
        assert_eq!(base.with_floor(time), Backoff { floor: time, ..base });
        assert_eq!(base.with_first_floor(time), Backoff { first_floor: time, ..base });
        assert_eq!(base.with_growth_percent(7), Backoff { growth_percent: 7, ..base });
        assert_eq!(base.with_stable(time), Backoff { stable: time, ..base });
        assert_eq!(base.with_max_attempts(7), Backoff { max_attempts: Some(7), ..base });
    }

    #[test]
    fn growing_is_exact_to_the_microsecond() {
        assert_eq!(grow(150, 130), 195);
        assert_eq!(grow(99, 250), 247);
        assert_eq!(grow(1_000, 200), 2_000);
    }

    #[test]
    fn unlimited_means_unlimited_and_a_limit_counts_the_first_attempt() {
        assert!(!Backoff::default().exhausted(u32::MAX));
        let three = Backoff { max_attempts: Some(3), ..Backoff::default() };
        assert!(!three.exhausted(2));
        assert!(three.exhausted(3));
    }
}
