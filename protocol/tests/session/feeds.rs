//! Feeds at both ends: what is read and told of a channel, and how long a reader that takes nothing is waited for.

use std::time::Duration;

use rejoin_protocol::Time;
use rejoin_protocol::session::{
    ClientConfig, ClientSession, FeedEntry, FeedStart, Request, ServerConnection, SessionLimits, Task, Timing,
};
use rejoin_protocol::wire::{
    Body, Denial, Epoch, Event, Frame, GapReason, Missing, Position, Since, SubOutcome, Subscribe,
};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);
/// Of a subscription that was ended because its reader took nothing.
const SLOW: u16 = 1013;

pub(crate) fn at(offset: u64) -> Position {
    Position { epoch: Epoch { ordinal: 1, id: 99 }, offset }
}

pub(crate) fn missing() -> Missing {
    Missing { from: 1, to: 8, reason: GapReason::Trimmed }
}

/// An entry as it comes to a client.
pub(crate) fn event(subscription: u64, offset: u64, len: usize) -> Frame {
    Frame::Event(Event {
        subscription,
        offset,
        distance: 1,
        epoch: None,
        time: 0,
        publisher: 1,
        number: 0,
        payload: Body::from(vec![b'x'; len]),
    })
}

/// An entry as a log gives it to a server.
fn entry(offset: u64, len: usize) -> FeedEntry {
    let payload = Body::from(vec![b'x'; len]);
    FeedEntry { position: at(offset), distance: 1, time: 0, alias: 1, number: 0, payload }
}

/// A server's connection with one subscription, 0, and the session that it belongs to.
struct Server {
    connection: ServerConnection,
    pair: Pair,
}

impl Server {
    /// It was asked for.
    fn asked(credit: u64) -> Self {
        let mut pair = Pair::new();
        pair.connect();
        pair.run();
        let mut timing = Timing::default();
        timing.ping_interval = Duration::from_secs(3_600);
        let connection = ServerConnection::new(NOW, &pair.session, &SessionLimits::default(), timing);
        let mut server = Self { connection, pair };
        let channel = "room".into();
        let sub = Subscribe { subscription: 0, channel, since: Since::All, credit, presence: None };
        server.connection.handle(NOW, &mut server.pair.session, Frame::Sub(sub)).unwrap();
        assert_eq!(server.tasks().len(), 1);
        server
    }

    /// It has begun.
    fn following(credit: u64) -> Self {
        let mut server = Self::asked(credit);
        server.connection.subscribed(0, Ok(FeedStart { at: at(0), recovered: true, missing: None }));
        assert_eq!(server.frames().len(), 1);
        server
    }

    fn tasks(&mut self) -> Vec<Task> {
        std::iter::from_fn(|| self.connection.poll_task()).collect()
    }

    fn frames(&mut self) -> Vec<Frame> {
        std::iter::from_fn(|| self.connection.poll_transmit(NOW, &mut self.pair.session)).collect()
    }

    /// Until when a reader that takes nothing is waited for; the next PING, in an hour, if there is none.
    fn deadline(&self) -> u64 {
        self.connection.deadline(&self.pair.session).unwrap().as_micros() / 1_000_000
    }
}

fn read(behind: u64, max_bytes: usize) -> Task {
    Task::Read { subscription: 0, channel: "room".into(), behind: at(behind), max_bytes }
}

fn unsubscribed() -> Task {
    Task::Request(Request::Unsubscribe { subscription: 0, channel: "room".into() })
}

#[test]
fn no_more_is_read_than_the_credit_that_is_left() {
    let mut server = Server::following(100);
    server.connection.tail(NOW, 0, 1);
    assert_eq!(server.tasks(), [read(0, 100)]);
    server.connection.entries(NOW, 0, [entry(1, 8)]);
    assert_eq!(server.frames(), [event(0, 1, 8)]);
    server.connection.tail(NOW, 0, 2);
    assert_eq!(server.tasks(), [read(1, 60)]);
}

#[test]
fn a_gap_is_told_and_reading_goes_on_behind_it() {
    let mut server = Server::following(100);
    server.connection.tail(NOW, 0, 9);
    assert_eq!(server.tasks(), [read(0, 100)]);
    server.connection.gap(0, at(8), missing());
    assert_eq!(server.frames(), [Frame::Gap { subscription: 0, at: at(8), missing: missing() }]);
    assert_eq!(server.tasks(), [read(8, 100)]);
}

#[test]
fn a_subscription_that_the_server_ends_is_over_for_both() {
    let mut server = Server::following(100);
    let denial = Denial::new(4_403, "not any more");
    server.connection.end_subscription(0, denial.clone());
    server.connection.end_subscription(0, denial.clone());
    assert_eq!(server.frames(), [Frame::Unsub { subscription: 0, denial }]);
    assert_eq!(server.tasks(), [unsubscribed()]);
}

