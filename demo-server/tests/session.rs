//! The demo's sessions, by this project's own client: chat, questions, presence, what may be lost, and the rules.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;
#[path = "common/sessions.rs"]
mod sessions;

use common::Demo;
use demo_messages::chat::TEXT_CHARS;
use demo_messages::room::{Answer, Fault, OLDER, Question, Room, RoomInfo, Whisper};
use demo_server::Config;
use futures::StreamExt;
use rejoin::session::{CallError, Denial, FeedItem, PublishError, SessionEvent, Since, TypedFeed};
use rejoin_test_support::{PATIENCE, within};
use sessions::{about, ask, connect, enter, entry, item, json, on_one_thread, people, rooms, said, say};

#[test]
fn what_is_said_reaches_everybody_in_the_room_once_and_in_order() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let (ada, bob) = (connect(&demo).await, connect(&demo).await);
        let mut of_ada = enter(&ada, "tea", "Ada").await.unwrap();
        let mut of_bob = enter(&bob, "tea", "Bob").await.unwrap();
        for n in 0..20 {
            let at = say(&ada, "tea", &format!("message {n}")).await.unwrap();
            assert_eq!(at.offset, n + 1);
        }
        for n in 0..20 {
            let (own, others) = (entry(&mut of_ada).await, entry(&mut of_bob).await);
            assert_eq!(own.payload, said(&format!("message {n}")));
            assert!(own.own && !others.own);
            assert_eq!((others.position, others.payload), (own.position, own.payload));
            assert_eq!((others.publisher, others.number), (ada.pair().unwrap().alias, n));
        }
    });
}

#[test]
fn what_breaks_the_rules_is_refused_with_the_reason_and_holds_up_nothing() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let ada = connect(&demo).await;
        for (bad, why) in [(" ", "nothing"), (&*"x".repeat(2_001), "2000")] {
            match say(&ada, "tea", bad).await {
                Err(PublishError::Refused(denial)) => {
                    assert_eq!(denial.code, 400);
                    assert!(denial.reason.contains(why), "{denial:?}");
                }
                other => panic!("{other:?}"),
            }
        }
        let odd = ada.publish("room/tea", "no JSON").await.unwrap();
        assert!(matches!(within(odd).await, Err(PublishError::Refused(denial)) if denial.code == 400));
        assert_eq!(say(&ada, "tea", "but this").await.unwrap().offset, 1);
    });
}

#[test]
fn a_room_of_a_name_that_no_room_has_is_refused() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let ada = connect(&demo).await;
        for name in ["", "Tea", "a b", "../x", &"a".repeat(33)] {
            assert_eq!(enter(&ada, name, "Ada").await.unwrap_err().code, 404, "{name:?}");
            let refused = say(&ada, name, "hello").await;
            assert!(matches!(refused, Err(PublishError::Refused(denial)) if denial.code == 404), "{name:?}");
            let older = Question::Older { room: name.into(), before: 9, count: 1 };
            let refused = ask(&ada, &older).await;
            assert!(matches!(refused, Err(CallError::Denied(denial)) if denial.code == 404), "{name:?}");
        }
        let other = ada.publish("elsewhere", json(&said("hello"))).await.unwrap();
        assert!(matches!(within(other).await, Err(PublishError::Refused(denial)) if denial.code == 404));
        assert_eq!(rooms(&ada).await, []);
    });
}

#[test]
fn what_is_said_is_refused_when_white_space_makes_it_large() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let ada = connect(&demo).await;
        let plain = String::from_utf8(json(&said("hello"))).unwrap();
        for space in [" ", "\n", "\t"] {
            let padded = plain.replacen(',', &format!(",{}", space.repeat(30_000)), 1);
            let refused = ada.publish("room/tea", padded.into_bytes()).await.unwrap();
            assert!(
                matches!(within(refused).await, Err(PublishError::Refused(denial)) if denial.code == 413)
            );
        }
        // The longest text in the longest form that JSON has for it is taken.
        let escaped = plain.replace("hello", &"\\ud83d\\ude00".repeat(TEXT_CHARS));
        let taken = ada.publish("room/tea", escaped.into_bytes()).await.unwrap();
        within(taken).await.unwrap();
    });
}

#[test]
fn a_message_of_the_session_comes_back() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let mut ada = connect(&demo).await;
        ada.send("text").await.unwrap();
        ada.send(vec![0, 255]).await.unwrap();
        assert_eq!(within(ada.recv()).await.unwrap().as_text(), Some("text"));
        let binary = within(ada.recv()).await.unwrap();
        assert_eq!((binary.as_text(), &binary.body[..]), (None, &[0, 255][..]));
    });
}

#[test]
fn a_question_is_answered_and_one_that_is_none_is_refused() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let ada = connect(&demo).await;
        for n in 0..5 {
            say(&ada, "tea", &n.to_string()).await.unwrap();
        }
        let older = |before, count| Question::Older { room: "tea".into(), before, count };
        let offsets = async |question| match ask(&ada, &question).await.unwrap() {
            Answer::Older { entries } => entries.iter().map(|entry| entry.offset).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        assert_eq!(offsets(older(4, 2)).await, [2, 3]);
        assert_eq!(offsets(older(u64::MAX, OLDER + 1)).await, [1, 2, 3, 4, 5]);
        assert_eq!(offsets(older(1, 9)).await, Vec::<u64>::new());
        let refused = within(ada.call("what?", PATIENCE)).await;
        assert!(matches!(refused, Err(CallError::Denied(denial)) if denial.code == 400));
    });
}

