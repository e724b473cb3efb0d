//! Numbers on their way into the store and out of it: SQLite's are signed.

/// Any 64 bits, which are only compared for equality.
pub(super) fn bits(number: u64) -> i64 {
    number.cast_signed()
}

/// A number whose order counts; those above 2^63-1 are as good as that.
pub(super) fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// What `bits` or `count` made, again.
pub(super) fn back(stored: i64) -> u64 {
    stored.cast_unsigned()
}
