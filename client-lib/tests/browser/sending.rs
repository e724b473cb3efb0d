//! Sending: every kind arrives intact, nothing is lost silently in any state.

use js_sys::{ArrayBuffer, JsString, Uint8Array};
use rejoin::{Builder, Close, Event, Message, ReadyState, SendError, State};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{Blob, WebSocket};

use crate::common::{Place, events, is_closed, next, next_text, settle, until, within};

fn blob(bytes: &[u8]) -> Blob {
    let parts = js_sys::Array::of1(&Uint8Array::from(bytes));
    Blob::new_with_u8_array_sequence(&parts).unwrap()
}

#[wasm_bindgen_test]
async fn text_bytes_array_buffer_view_and_blob_arrive_intact() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    let bytes: Vec<u8> = (0..=255).collect();
    let whole = Uint8Array::from(&bytes[..]);
    socket.send("grüße 🦀").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "grüße 🦀");
    socket.send(String::from("owned")).await.unwrap();
    assert_eq!(next_text(&mut socket).await, "owned");
    socket.send(JsString::from("the browser's")).await.unwrap();
    assert_eq!(next_text(&mut socket).await, "the browser's");
    let buffer: ArrayBuffer = whole.buffer();
    let payloads: [(Message, &[u8]); 5] = [
        (bytes.clone().into(), &bytes),
        (buffer.into(), &bytes),
        (whole.subarray(10, 20).into(), &bytes[10..20]),
        (blob(&bytes).into(), &bytes),
        (Message::Binary(Vec::new()), &[]),
    ];
    for (message, expected) in payloads {
        socket.send(message).await.unwrap();
        assert_eq!(next(&mut socket).await.to_vec().unwrap(), expected);
    }
    socket.send(&bytes[..3]).await.unwrap();
    socket.send(b"abc").await.unwrap();
    assert_eq!(next(&mut socket).await.to_vec().unwrap(), [0, 1, 2]);
    assert_eq!(next(&mut socket).await.to_vec().unwrap(), b"abc");
}

#[wasm_bindgen_test]
async fn what_was_queued_of_each_kind_arrives_intact_and_in_order() {
    let place = Place::new();
    let mut socket = place.builder("/echo").open().unwrap();
    socket.try_send("a").unwrap();
    socket.try_send(&[1u8, 2][..]).unwrap();
    socket.try_send(JsString::from("b")).unwrap();
    socket.try_send(Uint8Array::from(&[3u8][..]).buffer()).unwrap();
    socket.try_send(Uint8Array::from(&[4u8, 5][..]).subarray(1, 2)).unwrap();
    socket.try_send(blob(&[6])).unwrap();
    socket.try_send("c").unwrap();
    assert_eq!(socket.queued(), (7, 8));
    let mut got = Vec::new();
    for _ in 0..7 {
        let message = next(&mut socket).await;
        got.push(message.to_text().map_or_else(|| message.to_vec().unwrap(), String::into_bytes));
    }
    assert_eq!(got, [&b"a"[..], &[1, 2], b"b", &[3], &[5], &[6], b"c"]);
}

#[wasm_bindgen_test]
async fn order_is_kept_over_mixed_kinds_and_sizes() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    let size = |n: usize| [0, 1, 100, 70_000, 5][n % 5];
    for n in 0..200usize {
        let fill = vec![b'x'; size(n)];
        let mut bytes = n.to_string().into_bytes();
        bytes.push(b' ');
        bytes.extend(fill);
        match n % 3 {
            0 => socket.send(String::from_utf8(bytes).unwrap()).await.unwrap(),
            1 => socket.send(bytes).await.unwrap(),
            _ => socket.send(blob(&bytes)).await.unwrap(),
        }
    }
    for n in 0..200usize {
        let message = next(&mut socket).await;
        assert_eq!(message.is_text(), n % 3 == 0);
        let bytes = message.bytes().await.unwrap();
        assert_eq!(bytes.len(), n.to_string().len() + 1 + size(n));
        assert!(bytes.starts_with(format!("{n} ").as_bytes()));
    }
}

#[wasm_bindgen_test]
async fn lone_surrogates_go_out_as_replacement_characters() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    let lone = JsString::from_char_code(&[0x61, 0xd800, 0x62, 0xdc00]);
    socket.send(lone).await.unwrap();
    assert_eq!(next_text(&mut socket).await, "a\u{fffd}b\u{fffd}");
    // The connection stays usable.
    socket.send("after").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "after");
}

#[wasm_bindgen_test]
async fn a_send_after_close_hands_the_message_back() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    socket.begin_close(Close::normal());
    assert_eq!(socket.ready_state(), ReadyState::Closing);
    let unsent = socket.try_send("too late").unwrap_err();
    assert_eq!(unsent.error, SendError::Closed);
    assert!(matches!(unsent.message, Message::Text(text) if text == "too late"));
    until(&socket, is_closed).await;
    let unsent = within(socket.send(vec![1, 2, 3])).await.unwrap_err();
    assert_eq!(unsent.error, SendError::Closed);
    assert!(matches!(unsent.message, Message::Binary(bytes) if bytes == [1, 2, 3]));
}

