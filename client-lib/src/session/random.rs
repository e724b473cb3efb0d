//! Random numbers that nobody can guess.

use js_sys::Uint8Array;

use crate::global::fill_random;

/// 64 random bits.
pub(crate) fn random() -> u64 {
    let bytes = Uint8Array::new_with_length(8);
    fill_random(&bytes);
    let mut array = [0; 8];
    bytes.copy_to(&mut array);
    u64::from_le_bytes(array)
}
