//! The limits: slow readers, rates, idle and dead peers, back-pressure, draining.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use common::server::{TestServer, echo};
use rejoin_server::{
    Acceptor, Connection, ConnectionLimits, Connections, End, Limits, Message, Rate, SendError, Sender,
    ServeLimits, Upgrade,
};
use rejoin_test_support::PATIENCE;
use rejoin_test_support::raw::{BINARY, CONTINUE, FIN, PING, PONG, Raw, TEXT};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// A server that hands each connection's sender to the test, and its end.
async fn observed(
    limits: Limits,
) -> (TestServer, mpsc::UnboundedReceiver<Sender>, mpsc::UnboundedReceiver<Option<End>>) {
    let (senders, opened) = mpsc::unbounded_channel();
    let (ends, ended) = mpsc::unbounded_channel();
    let connections = Connections::default();
    let acceptor = Acceptor::new(&connections).limits(limits).unwrap();
    let server = TestServer::start(&connections, acceptor, move |mut connection: Connection| {
        let (senders, ends) = (senders.clone(), ends.clone());
        async move {
            senders.send(connection.sender()).unwrap();
            while connection.recv().await.is_some() {}
            // The test may be over already.
            let _ = ends.send(connection.end().cloned());
        }
    })
    .await;
    (server, opened, ended)
}

#[tokio::test]
async fn a_slow_reader_is_cut_off_with_1013_and_the_others_get_everything() {
    let mut limits = Limits::default();
    limits.send_queue_bytes = 256 << 10;
    let (server, mut opened, mut ended) = observed(limits).await;
    let mut slow = Raw::connect_narrow(server.address).await;
    slow.shake_hands().await;
    let slow_sender = opened.recv().await.unwrap();
    let mut quick = Raw::open(server.address).await;
    let quick_sender = opened.recv().await.unwrap();
    let mut sent = 0_u64;
    while slow_sender.is_open() {
        let mut payload = vec![0; 32 << 10];
        payload[..8].copy_from_slice(&sent.to_be_bytes());
        let message = Message::from(payload);
        slow_sender.push(message.clone());
        assert!(quick_sender.push(message), "the quick one was cut off");
        let frame = quick.next().await.unwrap();
        assert_eq!(frame.payload[..8], sent.to_be_bytes());
        sent += 1;
        assert!(sent < 10_000, "nobody was cut off");
    }
    // The slow one wakes up, and learns why.
    let (code, reason) = slow.close_frame().await;
    assert_eq!(code, 1013);
    assert!(reason.contains("too slow"), "{reason}");
    slow.close(1013, "").await;
    let Some(Some(End::ByServer(close))) = ended.recv().await else { panic!("another end") };
    assert_eq!(close.code().get(), 1013);
    assert!(quick_sender.push("still here"));
    quick.expect(FIN | TEXT, b"still here").await;
}

