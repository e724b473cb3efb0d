//! The session's two ends, joined by hand.

// Helpers outside of test functions unwrap as well: a failure there is a failed test.
#![allow(clippy::unwrap_used)]

mod accounts;
mod calls;
mod endings;
mod feeds;
mod identity;
mod judging;
mod pair;
mod presence;
mod pulses;
mod stored;
mod told;
mod turns;
mod violations;
mod welcome;

use std::time::Duration;

use pair::Pair;
use rejoin_protocol::Time;
use rejoin_protocol::session::{ClientEvent, LostReason, SessionMessage, Settlement, code};
use rejoin_protocol::wire::{Answer, Body, Position, Since};

#[test]
fn messages_pass_in_order_and_are_released_when_they_are_taken() {
    let mut pair = Pair::new();
    pair.connect();
    for n in 0..200 {
        pair.client.send(SessionMessage::text(&n.to_string())).unwrap();
        pair.session.send(SessionMessage::text(&n.to_string())).unwrap();
    }
    pair.run();
    assert_eq!(pair.at_server.len(), 200);
    assert_eq!(pair.at_client, pair.at_server);
    pair.pass(1_000);
    assert!(pair.client.is_drained());
    assert_eq!(pair.session.unacked().0, 0);
}

#[test]
fn a_cut_loses_repeats_and_reorders_nothing() {
    let mut pair = Pair::new();
    pair.connect();
    for round in 0..10 {
        for n in 0..100 {
            pair.client.send(SessionMessage::text(&format!("{round}.{n}"))).unwrap();
            pair.session.send(SessionMessage::text(&format!("{round}.{n}"))).unwrap();
        }
        pair.step(7 * round);
        pair.cut();
        pair.connect();
    }
    pair.run();
    let all: Vec<String> = (0..10).flat_map(|round| (0..100).map(move |n| format!("{round}.{n}"))).collect();
    assert_eq!(pair.at_server, all);
    assert_eq!(pair.at_client, all);
    assert!(pair.lost.is_empty());
}

#[test]
fn a_server_without_memory_keeps_the_identity_and_names_what_is_lost() {
    let mut pair = Pair::new();
    pair.connect();
    pair.run();
    pair.client.send(SessionMessage::text("taken, not released")).unwrap();
    pair.step(1);
    pair.forget();
    pair.client.send(SessionMessage::text("never transmitted")).unwrap();
    pair.connect();
    pair.run();
    let lost = pair.lost.pop().unwrap();
    assert_eq!(lost.reason, LostReason::Kept);
    assert_eq!(lost.unacked, [SessionMessage::text("taken, not released")]);
    assert_eq!(pair.at_server, ["taken, not released", "never transmitted"]);
}

#[test]
fn a_message_of_ten_windows_passes() {
    let mut pair = Pair::new();
    pair.connect();
    let large = vec![7_u8; 10 << 20];
    pair.client.send(SessionMessage::binary(large.clone())).unwrap();
    pair.session.send(SessionMessage::binary(large)).unwrap();
    pair.run();
    assert_eq!((pair.at_client.len(), pair.at_server.len()), (1, 1));
}

#[test]
fn a_publication_is_answered_once_and_an_entry_comes_to_every_subscriber() {
    let mut pair = Pair::new();
    pair.connect();
    let feed = pair.client.subscribe("room", Since::All).unwrap();
    pair.client.publish("room", Body::from("hello"), 1).unwrap();
    pair.run();
    assert!(matches!(pair.settled[..], [Settlement::Durable(Position { offset: 1, .. })]));
    assert_eq!(pair.entries(feed), ["hello"]);
    pair.cut();
    pair.client.publish("room", Body::from("again"), 2).unwrap();
    pair.connect();
    pair.run();
    assert_eq!(pair.entries(feed), ["again"]);
    assert_eq!(pair.log.len(), 2);
}

#[test]
fn a_call_without_an_answer_is_not_drained() {
    let mut pair = Pair::new();
    pair.connect();
    pair.run();
    let asked = pair.client.call(Time::from_millis(0), Body::new(), Duration::from_secs(1)).unwrap();
    assert!(!pair.client.is_drained());
    pair.client.cancel(asked);
    assert!(pair.client.is_drained());
}

#[test]
fn a_connection_is_proved_by_one_acknowledgement_or_answer() {
    let mut pair = Pair::new();
    pair.connect();
    pair.run();
    pair.session.send(SessionMessage::text("hello")).unwrap();
    pair.run();
    assert!(!pair.client.is_proved(), "neither a welcome nor a message proves anything");
    pair.client.send(SessionMessage::text("taken")).unwrap();
    pair.run();
    pair.pass(1_000);
    assert!(pair.client.is_proved());
    pair.cut();
    pair.connect();
    pair.run();
    assert!(!pair.client.is_proved(), "that was another connection");
    pair.client.publish("room", Body::from("x"), 1).unwrap();
    pair.run();
    assert!(pair.client.is_proved());
}

#[test]
fn an_abandoned_hello_that_comes_late_takes_nothing_over() {
    let mut pair = Pair::new();
    pair.connect();
    pair.run();
    pair.cut();
    let late = pair.hello();
    pair.cut();
    pair.connect();
    pair.run();
    let refused = pair.greet(&late).unwrap_err();
    assert_eq!(refused.code(), code::TAKEN_OVER);
    pair.client.send(SessionMessage::text("still here")).unwrap();
    pair.run();
    assert_eq!(pair.at_server, ["still here"]);
}

#[test]
fn a_conflict_ends_the_session() {
    let mut pair = Pair::new();
    pair.connect();
    pair.client.publish("room", Body::from("x"), 1).unwrap();
    pair.answer = Some(Answer::Conflict);
    pair.run();
    assert_eq!(pair.violations.first().map(|violation| violation.code), Some(code::TAKEN_OVER));
    assert_eq!(pair.settled, [Settlement::Unknown]);
    assert!(pair.client.is_over());
}

#[test]
fn nothing_is_told_before_the_server_has_answered() {
    let mut pair = Pair::new();
    pair.connect();
    assert!(!pair.client.is_live());
    pair.run();
    assert!(pair.client.is_live());
    assert!(pair.events.iter().any(|event| matches!(event, ClientEvent::Live { resumed: false, .. })));
}
