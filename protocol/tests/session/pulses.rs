//! PING, PONG and acknowledgements: when each end asks and answers.

use std::time::Duration;

use rejoin_protocol::Time;
use rejoin_protocol::session::{ClientEvent, ServerConnection, SessionLimits, SessionMessage, Timing};
use rejoin_protocol::wire::{Ack, Data, Frame, Pulse};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

fn data(text: &str) -> Frame {
    Frame::Data(Data { binary: false, first: true, last: true, ack: None, payload: text.into() })
}

fn connection(pair: &Pair) -> ServerConnection {
    ServerConnection::new(NOW, &pair.session, &SessionLimits::default(), Timing::default())
}

#[test]
fn a_client_asks_only_a_server_that_has_answered_and_hears_its_pong() {
    let mut pair = Pair::new();
    pair.client.ping(6);
    pair.connect();
    pair.run();
    assert_eq!(pair.client.poll_transmit(NOW), None, "nobody was there to be asked");
    pair.client.ping(7);
    assert!(pair.client.wants_to_transmit(NOW));
    pair.run();
    assert!(pair.events.contains(&ClientEvent::Pong(7)), "{:?}", pair.events);
}

#[test]
fn each_ping_of_a_server_has_a_number_of_its_own() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair);
    let mut ping = |seconds: u64| {
        connection.wake(NOW + Duration::from_secs(seconds), &mut pair.session);
        match connection.poll_transmit(NOW, &mut pair.session) {
            Some(Frame::Ping(Pulse { nonce, .. })) => nonce,
            other => panic!("{other:?} came instead of PING"),
        }
    };
    assert_ne!(ping(25), ping(50));
}

#[test]
fn a_page_that_is_about_to_be_hidden_acknowledges_at_once() {
    let mut pair = Pair::live();
    pair.pass(10_000);
    let now = Time::from_millis(10_000);
    pair.client.handle(now, data("one")).unwrap();
    assert!(pair.client.take(now).is_some());
    assert_eq!(pair.client.poll_transmit(now), None, "it may be put off");
    assert_eq!(pair.client.deadline(), Some(Time::from_millis(10_250)));
    pair.client.hurry();
    assert!(pair.client.wants_to_transmit(now));
    let ack = Ack { released: 1, credit: (1 << 20) + 32 + 3 };
    assert_eq!(pair.client.poll_transmit(now), Some(Frame::Ack(ack)));
}

#[test]
fn a_server_wakes_to_acknowledge_what_it_has_taken() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair);
    connection.handle(NOW, &mut pair.session, data("one")).unwrap();
    assert!(pair.session.take(NOW).is_some());
    let due = NOW + SessionLimits::default().ack_delay;
    assert_eq!(connection.deadline(&pair.session), Some(due));
    assert_eq!(connection.poll_transmit(NOW, &mut pair.session), None);
    let ack = connection.poll_transmit(due, &mut pair.session);
    assert!(matches!(ack, Some(Frame::Ack(Ack { released: 1, .. }))), "{ack:?}");
}

#[test]
fn what_a_client_had_not_received_goes_to_it_once_more_and_is_counted() {
    let mut pair = Pair::live();
    pair.session.send(SessionMessage::text("one")).unwrap();
    pair.session.send(SessionMessage::text("two")).unwrap();
    pair.step(1);
    assert_eq!(pair.at_client, ["one"], "the other is on its way");
    pair.cut();
    pair.connect();
    pair.run();
    assert_eq!((&pair.at_client[..], pair.session.resent()), (&["one".into(), "two".into()][..], 1));
}
