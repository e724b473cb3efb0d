//! An allocator that counts the bytes that a test's process holds.

use std::alloc::System;

/// The system's allocator, with a count of the bytes that were asked for and not given back: `allocated()`. What the
/// system's allocator itself needs for a block, 8 to 24 bytes of most, is not in it.
///
/// A test that counts is a binary of its own with one test in it, since other tests of the binary are counted too.
///
/// ```
/// use rejoin_test_support::memory::{CountingAllocator, counting_allocator};
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = counting_allocator();
///
/// let before = ALLOCATOR.allocated();
/// let held = vec![7_u8; 100_000];
/// assert!(ALLOCATOR.allocated() - before >= 100_000);
/// drop(held);
/// ```
pub type CountingAllocator = cap::Cap<System>;

/// One that sets no limit.
#[must_use]
pub const fn counting_allocator() -> CountingAllocator {
    cap::Cap::new(System, usize::MAX)
}
