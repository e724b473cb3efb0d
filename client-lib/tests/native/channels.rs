//! Publications with receipts, feeds without gaps, presence, over cuts and restarts.

use rejoin::Session;
use rejoin::session::{Body, FeedItem, GapReason, PublishError, Refusal, SessionLimits, Since};
use rejoin_test_support::proxy::Fault;
use rejoin_test_support::within;

use crate::rig::on_one_thread;
use crate::session_rig::{World, entries, item};

#[test]
fn a_receipt_is_ready_when_the_entry_is_durable() {
    on_one_thread(async {
        let world = World::new().await;
        let session = world.connect().await;
        let first = session.publish("room", "one").await.unwrap();
        let second = session.publish("room", "two").await.unwrap();
        assert_eq!((first.number(), second.number()), (0, 1));
        assert_eq!(within(second).await.unwrap().offset, 2);
        assert_eq!(within(first).await.unwrap().offset, 1);
        let refused = session.publish("room", "spam").await.unwrap();
        assert!(matches!(within(refused).await, Err(PublishError::Refused(denial)) if denial.code == 403));
    });
}

#[test]
fn publications_are_in_the_log_once_and_a_feed_has_no_gap_over_cuts_and_restarts() {
    on_one_thread(async {
        let mut world = World::new().await;
        let (ada, bob) = (world.connect().await, world.connect().await);
        let mut feed = bob.subscribe("room", Since::All).unwrap();
        assert!(matches!(item(&mut feed).await, FeedItem::Started(at) if at.offset == 0));
        let (mut receipts, mut olds) = (Vec::new(), Vec::new());
        for round in 0..6 {
            for number in 0..50 {
                receipts.push(ada.publish("room", format!("{round}.{number}")).await.unwrap());
            }
            tokio::task::yield_now().await;
            if round % 2 == 0 {
                world.proxy.strike(Fault::Reset);
            } else {
                olds.push(world.restart().await);
            }
        }
        for receipt in receipts {
            within(receipt).await.unwrap();
        }
        let all: Vec<String> =
            (0..6).flat_map(|round| (0..50).map(move |number| format!("{round}.{number}"))).collect();
        assert_eq!(entries(&mut feed, 300).await, all);
        let mut later = bob.subscribe("room", Since::Last(5)).unwrap();
        assert_eq!(entries(&mut later, 5).await, all[295..]);
    });
}

#[test]
fn a_drained_server_hands_its_sessions_over_without_a_gap() {
    on_one_thread(async {
        let mut world = World::new().await;
        let session = world.connect().await;
        let mut feed = session.subscribe("room", Since::All).unwrap();
        within(session.publish("room", "before").await.unwrap()).await.unwrap();
        let next = crate::session_rig::HubServer::over(&world.log).await;
        world.proxy.lead(Some(next.server.address));
        let old = std::mem::replace(&mut world.hub, next);
        let (stopped, receipt) = tokio::join!(old.server.stop(), async {
            within(session.publish("room", "after").await.unwrap()).await
        });
        let ((), position) = (stopped, receipt.unwrap());
        assert_eq!(position.offset, 2);
        assert_eq!(entries(&mut feed, 2).await, ["before", "after"]);
    });
}

#[test]
fn whoever_comes_back_later_than_others_to_a_log_that_began_anew_can_have_what_was_said_meanwhile() {
    on_one_thread(async {
        let mut world = World::new().await;
        let reader = world.connect().await;
        let mut feed = reader.subscribe("room", Since::All).unwrap();
        within(reader.publish("room", "before").await.unwrap()).await.unwrap();
        assert_eq!(entries(&mut feed, 1).await, ["before"]);
        let read = feed.position().unwrap();
        // The server forgets everything, and others write there before the reader is back.
        world.log = std::sync::Arc::default();
        let next = crate::session_rig::HubServer::over(&world.log).await;
        let writer = rejoin::Session::connect(next.server.url("/")).await.unwrap();
        for text in ["one", "two"] {
            within(writer.publish("room", text).await.unwrap()).await.unwrap();
        }
        world.proxy.lead(Some(next.server.address));
        world.proxy.strike(Fault::Reset);
        let FeedItem::Gap { at, missing } = item(&mut feed).await else { panic!("no gap") };
        assert_eq!((at.offset, missing.reason), (2, GapReason::UnknownEpoch));
        drop(feed);
        let mut feed = reader.subscribe("room", Since::Last(100)).unwrap();
        within(writer.publish("room", "three").await.unwrap()).await.unwrap();
        let mut all = Vec::new();
        while all.len() < 3 {
            if let FeedItem::Entry(entry) = item(&mut feed).await {
                assert!(entry.position.epoch.ordinal >= read.epoch.ordinal);
                all.push(entry.payload);
            }
        }
        assert_eq!(all, ["one", "two", "three"].map(rejoin::session::Body::from));
    });
}