#[test]
fn whoever_types_is_seen_to_by_the_others_alone() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let (ada, bob) = (connect(&demo).await, connect(&demo).await);
        let mut of_ada = enter(&ada, "tea", "Ada").await.unwrap();
        let mut of_bob = enter(&bob, "tea", "Bob").await.unwrap();
        // What is no whisper goes to nobody.
        assert!(of_ada.as_feed().volatile("no JSON"));
        let padded = format!("{}{}", r#"{"type":"typing","typing":false}"#, " ".repeat(60_000));
        assert!(of_ada.as_feed().volatile(padded.as_str()));
        assert_eq!(of_ada.volatile(&Whisper::Typing { typing: true }), Ok(true));
        say(&ada, "tea", "done").await.unwrap();
        loop {
            match item(&mut of_bob).await {
                FeedItem::Volatile { sender, payload } => {
                    assert_eq!(sender, ada.pair().unwrap().alias);
                    assert_eq!(payload, Ok(Whisper::Typing { typing: true }));
                    break;
                }
                FeedItem::Members => {}
                other => panic!("{other:?}"),
            }
        }
        loop {
            match item(&mut of_ada).await {
                FeedItem::Entry(_) => break,
                FeedItem::Members => {}
                other => panic!("{other:?}"),
            }
        }
    });
}

/// Why somebody is not listed.
async fn not_listed(feed: &mut TypedFeed<Room>) -> Denial {
    loop {
        match item(feed).await {
            FeedItem::NotListed(denial) => return denial,
            FeedItem::Members => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn people_are_listed_under_names_that_keep_the_rules() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let (ada, bob, eve) = (connect(&demo).await, connect(&demo).await, connect(&demo).await);
        let mut of_ada = enter(&ada, "tea", "Ada").await.unwrap();
        let of_bob = enter(&bob, "tea", "Bob").await.unwrap();
        // Whoever gives no name sees and is not seen, and is told why.
        let mut of_eve = enter(&eve, "tea", " ").await.unwrap();
        assert_eq!(not_listed(&mut of_eve).await.code, 400);
        for name in ["", "\u{7f}", &"a".repeat(33), &format!("Eve{}", " ".repeat(30))] {
            of_eve.set_presence(&about(name)).unwrap();
            assert_eq!(not_listed(&mut of_eve).await.code, 400, "{name:?}");
        }
        // What is no name at all.
        let mut raw = eve.subscribe_as("room/tea", Since::Now, "no JSON").unwrap();
        loop {
            match within(raw.next()).await.unwrap() {
                FeedItem::NotListed(denial) => break assert_eq!(denial.code, 400),
                FeedItem::Started(_) | FeedItem::Members => {}
                other => panic!("{other:?}"),
            }
        }
        drop(raw);
        assert_eq!(people(&mut of_ada, 2).await, ["Ada", "Bob"]);
        assert_eq!(people(&mut of_eve, 2).await, ["Ada", "Bob"]);
        of_bob.set_presence(&about("Robert")).unwrap();
        while people(&mut of_ada, 2).await != ["Ada", "Robert"] {
            item(&mut of_ada).await;
        }
        drop(of_bob);
        assert_eq!(people(&mut of_ada, 1).await, ["Ada"]);
        let tea = RoomInfo { name: "tea".into(), members: 1 };
        assert_eq!(rooms(&eve).await, [tea]);
    });
}

#[test]
fn whoever_says_too_much_at_once_waits_and_loses_nothing() {
    on_one_thread(async {
        let demo = Demo::start(Config { chat_rate: 2, ..Config::default() }).await;
        let ada = connect(&demo).await;
        let mut feed = enter(&ada, "tea", "Ada").await.unwrap();
        let channel = ada.channel(&sessions::room("tea"));
        let mut receipts = Vec::new();
        for n in 0..15 {
            receipts.push(channel.publish(&said(&n.to_string())).await.unwrap());
        }
        for (n, receipt) in (1..).zip(receipts) {
            assert_eq!(within(receipt).await.unwrap().offset, n);
        }
        for n in 0..15 {
            assert_eq!(entry(&mut feed).await.payload.text, n.to_string());
        }
    });
}

#[test]
fn the_faults_of_the_lab_are_played_on_the_askers_own_connection() {
    on_one_thread(async {
        let demo = Demo::start(Config::default()).await;
        let (ada, mut bob) = (connect(&demo).await, connect(&demo).await);
        let mut events = ada.events();
        let mut resumed = async || {
            loop {
                match within(events.next()).await.unwrap() {
                    SessionEvent::Live { resumed, .. } => return resumed,
                    SessionEvent::Ended(denial) => panic!("{denial:?}"),
                    _ => {}
                }
            }
        };
        assert!(!resumed().await, "it has just begun");
        // The answer is lost with the connection, or comes before.
        let _cut = ask(&ada, &Question::Fault(Fault::Cut)).await;
        assert!(resumed().await);
        let _forgotten = ask(&ada, &Question::Fault(Fault::Forget)).await;
        assert!(!resumed().await);
        bob.send("still here").await.unwrap();
        assert_eq!(within(bob.recv()).await.unwrap().as_text(), Some("still here"));
        assert_eq!(bob.metrics().welcomes, 1);
    });
}
