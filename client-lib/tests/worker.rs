//! The basics of `Socket` and `Session` in a dedicated worker, which has no window and no document.
#![cfg(target_arch = "wasm32")]
// Tests say by a panic what went wrong.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use rejoin::{Close, ClosedBy, KeepAlive, OpenError, Session, State};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

use common::{Place, at_once, next, next_text, until, within};

wasm_bindgen_test_configure!(run_in_dedicated_worker);

#[wasm_bindgen_test]
async fn a_connection_in_a_worker_opens_sends_receives_and_closes() {
    assert!(web_sys::window().is_none(), "this is no worker");
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    socket.send("text").await.unwrap();
    socket.send(&[1u8, 2]).await.unwrap();
    assert_eq!(next_text(&mut socket).await, "text");
    assert_eq!(next(&mut socket).await.to_vec().unwrap(), [1, 2]);
    let closed = within(socket.close(Close::new(4000, "bye").unwrap())).await;
    assert_eq!((closed.code, closed.was_clean, closed.by), (4000, true, ClosedBy::Caller));
    assert_eq!(place.stats("codes.ge.1,alive.le.0").await.codes, [4000]);
}

#[wasm_bindgen_test]
async fn a_connection_in_a_worker_comes_back_with_its_queue() {
    let place = Place::new();
    let mut socket = within(place.builder("/echo").reconnect(at_once()).connect()).await.unwrap();
    place.command("cut").await;
    until(&socket, |state| *state != State::Open).await;
    socket.try_send("queued").unwrap();
    assert_eq!(next_text(&mut socket).await, "queued");
}

#[wasm_bindgen_test]
async fn a_failure_in_a_worker_is_typed_and_finite() {
    let place = Place::new();
    let Err(OpenError::Failed(closed)) = within(place.builder("/refuse").connect()).await else {
        panic!("it opened")
    };
    assert_eq!(closed.by, ClosedBy::Refused);
}

#[wasm_bindgen_test]
async fn keep_alive_and_the_networks_events_work_in_a_worker() {
    let place = Place::new();
    let keep_alive = KeepAlive::text("ping", "pong").interval(Duration::from_secs(3_600));
    let socket = within(place.builder("/pong").keep_alive(keep_alive).connect()).await.unwrap();
    let global: web_sys::EventTarget = wasm_bindgen::JsCast::unchecked_into(js_sys::global());
    global.dispatch_event(&web_sys::Event::new("online").unwrap()).unwrap();
    place.stats("messages.ge.1").await;
    within(async {
        while socket.metrics().round_trip.is_none() {
            common::settle().await;
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_dropped_connection_in_a_worker_leaves_nothing_open() {
    let place = Place::new();
    drop(place.connect("/echo").await);
    place.stats("alive.le.0,codes.ge.1").await;
    drop(place.builder("/silent-handshake").open().unwrap());
    place.unanswered_end().await;
}

#[wasm_bindgen_test]
async fn a_session_works_in_a_worker_and_goes_on_over_a_cut() {
    let place = Place::new();
    let builder = Session::builder(place.url("/session")).reconnect(at_once());
    let mut session = within(builder.connect()).await.unwrap();
    for round in ["before", "after"] {
        session.send(round).await.unwrap();
        assert_eq!(within(session.recv()).await.unwrap().as_text(), Some(round));
        place.command("cut").await;
    }
    assert!(session.pair().is_some());
}
