//! The contracts of `Sink`: ready, flush and close really wait, and say when something was lost.

use std::time::Duration;

use futures::{FutureExt, SinkExt, StreamExt, stream};
use rejoin::{Builder, Message, Overflow, QueueLimits, SendError, Socket, State, Watermarks};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, is_closed, next_text, pause, until, within};

/// More than the browser, the kernel and the peer hold between them while nobody reads.
const MUCH: usize = 24 << 20;
const PIECE: usize = 64 << 10;

fn numbered(n: usize) -> Message {
    let mut bytes = vec![0; PIECE];
    bytes[..4].copy_from_slice(&u32::try_from(n).unwrap().to_le_bytes());
    Message::Binary(bytes)
}

/// A connection to a peer that reads nothing yet.
async fn clogged(place: &Place) -> Socket {
    let limits = QueueLimits::new(1_000, MUCH, Overflow::Wait);
    within(place.builder("/slow-reader?rate=0").queue(limits).reconnect(None).connect()).await.unwrap()
}

#[wasm_bindgen_test]
async fn ten_thousand_fed_messages_arrive_in_order_with_one_flush() {
    let place = Place::new();
    let mut socket = place.connect("/sink").await;
    within(async {
        for n in 0..10_000 {
            socket.feed(Message::Text(format!("{n} abc"))).await.unwrap();
        }
        SinkExt::flush(&mut socket).await.unwrap();
    })
    .await;
    assert_eq!(socket.buffered_amount(), 0);
    socket.try_send("stats").unwrap();
    let stats: serde_json::Value = serde_json::from_str(&next_text(&mut socket).await).unwrap();
    assert_eq!((stats["messages"].as_u64(), stats["in_order"].as_bool()), (Some(10_000), Some(true)));
}

#[wasm_bindgen_test]
async fn flush_waits_until_everything_has_left_and_order_is_kept() {
    let place = Place::new();
    let mut socket = clogged(&place).await;
    for n in 0..MUCH / PIECE {
        socket.feed(numbered(n)).await.unwrap();
    }
    assert!(socket.buffered_amount() > 0);
    let raw = socket.as_raw().unwrap();
    assert!(
        u64::from(raw.buffered_amount()) <= Watermarks::default().high + PIECE as u64,
        "the rest waits in the queue"
    );
    let mut flushing = SinkExt::flush(&mut socket);
    assert!(futures::poll!(&mut flushing).is_pending());
    pause(Duration::from_millis(150)).await;
    assert!(futures::poll!(&mut flushing).is_pending());
    place.command("resume").await;
    within(flushing).await.unwrap();
    assert_eq!((socket.buffered_amount(), socket.queued()), (0, (0, 0)));
    socket.try_send("stats").unwrap();
    let stats: serde_json::Value = serde_json::from_str(&next_text(&mut socket).await).unwrap();
    assert_eq!(stats["messages"].as_u64(), Some((MUCH / PIECE) as u64));
    assert_eq!(stats["in_order"].as_bool(), Some(true));
}

#[wasm_bindgen_test]
async fn ready_waits_while_the_queue_is_full_and_is_woken_when_it_has_room() {
    let place = Place::new();
    let builder = place.builder("/slow-reader?rate=0");
    let builder =
        builder.queue(QueueLimits::new(4, 1 << 20, Overflow::Wait)).watermarks(Watermarks::new(0, 1));
    let mut socket = within(builder.connect()).await.unwrap();
    let mut fed = 0;
    // The first goes to the browser, whose buffer then is above the mark until somebody reads.
    while socket.feed(numbered(fed)).now_or_never().is_some() {
        fed += 1;
        assert!(fed < 4_000, "it was always ready");
        if fed.is_multiple_of(50) {
            crate::common::settle().await;
        }
    }
    assert_eq!(socket.queued().0, 4);
    let mut feeding = socket.feed(numbered(fed));
    assert!(futures::poll!(&mut feeding).is_pending());
    place.command("resume").await;
    within(feeding).await.unwrap();
    within(SinkExt::flush(&mut socket)).await.unwrap();
    socket.try_send("stats").unwrap();
    let stats: serde_json::Value = serde_json::from_str(&next_text(&mut socket).await).unwrap();
    assert_eq!((stats["messages"].as_u64(), stats["in_order"].as_bool()), (Some(fed as u64 + 1), Some(true)));
}

#[wasm_bindgen_test]
async fn closing_the_sink_flushes_then_waits_for_the_handshake() {
    let place = Place::new();
    let mut socket = clogged(&place).await;
    for n in 0..MUCH / PIECE {
        socket.feed(numbered(n)).await.unwrap();
    }
    let mut closing = SinkExt::close(&mut socket);
    assert!(futures::poll!(&mut closing).is_pending());
    pause(Duration::from_millis(100)).await;
    assert!(futures::poll!(&mut closing).is_pending());
    place.command("resume").await;
    within(closing).await.unwrap();
    let State::Closed(Some(closed)) = socket.state() else { panic!("{:?}", socket.state()) };
    assert!(closed.was_clean && closed.code == 1000);
    assert_eq!(place.stats("codes.ge.1").await.messages, (MUCH / PIECE) as u64);
    within(SinkExt::close(&mut socket)).await.unwrap();
}

#[wasm_bindgen_test]
async fn flush_says_when_the_connection_ended_with_something_in_the_queue() {
    let place = Place::new();
    let mut socket = place.builder("/refuse").reconnect(None).open().unwrap();
    socket.feed(Message::from("never")).await.unwrap();
    assert_eq!(within(SinkExt::flush(&mut socket)).await, Err(SendError::Lost));
    assert!(matches!(&socket.take_unsent()[..], [Message::Text(text)] if text == "never"));
    assert_eq!(within(SinkExt::flush(&mut socket)).await, Ok(()), "told once");
    assert_eq!(within(socket.feed(Message::from("later"))).await, Err(SendError::Closed));
}

