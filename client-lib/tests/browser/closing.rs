//! Closing: by this end, by the server, by the network, by dropping.

use std::time::Duration;

use futures::StreamExt;
use rejoin::{Close, ClosedBy, InvalidClose, Message, ReadyState, State};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, at_once, is_closed, is_waiting, next_text, settle, until, within};

#[wasm_bindgen_test]
async fn close_waits_for_the_handshake_and_tells_all_of_it() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    let closed = within(socket.close(Close::new(4001, "signed out").unwrap())).await;
    assert_eq!((closed.code, closed.reason.as_str()), (4001, "signed out"));
    assert!(closed.was_clean && closed.was_open && closed.by == ClosedBy::Caller);
    assert_eq!((closed.unsent_bytes, closed.gave_up), (0, false));
    assert_eq!(socket.state(), State::Closed(Some(closed.clone())));
    assert_eq!(socket.ready_state(), ReadyState::Closed);
    assert_eq!(socket.metrics().last_closed, Some(closed.clone()));
    assert!(within(socket.next()).await.is_none(), "a clean close ends the stream");
    let stats = place.stats("alive.le.0,codes.ge.1").await;
    assert_eq!((stats.codes, stats.reasons), (vec![4001], vec!["signed out".to_owned()]));
    // Again: the same answer, at once.
    assert_eq!(within(socket.close(Close::normal())).await, closed);
}

#[wasm_bindgen_test]
async fn a_close_without_a_code_is_one() {
    let place = Place::new();
    let closed = within(place.connect("/echo").await.close(Close::without_code())).await;
    assert_eq!((closed.code, closed.was_clean, closed.by), (1005, true, ClosedBy::Caller));
    assert_eq!(place.stats("codes.ge.1").await.codes, [1005]);
}

#[wasm_bindgen_test]
async fn what_the_browser_would_refuse_to_close_with_cannot_be_built() {
    for code in [0, 999, 1001, 1002, 1005, 1006, 1011, 1015, 2999, 5000] {
        assert_eq!(Close::new(code, ""), Err(InvalidClose::Code(code)));
    }
    assert_eq!(Close::new(1000, "ä".repeat(62)), Err(InvalidClose::Reason { bytes: 124 }));
    // And the browser agrees about what can.
    let place = Place::new();
    for code in [1000, 3000, 4999] {
        let reason = "ä".repeat(61);
        let closed =
            within(place.connect("/echo").await.close(Close::new(code, reason.clone()).unwrap())).await;
        assert_eq!((closed.code, closed.reason, closed.was_clean), (code, reason, true));
    }
}

#[wasm_bindgen_test]
async fn a_close_by_the_server_is_told_in_full_and_is_no_error() {
    let place = Place::new();
    let mut socket =
        within(place.builder("/close?code=4321&reason=gr%C3%BC%C3%9Fe&after=1").connect()).await.unwrap();
    socket.send("x").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "x");
    assert!(within(socket.next()).await.is_none());
    let State::Closed(Some(closed)) = socket.state() else { panic!("{:?}", socket.state()) };
    assert_eq!((closed.code, closed.reason.as_str()), (4321, "grüße"));
    assert!(closed.was_clean && closed.was_open && closed.by == ClosedBy::Server);
}

#[wasm_bindgen_test]
async fn a_close_by_the_server_without_a_code_is_1005_and_comes_back() {
    let place = Place::new();
    let builder = place.builder("/close-without-code").reconnect(at_once());
    let socket = within(builder.connect()).await.unwrap();
    let events = crate::common::events(&socket);
    place.stats("opened.ge.2").await;
    let first = events.borrow().iter().find_map(|event| match event {
        rejoin::Event::Disconnected(closed) => Some(closed.clone()),
        _ => None,
    });
    let closed = first.unwrap();
    assert_eq!((closed.code, closed.was_clean, closed.by), (1005, true, ClosedBy::Server));
}

