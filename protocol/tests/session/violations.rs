//! What a client may not do to a server's connection, and what a server may not do to a client.

use std::time::Duration;

use rejoin_protocol::session::{Request, ServerConnection, SessionLimits, Task, Timing, code};
use rejoin_protocol::wire::{
    Ack, Answer, Body, Bye, Data, Denial, Event, Frame, Member, Outcome, Presence, Publish, Pulse, Since,
    SubOutcome, Subscribe, Target,
};
use rejoin_protocol::{Closed, ClosedBy, Time};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

fn connection(pair: &Pair, change: impl FnOnce(&mut SessionLimits)) -> ServerConnection {
    let mut limits = SessionLimits::default();
    change(&mut limits);
    ServerConnection::new(NOW, &pair.session, &limits, Timing::default())
}

fn sub(subscription: u64) -> Frame {
    Frame::Sub(Subscribe {
        subscription,
        channel: "room".into(),
        since: Since::All,
        credit: 100,
        presence: None,
    })
}

fn publish(number: u64, settled: u64) -> Frame {
    Frame::Pub(Publish {
        channel: "room".into(),
        number,
        settled,
        id: 1,
        payload: Body::new(),
        withheld: None,
    })
}

fn call(id: u64) -> Frame {
    Frame::Call { id, timeout: 10, payload: Body::new() }
}

fn data() -> Frame {
    Frame::Data(Data { binary: true, first: true, last: true, ack: None, payload: Body::new() })
}

fn frames(connection: &mut ServerConnection, pair: &mut Pair) -> Vec<Frame> {
    std::iter::from_fn(|| connection.poll_transmit(NOW, &mut pair.session)).collect()
}

fn tasks(connection: &mut ServerConnection) -> Vec<Task> {
    std::iter::from_fn(|| connection.poll_task()).collect()
}

#[test]
fn frames_of_a_server_are_refused_from_a_client() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |_| {});
    let hello = pair.hello();
    let wrong = [
        Frame::Hello(Box::new(hello)),
        Frame::PubAck { channel: "room".into(), number: 0, answer: Answer::Conflict },
        Frame::SubAck {
            subscription: 0,
            outcome: SubOutcome::Refused(Denial { code: 1, reason: String::new() }),
        },
        Frame::Reply { id: 0, result: Ok(Body::new()) },
        Frame::Presence { subscription: 0, presence: Presence::Full(Vec::new()) },
    ];
    for frame in wrong {
        let refused = connection.handle(NOW, &mut pair.session, frame.clone()).unwrap_err();
        assert_eq!(refused.code, code::BAD_FRAME, "{frame:?}");
    }
}

#[test]
fn frames_of_a_client_are_refused_from_a_server() {
    for frame in [sub(0), publish(0, 0), call(0), Frame::Auth(Body::new()), Frame::Cancel { id: 0 }] {
        let mut pair = Pair::live();
        assert_eq!(pair.client.handle(NOW, frame.clone()).unwrap_err().code, code::BAD_FRAME, "{frame:?}");
    }
    let mut pair = Pair::new();
    pair.connect();
    assert_eq!(pair.client.handle(NOW, data()).unwrap_err().code, code::BAD_FRAME, "before HELLO went");
    pair.hello();
    assert_eq!(pair.client.handle(NOW, data()).unwrap_err().code, code::BAD_FRAME, "before WELCOME");
}

#[test]
fn a_connection_that_was_taken_over_is_neither_read_nor_written() {
    let mut pair = Pair::live();
    let mut old = connection(&pair, |_| {});
    pair.cut();
    pair.connect();
    pair.run();
    assert!(!old.is_current(&pair.session));
    assert_eq!(old.handle(NOW, &mut pair.session, data()).unwrap_err().code, code::TAKEN_OVER);
    old.reply(0, Ok(Body::new()));
    old.bye(Bye { code: 1000, reason: String::new(), retry_after: None, last: false });
    old.wake(Time::from_millis(1_000_000), &mut pair.session);
    assert_eq!(frames(&mut old, &mut pair), []);
    let mut new = connection(&pair, |_| {});
    assert_eq!(frames(&mut new, &mut pair), [], "no ping was asked for through the old one");
}

#[test]
fn a_number_of_a_subscription_is_used_once() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |limits| limits.subscriptions = 2);
    for number in [0, 5] {
        connection.handle(NOW, &mut pair.session, sub(number)).unwrap();
    }
    for number in [0, 3, 5] {
        assert!(connection.handle(NOW, &mut pair.session, sub(number)).is_err(), "{number}");
    }
    assert_eq!(tasks(&mut connection).len(), 2);
    connection.handle(NOW, &mut pair.session, sub(6)).unwrap();
    let refused = frames(&mut connection, &mut pair);
    assert!(
        matches!(&refused[..], [Frame::SubAck { subscription: 6, outcome: SubOutcome::Refused(denial) }] if denial.code == code::TOO_MANY)
    );
    let denial = Denial { code: 1000, reason: String::new() };
    connection
        .handle(NOW, &mut pair.session, Frame::Unsub { subscription: 0, denial: denial.clone() })
        .unwrap();
    connection.handle(NOW, &mut pair.session, Frame::Unsub { subscription: 0, denial }).unwrap();
    let unsubscribed = Task::Request(Request::Unsubscribe { subscription: 0, channel: "room".into() });
    assert_eq!(tasks(&mut connection), [unsubscribed]);
    connection.handle(NOW, &mut pair.session, sub(7)).unwrap();
}

