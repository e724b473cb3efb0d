//! Bad input over raw sockets: the right close frame with a reason, and nobody else disturbed.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::server::TestServer;
use rejoin_server::{End, Limits};
use rejoin_test_support::raw::{BINARY, CLOSE, CONTINUE, FIN, PING, Raw, TEXT};
use rejoin_test_support::{PATIENCE, Random};

/// Sends bytes on a fresh connection; expects this code and a word of the reason, then the end. Another
/// client on the same server must not notice.
async fn violate(bytes: &[u8], code: u16, word: &str) {
    let mut limits = Limits::default();
    limits.max_message_bytes = 1_000;
    let server = TestServer::echo(limits).await;
    let mut bystander = Raw::open(server.address).await;
    let mut raw = Raw::open(server.address).await;
    raw.write(bytes).await;
    let (got, reason) = raw.close_frame().await;
    assert_eq!(got, code, "{reason}");
    assert!(reason.contains(word), "{reason:?} says nothing of {word:?}");
    raw.ended().await;
    bystander.send(FIN | TEXT, b"still here").await;
    bystander.expect(FIN | TEXT, b"still here").await;
}

#[tokio::test]
async fn an_unmasked_frame_is_answered_with_1002() {
    violate(&[0x81, 0x05, b'H', b'e', b'l', b'l', b'o'], 1002, "mask").await;
}

#[tokio::test]
async fn each_reserved_bit_is_answered_with_1002() {
    for bit in [0x40, 0x20, 0x10] {
        violate(&Raw::masked(FIN | bit | TEXT, b"x"), 1002, "reserved bit").await;
    }
}

#[tokio::test]
async fn each_reserved_opcode_is_answered_with_1002() {
    for opcode in [3, 4, 5, 6, 7, 11, 12, 13, 14, 15] {
        violate(&Raw::masked(FIN | opcode, b"x"), 1002, &format!("opcode {opcode}")).await;
    }
}

#[tokio::test]
async fn a_continuation_without_a_beginning_is_answered_with_1002() {
    violate(&Raw::masked(FIN | CONTINUE, b"x"), 1002, "continuation").await;
    violate(&Raw::masked(CONTINUE, b"x"), 1002, "continuation").await;
}

#[tokio::test]
async fn a_new_message_within_a_fragmented_one_is_answered_with_1002() {
    let bytes = [Raw::masked(TEXT, b"x"), Raw::masked(FIN | TEXT, b"y")].concat();
    violate(&bytes, 1002, "within a fragmented one").await;
}

#[tokio::test]
async fn a_fragmented_control_frame_is_answered_with_1002() {
    violate(&Raw::masked(PING, b"x"), 1002, "fragments").await;
}

#[tokio::test]
async fn a_control_frame_over_125_bytes_is_answered_with_1002() {
    violate(&Raw::masked(FIN | PING, &[b'x'; 126]), 1002, "125").await;
    violate(&Raw::masked(FIN | CLOSE, &[3; 126]), 1002, "125").await;
}

#[tokio::test]
async fn a_close_frame_of_one_byte_is_answered_with_1002() {
    violate(&Raw::masked(FIN | CLOSE, &[3]), 1002, "1 byte").await;
}

#[tokio::test]
async fn a_close_code_that_may_not_be_sent_is_answered_with_1002() {
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        violate(&Raw::masked(FIN | CLOSE, &code.to_be_bytes()), 1002, "violation").await;
    }
}

#[tokio::test]
async fn a_close_reason_that_is_not_utf8_is_answered_with_1007() {
    violate(&Raw::masked(FIN | CLOSE, &[3, 232, 0xff]), 1007, "UTF-8").await;
}

#[tokio::test]
async fn text_that_is_not_utf8_is_answered_with_1007() {
    for bad in [&b"\xff"[..], b"a\xc0\xafb", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"cut \xf0\x9f\xa6"] {
        violate(&Raw::masked(FIN | TEXT, bad), 1007, "UTF-8").await;
    }
}

