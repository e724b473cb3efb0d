//! Reproducible randomness of the simulated world: a seed gives the same run everywhere.

/// `SplitMix64`, as in the library, but the world's own: it must not share the link's sequence.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x5851_f42d_4c95_7f2d)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Evenly distributed over `least..=most`.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        least + self.next() % (most - least + 1)
    }

    pub(crate) fn percent(&mut self, chance: u64) -> bool {
        self.next() % 100 < chance
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.next() as usize % from.len()]
    }

    /// Spread over the orders of magnitude between two numbers above 0.
    pub(crate) fn magnitude(&mut self, least: u64, most: u64) -> u64 {
        let doublings = (most / least).ilog2();
        let scale = least << self.between(0, u64::from(doublings));
        self.between(scale, (scale * 2).min(most).max(scale))
    }
}
