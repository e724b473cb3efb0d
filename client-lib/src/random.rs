//! Random numbers of the browser.

use js_sys::Uint32Array;

use crate::global::fill_random;

/// 64 random bits that nobody can guess.
pub(crate) fn random() -> u64 {
    let halves = Uint32Array::new_with_length(2);
    fill_random(&halves);
    u64::from(halves.get_index(0)) << 32 | u64::from(halves.get_index(1))
}

/// A seed for jitter: guessable, and cheaper to download than [`random`].
pub(crate) fn seed() -> u64 {
    // Two draws, since a double has 53 bits; jitter needs no better.
    (js_sys::Math::random() * 2f64.powi(32)) as u64 ^ ((js_sys::Math::random() * 2f64.powi(53)) as u64) << 11
}
