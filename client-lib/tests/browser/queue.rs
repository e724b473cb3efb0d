//! The queue while away: its bounds, its policies, and what becomes of it.

use std::time::Duration;

use futures::FutureExt;
use rejoin::{Close, Event, Message, Overflow, QueueLimits, SendError, State};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, at_once, events, is_closed, is_waiting, next_text, settle, until, within};

fn texts(messages: &[Message]) -> Vec<&str> {
    let mut texts = Vec::new();
    for message in messages {
        match message {
            Message::Text(text) => texts.push(text.as_str()),
            other => panic!("{other:?}"),
        }
    }
    texts
}

#[wasm_bindgen_test]
fn a_full_queue_that_refuses_hands_the_message_back() {
    let limits = QueueLimits::new(2, 10, Overflow::Refuse);
    let place = Place::new();
    let socket = place.builder("/silent-handshake").queue(limits).open().unwrap();
    socket.try_send("a").unwrap();
    let refused = socket.try_send("too long for now").unwrap_err();
    assert_eq!(refused.error, SendError::TooLarge { limit: 10 });
    let refused = socket.try_send("ten bytes!").unwrap_err();
    assert_eq!(refused.error, SendError::Full);
    assert!(refused.error.is_retryable());
    socket.try_send("b").unwrap();
    let refused = socket.send(String::from("c")).now_or_never().expect("it waits").unwrap_err();
    assert_eq!((refused.error, texts(&[refused.message])), (SendError::Full, vec!["c"]));
    assert_eq!(socket.queued(), (2, 2));
}

#[wasm_bindgen_test]
async fn a_full_queue_that_waits_takes_the_message_when_it_has_room() {
    let limits = QueueLimits::new(1, 10, Overflow::Wait);
    let place = Place::new();
    let builder = place.builder("/echo?refuse_first=1").reconnect(at_once()).queue(limits);
    let mut socket = builder.open().unwrap();
    socket.try_send("a").unwrap();
    assert_eq!(socket.try_send("b").unwrap_err().error, SendError::Full);
    let handle = socket.handle();
    let mut dropped = Box::pin(handle.send("never"));
    assert!(futures::poll!(&mut dropped).is_pending());
    drop(dropped);
    within(socket.send("b")).await.unwrap();
    within(socket.send("a message larger than the whole queue")).await.unwrap();
    for text in ["a", "b", "a message larger than the whole queue"] {
        assert_eq!(next_text(&mut socket).await, text);
    }
}

#[wasm_bindgen_test]
async fn those_who_wait_to_send_are_served_in_the_order_in_which_they_began_to() {
    let limits = QueueLimits::new(10, 10, Overflow::Wait);
    let place = Place::new();
    let builder = place.builder("/echo?refuse_first=1").reconnect(at_once()).queue(limits);
    let mut socket = builder.open().unwrap();
    let handle = socket.handle();
    socket.try_send("first").unwrap();
    let mut gives_up = Box::pin(handle.send("never sent"));
    let mut large = Box::pin(handle.send("the large"));
    let mut small = Box::pin(handle.send("a"));
    assert!(futures::poll!(&mut gives_up).is_pending());
    assert!(futures::poll!(&mut large).is_pending());
    assert!(futures::poll!(&mut small).is_pending(), "there is room for it, but not its turn");
    drop(gives_up);
    assert!(futures::poll!(&mut small).is_pending());
    let (small, large) = within(futures::future::join(small, large)).await;
    small.unwrap();
    large.unwrap();
    for text in ["first", "the large", "a"] {
        assert_eq!(next_text(&mut socket).await, text);
    }
}

#[wasm_bindgen_test]
async fn a_sender_that_gives_up_lets_the_next_one_in() {
    let limits = QueueLimits::new(10, 10, Overflow::Wait);
    let place = Place::new();
    let socket = place.builder("/silent-handshake").queue(limits).open().unwrap();
    let handle = socket.handle();
    socket.try_send("first").unwrap();
    let mut large = Box::pin(handle.send("the large"));
    assert!(futures::poll!(&mut large).is_pending());
    let small = handle.send("a");
    let giving_up = async {
        settle().await;
        drop(large);
    };
    let (sent, ()) = within(futures::future::join(small, giving_up)).await;
    sent.unwrap();
    assert_eq!(socket.queued(), (2, 6));
}

