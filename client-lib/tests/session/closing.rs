//! Closing: everything is delivered first, then goodbye; and dropping closes too.

use std::time::Duration;

use rejoin::session::{CallError, Refusal, SessionState, Since};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, within};
use crate::rig::{builder, connect};

#[wasm_bindgen_test]
async fn closing_delivers_what_is_under_way_and_says_goodbye() {
    let place = Place::new();
    let session = connect(&place, "?quiet=1").await;
    for number in 0..50 {
        session.try_send(number.to_string()).unwrap();
    }
    let receipt = session.publish("room", "last").await.unwrap();
    let left = within(session.close()).await;
    assert!(left.is_nothing(), "{left:?}");
    assert!(session.state().is_ended());
    within(receipt).await.unwrap();
    let stats = place.stats("codes.ge.1").await;
    assert_eq!((stats.messages, stats.codes), (50, vec![1000]));
    assert_eq!(stats.texts.last().unwrap(), "BYE");
}

#[wasm_bindgen_test]
async fn closing_waits_for_the_answer_to_a_call() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let call = session.call("still open?", Duration::from_secs(60));
    assert!(within(session.close()).await.is_nothing());
    assert_eq!(within(call).await, Ok("still open?".into()));
}

#[wasm_bindgen_test]
async fn nothing_is_taken_once_it_closes() {
    let place = Place::new();
    let session = connect(&place, "?quiet=1").await;
    session.try_send("slow").unwrap();
    session.try_send("kept").unwrap();
    session.begin_close();
    assert_eq!(session.try_send("late").unwrap_err().reason, Refusal::Closed);
    assert_eq!(session.try_publish("room", "late").err().unwrap().reason, Refusal::Closed);
    assert_eq!(session.subscribe("room", Since::Now).err(), Some(Refusal::Closed));
    let call = within(session.call("late", Duration::from_secs(1))).await;
    assert!(matches!(call, Err(CallError::NotTaken(Refusal::Closed, _))));
}

#[wasm_bindgen_test]
async fn closing_gives_up_after_its_time_and_says_what_was_left() {
    let place = Place::new();
    let builder = builder(&place, "?quiet=1").drain_timeout(Duration::from_millis(100));
    let session = within(builder.connect()).await.unwrap();
    session.try_send("slow").unwrap();
    session.try_send("never taken").unwrap();
    let left = within(session.close()).await;
    // The first one was taken, which may not have been told yet.
    assert!(left.unsent == 0 && (1..=2).contains(&left.unacked), "{left:?}");
    assert!(matches!(session.state(), SessionState::Ended(_)));
    assert_eq!(session.take_lost().len(), 1);
}

#[wasm_bindgen_test]
async fn closing_while_away_hands_back_what_was_never_sent() {
    let place = Place::new();
    let builder = builder(&place, "?refuse_first=1000").drain_timeout(Duration::from_millis(50));
    let session = builder.open().unwrap();
    session.try_send("unsent").unwrap();
    let left = within(session.close()).await;
    assert_eq!(left.unsent, 1);
    let lost = session.take_lost();
    assert_eq!((lost.len(), lost[0].unsent.len()), (1, 1));
}

#[wasm_bindgen_test]
async fn dropping_everything_says_goodbye_and_closes() {
    let place = Place::new();
    let session = connect(&place, "?quiet=1").await;
    session.try_send("last").unwrap();
    let handle = session.handle();
    drop(session);
    handle.try_send("very last").unwrap();
    drop(handle);
    let stats = place.stats("codes.ge.1").await;
    assert_eq!(stats.texts, ["last", "very last", "BYE"]);
    assert_eq!(stats.codes, [1000]);
    assert_eq!(place.stats("alive.le.0").await.opened, 1);
}
