//! Promises of what a future brings.

use std::future::Future;
use std::pin::Pin;

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

/// Values in a list.
pub(crate) fn list(values: &[JsValue]) -> JsValue {
    values.iter().collect::<Array>().into()
}
