//! Calls: promises of answers that can be cancelled meanwhile.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use js_sys::Promise;
use rejoin::session::{Body, Call, CallError};
use wasm_bindgen::JsValue;

use crate::promise::{list, promise};
use crate::{payload, refusal};

/// What comes of a call, in the order of `js/session/calling.js`.
const ANSWER: u32 = 0;
const NOT_TAKEN: u32 = 1;
const DENIED: u32 = 2;
const TIMED_OUT: u32 = 3;
const UNKNOWN: u32 = 4;
const UNSENT: u32 = 5;

/// A call, until it is cancelled.
type Pending = Rc<RefCell<Option<Call>>>;

/// Calls under way, by numbers that JavaScript gives.
#[derive(Default)]
pub(crate) struct Calls(RefCell<Vec<(u32, Pending)>>);

impl Calls {
    /// A promise of what comes of a call: what, and up to two values. One that is cancelled is never settled.
    pub(crate) fn wait(self: &Rc<Self>, key: u32, call: Call, text: bool) -> Promise {
        let call = Rc::new(RefCell::new(Some(call)));
        self.0.borrow_mut().push((key, call.clone()));
        let calls = self.clone();
        promise(async move {
            let outcome: Result<Body, CallError> = poll_fn(|context| match &mut *call.borrow_mut() {
                Some(call) => Pin::new(call).poll(context),
                None => Poll::Pending,
            })
            .await;
            calls.cancel(key);
            let (what, first, second) = match outcome {
                Ok(answer) => (ANSWER, payload::readable(&answer, text), JsValue::UNDEFINED),
                Err(CallError::NotTaken(reason, _)) => {
                    (NOT_TAKEN, refusal::number(reason).into(), JsValue::UNDEFINED)
                }
                Err(CallError::Denied(denial)) => (DENIED, denial.code.into(), denial.reason.into()),
                Err(CallError::TimedOut) => (TIMED_OUT, JsValue::UNDEFINED, JsValue::UNDEFINED),
                Err(CallError::Unsent(_)) => (UNSENT, JsValue::UNDEFINED, JsValue::UNDEFINED),
                Err(_) => (UNKNOWN, JsValue::UNDEFINED, JsValue::UNDEFINED),
            };
            Ok(list(&[what.into(), first, second]))
        })
    }

    /// Nobody waits for this one any more.
    pub(crate) fn cancel(&self, key: u32) {
        let mut all = self.0.borrow_mut();
        let found = all.iter().position(|(other, _)| *other == key);
        let call = found.map(|index| all.swap_remove(index).1);
        drop(all);
        // Dropped with nothing borrowed, because that tells the server.
        let taken: Option<Call> = call.and_then(|call| call.borrow_mut().take());
        drop(taken);
    }
}
