//! What follows on the end of a connection: the table of close codes, row by row.

use std::time::Duration;

use rejoin_protocol::session::{
    ClientConfig, ClientEvent, ClientSession, Ending, LostReason, Request, ServerConnection, SessionLimits,
    SessionMessage, Settlement, Task, Timing, Violation, code,
};
use rejoin_protocol::wire::{Body, Bye, Denial, Frame, Since};
use rejoin_protocol::{Closed, ClosedBy, Refusal, Time};

use crate::pair::Pair;

const NOW: Time = Time::from_millis(0);

fn retry(after: Option<u64>, at_cap: bool, fresh_auth: bool) -> Ending {
    Ending::Retry { after: after.map(Duration::from_millis), at_cap, fresh_auth }
}

fn by_server(code: u16) -> Closed {
    Closed::by_event(code, "said so", true, true)
}

fn stops(ending: &Ending, code: u16) -> bool {
    matches!(ending, Ending::Stop(denial) if denial.code == code)
}

#[test]
fn restarts_proxies_and_networks_are_tried_again() {
    for code in [
        1000,
        1001,
        1005,
        1006,
        1011,
        1012,
        1013,
        1014,
        1015,
        code::DRAINING,
        code::RETRY_AFTER,
        code::HELLO_LATE,
    ] {
        let mut pair = Pair::live();
        assert_eq!(pair.client.ended(NOW, &by_server(code)), retry(None, false, false), "{code}");
        assert!(!pair.client.is_over());
    }
    for by in [ClosedBy::Refused, ClosedBy::ConnectTimeout, ClosedBy::KeepAlive, ClosedBy::Provider] {
        let mut session = ClientSession::new(ClientConfig::default());
        let closed = Closed::abnormal(by, false, "");
        assert_eq!(session.ended(NOW, &closed), retry(None, false, false), "{by:?}");
    }
}

#[test]
fn what_is_broken_refused_or_the_applications_own_stops() {
    for code in [
        1002,
        1003,
        1007,
        1008,
        1009,
        1010,
        code::FORBIDDEN,
        code::VERSION,
        code::TAKEN_OVER,
        3000,
        4000,
        4407,
        4999,
    ] {
        let mut pair = Pair::live();
        let ending = pair.client.ended(NOW, &by_server(code));
        assert!(stops(&ending, code), "{code}: {ending:?}");
        assert!(pair.client.is_over());
    }
    let mut pair = Pair::live();
    let mut own = Closed::abnormal(ClosedBy::Caller, true, "");
    own.code = 1000;
    assert!(stops(&pair.client.ended(NOW, &own), 1000));
}

#[test]
fn a_farewell_says_when_to_come_back_or_never() {
    let bye = |code, retry_after, last| Frame::Bye(Bye { code, reason: "why".into(), retry_after, last });
    let mut pair = Pair::live();
    pair.client.handle(NOW, bye(code::DRAINING, Some(700), false)).unwrap();
    assert_eq!(pair.client.ended(NOW, &by_server(1006)), retry(Some(700), false, false));
    let mut pair = Pair::live();
    pair.client.handle(NOW, bye(1000, None, true)).unwrap();
    assert!(stops(&pair.client.ended(NOW, &by_server(1000)), 1000));
    let mut pair = Pair::live();
    pair.client.handle(NOW, bye(code::TOO_MANY, Some(9), false)).unwrap();
    pair.client.connected(NOW, None);
    assert_eq!(
        pair.client.ended(NOW, &by_server(1006)),
        retry(None, false, false),
        "that was another connection's"
    );
}

#[test]
fn a_farewell_counts_as_much_as_a_close_code_though_the_connection_breaks_behind_it() {
    for code in [1002, 1003, 1007, 1008, 1009, 1010, code::FORBIDDEN] {
        let mut pair = Pair::live();
        let bye = Bye { code, reason: "why".into(), retry_after: None, last: false };
        pair.client.handle(NOW, Frame::Bye(bye)).unwrap();
        let ending = pair.client.ended(NOW, &Closed::abnormal(ClosedBy::Network, true, ""));
        assert!(stops(&ending, code), "{code}: {ending:?}");
    }
}

