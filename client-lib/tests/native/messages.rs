//! A session's messages and calls over connections that are cut, and servers that forget.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use rejoin::session::{
    CallError, ConnectError, Connected, KeepAlive, LostReason, SessionEvent, SessionMessage, SessionState,
};
use rejoin::{ClosedBy, Session, TargetError};
use rejoin_test_support::proxy::Fault;
use rejoin_test_support::within;

use crate::rig::{FREEZE, THAW, next_text, on_one_thread};
use crate::server::Server;
use crate::session_rig::{World, event, recv, until};

#[test]
fn a_message_is_sent_and_another_received() {
    on_one_thread(async {
        let world = World::new().await;
        let mut session = world.connect().await;
        session.send("hello").await.unwrap();
        assert_eq!(recv(&mut session).await, "HELLO");
        session.send("grüße").await.unwrap();
        assert_eq!(recv(&mut session).await, "GRÜSSE");
        let left = within(session.close()).await;
        assert!(left.is_nothing(), "{left:?}");
    });
}

#[test]
fn the_round_trip_is_known_as_soon_as_the_session_is_live() {
    on_one_thread(async {
        let world = World::new().await;
        // No ping is due in time.
        let mut rare = KeepAlive::default();
        rare.interval = Duration::from_secs(3_600);
        let session = within(world.builder().keep_alive(rare).connect()).await.unwrap();
        let told = |event| match event {
            SessionEvent::RoundTrip(time) => Some(time),
            _ => None,
        };
        let time = event(&session.handle(), told).await;
        assert_eq!(session.metrics().round_trip, Some(time));
    });
}

#[test]
fn every_message_arrives_once_and_in_order_both_ways_over_many_cuts() {
    on_one_thread(async {
        let world = World::new().await;
        // Wherever in a frame it happens, and never before the greeting is over on every attempt.
        world.proxy.cut_after((0..30).map(|number| 900 + 137 * number));
        let mut session = world.connect().await;
        let (count, sender) = (2_000, session.handle());
        tokio::task::spawn_local(async move {
            for number in 0..count {
                sender.send(format!("m{number}")).await.unwrap();
                if number % 7 == 0 {
                    tokio::task::yield_now().await;
                }
            }
        });
        for number in 0..count {
            assert_eq!(recv(&mut session).await, format!("M{number}"));
        }
        let expected: Vec<String> = (0..count).map(|number| format!("m{number}")).collect();
        assert_eq!(world.hub.heard(), expected);
        assert!(world.proxy.forwarded() > 10, "there were {} connections", world.proxy.forwarded());
        assert!(session.metrics().resent > 0);
        assert!(session.take_lost().is_empty());
    });
}

#[test]
fn what_is_sent_while_away_goes_once_it_is_back() {
    on_one_thread(async {
        let world = World::new().await;
        world.proxy.lead(None);
        let mut session = world.builder().open().unwrap();
        session.try_send("early").unwrap();
        until(&session, |state| matches!(state, SessionState::Waiting { .. })).await;
        world.proxy.lead(Some(world.hub.server.address));
        assert_eq!(recv(&mut session).await, "EARLY");
    });
}

#[test]
fn a_large_message_crosses_in_fragments_over_cuts() {
    on_one_thread(async {
        let world = World::new().await;
        world.proxy.cut_after([300_000, 700_000, 1_100_000]);
        let mut session = world.connect().await;
        session.send("x".repeat(3 << 20)).await.unwrap();
        assert_eq!(recv(&mut session).await, "X".repeat(3 << 20));
        assert_eq!(world.proxy.forwarded(), 4);
    });
}

