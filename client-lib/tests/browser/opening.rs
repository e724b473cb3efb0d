//! Opening: what succeeds, what fails and how, and what a dropped attempt leaves behind.

use std::time::Duration;

use futures::FutureExt;
use js_sys::Reflect;
use rejoin::{
    Builder, Close, ClosedBy, Event, InvalidSubprotocol, InvalidUrl, OpenError, ReadyState, Socket, State,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, at_once, events, is_closed, is_waiting, next_text, pause, until, within};

#[wasm_bindgen_test]
async fn an_open_connection_tells_what_the_browsers_own_object_tells() {
    let place = Place::new();
    let mut socket = place.connect("/echo").await;
    assert_eq!(socket.state(), State::Open);
    assert_eq!(socket.ready_state(), ReadyState::Open);
    assert_eq!(socket.url(), place.url("/echo"));
    assert_eq!((socket.protocol().as_str(), socket.extensions().as_str()), ("", ""));
    assert_eq!(socket.buffered_amount(), 0);
    assert_eq!(socket.binary_type(), Some(rejoin::BinaryType::Arraybuffer));
    socket.send("hello").await.unwrap();
    assert_eq!(next_text(&mut socket).await, "hello");
    assert_eq!(socket.metrics().sent, 1);
    assert_eq!(socket.metrics().received, 1);
}

#[wasm_bindgen_test]
async fn what_is_sent_while_connecting_goes_when_it_is_open() {
    let place = Place::new();
    let mut socket = place.builder("/echo").open().unwrap();
    assert_eq!(socket.ready_state(), ReadyState::Connecting);
    socket.try_send("early").unwrap();
    assert_eq!(socket.queued(), (1, 5));
    assert_eq!(socket.buffered_amount(), 5);
    assert_eq!(next_text(&mut socket).await, "early");
    assert_eq!(socket.queued(), (0, 0));
}

fn failure(result: Result<Socket, OpenError>) -> rejoin::Closed {
    match result {
        Err(OpenError::Failed(closed)) => closed,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it opened"),
    }
}

#[wasm_bindgen_test]
async fn a_dead_port_an_unknown_host_and_blocked_ports_are_one_typed_failure() {
    // Browsers block the last three ports, for which WebKit emits no `close`.
    let dead = "ws://127.0.0.1:19479/";
    let blocked = ["ws://127.0.0.1:1/", "ws://127.0.0.1:9/", "ws://localhost:6000/"];
    for url in [&[dead, "ws://no-such-host.invalid/"][..], &blocked].concat() {
        let closed = failure(within(Socket::connect(url)).await);
        assert_eq!(
            (closed.by, closed.code, closed.was_open, closed.was_clean),
            (ClosedBy::Refused, 1006, false, false)
        );
        assert!(OpenError::Failed(closed).is_retryable());
    }
}

#[wasm_bindgen_test]
async fn a_blocked_port_is_tried_again_as_often_as_it_is_to_be() {
    let socket = Builder::new("ws://127.0.0.1:1/").reconnect(at_once().with_max_attempts(4)).open().unwrap();
    let events = events(&socket);
    let State::Closed(Some(closed)) = until(&socket, is_closed).await else { unreachable!() };
    assert_eq!((closed.by, closed.gave_up), (ClosedBy::Refused, true));
    let ends = events.borrow().iter().filter(|event| matches!(event, Event::Disconnected(_))).count();
    assert_eq!(ends, 4);
}

#[wasm_bindgen_test]
async fn an_attempt_at_a_blocked_port_can_be_closed() {
    let socket = Builder::new("ws://127.0.0.1:1/").open().unwrap();
    assert_eq!(within(socket.close(Close::normal())).await.by, ClosedBy::Caller);
}

