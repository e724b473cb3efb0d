//! Where one answer is waited for: a receipt, a call.

use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::slim_cell::SlimCell;

/// The place of one answer, shared by who waits and who answers.
pub(crate) struct Slot<V> {
    value: SlimCell<Option<V>>,
    waker: Cell<Option<Waker>>,
    settled: Cell<bool>,
}

impl<V> Slot<V> {
    fn new() -> Rc<Self> {
        Rc::new(Self { value: SlimCell::new(None), waker: Cell::new(None), settled: Cell::new(false) })
    }

    fn settle(&self, value: Option<V>) {
        self.value.replace(value);
        self.settled.set(true);
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// The answer, once; `None` if none will come, or it was taken.
    pub(crate) fn poll(&self, context: &Context<'_>) -> Poll<Option<V>> {
        if self.settled.get() {
            return Poll::Ready(self.value.take());
        }
        self.waker.set(Some(context.waker().clone()));
        Poll::Pending
    }

    pub(crate) fn is_settled(&self) -> bool {
        self.settled.get()
    }
}

/// All places of one kind, by names that grow.
pub(crate) struct Slots<K, V>(SlimCell<VecDeque<(K, Rc<Slot<V>>)>>);

impl<K: Copy + Ord, V> Slots<K, V> {
    pub(crate) fn new() -> Self {
        Self(SlimCell::default())
    }

    /// A place for the answer to `key`, which is greater than all before it.
    pub(crate) fn open(&self, key: K) -> Rc<Slot<V>> {
        let slot = Slot::new();
        self.0.borrow_mut().push_back((key, slot.clone()));
        slot
    }

    /// The answer is there. One that nobody waits for is nobody's.
    pub(crate) fn settle(&self, key: K, value: V) {
        // The waker may run who waits at once, so that nothing may be borrowed meanwhile.
        if let Some(slot) = self.remove(key) {
            slot.settle(Some(value));
        }
    }

    /// Nobody waits any more.
    pub(crate) fn forget(&self, key: K) {
        drop(self.remove(key));
    }

    fn remove(&self, key: K) -> Option<Rc<Slot<V>>> {
        let mut all = self.0.borrow_mut();
        let mut index = 0;
        while all.get(index)?.0 != key {
            index += 1;
        }
        // Most answers come in the order of asking, so that there are few to pass on the way to the front. The library's
        // `remove` would cost a client half a kilobyte.
        for at in (0..index).rev() {
            all.swap(at, at + 1);
        }
        all.pop_front().map(|(_, slot)| slot)
    }

    /// No answer will come any more.
    pub(crate) fn end(&self) {
        loop {
            let Some((_, slot)) = self.0.borrow_mut().pop_front() else { return };
            slot.settle(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use std::future::poll_fn;

    #[test]
    fn answers_find_who_waits_and_those_that_never_come_end_the_waiting() {
        let slots: Slots<u32, &str> = Slots::new();
        let (first, second, third) = (slots.open(1), slots.open(2), slots.open(3));
        slots.settle(2, "b");
        slots.settle(9, "nobody's");
        slots.forget(3);
        let poll = |slot: &Rc<Slot<&'static str>>| {
            let slot = slot.clone();
            poll_fn(move |context| slot.poll(context)).now_or_never()
        };
        assert_eq!((poll(&first), poll(&second), poll(&third)), (None, Some(Some("b")), None));
        let (fourth, fifth, sixth) = (slots.open(4), slots.open(5), slots.open(6));
        slots.settle(5, "e");
        assert_eq!(poll(&fifth), Some(Some("e")));
        assert_eq!(slots.0.borrow().iter().map(|(key, _)| *key).collect::<Vec<_>>(), [1, 4, 6]);
        slots.settle(1, "a");
        slots.settle(4, "d");
        assert_eq!((poll(&first), poll(&fourth)), (Some(Some("a")), Some(Some("d"))));
        slots.end();
        assert_eq!(poll(&sixth), Some(None));
        assert!(first.is_settled() && !third.is_settled());
    }
}
