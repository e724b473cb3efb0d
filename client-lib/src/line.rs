//! A line of those who wait for room, first come, first served, so that a large message is not passed by small ones for
//! ever.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::{Context, Waker};

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
    /// `None` for one who has left: places behind others are cleared away later, so that leaving costs little.
    waker: Option<Waker>,
}

/// Those who wait for the same room, in the order in which they began to. Only the first of them tries.
#[derive(Default)]
pub(crate) struct Line {
    /// By number; the first has not left.
    places: RefCell<VecDeque<Waiting>>,
    next: Cell<u64>,
    count: Cell<usize>,
    bytes: Cell<usize>,
}

impl Line {
    /// Takes a place, if there is one.
    pub(crate) fn join(&self, bytes: usize, limits: WaitLimits) -> Option<u64> {
        let sum = self.bytes.get().saturating_add(bytes);
        if self.count.get() >= limits.count || sum > limits.bytes {
            return None;
        }
        self.bytes.set(sum);
        self.count.set(self.count.get() + 1);
        let number = self.next.replace(self.next.get() + 1);
        let waker = Some(Waker::noop().clone());
        self.places.borrow_mut().push_back(Waiting { number, bytes, waker });
        Some(number)
    }

    pub(crate) fn leave(&self, number: u64) {
        let mut places = self.places.borrow_mut();
        let Ok(index) = places.binary_search_by_key(&number, |place| place.number) else { return };
        let Some(place) = places.get_mut(index) else { return };
        if place.waker.take().is_none() {
            return;
        }
        self.bytes.set(self.bytes.get() - place.bytes);
        self.count.set(self.count.get() - 1);
        while places.front().is_some_and(|place| place.waker.is_none()) {
            places.pop_front();
        }
        // Those who have left are never more than those who wait and a few.
        if places.len() > 2 * self.count.get() + 16 {
            places.retain(|place| place.waker.is_some());
        }
    }

    pub(crate) fn is_first(&self, number: u64) -> bool {
        self.places.borrow().front().is_some_and(|first| first.number == number)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count.get() == 0
    }

    /// How many wait, and the bytes of their messages.
    pub(crate) fn waiting(&self) -> (usize, usize) {
        (self.count.get(), self.bytes.get())
    }

    /// Remembers whom to wake when this place has become the first.
    pub(crate) fn register(&self, number: u64, context: &Context<'_>) {
        let mut places = self.places.borrow_mut();
        if let Ok(index) = places.binary_search_by_key(&number, |place| place.number)
            && let Some(waker) = places.get_mut(index).and_then(|place| place.waker.as_mut())
        {
            waker.clone_from(context.waker());
        }
    }

    /// Wakes the first, who may run at once, so that nothing is borrowed meanwhile.
    pub(crate) fn wake_first(&self) {
        let first = self.places.borrow().front().and_then(|first| first.waker.clone());
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
    }

    #[test]
    fn many_who_come_and_leave_behind_one_who_stays_leave_nothing_behind() {
        let line = Line::default();
        let first = line.join(0, LIMITS);
        let mut last = line.join(1, LIMITS);
        for _ in 0..1_000 {
            let next = line.join(1, LIMITS);
            line.leave(last.unwrap());
            last = next;
        }
        assert!(line.is_first(first.unwrap()));
        assert_eq!(line.waiting(), (2, 1));
        assert!(line.places.borrow().len() <= 2 * 2 + 17);
    }
}
