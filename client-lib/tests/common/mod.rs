//! What the browser's tests share: the way to the test peer, its statistics and commands, and deadlines.
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used, dead_code)]

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use futures::future::{Either, select};
use futures::{FutureExt, StreamExt};
use js_sys::{Function, Reflect};
use rejoin::{Backoff, Builder, Event, Handle, Incoming, Socket, State};
use serde::Deserialize;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What may take long on a busy machine and must end all the same.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// One test's place at the peer: its connections are counted apart from those of others.
pub(crate) struct Place {
    pub(crate) key: String,
}

/// What the peer has seen of a place.
#[derive(Debug, Deserialize)]
pub(crate) struct Stats {
    pub(crate) attempts: u64,
    pub(crate) attempt_ms: Vec<u64>,
    pub(crate) offered: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) alive: u64,
    pub(crate) opened: u64,
    pub(crate) open_now: u64,
    pub(crate) codes: Vec<u16>,
    pub(crate) reasons: Vec<String>,
    pub(crate) messages: u64,
    pub(crate) bytes: u64,
    pub(crate) batches: u64,
    pub(crate) frames: u64,
    pub(crate) texts: Vec<String>,
}

fn peer() -> &'static str {
    match option_env!("REJOIN_TEST_PEER") {
        Some(peer) => peer,
        None => panic!(
            "compile the tests with REJOIN_TEST_PEER=ws://127.0.0.1:PORT of a running test-peer (cargo xtask test does)"
        ),
    }
}

impl Place {
    pub(crate) fn new() -> Self {
        Self { key: format!("{:x}", (js_sys::Math::random() * 1e15) as u64) }
    }

    /// The URL of a behaviour, such as `/close?code=4000`.
    pub(crate) fn url(&self, behaviour: &str) -> String {
        let separator = if behaviour.contains('?') { '&' } else { '?' };
        format!("{}{behaviour}{separator}key={}", peer(), self.key)
    }

    pub(crate) fn builder(&self, behaviour: &str) -> Builder {
        Builder::new(self.url(behaviour))
    }

    pub(crate) async fn connect(&self, behaviour: &str) -> Socket {
        within(self.builder(behaviour).connect()).await.unwrap()
    }

    /// The statistics once they are as said, such as `open_now.le.0`; empty for as they are.
    pub(crate) async fn stats(&self, until: &str) -> Stats {
        let text = self.get(&format!("/stats?until={until}")).await;
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    /// Acts on the open connections, such as `cut` or `close&code=1012`.
    pub(crate) async fn command(&self, what: &str) {
        self.get(&format!("/command?do={what}")).await;
    }

    /// Waits until the connections of handshakes that were never answered have ended. Firefox keeps them for a while
    /// after their socket was closed, ours or a script's, so that there is nothing to see there.
    pub(crate) async fn unanswered_end(&self) {
        if !is_firefox() {
            self.stats("alive.le.0").await;
        }
    }

    fn fetch(&self, path: &str) -> js_sys::Promise {
        let url = self.url(path).replacen("ws", "http", 1);
        let global = js_sys::global();
        let fetch: Function = Reflect::get(&global, &"fetch".into()).unwrap().unchecked_into();
        fetch.call1(&global, &JsValue::from_str(&url)).unwrap().unchecked_into()
    }

    async fn get(&self, path: &str) -> String {
        let response: web_sys::Response = JsFuture::from(self.fetch(path)).await.unwrap().unchecked_into();
        let text = JsFuture::from(response.text().unwrap()).await.unwrap().as_string().unwrap();
        assert!(response.ok(), "{path}: {} {text}", response.status());
        text
    }
}

/// The peer ends what the test has left, the handshakes above all that it never answers: Firefox keeps them for a
/// while after their socket was closed, and begins no other to the same host meanwhile.
impl Drop for Place {
    fn drop(&mut self) {
        let _answer = self.fetch("/finish");
    }
}

pub(crate) fn is_firefox() -> bool {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
    let agent = Reflect::get(&navigator, &"userAgent".into()).unwrap().as_string().unwrap();
    agent.contains("Firefox")
}

/// A back-off that comes back at once, for tests that are not about its times.
pub(crate) fn at_once() -> Backoff {
    let least = Duration::from_micros(1);
    Backoff::default().with_first(least).with_cap(least).with_floor(Duration::ZERO)
}

/// The future's output, or a panic when it takes too long.
pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    within_time(PATIENCE, future).await
}

pub(crate) async fn within_time<T>(time: Duration, future: impl Future<Output = T>) -> T {
    match select(std::pin::pin!(future), pause(time)).await {
        Either::Left((output, _)) => output,
        Either::Right(_) => panic!("not within {time:?}"),
    }
}

/// For what must *not* happen, and for nothing else.
pub(crate) fn pause(time: Duration) -> impl Future<Output = ()> + Unpin {
    gloo_timers::future::TimeoutFuture::new(time.as_millis() as u32).fuse()
}

/// Lets everything that is ready run, the browser's tasks too.
pub(crate) async fn settle() {
    for _ in 0..3 {
        pause(Duration::ZERO).await;
    }
}

/// The first state for which `is` holds.
pub(crate) async fn until(handle: &Handle, is: impl Fn(&State) -> bool) -> State {
    let mut states = handle.states();
    within(async {
        loop {
            let state = states.next().await.expect("the connection was dropped");
            if is(&state) {
                return state;
            }
        }
    })
    .await
}

pub(crate) fn is_waiting(state: &State) -> bool {
    matches!(state, State::Waiting { .. })
}

pub(crate) fn is_closed(state: &State) -> bool {
    matches!(state, State::Closed(_))
}

pub(crate) async fn next(socket: &mut Socket) -> Incoming {
    within(socket.next()).await.expect("the stream has ended")
}

pub(crate) async fn next_text(socket: &mut Socket) -> String {
    next(socket).await.to_text().expect("a text")
}

/// Every event of a connection from now on, as it comes.
pub(crate) fn events(handle: &Handle) -> Rc<RefCell<Vec<Event>>> {
    let events = Rc::new(RefCell::new(Vec::new()));
    let list = events.clone();
    handle.set_on_event(Some(Box::new(move |event| list.borrow_mut().push(event))));
    events
}
