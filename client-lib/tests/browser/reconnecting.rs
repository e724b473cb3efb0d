//! Coming back: by policy, by hand, and when not.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use rejoin::{Backoff, Close, Closed, ClosedBy, Event, Handle, State};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, at_once, events, is_closed, is_waiting, next_text, pause, settle, until, within};

/// Long enough that no test sees the end of it.
fn far_away() -> Backoff {
    let hour = Duration::from_secs(3_600);
    Backoff::default().with_first(hour).with_cap(hour).with_floor(hour)
}

/// The attempt numbers of the waits, as they come.
async fn waits(handle: &Handle, count: usize) -> Vec<u32> {
    let numbers = Rc::new(RefCell::new(Vec::new()));
    let (list, (done, mut all)) = (numbers.clone(), futures::channel::mpsc::unbounded());
    handle.set_on_event(Some(Box::new(move |event| {
        if let Event::State(State::Waiting { attempt, .. }) = event {
            list.borrow_mut().push(attempt);
            if list.borrow().len() == count {
                done.unbounded_send(()).unwrap();
            }
        }
    })));
    within(all.next()).await.unwrap();
    numbers.take()
}

#[wasm_bindgen_test]
async fn a_cut_connection_comes_back_by_itself() {
    let place = Place::new();
    let mut socket = within(place.builder("/echo").reconnect(at_once()).connect()).await.unwrap();
    for round in 0..3 {
        place.command("cut").await;
        until(&socket, |state| *state != State::Open).await;
        within(socket.opened()).await.unwrap();
        socket.send(round.to_string()).await.unwrap();
        assert_eq!(next_text(&mut socket).await, round.to_string());
    }
    assert_eq!((place.stats("").await.opened, socket.metrics().opened), (4, 4));
}

#[wasm_bindgen_test]
async fn an_error_with_its_close_schedules_one_retry() {
    let place = Place::new();
    let socket = place.builder("/refuse").reconnect(at_once().with_max_attempts(4)).open().unwrap();
    let events = events(&socket);
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert!(closed.gave_up);
    settle().await;
    assert_eq!(place.stats("alive.le.0").await.attempts, 4);
    let ends = events.borrow().iter().filter(|event| matches!(event, Event::Disconnected(_))).count();
    assert_eq!(ends, 4);
}

#[wasm_bindgen_test]
async fn a_server_that_accepts_and_closes_is_not_hammered() {
    let place = Place::new();
    let backoff =
        Backoff::default().with_first(Duration::from_millis(1)).with_floor(Duration::from_millis(20));
    let socket = place.builder("/accept-then-close").reconnect(backoff).open().unwrap();
    // Opening alone does not start the count anew, so that the waits grow.
    assert_eq!(waits(&socket, 4).await, [2, 3, 4, 5]);
    let stats = place.stats("opened.ge.4").await;
    let gaps: Vec<u64> = stats.attempt_ms.windows(2).map(|pair| pair[1] - pair[0]).skip(1).collect();
    assert!(gaps.iter().all(|gap| *gap >= 19), "{gaps:?}");
}

#[wasm_bindgen_test]
async fn attempts_count_anew_after_a_stable_time() {
    let place = Place::new();
    let backoff = at_once().with_stable(Duration::from_millis(1));
    let socket = place.builder("/close?code=1012&after_ms=30").reconnect(backoff).open().unwrap();
    assert_eq!(waits(&socket, 3).await, [1, 1, 1]);
}

#[wasm_bindgen_test]
async fn unlimited_means_unlimited() {
    let place = Place::new();
    // Not by refusing, because Chromium slows down whoever fails too often; an end this soon counts as a failure too.
    let socket = place.builder("/accept-then-close").reconnect(at_once()).open().unwrap();
    assert_eq!(waits(&socket, 60).await.last(), Some(&61));
}

#[wasm_bindgen_test]
async fn after_the_last_attempt_reconnect_still_works() {
    let place = Place::new();
    let backoff = at_once().with_max_attempts(2);
    let mut socket = place.builder("/echo?refuse_first=2").reconnect(backoff).open().unwrap();
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert!(closed.gave_up && closed.by == ClosedBy::Refused);
    assert!(within(socket.next()).await.is_none());
    socket.reconnect();
    within(socket.opened()).await.unwrap();
    socket.send("back").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "back", "the stream goes on");
}

