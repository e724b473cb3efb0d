//! The handshake: what is refused and how, origins, subprotocols, room, and handshakes that trickle.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use std::time::Duration;

use common::server::{TestServer, echo};
use rejoin_server::{Acceptor, ConnectionLimits, Connections, Limits, Origins, ServeLimits};
use rejoin_test_support::PATIENCE;
use rejoin_test_support::http::Head;
use rejoin_test_support::raw::{FIN, KEY, Raw, TEXT};

/// Sends a right request after a change; the answer's status and head.
async fn change(from: &str, to: &str) -> Head {
    let server = TestServer::echo(Limits::default()).await;
    let mut raw = Raw::connect(server.address).await;
    let request = raw.good_request("");
    assert!(request.contains(from), "{request}");
    raw.request(&request.replace(from, to)).await
}

#[tokio::test]
async fn a_version_other_than_13_is_answered_with_426_and_the_right_one() {
    for version in ["8", "14", "", "13, 8", "thirteen"] {
        let head = change("Version: 13", &format!("Version: {version}")).await;
        assert_eq!(head.status, 426, "{version}");
        assert_eq!(head.header("sec-websocket-version"), Some("13"));
    }
    assert_eq!(change("Sec-WebSocket-Version: 13\r\n", "").await.status, 426);
}

#[tokio::test]
async fn a_request_without_upgrade_is_answered_with_426() {
    for request in ["", "Upgrade: h2c\r\n"] {
        let head = change("Upgrade: websocket\r\n", request).await;
        assert_eq!(head.status, 426);
        assert_eq!(head.header("upgrade"), Some("websocket"));
    }
}

#[tokio::test]
async fn tokens_are_found_in_lists_and_in_any_case() {
    assert_eq!(change("Upgrade: websocket", "Upgrade: h2c, WebSocket").await.status, 101);
    assert_eq!(change("Connection: Upgrade", "Connection: keep-alive, upgrade").await.status, 101);
    assert_eq!(change("Connection: Upgrade", "Connection: keep-alive").await.status, 400);
}

#[tokio::test]
async fn a_key_that_is_not_16_bytes_in_base64_is_answered_with_400() {
    for key in [
        "",
        "dGhlIHNhbXBsZQ==",
        "dGhlIHNhbXBsZSBub25jZQ",
        "not base64 at all!!!!!!!",
        "AAAAAAAAAAAAAAAAAAAAAAAA",
    ] {
        assert_eq!(change(KEY, key).await.status, 400, "{key}");
    }
    let key = format!("Sec-WebSocket-Key: {KEY}\r\n");
    assert_eq!(change(&key, "").await.status, 400);
    assert_eq!(change(&key, &key.repeat(2)).await.status, 400);
}

#[tokio::test]
async fn another_method_or_http_version_is_refused() {
    let head = change("GET /", "POST /").await;
    assert_eq!((head.status, head.header("allow")), (405, Some("GET")));
    assert_eq!(change("HTTP/1.1", "HTTP/1.0").await.status, 505);
}

async fn with_origin(origins: Origins, headers: &str) -> u16 {
    let connections = Connections::default();
    let acceptor = Acceptor::new(&connections).origins(origins);
    let server = TestServer::start(&connections, acceptor, echo).await;
    let mut raw = Raw::connect(server.address).await;
    let headers = headers.replace("OWN", &server.address.to_string());
    raw.request(&raw.good_request(&headers)).await.status
}

#[tokio::test]
async fn pages_of_the_own_and_of_listed_origins_connect_and_others_do_not() {
    let listed = || Origins::own().allow("http://localhost:8081").unwrap();
    assert_eq!(with_origin(listed(), "Origin: http://OWN\r\n").await, 101);
    assert_eq!(with_origin(listed(), "Origin: http://localhost:8081\r\n").await, 101);
    assert_eq!(with_origin(listed(), "Origin: http://localhost:8082\r\n").await, 403);
    assert_eq!(with_origin(listed(), "Origin: null\r\n").await, 403);
    assert_eq!(with_origin(listed(), "Origin: capacitor://localhost\r\n").await, 403);
    let app = Origins::own().allow("capacitor://localhost").unwrap();
    assert_eq!(with_origin(app, "Origin: capacitor://localhost\r\n").await, 101);
    let below = || Origins::own().allow("https://*.example.org").unwrap();
    assert_eq!(with_origin(below(), "Origin: https://a.b.example.org\r\n").await, 101);
    assert_eq!(with_origin(below(), "Origin: https://example.org\r\n").await, 403);
    assert_eq!(with_origin(listed(), "Origin: garbage\r\n").await, 403);
}

#[tokio::test]
async fn a_missing_origin_connects_unless_there_is_a_cookie() {
    assert_eq!(with_origin(Origins::own(), "").await, 101);
    assert_eq!(with_origin(Origins::own(), "Cookie: a=b\r\n").await, 403);
    assert_eq!(with_origin(Origins::own(), "Cookie: a=b\r\nOrigin: http://OWN\r\n").await, 101);
}

