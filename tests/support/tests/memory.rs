//! The allocator counts what is held, however it was asked for.

use rejoin_test_support::memory::{CountingAllocator, counting_allocator};

#[global_allocator]
static ALLOCATOR: CountingAllocator = counting_allocator();

#[test]
fn bytes_are_counted_while_they_are_held() {
    let before = ALLOCATOR.allocated();
    // The thread that runs tests may hold a little more or less meanwhile.
    let held_is = |bytes: usize| {
        let (found, expected) = (ALLOCATOR.allocated(), before + bytes);
        assert!(found.abs_diff(expected) < 5_000, "{found} for {expected}");
    };
    let mut held = Vec::with_capacity(1_000_000);
    held_is(1_000_000);
    held.resize(3_000_000, 7_u8);
    held.shrink_to_fit();
    held_is(3_000_000);
    let zeroed = vec![0_u8; 2_000_000];
    held_is(5_000_000);
    held.truncate(500_000);
    held.shrink_to_fit();
    held_is(2_500_000);
    drop((held, zeroed));
    held_is(0);
}
