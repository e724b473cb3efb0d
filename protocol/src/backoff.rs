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
    /// A connection that was open for this long starts the count anew; a shorter one does not, so that a server
    /// that accepts and closes is not hammered. So does one over which a protocol above got something done
    /// ([`Link::proved`](crate::Link::proved)). Default 10 s.
    pub stable: Duration,
    /// How many attempts may fail in a row, the first one included, before the link gives up. A connection that
    /// was not open for `stable` counts as failed. Default: no limit.
    pub max_attempts: Option<u32>,
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            first: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            floor: Duration::from_millis(100),
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

    /// With another time after which a connection counts as stable, [`stable`](Self::stable).
    #[must_use]
    pub fn with_stable(mut self, stable: Duration) -> Self {
        self.stable = stable;
        self
    }

    /// With a limit on the attempts that may fail in a row, [`max_attempts`](Self::max_attempts).
    #[must_use]
    pub fn with_max_attempts(mut self, attempts: u32) -> Self {
        self.max_attempts = Some(attempts);
        self
    }

    /// The most that the given retry in a row (1 for the first) waits, less `floor`.
    #[must_use]
    pub fn ceiling(&self, retry: u32) -> Duration {
        let exponent = retry.saturating_sub(1);
        let factor = 1u32.checked_shl(exponent).unwrap_or(u32::MAX);
        self.first.saturating_mul(factor).min(self.cap)
    }

    /// True when `failures` failed attempts in a row are as many as there may be.
    #[must_use]
    pub fn exhausted(&self, failures: u32) -> bool {
        self.max_attempts.is_some_and(|most| failures >= most)
    }

    pub(crate) fn delay(&self, retry: u32, random: &mut Random) -> Duration {
        let ceiling = micros(self.ceiling(retry));
        let floor = if retry > 1 { self.floor } else { Duration::ZERO };
        Duration::from_micros(random.up_to(ceiling)).saturating_add(floor)
    }
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
    fn delays_lie_between_floor_and_ceiling_and_spread() {
        let backoff = Backoff::default();
        let mut random = Random::new(42);
        for retry in 1..12 {
            let floor = if retry == 1 { Duration::ZERO } else { backoff.floor };
            let (mut least, mut most) = (Duration::MAX, Duration::ZERO);
            for _ in 0..500 {
                let delay = backoff.delay(retry, &mut random);
                least = least.min(delay);
                most = most.max(delay);
            }
            assert!(least >= floor);
            assert!(most <= backoff.ceiling(retry) + floor);
            assert!(most - least > backoff.ceiling(retry) * 9 / 10, "no full jitter at {retry}");
        }
    }

    #[test]
    fn unlimited_means_unlimited_and_a_limit_counts_the_first_attempt() {
        assert!(!Backoff::default().exhausted(u32::MAX));
        let three = Backoff { max_attempts: Some(3), ..Backoff::default() };
        assert!(!three.exhausted(2));
        assert!(three.exhausted(3));
    }
}
