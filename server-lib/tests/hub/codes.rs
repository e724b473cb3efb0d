//! Every close code of the protocol that a server sends is sent, and seen at a socket. Those that other files see as well are
//! here with what leads to them most plainly.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rejoin_protocol::session::code;
use rejoin_protocol::wire::{Ack, Answer, Body, Frame, Hello, Publish, Pulse};
use rejoin_server::hub::HubSettings;
use rejoin_server::log::{LogError, MemoryLog};
use rejoin_test_support::fault_log::{FaultLog, LogCall, LogFault};
use rejoin_test_support::raw::{BINARY, FIN, Raw, TEXT};

use crate::client::Client;
use crate::server::Server;

async fn server() -> Server {
    Server::over(Arc::new(MemoryLog::default())).await
}

fn ping(next: u64) -> Frame {
    Frame::Ping(Pulse { next, nonce: 9, ack: Ack { released: 0, credit: 0 } })
}

/// The code with which a session's connection ends after these frames.
async fn answered(server: &Server, frames: impl IntoIterator<Item = Frame>) -> (u16, String) {
    let mut socket = Client::of(server.address).await.lose();
    for frame in frames {
        socket.send(&frame).await;
    }
    let (_, code, reason) = socket.end().await;
    (code, reason)
}

#[tokio::test]
async fn a_client_of_another_version_is_told_4406() {
    let server = server().await;
    for offered in ["rejoin.v2", "soap, rejoin.v3, rejoin.v2"] {
        let (mut socket, chosen) = Client::open_as(server.address, offered, 1).await.unwrap();
        assert!(offered.contains(&chosen) && chosen.starts_with("rejoin.v"), "{chosen}");
        let (frames, code, reason) = socket.end().await;
        assert_eq!((frames.len(), code), (0, code::VERSION));
        assert!(reason.contains("rejoin.v1"), "{reason}");
    }
    let (_socket, chosen) = Client::open_as(server.address, "rejoin.v2, rejoin.v1", 1).await.unwrap();
    assert_eq!(chosen, "rejoin.v1");
    for none in ["soap", "rejoin.v", "rejoin.vX", "rejoin"] {
        assert!(Client::open_as(server.address, none, 1).await.is_err(), "{none}");
    }
    assert_eq!(server.hub.metrics().refused, 2);
}

#[tokio::test]
async fn a_frame_that_may_not_come_is_answered_with_4400() {
    let server = server().await;
    for (opcode, message) in [(TEXT, b"x"), (BINARY, &[9])] {
        let mut socket = Client::of(server.address).await.lose();
        socket.raw.send(FIN | opcode, message).await;
        assert_eq!(socket.end().await.1, code::BAD_FRAME);
    }
    let welcome_twice = [Frame::Hello(Box::default())];
    assert_eq!(answered(&server, welcome_twice).await.0, code::BAD_FRAME);
}

#[tokio::test]
async fn an_end_that_counts_otherwise_is_told_4402() {
    let server = server().await;
    let (code, reason) = answered(&server, [ping(5)]).await;
    assert_eq!(code, code::COUNTERS, "{reason}");
}

fn publication(channel: u64, number: u64, withheld: Option<u64>) -> Frame {
    let payload = if withheld.is_some() { Body::new() } else { Body::from("x") };
    Frame::Pub(Publish {
        channel: format!("room {channel}"),
        number,
        settled: number,
        id: number,
        payload,
        withheld,
    })
}

#[tokio::test]
async fn more_publications_than_welcome_says_are_told_4400() {
    for (publications, appends) in [(3, 4_096), (16_384, 3), (3, 3)] {
        let mut settings = HubSettings::default();
        (settings.session.publications, settings.appends.0) = (publications, appends);
        let server = Server::with(Arc::new(MemoryLog::default()), settings).await;
        let mut socket = Client::open(server.address).await;
        let welcome = socket.hello(Hello { attempt: 1, ..Hello::default() }).await;
        assert_eq!(welcome.max_publications, 3);
        // In one message, so that none is answered before the last is read.
        let batch = |numbers: Range<u64>| numbers.map(|number| publication(0, number, None));
        socket.send_batch(batch(0..3)).await;
        let mut answers = 0;
        while answers < 3 {
            let all = socket.frames().await;
            answers += all.iter().filter(|frame| matches!(frame, Frame::PubAck { .. })).count();
        }
        socket.send_batch(batch(3..7)).await;
        assert_eq!(socket.end().await.1, code::BAD_FRAME, "{publications} {appends}");
    }
}

/// How many publications of these are recorded, and how many are put off, with two tokens and none more.
async fn with_two_tokens(publications: Vec<Frame>) -> (usize, usize) {
    let mut settings = HubSettings::default();
    settings.publish_rate = Some(rejoin_server::Rate { per_second: 0.000_001, burst: 2 });
    let server = Server::with(Arc::new(MemoryLog::default()), settings).await;
    let mut socket = Client::of(server.address).await.lose();
    let (mut recorded, mut put_off) = (0, 0);
    // One after another, so that each is judged behind the answer to the one before.
    for publication in publications {
        socket.send(&publication).await;
        let mut answered = false;
        while !answered {
            for frame in socket.frames().await {
                let Frame::PubAck { answer, .. } = frame else { continue };
                answered = true;
                match answer {
                    Answer::Appended(_) | Answer::Refused(_) => recorded += 1,
                    Answer::RetryAfter(_) => put_off += 1,
                    _ => {}
                }
            }
        }
    }
    (recorded, put_off)
}

