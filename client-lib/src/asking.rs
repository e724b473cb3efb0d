//! Providers, which each attempt asks where to connect, and their calls.

use std::cell::Cell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, Waker};

use rejoin_protocol::{Generation, Link, State, Time};

use crate::driver::Driver;
use crate::log::Happening;
use crate::slim_cell::SlimCell;
use crate::spawn::spawn_local;
use crate::{Target, TargetError};

pub(crate) type Answer = Result<Target, TargetError>;
pub(crate) type Provided = Pin<Box<dyn Future<Output = Answer>>>;

/// Where targets come from that are not fixed. A trait object, so that a client with a fixed target does not carry the
/// code.
pub(crate) trait Source {
    /// Connects an attempt to what an earlier call has answered; otherwise calls the provider, unless a call runs.
    fn seek(&self, driver: &Driver, generation: Generation, attempt: u32);

    /// The provider has answered.
    fn answered(&self, driver: &Driver, answer: Answer);

    /// An attempt has ended; `late`: because the answer was.
    fn ended(&self, late: bool);
}

/// A provider and its calls, of which at most one runs at a time.
pub(crate) struct Asked {
    provider: Box<dyn Fn(u32) -> Provided>,
    running: SlimCell<Option<Asking>>,
    answer: SlimCell<Option<Answer>>,
}

impl Asked {
    /// `provider` answers with targets that are checked.
    pub(crate) fn new(provider: impl Fn(u32) -> Provided + 'static) -> Self {
        Self { provider: Box::new(provider), running: SlimCell::default(), answer: SlimCell::default() }
    }
}

impl Source for Asked {
    fn seek(&self, driver: &Driver, generation: Generation, attempt: u32) {
        if let Some(answer) = self.answer.take() {
            return driver.dial(generation, answer);
        }
        if self.running.borrow().is_some() {
            return;
        }
        driver.log(&Happening::Asking(attempt));
        let this = driver.this.clone();
        let asking = Asking::begin(
            (self.provider)(attempt),
            Box::new(move |answer| {
                let Some(driver) = this.upgrade() else { return };
                if let Some(source) = &driver.options.source {
                    source.answered(&driver, answer);
                }
            }),
        );
        self.running.replace(Some(asking));
    }

    fn answered(&self, driver: &Driver, answer: Answer) {
        self.running.take();
        let generation = driver.link.borrow().generation();
        if let Some(generation) = generation {
            driver.dial(generation, answer);
            // For the log.
            return driver.dispatch();
        }
        // A target that comes too late for its attempt is for the next one, which begins at once. While attempts are
        // paused none follows, and the target would be old when it is used.
        let ok = answer.is_ok();
        self.answer.replace(Some(answer));
        if ok {
            driver.step(Link::retry_now);
        }
        if matches!(driver.link.borrow().state(), State::Waiting { until, .. } if until == Time::NEVER) {
            self.answer.take();
        }
    }

    /// A call goes on for one more attempt if its answer is late, and is dropped after any other end.
    fn ended(&self, late: bool) {
        if !late || !self.running.borrow().as_ref().is_some_and(Asking::may_be_late) {
            self.running.take();
            self.answer.take();
        }
    }
}

/// Runs a provider's future until it is dropped: then the future is dropped as well, and its answer is not used.
struct Asking(Rc<Call>);

#[derive(Default)]
struct Call {
    cancelled: Cell<bool>,
    /// Whether an attempt has ended because the answer was late.
    late: Cell<bool>,
    waker: SlimCell<Option<Waker>>,
}

impl Asking {
    fn begin(mut future: Provided, answer: Box<dyn FnOnce(Answer)>) -> Self {
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
    fn may_be_late(&self) -> bool {
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
