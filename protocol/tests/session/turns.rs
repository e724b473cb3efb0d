//! What waits for one connection takes turns: feeds, channels, and what is heavy with what is heavy.

use rejoin_protocol::Time;
use rejoin_protocol::session::{
    FeedEntry, FeedStart, ServerConnection, SessionLimits, SessionMessage, Timing,
};
use rejoin_protocol::wire::{Body, Epoch, Frame, Position, Since, Subscribe};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

fn at(offset: u64) -> Position {
    Position { epoch: Epoch { ordinal: 1, id: 1 }, offset }
}

fn entry(offset: u64) -> FeedEntry {
    FeedEntry { position: at(offset), distance: 1, time: 0, alias: 1, number: 0, payload: Body::from("x") }
}

#[test]
fn each_feed_that_has_an_entry_gives_one_in_its_turn_and_others_cost_it_nothing() {
    let mut pair = Pair::new();
    pair.connect();
    pair.run();
    let limits = SessionLimits::default();
    let mut connection = ServerConnection::new(NOW, &pair.session, &limits, Timing::default());
    for subscription in [3, 4, 7, 9] {
        let sub = Subscribe {
            subscription,
            channel: "room".into(),
            since: Since::All,
            credit: 1_000,
            presence: None,
        };
        connection.handle(NOW, &mut pair.session, Frame::Sub(sub)).unwrap();
        connection.subscribed(subscription, Ok(FeedStart { at: at(0), recovered: true, missing: None }));
    }
    // The second of them has nothing to give, the last one only one entry.
    for (subscription, count) in [(3, 3), (7, 2), (9, 1)] {
        connection.entries(NOW, subscription, (1..=count).map(entry));
    }
    let frames = std::iter::from_fn(|| connection.poll_transmit(NOW, &mut pair.session));
    let told: Vec<(u64, u64)> = frames
        .filter_map(|frame| match frame {
            Frame::Event(event) => Some((event.subscription, event.offset)),
            _ => None,
        })
        .collect();
    assert_eq!(told, [(3, 1), (7, 1), (9, 1), (3, 2), (7, 2), (3, 3)]);
}

#[test]
fn entries_and_messages_take_turns() {
    let mut pair = Pair::new();
    pair.connect();
    pair.run();
    let limits = SessionLimits::default();
    let mut connection = ServerConnection::new(NOW, &pair.session, &limits, Timing::default());
    let sub = Subscribe {
        subscription: 0,
        channel: "room".into(),
        since: Since::All,
        credit: 1_000,
        presence: None,
    };
    connection.handle(NOW, &mut pair.session, Frame::Sub(sub)).unwrap();
    connection.subscribed(0, Ok(FeedStart { at: at(0), recovered: true, missing: None }));
    connection.entries(NOW, 0, (1..=3).map(entry));
    for text in ["one", "two", "three"] {
        pair.session.send(SessionMessage::text(text)).unwrap();
    }
    let frames = std::iter::from_fn(|| connection.poll_transmit(NOW, &mut pair.session));
    let messages: Vec<bool> = frames.skip(1).map(|frame| matches!(frame, Frame::Data(_))).collect();
    assert_eq!(messages, [true, false, true, false, true, false]);
}

#[test]
fn publications_and_messages_take_turns_and_so_do_the_channels() {
    let mut pair = Pair::new();
    pair.connect();
    pair.run();
    for (channel, count) in [("room", 1), ("hall", 2), ("yard", 3)] {
        for id in 0..count {
            pair.client.publish(channel, Body::from("x"), id).unwrap();
        }
    }
    for text in ["one", "two", "three"] {
        pair.client.send(SessionMessage::text(text)).unwrap();
    }
    let went: Vec<String> = std::iter::from_fn(|| pair.client.poll_transmit(NOW))
        .map(|frame| match frame {
            Frame::Pub(publish) => publish.channel,
            Frame::Data(data) => String::from_utf8(data.payload.to_vec()).unwrap(),
            other => panic!("{other:?} was not asked for"),
        })
        .collect();
    assert_eq!(went, ["room", "one", "hall", "two", "yard", "three", "hall", "yard", "yard"]);
}
