//! What all sockets of the demo have in common: echo, origins, subprotocols, configuration.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use common::Demo;
use demo_server::{Config, RunError, Server};
use tokio_tungstenite::tungstenite::{Error, Message};

fn status(error: &Error) -> u16 {
    match error {
        Error::Http(response) => response.status().as_u16(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn the_echo_keeps_kinds_and_order() {
    let demo = Demo::start(Config::default()).await;
    let mut client = demo.open("/ws/echo", None).await;
    let messages: Vec<Message> = (0..50)
        .map(|n: usize| {
            if n.is_multiple_of(2) {
                Message::text("t".repeat(n * 99))
            } else {
                Message::binary(vec![7; n * 999])
            }
        })
        .collect();
    for message in &messages {
        client.send(message.clone()).await;
    }
    for message in messages {
        assert_eq!(client.next().await, message);
    }
}

#[tokio::test]
async fn the_echo_takes_a_burst_of_many_thousand_messages() {
    let demo = Demo::start(Config::default()).await;
    let client = demo.open("/ws/echo", None).await;
    let (mut sink, mut stream) = futures_util::StreamExt::split(client.socket);
    let total = 20_000_u32;
    let sending = tokio::spawn(async move {
        use futures_util::SinkExt;
        for n in 0..total {
            sink.feed(Message::binary(n.to_be_bytes().to_vec())).await.unwrap();
        }
        sink.flush().await.unwrap();
        sink
    });
    let mut next = 0;
    while next < total {
        use futures_util::StreamExt;
        match stream.next().await.unwrap().unwrap() {
            Message::Binary(bytes) => {
                assert_eq!(bytes[..], next.to_be_bytes());
                next += 1;
            }
            Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
    drop(sending.await.unwrap());
}

#[tokio::test]
async fn pages_of_this_server_and_of_allowed_origins_connect_and_others_do_not() {
    let config = Config { allow_origin: vec!["http://localhost:8081".into()], ..Config::default() };
    let demo = Demo::start(config).await;
    let own = format!("http://{}", demo.address);
    for path in ["/ws/echo", "/ws/chat", "/ws/speed"] {
        for origin in [own.as_str(), "http://localhost:8081"] {
            assert!(demo.try_open(path, None, &[("origin", origin)]).await.is_ok(), "{path} {origin}");
        }
        for origin in ["null", "http://127.0.0.1:8081", "https://example.org"] {
            let error = demo.try_open(path, None, &[("origin", origin)]).await.err().unwrap();
            assert_eq!(status(&error), 403, "{path} {origin}");
        }
        let error = demo.try_open(path, None, &[("cookie", "a=b")]).await.err().unwrap();
        assert_eq!(status(&error), 403);
    }
}

#[tokio::test]
async fn the_subprotocol_that_is_known_is_picked() {
    let demo = Demo::start(Config::default()).await;
    let (_client, response) = demo.try_open("/ws/speed", Some("soap, speed.rejoin.v1"), &[]).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "speed.rejoin.v1");
    // A client that offers only others gets none; this one takes that for an error, as browsers do.
    assert!(demo.try_open("/ws/speed", Some("soap, wamp"), &[]).await.is_err());
}

#[tokio::test]
async fn a_full_server_answers_503() {
    let demo = Demo::start(Config { max_connections: 1, ..Config::default() }).await;
    let _first = demo.open("/ws/echo", None).await;
    let error = demo.try_open("/ws/echo", None, &[]).await.err().unwrap();
    assert_eq!(status(&error), 503);
}

#[tokio::test]
async fn a_shutdown_closes_every_kind_of_socket_with_1012_and_returns() {
    let mut demo = Demo::start(Config::default()).await;
    let mut clients = Vec::new();
    for (path, subprotocol) in
        [("/ws/echo", None), ("/ws/chat", None), ("/ws/speed", None), ("/ws/speed", Some("speed.rejoin.v1"))]
    {
        clients.push(demo.open(path, subprotocol).await);
    }
    demo.stop();
    for mut client in clients {
        assert_eq!(client.closed().await.0, 1012);
        // Reading on sends the answer.
        while let Some(Ok(_)) = futures_util::StreamExt::next(&mut client.socket).await {}
    }
    demo.ended().await;
}

#[test]
fn a_configuration_that_cannot_be_is_refused_by_name() {
    let refused = |config| Server::new(config).unwrap_err();
    let origin = refused(Config { allow_origin: vec!["localhost".into()], ..Config::default() });
    assert!(matches!(origin, RunError::Origin(_)));
    assert!(origin.to_string().contains("--allow-origin"), "{origin}");
    let dead = refused(Config { dead_seconds: 1.0, ..Config::default() });
    assert!(
        dead.to_string().contains("--dead-seconds is 1 and must be more than --ping-seconds, 5"),
        "{dead}"
    );
    let negative = refused(Config { ping_seconds: -1.0, ..Config::default() });
    assert!(negative.to_string().contains("--ping-seconds is -1"), "{negative}");
}