#[wasm_bindgen_test]
async fn a_full_queue_that_drops_the_oldest_says_which() {
    let limits = QueueLimits::new(2, 100, Overflow::DropOldest);
    let place = Place::new();
    let socket = place.builder("/echo?refuse_first=1").queue(limits).reconnect(at_once()).open().unwrap();
    let events = events(&socket);
    for text in ["a", "b", "c", "d"] {
        socket.try_send(text).unwrap();
    }
    let evicted: Vec<Message> = events
        .borrow()
        .iter()
        .filter_map(|event| match event {
            Event::Evicted(messages) => Some(messages.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    assert_eq!(texts(&evicted), ["a", "b"]);
    assert_eq!(socket.metrics().evicted, 2);
    assert_eq!(place.stats("messages.ge.2").await.texts, ["c", "d"]);
}

#[wasm_bindgen_test]
async fn what_is_queued_at_the_end_is_handed_back_to_the_handler_or_kept_for_it() {
    let place = Place::new();
    let socket = place.builder("/refuse").open().unwrap();
    until(&socket, is_waiting).await;
    socket.try_send("a").unwrap();
    within(socket.close(Close::normal())).await;
    assert_eq!(texts(&socket.take_unsent()), ["a"]);
    assert!(socket.take_unsent().is_empty());
    let socket = place.builder("/refuse").open().unwrap();
    let events = events(&socket);
    socket.try_send("b").unwrap();
    within(socket.close(Close::normal())).await;
    let handed = events.borrow().iter().any(|event| {
        matches!(event, Event::Unsent { messages, error: SendError::Closed } if texts(messages) == ["b"])
    });
    assert!(handed);
    assert!(socket.take_unsent().is_empty(), "handed back once");
}

#[wasm_bindgen_test]
async fn what_is_kept_unsent_has_the_queues_bound() {
    let limits = QueueLimits::new(3, 100, Overflow::Refuse);
    let place = Place::new();
    let socket = place.builder("/silent-handshake").queue(limits).open().unwrap();
    for round in 0..3 {
        for n in 0..3 {
            socket.try_send(format!("{round}.{n}")).unwrap();
        }
        within(socket.close(Close::normal())).await;
        socket.reconnect();
    }
    assert_eq!(texts(&socket.take_unsent()), ["2.0", "2.1", "2.2"]);
    assert_eq!(socket.metrics().evicted, 6);
}

#[wasm_bindgen_test]
async fn a_taken_queue_is_never_sent_to_the_next_connections_user() {
    let place = Place::new();
    let socket = place.builder("/echo").reconnect(at_once()).open().unwrap();
    socket.try_send("of the first user").unwrap();
    assert_eq!(texts(&socket.take_queue()), ["of the first user"]);
    within(socket.opened()).await.unwrap();
    socket.try_send("of the second").unwrap();
    assert_eq!(place.stats("messages.ge.1").await.texts, ["of the second"]);
}

#[wasm_bindgen_test]
async fn what_was_unsent_when_it_closed_is_not_sent_after_reconnect() {
    let place = Place::new();
    let socket = place.builder("/echo?refuse_first=1").reconnect(None).open().unwrap();
    socket.try_send("old").unwrap();
    until(&socket, is_closed).await;
    socket.reconnect();
    within(socket.opened()).await.unwrap();
    socket.try_send("new").unwrap();
    assert_eq!(place.stats("messages.ge.1").await.texts, ["new"]);
    assert_eq!(texts(&socket.take_unsent()), ["old"]);
}

#[wasm_bindgen_test]
async fn messages_queued_while_away_are_delivered_in_order_after_reconnecting() {
    let place = Place::new();
    let mut socket = within(place.builder("/echo").reconnect(at_once()).connect()).await.unwrap();
    socket.send("before").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "before");
    place.command("cut").await;
    until(&socket, |state| *state != State::Open).await;
    for n in 0..1_000 {
        socket.try_send(n.to_string()).unwrap();
    }
    for n in 0..1_000 {
        assert_eq!(next_text(&mut socket).await, n.to_string());
    }
    assert_eq!(place.stats("").await.opened, 2);
}

#[wasm_bindgen_test]
async fn first_messages_go_before_the_queue_on_each_connection() {
    let place = Place::new();
    let target = rejoin::Target::new(place.url("/echo")).first("token");
    let builder = rejoin::Builder::asking(move |_| futures::future::ready(Ok(target.clone())));
    let socket = builder.first(|| vec!["hello".into()]).reconnect(at_once()).open().unwrap();
    socket.try_send("a").unwrap();
    assert_eq!(place.stats("messages.ge.3").await.texts, ["token", "hello", "a"]);
    place.command("cut").await;
    until(&socket, |state| *state != State::Open).await;
    socket.try_send("b").unwrap();
    let stats = place.stats("messages.ge.6").await;
    assert_eq!(stats.texts, ["token", "hello", "a", "token", "hello", "b"]);
}

#[wasm_bindgen_test]
async fn while_away_waiting_for_the_first_connection_costs_no_attempt_more() {
    let place = Place::new();
    let socket = place.builder("/silent-handshake").connect_timeout(Duration::from_secs(60)).open().unwrap();
    for _ in 0..100 {
        socket.try_send("x").unwrap();
    }
    assert_eq!(place.stats("attempts.ge.1").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn what_is_kept_unsent_has_the_queues_bound_in_bytes_too() {
    let limits = QueueLimits::new(100, 10, Overflow::Refuse);
    let place = Place::new();
    let socket = place.builder("/silent-handshake").queue(limits).open().unwrap();
    for text in ["0 aaaa", "1 bb", "2 cccc"] {
        socket.try_send(text).unwrap();
        within(socket.close(Close::normal())).await;
        socket.reconnect();
    }
    assert_eq!(texts(&socket.take_unsent()), ["1 bb", "2 cccc"]);
    assert_eq!(socket.metrics().evicted, 1);
}
