//! HELLO: who is welcome, who is not, and who takes what over.

use std::sync::Arc;
use std::time::Duration;

use rejoin_protocol::Refusal;
use rejoin_protocol::session::{ClientConfig, ClientSession, Ending, LostReason, SessionMessage, code};
use rejoin_protocol::wire::{Body, Frame, Since};
use rejoin_server::hub::HubSettings;
use rejoin_server::log::MemoryLog;
use rejoin_test_support::raw::{BINARY, CONTINUE, FIN, Raw, TEXT};

use crate::client::Client;
use crate::server::Server;

fn log() -> Arc<MemoryLog> {
    Arc::new(MemoryLog::default())
}

/// What a server says to a first message.
async fn told(server: &Server, opcode: u8, first: &[u8]) -> (u16, String) {
    let mut socket = Client::open(server.address).await;
    socket.raw.send(FIN | opcode, first).await;
    socket.raw.close_frame().await
}

#[tokio::test]
async fn a_first_message_that_is_larger_than_a_hello_is_refused_before_it_is_read() {
    let mut settings = HubSettings::default();
    settings.failed_hellos = Some(rejoin_server::Rate { per_second: 0.001, burst: 2 });
    let server = Server::with(log(), settings).await;
    // Of a frame that announces 20,481 bytes not one has come.
    let mut socket = Client::open(server.address).await;
    socket.raw.write(&Raw::masked_start(FIN | BINARY, 20_481)).await;
    let (code, reason) = socket.raw.close_frame().await;
    assert_eq!(code, code::AUTH_TOO_LARGE);
    assert!(reason.starts_with("16384 ") && reason.contains("20480"), "{reason}");
    // The same in small parts.
    let mut socket = Client::open(server.address).await;
    for opcode in [BINARY, CONTINUE, CONTINUE, CONTINUE, CONTINUE] {
        socket.raw.send(opcode, &[1; 5_000]).await;
    }
    assert_eq!(socket.raw.close_frame().await.0, code::AUTH_TOO_LARGE);
    // Such a HELLO counts as one that failed.
    assert_eq!(told(&server, TEXT, b"x").await.0, code::TOO_MANY);
}

/// How a client with such a token is received by a server that takes tokens of so many bytes.
async fn received(most: usize, token: &str) -> Client {
    let mut settings = HubSettings::default();
    settings.session.max_auth = most;
    let server = Server::with(log(), settings).await;
    let mut client = Client::new();
    client.connect_as(server.address, Some(token)).await;
    client.until(|client| client.closed.is_some() || client.machine.is_live()).await;
    client
}

#[tokio::test]
async fn a_token_may_have_as_many_bytes_as_the_server_is_set_to_take_and_no_more() {
    for (most, len) in [(16_384, 16_384), (3_000, 3_000), (100_000, 100_000)] {
        assert!(received(most, &"x".repeat(len)).await.machine.is_live(), "{len} of {most}");
        // A little more is read and measured, much more is not read.
        for beyond in [1, 4_000, 1_000_000] {
            let client = received(most, &"x".repeat(len + beyond)).await;
            let (code, reason) = client.closed.unwrap();
            assert_eq!(code, code::AUTH_TOO_LARGE, "{len} and {beyond} of {most}");
            assert!(reason.starts_with(&format!("{most} bytes are the most of a token")), "{reason}");
            assert!(matches!(&client.ending, Some(Ending::Stop(denial)) if denial.code == code));
        }
    }
    // Bytes are counted, and not characters.
    assert_eq!(received(10, &"é".repeat(6)).await.closed.unwrap().0, code::AUTH_TOO_LARGE);
    assert!(received(10, &"é".repeat(5)).await.machine.is_live());
}

