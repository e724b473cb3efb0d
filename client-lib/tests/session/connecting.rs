//! Connecting: agreed or not, authenticated or not, and when it comes back.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use js_sys::{Object, Reflect};
use rejoin::session::{ConnectError, Connected, SessionEvent, SessionState, SessionTarget};
use rejoin::{OpenError, Session, SessionBuilder};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, at_once, next_text, within};
use crate::rig::{builder, connect, events, recv, until};

#[wasm_bindgen_test]
async fn a_session_is_live_once_the_server_has_welcomed_it() {
    let place = Place::new();
    let session =
        within(builder(&place, "").protocol("chat.v2").protocol("chat.v1").connect()).await.unwrap();
    assert_eq!(session.state(), SessionState::Live);
    assert!(session.pair().is_some());
    let events = events(&session);
    let live = SessionEvent::Live { resumed: false, protocol: Some("chat.v2".into()) };
    assert_eq!(*events.borrow(), [live]);
    assert_eq!(place.stats("").await.offered, ["rejoin.v1"]);
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_speak_it_is_an_error_and_never_a_plain_connection() {
    let place = Place::new();
    let builder = Session::builder(place.url("/pick?name=")).reconnect(at_once());
    let error = within(builder.connect()).await.err().unwrap();
    let refused = matches!(error, ConnectError::NotAgreed | ConnectError::Open(OpenError::Failed(_)));
    assert!(refused, "{error:?}");
    assert_eq!(place.stats("").await.messages, 0);
}

#[wasm_bindgen_test]
async fn a_plain_connection_is_made_where_the_caller_allows_one() {
    let place = Place::new();
    let builder = Session::builder(place.url("/pick?name=")).reconnect(at_once()).auth("secret");
    let Connected::Plain(mut socket) = within(builder.connect_or_plain()).await.unwrap() else {
        panic!("an echo is no session")
    };
    socket.send("plain").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "plain");
    assert_eq!(place.stats("").await.offered.last().unwrap(), "");
    let builder = Session::builder(place.url("/session")).reconnect(at_once());
    assert!(matches!(within(builder.connect_or_plain()).await, Ok(Connected::Session(_))));
}

#[wasm_bindgen_test]
async fn what_authenticates_the_client_goes_in_hello_and_not_in_the_url() {
    let place = Place::new();
    let session = within(builder(&place, "?auth=secret").auth("secret").connect()).await.unwrap();
    assert_eq!(session.state(), SessionState::Live);
    assert_eq!(place.stats("").await.tags, ["", "secret"], "the URL's tag, then HELLO's");
}

#[wasm_bindgen_test]
async fn a_refused_token_is_asked_for_once_more_and_fresh() {
    let place = Place::new();
    let asked = Rc::new(RefCell::new(Vec::new()));
    let list = asked.clone();
    let builder = builder(&place, "?auth=fresh").auth_from(move |attempt| {
        list.borrow_mut().push(attempt.fresh_auth);
        async move { Ok(if attempt.fresh_auth { "fresh" } else { "stale" }) }
    });
    within(builder.connect()).await.unwrap();
    assert_eq!(*asked.borrow(), [false, true]);
}

#[wasm_bindgen_test]
async fn a_token_that_is_refused_twice_ends_the_session() {
    let place = Place::new();
    let error = within(builder(&place, "?auth=right").auth("wrong").connect()).await.err().unwrap();
    assert!(matches!(&error, ConnectError::Refused(denial) if denial.code == 4401), "{error:?}");
    assert!(!error.is_retryable());
    assert_eq!(place.stats("alive.le.0").await.opened, 2);
}

#[wasm_bindgen_test]
async fn a_forbidden_session_is_over_at_once() {
    let place = Place::new();
    let error = within(builder(&place, "?refuse_hello=4403").connect()).await.err().unwrap();
    assert!(matches!(error, ConnectError::Refused(denial) if denial.code == 4403));
}

#[wasm_bindgen_test]
async fn url_and_token_are_asked_for_with_each_attempt() {
    let place = Place::new();
    let (url, asked) = (place.url("/session"), Rc::new(RefCell::new(0)));
    let count = asked.clone();
    let builder = SessionBuilder::asking(move |_| {
        *count.borrow_mut() += 1;
        let url = url.clone();
        async move { Ok(SessionTarget::new(url).auth("token")) }
    });
    let mut session = within(builder.reconnect(at_once()).connect()).await.unwrap();
    place.command("cut").await;
    until(&session, |state| !state.is_live()).await;
    session.send("after").await.unwrap();
    assert_eq!(recv(&mut session).await, "after");
    assert_eq!(*asked.borrow(), 2);
}

