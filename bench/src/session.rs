//! Sessions as contenders: small messages in batches, a lone message's round trip, and a peer for the run over faults.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::channel::oneshot;
use js_sys::Function;
use rejoin::session::{KeepAlive, SessionEvent, SessionHandle};
use rejoin::{Backoff, Session};
use wasm_bindgen::prelude::*;

use crate::{check, now, words};

/// Receives so many session messages and returns the milliseconds from asking to the last.
#[wasm_bindgen]
pub async fn session_receive(url: String, count: u32, size: u32) -> Result<f64, JsValue> {
    let session = Session::connect(url).await.map_err(words)?;
    let (done, all) = oneshot::channel();
    let done = RefCell::new(Some(done));
    let (messages, bytes) = (Cell::new(0u32), Rc::new(Cell::new(0f64)));
    let of_handler = bytes.clone();
    session.set_on_message(Some(Box::new(move |message| {
        of_handler.set(of_handler.get() + message.body.len() as f64);
        messages.set(messages.get() + 1);
        if messages.get() == count
            && let Some(done) = done.take()
        {
            let _ = done.send(());
        }
    })));
    let start = now();
    session.try_send(format!("send me {count} {size}")).map_err(words)?;
    all.await.map_err(words)?;
    let elapsed = now() - start;
    session.close().await;
    check(bytes.get(), count, size)?;
    Ok(elapsed)
}

/// Sends a message of so many bytes and waits until it is back, so often; returns the milliseconds of all.
#[wasm_bindgen]
pub async fn session_round_trips(url: String, count: u32, size: u32) -> Result<f64, JsValue> {
    let mut session = Session::connect(url).await.map_err(words)?;
    let text = "x".repeat(size as usize);
    let start = now();
    for _ in 0..count {
        session.try_send(text.as_str()).map_err(words)?;
        session.recv().await.ok_or_else(|| words("the session is over"))?;
    }
    let elapsed = now() - start;
    session.close().await;
    Ok(elapsed)
}

/// A session in the run over faults.
#[wasm_bindgen]
pub struct SessionPeer {
    session: SessionHandle,
    lives: Rc<Cell<u32>>,
}

#[wasm_bindgen]
impl SessionPeer {
    /// Connects there and hands over each message.
    #[wasm_bindgen(constructor)]
    pub fn new(url: String, take: Function) -> Result<SessionPeer, JsValue> {
        let mut keep_alive = KeepAlive::default();
        keep_alive.interval = Duration::from_millis(700);
        keep_alive.deadline = Duration::from_millis(1_500);
        let backoff =
            Backoff::default().with_first(Duration::from_millis(100)).with_cap(Duration::from_millis(400));
        let session = Session::builder(url)
            .keep_alive(keep_alive)
            .reconnect(backoff)
            .connect_timeout(Duration::from_secs(2))
            .open()
            .map_err(words)?
            .handle();
        session.set_on_message(Some(Box::new(move |message| {
            // What the page's own function throws is in its console.
            let _ = take.call1(&JsValue::UNDEFINED, &message.as_text().unwrap_or_default().into());
        })));
        let lives = Rc::new(Cell::new(0));
        let told = lives.clone();
        session.set_on_event(Some(Box::new(move |event| {
            if matches!(event, SessionEvent::Live { .. }) {
                told.set(told.get() + 1);
            }
        })));
        Ok(Self { session, lives })
    }

    /// Sends a message.
    pub fn send(&self, text: &str) -> Result<(), JsValue> {
        self.session.try_send(text).map_err(words)
    }

    /// How often the server has welcomed it.
    pub fn lives(&self) -> u32 {
        self.lives.get()
    }

    /// Connects anew at once.
    pub fn again(&self) {
        self.session.reconnect();
    }

    /// Ends the session.
    pub fn end(&self) {
        self.session.begin_close();
    }
}
