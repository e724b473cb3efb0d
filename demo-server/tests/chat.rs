//! The coursework's chat over real sockets.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::{Client, Demo};
use demo_server::Config;
use rejoin_test_support::within;
use tokio_tungstenite::tungstenite::Message;

const PATH: &str = "/ws/chat";

#[tokio::test]
async fn a_message_over_the_chats_limit_is_answered_with_1009() {
    let demo = Demo::start(Config::default()).await;
    let mut client = demo.open(PATH, None).await;
    client.send_text(&"x".repeat(40_000)).await;
    assert_eq!(client.closed().await.0, 1009);
}

#[tokio::test]
async fn each_text_goes_to_everybody_cut_to_fifty_characters_and_binary_is_answered_with_1003() {
    let demo = Demo::start(Config::default()).await;
    let mut one = demo.open(PATH, None).await;
    one.send_text("alone").await;
    assert_eq!(one.text().await, "alone");
    let mut two = demo.open(PATH, None).await;
    two.send_text(&"🦀".repeat(60)).await;
    assert_eq!(one.text().await, "🦀".repeat(50));
    assert_eq!(two.text().await, "🦀".repeat(50));
    one.send(Message::binary(vec![1])).await;
    assert_eq!(one.closed().await.0, 1003);
    two.send_text("still here").await;
    assert_eq!(two.text().await, "still here");
}

#[tokio::test]
async fn who_says_far_too_much_is_cut_off() {
    let demo = Demo::start(Config { chat_rate: 1, ..Config::default() }).await;
    let mut client = demo.open(PATH, None).await;
    // Sixty at once may be.
    for _ in 0..80 {
        client.send_text("x").await;
    }
    loop {
        match client.next().await {
            Message::Text(text) => assert_eq!(text, "x"),
            Message::Close(Some(frame)) => {
                assert_eq!(u16::from(frame.code), 1008);
                break;
            }
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_slow_reader_is_cut_off_and_the_others_do_not_notice() {
    let config = Config { send_queue_bytes: 16 << 10, chat_rate: 100_000, ..Config::default() };
    let demo = Demo::start(config).await;
    let slow = narrow(&demo).await;
    let mut ada = demo.open(PATH, None).await;
    let text = "🦀".repeat(50);
    // Ada says more than all buffers on the way take, and reads all; the other reads nothing, and has gone at last: it
    // is waited for a while for the answer to its close frame.
    let mut said = 0;
    while demo.connections().await == 2 && said < 100_000 {
        for _ in 0..200 {
            ada.send_text(&text).await;
            assert_eq!(ada.text().await, text);
        }
        said += 200;
    }
    let gone = async { while demo.connections().await == 2 {} };
    within(gone).await;
    ada.send_text(&text).await;
    assert_eq!(ada.text().await, text);
    drop(slow);
}

/// A client whose system takes few bytes that it does not read.
async fn narrow(demo: &Demo) -> Client {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let stream = socket.connect(demo.address).await.unwrap();
    let (socket, _) =
        tokio_tungstenite::client_async(format!("ws://{}{PATH}", demo.address), stream).await.unwrap();
    Client { socket }
}
