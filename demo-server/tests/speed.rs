//! The speed tests over real sockets: the coursework's, and the streamed one.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::{Client, Demo, PATIENCE};
use demo_messages::speed::{CHUNK_BYTES, Event, FILE_BYTES, MAX_DURATION_MS, Refusal, Request};
use demo_server::{Classic, Config};
use futures_util::StreamExt;
use tokio_tungstenite::tungstenite::Message;

async fn open(demo: &Demo) -> Client {
    demo.open("/ws/speed", Some("speed.rejoin.v1")).await
}

/// Reads on to the next event; how many bytes of load came before.
async fn load_and_event(client: &mut Client) -> (u64, Event) {
    let mut load = 0;
    loop {
        match client.next().await {
            Message::Binary(bytes) => {
                assert_eq!(bytes.len(), CHUNK_BYTES);
                load += bytes.len() as u64;
            }
            Message::Text(text) => return (load, serde_json::from_str(text.as_str()).unwrap()),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_courseworks_test_answers_each_text_with_one_message_of_ten_million_bytes() {
    let demo = Demo::start(Config::default()).await;
    let mut client = demo.open("/ws/speed", None).await;
    let mut first = None;
    for text in ["start", "", "start again"] {
        client.send_text(text).await;
        let bytes = client.binary().await;
        assert_eq!(bytes.len() as u64, FILE_BYTES);
        assert_eq!(*first.get_or_insert(bytes.clone()), bytes);
    }
    client.send(Message::binary(vec![1])).await;
    assert_eq!(client.closed().await.0, 1003);
}

#[tokio::test]
async fn the_same_bytes_come_over_plain_http_and_are_not_kept() {
    let demo = Demo::start(Config::default()).await;
    let answer = demo.get("/api/file").await;
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert_eq!(answer.header("content-length"), Some("10000000"));
    let mut client = demo.open("/ws/speed", None).await;
    client.send_text("start").await;
    assert_eq!(client.binary().await, answer.body);
}

#[tokio::test]
async fn the_classic_switch_serves_the_test_at_ws_with_its_page() {
    let demo = Demo::start(Config { classic: Some(Classic::Speed), ..Config::default() }).await;
    let page = demo.get("/").await;
    assert!(page.text().contains("Classic speed test"));
    assert_eq!(demo.get("/classic-speed.js").await.status, 200);
    let mut client = demo.open("/ws", None).await;
    client.send_text("start").await;
    assert_eq!(client.binary().await.len() as u64, FILE_BYTES);
    let info = demo.get("/api/info").await.json();
    assert_eq!(info["sockets"]["classic"]["protocol"], "speed");
}

#[tokio::test]
async fn a_download_runs_for_its_time_and_the_figures_agree() {
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    client.ask(&Request::Download { duration_ms: 300 }).await;
    let (load, event) = load_and_event(&mut client).await;
    let Event::Downloaded { bytes, micros } = event else { panic!("{event:?}") };
    assert_eq!(bytes, load);
    assert!(bytes > 0 && micros >= 300_000);
    // And another one on the same connection.
    client.ask(&Request::Download { duration_ms: 1 }).await;
    let (load, event) = load_and_event(&mut client).await;
    assert!(matches!(event, Event::Downloaded { bytes, .. } if bytes == load));
}

#[tokio::test]
async fn a_download_answers_pings_and_stops_when_told_to() {
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    client.ask(&Request::Download { duration_ms: MAX_DURATION_MS }).await;
    client.binary().await;
    client.ask(&Request::Ping { nonce: 42 }).await;
    let (before, event) = load_and_event(&mut client).await;
    assert_eq!(event, Event::Pong { nonce: 42 });
    client.ask(&Request::Download { duration_ms: 1 }).await;
    let (between, event) = load_and_event(&mut client).await;
    assert!(matches!(event, Event::Refused { code: Refusal::Busy, .. }));
    client.ask(&Request::Stop).await;
    let (after, event) = load_and_event(&mut client).await;
    let Event::Downloaded { bytes, .. } = event else { panic!("{event:?}") };
    assert_eq!(bytes, before + between + after + CHUNK_BYTES as u64);
}

#[tokio::test]
async fn a_download_to_a_reader_that_stalls_queues_next_to_nothing() {
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    client.ask(&Request::Download { duration_ms: 1_000 }).await;
    // Reads nothing until the time is over; what the server had taken for sent is what buffers hold.
    tokio::time::sleep(std::time::Duration::from_millis(1_500)).await;
    let (load, event) = load_and_event(&mut client).await;
    let Event::Downloaded { bytes, micros } = event else { panic!("{event:?}") };
    assert_eq!(bytes, load);
    assert!(micros >= 1_000_000);
    assert!(bytes < 32 << 20, "{bytes} bytes were queued for a reader that stalled");
}

#[tokio::test]
async fn an_upload_is_counted_reported_and_ended() {
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    client.ask(&Request::Upload).await;
    let mut sent = 0_u64;
    let mut reports = 0;
    let mut last = 0;
    while reports < 2 {
        client.send(Message::binary(vec![3; CHUNK_BYTES])).await;
        sent += CHUNK_BYTES as u64;
        let read = tokio::time::timeout(std::time::Duration::from_millis(5), client.socket.next()).await;
        if let Ok(Some(Ok(Message::Text(text)))) = read {
            let Event::Progress { bytes, .. } = serde_json::from_str(text.as_str()).unwrap() else {
                panic!("{text}")
            };
            assert!(bytes >= last && bytes <= sent);
            last = bytes;
            reports += 1;
        }
    }
    client.ask(&Request::Stop).await;
    let end = loop {
        match client.event().await {
            Event::Progress { .. } => {}
            event => break event,
        }
    };
    let Event::Uploaded { bytes, micros } = end else { panic!("{end:?}") };
    assert_eq!(bytes, sent);
    assert!(micros > 0);
}

#[tokio::test]
async fn wrong_durations_and_load_that_nobody_announced_are_refused() {
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    for duration_ms in [0, MAX_DURATION_MS + 1] {
        client.ask(&Request::Download { duration_ms }).await;
        let event: Event = client.event().await;
        assert!(matches!(event, Event::Refused { code: Refusal::BadDuration, .. }));
    }
    for _ in 0..3 {
        client.send(Message::binary(vec![1])).await;
    }
    let event: Event = client.event().await;
    assert!(matches!(event, Event::Refused { code: Refusal::NotUploading, .. }));
    // Said once, not for each; and a stop of nothing is no mistake.
    client.ask(&Request::Stop).await;
    client.ask(&Request::Ping { nonce: 1 }).await;
    assert_eq!(client.event::<Event>().await, Event::Pong { nonce: 1 });
    client.send_text("start").await;
    assert_eq!(client.closed().await.0, 4400);
}

#[tokio::test]
async fn a_shutdown_in_the_middle_of_a_download_closes_with_1012() {
    let mut demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    client.ask(&Request::Download { duration_ms: MAX_DURATION_MS }).await;
    client.binary().await;
    demo.stop();
    assert_eq!(client.closed().await.0, 1012);
    let rest =
        tokio::time::timeout(PATIENCE, async { while let Some(Ok(_)) = client.socket.next().await {} });
    rest.await.unwrap();
    demo.ended().await;
}