async fn with_subprotocols(offer: &str, required: bool) -> (u16, Option<String>) {
    let connections = Connections::default();
    let mut acceptor = Acceptor::new(&connections).subprotocol("wamp").subprotocol("chat.v1");
    if required {
        acceptor = acceptor.require_subprotocol();
    }
    let server = TestServer::start(&connections, acceptor, echo).await;
    let mut raw = Raw::connect(server.address).await;
    let head = raw.request(&raw.good_request(offer)).await;
    (head.status, head.header("sec-websocket-protocol").map(str::to_owned))
}

#[tokio::test]
async fn of_the_offered_subprotocols_the_servers_favourite_is_picked() {
    let picked = |name: &str| (101, Some(name.to_owned()));
    assert_eq!(with_subprotocols("Sec-WebSocket-Protocol: soap, wamp\r\n", false).await, picked("wamp"));
    assert_eq!(with_subprotocols("Sec-WebSocket-Protocol: chat.v1, wamp\r\n", true).await, picked("wamp"));
    let two = "Sec-WebSocket-Protocol: soap\r\nSec-WebSocket-Protocol: chat.v1\r\n";
    assert_eq!(with_subprotocols(two, false).await, picked("chat.v1"));
}

#[tokio::test]
async fn when_none_is_known_none_is_sent_or_the_client_refused_as_the_endpoint_says() {
    assert_eq!(with_subprotocols("Sec-WebSocket-Protocol: soap\r\n", false).await, (101, None));
    assert_eq!(with_subprotocols("Sec-WebSocket-Protocol: WAMP\r\n", false).await, (101, None));
    assert_eq!(with_subprotocols("", false).await, (101, None));
    assert_eq!(with_subprotocols("Sec-WebSocket-Protocol: soap\r\n", true).await, (400, None));
    assert_eq!(with_subprotocols("", true).await, (400, None));
}

#[tokio::test]
async fn subprotocols_that_are_no_tokens_or_come_twice_are_refused() {
    for offer in ["a b", "a,,b", "a, a", "", "a(b)"] {
        let header = format!("Sec-WebSocket-Protocol: {offer}\r\n");
        assert_eq!(with_subprotocols(&header, false).await.0, 400, "{offer:?}");
    }
}

#[tokio::test]
async fn a_full_server_answers_503_and_takes_the_next_when_somebody_left() {
    let mut limits = ConnectionLimits::default();
    limits.per_address = 1;
    let connections = Connections::new(limits).unwrap();
    let server = TestServer::start(&connections, Acceptor::new(&connections), echo).await;
    let mut first = Raw::open(server.address).await;
    let mut second = Raw::connect(server.address).await;
    let head = second.request(&second.good_request("")).await;
    assert_eq!((head.status, head.header("retry-after")), (503, Some("5")));
    first.close(1000, "").await;
    first.ended().await;
    tokio::time::timeout(PATIENCE, async {
        while connections.count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    Raw::open(server.address).await;
}

#[tokio::test]
async fn a_handshake_that_trickles_or_never_comes_is_cut_off_and_others_are_served_meanwhile() {
    let connections = Connections::default();
    let mut limits = ServeLimits::default();
    limits.header_timeout = Duration::from_millis(300);
    let acceptor = Acceptor::new(&connections);
    let server = TestServer::start_with(&connections, acceptor, limits, echo).await;
    let mut trickling = Raw::connect(server.address).await;
    let mut silent = Raw::connect(server.address).await;
    trickling.write(b"GET / HTTP/1.1\r\nHost: a\r\nUpg").await;
    let mut other = Raw::open(server.address).await;
    other.send(FIN | TEXT, b"hello").await;
    other.expect(FIN | TEXT, b"hello").await;
    let mut sent = 0;
    let trickle = async {
        // A byte now and then does not prolong the time for the whole head.
        while trickling_write(&mut trickling, &mut sent).await {}
    };
    tokio::time::timeout(PATIENCE, trickle).await.expect("cut off");
    tokio::time::timeout(PATIENCE, silent.ended()).await.expect("cut off");
}

async fn trickling_write(raw: &mut Raw, sent: &mut usize) -> bool {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    *sent += 1;
    let mut byte = [0];
    let written = raw.stream.write_all(b"x").await.is_ok();
    let read = tokio::time::timeout(Duration::from_millis(20), raw.stream.read(&mut byte)).await;
    written && !matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn a_head_over_the_limit_is_refused() {
    let connections = Connections::default();
    let server = TestServer::start(&connections, Acceptor::new(&connections), echo).await;
    let mut raw = Raw::connect(server.address).await;
    let large = format!("X-Large: {}\r\n", "x".repeat(20_000));
    assert_eq!(raw.request(&raw.good_request(&large)).await.status, 431);
}