#[test]
fn a_server_that_forgot_the_session_loses_what_was_transmitted_and_says_so() {
    on_one_thread(async {
        let mut world = World::new().await;
        let mut session = world.connect().await;
        let alias = session.pair().unwrap().alias;
        world.proxy.strike(FREEZE);
        session.send("swallowed").await.unwrap();
        within(async {
            while session.metrics().unacked_frames == 0 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        let _old = world.restart().await;
        world.proxy.strike(THAW);
        let lost = event(&session, |event| match event {
            SessionEvent::Lost(lost) => Some(lost),
            _ => None,
        })
        .await;
        // The identity is of the log, which is the same.
        assert_eq!(lost.reason, LostReason::Kept);
        assert_eq!(lost.unacked, [SessionMessage::text("swallowed")]);
        assert_eq!(session.pair().unwrap().alias, alias);
        session.send("after").await.unwrap();
        assert_eq!(recv(&mut session).await, "AFTER");
    });
}

#[test]
fn calls_are_answered_denied_and_given_up() {
    on_one_thread(async {
        let world = World::new().await;
        let session = world.connect().await;
        let long = Duration::from_secs(60);
        assert_eq!(&within(session.call("what", long)).await.unwrap()[..], b"you asked what");
        let denied = within(session.call("no", long)).await;
        assert!(matches!(denied, Err(CallError::Denied(denial)) if denial.code == 404));
        let outcome = within(session.call("never", Duration::from_millis(30))).await;
        assert!(matches!(outcome, Err(CallError::TimedOut | CallError::Denied(_))), "{outcome:?}");
    });
}

#[test]
fn volatile_messages_pass_while_all_is_well() {
    on_one_thread(async {
        let world = World::new().await;
        let session = world.connect().await;
        assert!(session.volatile("psst"));
        let heard = event(&session, |event| match event {
            SessionEvent::Volatile(payload) => Some(payload),
            _ => None,
        })
        .await;
        assert_eq!(&heard[..], b"psst");
    });
}

#[test]
fn a_token_is_asked_for_again_once_it_is_refused() {
    on_one_thread(async {
        let world = World::new().await;
        let builder = world.builder().auth_from(|attempt| async move {
            Ok::<_, TargetError>(if attempt.fresh_auth { "ada" } else { "stale" })
        });
        let session = within(builder.connect()).await.unwrap();
        assert_eq!(session.state(), SessionState::Live);
        let refused = within(world.builder().auth("wrong").connect()).await.err().unwrap();
        assert!(!refused.is_retryable(), "{refused}");
    });
}

/// A provider whose calls for a fresh token fail so many times before one brings it.
async fn fresh_after(failures: u32) {
    let world = World::new().await;
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    let builder = world.builder().auth_from(move |attempt| {
        let fresh = attempt.fresh_auth;
        count.set(count.get() + u32::from(fresh));
        let fails = fresh && count.get() <= failures;
        async move {
            match fresh {
                true if fails => Err(TargetError("the network is away".into())),
                true => Ok("ada"),
                false => Ok("stale"),
            }
        }
    });
    let session = builder.open().unwrap();
    until(&session, |state| matches!(state, SessionState::Live | SessionState::Ended(_))).await;
    assert_eq!((session.state(), asked.get()), (SessionState::Live, failures + 1));
}

#[test]
fn a_fresh_token_is_asked_for_until_a_call_brings_one() {
    for failures in [0, 1, 3] {
        on_one_thread(fresh_after(failures));
    }
}

#[test]
fn a_server_that_speaks_no_sessions_is_told_apart_and_may_be_used_plainly() {
    on_one_thread(async {
        let server = Server::echo().await;
        let failed = within(Session::connect(server.url("/"))).await.err().unwrap();
        assert_eq!(failed, ConnectError::NotAgreed);
        let connected = within(Session::builder(server.url("/")).connect_or_plain()).await.unwrap();
        let Connected::Plain(mut socket) = connected else { panic!("an echo is no hub") };
        socket.send("plain").await.unwrap();
        assert_eq!(next_text(&mut socket).await, "plain");
    });
}

#[test]
fn a_server_that_speaks_no_sessions_ends_one_after_so_many_answers_in_a_row() {
    on_one_thread(async {
        let world = World::new().await;
        let old = Server::echo().await;
        world.proxy.lead(Some(old.address));
        let session = world.builder().max_disagreed(3).open().unwrap();
        // A load balancer that leads to an older server twice, and then to one that is up to date.
        let (proxy, hub) = (world.proxy.clone(), world.hub.server.address);
        let answers = Rc::new(Cell::new(0));
        let count = answers.clone();
        session.set_on_event(Some(Box::new(move |event| {
            if let SessionEvent::Disconnected(_) = event {
                count.set(count.get() + 1);
                proxy.lead(Some(if count.get() == 2 { hub } else { old.address }));
            }
        })));
        until(&session, SessionState::is_live).await;
        assert_eq!((answers.get(), session.why_ended()), (2, None));
        // What it heard before does not count any more, and the cut does not either.
        world.proxy.strike(Fault::Reset);
        let ended = until(&session, SessionState::is_ended).await;
        assert_eq!(answers.get(), 2 + 1 + 3);
        let SessionState::Ended(denial) = ended else { unreachable!() };
        assert!(denial.reason.contains("none of the subprotocols"), "{denial:?}");
        assert_eq!(session.why_ended(), Some(ConnectError::NotAgreed));
        let last = session.metrics().last_closed.unwrap();
        assert_eq!((last.code, last.by, last.reason), (denial.code, ClosedBy::Refused, denial.reason));
        assert_eq!(session.send("late").await.unwrap_err().reason, rejoin::session::Refusal::Closed);
        // By hand it is begun anew, and the count as well.
        session.set_on_event(None);
        world.proxy.lead(Some(hub));
        session.reconnect();
        until(&session, SessionState::is_live).await;
        assert_eq!(session.why_ended(), None);
    });
}