#[test]
fn publications_beyond_what_is_remembered_are_refused() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |_| {});
    connection.handle(NOW, &mut pair.session, publish(1_023, 0)).unwrap();
    assert!(connection.handle(NOW, &mut pair.session, publish(1_024, 0)).is_err());
    connection.handle(NOW, &mut pair.session, publish(1_024, 1)).unwrap();
    for _ in 2..2_048 {
        connection.handle(NOW, &mut pair.session, publish(0, 0)).unwrap();
    }
    assert!(connection.handle(NOW, &mut pair.session, publish(0, 0)).is_err());
    connection.published("room", 1_023, Answer::Expected(0));
    connection.handle(NOW, &mut pair.session, publish(0, 0)).unwrap();
    assert_eq!(connection.backlog().0, 1);
}

#[test]
fn publications_beyond_what_welcome_allows_are_refused_and_answers_make_room() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |limits| (limits.publications, limits.channels) = (3, 2));
    let of = |channel: &str, number| match publish(number, 0) {
        Frame::Pub(publish) => Frame::Pub(Publish { channel: channel.into(), ..publish }),
        other => other,
    };
    for (channel, number) in [("a", 0), ("b", 0)] {
        connection.handle(NOW, &mut pair.session, of(channel, number)).unwrap();
    }
    let refused = connection.handle(NOW, &mut pair.session, of("c", 0)).unwrap_err();
    assert_eq!(refused.code, code::BAD_FRAME, "a third channel");
    connection.handle(NOW, &mut pair.session, of("a", 1)).unwrap();
    let refused = connection.handle(NOW, &mut pair.session, of("a", 2)).unwrap_err();
    assert_eq!(refused.code, code::BAD_FRAME, "a fourth publication");
    connection.published("b", 0, Answer::RetryAfter(1));
    connection.handle(NOW, &mut pair.session, of("c", 0)).unwrap();
    connection.published("c", 0, Answer::RetryAfter(1));
    connection.handle(NOW, &mut pair.session, of("a", 2)).unwrap();
}

#[test]
fn calls_have_numbers_of_their_own_and_a_limit() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |limits| limits.calls = 2);
    connection.handle(NOW, &mut pair.session, call(1)).unwrap();
    assert!(connection.handle(NOW, &mut pair.session, call(1)).is_err());
    connection.handle(NOW, &mut pair.session, call(2)).unwrap();
    connection.handle(NOW, &mut pair.session, call(3)).unwrap();
    let denied = frames(&mut connection, &mut pair);
    assert!(
        matches!(&denied[..], [Frame::Reply { id: 3, result: Err(denial) }] if denial.code == code::TOO_MANY)
    );
    let asked =
        |id| Task::Request(Request::Call { id, timeout: Duration::from_millis(10), payload: Body::new() });
    assert_eq!(tasks(&mut connection), [asked(1), asked(2)]);
    connection.handle(NOW, &mut pair.session, Frame::Cancel { id: 1 }).unwrap();
    connection.handle(NOW, &mut pair.session, Frame::Cancel { id: 1 }).unwrap();
    assert_eq!(tasks(&mut connection), [Task::Request(Request::Cancel { id: 1 })]);
    connection.reply(1, Ok(Body::new()));
    connection.reply(2, Ok(Body::from("two")));
    connection.reply(2, Ok(Body::from("again")));
    assert_eq!(frames(&mut connection, &mut pair), [Frame::Reply { id: 2, result: Ok(Body::from("two")) }]);
}

#[test]
fn volatile_messages_go_to_who_is_there_while_there_is_room() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |limits| limits.volatile_bytes = 10);
    let to = Target::Subscription(0);
    assert!(!connection.volatile(to, Some(1), Body::new()), "nobody follows");
    connection.handle(NOW, &mut pair.session, sub(0)).unwrap();
    assert!(!connection.volatile(to, Some(1), Body::new()), "its feed has not begun");
    let volatile = |target, payload: &str| Frame::Volatile { target, sender: None, payload: payload.into() };
    connection.handle(NOW, &mut pair.session, volatile(to, "early")).unwrap();
    assert_eq!(tasks(&mut connection).len(), 1);
    let start =
        rejoin_protocol::session::FeedStart { at: Default::default(), recovered: true, missing: None };
    connection.subscribed(0, Ok(start));
    connection.handle(NOW, &mut pair.session, volatile(to, "hi")).unwrap();
    connection.handle(NOW, &mut pair.session, volatile(Target::Session, "me")).unwrap();
    let asked = |subscription, payload: &str| {
        Task::Request(Request::Volatile { subscription, payload: payload.into() })
    };
    assert_eq!(tasks(&mut connection), [asked(Some(0), "hi"), asked(None, "me")]);
    assert!(connection.volatile(to, Some(1), Body::from("123456")));
    assert!(!connection.volatile(Target::Session, None, Body::from("12345")));
    assert!(connection.volatile(Target::Session, None, Body::from("1234")));
    for what in ["SUBACK", "a volatile message"] {
        assert!(connection.poll_transmit(NOW, &mut pair.session).is_some(), "{what}");
    }
    assert!(!connection.volatile(Target::Session, None, Body::from("1234567")), "the other still waits");
    assert_eq!(frames(&mut connection, &mut pair).len(), 1);
    assert!(connection.volatile(Target::Session, None, Body::from("1234567890")), "there is room again");
}