#[tokio::test]
async fn a_fresh_token_within_the_connection_has_the_servers_limit_too() {
    let mut client = received(100, "ada").await;
    let refused = client.machine.authenticate(Body::from(vec![1; 101])).unwrap_err();
    assert_eq!((refused.reason, refused.message.len()), (Refusal::TooLarge { limit: 100 }, 101));
    client.machine.authenticate(Body::from("ada")).unwrap();
}

#[tokio::test]
async fn behind_a_hello_frames_may_be_larger_than_one() {
    let mut settings = HubSettings::default();
    (settings.members, settings.member_bytes) = (20, 50_000);
    let server = Server::with(log(), settings).await;
    let mut client = Client::new();
    let mut config = ClientConfig::default();
    config.limits.presence_bytes = 50_000;
    client.machine = ClientSession::new(config);
    client.connect_as(server.address, Some("ada")).await;
    // It goes along with HELLO and is larger than one may be.
    let feed = client.machine.subscribe_as("room", Since::Now, Body::from(vec![b'x'; 50_000])).unwrap();
    client.machine.send(SessionMessage::text(&"y".repeat(20_000))).unwrap();
    client.until(|client| client.machine.members(feed).len() == 1 && client.messages.len() == 1).await;
    assert_eq!(client.messages[0].len(), 20_000);
}

#[tokio::test]
async fn an_application_that_does_not_say_who_a_client_is_keeps_nobody_waiting() {
    let mut settings = HubSettings::default();
    settings.authentication_timeout = Duration::from_millis(50);
    let server = Server::with(log(), settings).await;
    let mut client = Client::new();
    client.connect_as(server.address, Some("never")).await;
    client.until(|client| client.closed.is_some()).await;
    assert_eq!(client.closed.as_ref().unwrap().0, code::RETRY_AFTER);
    assert!(matches!(client.ending, Some(Ending::Retry { after: Some(_), .. })));
    client.connect_as(server.address, Some("ada")).await;
    client.until(|client| client.machine.is_live()).await;
}

#[tokio::test]
async fn whoever_does_not_begin_with_hello_is_told_what_was_wrong() {
    let mut settings = HubSettings::default();
    settings.hello_timeout = Duration::from_millis(50);
    let server = Server::with(log(), settings).await;
    let mut late = Client::open(server.address).await;
    assert_eq!(late.raw.close_frame().await.0, code::HELLO_LATE);
    let (text, reason) = told(&server, TEXT, b"hello").await;
    assert_eq!(text, code::BAD_FRAME);
    assert!(reason.contains("binary"), "{reason}");
    let mut ack = Vec::new();
    Frame::Cancel { id: 1 }.encode(&mut ack);
    let (other, reason) = told(&server, BINARY, &ack).await;
    assert_eq!(other, code::BAD_FRAME);
    assert!(reason.contains("HELLO"), "{reason}");
    for garbage in [vec![], vec![0xff; 10], vec![5; 20_000]] {
        assert_eq!(told(&server, BINARY, &garbage).await.0, code::BAD_FRAME);
    }
}

#[tokio::test]
async fn an_address_that_fails_too_often_has_to_wait() {
    let mut settings = HubSettings::default();
    settings.failed_hellos = Some(rejoin_server::Rate { per_second: 0.001, burst: 3 });
    let server = Server::with(log(), settings).await;
    for _ in 0..3 {
        assert_eq!(told(&server, TEXT, b"x").await.0, code::BAD_FRAME);
    }
    assert_eq!(told(&server, TEXT, b"x").await.0, code::TOO_MANY);
}

#[tokio::test]
async fn a_token_that_is_wrong_may_be_mended_and_who_is_forbidden_is_not_asked_again() {
    let server = Server::over(log()).await;
    let mut client = Client::new();
    client.connect_as(server.address, Some("wrong")).await;
    client.until(|client| client.closed.is_some()).await;
    assert_eq!(client.closed.as_ref().unwrap().0, code::UNAUTHENTICATED);
    assert!(matches!(client.ending, Some(Ending::Retry { fresh_auth: true, .. })));
    client.connect_as(server.address, Some("ada")).await;
    client.until(|client| client.machine.is_live()).await;
    let mut nobody = Client::new();
    nobody.connect_as(server.address, Some("nobody")).await;
    nobody.until(|client| client.closed.is_some()).await;
    assert!(matches!(&nobody.ending, Some(Ending::Stop(denial)) if denial.code == code::FORBIDDEN));
}

