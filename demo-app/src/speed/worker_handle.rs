//! The page's end of the worker: started with the first order, told what to do, heard.

use std::cell::RefCell;
use std::rc::Rc;

use gloo_events::EventListener;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use super::report::{Order, Report, Trouble};
use crate::browser;

/// What the bundler calls the script that starts the worker.
const SCRIPT: &str = "/speed-worker_loader.js";

/// A worker, and what waits until it is ready. It ends when this is dropped.
pub(super) struct WorkerHandle {
    worker: Worker,
    /// Orders until the worker is ready; none from then on.
    waiting: Rc<RefCell<Option<Vec<Order>>>>,
    _listeners: [EventListener; 2],
}

impl WorkerHandle {
    /// Starts a worker whose reports go to `heard`.
    pub(super) fn start(heard: impl Fn(Report) + 'static) -> Result<Self, String> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(SCRIPT, &options).map_err(|error| browser::words_of(&error))?;
        let waiting = Rc::new(RefCell::new(Some(Vec::new())));
        let heard = Rc::new(heard);
        let message = {
            let (worker, waiting, heard) = (worker.clone(), Rc::clone(&waiting), Rc::clone(&heard));
            EventListener::new(&worker.clone(), "message", move |event| {
                let data =
                    event.dyn_ref::<MessageEvent>().map(MessageEvent::data).and_then(|data| data.as_string());
                match serde_json::from_str(&data.unwrap_or_default()) {
                    Ok(Report::Ready) => {
                        for order in waiting.borrow_mut().take().unwrap_or_default() {
                            post(&worker, &order, &*heard);
                        }
                    }
                    Ok(report) => heard(report),
                    Err(error) => heard(Report::Failed(Trouble::Worker(error.to_string()))),
                }
            })
        };
        let error = EventListener::new(&worker, "error", move |event| {
            let words = event.dyn_ref::<ErrorEvent>().map(ErrorEvent::message).unwrap_or_default();
            let words = if words.is_empty() { format!("{SCRIPT} could not be started") } else { words };
            heard(Report::Failed(Trouble::Worker(words)));
        });
        Ok(Self { worker, waiting, _listeners: [message, error] })
    }

    /// Gives an order, at once or as soon as the worker is ready.
    pub(super) fn order(&self, order: Order, heard: &dyn Fn(Report)) {
        match self.waiting.borrow_mut().as_mut() {
            Some(waiting) => waiting.push(order),
            None => post(&self.worker, &order, heard),
        }
    }
}

impl Drop for WorkerHandle {
    fn drop(&mut self) {
        self.worker.terminate();
    }
}

fn post(worker: &Worker, order: &Order, heard: &dyn Fn(Report)) {
    let posted = match serde_json::to_string(order) {
        Ok(text) => worker.post_message(&JsValue::from(text)).map_err(|error| browser::words_of(&error)),
        Err(error) => Err(error.to_string()),
    };
    if let Err(words) = posted {
        heard(Report::Failed(Trouble::Worker(words)));
    }
}
