//! Good input: the vectors of RFC 6455, over real sockets.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::server::TestServer;
use rejoin_server::{Acceptor, Close, CloseCode, Connection, Connections, End, Limits};
use rejoin_test_support::PATIENCE;
use rejoin_test_support::raw::{BINARY, CLOSE, CONTINUE, FIN, Frame, PING, PONG, Raw, TEXT};
use tokio::sync::mpsc;

#[tokio::test]
async fn the_accept_key_is_that_of_the_standards_example() {
    let server = TestServer::echo(Limits::default()).await;
    let mut raw = Raw::connect(server.address).await;
    let head = raw.request(&raw.good_request("")).await;
    assert_eq!(head.status, 101);
    assert_eq!(head.header("sec-websocket-accept"), Some("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    assert!(head.header("upgrade").unwrap().eq_ignore_ascii_case("websocket"));
    assert!(head.header("connection").unwrap().eq_ignore_ascii_case("upgrade"));
    assert_eq!(head.header("sec-websocket-protocol"), None);
    assert_eq!(head.header("sec-websocket-extensions"), None);
}

#[tokio::test]
async fn a_masked_hello_of_the_standard_comes_back_unmasked() {
    let server = TestServer::echo(Limits::default()).await;
    let mut raw = Raw::open(server.address).await;
    // Section 5.7: a single-frame masked text message.
    raw.write(&[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]).await;
    raw.expect(FIN | TEXT, b"Hello").await;
}

#[tokio::test]
async fn hello_in_fragments_with_a_ping_between_is_one_message_and_the_ping_is_answered_first() {
    let server = TestServer::echo(Limits::default()).await;
    let mut raw = Raw::open(server.address).await;
    raw.send(TEXT, b"Hel").await;
    raw.send(FIN | PING, b"between").await;
    raw.expect(FIN | PONG, b"between").await;
    raw.send(FIN | CONTINUE, b"lo").await;
    raw.expect(FIN | TEXT, b"Hello").await;
}

#[tokio::test]
async fn binary_stays_binary_and_empty_messages_are_messages() {
    let server = TestServer::echo(Limits::default()).await;
    let mut raw = Raw::open(server.address).await;
    for size in [0, 125, 126, 65_535, 65_536] {
        let payload: Vec<u8> = (0..size).map(|i| i as u8).collect();
        raw.send(FIN | BINARY, &payload).await;
        raw.expect(FIN | BINARY, &payload).await;
    }
    raw.send(FIN | TEXT, b"").await;
    raw.expect(FIN | TEXT, b"").await;
}

#[tokio::test]
async fn utf8_split_between_fragments_within_a_character_is_put_together() {
    let server = TestServer::echo(Limits::default()).await;
    let mut raw = Raw::open(server.address).await;
    let crab = "🦀".as_bytes();
    raw.send(TEXT, &crab[..1]).await;
    raw.send(CONTINUE, &crab[1..3]).await;
    raw.send(FIN | CONTINUE, &crab[3..]).await;
    raw.expect(FIN | TEXT, crab).await;
}

#[tokio::test]
async fn a_message_over_the_fragment_size_goes_out_in_frames_and_pongs_pass_between() {
    let mut limits = Limits::default();
    limits.fragment_bytes = 1_000;
    let server = TestServer::echo(limits).await;
    let mut raw = Raw::open(server.address).await;
    let payload: Vec<u8> = (0..2_500).map(|i| i as u8).collect();
    raw.send(FIN | BINARY, &payload).await;
    let frames = [raw.next().await.unwrap(), raw.next().await.unwrap(), raw.next().await.unwrap()];
    assert_eq!(frames.each_ref().map(|frame| frame.first), [BINARY, CONTINUE, FIN | CONTINUE]);
    assert_eq!(frames.iter().flat_map(|frame| frame.payload.clone()).collect::<Vec<_>>(), payload);
    raw.send(FIN | BINARY, &payload[..2_000]).await;
    let sizes = [raw.next().await.unwrap().payload.len(), raw.next().await.unwrap().payload.len()];
    assert_eq!(sizes, [1_000, 1_000]);
}

#[tokio::test]
async fn messages_sent_together_with_the_handshake_are_not_lost() {
    let server = TestServer::echo(Limits::default()).await;
    let mut raw = Raw::connect(server.address).await;
    let mut bytes = raw.good_request("").into_bytes();
    bytes.extend(Raw::masked(FIN | TEXT, b"early"));
    raw.write(&bytes).await;
    assert_eq!(raw.head().await.status, 101);
    raw.expect(FIN | TEXT, b"early").await;
}

#[tokio::test]
async fn a_close_of_the_peer_is_answered_with_its_code_and_the_server_ends_the_transport() {
    let (ends, mut ended) = mpsc::unbounded_channel();
    let connections = Connections::default();
    let server = TestServer::start(&connections, Acceptor::new(&connections), move |mut connection| {
        let ends = ends.clone();
        async move {
            while connection.recv().await.is_some() {}
            ends.send(connection.end().cloned()).unwrap();
        }
    })
    .await;
    for (code, reason) in [(1000, "bye"), (1001, ""), (3000, ""), (4999, "ä")] {
        let mut raw = Raw::open(server.address).await;
        raw.close(code, reason).await;
        assert_eq!(raw.close_frame().await, (code, reason.to_owned()));
        raw.ended().await;
        let end = End::ByPeer { code: Some(code), reason: reason.to_owned() };
        assert_eq!(ended.recv().await.unwrap(), Some(end));
    }
    let mut raw = Raw::open(server.address).await;
    raw.send(FIN | CLOSE, b"").await;
    assert_eq!(raw.next().await, Some(Frame { first: FIN | CLOSE, payload: Vec::new() }));
    raw.ended().await;
    assert_eq!(ended.recv().await.unwrap(), Some(End::ByPeer { code: None, reason: String::new() }));
}

#[tokio::test]
async fn a_close_of_the_server_waits_for_what_is_queued_and_for_the_peers_answer() {
    let connections = Connections::default();
    let handler = |connection: Connection| async move {
        connection.send("last words").await.unwrap();
        let code = CloseCode::own(4001).unwrap();
        connection.close(Close::new(code, "done"));
        assert!(connection.send("too late").await.is_err());
    };
    let server = TestServer::start(&connections, Acceptor::new(&connections), handler).await;
    let mut raw = Raw::open(server.address).await;
    raw.expect(FIN | TEXT, b"last words").await;
    assert_eq!(raw.close_frame().await, (4001, "done".to_owned()));
    // A message that crossed the close frame does no harm.
    raw.send(FIN | TEXT, b"crossing").await;
    raw.close(4001, "").await;
    raw.ended().await;
}

#[tokio::test]
async fn a_handler_that_returns_closes_with_1000_and_one_that_panics_with_1011() {
    let connections = Connections::default();
    let handler = |mut connection: Connection| async move {
        assert!(connection.recv().await.unwrap().as_text() != Some("panic"), "asked to panic");
    };
    let server = TestServer::start(&connections, Acceptor::new(&connections), handler).await;
    for (text, code) in [("return", 1000), ("panic", 1011)] {
        let mut raw = Raw::open(server.address).await;
        raw.send(FIN | TEXT, text.as_bytes()).await;
        assert_eq!(raw.close_frame().await.0, code);
        raw.close(code, "").await;
        raw.ended().await;
    }
    assert_eq!(server.connections.drain(PATIENCE).await, 0);
    assert_eq!(server.connections.count(), 0);
}