#[wasm_bindgen_test]
async fn a_server_that_drains_is_come_back_to_after_its_hint() {
    let place = Place::new();
    let session = connect(&place, "").await;
    // A reason of digits is the peer's hint.
    place.command("close&code=4100&reason=300").await;
    let state =
        until(&session, |state| matches!(state, SessionState::Waiting { delay, .. } if !delay.is_zero()))
            .await;
    let SessionState::Waiting { delay, .. } = state else { unreachable!() };
    assert!(delay >= Duration::from_millis(250), "{delay:?}");
    until(&session, SessionState::is_live).await;
}

#[wasm_bindgen_test]
async fn a_server_that_answers_although_the_browser_says_offline_is_back_after_a_restart() {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).unwrap();
    let offline = Object::new();
    Reflect::set(&offline, &"value".into(), &JsValue::FALSE).unwrap();
    Reflect::set(&offline, &"configurable".into(), &JsValue::TRUE).unwrap();
    Reflect::define_property(navigator.unchecked_ref::<Object>(), &"onLine".into(), &offline).unwrap();
    // Were the hint believed, each retry would wait for an hour.
    let backoff = at_once().with_cap(Duration::from_secs(3_600)).with_growth_percent(100);
    let place = Place::new();
    // It is away for four attempts, of a session that begins and of one that comes back.
    let session = builder(&place, "?refuse_first=4").reconnect(backoff).open().unwrap();
    until(&session, SessionState::is_live).await;
    assert_eq!(place.stats("").await.attempts, 5);
    let id = session.pair().unwrap().id;
    for code in ["cut", "close&code=1012"] {
        place.command(code).await;
        until(&session, |state| !state.is_live()).await;
        until(&session, SessionState::is_live).await;
        assert_eq!(session.pair().unwrap().id, id);
    }
    Reflect::delete_property(navigator.unchecked_ref::<Object>(), &"onLine".into()).unwrap();
}

#[wasm_bindgen_test]
async fn a_final_goodbye_ends_the_session() {
    let place = Place::new();
    let mut session = connect(&place, "").await;
    place.command("close&code=1000&reason=final").await;
    let state = until(&session, SessionState::is_ended).await;
    assert!(matches!(state, SessionState::Ended(denial) if denial.code == 1000));
    assert!(within(session.recv()).await.is_none());
    session.reconnect();
    until(&session, SessionState::is_live).await;
    session.send("another").await.unwrap();
    assert_eq!(recv(&mut session).await, "another");
}

#[wasm_bindgen_test]
async fn a_server_that_does_not_answer_hello_is_left() {
    let place = Place::new();
    let builder = builder(&place, "?mute=1").greeting_timeout(Duration::from_millis(50));
    let error = within(builder.connect()).await.err().unwrap();
    assert!(error.is_retryable(), "{error:?}");
}

#[wasm_bindgen_test]
async fn a_server_that_has_too_many_is_left_alone_for_long() {
    let place = Place::new();
    let backoff = at_once().with_cap(Duration::from_secs(3_600));
    let session = builder(&place, "?refuse_hello=4429").reconnect(backoff).open().unwrap();
    let is_long = |state: &SessionState| matches!(state, SessionState::Waiting { delay, .. } if delay.as_secs() > 3_500);
    until(&session, is_long).await;
}

#[wasm_bindgen_test]
async fn reconnecting_by_hand_resumes_the_same_session() {
    let place = Place::new();
    let mut session = connect(&place, "").await;
    let id = session.pair().unwrap().id;
    session.send("before").await.unwrap();
    session.reconnect();
    assert_eq!(recv(&mut session).await, "before");
    until(&session, SessionState::is_live).await;
    assert_eq!(session.pair().unwrap().id, id);
    assert_eq!(place.stats("open_now.le.1").await.opened, 2);
}

#[wasm_bindgen_test]
async fn what_can_t_become_right_is_said_at_once() {
    let mut limits = rejoin::session::SessionLimits::default();
    limits.window = 1;
    assert!(matches!(Session::builder("/session").limits(limits).open(), Err(ConnectError::Limit(_))));
    assert!(matches!(Session::open("http//bad"), Err(ConnectError::Open(OpenError::Url(_)))));
    let large = Session::builder("/session").auth(vec![0; 16_385]).open();
    assert!(matches!(large, Err(ConnectError::AuthTooLarge { length: 16_385, limit: 16_384 })));
    let many =
        (0..33).fold(Session::builder("/session"), |builder, number| builder.protocol(format!("p{number}")));
    assert!(matches!(many.open(), Err(ConnectError::ProtocolsTooLarge { .. })));
}
