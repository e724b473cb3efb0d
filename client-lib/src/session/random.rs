//! Random numbers that nobody can guess.

use js_sys::Uint32Array;

use crate::global::fill_random;

/// 64 random bits.
pub(crate) fn random() -> u64 {
    let halves = Uint32Array::new_with_length(2);
    fill_random(&halves);
    u64::from(halves.get_index(0)) << 32 | u64::from(halves.get_index(1))
}