#[wasm_bindgen_test]
async fn a_cut_is_the_networks_and_not_clean() {
    let place = Place::new();
    let socket = within(place.builder("/cut?after=1").reconnect(None).connect()).await.unwrap();
    socket.send("x").await.unwrap();
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!((closed.code, closed.by), (1006, ClosedBy::Network));
    assert!(!closed.was_clean && closed.was_open);
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_answer_the_close_frame_is_left_after_the_close_time_out() {
    let place = Place::new();
    let builder = place.builder("/no-close-answer").close_timeout(Duration::from_millis(150));
    let socket = within(builder.connect()).await.unwrap();
    let closed = within(socket.close(Close::new(4000, "bye").unwrap())).await;
    assert_eq!((closed.by, closed.was_clean, closed.was_open), (ClosedBy::CloseTimeout, false, true));
    assert!(closed.reason.contains("close time-out"), "{}", closed.reason);
    // The browser itself is still closing: nothing more comes of it.
    settle().await;
    assert!(is_closed(&socket.state()));
}

#[wasm_bindgen_test]
async fn close_while_connecting_ends_the_attempt() {
    let place = Place::new();
    let socket = place.builder("/silent-handshake").open().unwrap();
    socket.try_send("never sent").unwrap();
    place.stats("alive.ge.1").await;
    let closed = within(socket.close(Close::normal())).await;
    assert_eq!((closed.by, closed.was_open, closed.was_clean), (ClosedBy::Caller, false, false));
    assert!(matches!(&socket.take_unsent()[..], [Message::Text(text)] if text == "never sent"));
    place.unanswered_end().await;
    assert_eq!(place.stats("").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn close_while_waiting_ends_the_wait() {
    let place = Place::new();
    let socket = place.builder("/refuse").open().unwrap();
    until(&socket, is_waiting).await;
    let closed = within(socket.close(Close::normal())).await;
    assert_eq!((closed.by, closed.was_open), (ClosedBy::Caller, false));
    assert_eq!(socket.retry_in(), None);
}

#[wasm_bindgen_test]
async fn closing_transmits_what_was_sent_before() {
    let place = Place::new();
    let socket = place.connect("/sink").await;
    for n in 0..500 {
        socket.try_send(format!("{n} {}", "x".repeat(10_000))).unwrap();
    }
    let closed = within(socket.close(Close::normal())).await;
    assert!(closed.was_clean, "{closed}");
    assert_eq!(place.stats("alive.le.0").await.messages, 500);
}

#[wasm_bindgen_test]
async fn a_dropped_connection_is_closed_with_1000_and_leaves_nothing_open() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    let handle = socket.handle();
    drop(socket);
    settle().await;
    assert_eq!(place.stats("").await.open_now, 1, "a handle keeps it open");
    drop(handle);
    assert_eq!(place.stats("alive.le.0,codes.ge.1").await.codes, [1000]);
}

#[wasm_bindgen_test]
async fn what_was_sent_before_the_drop_still_goes_out() {
    let place = Place::new();
    let socket = place.connect("/sink").await;
    for n in 0..500 {
        socket.try_send(format!("{n} {}", "x".repeat(10_000))).unwrap();
    }
    drop(socket);
    let stats = place.stats("alive.le.0,codes.ge.1").await;
    assert_eq!((stats.messages, stats.codes), (500, vec![1000]));
}

#[wasm_bindgen_test]
async fn dropped_while_connecting_waiting_or_closing_it_leaves_nothing_open() {
    let place = Place::new();
    let connecting = place.builder("/silent-handshake").open().unwrap();
    place.stats("alive.ge.1").await;
    drop(connecting);
    place.unanswered_end().await;
    // Firefox connects to one host at a time.
    let place = Place::new();
    let waiting = place.builder("/refuse").open().unwrap();
    until(&waiting, is_waiting).await;
    drop(waiting);
    let closing = place.connect("/echo").await;
    closing.begin_close(Close::normal());
    drop(closing);
    place.stats("codes.ge.1,alive.le.0").await;
    crate::common::pause(Duration::from_millis(700)).await;
    assert_eq!(place.stats("alive.le.0").await.attempts, 2, "no attempt follows a drop");
}

#[wasm_bindgen_test]
async fn either_half_closes_after_the_other_was_dropped() {
    let place = Place::new();
    let (handle, receiver) = place.connect("/echo").await.into_split();
    drop(receiver);
    assert!(within(handle.close(Close::new(4002, "").unwrap())).await.was_clean);
    let (handle, mut receiver) = place.connect("/echo").await.into_split();
    handle.try_send("last").unwrap();
    drop(handle);
    assert_eq!(within(receiver.next()).await.unwrap().to_text().unwrap(), "last");
    assert!(within(receiver.close(Close::new(4003, "").unwrap())).await.was_clean);
    assert_eq!(place.stats("codes.ge.2").await.codes, [4002, 4003]);
}

#[wasm_bindgen_test]
async fn a_close_future_dropped_early_does_not_stop_the_closing() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    let closing = socket.close(Close::new(4004, "").unwrap());
    assert!(futures::FutureExt::now_or_never(closing).is_none());
    until(&socket, is_closed).await;
    assert_eq!(place.stats("codes.ge.1").await.codes, [4004]);
}

#[wasm_bindgen_test]
async fn the_states_never_miss_the_last_and_end_with_the_connection() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    let mut states = socket.states();
    assert_eq!(states.next().await, Some(State::Open));
    let closed = within(socket.close(Close::normal())).await;
    // Closing went by unseen; the last did not.
    assert_eq!(within(states.next()).await, Some(State::Closed(Some(closed))));
    drop(socket);
    assert_eq!(within(states.next()).await, None);
}

#[wasm_bindgen_test]
async fn closing_resolves_though_a_handler_reconnects_at_its_very_end() {
    let place = Place::new();
    let socket = place.builder("/echo").connect().await.unwrap();
    let weak = socket.downgrade();
    socket.set_on_event(Some(Box::new(move |event| {
        if matches!(event, rejoin::Event::State(State::Closed(_))) {
            weak.upgrade().unwrap().reconnect();
        }
    })));
    let closed = within(socket.close(Close::new(4103, "").unwrap())).await;
    assert_eq!((closed.by, closed.code, closed.was_clean), (ClosedBy::Caller, 4103, true));
    within(socket.opened()).await.unwrap();
}
