//! Limits of the two ends that differ: whatever one end refuses settles at the other, and nothing else is held up.

use std::cell::Cell;
use std::rc::Rc;

use rejoin::session::{
    CallError, ConnectError, FeedItem, LostReason, PublishError, Refusal, SessionEvent, SessionLimits,
    SessionState, SessionTarget, Since,
};
use rejoin::{Backoff, ReceiveLimits, Session, Socket, TargetError};
use rejoin_test_support::proxy::Fault;
use rejoin_test_support::within;

use crate::rig::{at_once, on_one_thread};
use crate::session_rig::{World, event, recv, until};

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

fn limits(set: impl FnOnce(&mut SessionLimits)) -> SessionLimits {
    let mut limits = SessionLimits::default();
    set(&mut limits);
    limits
}

fn too_large(length: usize, limit: usize) -> ConnectError {
    ConnectError::AuthTooLarge { length, limit }
}

/// A session that waits for its server, so that what is sent now is taken before the server's limits are known.
fn early(world: &World) -> Session {
    let session = world.builder().open().unwrap();
    assert!(!session.state().is_live());
    session
}

#[test]
fn a_token_of_three_kilobytes_is_taken_and_one_byte_too_many_is_refused_before_dialling() {
    on_one_thread(async {
        let world = World::new().await;
        for length in [3_000, 16_384] {
            let session = within(world.builder().auth(vec![b'x'; length]).connect()).await.unwrap();
            session.authenticate(vec![b'x'; length]).unwrap();
            let refused = session.authenticate(vec![b'x'; 16_385]).unwrap_err();
            assert_eq!(refused.reason, Refusal::TooLarge { limit: 16_384 });
            within(session.call("still there", SECOND * 30)).await.unwrap();
        }
        let welcomed = world.hub.hub.metrics().fresh;
        let refused = world.builder().auth(vec![b'x'; 16_385]).open().err().unwrap();
        assert_eq!(refused, too_large(16_385, 16_384));
        assert!(!refused.is_retryable());
        assert!(refused.to_string().contains("16384") && refused.to_string().contains("16385"));
        // Bytes count, and not characters.
        let refused = world.builder().auth("\u{e9}".repeat(8_193)).open().err().unwrap();
        assert_eq!(refused, too_large(16_386, 16_384));
        let refused = world.builder().limits(limits(|it| it.max_auth = 10)).auth("x".repeat(11)).open();
        assert_eq!(refused.err(), Some(too_large(11, 10)));
        assert_eq!(world.hub.hub.metrics().fresh, welcomed);
    });
}

#[test]
fn a_token_of_a_function_that_is_too_large_ends_the_session_and_is_not_asked_for_again() {
    on_one_thread(async {
        let world = World::new().await;
        let asked = Rc::new(Cell::new(0));
        let count = asked.clone();
        let builder = world.builder().auth_from(move |_| {
            count.set(count.get() + 1);
            async { Ok::<_, TargetError>(vec![b'x'; 20_000]) }
        });
        let session = builder.open().unwrap();
        let SessionState::Ended(denial) = until(&session, SessionState::is_ended).await else { panic!() };
        assert_eq!(denial.code, 4413);
        assert_eq!((session.why_ended(), asked.get()), (Some(too_large(20_000, 16_384)), 1));
        // Likewise where it comes together with the URL, and whoever waits is told.
        let url = world.proxy.url("/");
        let target = move |_| {
            let target = SessionTarget::new(url.clone()).auth(vec![b'x'; 16_385]);
            async { Ok::<_, TargetError>(target) }
        };
        let failed = within(rejoin::SessionBuilder::asking(target).reconnect(at_once()).connect()).await;
        assert_eq!(failed.err(), Some(too_large(16_385, 16_384)));
        assert_eq!(world.hub.hub.metrics().fresh, 0);
    });
}

#[test]
fn a_token_that_the_server_alone_finds_too_large_ends_the_session_with_both_numbers() {
    on_one_thread(async {
        let world = World::set(|settings| settings.session.max_auth = 2_000).await;
        for length in [2_001, 5_000, 16_384] {
            let failed = within(world.builder().auth(vec![b'x'; length]).connect()).await.err();
            assert_eq!(failed, Some(too_large(length, 2_000)));
        }
        let asked = Rc::new(Cell::new(0));
        let count = asked.clone();
        let builder = world.builder().auth_from(move |_| {
            count.set(count.get() + 1);
            async { Ok::<_, TargetError>(vec![b'x'; 3_000]) }
        });
        assert_eq!(within(builder.connect()).await.err(), Some(too_large(3_000, 2_000)));
        assert_eq!(asked.get(), 1);
        let session = within(world.builder().auth(vec![b'x'; 2_000]).connect()).await.unwrap();
        let refused = session.authenticate(vec![b'x'; 2_001]).unwrap_err();
        assert_eq!(refused.reason, Refusal::TooLarge { limit: 2_000 });
        // The limit raised at the client alone, and at both.
        let raised = || limits(|it| it.max_auth = 100_000);
        let world = World::new().await;
        let failed = within(world.builder().limits(raised()).auth(vec![b'x'; 100_000]).connect()).await;
        assert_eq!(failed.err(), Some(too_large(100_000, 16_384)));
        let world = World::set(|settings| settings.session.max_auth = 100_000).await;
        within(world.builder().limits(raised()).auth(vec![b'x'; 100_000]).connect()).await.unwrap();
    });
}

