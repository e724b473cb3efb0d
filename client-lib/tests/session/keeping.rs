//! Sessions that are kept over a reload of the page, for which dropping one and opening it again stands.

use rejoin::session::{PublishError, Reopened, SessionState, Since};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, settle, within};
use crate::rig::{builder, connect, entries, until};

/// Opens the session that is kept under the place's name.
async fn reopen(place: &Place, query: &str) -> Reopened {
    within(builder(place, query).reopen(&place.key)).await.unwrap()
}

/// Reloads the page: nothing of the session is left in memory, and its lock is given back.
async fn reload(session: rejoin::Session) {
    drop(session);
    settle().await;
}

#[wasm_bindgen_test]
async fn a_publication_whose_answer_was_lost_with_the_page_is_in_the_log_once() {
    let place = Place::new();
    let Reopened { session, receipts, .. } = reopen(&place, "?unanswered=1").await;
    assert!(receipts.is_empty());
    let first = session.publish("room", "one").await.unwrap();
    let second = session.publish("room", "two").await.unwrap();
    let reader = connect(&place, "").await;
    let mut feed = reader.subscribe("room", Since::All).unwrap();
    assert_eq!(entries(&mut feed, 2).await, ["one", "two"], "both were transmitted");
    reload(session).await;
    assert_eq!(
        (within(first).await, within(second).await),
        (Err(PublishError::Unknown), Err(PublishError::Unknown))
    );

    let Reopened { session, receipts, .. } = reopen(&place, "").await;
    let mut offsets = Vec::new();
    for (channel, receipt) in receipts {
        offsets.push((channel, receipt.number(), within(receipt).await.unwrap().offset));
    }
    assert_eq!(offsets, [("room".into(), 0, 1), ("room".into(), 1, 2)]);
    let third = session.publish("room", "three").await.unwrap();
    assert_eq!((third.number(), within(third).await.unwrap().offset), (2, 3));
    assert_eq!(entries(&mut feed, 1).await, ["three"]);
}

#[wasm_bindgen_test]
async fn a_publication_that_never_went_goes_from_the_next_page() {
    let place = Place::new();
    let Reopened { session, .. } = reopen(&place, "?mute=1").await;
    drop(session.try_publish("room", "late").unwrap());
    until(&session, |state| *state == SessionState::Greeting).await;
    reload(session).await;
    let Reopened { session, mut receipts, payloads, .. } = reopen(&place, "").await;
    assert_eq!(payloads, ["late".into()]);
    let (channel, receipt) = receipts.pop().unwrap();
    assert_eq!((channel.as_str(), within(receipt).await.unwrap().offset), ("room", 1));
    assert!(receipts.is_empty() && session.state().is_live());
}

#[wasm_bindgen_test]
async fn numbers_go_on_where_everything_had_been_answered() {
    let place = Place::new();
    let Reopened { session, .. } = reopen(&place, "").await;
    within(session.publish("room", "one").await.unwrap()).await.unwrap();
    let id = session.pair().unwrap().id;
    reload(session).await;
    let Reopened { session, receipts, .. } = reopen(&place, "").await;
    assert!(receipts.is_empty());
    let second = session.publish("room", "two").await.unwrap();
    assert_eq!((second.number(), within(second).await.unwrap().offset), (1, 2));
    assert_eq!(session.pair().unwrap().id, id);
}

#[wasm_bindgen_test]
async fn a_duplicated_tab_is_a_session_of_its_own() {
    let place = Place::new();
    let first = reopen(&place, "").await.session;
    until(&first, SessionState::is_live).await;
    let second = reopen(&place, "").await.session;
    until(&second, SessionState::is_live).await;
    assert_ne!(first.pair().unwrap().id, second.pair().unwrap().id);
    settle().await;
    assert!(first.state().is_live());
}

#[wasm_bindgen_test]
async fn a_session_that_was_closed_is_not_opened_again() {
    let place = Place::new();
    let session = reopen(&place, "").await.session;
    within(session.publish("room", "one").await.unwrap()).await.unwrap();
    let id = session.pair().unwrap().id;
    assert!(within(session.close()).await.is_nothing());
    reload(session).await;
    let session = reopen(&place, "").await.session;
    let second = session.publish("room", "two").await.unwrap();
    assert_eq!((second.number(), within(second).await.unwrap().offset), (0, 2));
    assert_ne!(session.pair().unwrap().id, id);
}

#[wasm_bindgen_test]
async fn a_fresh_identity_counts_from_the_start() {
    let place = Place::new();
    let session = reopen(&place, "?fresh=1").await.session;
    within(session.publish("room", "one").await.unwrap()).await.unwrap();
    session.reconnect();
    until(&session, |state| !state.is_live()).await;
    until(&session, SessionState::is_live).await;
    session.let_go();
    let second = session.publish("room", "two").await.unwrap();
    assert_eq!((second.number(), within(second).await.unwrap().offset), (0, 2));
    reload(session).await;
    let session = reopen(&place, "").await.session;
    let third = session.publish("room", "three").await.unwrap();
    assert_eq!((third.number(), within(third).await.unwrap().offset), (1, 3));
}
