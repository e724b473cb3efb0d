//! Promises of what a future brings.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use js_sys::{Array, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::future_to_promise;

type Boxed = Pin<Box<dyn Future<Output = Result<JsValue, JsValue>>>>;

/// A promise, rejected with what the future fails with.
pub(crate) fn promise(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> Promise {
    one(Box::pin(future))
}

/// The same code for all, because what it is made of is downloaded for each kind of future.
fn one(future: Boxed) -> Promise {
    future_to_promise(future)
}

/// What the future brings: itself if it is there at once, otherwise a promise of it. The future's first step is taken
/// before this returns, so that what is called next comes behind it.
pub(crate) fn begun(future: impl Future<Output = Result<JsValue, JsValue>> + 'static) -> JsValue {
    let mut future: Boxed = Box::pin(future);
    // As a promise it is polled again, with a waker of its own.
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(Ok(value)) => value,
        Poll::Ready(Err(error)) => Promise::reject(&error).into(),
        Poll::Pending => one(future).into(),
    }
}

/// Values in a list.
pub(crate) fn list(values: &[JsValue]) -> JsValue {
    values.iter().collect::<Array>().into()
}