#[wasm_bindgen_test]
async fn a_send_after_the_server_closed_and_before_its_event_comes_back() {
    let place = Place::new();
    // The server holds the TCP connection, for which the browser waits before it dispatches the event.
    let builder = place.builder("/close?after=1&hold_ms=400").reconnect(None);
    let mut socket = within(builder.connect()).await.unwrap();
    let raw = socket.as_raw().unwrap();
    socket.send("last").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "last");
    within(async {
        while raw.ready_state() == web_sys::WebSocket::OPEN {
            settle().await;
        }
    })
    .await;
    if raw.ready_state() == web_sys::WebSocket::CLOSING {
        assert_eq!(socket.ready_state(), ReadyState::Closing, "noticed before the event");
    }
    let result = socket.try_send("into the void");
    until(&socket, is_closed).await;
    let unsent = socket.take_unsent();
    assert!(result.is_err() || unsent.len() == 1, "{result:?} {unsent:?}");
    assert_eq!(socket.metrics().sent, 1);
    assert_eq!(place.stats("codes.ge.1").await.texts, ["last"]);
}

#[wasm_bindgen_test]
async fn a_send_to_a_socket_that_the_browser_is_closing_comes_back() {
    let place = Place::new();
    let socket = within(place.builder("/echo").reconnect(None).connect()).await.unwrap();
    // Nobody told the library: as when the server's close frame has come and its event has not.
    socket.as_raw().unwrap().close().unwrap();
    let result = socket.try_send("behind the back");
    assert_eq!(socket.ready_state(), ReadyState::Closing);
    until(&socket, is_closed).await;
    let unsent = socket.take_unsent();
    assert!(result.is_err() || unsent.len() == 1, "{result:?} {unsent:?}");
    assert_eq!(place.stats("codes.ge.1").await.messages, 0);
}

#[wasm_bindgen_test]
async fn a_message_to_a_closing_server_goes_over_the_next_connection() {
    let place = Place::new();
    let builder = place.builder("/echo").reconnect(crate::common::at_once()).should_reconnect(|_| true);
    let mut socket = within(builder.connect()).await.unwrap();
    socket.as_raw().unwrap().close().unwrap();
    socket.try_send("for the next").unwrap();
    assert_eq!(next_text(&mut socket).await, "for the next");
    assert_eq!(place.stats("").await.opened, 2);
    assert_eq!(socket.state(), State::Open);
}

#[wasm_bindgen_test]
async fn a_buffer_that_is_transferred_while_it_waits_comes_back_and_harms_no_neighbour() {
    let place = Place::new();
    let mut socket = place.builder("/echo").open().unwrap();
    let events = events(&socket);
    let buffer = Uint8Array::from(&[1u8, 2, 3][..]).buffer();
    socket.try_send("before").unwrap();
    socket.try_send(buffer.clone()).unwrap();
    socket.try_send("after").unwrap();
    let options = js_sys::Object::new();
    js_sys::Reflect::set(&options, &"transfer".into(), &js_sys::Array::of1(&buffer)).unwrap();
    let global = js_sys::global();
    let clone: js_sys::Function =
        js_sys::Reflect::get(&global, &"structuredClone".into()).unwrap().unchecked_into();
    clone.call2(&global, &buffer, &options).unwrap();
    assert_eq!(next_text(&mut socket).await, "before");
    assert_eq!(next_text(&mut socket).await, "after");
    let came_back = events.borrow().iter().any(|event| {
        matches!(event, Event::Unsent { messages, error: SendError::Changed }
            if matches!(&messages[..], [Message::Buffer(back)] if *back == buffer))
    });
    assert!(came_back, "{events:?}");
}

#[wasm_bindgen_test]
async fn whatever_a_browser_throws_is_told_in_words() {
    let cases = [
        ("new TypeError('not this one')", "TypeError: not this one"),
        ("'a text'", "a text"),
        ("Symbol('odd')", "Symbol(odd)"),
        ("undefined", "undefined"),
        ("Object.create(null)", "can't be put into words"),
        ("{ toString() { throw 1; } }", "can't be put into words"),
    ];
    for (thrown, words) in cases {
        let place = Place::new();
        let raw = WebSocket::new(&place.url("/echo")).unwrap();
        let throws = js_sys::Function::new_no_args(&format!("delete this.send; throw ({thrown});"));
        js_sys::Reflect::set(&raw, &"send".into(), &throws).unwrap();
        let mut socket = Builder::adopt(raw).open().unwrap();
        let events = events(&socket);
        socket.try_send("refused").unwrap();
        socket.try_send("taken").unwrap();
        assert_eq!(next_text(&mut socket).await, "taken");
        let told = events.borrow().iter().any(|event| {
            matches!(event, Event::Unsent { error: SendError::Rejected(said), .. } if said.contains(words))
        });
        assert!(told, "{thrown}: {events:?}");
    }
}
