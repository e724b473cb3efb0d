//! Taking over a socket that exists already, in each of its states.

use rejoin::{BinaryType, Builder, ClosedBy, OpenError, State};
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::WebSocket;

use crate::common::{Place, at_once, is_closed, next, next_text, settle, until, within};

async fn until_raw(socket: &WebSocket, state: u16) {
    within(async {
        while socket.ready_state() != state {
            settle().await;
        }
    })
    .await;
}

#[wasm_bindgen_test]
async fn a_socket_that_is_connecting() {
    let place = Place::new();
    let raw = WebSocket::new(&place.url("/echo")).unwrap();
    let mut socket = Builder::adopt(raw).open().unwrap();
    socket.try_send("early").unwrap();
    assert_eq!(next_text(&mut socket).await, "early");
    assert_eq!(place.stats("").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn a_socket_that_is_open_keeps_its_subprotocol_when_it_comes_back() {
    let place = Place::new();
    let raw = WebSocket::new_with_str(&place.url("/echo"), "chat.v1").unwrap();
    until_raw(&raw, WebSocket::OPEN).await;
    let mut socket = Builder::adopt(raw).reconnect(at_once()).open().unwrap();
    assert_eq!((socket.state(), socket.protocol().as_str()), (State::Open, "chat.v1"));
    assert_eq!(socket.binary_type(), Some(BinaryType::Arraybuffer));
    socket.send(&[1u8, 2]).await.unwrap();
    assert_eq!(next(&mut socket).await.to_vec().unwrap(), [1, 2]);
    place.command("cut").await;
    until(&socket, |state| *state != State::Open).await;
    socket.send("back").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "back");
    assert_eq!(place.stats("").await.offered, ["chat.v1", "chat.v1"]);
}

#[wasm_bindgen_test]
async fn a_socket_that_is_closing_or_closed_has_ended() {
    let place = Place::new();
    for state in [WebSocket::CLOSING, WebSocket::CLOSED] {
        let raw = WebSocket::new(&place.url("/echo")).unwrap();
        until_raw(&raw, WebSocket::OPEN).await;
        raw.close().unwrap();
        until_raw(&raw, state).await;
        let socket = Builder::adopt(raw).reconnect(None).open().unwrap();
        let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
        assert!(!closed.was_open && closed.reason.contains("adopted"), "{closed}");
        assert_eq!(closed.by, ClosedBy::Refused);
    }
}

#[wasm_bindgen_test]
async fn a_socket_that_is_closed_is_replaced_when_reconnecting() {
    let place = Place::new();
    let raw = WebSocket::new(&place.url("/echo")).unwrap();
    until_raw(&raw, WebSocket::OPEN).await;
    raw.close().unwrap();
    until_raw(&raw, WebSocket::CLOSED).await;
    let mut socket = Builder::adopt(raw).reconnect(at_once()).open().unwrap();
    socket.try_send("over a new one").unwrap();
    assert_eq!(next_text(&mut socket).await, "over a new one");
    assert_eq!(place.stats("").await.opened, 2);
}

#[wasm_bindgen_test]
async fn an_adopted_socket_is_closed_with_the_connection() {
    let place = Place::new();
    let raw = WebSocket::new(&place.url("/echo")).unwrap();
    let socket = within(Builder::adopt(raw).connect()).await.unwrap();
    drop(socket);
    assert_eq!(place.stats("alive.le.0,codes.ge.1").await.codes, [1000]);
}

#[wasm_bindgen_test]
async fn a_socket_that_is_closing_by_the_time_it_says_it_is_open_takes_no_message_with_it() {
    let place = Place::new();
    let raw = WebSocket::new(&place.url("/echo")).unwrap();
    let of_listener = raw.clone();
    let closes = Closure::<dyn Fn()>::new(move || of_listener.close().unwrap());
    raw.add_event_listener_with_callback("open", closes.as_ref().unchecked_ref()).unwrap();
    let mut socket = Builder::adopt(raw).reconnect(at_once()).open().unwrap();
    socket.try_send("not lost").unwrap();
    assert_eq!(next_text(&mut socket).await, "not lost");
    assert_eq!(place.stats("").await.opened, 2);
}

#[wasm_bindgen_test]
fn a_subprotocol_that_may_not_be_offered_is_refused_at_once() {
    let raw = WebSocket::new(&Place::new().url("/echo")).unwrap();
    assert!(matches!(Builder::adopt(raw).protocol("a b").open(), Err(OpenError::Subprotocol(_))));
}
