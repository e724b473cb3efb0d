//! A session: what JavaScript can do with it.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures_core::Stream;
use js_sys::{Array, Promise};
use rejoin::Session;
use rejoin::session::{Body, PublishError, Receipt, Refused, SessionHandle, SessionMessage};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;

use crate::bell::Reader;
use crate::call::Calls;
use crate::feed::{self, FeedPort};
use crate::promise::{begun, list, promise};
use crate::{payload, refusal, told};

/// What becomes of a publication, in the order of `js/session/publishing.js`.
const DURABLE: u32 = 0;
const REFUSED: u32 = 1;
const UNKNOWN: u32 = 2;
const UNSENT: u32 = 3;

/// A session, which ends when it is freed.
#[wasm_bindgen]
pub struct Port {
    id: u32,
    session: RefCell<Session>,
    handle: SessionHandle,
    reader: Reader,
    calls: Rc<Calls>,
}

impl Port {
    pub(crate) fn new(id: u32, session: Session) -> Self {
        let handle = session.handle();
        handle.set_on_event(Some(Box::new(move |event| told::event(id, event))));
        let mut states = handle.states();
        spawn_local(async move {
            while let Some(state) = next(&mut states).await {
                told::state(id, &state);
            }
        });
        Self { id, session: RefCell::new(session), handle, reader: Reader::new(id), calls: Rc::default() }
    }
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|context| std::pin::Pin::new(&mut *stream).poll_next(context)).await
}

#[wasm_bindgen]
impl Port {
    /// Sends a message or says why not; 0 stands for sent.
    pub fn try_send(&self, given: &JsValue) -> f64 {
        let sent = self.handle.try_send(payload::message(given));
        sent.map_or_else(|refused| refusal::number(refused.reason), |()| refusal::TAKEN)
    }

    /// The same, waiting for room: then a promise of that number.
    pub fn send(&self, given: &JsValue) -> JsValue {
        let (handle, message) = (self.handle.clone(), payload::message(given));
        begun(async move {
            let sent = handle.send(message).await;
            Ok(sent.map_or_else(|refused| refusal::number(refused.reason), |()| refusal::TAKEN).into())
        })
    }

    /// Publishes: why not, or 0, the number and the promise of the outcome; a promise of them where there is no room yet.
    pub fn publish(&self, channel: String, given: &JsValue) -> JsValue {
        let (handle, body) = (self.handle.clone(), payload::body(given));
        begun(async move { Ok(published(handle.publish(&channel, body).await)) })
    }

    /// The same, and does not wait.
    pub fn try_publish(&self, channel: &str, given: &JsValue) -> JsValue {
        published(self.handle.try_publish(channel, payload::body(given)))
    }

    /// Follows a channel; `since` is read by [`feed::since`]. A number instead says why not.
    pub fn subscribe(&self, channel: &str, since: &[f64], about: &JsValue, bell: u32, text: bool) -> JsValue {
        let since = feed::since(since);
        let subscribed = if about.is_undefined() {
            self.handle.subscribe(channel, since)
        } else {
            self.handle.subscribe_as(channel, since, payload::body(about))
        };
        match subscribed {
            Ok(feed) => FeedPort::new(feed, bell, text).into(),
            Err(reason) => refusal::number(reason).into(),
        }
    }

    /// Asks the server's application; see [`Calls::wait`].
    pub fn call(&self, key: u32, given: &JsValue, millis: f64, text: bool) -> Promise {
        let timeout = Duration::from_micros((millis * 1_000.0) as u64);
        self.calls.wait(key, self.handle.call(payload::body(given), timeout), text)
    }

    pub fn cancel(&self, key: u32) {
        self.calls.cancel(key);
    }

    /// Whether it goes.
    pub fn volatile(&self, given: &JsValue) -> bool {
        self.handle.volatile(payload::body(given))
    }