#[wasm_bindgen_test]
async fn closing_says_when_a_cut_came_before_everything_had_left() {
    let place = Place::new();
    let mut socket = clogged(&place).await;
    for n in 0..MUCH / PIECE {
        socket.feed(numbered(n)).await.unwrap();
    }
    place.command("cut").await;
    assert_eq!(within(SinkExt::close(&mut socket)).await, Err(SendError::Lost));
    until(&socket, is_closed).await;
    let back = socket.take_unsent().len();
    let gone = socket.metrics().sent as usize;
    assert!(back > 0 && gone > 0);
    assert_eq!(back + gone, MUCH / PIECE, "each was handed to the browser or comes back");
}

#[wasm_bindgen_test]
async fn a_sink_that_waits_learns_of_the_end() {
    let limits = QueueLimits::new(1, 100, Overflow::Wait);
    let place = Place::new();
    let mut socket = place.builder("/silent-handshake").queue(limits).open().unwrap();
    socket.feed(Message::from("a")).await.unwrap();
    let handle = socket.handle();
    let mut feeding = socket.feed(Message::from("b"));
    assert!(futures::poll!(&mut feeding).is_pending());
    handle.begin_close(rejoin::Close::normal());
    assert_eq!(within(feeding).await, Err(SendError::Closed));
}

#[wasm_bindgen_test]
async fn a_sink_whose_queue_drops_the_oldest_never_waits() {
    let limits = QueueLimits::new(2, 100, Overflow::DropOldest);
    let place = Place::new();
    let mut socket = place.builder("/silent-handshake").queue(limits).open().unwrap();
    for text in ["a", "b", "c"] {
        socket.feed(Message::from(text)).now_or_never().expect("it waits").unwrap();
    }
    assert_eq!((socket.queued().0, socket.metrics().evicted), (2, 1));
}

#[wasm_bindgen_test]
async fn a_message_larger_than_the_room_left_waits_in_the_sink_and_keeps_its_place() {
    let limits = QueueLimits::new(10, 10, Overflow::Wait);
    let place = Place::new();
    let builder = place.builder("/echo?refuse_first=1").reconnect(crate::common::at_once()).queue(limits);
    let mut socket = builder.open().unwrap();
    for text in ["0 aaaa", "1 bbbbb", "2"] {
        within(socket.feed(Message::from(text))).await.unwrap();
    }
    within(SinkExt::flush(&mut socket)).await.unwrap();
    for text in ["0 aaaa", "1 bbbbb", "2"] {
        assert_eq!(next_text(&mut socket).await, text);
    }
}

#[wasm_bindgen_test]
async fn the_connections_own_send_and_close_are_meant_where_the_sinks_are_imported_too() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    socket.send("borrowed text").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "borrowed text");
    let closed = within(socket.close(rejoin::Close::new(4000, "").unwrap())).await;
    assert_eq!(closed.code, 4000);
}

#[wasm_bindgen_test]
async fn a_stream_is_forwarded_whole_into_the_sink() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    let mut messages = stream::iter((0..100).map(|n| Ok(Message::Text(n.to_string()))));
    within(socket.send_all(&mut messages)).await.unwrap();
    let texts: Vec<String> =
        within(socket.by_ref().take(100).map(|message| message.to_text().unwrap()).collect()).await;
    assert!((0..100).map(|n| n.to_string()).eq(texts));
}

/// A connection over a socket that refuses one message when it has opened.
fn refusing(place: &Place) -> Socket {
    let raw = web_sys::WebSocket::new(&place.url("/echo")).unwrap();
    let refuse = js_sys::Function::new_no_args("delete this.send; throw new Error('not this one');");
    js_sys::Reflect::set(&raw, &"send".into(), &refuse).unwrap();
    Builder::adopt(raw).reconnect(crate::common::at_once()).open().unwrap()
}

#[wasm_bindgen_test]
async fn flush_says_when_the_browser_refused_a_message() {
    let place = Place::new();
    let mut socket = refusing(&place);
    socket.feed(Message::from("refused")).await.unwrap();
    assert_eq!(within(SinkExt::flush(&mut socket)).await, Err(SendError::Lost));
    assert!(matches!(&socket.take_unsent()[..], [Message::Text(text)] if text == "refused"));
}

#[wasm_bindgen_test]
async fn closing_after_a_loss_closes_all_the_same_and_says_so() {
    let place = Place::new();
    let mut socket = refusing(&place);
    socket.feed(Message::from("refused")).await.unwrap();
    socket.feed(Message::from("taken")).await.unwrap();
    assert_eq!(within(SinkExt::close(&mut socket)).await, Err(SendError::Lost));
    assert!(is_closed(&socket.state()));
    let stats = place.stats("alive.le.0,codes.ge.1").await;
    assert_eq!((stats.codes, stats.texts), (vec![1000], vec!["taken".to_owned()]));
}

#[wasm_bindgen_test]
async fn a_message_that_waits_in_the_sink_is_not_lost_when_the_halves_part() {
    let limits = QueueLimits::new(10, 10, Overflow::Wait);
    let place = Place::new();
    let mut socket = place.builder("/silent-handshake").queue(limits).open().unwrap();
    for text in ["0 aaaa", "1 bbbbb"] {
        socket.feed(Message::from(text)).await.unwrap();
    }
    let (handle, _receiver) = socket.into_split();
    assert!(matches!(&handle.take_unsent()[..], [Message::Text(text)] if text == "1 bbbbb"));
    assert_eq!(handle.queued(), (1, 6));
}
