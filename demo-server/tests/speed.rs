//! The speed tests over real sockets: the coursework's, and the streamed one.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::{Client, Demo};
use demo_messages::flow::{FIRST_MESSAGE_BYTES, LARGEST_MESSAGE_BYTES, LEAST_IN_FLIGHT_BYTES};
use demo_messages::speed::{Event, FILE_BYTES, MAX_DURATION_MS, Refusal, Request};
use demo_server::{Classic, Config};
use futures_util::StreamExt;
use rejoin_test_support::PATIENCE;
use tokio_tungstenite::tungstenite::Message;

async fn open(demo: &Demo) -> Client {
    demo.open("/ws/speed", Some("speed.rejoin.v1")).await
}

/// A download as its page sees it.
#[derive(Default)]
struct Load {
    bytes: u64,
    sizes: Vec<usize>,
}

impl Load {
    /// Reads on to the next event, telling the server what has come.
    async fn event(&mut self, client: &mut Client) -> Event {
        loop {
            match client.next().await {
                Message::Binary(bytes) => {
                    self.bytes += bytes.len() as u64;
                    self.sizes.push(bytes.len());
                    client.ask(&Request::Received { bytes: self.bytes }).await;
                }
                Message::Text(text) => return serde_json::from_str(text.as_str()).unwrap(),
                other => panic!("{other:?}"),
            }
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
    for duration_ms in [300, 1] {
        let mut load = Load::default();
        client.ask(&Request::Download { duration_ms }).await;
        let event = load.event(&mut client).await;
        let Event::Downloaded { bytes, micros } = event else { panic!("{event:?}") };
        assert_eq!(bytes, load.bytes);
        assert!(bytes > 0 && micros >= u64::from(duration_ms) * 1_000);
    }
}

#[tokio::test]
async fn a_downloads_messages_begin_small_and_double_up_to_a_mebibyte() {
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    let mut load = Load::default();
    client.ask(&Request::Download { duration_ms: 2_000 }).await;
    load.event(&mut client).await;
    assert_eq!(load.sizes[..16], [FIRST_MESSAGE_BYTES; 16]);
    assert!(load.sizes.iter().all(|size| size.is_power_of_two() && *size <= LARGEST_MESSAGE_BYTES));
    assert!(load.sizes.windows(2).all(|pair| pair[1] <= pair[0] * 2));
    // The slowest machine carries a megabit a second to itself.
    let largest = load.sizes.iter().max().copied().unwrap();
    assert!(largest >= 8 * FIRST_MESSAGE_BYTES, "{largest}");
}

#[tokio::test]
async fn without_the_pages_counts_a_download_waits_and_still_ends_in_its_time() {
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    client.ask(&Request::Download { duration_ms: 300 }).await;
    let mut came = 0;
    let event: Event = loop {
        match client.next().await {
            Message::Binary(bytes) => came += bytes.len() as u64,
            Message::Text(text) => break serde_json::from_str(text.as_str()).unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(came, LEAST_IN_FLIGHT_BYTES);
    assert!(matches!(event, Event::Downloaded { bytes, .. } if bytes == came), "{event:?}");
    // A count of a download that is over is no mistake.
    client.ask(&Request::Received { bytes: came }).await;
    client.ask(&Request::Ping { nonce: 3 }).await;
    assert_eq!(client.event::<Event>().await, Event::Pong { nonce: 3 });
}

#[tokio::test]
async fn a_download_answers_pings_and_stops_when_told_to() {
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    let mut load = Load::default();
    client.ask(&Request::Download { duration_ms: MAX_DURATION_MS }).await;
    client.ask(&Request::Ping { nonce: 42 }).await;
    assert_eq!(load.event(&mut client).await, Event::Pong { nonce: 42 });
    for request in [Request::Download { duration_ms: 1 }, Request::Upload, Request::Watch { tag: 1 }] {
        client.ask(&request).await;
        let event = load.event(&mut client).await;
        assert!(matches!(event, Event::Refused { code: Refusal::Busy, .. }), "{event:?}");
    }
    client.ask(&Request::Stop).await;
    let event = load.event(&mut client).await;
    let Event::Downloaded { bytes, .. } = event else { panic!("{event:?}") };
    assert_eq!(bytes, load.bytes);
}

#[tokio::test]
async fn a_file_is_watched_on_its_way_from_another_connection() {
    let demo = Demo::start(Config::default()).await;
    let (mut files, mut watch) = (demo.open("/ws/speed", None).await, open(&demo).await);
    watch.ask(&Request::Watch { tag: 7 }).await;
    for number in 1..=2 {
        files.send_text("start 7").await;
        // Nothing of it is read yet, so that buffers hold only a part of it.
        let event = watch.event::<Event>().await;
        let Event::File { number: of, bytes } = event else { panic!("{event:?}") };
        assert_eq!(of, number);
        assert!(bytes < FILE_BYTES, "{bytes}");
        assert_eq!(files.binary().await.len() as u64, FILE_BYTES);
        let end = Event::File { number, bytes: FILE_BYTES };
        while watch.event::<Event>().await != end {}
    }
    // Another connection with the same number does not take it over.
    let mut other = demo.open("/ws/speed", None).await;
    other.send_text("start 7").await;
    assert_eq!(other.binary().await.len() as u64, FILE_BYTES);
    watch.ask(&Request::Stop).await;
    watch.ask(&Request::Watch { tag: 7 }).await;
    assert_eq!(watch.event::<Event>().await, Event::File { number: 2, bytes: FILE_BYTES });
}

#[tokio::test]
async fn an_upload_is_counted_reported_and_ended() {
    const PIECE: usize = 65_536;
    let demo = Demo::start(Config::default()).await;
    let mut client = open(&demo).await;
    client.ask(&Request::Upload).await;
    let mut sent = 0_u64;
    let mut reports = 0;
    let mut last = 0;
    while reports < 2 {
        client.send(Message::binary(vec![3; PIECE])).await;
        sent += PIECE as u64;
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
