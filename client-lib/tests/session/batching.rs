//! Batches: what is sent within one turn of the event loop goes out together.

use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, settle};
use crate::rig::connect;

/// How many messages had come once HELLO and the ping that follows the welcome were there.
async fn greeted(place: &Place) -> u64 {
    place.stats("batches.ge.2").await.batches
}

#[wasm_bindgen_test]
async fn what_is_sent_in_one_turn_goes_out_as_one_message() {
    let place = Place::new();
    let session = connect(&place, "?quiet=1").await;
    let before = greeted(&place).await;
    for number in 0..100 {
        session.try_send(number.to_string()).unwrap();
    }
    let stats = place.stats("messages.ge.100").await;
    assert_eq!(stats.batches - before, 1);
    assert!(stats.frames >= 100);
    assert!(session.metrics().frames_sent >= 100);
}

#[wasm_bindgen_test]
async fn a_lone_message_does_not_wait_for_company() {
    let place = Place::new();
    let session = connect(&place, "?quiet=1").await;
    greeted(&place).await;
    let before = session.metrics().batches_sent;
    session.send("first").await.unwrap();
    settle().await;
    assert_eq!(session.metrics().batches_sent, before + 1);
    session.send("second").await.unwrap();
    settle().await;
    assert_eq!(session.metrics().batches_sent, before + 2);
    place.stats("messages.ge.2").await;
}

#[wasm_bindgen_test]
async fn a_batch_is_cut_at_64_kib() {
    let place = Place::new();
    let session = connect(&place, "?quiet=1").await;
    let before = greeted(&place).await;
    for _ in 0..40 {
        session.try_send(vec![3; 8_000]).unwrap();
    }
    let stats = place.stats("messages.ge.40").await;
    // 320,000 bytes: five batches of less than 65,536.
    assert_eq!(stats.batches - before, 5);
}
