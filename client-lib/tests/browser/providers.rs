//! Targets asked for anew with each attempt: what they may do, and what their failure leaves behind.

use std::cell::{Cell, RefCell};
use std::future::{pending, ready};
use std::rc::Rc;
use std::time::Duration;

use rejoin::{Builder, Close, ClosedBy, Event, Handle, OpenError, State, Target, TargetError};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, at_once, events, is_closed, is_waiting, pause, settle, until, within};

/// Counts itself away when it is dropped: held by a provider's future, it tells whether that still lives.
struct Alive(Rc<Cell<u32>>);

impl Alive {
    fn new(count: &Rc<Cell<u32>>) -> Self {
        count.set(count.get() + 1);
        Self(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

/// A provider that never answers.
fn never(alive: &Rc<Cell<u32>>) -> Builder {
    let alive = alive.clone();
    Builder::asking(move |_| {
        let alive = Alive::new(&alive);
        async move {
            let _alive = alive;
            pending().await
        }
    })
}

#[wasm_bindgen_test]
async fn each_attempt_asks_anew_with_its_number() {
    let place = Rc::new(Place::new());
    let of_provider = place.clone();
    let builder = Builder::asking(move |attempt| {
        let place = of_provider.clone();
        async move {
            // Asynchronous in earnest: asks the network.
            place.stats("").await;
            Ok(Target::new(place.url(&format!("/refuse?tag=attempt-{attempt}")))
                .protocol(format!("p{attempt}")))
        }
    });
    let socket = builder.reconnect(at_once().with_max_attempts(3)).open().unwrap();
    until(&socket, is_closed).await;
    let stats = place.stats("alive.le.0").await;
    assert_eq!(stats.tags, ["attempt-1", "attempt-2", "attempt-3"]);
    assert_eq!(stats.offered, ["p1", "p2", "p3"]);
}

#[wasm_bindgen_test]
async fn a_provider_that_fails_is_asked_again_and_leaves_no_lock() {
    let place = Place::new();
    let url = place.url("/echo");
    let builder = Builder::asking(move |attempt| {
        ready(if attempt < 3 { Err(TargetError("no token yet".into())) } else { Ok(Target::new(&url)) })
    });
    let socket = builder.reconnect(at_once()).open().unwrap();
    let events = events(&socket);
    within(socket.opened()).await.unwrap();
    let ends: Vec<String> = events
        .borrow()
        .iter()
        .filter_map(|event| match event {
            Event::Disconnected(closed) => Some(format!("{:?} {}", closed.by, closed.reason)),
            _ => None,
        })
        .collect();
    assert_eq!(ends, ["Provider no token yet", "Provider no token yet"]);
    assert_eq!(place.stats("").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn a_connect_whose_provider_fails_says_why() {
    let builder = Builder::asking(|_| ready(Err(TargetError("signed out".into()))));
    let Err(OpenError::Failed(closed)) = within(builder.connect()).await else { panic!("it opened") };
    assert_eq!((closed.by, closed.reason.as_str()), (ClosedBy::Provider, "signed out"));
}

#[wasm_bindgen_test]
async fn a_provider_that_names_a_bad_target_fails_its_attempt_only() {
    let place = Place::new();
    let url = place.url("/echo");
    let builder = Builder::asking(move |attempt| {
        ready(Ok(match attempt {
            1 => Target::new("http//bad"),
            2 => Target::new(&url).protocol("a b"),
            3 => Target::new("ws://a%zz/"),
            _ => Target::new(&url),
        }))
    });
    let socket = builder.reconnect(at_once()).open().unwrap();
    let events = events(&socket);
    within(socket.opened()).await.unwrap();
    let ends = events.borrow();
    let reasons: Vec<&str> = ends
        .iter()
        .filter_map(|event| match event {
            Event::Disconnected(closed) if closed.by == ClosedBy::Provider => Some(closed.reason.as_str()),
            _ => None,
        })
        .collect();
    assert!(
        matches!(reasons[..], [a, b, c] if a.contains("ws://host/path") && b.contains("subprotocol") && c.contains("SyntaxError")),
        "{reasons:?}"
    );
}

#[wasm_bindgen_test]
async fn close_ends_an_attempt_whose_provider_is_awaited() {
    let alive = Rc::default();
    let socket = never(&alive).open().unwrap();
    settle().await;
    assert_eq!(alive.get(), 1);
    let closed = within(socket.close(Close::new(4000, "enough").unwrap())).await;
    assert_eq!((closed.by, closed.was_open), (ClosedBy::Caller, false));
    settle().await;
    assert_eq!(alive.get(), 0, "the provider's future is dropped");
}

#[wasm_bindgen_test]
async fn a_drop_ends_an_attempt_whose_provider_is_awaited() {
    let alive = Rc::default();
    let socket = never(&alive).open().unwrap();
    settle().await;
    drop(socket);
    settle().await;
    assert_eq!(alive.get(), 0);
}

#[wasm_bindgen_test]
async fn a_provider_that_never_answers_is_dropped_after_two_attempts() {
    let alive = Rc::default();
    let builder =
        never(&alive).provider_timeout(Duration::from_millis(30)).reconnect(at_once().with_max_attempts(4));
    let socket = builder.open().unwrap();
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!(closed.by, ClosedBy::ProviderTimeout);
    settle().await;
    assert_eq!(alive.get(), 0, "none outlives the connection");
}

#[wasm_bindgen_test]
async fn an_answer_that_comes_after_the_last_attempt_changes_nothing() {
    let place = Place::new();
    let url = place.url("/echo");
    let builder = Builder::asking(move |_| {
        let url = url.clone();
        async move {
            pause(Duration::from_millis(100)).await;
            Ok(Target::new(url))
        }
    });
    let socket = builder.provider_timeout(Duration::from_millis(20)).reconnect(None).open().unwrap();
    until(&socket, is_closed).await;
    pause(Duration::from_millis(150)).await;
    assert_eq!(place.stats("").await.attempts, 0);
    assert!(is_closed(&socket.state()));
}

#[wasm_bindgen_test]
async fn a_late_answer_is_used_by_the_next_attempt_and_the_connect_time_out_does_not_cover_it() {
    let place = Place::new();
    let (url, asked) = (place.url("/echo"), Rc::new(Cell::new(0)));
    let count = asked.clone();
    let builder = Builder::asking(move |_| {
        count.set(count.get() + 1);
        let url = url.clone();
        async move {
            pause(Duration::from_millis(150)).await;
            Ok(Target::new(url))
        }
    });
    let socket = builder.provider_timeout(Duration::from_millis(100)).reconnect(at_once()).open().unwrap();
    let events = events(&socket);
    within(socket.opened()).await.unwrap();
    let late = events
        .borrow()
        .iter()
        .any(|event| matches!(event, Event::Disconnected(closed) if closed.by == ClosedBy::ProviderTimeout));
    assert!(late && asked.get() == 1, "{late} {}", asked.get());
}

#[wasm_bindgen_test]
async fn a_provider_may_close_and_reconnect_from_within() {
    let place = Place::new();
    let url = place.url("/echo");
    let handle: Rc<RefCell<Option<Handle>>> = Rc::default();
    let of_provider = handle.clone();
    let builder = Builder::asking(move |_| {
        match of_provider.take() {
            Some(handle) => handle.begin_close(Close::normal()),
            None => of_provider.replace(None).map_or((), drop),
        }
        ready(Ok(Target::new(&url)))
    });
    let socket = builder.reconnect(at_once()).open().unwrap();
    within(socket.opened()).await.unwrap();
    handle.replace(Some(socket.handle()));
    place.command("cut").await;
    // The provider of the second attempt closes; nothing comes after it.
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!(closed.by, ClosedBy::Caller);
    assert_eq!(place.stats("alive.le.0").await.attempts, 1);
    socket.reconnect();
    within(socket.opened()).await.unwrap();
}

#[wasm_bindgen_test]
async fn a_provider_is_not_asked_while_waiting() {
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    let builder = Builder::asking(move |_| {
        count.set(count.get() + 1);
        ready(Err(TargetError("no".into())))
    });
    let hour = Duration::from_secs(3_600);
    let backoff = rejoin::Backoff::default().with_first(hour).with_cap(hour);
    let socket = builder.reconnect(backoff).open().unwrap();
    until(&socket, is_waiting).await;
    settle().await;
    assert_eq!(asked.get(), 1);
}

#[wasm_bindgen_test]
async fn the_application_decides_after_a_providers_failure_too() {
    let builder = Builder::asking(|_| ready(Err(TargetError("signed out".into()))));
    let socket = builder.should_reconnect(|closed| closed.by != ClosedBy::Provider).open().unwrap();
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!((closed.reason.as_str(), closed.gave_up), ("signed out", false));
}