#[tokio::test]
async fn what_is_withheld_costs_as_much_as_an_entry_and_a_repetition_gives_no_more_back_than_it_took() {
    let heads = (0..5).map(|channel| publication(channel, 0, Some(1 << 20))).collect();
    assert_eq!(with_two_tokens(heads).await, (2, 3), "withheld, in channels of their own");
    let both = |number| [publication(0, number, None), publication(0, number, Some(1 << 20))];
    let alternating = [both(0), both(1), [publication(0, 2, None), publication(0, 2, None)]].concat();
    assert_eq!(with_two_tokens(alternating).await, (2, 2), "an entry, then its repetition without payload");
    let twice = |number| [publication(0, number, None), publication(0, number, None)];
    let repeated = [twice(0), twice(1), twice(2)].concat();
    assert_eq!(with_two_tokens(repeated).await, (2, 2), "an entry, then its repetition");
}

#[tokio::test]
async fn two_writers_under_one_identity_are_told_4409() {
    let server = server().await;
    let publish = |id| {
        let (channel, payload) = ("room".to_owned(), Body::from("x"));
        Frame::Pub(Publish { channel, number: 0, settled: 0, id, payload, withheld: None })
    };
    let (code, reason) = answered(&server, [publish(1), publish(2)]).await;
    assert_eq!(code, code::TAKEN_OVER);
    assert!(reason.contains("two writers"), "{reason}");
}

#[tokio::test]
async fn a_hello_that_comes_late_is_told_4409_and_takes_nothing_over() {
    let server = server().await;
    let mut client = Client::of(server.address).await;
    client.cut();
    client.machine.connected(client.now(), None);
    let hello = client.machine.poll_transmit(client.now()).unwrap();
    let mut first = Client::open(server.address).await;
    first.send(&hello).await;
    assert!(matches!(first.frames().await[0], Frame::Welcome(_)));
    let mut late = Client::open(server.address).await;
    late.send(&hello).await;
    let (_, code, _) = late.end().await;
    assert_eq!(code, code::TAKEN_OVER);
    first.send(&ping(0)).await;
    let pong = first.frames().await;
    assert!(pong.iter().any(|frame| matches!(frame, Frame::Pong(pulse) if pulse.nonce == 9)), "{pong:?}");
}

#[tokio::test]
async fn whoever_cannot_be_known_at_present_is_told_4101_and_when_to_come_back() {
    let server = server().await;
    let mut client = Client::new();
    client.machine.connected(client.now(), Some("later".into()));
    let hello = client.machine.poll_transmit(client.now()).unwrap();
    let mut socket = Client::open(server.address).await;
    socket.send(&hello).await;
    let (frames, code, _) = socket.end().await;
    assert_eq!(code, code::RETRY_AFTER);
    assert!(
        matches!(&frames[..], [Frame::Bye(bye)] if bye.code == code && bye.retry_after.is_some() && !bye.last)
    );
}

#[tokio::test]
async fn a_session_that_is_forgotten_is_told_1001() {
    let server = server().await;
    let client = Client::of(server.address).await;
    server.hub.session(client.machine.pair().unwrap().alias).unwrap().forget();
    let mut socket = { client }.lose();
    assert_eq!(socket.end().await.1, 1001);
}

#[tokio::test]
async fn a_message_larger_than_any_frame_is_told_1009() {
    let server = server().await;
    let mut socket = Client::of(server.address).await.lose();
    socket.raw.write(&Raw::masked_start(FIN | BINARY, 1 << 20 | 1)).await;
    assert_eq!(socket.end().await.1, 1009);
}

#[tokio::test]
async fn a_log_that_takes_nothing_any_more_is_told_as_1011() {
    let log = Arc::new(FaultLog::<MemoryLog>::default());
    let server = Server::over(log.clone()).await;
    let client = Client::of(server.address).await;
    log.strike(LogCall::Append, LogFault::Fail(LogError::Closed), usize::MAX);
    let mut socket = { client }.lose();
    let (channel, payload) = ("room".to_owned(), Body::from("x"));
    let publish = Publish { channel, number: 0, settled: 0, id: 1, payload, withheld: None };
    socket.send(&Frame::Pub(publish)).await;
    assert_eq!(socket.end().await.1, 1011);
}

#[tokio::test]
async fn a_server_that_stops_tells_a_stranger_1012_and_a_session_4100() {
    let mut settings = HubSettings::default();
    settings.hello_timeout = Duration::from_secs(600);
    let mut server = Server::with(Arc::new(MemoryLog::default()), settings).await;
    let mut stranger = Client::open(server.address).await;
    let mut session = Client::of(server.address).await.lose();
    server.stop();
    assert_eq!(stranger.end().await.1, 1012);
    let (frames, code, _) = session.end().await;
    assert_eq!(code, code::DRAINING);
    assert!(matches!(frames.last(), Some(Frame::Bye(bye)) if bye.code == code && bye.retry_after.is_some()));
}

#[tokio::test]
async fn a_session_that_is_over_is_told_1000_behind_a_last_bye() {
    let server = server().await;
    let client = Client::of(server.address).await;
    server.hub.session(client.machine.pair().unwrap().alias).unwrap().end();
    let mut socket = { client }.lose();
    let (frames, code, _) = socket.end().await;
    assert_eq!(code, 1000);
    assert!(matches!(frames.last(), Some(Frame::Bye(bye)) if bye.code == 1000 && bye.last));
}