#[test]
fn a_feed_that_is_forbidden_ends_with_the_reason() {
    on_one_thread(async {
        let world = World::new().await;
        let session = world.connect().await;
        let mut feed = session.subscribe("secret", Since::All).unwrap();
        assert!(matches!(item(&mut feed).await, FeedItem::Ended(denial) if denial.code == 403));
    });
}

#[test]
fn people_come_and_go_and_whisper() {
    on_one_thread(async {
        let world = World::new().await;
        let (ada, bob) = (world.connect().await, world.connect().await);
        let mut of_ada = ada.subscribe_as("room", Since::Now, "ada").unwrap();
        let mut of_bob = bob.subscribe_as("room", Since::Now, "bob").unwrap();
        for feed in [&mut of_ada, &mut of_bob] {
            while feed.members().len() < 2 {
                item(feed).await;
            }
        }
        assert!(of_bob.volatile("psst"));
        loop {
            if let FeedItem::Volatile { payload, sender } = item(&mut of_ada).await {
                assert_eq!((&payload[..], sender), (&b"psst"[..], bob.pair().unwrap().alias));
                break;
            }
        }
        drop((of_bob, bob));
        while of_ada.members().len() == 2 {
            item(&mut of_ada).await;
        }
        assert_eq!(&of_ada.members()[0].about[..], b"ada");
    });
}

#[test]
fn who_says_too_much_of_itself_is_told_by_this_end_or_by_the_server() {
    on_one_thread(async {
        let world = World::new().await;
        let session = world.connect().await;
        let (fits, large) = ("x".repeat(256), "x".repeat(257));
        let refused = session.subscribe_as("room", Since::Now, large.as_str()).err();
        assert_eq!(refused, Some(Refusal::TooLarge { limit: 256 }));
        let mut feed = session.subscribe_as("room", Since::Now, fits.as_str()).unwrap();
        while !matches!(item(&mut feed).await, FeedItem::Members) {}
        assert_eq!(feed.members().len(), 1);
        let refused = feed.set_presence(large.as_str()).unwrap_err();
        assert_eq!((refused.reason, refused.message.len()), (Refusal::TooLarge { limit: 256 }, 257));
        // An end that does not know the server's limit hears of it.
        let mut limits = SessionLimits::default();
        limits.presence_bytes = 10_000;
        let other = within(world.builder().limits(limits).connect()).await.unwrap();
        let mut refused = other.subscribe_as("room", Since::Now, large.as_str()).unwrap();
        let mut listed = other.subscribe_as("room", Since::Now, "small").unwrap();
        let ended = |item| match item {
            FeedItem::Ended(denial) => denial,
            other => panic!("{other:?}"),
        };
        let denial = ended(item(&mut refused).await);
        assert_eq!((denial.code, denial.reason.contains("256 bytes")), (1009, true));
        while !matches!(item(&mut listed).await, FeedItem::Members) {}
        listed.set_presence(large).unwrap();
        let denial = loop {
            match item(&mut listed).await {
                FeedItem::Members => {}
                item => break ended(item),
            }
        };
        assert_eq!((denial.code, denial.reason.contains("256 bytes")), (1009, true));
        assert_eq!(listed.set_presence("small").unwrap_err().reason, Refusal::Closed);
        // Another's feed is none the worse for it.
        while feed.members().len() != 1 {
            item(&mut feed).await;
        }
    });
}

/// Something whose way to bytes asks the session.
struct Curious<'a>(&'a Session);

impl From<Curious<'_>> for Body {
    fn from(Curious(session): Curious<'_>) -> Self {
        Body::from(format!("after {} welcomes", session.metrics().welcomes).as_str())
    }
}

#[test]
fn what_is_sent_may_ask_the_session_on_its_way_to_bytes() {
    on_one_thread(async {
        let world = World::new().await;
        let session = world.connect().await;
        let mut feed = session.subscribe_as("room", Since::Now, Curious(&session)).unwrap();
        while feed.members().is_empty() {
            within(feed.next_item()).await.unwrap();
        }
        feed.set_presence(Curious(&session)).unwrap();
        assert!(feed.volatile(Curious(&session)) && session.volatile(Curious(&session)));
        within(session.publish("room", Curious(&session)).await.unwrap()).await.unwrap();
        assert_eq!(feed.members()[0].about, "after 1 welcomes".into());
        session.authenticate(Curious(&session)).unwrap();
    });
}