#[test]
fn a_clients_farewell_ends_its_session_if_it_is_the_last() {
    let mut pair = Pair::live();
    let limits = SessionLimits::default();
    let mut connection = ServerConnection::new(NOW, &pair.session, &limits, Timing::default());
    let mut said = |last| {
        let bye = Bye { code: 1000, reason: String::new(), retry_after: None, last };
        connection.handle(NOW, &mut pair.session, Frame::Bye(bye)).unwrap();
        connection.poll_task()
    };
    assert_eq!(said(false), None);
    assert_eq!(said(true), Some(Task::Request(Request::Finish)));
}

#[test]
fn publications_of_all_channels_are_settled_in_the_order_of_publishing() {
    let mut pair = Pair::live();
    let mut publish = |channel, payload: &str| {
        pair.client.publish(channel, payload.into(), 1).unwrap();
        Settlement::Unsent(payload.into())
    };
    let all = [publish("room", "a"), publish("hall", "b"), publish("hall", "c"), publish("room", "d")];
    assert!(stops(&pair.client.ended(NOW, &by_server(code::FORBIDDEN)), code::FORBIDDEN));
    let settled = std::iter::from_fn(|| pair.client.poll_event()).filter_map(|event| match event {
        ClientEvent::Settled(_, how) => Some(how),
        _ => None,
    });
    assert_eq!(settled.collect::<Vec<_>>(), all);
}

#[test]
fn too_many_backs_off_at_the_cap() {
    let mut pair = Pair::live();
    assert_eq!(pair.client.ended(NOW, &by_server(code::TOO_MANY)), retry(None, true, false));
}

#[test]
fn a_token_that_is_refused_is_asked_for_anew_once() {
    let mut pair = Pair::live();
    assert_eq!(pair.client.ended(NOW, &by_server(code::UNAUTHENTICATED)), retry(None, false, true));
    pair.client.connected(NOW, None);
    assert!(stops(&pair.client.ended(NOW, &by_server(code::UNAUTHENTICATED)), code::UNAUTHENTICATED));
    let mut pair = Pair::live();
    for _ in 0..3 {
        assert_eq!(pair.client.ended(NOW, &by_server(code::UNAUTHENTICATED)), retry(None, false, true));
        pair.connect();
        pair.run();
        assert!(pair.client.is_live(), "the new token was good");
    }
}

#[test]
fn a_bug_costs_one_fresh_session_a_minute_and_then_stops() {
    for code in [code::BAD_FRAME, code::COUNTERS] {
        let mut pair = Pair::live();
        assert_eq!(pair.client.ended(NOW, &by_server(code)), retry(None, false, false));
        assert_eq!(pair.client.pair(), None, "it begins afresh");
        pair.connect();
        pair.run();
        let short = Time::from_millis(59_999);
        let mut again = Pair::live();
        again.client.ended(NOW, &by_server(code));
        again.connect();
        again.run();
        assert!(stops(&again.client.ended(short, &by_server(code)), code));
        let long = Time::from_millis(60_000);
        assert_eq!(pair.client.ended(long, &by_server(code)), retry(None, false, false));
    }
}

#[test]
fn a_violation_of_the_servers_looks_like_its_own_close() {
    let violation = Violation { code: code::BAD_FRAME, reason: "no" };
    let closed = ClientSession::closed_for(&violation);
    assert_eq!((closed.code, closed.by, &closed.reason[..]), (code::BAD_FRAME, ClosedBy::Server, "no"));
    assert_eq!(violation.to_string(), "no (4400)");
}

