//! Random numbers of the browser.

use js_sys::Uint8Array;

use crate::global::fill_random;

/// 64 random bits that nobody can guess.
pub(crate) fn random() -> u64 {
    let bytes = Uint8Array::new_with_length(8);
    fill_random(&bytes);
    let mut array = [0; 8];
    bytes.copy_to(&mut array);
    u64::from_le_bytes(array)
}

/// A seed for jitter: guessable, and cheaper to download than [`random`].
pub(crate) fn seed() -> u64 {
    // Two draws, since a double has 53 bits; jitter needs no better.
    (js_sys::Math::random() * 2f64.powi(32)) as u64 ^ ((js_sys::Math::random() * 2f64.powi(53)) as u64) << 11
}
