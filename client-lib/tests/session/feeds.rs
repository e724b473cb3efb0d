//! Feeds: without silent gaps, over cuts, and ended when they are dropped.

use futures::StreamExt;
use rejoin::session::{FeedItem, GapReason, Since};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, settle, within};
use crate::rig::{connect, entries, item};

#[wasm_bindgen_test]
async fn a_feed_brings_what_others_and_this_session_publish() {
    let place = Place::new();
    let (session, other) = (connect(&place, "").await, connect(&place, "").await);
    let mut feed = session.subscribe("room", Since::All).unwrap();
    assert!(matches!(item(&mut feed).await, FeedItem::Started(at) if at.offset == 0));
    within(session.publish("room", "mine").await.unwrap()).await.unwrap();
    within(other.publish("room", "theirs").await.unwrap()).await.unwrap();
    let mut owns = Vec::new();
    while owns.len() < 2 {
        if let FeedItem::Entry(entry) = item(&mut feed).await {
            owns.push((entry.own, entry.position.offset, entry.number));
        }
    }
    assert_eq!(owns, [(true, 1, 0), (false, 2, 0)]);
    assert_eq!(feed.position().unwrap().offset, 2);
}

#[wasm_bindgen_test]
async fn a_feed_goes_on_over_cuts_and_restarts_without_a_word() {
    let place = Place::new();
    let (session, other) = (connect(&place, "").await, connect(&place, "").await);
    let mut feed = session.subscribe("room", Since::All).unwrap();
    for number in 0..30 {
        within(other.publish("room", number.to_string()).await.unwrap()).await.unwrap();
        match number {
            7 => place.command("cut").await,
            17 => place.command("forget").await,
            _ => {}
        }
    }
    let expected: Vec<String> = (0..30).map(|number| number.to_string()).collect();
    assert_eq!(entries(&mut feed, 30).await, expected);
}

#[wasm_bindgen_test]
async fn a_gap_is_told_with_what_is_missing() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let first = within(session.publish("room", "one").await.unwrap()).await.unwrap();
    within(session.publish("room", "two").await.unwrap()).await.unwrap();
    place.command("trim").await;
    let mut feed = session.subscribe("room", Since::Position(first)).unwrap();
    loop {
        match item(&mut feed).await {
            FeedItem::Gap { at, missing } => {
                assert_eq!((at.offset, missing.from, missing.to), (2, 2, 2));
                assert_eq!(missing.reason, GapReason::Trimmed);
                break;
            }
            FeedItem::Started(_) => {}
            other => panic!("{other:?}"),
        }
    }
    within(session.publish("room", "three").await.unwrap()).await.unwrap();
    assert_eq!(entries(&mut feed, 1).await, ["three"]);
}

#[wasm_bindgen_test]
async fn a_refused_subscription_ends_its_feed_alone() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let mut refused = session.subscribe("forbidden room", Since::All).unwrap();
    assert!(matches!(item(&mut refused).await, FeedItem::Ended(denial) if denial.code == 4403));
    assert!(within(refused.next()).await.is_none());
    let mut feed = session.subscribe("room", Since::All).unwrap();
    within(session.publish("room", "one").await.unwrap()).await.unwrap();
    assert_eq!(entries(&mut feed, 1).await, ["one"]);
}

#[wasm_bindgen_test]
async fn a_dropped_feed_is_unsubscribed() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let mut feed = session.subscribe("room", Since::All).unwrap();
    item(&mut feed).await;
    drop(feed);
    assert_eq!(place.stats("texts.ge.1").await.texts, ["UNSUB"]);
}

#[wasm_bindgen_test]
async fn who_is_there_is_told_and_volatile_messages_pass() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let mut feed = session.subscribe_as("room", Since::Now, "Ada").unwrap();
    while !matches!(item(&mut feed).await, FeedItem::Members) {}
    assert_eq!(&feed.members()[0].about[..], b"Ada");
    feed.set_presence("Ada, typing").unwrap();
    while !matches!(item(&mut feed).await, FeedItem::Members) {}
    assert_eq!(&feed.members()[0].about[..], b"Ada, typing");
    assert!(feed.volatile("hush"));
    assert!(matches!(item(&mut feed).await, FeedItem::Volatile { payload, .. } if &payload[..] == b"hush"));
}

#[wasm_bindgen_test]
async fn a_feed_that_is_not_read_does_not_hold_up_others() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let (mut slow, mut fast) =
        (session.subscribe("large", Since::All).unwrap(), session.subscribe("small", Since::All).unwrap());
    let receipts: Vec<_> =
        (0..20).map(|_| session.try_publish("large", vec![b'x'; 60_000]).unwrap()).collect();
    for receipt in receipts {
        within(receipt).await.unwrap();
    }
    settle().await;
    within(session.publish("small", "through").await.unwrap()).await.unwrap();
    assert_eq!(entries(&mut fast, 1).await, ["through"]);
    assert_eq!(entries(&mut slow, 20).await.len(), 20);
}
