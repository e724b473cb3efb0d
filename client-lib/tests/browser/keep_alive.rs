//! Keep-alive: round trips, and links that look open and are dead.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use rejoin::{ClosedBy, Event, KeepAlive, State};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, at_once, events, is_closed, is_waiting, next_text, until, within};

fn quick() -> KeepAlive {
    KeepAlive::text("ping", "pong").interval(Duration::from_millis(30)).deadline(Duration::from_millis(300))
}

#[wasm_bindgen_test]
async fn answers_give_the_round_trip_time_and_do_not_reach_the_application() {
    let place = Place::new();
    let mut socket = within(place.builder("/pong").keep_alive(quick()).connect()).await.unwrap();
    let events = events(&socket);
    place.stats("messages.ge.5").await;
    place.command("say&text=for+the+application").await;
    assert_eq!(next_text(&mut socket).await, "for the application");
    let times = events.borrow().iter().filter(|event| matches!(event, Event::RoundTrip(_))).count();
    assert!(times >= 3, "{times}");
    let round_trip = socket.metrics().round_trip.unwrap();
    assert!(round_trip < Duration::from_secs(2), "{round_trip:?}");
    assert_eq!(socket.metrics().received, 1);
    assert!(socket.next().now_or_never().is_none());
}

#[wasm_bindgen_test]
async fn a_peer_that_falls_silent_is_left_at_the_deadline() {
    let place = Place::new();
    let builder = place.builder("/pong?stop_after=2").keep_alive(quick()).reconnect(None);
    let socket = within(builder.connect()).await.unwrap();
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!((closed.by, closed.was_open, closed.code), (ClosedBy::KeepAlive, true, 1006));
    assert!(closed.reason.contains("keep-alive"), "{}", closed.reason);
    place.stats("open_now.le.0").await;
}

#[wasm_bindgen_test]
async fn a_half_open_connection_is_found_out_and_replaced() {
    let place = Place::new();
    let builder = place.builder("/black-hole").keep_alive(quick()).reconnect(at_once());
    let socket = within(builder.connect()).await.unwrap();
    until(&socket, |state| *state != State::Open).await;
    assert_eq!(socket.metrics().last_closed.unwrap().by, ClosedBy::KeepAlive);
    place.stats("opened.ge.2").await;
    drop(socket);
    place.command("cut").await;
}

#[wasm_bindgen_test]
async fn a_dead_link_is_found_out_however_much_is_being_sent() {
    let place = Place::new();
    let socket =
        within(place.builder("/black-hole").keep_alive(quick()).reconnect(None).connect()).await.unwrap();
    for _ in 0..8 {
        socket.try_send(vec![0; 1 << 20]).unwrap();
    }
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!(closed.by, ClosedBy::KeepAlive);
    place.command("cut").await;
}

#[wasm_bindgen_test]
async fn any_message_proves_that_the_link_lives() {
    let place = Place::new();
    let keep_alive = KeepAlive::new("hello?", |_| false)
        .interval(Duration::from_millis(20))
        .deadline(Duration::from_millis(800));
    let socket = within(place.builder("/echo").keep_alive(keep_alive).connect()).await.unwrap();
    place.stats("messages.ge.50").await;
    assert_eq!(socket.state(), State::Open);
    assert_eq!(socket.metrics().round_trip, None);
}

#[wasm_bindgen_test]
async fn the_application_may_decide_after_a_silent_death() {
    let place = Place::new();
    let builder = place.builder("/pong?stop_after=0").keep_alive(quick());
    let socket =
        within(builder.should_reconnect(|closed| closed.by != ClosedBy::KeepAlive).connect()).await.unwrap();
    let events = events(&socket);
    let state = until(&socket, is_closed).await;
    assert!(matches!(state, State::Closed(Some(closed)) if closed.by == ClosedBy::KeepAlive));
    let waited =
        events.borrow().iter().any(|event| matches!(event, Event::State(state) if is_waiting(state)));
    assert!(!waited, "what is refused at once is no wait: {events:?}");
    let hour = rejoin::Backoff::default()
        .with_first(Duration::from_secs(3_600))
        .with_cap(Duration::from_secs(3_600));
    let builder = place.builder("/pong?stop_after=0").keep_alive(quick()).reconnect(hour);
    let socket =
        within(builder.should_reconnect(|closed| closed.by == ClosedBy::KeepAlive).connect()).await.unwrap();
    until(&socket, is_waiting).await;
}

#[wasm_bindgen_test]
async fn without_a_keep_alive_nothing_of_ours_is_sent() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    socket.send("mine").await.unwrap();
    next_text(&mut socket).await;
    let window = web_sys::window().unwrap();
    window.dispatch_event(&web_sys::Event::new("online").unwrap()).unwrap();
    crate::common::settle().await;
    assert_eq!(place.stats("").await.texts, ["mine"]);
}