#[test]
fn a_publication_that_waits_and_is_larger_than_the_server_takes_is_refused_and_holds_nothing_up() {
    on_one_thread(async {
        let mut world = World::set(|settings| settings.max_publication = 1_000).await;
        let session = early(&world);
        let mut receipts = Vec::new();
        for length in [1_000, 1_001, 10, 100_000, 8 << 20, 20] {
            receipts.push((length, session.try_publish("room", vec![b'x'; length]).unwrap()));
        }
        for (length, receipt) in receipts {
            match within(receipt).await {
                Ok(_) => assert!(length <= 1_000, "{length}"),
                Err(PublishError::Refused(denial)) => {
                    assert!(length > 1_000 && denial.code == 1009, "{length}: {denial:?}");
                    assert!(denial.reason.contains("1000 bytes"), "{}", denial.reason);
                }
                Err(other) => panic!("{length}: {other}"),
            }
        }
        let refused = session.try_publish("room", vec![b'x'; 1_001]).unwrap_err();
        assert_eq!((refused.reason, refused.message.len()), (Refusal::TooLarge { limit: 1_000 }, 1_001));
        within(session.publish("room", "on").await.unwrap()).await.unwrap();
        // After the next connection the server's limit is another.
        let _old = world.restart_set(|settings| settings.max_publication = 100).await;
        within(session.publish("room", "on").await.unwrap()).await.unwrap();
        let refused = session.try_publish("room", vec![b'x'; 101]).unwrap_err();
        assert_eq!(refused.reason, Refusal::TooLarge { limit: 100 });
        within(session.publish("room", vec![b'x'; 100]).await.unwrap()).await.unwrap();
    });
}

#[test]
fn a_message_that_waits_and_is_larger_than_the_server_takes_comes_back_and_holds_nothing_up() {
    on_one_thread(async {
        let world = World::set(|settings| settings.session.max_message = 1_000).await;
        let mut session = early(&world);
        for length in [1_000, 1_001, 100_000, 3] {
            session.try_send("x".repeat(length)).unwrap();
        }
        let lost = event(&session, |event| match event {
            SessionEvent::Lost(lost) => Some(lost),
            _ => None,
        });
        let lost = lost.await;
        assert_eq!((lost.reason, lost.unacked.len()), (LostReason::TooLarge, 0));
        let sizes: Vec<_> = lost.unsent.iter().map(|message| message.body.len()).collect();
        assert_eq!(sizes, [1_001, 100_000]);
        assert_eq!((recv(&mut session).await.len(), recv(&mut session).await.len()), (1_000, 3));
        let refused = within(session.send("x".repeat(1_001))).await.unwrap_err();
        assert_eq!((refused.reason, refused.message.body.len()), (Refusal::TooLarge { limit: 1_000 }, 1_001));
    });
}

#[test]
fn a_client_with_higher_counts_than_the_server_has_all_answered() {
    on_one_thread(async {
        let world = World::set(|settings| {
            (settings.session.channels, settings.session.publications) = (2, 3);
            settings.appends = (2, 64 << 10);
            (settings.session.calls, settings.session.subscriptions) = (1, 1);
        })
        .await;
        let session = early(&world);
        let receipts: Vec<_> =
            (0..200).map(|n| session.try_publish(&format!("room {}", n % 20), "x").unwrap()).collect();
        let calls: Vec<_> = (0..3).map(|_| session.call("never", 30 * SECOND)).collect();
        let mut feeds: Vec<_> = (0..2).map(|_| session.subscribe("room", Since::Now).unwrap()).collect();
        for receipt in receipts {
            within(receipt).await.unwrap();
        }
        let mut calls = calls.into_iter();
        let _first = calls.next();
        for call in calls {
            let Err(CallError::Denied(denial)) = within(call).await else { panic!("it was answered") };
            assert_eq!(denial.code, 4429);
        }
        assert!(matches!(within(feeds[0].next_item()).await, Some(FeedItem::Started(_))));
        let Some(FeedItem::Ended(denial)) = within(feeds[1].next_item()).await else { panic!("it began") };
        assert_eq!((denial.code, world.hub.hub.metrics().violations), (4429, 0));
    });
}

