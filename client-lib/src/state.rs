//! Where a connection is, as a value and as a stream that never misses the last.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use rejoin_protocol::{Closed, ReadyState};

use crate::slim_cell::SlimCell;

/// Where a connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// An attempt is under way.
    Connecting {
        /// 1 for the first of all and for the first after a stable connection; one more after each failure.
        attempt: u32,
    },
    /// Messages go through.
    Open,
    /// Away, and waiting before the next attempt.
    Waiting {
        /// The number of the attempt that follows.
        attempt: u32,
        /// How long the wait is from the moment of this state on; [`Socket::retry_in`](crate::Handle::retry_in)
        /// tells what is left of it. [`Duration::MAX`] while attempts are paused, until the page is visible again.
        delay: Duration,
        /// How the connection, or the last attempt, ended.
        last: Closed,
    },
    /// The close handshake is under way.
    Closing,
    /// No connection, and none follows unless [`reconnect`](crate::Handle::reconnect) is called.
    Closed(Option<Closed>),
}

impl State {
    /// What the browser's `readyState` would say: waiting between attempts counts as connecting.
    #[must_use]
    pub fn ready_state(&self) -> ReadyState {
        match self {
            Self::Connecting { .. } | Self::Waiting { .. } => ReadyState::Connecting,
            Self::Open => ReadyState::Open,
            Self::Closing => ReadyState::Closing,
            Self::Closed(_) => ReadyState::Closed,
        }
    }
}

/// The present state and those who wait for the next. It lives on its own, so that waiting does not keep a
/// connection alive.
pub(crate) struct Watch<S = State> {
    state: SlimCell<S>,
    version: Cell<u64>,
    gone: Cell<bool>,
    wakers: SlimCell<Vec<Waker>>,
}

impl<S: Clone> Watch<S> {
    pub(crate) fn new(state: S) -> Rc<Self> {
        Rc::new(Self {
            state: SlimCell::new(state),
            version: Cell::new(1),
            gone: Cell::new(false),
            wakers: SlimCell::default(),
        })
    }

    pub(crate) fn set(&self, state: S) {
        self.state.replace(state);
        self.version.set(self.version.get() + 1);
        self.wake();
    }

    pub(crate) fn version(&self) -> u64 {
        self.version.get()
    }

    pub(crate) fn get(&self) -> S {
        self.state.borrow().clone()
    }

    /// The connection has been dropped: no further state follows.
    pub(crate) fn end(&self) {
        self.gone.set(true);
        self.wake();
    }

    fn wake(&self) {
        wake(&self.wakers);
    }
}

/// The states of a connection as a stream: the present one at once, then each change.
///
/// Who reads too slowly for every change misses those in between, never the last. The stream ends when the
/// connection is dropped, not when it closes, since a closed one can be opened again. It keeps nothing alive.
pub struct States<S = State> {
    watch: Rc<Watch<S>>,
    seen: u64,
}

impl<S: Clone> States<S> {
    pub(crate) fn new(watch: Rc<Watch<S>>) -> Self {
        Self { watch, seen: 0 }
    }

    pub(crate) fn present(&self) -> S {
        self.watch.get()
    }
}

impl<S: Clone> Stream for States<S> {
    type Item = S;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<S>> {
        let version = self.watch.version.get();
        if version != self.seen {
            self.seen = version;
            return Poll::Ready(Some(self.watch.get()));
        }
        if self.watch.gone.get() {
            return Poll::Ready(None);
        }
        register(&self.watch.wakers, context);
        Poll::Pending
    }
}

/// Remembers who waits, each once.
pub(crate) fn register(wakers: &SlimCell<Vec<Waker>>, context: &Context<'_>) {
    let mut wakers = wakers.borrow_mut();
    if !wakers.iter().any(|waker| waker.will_wake(context.waker())) {
        wakers.push(context.waker().clone());
    }
}

/// Wakes all who wait. They may run at once, so that nothing is borrowed meanwhile.
pub(crate) fn wake(wakers: &SlimCell<Vec<Waker>>) {
    for waker in &wakers.take() {
        waker.wake_by_ref();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::{FutureExt, StreamExt};

    #[test]
    fn a_reader_sees_the_present_state_first_and_never_misses_the_last() {
        let watch = Watch::new(State::Connecting { attempt: 1 });
        let mut states = States::new(watch.clone());
        assert_eq!(block_on(states.next()), Some(State::Connecting { attempt: 1 }));
        assert_eq!(states.next().now_or_never(), None);
        watch.set(State::Open);
        watch.set(State::Closing);
        watch.set(State::Closed(None));
        assert_eq!(block_on(states.next()), Some(State::Closed(None)));
        assert_eq!(states.next().now_or_never(), None);
        watch.set(State::Connecting { attempt: 1 });
        watch.end();
        assert_eq!(block_on(states.next()), Some(State::Connecting { attempt: 1 }));
        assert_eq!(block_on(states.next()), None);
    }
}
