//! What an end holds is counted to the byte, and given back when it is over.

use std::time::Duration;

use rejoin_protocol::session::{
    CallOutcome, ClientConfig, ClientEvent, ClientSession, FeedStart, InvalidLimit, ServerConnection,
    ServerSession, SessionLimits, SessionMessage, Timing,
};
use rejoin_protocol::wire::{Answer, Body, Data, Denial, Frame, Member, Presence, Since, Subscribe};
use rejoin_protocol::{Refusal, Time};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);
/// What each costs besides its payload.
const COST: u64 = 32;

fn limited(set: impl FnOnce(&mut SessionLimits)) -> ClientSession {
    let mut config = ClientConfig::default();
    set(&mut config.limits);
    ClientSession::new(config)
}

#[test]
fn calls_are_bounded_in_bytes_to_the_last_one_and_a_cancelled_call_gives_its_back() {
    let mut client = limited(|limits| limits.call_bytes = 2 * (COST + 10));
    let call = |client: &mut ClientSession, bytes: usize| {
        client.call(NOW, Body::from(vec![1; bytes]), Duration::from_secs(1))
    };
    let first = call(&mut client, 10).unwrap();
    let refused = call(&mut client, 11).unwrap_err();
    assert_eq!((refused.reason, refused.message.len()), (Refusal::Full, 11));
    call(&mut client, 10).unwrap();
    assert!(call(&mut client, 0).is_err());
    client.cancel(first);
    assert!(call(&mut client, 11).is_err());
    call(&mut client, 10).unwrap();
}

#[test]
fn a_call_that_never_fits_is_not_said_to_find_room_later() {
    let mut client = limited(|limits| limits.call_bytes = COST + 10);
    let refused = client.call(NOW, Body::from(vec![1; 11]), Duration::from_secs(1)).unwrap_err();
    assert_eq!((refused.reason, refused.message.len()), (Refusal::TooLarge { limit: 10 }, 11));
    client.call(NOW, Body::from(vec![1; 10]), Duration::from_secs(1)).unwrap();
}

#[test]
fn calls_and_publications_without_an_answer_are_counted_until_they_have_one() {
    let mut pair = Pair::live();
    assert_eq!(pair.client.unanswered(), (0, 0));
    pair.client.publish("room", Body::from("12345"), 1).unwrap();
    let after_one = pair.client.unanswered();
    assert_eq!(after_one, (1, 5 + COST));
    pair.client.publish("room", Body::from("123"), 2).unwrap();
    assert_eq!(pair.client.unanswered(), (2, 5 + 3 + 2 * COST));
    pair.client.publish("room", Body::from("1234567"), 3).unwrap();
    pair.answer = Some(Answer::Refused(Denial::new(4_403, "no")));
    pair.step(1);
    assert_eq!(pair.settled.len(), 1);
    assert_eq!(pair.client.unanswered(), (2, 3 + 7 + 2 * COST));
    pair.run();
    assert_eq!(pair.client.unanswered(), (0, 0));
}

#[test]
fn publications_are_bounded_in_number_and_in_bytes_to_the_last_one() {
    let mut client = limited(|limits| limits.publication_bytes = 2 * (COST + 10));
    assert!(client.has_publication_room(10));
    client.publish("room", Body::from(vec![1; 10]), 3).unwrap();
    assert!(client.has_publication_room(10) && !client.has_publication_room(11));
    assert_eq!(client.publish("room", Body::from(vec![1; 11]), 4).unwrap_err().reason, Refusal::Full);
    client.publish("room", Body::from(vec![1; 10]), 5).unwrap();
    assert!(!client.has_publication_room(0));
    // One alone may fill all of it, and not a byte more.
    let mut client = limited(|limits| limits.publication_bytes = COST + 10);
    let refused = client.publish("room", Body::from(vec![1; 11]), 6).unwrap_err();
    assert_eq!(refused.reason, Refusal::TooLarge { limit: 10 });
    client.publish("room", Body::from(vec![1; 10]), 7).unwrap();
    let mut client = limited(|limits| limits.publications = 1);
    client.publish("room", Body::from("a"), 8).unwrap();
    assert!(!client.has_publication_room(1));
}

#[test]
fn what_waits_to_be_taken_is_counted_at_both_ends() {
    let mut pair = Pair::live();
    assert_eq!((pair.session.held_bytes(), pair.session.has_message()), (0, false));
    assert_eq!(pair.session.unacked(), (0, 0));
    pair.session.send(SessionMessage::text("12345")).unwrap();
    assert_eq!(pair.session.queued().0.0, 1);
    let waiting = pair.session.held_bytes();
    assert!(waiting >= 5, "{waiting}");
    pair.run();
    assert_eq!(pair.at_client, ["12345"]);
    let (frames, bytes) = pair.session.unacked();
    assert_eq!((frames, pair.session.held_bytes()), (1, bytes), "transmitted, and not acknowledged yet");
    pair.session.send(SessionMessage::text("678")).unwrap();
    assert!(pair.session.held_bytes() > bytes, "both count");
    pair.run();
    pair.pass(1_000);
    assert_eq!((pair.session.held_bytes(), pair.session.unacked()), (0, (0, 0)));
    assert_eq!((pair.session.resent(), pair.client.resent()), (0, 0));
}