#[test]
fn publications_in_a_thousand_channels_at_once_and_one_after_another_have_their_receipts() {
    on_one_thread(async {
        let mut world = World::set(|settings| settings.publish_rate = None).await;
        let session = world.connect().await;
        for n in 0..1_000 {
            let receipt = session.publish(&format!("one {n}"), "x").await.unwrap();
            assert_eq!(receipt.number(), 0);
            within(receipt).await.unwrap();
        }
        world.proxy.strike(Fault::Reset);
        let mut receipts = Vec::new();
        for n in 0..256 {
            receipts.push(session.try_publish(&format!("at once {n}"), "x").unwrap());
        }
        let refused = session.try_publish("one 7", "y").unwrap_err();
        assert_eq!(refused.reason, Refusal::TooManyChannels { limit: 256 });
        assert!(refused.reason.is_retryable());
        // Who waits for room is served as answers come, over a server that remembers nothing.
        let _old = world.restart_set(|settings| settings.publish_rate = None).await;
        for n in 0..1_000 {
            let receipt = within(session.publish(&format!("one {n}"), "y")).await.unwrap();
            assert_eq!(receipt.number(), 1);
            receipts.push(receipt);
        }
        for receipt in receipts {
            within(receipt).await.unwrap();
        }
        assert_eq!(session.metrics().unanswered, 0);
    });
}

#[test]
fn a_feed_with_more_members_than_are_kept_ends_and_the_session_goes_on() {
    on_one_thread(async {
        let world = World::new().await;
        let others = world.connect().await;
        let mut first = others.subscribe_as("room", Since::Now, "a").unwrap();
        while first.members().is_empty() {
            within(first.next_item()).await.unwrap();
        }
        let session = within(world.builder().limits(limits(|it| it.members = 1)).connect()).await.unwrap();
        let mut feed = session.subscribe_as("room", Since::Now, "b").unwrap();
        let denial = loop {
            if let FeedItem::Ended(denial) = within(feed.next_item()).await.unwrap() {
                break denial;
            }
        };
        assert_eq!(denial.code, 4429);
        within(session.call("there?", 30 * SECOND)).await.unwrap();
        assert_eq!((session.metrics().welcomes, world.hub.hub.metrics().violations), (1, 0));
        // Who left is listed no longer.
        while first.members().len() != 1 {
            within(first.next_item()).await.unwrap();
        }
    });
}

#[test]
fn an_answer_larger_than_any_client_takes_is_a_denial() {
    on_one_thread(async {
        let world = World::set(|settings| settings.wire.max_frame = 8 << 20).await;
        let session = world.connect().await;
        let Err(CallError::Denied(denial)) = within(session.call("large", 30 * SECOND)).await else {
            panic!()
        };
        assert_eq!(denial.code, 1009);
        within(session.call("there?", 30 * SECOND)).await.unwrap();
        assert_eq!(session.metrics().welcomes, 1);
    });
}

#[test]
fn settings_that_cannot_work_are_named_with_what_does() {
    let refused = |builder: rejoin::SessionBuilder| builder.open().err().unwrap().to_string();
    let builder = || Session::builder("ws://a.invalid");
    let words = refused(builder().limits(limits(|it| it.max_auth = 1 << 20)));
    assert!(words.contains("`max_auth`") && words.contains("524288"), "{words}");
    let words = refused(builder().limits(limits(|it| it.call_bytes = 1)));
    assert!(words.contains("`call_bytes`") && words.contains("33"), "{words}");
    let words = refused(builder().greeting_timeout(std::time::Duration::ZERO));
    assert!(words.contains("greeting_timeout") && words.contains("at least 1"), "{words}");
}

#[test]
fn a_setting_of_zero_that_can_t_work_is_named_before_anything_is_opened() {
    let plain = || Socket::builder("ws://127.0.0.1:1/");
    let cases = [
        (plain().receive(ReceiveLimits::new(0, 1)).open().err(), "receive.messages"),
        (plain().receive(ReceiveLimits::new(1, 0)).open().err(), "receive.bytes"),
        (plain().reconnect(Backoff::default().with_max_attempts(0)).open().err(), "reconnect.max_attempts"),
    ];
    for (error, name) in cases {
        let error = error.expect(name).to_string();
        assert!(error.contains(&format!("{name} is zero: it must be above zero")), "{error}");
    }
    let error = Session::builder("ws://127.0.0.1:1/").max_disagreed(0).open().err().unwrap().to_string();
    assert!(error.contains("max_disagreed is zero"), "{error}");
}
