//! A provider that is being asked, for as long as its answer is wanted.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::slim_cell::SlimCell;
use crate::spawn::spawn_local;

/// Runs a provider's future until it is dropped: then the future is dropped as well, so that one that never ends does
/// not outlive its attempt.
pub(crate) struct Asking(Rc<Cancelled>);

#[derive(Default)]
struct Cancelled {
    yes: Cell<bool>,
    waker: SlimCell<Option<Waker>>,
}

impl Asking {
    pub(crate) fn begin(mut future: Pin<Box<dyn Future<Output = ()>>>) -> Self {
        let cancelled = Rc::new(Cancelled::default());
        let seen = cancelled.clone();
        spawn_local(poll_fn(move |context| {
            if seen.yes.get() {
                return Poll::Ready(());
            }
            seen.waker.replace(Some(context.waker().clone()));
            future.as_mut().poll(context)
        }));
        Self(cancelled)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.yes.set(true);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }
}
