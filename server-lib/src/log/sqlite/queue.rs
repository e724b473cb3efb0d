//! A bounded queue between the callers and a thread that works for them.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::log::LogError;

/// Never holds more than its limits say, and never keeps a caller waiting for room.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    most: usize,
    most_bytes: usize,
}

#[derive(Debug)]
struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    open: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        let state = State { items: VecDeque::new(), bytes: 0, open: true };
        Self { state: Mutex::new(state), changed: Condvar::new(), most, most_bytes }
    }

    /// Puts an item at the end, or says why not.
    pub(super) fn push(&self, item: T, bytes: usize) -> Result<(), LogError> {
        let mut state = self.lock();
        if !state.open {
            return Err(LogError::Closed);
        }
        let room = state.items.is_empty() || state.bytes.saturating_add(bytes) <= self.most_bytes;
        if state.items.len() >= self.most || !room {
            return Err(LogError::Busy);
        }
        state.bytes += bytes;
        state.items.push_back((item, bytes));
        drop(state);
        self.changed.notify_one();
        Ok(())
    }

    /// Waits for items and takes up to so many; none once the queue is closed and empty.
    pub(super) fn take(&self, most: usize) -> Vec<T> {
        let mut state = self.lock();
        while state.items.is_empty() && state.open {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let taken = most.min(state.items.len());
        let items: Vec<(T, usize)> = state.items.drain(..taken).collect();
        state.bytes -= items.iter().map(|(_, bytes)| bytes).sum::<usize>();
        items.into_iter().map(|(item, _)| item).collect()
    }

    /// Takes nothing more in; what is in it is still worked off.
    pub(super) fn close(&self) {
        self.lock().open = false;
        self.changed.notify_all();
    }

    /// Closes it and drops what is in it, when nobody is left to work for it.
    pub(super) fn abandon(&self) {
        let mut state = self.lock();
        state.open = false;
        state.bytes = 0;
        let items = std::mem::take(&mut state.items);
        drop(state);
        drop(items);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_queue_takes_nothing_more() {
        let queue = Queue::new(2, 10);
        queue.push('a', 99).unwrap();
        assert_eq!(queue.push('b', 1), Err(LogError::Busy));
        assert_eq!(queue.take(9), ['a']);
        queue.push('b', 5).unwrap();
        queue.push('c', 5).unwrap();
        assert_eq!(queue.push('d', 0), Err(LogError::Busy));
        assert_eq!(queue.take(1), ['b']);
        queue.push('d', 5).unwrap();
        assert_eq!(queue.take(9), ['c', 'd']);
    }

    #[test]
    fn a_closed_queue_is_worked_off() {
        let queue = Queue::new(2, 10);
        queue.push('a', 1).unwrap();
        queue.close();
        assert_eq!(queue.push('b', 1), Err(LogError::Closed));
        assert_eq!(queue.take(9), ['a']);
        assert!(queue.take(9).is_empty());
    }

    #[test]
    fn whoever_waits_at_an_abandoned_queue_is_told() {
        let queue = Queue::new(2, 10);
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        queue.push(sender, 1).unwrap();
        queue.abandon();
        assert!(receiver.recv().is_err());
        assert!(queue.take(9).is_empty());
    }
}