#[test]
fn a_stop_settles_all_and_hands_back_what_was_never_transmitted() {
    let mut pair = Pair::live();
    let feed = pair.client.subscribe("room", Since::Now).unwrap();
    pair.client.publish("room", Body::from("sent"), 1).unwrap();
    pair.client.send(SessionMessage::text("sent")).unwrap();
    let call = pair.client.call(NOW, Body::from("sent"), Duration::from_secs(1)).unwrap();
    while pair.client.poll_transmit(NOW).is_some() {}
    pair.client.publish("room", Body::from("kept"), 2).unwrap();
    pair.client.send(SessionMessage::text("kept")).unwrap();
    let ending = pair.client.ended(NOW, &by_server(code::FORBIDDEN));
    assert!(stops(&ending, code::FORBIDDEN));
    let mut settled = Vec::new();
    let (mut lost, mut called) = (None, None);
    while let Some(event) = pair.client.poll_event() {
        match event {
            ClientEvent::Settled(_, how) => settled.push(how),
            ClientEvent::Lost(what) => lost = Some(what),
            ClientEvent::Called(id, _) => called = Some(id),
            _ => {}
        }
    }
    assert_eq!(settled, [Settlement::Unknown, Settlement::Unsent(Body::from("kept"))]);
    assert_eq!(called, Some(call));
    let lost = lost.unwrap();
    assert_eq!((lost.reason, lost.unacked.len(), lost.unsent.len()), (LostReason::Stopped, 1, 1));
    assert!(pair.client.has_channel_event(feed));
    let refused = pair.client.send(SessionMessage::text("late")).unwrap_err();
    assert_eq!(refused.reason, Refusal::Closed);
    assert!(
        pair.client.publish("room", Body::new(), 3).is_err()
            && pair.client.subscribe("room", Since::Now).is_err()
    );
    assert!(pair.client.call(NOW, Body::new(), Duration::ZERO).is_err());
}

#[test]
fn a_server_that_does_not_answer_hello_is_left_in_time() {
    let mut session = ClientSession::new(ClientConfig::default());
    session.connected(NOW, None);
    assert_eq!(session.deadline(), Some(Time::from_millis(10_000)));
    session.wake(Time::from_millis(9_999));
    assert_eq!(session.poll_event(), None);
    session.wake(Time::from_millis(10_000));
    let Some(ClientEvent::Fail(violation)) = session.poll_event() else { panic!("it waits for ever") };
    assert_eq!(violation.code, code::HELLO_LATE);
    assert_eq!(session.ended(NOW, &ClientSession::closed_for(&violation)), retry(None, false, false));
}

#[test]
fn a_token_for_an_older_connection_does_not_follow_to_the_next() {
    let mut pair = Pair::live();
    pair.client.authenticate(Body::from("old")).unwrap();
    pair.client.ended(NOW, &by_server(1006));
    pair.connect();
    pair.run();
    assert_eq!(pair.client.poll_transmit(NOW), None);
    pair.client.authenticate(Body::from("new")).unwrap();
    assert_eq!(pair.client.poll_transmit(NOW), Some(Frame::Auth(Body::from("new"))));
}

#[test]
fn a_server_can_have_a_client_wait_for_an_hour_at_most() {
    for hint in [3_600_000, 3_600_001, u64::MAX] {
        let mut pair = Pair::live();
        let bye = Bye { code: 4100, reason: String::new(), retry_after: Some(hint), last: false };
        pair.client.handle(NOW, Frame::Bye(bye)).unwrap();
        let ending = pair.client.ended(NOW, &by_server(4100));
        let hour = Some(std::time::Duration::from_secs(3_600));
        assert_eq!(ending, Ending::Retry { after: hour, at_cap: false, fresh_auth: false });
    }
}

#[test]
fn who_has_finished_is_not_told_that_the_server_ended_it() {
    // The server answers BYE with one of its own and closes, and that may be seen before this end's own closing.
    let mut pair = Pair::live();
    pair.client.finish("");
    let frame = pair.client.poll_transmit(NOW);
    assert!(matches!(&frame, Some(Frame::Bye(bye)) if bye.last), "{frame:?}");
    let reason: String = "the session is over".into();
    let bye = Bye { code: 1000, reason, retry_after: None, last: true };
    pair.client.handle(NOW, Frame::Bye(bye)).unwrap();
    let ending = pair.client.ended(NOW, &Closed::by_event(1000, "the session is over", true, true));
    assert_eq!(ending, Ending::Stop(Denial { code: 1000, reason: String::new() }));
}
