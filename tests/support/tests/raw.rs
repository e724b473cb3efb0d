//! The raw client puts on the wire what a test asks for, and reads what comes however it is cut.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

use std::net::Ipv4Addr;
use std::time::Duration;

use rejoin_test_support::raw::{BINARY, CLOSE, CONTINUE, FIN, Frame, PING, Raw, RawOptions, TEXT};
use rejoin_test_support::within;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A client, and what the server has of it.
async fn pair(options: RawOptions) -> (Raw, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let raw = Raw::connect_with(listener.local_addr().unwrap(), options).await.unwrap();
    (raw, listener.accept().await.unwrap().0)
}

/// What the server got of a client that has gone.
async fn all(mut server: TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    within(server.read_to_end(&mut bytes)).await.unwrap();
    bytes
}

/// A client to which these bytes were sent one by one.
async fn received(bytes: &'static [u8]) -> Raw {
    let (raw, mut server) = pair(RawOptions::default()).await;
    tokio::spawn(async move {
        for byte in bytes {
            server.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    raw
}

#[cfg(target_os = "linux")] // Elsewhere 127.0.0.1 is the only address of the loopback.
#[tokio::test]
async fn a_client_comes_from_the_address_that_was_chosen() {
    for source in [Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 200, 3, 4)] {
        let (_raw, server) = pair(RawOptions { source: Some(source), ..RawOptions::default() }).await;
        assert_eq!(server.peer_addr().unwrap().ip(), source);
    }
}

#[tokio::test]
async fn bytes_that_trickle_arrive_as_they_were_sent() {
    let (mut raw, server) = pair(RawOptions::default()).await;
    let request = raw.good_request("Cookie: a=b\r\n");
    raw.trickle(request.as_bytes(), 7, Duration::from_micros(1)).await.unwrap();
    drop(raw);
    assert_eq!(String::from_utf8(all(server).await).unwrap(), request);
}

#[test]
fn frames_are_masked_or_not_and_announce_their_length_in_each_form() {
    // RFC 6455, section 5.7.
    assert_eq!(
        Raw::masked(FIN | TEXT, b"Hello"),
        [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
    );
    assert_eq!(Raw::unmasked(TEXT, b"Hel"), [0x01, 0x03, 0x48, 0x65, 0x6c]);
    assert_eq!(Raw::unmasked(FIN | BINARY, &[7; 256])[..4], [0x82, 0x7e, 0x01, 0x00]);
    assert_eq!(Raw::unmasked(FIN | BINARY, &[7; 65_536])[..10], [0x82, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0]);
    assert_eq!(Raw::masked_start(FIN | BINARY, u64::MAX)[1..10], [0xff; 9]);
}

#[test]
fn a_message_in_fragments_begins_and_ends_once() {
    let three = [Raw::masked(TEXT, b"ab"), Raw::masked(CONTINUE, b"cd"), Raw::masked(FIN | CONTINUE, b"e")];
    assert_eq!(Raw::fragments(TEXT, b"abcde", 2), three.concat());
    assert_eq!(Raw::fragments(BINARY, b"abcde", 5), Raw::masked(FIN | BINARY, b"abcde"));
}

#[tokio::test]
async fn a_message_in_fragments_is_put_together_and_a_ping_between_them_stands_alone() {
    let frame = |first, payload: &[u8]| Some(Frame { first, payload: payload.to_vec() });
    let mut raw = received(b"\x01\x02He\x89\x01!\x00\x02ll\x80\x01o\x82\x01x").await;
    assert_eq!(raw.try_message().await.unwrap(), frame(FIN | PING, b"!"));
    assert_eq!(raw.try_message().await.unwrap(), frame(FIN | TEXT, b"Hello"));
    assert_eq!(raw.try_message().await.unwrap(), frame(FIN | BINARY, b"x"));
    assert_eq!(raw.try_message().await.unwrap(), None);
}

#[tokio::test]
async fn an_end_within_a_frame_is_an_error_and_one_behind_it_is_not() {
    let mut cut = received(b"\x82\x05abc").await;
    assert_eq!(cut.try_frame().await.unwrap_err().kind(), std::io::ErrorKind::UnexpectedEof);
    let mut whole = received(b"\x88\x05\x03\xe8bye").await;
    let close = whole.try_frame().await.unwrap().unwrap();
    assert_eq!((close.first, close.close()), (FIN | CLOSE, Some((1000, "bye".to_owned()))));
    assert_eq!(whole.try_frame().await.unwrap(), None);
}

#[tokio::test]
async fn an_answer_ends_where_its_head_says_or_with_the_connection() {
    let mut raw = received(b"HTTP/1.1 304 Not Modified\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 404 Not Found\r\nX: y\r\n\r\nnothing").await;
    let (same, right, wrong) = (raw.answer().await, raw.answer().await, raw.answer().await);
    assert_eq!((same.status, same.text()), (304, ""));
    assert_eq!((right.status, right.text()), (200, "ok"));
    assert_eq!((wrong.status, wrong.header("x"), wrong.text()), (404, Some("y"), "nothing"));
}