#[tokio::test]
async fn text_that_stops_being_utf8_in_a_later_fragment_is_answered_with_1007_before_it_is_whole() {
    let bytes = [Raw::masked(TEXT, b"good \xf0\x9f"), Raw::masked(CONTINUE, b"\xff")].concat();
    violate(&bytes, 1007, "UTF-8").await;
    let cut = [Raw::masked(TEXT, b"good "), Raw::masked(FIN | CONTINUE, b"\xf0\x9f")].concat();
    violate(&cut, 1007, "UTF-8").await;
}

#[tokio::test]
async fn a_message_over_the_limit_is_answered_with_1009_whole_or_in_fragments() {
    violate(&Raw::masked(FIN | BINARY, &[0; 1_001]), 1009, "over 1000 bytes").await;
    let halves = [Raw::masked(TEXT, &[b'a'; 600]), Raw::masked(FIN | CONTINUE, &[b'a'; 401])].concat();
    violate(&halves, 1009, "over 1000 bytes").await;
}

#[tokio::test]
async fn a_frame_that_only_announces_too_much_is_answered_before_it_comes() {
    let mut header = vec![FIN | BINARY, 0x80 | 127];
    header.extend(u64::MAX.to_be_bytes());
    header.extend([0; 4]);
    violate(&header, 1009, "over 1000 bytes").await;
}

#[tokio::test]
async fn a_message_of_exactly_the_limit_is_taken() {
    let mut limits = Limits::default();
    limits.max_message_bytes = 1_000;
    let server = TestServer::echo(limits).await;
    let mut raw = Raw::open(server.address).await;
    raw.send(FIN | BINARY, &[7; 1_000]).await;
    raw.expect(FIN | BINARY, &[7; 1_000]).await;
}

#[tokio::test]
async fn a_client_that_goes_on_sending_after_its_mistake_still_learns_of_it() {
    let server = TestServer::echo(Limits::default()).await;
    let mut raw = Raw::open(server.address).await;
    let mut bytes = Raw::masked(FIN | 3, b"x");
    bytes.extend(vec![0x55; 300_000]);
    raw.write(&bytes).await;
    assert_eq!(raw.close_frame().await.0, 1002);
}

#[tokio::test]
async fn a_transport_that_breaks_off_ends_the_handler_with_a_reason() {
    let (ends, mut ended) = tokio::sync::mpsc::unbounded_channel();
    let connections = rejoin_server::Connections::default();
    let acceptor = rejoin_server::Acceptor::new(&connections);
    let server = TestServer::start(&connections, acceptor, move |mut connection| {
        let ends = ends.clone();
        async move {
            while connection.recv().await.is_some() {}
            ends.send(connection.end().cloned()).unwrap();
        }
    })
    .await;
    let mut raw = Raw::open(server.address).await;
    raw.write(&Raw::masked(TEXT, b"half a message")).await;
    drop(raw);
    assert!(matches!(ended.recv().await.unwrap(), Some(End::Lost(_))));
}

#[tokio::test]
async fn whatever_bytes_come_they_harm_nobody_else_and_leave_nothing_behind() {
    let mut limits = Limits::default();
    limits.max_message_bytes = 1_000;
    limits.close_timeout = std::time::Duration::from_millis(200);
    let server = TestServer::echo(limits).await;
    let mut bystander = Raw::open(server.address).await;
    let mut random = Random::new(1);
    for _ in 0..300 {
        let mut raw = Raw::open(server.address).await;
        for _ in 0..1 + random.below(8) {
            let mut bytes = match random.below(3) {
                // Nonsense.
                0 => {
                    let length = random.index(300);
                    random.bytes(length)
                }
                // A frame with any first byte.
                1 => {
                    let payload = vec![random.next_u64() as u8; random.index(200)];
                    Raw::masked(random.next_u64() as u8, &payload)
                }
                // A right frame.
                _ => Raw::masked(FIN | TEXT, b"right"),
            };
            if random.percent(25) {
                bytes.truncate(bytes.len() / 2);
            }
            if raw.try_write(&bytes).await.is_err() {
                break;
            }
        }
        drop(raw);
    }
    bystander.send(FIN | TEXT, b"still here").await;
    bystander.expect(FIN | TEXT, b"still here").await;
    drop(bystander);
    assert_eq!(server.connections.drain(PATIENCE).await, 0);
    assert_eq!(server.connections.count(), 0);
}
