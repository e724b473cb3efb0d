//! Sessions that are kept over a reload of the page.

use js_sys::{Array, Promise};
use rejoin::SessionBuilder;
use rejoin::session::Reopened;
use wasm_bindgen::JsValue;

use crate::payload;
use crate::port::{Port, outcome};
use crate::promise::{self, promise};

/// A promise of the session kept under this name.
pub(crate) fn reopen(session: u32, name: String, builder: SessionBuilder) -> Promise {
    promise(async move {
        let Reopened { session: opened, receipts, payloads, not_kept, .. } =
            builder.reopen(&name).await.map_err(|error| JsValue::from(error.to_string()))?;
        let list = Array::new();
        for ((channel, receipt), body) in receipts.into_iter().zip(payloads) {
            list.push(&channel.into());
            list.push(&(receipt.number() as f64).into());
            list.push(&payload::bytes(&body));
            list.push(&outcome(receipt));
        }
        let port = Port::new(session, opened);
        let not_kept = not_kept.map_or(JsValue::UNDEFINED, |why| why.to_string().into());
        Ok(promise::list(&[port.into(), list.into(), not_kept]))
    })
}