#[wasm_bindgen_test]
async fn reconnect_leaves_an_open_connection_and_ignores_what_still_comes_of_it() {
    let place = Place::new();
    let mut socket = within(place.builder("/echo").reconnect(at_once()).connect()).await.unwrap();
    let events = events(&socket);
    let old = socket.as_raw().unwrap();
    old.send_with_str("stale").unwrap();
    socket.reconnect();
    assert!(matches!(socket.state(), State::Connecting { attempt: 1 }));
    within(socket.opened()).await.unwrap();
    socket.send("fresh").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "fresh");
    within(async {
        while old.ready_state() != web_sys::WebSocket::CLOSED {
            settle().await;
        }
    })
    .await;
    settle().await;
    assert_eq!(socket.state(), State::Open);
    let ends: Vec<Closed> = events
        .borrow()
        .iter()
        .filter_map(|event| match event {
            Event::Disconnected(closed) => Some(closed.clone()),
            _ => None,
        })
        .collect();
    assert_eq!((ends.len(), ends[0].by), (1, ClosedBy::Caller));
    let stats = place.stats("codes.ge.1").await;
    assert_eq!((stats.opened, stats.open_now, stats.codes), (2, 1, vec![1000]));
}

#[wasm_bindgen_test]
async fn reconnect_works_in_every_state_and_leaves_one_socket() {
    let place = Place::new();
    let socket = place.builder("/echo").reconnect(far_away()).open().unwrap();
    socket.reconnect();
    socket.reconnect();
    within(socket.opened()).await.unwrap();
    place.command("cut").await;
    until(&socket, is_waiting).await;
    socket.reconnect();
    within(socket.opened()).await.unwrap();
    socket.begin_close(Close::normal());
    assert_eq!(socket.state(), State::Closing);
    socket.reconnect();
    within(socket.opened()).await.unwrap();
    within(socket.close(Close::normal())).await;
    socket.reconnect();
    within(socket.opened()).await.unwrap();
    assert_eq!(place.stats("alive.le.1").await.open_now, 1);
}

#[wasm_bindgen_test]
async fn a_manual_close_is_not_reopened_by_anything() {
    let place = Place::new();
    let builder = place.builder("/echo").reconnect(at_once()).should_reconnect(|_| true);
    let socket = within(builder.connect()).await.unwrap();
    within(socket.close(Close::normal())).await;
    let window = web_sys::window().unwrap();
    window.dispatch_event(&web_sys::Event::new("online").unwrap()).unwrap();
    window.document().unwrap().dispatch_event(&web_sys::Event::new("resume").unwrap()).unwrap();
    pause(Duration::from_millis(200)).await;
    assert!(is_closed(&socket.state()));
    assert_eq!(place.stats("alive.le.0").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn the_servers_code_says_whether_it_comes_back() {
    for (code, comes_back) in
        [(1000, false), (1008, false), (3000, false), (4000, false), (1001, true), (1011, true), (1012, true)]
    {
        let place = Place::new();
        let socket = place.builder(&format!("/close?code={code}")).reconnect(far_away()).open().unwrap();
        let state = until(&socket, |state| is_closed(state) || is_waiting(state)).await;
        assert_eq!(is_waiting(&state), comes_back, "{code}: {state:?}");
    }
}

#[wasm_bindgen_test]
async fn the_application_may_decide_otherwise() {
    let place = Place::new();
    let builder = place.builder("/close?code=4000").reconnect(far_away());
    let socket = builder.should_reconnect(|closed| closed.code == 4000).open().unwrap();
    until(&socket, is_waiting).await;
    let builder = place.builder("/close?code=1012").reconnect(far_away());
    let socket = builder.should_reconnect(|_| false).open().unwrap();
    until(&socket, is_closed).await;
    let builder =
        place.builder("/silent-handshake").reconnect(far_away()).connect_timeout(Duration::from_millis(50));
    let socket = builder.should_reconnect(|closed| closed.by != ClosedBy::ConnectTimeout).open().unwrap();
    until(&socket, is_closed).await;
}

#[wasm_bindgen_test]
async fn an_attempt_that_times_out_is_followed_by_the_next() {
    let place = Place::new();
    let builder = place.builder("/silent-handshake").reconnect(at_once().with_max_attempts(3));
    let socket = builder.connect_timeout(Duration::from_millis(60)).open().unwrap();
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!((closed.by, closed.gave_up), (ClosedBy::ConnectTimeout, true));
    place.unanswered_end().await;
    // Firefox begins no second to a host whose first is not answered, so that the server need not have seen them.
    assert!(crate::common::is_firefox() || place.stats("").await.attempts == 3);
}

#[wasm_bindgen_test]
async fn the_decision_is_not_asked_for_after_a_close_of_this_ends_own() {
    let asked = std::rc::Rc::new(std::cell::Cell::new(false));
    let of_builder = asked.clone();
    let place = Place::new();
    let builder = place.builder("/echo").should_reconnect(move |_| {
        of_builder.set(true);
        true
    });
    let socket = within(builder.connect()).await.unwrap();
    within(socket.close(Close::normal())).await;
    assert!(!asked.get());
}
