//! A tally: bytes that are held, and how many of them are about to be freed.

use std::sync::atomic::{AtomicU64, Ordering};

/// What one network holds, or all together.
#[derive(Debug, Default)]
pub(super) struct Tally {
    held: AtomicU64,
    /// Of those, what holders have that were told to give way.
    leaving: AtomicU64,
}

impl Tally {
    /// Replaces what one holder has. Returns what is held in all and is to stay.
    pub(super) fn replace(&self, before: u64, now: u64, is_leaving: bool) -> u64 {
        let held = replace(&self.held, before, now);
        let leaving = match is_leaving {
            true => replace(&self.leaving, before, now),
            false => self.leaving.load(Ordering::Relaxed),
        };
        held.saturating_sub(leaving)
    }

    /// A holder gives way that has so much.
    pub(super) fn leave(&self, bytes: u64) {
        self.leaving.fetch_add(bytes, Ordering::Relaxed);
    }

    pub(super) fn held(&self) -> u64 {
        self.held.load(Ordering::Relaxed)
    }

    /// What is held and is to stay.
    pub(super) fn staying(&self) -> u64 {
        self.held().saturating_sub(self.leaving.load(Ordering::Relaxed))
    }
}

fn replace(sum: &AtomicU64, before: u64, now: u64) -> u64 {
    if now >= before {
        sum.fetch_add(now - before, Ordering::Relaxed) + (now - before)
    } else {
        sum.fetch_sub(before - now, Ordering::Relaxed) - (before - now)
    }
}
