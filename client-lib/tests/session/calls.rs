//! Calls: answered, denied, in time or not, and cancelled by dropping.

use std::time::Duration;

use rejoin::session::{CallError, SessionState};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, settle, within};
use crate::rig::{builder, connect, until};

const LONG: Duration = Duration::from_secs(60);

#[wasm_bindgen_test]
async fn a_call_is_answered_or_denied() {
    let place = Place::new();
    let session = connect(&place, "").await;
    assert_eq!(within(session.call("how many?", LONG)).await.unwrap(), "how many?".into());
    assert!(
        matches!(within(session.call("deny", LONG)).await, Err(CallError::Denied(denial)) if denial.code == 4000)
    );
}

#[wasm_bindgen_test]
async fn a_call_without_an_answer_ends_in_time() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let outcome = within(session.call("never", Duration::from_millis(50))).await;
    assert_eq!(outcome, Err(CallError::TimedOut));
    assert_eq!(place.stats("texts.ge.1").await.texts, ["CANCEL"]);
}

#[wasm_bindgen_test]
async fn a_dropped_call_is_cancelled() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let call = session.call("never", LONG);
    settle().await;
    drop(call);
    assert_eq!(place.stats("texts.ge.1").await.texts, ["CANCEL"]);
}

#[wasm_bindgen_test]
async fn a_call_that_was_cut_off_is_unknown_and_one_that_waits_is_asked_later() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let call = session.call("never", LONG);
    settle().await;
    place.command("cut").await;
    assert_eq!(within(call).await, Err(CallError::Unknown));
    let waits = session.call("after", LONG);
    assert_eq!(within(waits).await.unwrap(), "after".into());
}

#[wasm_bindgen_test]
async fn a_call_that_never_went_comes_back() {
    let place = Place::new();
    let session = builder(&place, "?mute=1").open().unwrap();
    until(&session, |state| *state == SessionState::Greeting).await;
    let outcome = within(session.call("unheard", Duration::from_millis(50))).await;
    assert_eq!(outcome, Err(CallError::Unsent("unheard".into())));
    let large = vec![0; 2 << 20];
    assert!(matches!(within(session.call(large, LONG)).await, Err(CallError::NotTaken(..))));
}
