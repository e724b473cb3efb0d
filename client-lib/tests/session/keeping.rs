//! Sessions that are kept over a reload of the page, for which dropping one and opening it again stands.

use rejoin::session::{PublishError, Reopened, SessionEvent, SessionState, Since};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, settle, within};
use crate::rig::{builder, connect, entries, events, until};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = sessionStorage)]
    type Storage;

    #[wasm_bindgen(thread_local_v2, js_name = sessionStorage)]
    static STORAGE: Storage;

    #[wasm_bindgen(method, js_name = getItem)]
    fn get_item(this: &Storage, key: &str) -> Option<String>;

    #[wasm_bindgen(catch, method, js_name = setItem)]
    fn set_item(this: &Storage, key: &str, value: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, js_name = removeItem)]
    fn remove_item(this: &Storage, key: &str);
}

const FILLING: &str = "filling";

/// Leaves no room for another character in the tab's storage.
fn fill(storage: &Storage) {
    let (mut filling, mut more) = (String::new(), 64 << 20);
    while more > 0 {
        let larger = [filling.as_str(), &"x".repeat(more)].concat();
        if storage.set_item(FILLING, &larger).is_ok() {
            filling = larger;
        }
        more /= 2;
    }
}

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

#[wasm_bindgen_test]
async fn where_the_identity_can_t_be_written_nothing_is_kept() {
    let place = Place::new();
    let Reopened { session, .. } = reopen(&place, "").await;
    STORAGE.with(fill);
    let events = events(&session);
    drop(session.try_publish("room", "one").unwrap());
    until(&session, SessionState::is_live).await;
    STORAGE.with(|storage| storage.remove_item(FILLING));
    settle().await;
    let told = events.borrow().iter().filter(|event| matches!(event, SessionEvent::NotKept(_))).count();
    assert_eq!(told, 1, "{:?}", events.borrow());
    let key = ["rejoin ", &place.key].concat();
    assert_eq!(STORAGE.with(|storage| storage.get_item(&key)), None, "no later page finds it");
    let second = within(session.publish("room", "two").await.unwrap()).await.unwrap();
    assert_eq!(second.offset, 2, "it goes on all the same");
    let id = session.pair().unwrap().id;
    reload(session).await;
    let Reopened { session, receipts, .. } = reopen(&place, "").await;
    assert!(receipts.is_empty(), "nothing is sent twice");
    until(&session, SessionState::is_live).await;
    assert_ne!(session.pair().unwrap().id, id);
}
