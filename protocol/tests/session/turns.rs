//! Feeds of one connection take turns.

use rejoin_protocol::Time;
use rejoin_protocol::session::{FeedEntry, FeedStart, ServerConnection, SessionLimits, Timing};
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