#[test]
fn a_server_holds_what_its_application_has_not_taken_and_what_its_client_has_not() {
    let mut pair = Pair::live();
    let limits = SessionLimits::default();
    let mut connection = ServerConnection::new(NOW, &pair.session, &limits, Timing::default());
    let data = Data { binary: false, first: true, last: true, ack: None, payload: "12345".into() };
    connection.handle(NOW, &mut pair.session, Frame::Data(data)).unwrap();
    assert_eq!((pair.session.untaken(), pair.session.held_bytes()), (5 + COST, 5 + COST));
    for text in ["123", "1234567"] {
        pair.session.send(SessionMessage::text(text)).unwrap();
    }
    assert!(connection.poll_transmit(NOW, &mut pair.session).is_some());
    assert_eq!(pair.session.queued(), ((1, 7 + COST), (1, 3 + COST)));
    assert_eq!(pair.session.held_bytes(), 5 + 3 + 7 + 3 * COST);
}

#[test]
fn answers_that_wait_to_go_out_are_counted_to_the_byte() {
    let mut pair = Pair::live();
    let limits = SessionLimits::default();
    let mut connection = ServerConnection::new(NOW, &pair.session, &limits, Timing::default());
    let (channel, since, presence) = ("room".into(), Since::All, None);
    let sub = Frame::Sub(Subscribe { subscription: 0, channel, since, credit: 100, presence });
    connection.handle(NOW, &mut pair.session, sub).unwrap();
    connection
        .handle(NOW, &mut pair.session, Frame::Call { id: 1, timeout: 9, payload: Body::new() })
        .unwrap();
    let at = Default::default();
    connection.subscribed(0, Ok(FeedStart { at, recovered: true, missing: None }));
    connection.published("room", 0, Answer::Already(at));
    connection.reply(1, Ok(Body::from("123")));
    let member = |alias, about: &str| Member { alias, about: about.into() };
    connection.presence(0, Presence::Full(vec![member(1, "12345"), member(2, "")]));
    connection.presence(0, Presence::Joined(member(3, "1234567")));
    connection.presence(0, Presence::Changed(member(3, "12")));
    connection.presence(0, Presence::Left(3));
    // Of a list each member costs 16 bytes more, because a list may be long.
    let waiting = [0, 4, 3, 5 + 2 * 16, 7, 2, 0];
    for gone in 0..waiting.len() {
        let bytes = waiting[gone..].iter().map(|payload| payload + COST).sum();
        assert_eq!(connection.backlog(), (waiting.len() - gone, bytes));
        assert!(connection.poll_transmit(NOW, &mut pair.session).is_some());
    }
    assert_eq!(connection.backlog(), (0, 0));
}

#[test]
fn frames_that_go_once_more_are_counted() {
    let mut pair = Pair::live();
    pair.client.send(SessionMessage::text("a")).unwrap();
    assert!(pair.client.poll_transmit(NOW).is_some(), "it goes, and the cut swallows it");
    pair.cut();
    assert_eq!(pair.client.resent(), 0);
    pair.connect();
    pair.run();
    assert_eq!((pair.client.resent(), &pair.at_server[..]), (1, &["a".to_owned()][..]));
}

#[test]
fn volatile_messages_are_bounded_in_bytes_to_the_last_one_and_go_with_the_next_frames() {
    let mut config = ClientConfig::default();
    config.limits.volatile_bytes = 10;
    let mut pair = Pair::new();
    pair.client = ClientSession::new(config);
    assert!(!pair.client.volatile(None, Body::from("x")), "nobody is there yet");
    pair.connect();
    pair.run();
    assert!(pair.client.volatile(None, Body::from("1234567890")));
    assert!(!pair.client.volatile(None, Body::from("1")));
    assert!(pair.client.poll_transmit(NOW).is_some());
    assert!(pair.client.volatile(None, Body::from("12345")));
    assert!(pair.client.volatile(None, Body::from("67890")));
    assert!(!pair.client.volatile(None, Body::from("1")));
}

#[test]
fn a_subscription_says_where_it_is_and_whether_it_has_something() {
    let mut pair = Pair::live();
    let feed = pair.client.subscribe("room", Since::All).unwrap();
    assert!(!pair.client.has_channel_event(feed));
    pair.run();
    pair.client.publish("room", Body::from("one"), 9).unwrap();
    pair.run();
    assert!(pair.client.has_channel_event(feed));
    assert_eq!(pair.entries(feed), ["one"]);
    assert_eq!(pair.client.position(feed).map(|position| position.offset), Some(1));
    assert!(!pair.client.has_channel_event(feed));
    assert!(pair.client.members(feed).is_empty());
    assert!(pair.client.id().is_some());
    assert!(ClientSession::new(ClientConfig::default()).id().is_none());
}

#[test]
fn the_name_of_a_session_is_known_once_it_has_one_and_its_pair_is_the_same() {
    let pair = Pair::live();
    assert_eq!(pair.client.id(), pair.client.pair().map(|known| known.id));
}

