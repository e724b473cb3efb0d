//! Sessions that are to be kept where the browser refuses its storage, or never answers.

use rejoin::session::{KeepError, Reopened, SessionEvent, SessionLimits, SessionState};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, settle, within};
use crate::rig::{builder, events, until};

/// Runs a script's body in the page.
fn script(body: &str) -> JsValue {
    js_sys::Function::new_no_args(body).call0(&JsValue::UNDEFINED).unwrap()
}

/// Waits for the promise that a script's body returns.
async fn answer(body: &str) -> JsValue {
    within(JsFuture::from(script(body).unchecked_into::<js_sys::Promise>())).await.unwrap()
}

/// A part of the browser that a test has replaced; the end of the test puts it back.
struct Replaced(js_sys::Function);

/// Replaces a property of an object, both as JavaScript writes them, by a property descriptor.
fn replace(object: &str, name: &str, descriptor: &str) -> Replaced {
    let body = format!(
        "const before = Object.getOwnPropertyDescriptor({object}, '{name}');
         const real = before.value;
         Object.defineProperty({object}, '{name}', {{ configurable: true, ...{descriptor} }});
         return () => Object.defineProperty({object}, '{name}', before);"
    );
    Replaced(script(&body).unchecked_into())
}

impl Drop for Replaced {
    fn drop(&mut self) {
        self.0.call0(&JsValue::UNDEFINED).unwrap();
    }
}

async fn reopen(place: &Place) -> Reopened {
    within(builder(place, "").reopen(&place.key)).await.unwrap()
}

/// The session works as one does that is not kept, and has told why.
async fn goes_on(reopened: Reopened) -> KeepError {
    let Reopened { session, receipts, not_kept, .. } = reopened;
    assert!(receipts.is_empty());
    let told = events(&session);
    let not_kept = not_kept.expect("it is not kept");
    assert_eq!(told.borrow().first(), Some(&SessionEvent::NotKept(not_kept.to_string())));
    let receipt = session.publish("room", "said all the same").await.unwrap();
    assert_eq!(within(receipt).await.unwrap().offset, 1);
    not_kept
}

fn gave_no_answer(why: &KeepError) -> bool {
    matches!(why, KeepError::NoAnswer { .. })
}

const NEVER: &str = "{ value: () => new Promise(() => {}) }";
const NOTHING: &str = "{ value() { return {}; } }";

#[wasm_bindgen_test]
async fn a_database_that_never_answers_stops_no_session() {
    let place = Place::new();
    let _replaced = replace("IDBFactory.prototype", "open", NOTHING);
    assert!(gave_no_answer(&goes_on(reopen(&place).await).await));
}

#[wasm_bindgen_test]
async fn a_request_that_never_answers_stops_no_session() {
    let place = Place::new();
    let _replaced = replace("IDBObjectStore.prototype", "getAll", NOTHING);
    assert!(gave_no_answer(&goes_on(reopen(&place).await).await));
}

#[wasm_bindgen_test]
async fn a_lock_that_is_never_granted_stops_no_session() {
    let place = Place::new();
    let _replaced = replace("LockManager.prototype", "request", NEVER);
    assert!(gave_no_answer(&goes_on(reopen(&place).await).await));
}

#[wasm_bindgen_test]
async fn what_the_browser_refuses_is_told_in_its_own_words() {
    const THROWS: &str = "{ get() { throw new DOMException('not here', 'SecurityError'); } }";
    let place = Place::new();
    {
        let _replaced = replace("window", "sessionStorage", THROWS);
        assert_eq!(goes_on(reopen(&place).await).await, KeepError::NoStorage);
    }
    let rejects = "{ value: () => Promise.reject(new DOMException('not here', 'SecurityError')) }";
    let throws_when_called = "{ value() { throw new DOMException('not here', 'SecurityError'); } }";
    for (object, name, how) in [
        ("Navigator.prototype", "locks", THROWS),
        ("LockManager.prototype", "request", rejects),
        ("window", "indexedDB", THROWS),
        ("IDBFactory.prototype", "open", throws_when_called),
        ("Storage.prototype", "getItem", throws_when_called),
        ("Storage.prototype", "setItem", throws_when_called),
    ] {
        let place = Place::new();
        let _replaced = replace(object, name, how);
        let why = goes_on(reopen(&place).await).await;
        assert!(matches!(&why, KeepError::Browser(words) if words.contains("not here")), "{name}: {why}");
    }
}

#[wasm_bindgen_test]
async fn browsers_without_locks_or_database_keep_nothing_and_say_so() {
    for (object, name) in [("Navigator.prototype", "locks"), ("window", "indexedDB")] {
        let place = Place::new();
        let _replaced = replace(object, name, "{ value: undefined }");
        let why = goes_on(reopen(&place).await).await;
        assert!(matches!(&why, KeepError::Browser(words) if words.contains("there ")), "{name}: {why}");
    }
}