#[tokio::test]
async fn authentication_that_expires_ends_the_connection_unless_it_is_renewed() {
    let server = Server::over(log()).await;
    let mut client = Client::new();
    client.connect_as(server.address, Some("brief")).await;
    client.until(|client| client.closed.is_some()).await;
    assert_eq!(client.closed.as_ref().unwrap().0, code::UNAUTHENTICATED);
    let mut ada = Client::new();
    ada.connect_as(server.address, Some("ada")).await;
    ada.until(|client| client.machine.is_live()).await;
    // A session belongs to one principal.
    ada.machine.authenticate("bob".into()).unwrap();
    ada.until(|client| client.closed.is_some()).await;
    assert_eq!(ada.closed.as_ref().unwrap().0, code::FORBIDDEN);
}

#[tokio::test]
async fn a_session_is_worth_nothing_to_another_principal() {
    let server = Server::over(log()).await;
    let mut client = Client::new();
    client.connect_as(server.address, Some("ada")).await;
    client.until(|client| client.machine.is_live()).await;
    let pair = client.machine.pair().unwrap();
    client.cut();
    client.machine.send(SessionMessage::text("ada's secret")).unwrap();
    client.connect_as(server.address, Some("bob")).await;
    client.until(|client| client.machine.is_live()).await;
    assert_ne!(client.machine.pair().unwrap().id, pair.id);
    assert_eq!(client.lost[0].reason, LostReason::Fresh);
    assert_eq!(client.machine.take_waiting(), [SessionMessage::text("ada's secret")]);
}

#[tokio::test]
async fn a_newer_connection_takes_the_session_over_and_the_older_is_told() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    let mut old = client.lose();
    client.connect(server.address).await;
    client.until(|client| client.machine.is_live()).await;
    assert_eq!(old.raw.close_frame().await.0, code::TAKEN_OVER);
    client.machine.send(SessionMessage::text("still here")).unwrap();
    client.until(|client| !client.messages.is_empty()).await;
    assert!(client.lost.is_empty());
}

#[tokio::test]
async fn a_restarted_server_keeps_the_identity_and_says_that_messages_are_lost() {
    let log = log();
    let server = Server::over(log.clone()).await;
    let mut client = Client::of(server.address).await;
    let id = client.machine.pair().unwrap().id;
    client.cut();
    let other = Server::over(log).await;
    client.connect(other.address).await;
    client.until(|client| client.machine.is_live()).await;
    assert_eq!(client.machine.pair().unwrap().id, id);
    assert_eq!(client.lost[0].reason, LostReason::Kept);
}

#[tokio::test]
async fn there_are_no_more_sessions_than_may_be() {
    let mut settings = HubSettings::default();
    settings.sessions = 2;
    settings.sessions_per_principal = 1;
    let server = Server::with(log(), settings).await;
    let mut ada = Client::new();
    ada.connect_as(server.address, Some("ada")).await;
    ada.until(|client| client.machine.is_live()).await;
    let mut again = Client::new();
    again.connect_as(server.address, Some("ada")).await;
    again.until(|client| client.closed.is_some()).await;
    assert_eq!(again.closed.as_ref().unwrap().0, code::TOO_MANY);
    assert!(matches!(again.ending, Some(Ending::Retry { at_cap: true, after: Some(_), .. })));
    let _second = Client::of(server.address).await;
    let mut third = Client::new();
    third.connect(server.address).await;
    third.until(|client| client.closed.is_some()).await;
    assert_eq!(third.closed.as_ref().unwrap().0, code::TOO_MANY);
}
