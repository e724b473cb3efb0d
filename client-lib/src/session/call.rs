//! A call: a question to the server's application, and its answer.

use std::future::Future;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::Duration;

use rejoin_protocol::session::{CallId, CallOutcome};
use rejoin_protocol::wire::Body;
use rejoin_protocol::{Refusal, Refused};

use super::CallError;
use super::core::Core;
use super::slot::{Slot, Slots};

/// The largest payload of a call: one frame, of which the other end takes 1 MiB, carries it.
const MAX_PAYLOAD: usize = (1 << 20) - 64;

/// The places where answers are waited for. A trait object from the first call on, so that a client that never calls does
/// not carry the code.
pub(crate) trait Calling {
    fn open(&self, id: CallId) -> Rc<Slot<CallOutcome>>;
    fn settle(&self, id: CallId, outcome: CallOutcome);
    fn forget(&self, id: CallId);
    fn end(&self);
}

impl Calling for Slots<CallId, CallOutcome> {
    fn open(&self, id: CallId) -> Rc<Slot<CallOutcome>> {
        Self::open(self, id)
    }

    fn settle(&self, id: CallId, outcome: CallOutcome) {
        Self::settle(self, id, outcome);
    }

    fn forget(&self, id: CallId) {
        Self::forget(self, id);
    }

    fn end(&self) {
        Self::end(self);
    }
}

/// The answer to a call, as a future. Dropping it tells the server that nobody waits any more; a call that was not
/// transmitted by then never is. It does not keep the session alive.
#[must_use = "a call that is dropped is cancelled"]
pub struct Call {
    core: Weak<Core>,
    state: State,
}

enum State {
    Asked(CallId, Rc<Slot<CallOutcome>>),
    NotTaken(Option<(Refusal, Body)>),
    Done,
}

impl Call {
    pub(crate) fn ask(core: &Rc<Core>, payload: Body, timeout: Duration) -> Self {
        let refused = if core.is_closing() {
            Some(Refusal::Closed)
        } else if payload.len() > MAX_PAYLOAD {
            Some(Refusal::TooLarge { limit: MAX_PAYLOAD })
        } else {
            None
        };
        let asked = match refused {
            Some(reason) => Err(Refused { message: payload, reason }),
            None => {
                let mut machine = core.machine.borrow_mut();
                machine.call(crate::timer::now(), payload, timeout)
            }
        };
        let state = match asked {
            Ok(id) => {
                let calls = core.calls.get_or_init(|| Box::new(Slots::new()));
                State::Asked(id, calls.open(id))
            }
            Err(refused) => State::NotTaken(Some((refused.reason, refused.message))),
        };
        core.follow();
        Self { core: Rc::downgrade(core), state }
    }
}

/// # Errors
/// When there is no answer; [`CallError`] says whether the server may have acted all the same.
impl Future for Call {
    type Output = Result<Body, CallError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let outcome = match &mut self.state {
            State::NotTaken(refused) => {
                let (reason, payload) = refused.take().unwrap_or((Refusal::Closed, Body::new()));
                return Poll::Ready(Err(CallError::NotTaken(reason, payload)));
            }
            State::Asked(_, slot) => std::task::ready!(slot.poll(context)),
            State::Done => None,
        };
        self.state = State::Done;
        Poll::Ready(match outcome {
            Some(CallOutcome::Answer(body)) => Ok(body),
            Some(CallOutcome::Denied(denial)) => Err(CallError::Denied(denial)),
            Some(CallOutcome::TimedOut) => Err(CallError::TimedOut),
            Some(CallOutcome::Unsent(payload)) => Err(CallError::Unsent(payload)),
            Some(CallOutcome::Unknown) | None => Err(CallError::Unknown),
        })
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if let State::Asked(id, slot) = &self.state
            && !slot.is_settled()
            && let Some(core) = self.core.upgrade()
        {
            if let Some(calls) = core.calls.get() {
                calls.forget(*id);
            }
            core.step(|machine, _| machine.cancel(*id));
        }
    }
}