#[test]
fn text_is_text_only_where_it_was_sent_as_such_and_is_utf_8() {
    assert_eq!(SessionMessage::text("grüße").as_text(), Some("grüße"));
    assert_eq!(SessionMessage::binary(Body::from("grüße")).as_text(), None);
    assert_eq!(SessionMessage { binary: false, body: Body::from(vec![0xff]) }.as_text(), None);
}

#[test]
fn a_call_is_over_when_its_answer_is_late() {
    let mut pair = Pair::live();
    let call = pair.client.call(NOW, Body::from("?"), Duration::from_secs(5)).unwrap();
    assert_eq!(pair.client.unanswered().0, 0, "calls are counted apart from publications");
    assert!(matches!(pair.client.poll_transmit(NOW), Some(Frame::Call { .. })));
    pair.client.wake(NOW + Duration::from_millis(4_999));
    assert!(
        std::iter::from_fn(|| pair.client.poll_event())
            .all(|event| !matches!(event, ClientEvent::Called(..)))
    );
    pair.client.wake(NOW + Duration::from_secs(5));
    let events: Vec<_> = std::iter::from_fn(|| pair.client.poll_event()).collect();
    assert!(events.contains(&ClientEvent::Called(call, CallOutcome::TimedOut)), "{events:?}");
}

#[test]
fn limits_that_cannot_work_are_named_with_the_bound_that_does() {
    let check = |set: &dyn Fn(&mut SessionLimits)| {
        let mut limits = SessionLimits::default();
        set(&mut limits);
        limits.check()
    };
    let small = |name, least| Err(InvalidLimit::TooSmall { name, least });
    let large = |name| Err(InvalidLimit::TooLarge { name, most: SessionLimits::MAX_BYTES });
    let (window, feed) = (SessionLimits::MIN_WINDOW, SessionLimits::MIN_SUBSCRIPTION_WINDOW);
    let max = SessionLimits::MAX_BYTES;
    assert_eq!(check(&|_| {}), Ok(()));
    assert_eq!(check(&|limits| limits.window = window), Ok(()));
    assert_eq!(check(&|limits| limits.window = window - 1), small("window", window));
    assert_eq!(check(&|limits| limits.window = max + 1), large("window"));
    assert_eq!(check(&|limits| limits.subscription_window = feed), Ok(()));
    assert_eq!(check(&|limits| limits.subscription_window = feed - 1), small("subscription_window", feed));
    assert_eq!(check(&|limits| limits.subscription_window = u64::MAX), large("subscription_window"));
    assert_eq!(check(&|limits| limits.max_message = 0), small("max_message", 1));
    assert_eq!(check(&|limits| limits.max_message = u64::MAX), large("max_message"));
    assert_eq!(check(&|limits| limits.queue_bytes = COST), small("queue_bytes", COST + 1));
    assert_eq!(check(&|limits| limits.queue_bytes = u64::MAX), Ok(()));
    assert_eq!(check(&|limits| limits.queue_messages = 0), small("queue_messages", 1));
    assert_eq!(check(&|limits| limits.publications = 0), small("publications", 1));
    assert_eq!(check(&|limits| limits.publication_bytes = COST), small("publication_bytes", COST + 1));
    assert_eq!(check(&|limits| limits.ack_frames = 0), small("ack_frames", 1));
    assert_eq!(check(&|limits| limits.call_bytes = COST), small("call_bytes", COST + 1));
    let half = 512 << 10;
    assert_eq!(check(&|limits| limits.max_auth = half), Ok(()));
    let too_large = |name, most| Err(InvalidLimit::TooLarge { name, most });
    assert_eq!(check(&|limits| limits.max_auth = half + 1), too_large("max_auth", half as u64));
    assert_eq!(check(&|limits| limits.ack_delay = Duration::MAX), too_large("ack_delay in seconds", 60));
    let told = InvalidLimit::TooSmall { name: "window", least: 65_536 }.to_string();
    assert_eq!(told, "the limit `window` of a session must be at least 65536");
}

#[test]
fn with_the_smallest_windows_a_message_larger_than_them_passes_either_way_and_then_all_is_silent() {
    let mut config = ClientConfig::default();
    config.limits.window = SessionLimits::MIN_WINDOW;
    let mut pair = Pair::new();
    pair.session = ServerSession::new(&config.limits, false);
    pair.client = ClientSession::new(config);
    pair.connect();
    pair.run();
    let large = "x".repeat(300_000);
    pair.client.send(SessionMessage::from(large.as_str())).unwrap();
    pair.session.send(SessionMessage::from(large.as_str())).unwrap();
    // Ends, since each credit is told once.
    pair.run();
    assert_eq!((pair.at_server.len(), pair.at_client.len()), (1, 1));
    assert_eq!((pair.at_server[0].len(), pair.at_client[0].len()), (300_000, 300_000));
}

#[test]
fn a_server_that_never_met_a_client_holds_nothing() {
    let session = ServerSession::new(&SessionLimits::default(), false);
    assert_eq!((session.held_bytes(), session.unacked(), session.resent()), (0, (0, 0), 0));
}