    /// The next message; undefined while there is none (then the bell will ring), null when none follows.
    pub fn take(&self) -> JsValue {
        match self.reader.poll(&mut *self.session.borrow_mut()) {
            Poll::Pending => JsValue::UNDEFINED,
            Poll::Ready(None) => JsValue::NULL,
            Poll::Ready(Some(message)) => payload::received(&message),
        }
    }

    /// Tells messages as they come, from now on; or leaves them to those who take them.
    pub fn listen(&self, listens: bool) {
        let id = self.id;
        self.handle.set_on_message(listens.then(|| -> Box<dyn Fn(SessionMessage)> {
            Box::new(move |message| {
                let message = payload::received(&message);
                crate::host::tell(id, told::MESSAGE, &message, &JsValue::UNDEFINED);
            })
        }));
    }

    /// Gives a fresh token or says why not; 0 stands for given.
    pub fn authenticate(&self, token: &JsValue) -> f64 {
        let given = self.handle.authenticate(payload::body(token));
        given.map_or_else(|refused| refusal::number(refused.reason), |()| refusal::TAKEN)
    }

    pub fn let_go(&self) {
        self.handle.let_go();
    }

    pub fn take_waiting(&self) -> Array {
        told::messages(&self.handle.take_waiting())
    }

    pub fn reconnect(&self) {
        self.handle.reconnect();
    }

    /// Begins to close; what was left, messages, frames, publications, or a promise of it.
    pub fn close(&self) -> JsValue {
        let handle = self.handle.clone();
        begun(async move {
            let left = handle.close().await;
            let counts = [left.unsent, left.unacked, left.unanswered];
            Ok(list(&counts.map(|count| (count as f64).into())))
        })
    }

    /// Milliseconds until the next attempt; undefined while none is waited for.
    pub fn retry_in(&self) -> Option<f64> {
        self.handle.retry_in().map(|left| left.as_secs_f64() * 1_000.0)
    }

    pub fn state(&self) -> u32 {
        told::number(&self.handle.state())
    }

    /// The name under which others see this session; undefined before it has one.
    pub fn alias(&self) -> Option<u64> {
        self.handle.pair().map(|pair| pair.alias)
    }

    /// Figures, in the order of `js/session/metrics.js`.
    pub fn metrics(&self) -> Vec<f64> {
        let figures = self.handle.metrics();
        let millis = |time: Duration| time.as_secs_f64() * 1_000.0;
        vec![
            figures.round_trip.map_or(f64::NAN, millis),
            figures.queued_messages as f64,
            figures.queued_bytes as f64,
            figures.unacked_frames as f64,
            figures.unacked_bytes as f64,
            figures.unanswered as f64,
            figures.resent as f64,
            figures.batches_sent as f64,
            figures.frames_sent as f64,
            figures.batches_received as f64,
            figures.frames_received as f64,
            figures.welcomes as f64,
            millis(figures.live_for),
            millis(figures.away_for),
            figures.waiting as f64,
            figures.waiting_bytes as f64,
        ]
    }
}

/// Why a publication was not taken; or 0, its number and the promise of its outcome.
fn published(result: Result<Receipt, Refused<Body>>) -> JsValue {
    list(&match result {
        Ok(receipt) => [refusal::TAKEN.into(), (receipt.number() as f64).into(), outcome(receipt).into()],
        Err(refused) => [refusal::number(refused.reason).into(), JsValue::UNDEFINED, JsValue::UNDEFINED],
    })
}

/// A promise of what becomes of a publication: what, and up to two values.
pub(crate) fn outcome(receipt: Receipt) -> Promise {
    promise(async move {
        let (what, first, second) = match receipt.await {
            Ok(position) => (DURABLE, feed::position(position), JsValue::UNDEFINED),
            Err(PublishError::Refused(denial)) => (REFUSED, denial.code.into(), denial.reason.into()),
            Err(PublishError::Unsent(_)) => (UNSENT, JsValue::UNDEFINED, JsValue::UNDEFINED),
            Err(_) => (UNKNOWN, JsValue::UNDEFINED, JsValue::UNDEFINED),
        };
        Ok(list(&[what.into(), first, second]))
    })
}
