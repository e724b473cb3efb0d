//! The speed test's worker: takes orders, measures, reports. Nothing of it runs on the page's thread.

mod classic;
mod link;
mod probe;
mod signal;
mod streamed;
mod watch;

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::future::{AbortHandle, abortable};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use super::report::{Order, Report, Trouble};
use crate::browser;

/// Takes orders for as long as the worker lives.
pub(crate) fn run() {
    let running: Rc<RefCell<Option<AbortHandle>>> = Rc::default();
    let onmessage = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        let text = event.data().as_string().unwrap_or_default();
        match serde_json::from_str::<Order>(&text) {
            Ok(order) => obey(order, &running),
            Err(error) => {
                report(&Report::Failed(Trouble::Worker(format!("an order can't be read: {error}"))));
            }
        }
    });
    scope().set_onmessage(Some(onmessage.as_ref().unchecked_ref()));
    // The worker needs it for as long as it lives.
    onmessage.forget();
    report(&Report::Ready);
}

fn obey(order: Order, running: &Rc<RefCell<Option<AbortHandle>>>) {
    if let Some(handle) = running.borrow_mut().take() {
        // Dropping the test drops its sockets, which closes them.
        handle.abort();
        report(&Report::Stopped);
    }
    if order == Order::Stop {
        return;
    }
    let (test, handle) = abortable(measure(order));
    *running.borrow_mut() = Some(handle);
    let running = Rc::clone(running);
    spawn_local(async move {
        // Aborted: whoever aborted it has said so.
        let Ok(outcome) = test.await else { return };
        running.borrow_mut().take();
        report(&outcome.map_or_else(Report::Failed, |()| Report::Finished));
    });
}

async fn measure(order: Order) -> Result<(), Trouble> {
    match order {
        Order::Classic { url, runs } => classic::measure(url, runs).await,
        Order::Streamed { url, echo_url, idle_ms, load_ms } => {
            streamed::measure(url, echo_url, idle_ms, load_ms).await
        }
        Order::Stop => Ok(()),
    }
}

/// Tells the page.
fn report(report: &Report) {
    let posted = match serde_json::to_string(report) {
        Ok(text) => scope().post_message(&text.into()),
        Err(error) => Err(error.to_string().into()),
    };
    if let Err(error) = posted {
        browser::warn("a report of the speed test was lost", &error);
    }
}

fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// The worker's clock, in milliseconds; a part of a millisecond where the browser gives it.
#[expect(clippy::expect_used, reason = "every worker has a clock")]
fn now_ms() -> f64 {
    scope().performance().expect("a clock").now()
}

/// Fills at most 65,536 bytes at random.
fn random(bytes: &mut [u8]) -> Result<(), Trouble> {
    let crypto = scope().crypto();
    let filled = crypto.and_then(|crypto| crypto.get_random_values_with_u8_array(bytes));
    filled.map(drop).map_err(|error| Trouble::Worker(browser::words_of(&error)))
}
