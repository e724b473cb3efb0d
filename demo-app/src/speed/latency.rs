//! What round trips say.

/// The most round trips kept.
const LIMIT: usize = 2_000;

/// Round-trip times in milliseconds.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Latency {
    times_ms: Vec<f64>,
}

impl Latency {
    pub(crate) fn add(&mut self, ms: f64) {
        if self.times_ms.len() < LIMIT {
            self.times_ms.push(ms);
        }
    }

    pub(crate) fn count(&self) -> usize {
        self.times_ms.len()
    }

    /// The time that `percent` of the round trips do not exceed (nearest rank). None without round trips.
    pub(crate) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.times_ms.clone();
        sorted.sort_by(f64::total_cmp);
        let rank = (sorted.len() * percent.min(100)).div_ceil(100).max(1);
        sorted.get(rank - 1).copied()
    }

    /// The middle one.
    pub(crate) fn median(&self) -> Option<f64> {
        self.percentile(50)
    }

    /// How much one round trip differs from the next, on average.
    pub(crate) fn jitter(&self) -> Option<f64> {
        let steps: Vec<f64> = self.times_ms.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
        #[expect(clippy::cast_precision_loss, reason = "two thousand at most")]
        let count = steps.len() as f64;
        (!steps.is_empty()).then(|| steps.iter().sum::<f64>() / count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn latency(times: impl IntoIterator<Item = f64>) -> Latency {
        let mut latency = Latency::default();
        times.into_iter().for_each(|ms| latency.add(ms));
        latency
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let it = latency((1..=100).rev().map(f64::from));
        assert_eq!(it.median(), Some(50.0));
        assert_eq!(it.percentile(95), Some(95.0));
        assert_eq!(it.percentile(100), Some(100.0));
        assert_eq!(latency([7.0]).percentile(95), Some(7.0));
        assert_eq!(latency([]).median(), None);
    }

    #[test]
    fn jitter_is_the_mean_step() {
        assert_eq!(latency([10.0, 12.0, 8.0]).jitter(), Some(3.0));
        assert_eq!(latency([10.0]).jitter(), None);
    }
}
