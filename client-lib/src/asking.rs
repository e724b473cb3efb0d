//! A call of a provider, for as long as its answer is wanted.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::slim_cell::SlimCell;
use crate::spawn::spawn_local;

/// Runs a provider's future until it is dropped: then the future is dropped as well, and its answer is not used.
pub(crate) struct Asking(Rc<Call>);

#[derive(Default)]
struct Call {
    cancelled: Cell<bool>,
    /// Whether an attempt has ended because the answer was late.
    late: Cell<bool>,
    waker: SlimCell<Option<Waker>>,
}

impl Asking {
    pub(crate) fn begin<T: 'static>(
        mut future: Pin<Box<dyn Future<Output = T>>>,
        answer: Box<dyn FnOnce(T)>,
    ) -> Self {
        let call = Rc::new(Call::default());
        let seen = call.clone();
        let mut answer = Some(answer);
        spawn_local(poll_fn(move |context| {
            if seen.cancelled.get() {
                return Poll::Ready(());
            }
            seen.waker.replace(Some(context.waker().clone()));
            let Poll::Ready(output) = future.as_mut().poll(context) else { return Poll::Pending };
            // The provider itself may have closed the connection.
            if let Some(answer) = answer.take().filter(|_| !seen.cancelled.get()) {
                answer(output);
            }
            Poll::Ready(())
        }));
        Self(call)
    }

    /// An attempt has ended because the answer is late. Whether the call may go on for the next attempt, which is so
    /// once.
    pub(crate) fn may_be_late(&self) -> bool {
        !self.0.late.replace(true)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.0.cancelled.set(true);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }
}