/// The WebSocket class of a frame whose policy forbids every connection.
const FORBIDDEN: &str = r#"new Promise(resolve => {
    const frame = document.createElement("iframe");
    frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="connect-src 'none'">`;
    frame.onload = () => resolve(frame.contentWindow.WebSocket);
    document.body.append(frame);
})"#;

#[wasm_bindgen_test]
async fn a_connection_that_the_pages_policy_forbids_fails_at_once() {
    let forbidden = js_sys::eval(FORBIDDEN).unwrap().unchecked_into::<js_sys::Promise>();
    let forbidden = JsFuture::from(forbidden).await.unwrap();
    let (global, name) = (js_sys::global(), JsValue::from_str("WebSocket"));
    let class = Reflect::get(&global, &name).unwrap();
    Reflect::set(&global, &name, &forbidden).unwrap();
    let result = within(Socket::connect(Place::new().url("/echo"))).await;
    Reflect::set(&global, &name, &class).unwrap();
    match result {
        Err(OpenError::Failed(closed)) => assert_eq!((closed.by, closed.code), (ClosedBy::Refused, 1006)),
        // The constructor throws in WebKit, and in Firefox where the class is another frame's.
        Err(OpenError::Rejected(words)) => {
            let known = ["SecurityError", "NS_ERROR_CONTENT_BLOCKED"];
            assert!(known.iter().any(|name| words.contains(name)), "{words}");
        }
        other => panic!("{:?}", other.map(|socket| socket.state())),
    }
}

#[wasm_bindgen_test]
async fn an_http_error_in_the_handshake_is_a_typed_failure() {
    for status in [400, 401, 403, 404, 503] {
        let place = Place::new();
        let closed = failure(within(place.builder(&format!("/refuse?status={status}")).connect()).await);
        assert_eq!((closed.by, closed.was_open), (ClosedBy::Refused, false));
        assert_eq!(place.stats("alive.le.0").await.attempts, 1, "a failed connect leaves no retry behind");
    }
}

#[wasm_bindgen_test]
async fn a_handshake_that_is_never_answered_ends_at_the_connect_time_out_and_is_closed() {
    let place = Place::new();
    let connecting = place.builder("/silent-handshake").connect_timeout(Duration::from_millis(150)).connect();
    let closed = failure(within(connecting).await);
    assert_eq!((closed.by, closed.was_open), (ClosedBy::ConnectTimeout, false));
    assert!(closed.reason.contains("connect time-out"), "{}", closed.reason);
    assert_eq!(place.stats("attempts.ge.1").await.attempts, 1);
    place.unanswered_end().await;
}

#[wasm_bindgen_test]
fn a_bad_url_is_refused_before_the_browser_sees_it() {
    let error = |url: &str| match Socket::open(url) {
        Err(OpenError::Url(error)) => error,
        other => panic!("{url}: {:?}", other.map(|socket| socket.state())),
    };
    assert_eq!(error(""), InvalidUrl::Empty);
    // Chromium takes this for a path of the page.
    assert!(matches!(error("http//bad"), InvalidUrl::Scheme(_)));
    assert!(matches!(error("ftp://example.org"), InvalidUrl::Scheme(_)));
    assert!(matches!(error("ws://a/#b"), InvalidUrl::Fragment(_)));
    assert!(matches!(error("ws://a b/"), InvalidUrl::Character(' ')));
    assert!(matches!(error("ws://a:99999/"), InvalidUrl::Port(_)));
}

#[wasm_bindgen_test]
fn what_only_the_browser_can_refuse_is_a_typed_error_with_its_words() {
    // A host that passes our check and that no URL parser takes.
    match Socket::open("ws://a%zz/") {
        Err(OpenError::Rejected(words)) => assert!(words.contains("SyntaxError"), "{words}"),
        Err(other) => panic!("{other:?}"),
        Ok(socket) => panic!("{:?}", socket.state()),
    }
}

#[wasm_bindgen_test]
fn bad_subprotocols_are_refused_before_the_browser_sees_them() {
    let error = |names: &[&str]| {
        let builder =
            names.iter().fold(Builder::new("ws://127.0.0.1:9/"), |builder, name| builder.protocol(*name));
        match builder.open() {
            Err(OpenError::Subprotocol(error)) => error,
            other => panic!("{names:?}: {:?}", other.map(|socket| socket.state())),
        }
    };
    assert_eq!(error(&[""]), InvalidSubprotocol::Empty);
    assert_eq!(error(&["a", "a"]), InvalidSubprotocol::Repeated("a".into()));
    assert!(matches!(error(&["a b"]), InvalidSubprotocol::Character { character: ' ', .. }));
    assert!(matches!(error(&["ä"]), InvalidSubprotocol::Character { character: 'ä', .. }));
}

#[wasm_bindgen_test]
async fn without_subprotocols_none_is_offered_and_none_agreed() {
    let place = Place::new();
    let socket = place.connect("/echo").await;
    assert_eq!(socket.protocol(), "");
    assert_eq!(place.stats("").await.offered, [""]);
}

#[wasm_bindgen_test]
async fn one_subprotocol_is_offered_and_agreed() {
    let place = Place::new();
    let socket = within(place.builder("/echo").protocol("chat.v1").connect()).await.unwrap();
    assert_eq!(socket.protocol(), "chat.v1");
    assert_eq!(place.stats("").await.offered, ["chat.v1"]);
}

#[wasm_bindgen_test]
async fn of_several_subprotocols_the_servers_choice_is_told() {
    let place = Place::new();
    let builder = place.builder("/pick?name=b").protocol("a").protocol("b").protocol("c");
    let socket = within(builder.connect()).await.unwrap();
    assert_eq!(socket.protocol(), "b");
    assert_eq!(place.stats("").await.offered, ["a, b, c"]);
}

#[wasm_bindgen_test]
async fn a_server_that_picks_none_of_the_subprotocols_refuses_those_who_insist() {
    let place = Place::new();
    let builder = place.builder("/pick?name=").protocol("a").protocol("b").insist_on_protocol();
    let closed = failure(within(builder.connect()).await);
    assert_eq!((closed.by, closed.was_open), (ClosedBy::Refused, false));
    place.stats("attempts.ge.1,alive.le.0").await;
}

#[wasm_bindgen_test]
async fn who_insists_on_a_subprotocol_tries_again_in_every_browser_unless_the_application_decides_otherwise()
{
    let place = Place::new();
    let insisting =
        |place: &Place| place.builder("/pick?name=").protocol("a").insist_on_protocol().reconnect(at_once());
    let socket = insisting(&place).open().unwrap();
    place.stats("attempts.ge.3").await;
    drop(socket);
    let place = Place::new();
    let socket = insisting(&place).should_reconnect(|closed| closed.by != ClosedBy::Refused).open().unwrap();
    until(&socket, is_closed).await;
    assert_eq!(place.stats("alive.le.0").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn a_connection_shows_its_state_and_no_secret() {
    let place = Place::new();
    let builder = place.builder("/echo?token=secret");
    let shown = format!("{builder:?}");
    assert!(shown.starts_with("Builder") && !shown.contains("secret"), "{shown}");
    let socket = within(builder.connect()).await.unwrap();
    let (weak, states) = (socket.downgrade(), socket.states());
    let shown = format!("{socket:?} {:?} {weak:?} {states:?}", socket.handle());
    assert_eq!(shown.matches("Open").count(), 4, "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
    drop(socket);
    assert_eq!(format!("{weak:?}"), "WeakHandle(None)");
}

#[wasm_bindgen_test]
async fn a_server_that_picks_none_of_the_subprotocols_is_never_half_agreed() {
    // Chromium fails the connection (its reading of RFC 6455), Firefox opens it without a subprotocol.
    let place = Place::new();
    match within(place.builder("/pick?name=").protocol("a").connect()).await {
        Ok(socket) => assert_eq!((socket.state(), socket.protocol()), (State::Open, String::new())),
        Err(OpenError::Failed(closed)) => assert_eq!(closed.by, ClosedBy::Refused),
        Err(other) => panic!("{other}"),
    }
}

#[wasm_bindgen_test]
async fn a_subprotocol_that_was_not_offered_is_never_agreed() {
    for offered in [&[][..], &["a"]] {
        let place = Place::new();
        let builder =
            offered.iter().fold(place.builder("/pick?name=z"), |builder, name| builder.protocol(*name));
        // RFC 6455 has the client fail the connection, as Chromium does. Firefox opens it without a subprotocol.
        match within(builder.connect()).await {
            Err(OpenError::Failed(closed)) => assert_eq!(closed.by, ClosedBy::Refused),
            Ok(socket) if crate::common::is_firefox() => assert_eq!(socket.protocol(), ""),
            other => panic!("{:?}", other.map(|socket| socket.protocol())),
        }
    }
    let place = Place::new();
    let builder = place.builder("/pick?name=z").protocol("a").insist_on_protocol();
    assert_eq!(
        failure(within(builder.connect()).await).by,
        ClosedBy::Refused,
        "whoever insists is safe in both"
    );
}

#[wasm_bindgen_test]
fn settings_that_cannot_work_are_an_error_of_open() {
    let builder = Builder::new("ws://127.0.0.1:9/").connect_timeout(Duration::ZERO);
    assert!(matches!(builder.open(), Err(OpenError::Config(_))));
}

#[wasm_bindgen_test]
async fn a_dropped_connect_future_closes_the_attempt() {
    let place = Place::new();
    let mut connecting = Box::pin(place.builder("/silent-handshake").connect());
    assert!(connecting.as_mut().now_or_never().is_none());
    place.stats("alive.ge.1").await;
    drop(connecting);
    place.unanswered_end().await;
    assert_eq!(place.stats("").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn a_connect_future_dropped_while_the_server_refuses_leaves_no_retry() {
    let place = Place::new();
    let mut connecting = Box::pin(place.builder("/refuse").connect());
    assert!(connecting.as_mut().now_or_never().is_none());
    drop(connecting);
    pause(Duration::from_millis(700)).await;
    assert!(place.stats("alive.le.0").await.attempts <= 1);
}

#[wasm_bindgen_test]
async fn open_comes_to_a_server_that_refuses_at_first() {
    let place = Place::new();
    let socket = place.builder("/echo?refuse_first=2").reconnect(crate::common::at_once()).open().unwrap();
    within(socket.opened()).await.unwrap();
    assert_eq!(place.stats("opened.ge.1").await.attempts, 3);
    assert_eq!(socket.metrics().opened, 1);
}

#[wasm_bindgen_test]
async fn without_reconnecting_one_failure_is_the_end() {
    let place = Place::new();
    let socket = place.builder("/refuse").reconnect(None).open().unwrap();
    let closed = within(socket.opened()).await.unwrap_err();
    assert_eq!((closed.by, closed.gave_up), (ClosedBy::Refused, false));
    assert!(matches!(socket.state(), State::Closed(Some(_))));
    assert_eq!(place.stats("alive.le.0").await.attempts, 1);
}

#[wasm_bindgen_test]
async fn while_waiting_it_says_how_long_and_why() {
    let backoff =
        rejoin::Backoff::default().with_first(Duration::from_secs(60)).with_cap(Duration::from_secs(60));
    let place = Place::new();
    let socket = place.builder("/refuse").reconnect(backoff).seed(7).open().unwrap();
    let State::Waiting { attempt, delay, last } = until(&socket, is_waiting).await else { unreachable!() };
    assert_eq!((attempt, last.by), (2, ClosedBy::Refused));
    assert!(delay <= Duration::from_secs(60));
    let left = socket.retry_in().unwrap();
    assert!(left <= delay, "{left:?} of {delay:?}");
    assert_eq!(socket.ready_state(), ReadyState::Connecting);
}
