//! A line of those who wait for room, first come, first served, so that a large message is not passed by small ones for
//! ever.

use std::cell::Cell;
use std::task::{Context, Waker};

use crate::slim_cell::SlimCell;

/// How many may wait, and how many bytes their messages may have.
#[derive(Clone, Copy)]
pub(crate) struct WaitLimits {
    pub(crate) count: usize,
    pub(crate) bytes: usize,
}

impl Default for WaitLimits {
    fn default() -> Self {
        Self { count: 4_096, bytes: 16 << 20 }
    }
}

struct Waiting {
    number: u64,
    bytes: usize,
    waker: Waker,
}

/// Those who wait for the same room, in the order in which they began to, which is that of their numbers. Only the first
/// of them tries.
#[derive(Default)]
pub(crate) struct Line {
    /// Removing one moves those behind it, of whom there are no more than the limit: code is dearer than that.
    places: SlimCell<Vec<Waiting>>,
    next: Cell<u64>,
    bytes: Cell<usize>,
}

impl Line {
    /// Takes a place, if there is one.
    #[inline(never)]
    pub(crate) fn join(&self, bytes: usize, limits: WaitLimits) -> Option<u64> {
        let mut places = self.places.borrow_mut();
        let sum = self.bytes.get().saturating_add(bytes);
        // One whose message is larger than the limit may wait alone.
        if places.len() >= limits.count || (!places.is_empty() && sum > limits.bytes) {
            return None;
        }
        self.bytes.set(sum);
        let number = self.next.replace(self.next.get() + 1);
        places.push(Waiting { number, bytes, waker: Waker::noop().clone() });
        Some(number)
    }

    #[inline(never)]
    pub(crate) fn leave(&self, number: u64) {
        let mut places = self.places.borrow_mut();
        let Some(index) = places.iter().position(|place| place.number == number) else { return };
        let place = places.remove(index);
        // Nothing is borrowed when the waker goes, with which a task may go that waits here as well.
        drop(places);
        self.bytes.set(self.bytes.get() - place.bytes);
    }

    pub(crate) fn is_first(&self, number: u64) -> bool {
        self.places.borrow().first().is_some_and(|first| first.number == number)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.places.borrow().is_empty()
    }

    /// How many wait, and the bytes of their messages.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.places.borrow().len(), self.bytes.get())
    }

    /// Remembers whom to wake when this place has become the first.
    pub(crate) fn register(&self, number: u64, context: &Context<'_>) {
        let mut waker = context.waker().clone();
        let mut places = self.places.borrow_mut();
        if let Some(place) = places.iter_mut().find(|place| place.number == number) {
            std::mem::swap(&mut place.waker, &mut waker);
        }
        drop(places);
    }

    /// Wakes the first, who may run at once, so that nothing is borrowed meanwhile.
    pub(crate) fn wake_first(&self) {
        let first = self.places.borrow().first().map(|first| first.waker.clone());
        if let Some(waker) = first {
            waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: WaitLimits = WaitLimits { count: 3, bytes: 100 };

    #[test]
    fn places_are_in_the_order_of_joining_and_who_leaves_makes_room() {
        let line = Line::default();
        assert!(line.is_empty() && !line.is_first(0));
        assert_eq!([10, 20, 30].map(|bytes| line.join(bytes, LIMITS)), [Some(0), Some(1), Some(2)]);
        assert_eq!((line.join(0, LIMITS), line.waiting()), (None, (3, 60)));
        line.leave(1);
        line.leave(1);
        line.leave(7);
        assert!(line.is_first(0));
        assert_eq!(line.waiting(), (2, 40));
        line.leave(0);
        assert!(line.is_first(2));
        assert_eq!((line.join(71, LIMITS), line.join(70, LIMITS)), (None, Some(3)));
        assert_eq!(line.waiting(), (2, 100));
        assert_eq!(Line::default().join(1_000, LIMITS), Some(0), "larger than all may be, it waits alone");
    }
}