#[test]
fn presence_is_told_to_who_follows() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |_| {});
    connection.presence(0, Presence::Left(1));
    connection.handle(NOW, &mut pair.session, sub(0)).unwrap();
    connection.presence(0, Presence::Left(1));
    tasks(&mut connection);
    let about = Body::from("busy");
    let changed = Presence::Changed(Member { alias: 0, about: about.clone() });
    connection
        .handle(NOW, &mut pair.session, Frame::Presence { subscription: 0, presence: changed.clone() })
        .unwrap();
    connection
        .handle(NOW, &mut pair.session, Frame::Presence { subscription: 9, presence: changed })
        .unwrap();
    assert_eq!(tasks(&mut connection), [Task::Request(Request::Presence { subscription: 0, about })]);
    let start =
        rejoin_protocol::session::FeedStart { at: Default::default(), recovered: true, missing: None };
    connection.subscribed(0, Ok(start));
    connection.presence(0, Presence::Left(2));
    let told = Frame::Presence { subscription: 0, presence: Presence::Left(2) };
    assert_eq!(frames(&mut connection, &mut pair).pop(), Some(told));
}

#[test]
fn a_farewell_is_the_last_frame_and_goes_once() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |_| {});
    let bye = |code| Bye { code, reason: String::new(), retry_after: None, last: false };
    connection.handle(NOW, &mut pair.session, call(1)).unwrap();
    connection.reply(1, Ok(Body::new()));
    connection.bye(bye(4100));
    connection.bye(bye(4101));
    assert!(!connection.said_bye());
    let went = frames(&mut connection, &mut pair);
    assert_eq!((went.len(), went.last()), (2, Some(&Frame::Bye(bye(4100)))));
    assert!(connection.said_bye());
}

#[test]
fn pings_go_every_interval_and_both_ends_counters_are_checked() {
    let mut pair = Pair::live();
    let mut connection = connection(&pair, |_| {});
    assert_eq!(connection.deadline(&pair.session), Some(Time::from_millis(25_000)));
    connection.wake(Time::from_millis(24_999), &mut pair.session);
    assert_eq!(frames(&mut connection, &mut pair), []);
    connection.wake(Time::from_millis(25_000), &mut pair.session);
    assert!(matches!(&frames(&mut connection, &mut pair)[..], [Frame::Ping(Pulse { next: 0, .. })]));
    assert_eq!(connection.deadline(&pair.session), Some(Time::from_millis(50_000)));
    let pulse = Pulse { next: 1, nonce: 0, ack: Ack { released: 0, credit: 0 } };
    for frame in [Frame::Ping(pulse), Frame::Pong(pulse)] {
        assert_eq!(connection.handle(NOW, &mut pair.session, frame).unwrap_err().code, code::COUNTERS);
    }
    let ack = Frame::Ack(Ack { released: 1, credit: 0 });
    assert_eq!(connection.handle(NOW, &mut pair.session, ack).unwrap_err().code, code::COUNTERS);
}

#[test]
fn a_welcome_that_does_not_fit_the_hello_is_refused() {
    for wrong in 0..4 {
        let mut pair = Pair::live();
        pair.cut();
        let hello = pair.hello();
        let Some(Frame::Welcome(mut welcome)) = pair.welcome(&hello) else { panic!("it is welcome") };
        assert_eq!(welcome.outcome, Outcome::Resumed);
        match wrong {
            0 => welcome.id.born += 1,
            1 => welcome.incarnation += 1,
            2 => welcome.standing.position += 1,
            _ => {
                welcome.outcome = Outcome::Kept;
                welcome.id.born += 1;
            }
        }
        let refused = pair.client.handle(NOW, Frame::Welcome(welcome)).unwrap_err();
        assert_eq!(refused.code, code::COUNTERS, "{wrong}");
        pair.client.ended(NOW, &Closed::abnormal(ClosedBy::Network, true, ""));
    }
}

#[test]
fn entries_that_were_not_asked_for_are_refused() {
    let mut pair = Pair::live();
    let event = Event {
        subscription: 0,
        offset: 1,
        distance: 1,
        epoch: None,
        time: 0,
        publisher: 1,
        number: 0,
        payload: Body::new(),
    };
    assert_eq!(pair.client.handle(NOW, Frame::Event(event)).unwrap_err().code, code::BAD_FRAME);
}