#[test]
fn a_reader_that_lets_an_entry_wait_for_a_minute_is_left_and_not_before() {
    let mut server = Server::following(1);
    server.connection.tail(NOW, 0, 2);
    server.connection.entries(NOW, 0, [entry(1, 1), entry(2, 1)]);
    server.tasks();
    assert_eq!(server.frames(), [event(0, 1, 1)], "the second waits for credit");
    assert_eq!(server.deadline(), 60);
    server.connection.wake(Time::from_millis(59_999), &mut server.pair.session);
    assert_eq!((server.tasks(), server.frames()), (vec![], vec![]));
    server.connection.wake(Time::from_millis(60_000), &mut server.pair.session);
    assert_eq!(server.tasks(), [unsubscribed()]);
    let frames = server.frames();
    assert!(
        matches!(&frames[..], [Frame::Unsub { subscription: 0, denial }] if denial.code == SLOW),
        "{frames:?}"
    );
    assert_eq!(server.deadline(), 3_600);
}

#[test]
fn a_reader_for_whom_nothing_waits_is_not_waited_for() {
    // All has gone, though not a byte of credit is left.
    let mut server = Server::following(1);
    server.connection.tail(NOW, 0, 1);
    server.connection.entries(NOW, 0, [entry(1, 1)]);
    assert_eq!((server.frames(), server.deadline()), (vec![event(0, 1, 1)], 3_600));
    // An entry that nobody has read yet waits as well, until there is credit for it.
    server.connection.tail(NOW, 0, 2);
    assert_eq!(server.deadline(), 60);
    let credit = Frame::Credit { subscription: 0, credit: 34 };
    server.connection.handle(NOW, &mut server.pair.session, credit).unwrap();
    assert_eq!(server.deadline(), 3_600);
    // While the log is asked where the feed begins, it is not the reader who lets entries wait.
    let mut server = Server::asked(0);
    server.connection.tail(NOW, 0, 5);
    assert_eq!(server.deadline(), 3_600);
}

/// A client that follows one channel from its beginning, and takes so many bytes of it ahead of its application.
fn client(window: u64) -> (Pair, rejoin_protocol::session::SubscriptionId) {
    let mut config = ClientConfig::default();
    config.limits.subscription_window = window;
    let mut pair = Pair::new();
    pair.client = ClientSession::new(config);
    pair.connect();
    pair.run();
    let feed = pair.client.subscribe("room", Since::All).unwrap();
    assert!(matches!(pair.client.poll_transmit(NOW), Some(Frame::Sub(sub)) if sub.credit == window));
    let outcome = SubOutcome::Started { at: at(0), recovered: true };
    pair.client.handle(NOW, Frame::SubAck { subscription: 0, outcome }).unwrap();
    assert!(pair.client.take_channel_event(feed).is_some());
    (pair, feed)
}

#[test]
fn a_feed_that_was_ended_for_its_slowness_is_asked_for_again_when_half_of_the_window_is_free() {
    let (mut pair, feed) = client(400);
    for offset in 1..=4 {
        pair.client.handle(NOW, event(0, offset, 68)).unwrap();
    }
    let denial = Denial::new(SLOW, "too slow");
    pair.client.handle(NOW, Frame::Unsub { subscription: 0, denial }).unwrap();
    assert_eq!(pair.client.poll_transmit(NOW), None);
    assert!(pair.client.take_channel_event(feed).is_some());
    assert_eq!(pair.client.poll_transmit(NOW), None, "three quarters still wait");
    assert!(pair.client.take_channel_event(feed).is_some());
    let Some(Frame::Sub(sub)) = pair.client.poll_transmit(NOW) else { panic!("there is room enough") };
    assert_eq!((sub.subscription, sub.since, sub.credit), (1, Since::Position(at(4)), 200));
}

#[test]
fn credit_that_is_no_more_than_before_is_not_told_however_small_the_window() {
    for window in 1..=9 {
        let (mut pair, feed) = client(window);
        assert!(!pair.client.wants_to_transmit(NOW));
        assert_eq!(pair.client.poll_transmit(NOW), None, "{window}");
        pair.client.handle(NOW, event(0, 1, 1)).unwrap();
        while pair.client.poll_transmit(NOW).is_some() {}
        assert!(pair.client.take_channel_event(feed).is_some());
        assert!(pair.client.wants_to_transmit(NOW));
        let credit = Frame::Credit { subscription: 0, credit: 33 + window };
        assert_eq!(pair.client.poll_transmit(NOW), Some(credit), "{window}");
        assert_eq!(pair.client.poll_transmit(NOW), None, "{window}");
    }
}
