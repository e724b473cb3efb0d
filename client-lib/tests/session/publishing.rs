//! Publications and their receipts.

use rejoin::session::{PublishError, Refusal, SessionState, Since};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, within};
use crate::rig::{builder, connect, entries, until};

#[wasm_bindgen_test]
async fn a_receipt_is_ready_when_the_entry_is_durable() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let first = session.publish("room", "one").await.unwrap();
    let second = session.publish("room", "two").await.unwrap();
    assert!(!first.is_settled());
    assert_eq!((first.number(), second.number()), (0, 1));
    assert_eq!(within(second).await.unwrap().offset, 2);
    assert!(first.is_settled());
    assert_eq!(within(first).await.unwrap().offset, 1);
}

#[wasm_bindgen_test]
async fn publications_are_in_the_log_once_and_in_order_over_cuts_and_restarts() {
    let place = Place::new();
    let session = connect(&place, "?cut_every=4").await;
    let mut receipts = Vec::new();
    for number in 0..60 {
        receipts.push(session.publish("room", number.to_string()).await.unwrap());
        if number % 20 == 10 {
            place.command("forget").await;
        }
        crate::common::settle().await;
    }
    for receipt in receipts {
        within(receipt).await.unwrap();
    }
    let mut feed = session.subscribe("room", Since::All).unwrap();
    let expected: Vec<String> = (0..60).map(|number| number.to_string()).collect();
    assert_eq!(entries(&mut feed, 60).await, expected);
}

#[wasm_bindgen_test]
async fn a_refused_publication_says_why_and_holds_nothing_back() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let refused = session.publish("room", "forbidden thing").await.unwrap();
    let taken = session.publish("room", "allowed").await.unwrap();
    match within(refused).await {
        Err(PublishError::Refused(denial)) => assert_eq!(denial.code, 4403),
        other => panic!("{other:?}"),
    }
    assert_eq!(within(taken).await.unwrap().offset, 1);
}

#[wasm_bindgen_test]
async fn a_busy_log_is_asked_again_in_order() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let busy = session.publish("room", "busy at first").await.unwrap();
    let next = session.publish("room", "next").await.unwrap();
    assert_eq!(within(busy).await.unwrap().offset, 1);
    assert_eq!(within(next).await.unwrap().offset, 2);
}

#[wasm_bindgen_test]
async fn a_session_that_ends_settles_every_receipt() {
    let place = Place::new();
    let session = builder(&place, "?mute=1").open().unwrap();
    let receipt = session.try_publish("room", "never transmitted").unwrap();
    until(&session, |state| *state == SessionState::Greeting).await;
    drop(session);
    assert!(matches!(within(receipt).await, Err(PublishError::Unknown | PublishError::Unsent(_))));
}

#[wasm_bindgen_test]
async fn what_can_t_be_published_comes_back() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let refused = session.try_publish(&"x".repeat(256), "payload").err().unwrap();
    assert_eq!(refused.reason, Refusal::NameTooLong { limit: 255 });
    assert_eq!(&refused.message[..], b"payload");
    let refused = session.try_publish("room", vec![0; 65_537]).err().unwrap();
    assert_eq!(refused.reason, Refusal::TooLarge { limit: 65_536 });
}