#[tokio::test]
async fn a_full_send_queue_hands_the_message_back_and_a_waiting_send_goes_on_when_it_is_read() {
    let mut limits = Limits::default();
    limits.send_queue_bytes = 64 << 10;
    let (server, mut opened, _ended) = observed(limits).await;
    let mut raw = Raw::connect_narrow(server.address).await;
    raw.shake_hands().await;
    let sender = opened.recv().await.unwrap();
    let payload = vec![7_u8; 32 << 10];
    let mut sent = 0;
    let back = loop {
        match sender.try_send(payload.clone()) {
            Ok(()) => sent += 1,
            Err(SendError::Full(back)) => break back,
            Err(other) => panic!("{other}"),
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(back.as_bytes(), payload);
    let waiting = tokio::spawn({
        let sender = sender.clone();
        async move { sender.send(back).await.is_ok() }
    });
    for _ in 0..=sent {
        raw.expect(FIN | BINARY, &payload).await;
    }
    assert!(waiting.await.unwrap());
}

#[tokio::test]
async fn a_client_that_does_not_read_its_echoes_is_not_read_and_gets_them_all_later() {
    let mut limits = Limits::default();
    limits.rate = None;
    limits.send_queue_bytes = 64 << 10;
    limits.receive_queue_bytes = 64 << 10;
    let server = TestServer::echo(limits).await;
    let mut raw = Raw::connect_narrow(server.address).await;
    raw.shake_hands().await;
    let (mut reader, mut writer) = raw.stream.into_split();
    let message = Raw::masked(FIN | BINARY, &vec![1; 60_000]);
    let total = 200;
    let sent = Arc::new(Mutex::new(0));
    let writing = tokio::spawn({
        let sent = Arc::clone(&sent);
        async move {
            use tokio::io::AsyncWriteExt;
            for n in 1..=total {
                writer.write_all(&message).await.unwrap();
                *sent.lock().unwrap() = n;
            }
            writer
        }
    });
    // Wait until writing has come to a standstill: the same count over many turns.
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let now = *sent.lock().unwrap();
        if now == before && now > 0 {
            break;
        }
        before = now;
    }
    assert!(before < total, "12 MB were taken although nothing was read");
    let mut bytes = 0;
    let mut chunk = vec![0; 65_536];
    while bytes < total * 60_004 {
        use tokio::io::AsyncReadExt;
        let read = tokio::time::timeout(PATIENCE, reader.read(&mut chunk)).await.unwrap().unwrap();
        assert!(read > 0, "the server hung up");
        bytes += read;
    }
    writing.await.unwrap();
}

#[tokio::test]
async fn more_frames_than_the_rate_allows_end_with_1008_pings_included() {
    for first in [FIN | TEXT, FIN | PING] {
        let mut limits = Limits::default();
        limits.rate = Some(Rate { per_second: 0.001, burst: 5 });
        let server = TestServer::echo(limits).await;
        let mut raw = Raw::open(server.address).await;
        for _ in 0..5 {
            raw.send(first, b"x").await;
            let back = if first == FIN | PING { FIN | PONG } else { first };
            raw.expect(back, b"x").await;
        }
        raw.send(first, b"x").await;
        let (code, reason) = raw.close_frame().await;
        assert_eq!(code, 1008);
        assert!(reason.contains("too many messages"), "{reason}");
    }
}

#[tokio::test]
async fn a_connection_without_messages_ends_with_1001_though_pings_are_answered() {
    let mut limits = Limits::default();
    limits.ping_interval = Duration::from_millis(50);
    limits.dead_after = Duration::from_secs(20);
    limits.idle = Some(Duration::from_secs(1));
    let server = TestServer::echo(limits).await;
    let mut raw = Raw::open(server.address).await;
    let mut pings = 0;
    loop {
        let frame = raw.frame().await.expect("a close frame");
        match frame.first {
            first if first == FIN | PING => {
                pings += 1;
                raw.send(FIN | PONG, &frame.payload).await;
            }
            _ => {
                assert_eq!(frame.payload[..2], 1001_u16.to_be_bytes());
                break;
            }
        }
    }
    assert!(pings > 0);
}

#[tokio::test]
async fn a_peer_that_answers_no_ping_is_dropped() {
    let mut limits = Limits::default();
    limits.ping_interval = Duration::from_millis(100);
    limits.dead_after = Duration::from_secs(1);
    let (server, _opened, mut ended) = observed(limits).await;
    let mut raw = Raw::open(server.address).await;
    assert_eq!(raw.frame().await.unwrap().first, FIN | PING);
    raw.ended().await;
    assert_eq!(ended.recv().await.unwrap(), Some(End::Dead));
}

#[tokio::test]
async fn a_peer_that_takes_bytes_slowly_lives_though_pongs_cannot_come() {
    let mut limits = Limits::default();
    limits.ping_interval = Duration::from_millis(100);
    limits.dead_after = Duration::from_millis(1_500);
    limits.send_queue_bytes = 16 << 20;
    let (server, mut opened, mut ended) = observed(limits).await;
    let mut raw = Raw::connect_narrow(server.address).await;
    raw.shake_hands().await;
    let sender = opened.recv().await.unwrap();
    sender.try_send(vec![0; 12 << 20]).unwrap();
    // Reads on for several times what a dead peer is given, without a pong, and never as fast as it can.
    let started = tokio::time::Instant::now();
    let mut chunk = vec![0; 128 << 10];
    while started.elapsed() < Duration::from_millis(3_500) {
        use tokio::io::AsyncReadExt;
        assert!(raw.stream.read(&mut chunk).await.unwrap() > 0, "dropped as dead");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(ended.try_recv().is_err());
    assert!(sender.is_open());
}

#[tokio::test]
async fn a_peer_that_takes_nothing_of_what_waits_is_dropped() {
    let mut limits = Limits::default();
    limits.ping_interval = Duration::from_millis(100);
    limits.dead_after = Duration::from_millis(500);
    limits.send_queue_bytes = 32 << 20;
    let (server, mut opened, mut ended) = observed(limits).await;
    let mut raw = Raw::connect_narrow(server.address).await;
    raw.shake_hands().await;
    let sender = opened.recv().await.unwrap();
    sender.try_send(vec![0; 30 << 20]).unwrap();
    let end = tokio::time::timeout(PATIENCE, ended.recv()).await.unwrap().unwrap();
    assert_eq!(end, Some(End::Dead));
}

#[tokio::test]
async fn a_handler_that_takes_its_time_costs_its_peer_nothing() {
    let mut limits = Limits::default();
    limits.ping_interval = Duration::from_millis(50);
    limits.dead_after = Duration::from_millis(200);
    limits.receive_queue_messages = 1;
    let connections = Connections::default();
    let acceptor = Acceptor::new(&connections).limits(limits).unwrap();
    let server = TestServer::start(&connections, acceptor, |mut connection: Connection| async move {
        tokio::time::sleep(Duration::from_secs(1)).await;
        while let Some(message) = connection.recv().await {
            if connection.send(message).await.is_err() {
                break;
            }
        }
    })
    .await;
    let mut raw = Raw::open(server.address).await;
    raw.send(FIN | TEXT, b"one").await;
    raw.send(FIN | TEXT, b"two").await;
    raw.expect(FIN | TEXT, b"one").await;
    raw.expect(FIN | TEXT, b"two").await;
}

#[tokio::test]
async fn draining_closes_with_1012_behind_what_is_queued_and_waits_for_handlers() {
    let done = Arc::new(Mutex::new(false));
    let connections = Connections::default();
    let mut server = TestServer::start(&connections, Acceptor::new(&connections), {
        let done = Arc::clone(&done);
        move |mut connection: Connection| {
            let done = Arc::clone(&done);
            async move {
                connection.send("ready").await.unwrap();
                while connection.recv().await.is_some() {}
                tokio::time::sleep(Duration::from_millis(100)).await;
                *done.lock().unwrap() = true;
            }
        }
    })
    .await;
    let mut raw = Raw::open(server.address).await;
    raw.expect(FIN | TEXT, b"ready").await;
    server.stop();
    let (code, reason) = raw.close_frame().await;
    assert_eq!(code, 1012);
    assert!(reason.contains("shutting down"), "{reason}");
    raw.close(1012, "").await;
    raw.ended().await;
    let address = server.address;
    server.ended().await;
    assert!(*done.lock().unwrap());
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn draining_drops_what_is_not_done_in_time() {
    let connections = Connections::default();
    let mut limits = ServeLimits::default();
    limits.drain_timeout = Duration::from_millis(300);
    let acceptor = Acceptor::new(&connections);
    let mut server =
        TestServer::start_with(&connections, acceptor, limits, |_connection: Connection| async move {
            // A handler that never ends.
            std::future::pending::<()>().await;
        })
        .await;
    let raw = Raw::open(server.address).await;
    // And a client that never answers.
    server.stop();
    server.ended().await;
    drop(raw);
    assert_eq!(connections.count(), 0);
}

#[tokio::test]
async fn a_large_message_under_way_is_finished_before_the_close_of_draining() {
    let connections = Connections::default();
    let mut server =
        TestServer::start(&connections, Acceptor::new(&connections), |mut connection| async move {
            connection.send(vec![5; 3 << 20]).await.unwrap();
            while connection.recv().await.is_some() {}
        })
        .await;
    let mut raw = Raw::connect_narrow(server.address).await;
    raw.shake_hands().await;
    let first = raw.next().await.unwrap();
    assert_eq!(first.first, BINARY);
    server.stop();
    let mut bytes = first.payload.len();
    loop {
        let frame = raw.next().await.unwrap();
        bytes += frame.payload.len();
        match frame.first {
            CONTINUE => {}
            last => {
                assert_eq!(last, FIN | CONTINUE);
                break;
            }
        }
    }
    assert_eq!(bytes, 3 << 20);
    assert_eq!(raw.close_frame().await.0, 1012);
}

#[tokio::test]
async fn many_connections_come_and_go_and_leave_nothing_behind() {
    let connections = Connections::default();
    let server = TestServer::start(&connections, Acceptor::new(&connections), echo).await;
    for turn in 0..200 {
        let mut raw = Raw::open(server.address).await;
        if turn % 2 == 0 {
            raw.close(1000, "").await;
            raw.ended().await;
        }
    }
    assert_eq!(connections.drain(PATIENCE).await, 0);
    assert_eq!(connections.count(), 0);
}

/// A listener on `[::]` sees IPv4 clients at addresses of IPv6, all of one /64.
#[tokio::test]
async fn ipv4_clients_of_a_listener_on_ipv6_are_told_apart_and_named_as_they_are() {
    let mut most = ConnectionLimits::default();
    most.per_address = 1;
    let connections = Connections::new(most).unwrap();
    let acceptor = Acceptor::new(&connections);
    let accept = |State(acceptor): State<Acceptor>, upgrade: Upgrade| async move {
        acceptor.accept(upgrade, |mut connection| async move {
            let peer = connection.info().peer.unwrap().ip().to_string();
            if connection.send(peer).await.is_ok() {
                connection.recv().await;
            }
        })
    };
    let router = Router::new().route("/", get(accept)).with_state(acceptor);
    let listener = TcpListener::bind("[::]:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let _server = TestServer::at(listener, &connections, router, ServeLimits::default());
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let mut open = Vec::new();
    for host in 1..=3 {
        let source = Ipv4Addr::new(127, 0, 0, host);
        let mut client = Raw::connect_from(address, source).await;
        client.shake_hands().await;
        client.expect(FIN | TEXT, source.to_string().as_bytes()).await;
        open.push(client);
    }
    let mut second = Raw::connect_from(address, Ipv4Addr::new(127, 0, 0, 1)).await;
    let request = second.good_request("");
    assert_eq!(second.request(&request).await.status, 503);
}
