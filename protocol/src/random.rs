//! Reproducible randomness for back-off: not for secrets.

/// `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014): a seed gives the same sequence everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Distributed evenly over `0..=most`.
    pub(crate) fn up_to(&mut self, most: u64) -> u64 {
        // Even enough, as a time is far shorter than 64 bits of microseconds.
        let drawn = self.next();
        drawn.checked_rem(most.wrapping_add(1)).unwrap_or(drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_published_sequence() {
        // The first outputs of SplitMix64 for the seed 1234567, as published with its reference code.
        let mut random = Random::new(1_234_567);
        let first: [u64; 3] = core::array::from_fn(|_| random.next());
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_cover_their_range_and_stay_inside() {
        let mut random = Random::new(7);
        let mut seen = [false; 5];
        for _ in 0..200 {
            seen[usize::try_from(random.up_to(4)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 5]);
        assert_eq!(random.up_to(0), 0);
    }
}