/// The database is blocked as browsers do it: one page deletes it while another has it open.
#[wasm_bindgen_test]
async fn a_database_that_answers_late_is_complete_and_left_closed() {
    let place = Place::new();
    assert_eq!(reopen(&place).await.not_kept, None);
    settle().await;
    let open = "return new Promise((resolve, reject) => {
        const request = indexedDB.open('rejoin');
        request.onsuccess = () => { window.blocking = request.result; resolve(); };
        request.onerror = reject;
    })";
    let delete = "return new Promise((resolve, reject) => {
        const request = indexedDB.deleteDatabase('rejoin');
        request.onsuccess = resolve;
        request.onerror = reject;
    })";
    answer(open).await;
    let deleted: js_sys::Promise = script(delete).unchecked_into();
    let why = goes_on(reopen(&place).await).await;
    assert!(gave_no_answer(&why), "{why}");
    script("blocking.close()");
    within(JsFuture::from(deleted)).await.unwrap();
    // The request of the session that gave up has answered before this one, and left the database free.
    answer(delete).await;
    let Reopened { session, not_kept, .. } = reopen(&place).await;
    assert_eq!(not_kept, None);
    until(&session, SessionState::is_live).await;
}

#[wasm_bindgen_test]
async fn a_lock_that_is_granted_late_is_given_back() {
    let place = Place::new();
    assert_eq!(reopen(&place).await.not_kept, None);
    settle().await;
    let later = "{ value(...given) {
        window.asked = given[0];
        return new Promise((resolve) => (window.grant = () => resolve(real.apply(this, given))));
    } }";
    {
        let _replaced = replace("LockManager.prototype", "request", later);
        let why = goes_on(reopen(&place).await).await;
        assert!(gave_no_answer(&why), "{why}");
    }
    script("grant()");
    let is_free = "return navigator.locks.request(asked, () => navigator.locks.query()).then(() => true)";
    assert_eq!(answer(is_free).await, JsValue::TRUE);
    let Reopened { session, not_kept, .. } = reopen(&place).await;
    assert_eq!(not_kept, None, "the next page finds the session");
    until(&session, SessionState::is_live).await;
}

#[wasm_bindgen_test]
async fn a_write_that_never_ends_holds_up_no_publication_and_ends_the_keeping() {
    let place = Place::new();
    let session = reopen(&place).await.session;
    until(&session, SessionState::is_live).await;
    let told = events(&session);
    let _replaced = replace("IDBTransaction.prototype", "oncomplete", "{ set() {} }");
    let mut receipts = Vec::new();
    for text in ["one", "two", "three"] {
        receipts.push(session.publish("room", text).await.unwrap());
        // Each is written in a turn of its own.
        settle().await;
    }
    for (receipt, offset) in receipts.into_iter().zip(1..) {
        assert_eq!(within(receipt).await.unwrap().offset, offset);
    }
    let not_kept = |event: &&SessionEvent| matches!(event, SessionEvent::NotKept(_));
    assert_eq!(told.borrow().iter().filter(not_kept).count(), 1, "{:?}", told.borrow());
    // What comes later is not waited for, and no later page sends it again.
    let receipt = session.publish("room", "four").await.unwrap();
    assert_eq!(within(receipt).await.unwrap().offset, 4);
    let record = format!("return sessionStorage.getItem('rejoin {}')", place.key);
    assert_eq!(script(&record), JsValue::NULL);
}

/// With room for publications in one channel without an answer.
async fn reopen_narrow(place: &Place) -> rejoin::Session {
    let mut limits = SessionLimits::default();
    limits.channels = 1;
    within(builder(place, "").limits(limits).reopen(&place.key)).await.unwrap().session
}

#[wasm_bindgen_test]
async fn who_waits_for_a_channel_goes_on_once_the_disk_has_forgotten_the_last_one() {
    let place = Place::new();
    let session = reopen_narrow(&place).await;
    for channel in ["one", "two", "three"] {
        let receipt = within(session.publish(channel, "x")).await.unwrap();
        assert_eq!(within(receipt).await.unwrap().offset, 1);
    }
}

#[wasm_bindgen_test]
async fn writes_that_fail_each_time_hold_up_no_channel_and_are_told_once() {
    const THROWS: &str = "{ value() { throw new DOMException('it is closed', 'InvalidStateError'); } }";
    for (object, name) in [
        ("IDBDatabase.prototype", "transaction"),
        ("IDBObjectStore.prototype", "put"),
        ("IDBObjectStore.prototype", "delete"),
    ] {
        let place = Place::new();
        let session = reopen_narrow(&place).await;
        until(&session, SessionState::is_live).await;
        let told = events(&session);
        let _replaced = replace(object, name, THROWS);
        for channel in ["one", "two", "three"] {
            let receipt = within(session.publish(channel, name)).await.unwrap();
            assert_eq!(within(receipt).await.unwrap().offset, 1, "{name}");
        }
        let not_kept = |event: &&SessionEvent| matches!(event, SessionEvent::NotKept(_));
        assert_eq!(told.borrow().iter().filter(not_kept).count(), 1, "{name}: {:?}", told.borrow());
    }
}
