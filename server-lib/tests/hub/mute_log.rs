//! A log that does not answer: publishers and readers are not held up for ever, and nothing is stored twice.

use std::sync::Arc;
use std::time::Duration;

use rejoin_protocol::session::Settlement;
use rejoin_protocol::wire::{Body, Since};
use rejoin_server::hub::HubSettings;
use rejoin_server::log::{Log, MemoryLog};
use rejoin_test_support::fault_log::{FaultLog, LogCall, LogFault};
use rejoin_test_support::within;

use crate::client::Client;
use crate::server::Server;

type Slow = FaultLog<MemoryLog>;

async fn server(log: Arc<Slow>) -> Server {
    let mut settings = HubSettings::default();
    settings.log_timeout = Duration::from_millis(100);
    Server::with(log, settings).await
}

/// Publishes to two channels until all is settled. Returns the offsets in the first one.
async fn publish(log: Arc<Slow>) -> Vec<u64> {
    let server = server(log).await;
    let mut client = Client::of(server.address).await;
    for n in 0..3 {
        client.machine.publish("room", Body::from(n.to_string().as_str()), n).unwrap();
    }
    client.machine.publish("other", Body::from("x"), 9).unwrap();
    client.until(|client| client.settled.len() == 4).await;
    assert_eq!(client.closed, None);
    let durable = client.settled.iter().map(|settled| match settled {
        Settlement::Durable(position) => position.offset,
        other => panic!("{other:?}"),
    });
    durable.collect()
}

#[tokio::test]
async fn a_publication_that_is_stored_and_not_answered_is_sent_again_and_stored_once() {
    let log = Arc::new(Slow::default());
    log.strike(LogCall::Append, LogFault::Hold, 1);
    let mut offsets = publish(log.clone()).await;
    offsets.sort_unstable();
    assert_eq!(offsets, [1, 1, 2, 3]);
    assert_eq!(log.tail("room").await.unwrap().borrow().offset, 3);
}

#[tokio::test]
async fn publications_that_a_log_ignores_for_a_while_are_stored_in_order_afterwards() {
    for ignored in [1, 5] {
        let log = Arc::new(Slow::default());
        log.strike(LogCall::Append, LogFault::Stall, ignored);
        publish(log.clone()).await;
        let entries = log.read_back("room", u64::MAX, 9, 1 << 20).await.unwrap();
        let payloads: Vec<_> = entries.iter().map(|entry| entry.payload[..].to_vec()).collect();
        assert_eq!(payloads, [b"0", b"1", b"2"], "{ignored}");
    }
}

#[tokio::test]
async fn others_publish_while_the_log_does_not_answer_one() {
    let log = Arc::new(Slow::default());
    let server = server(log.clone()).await;
    let (mut ada, mut bob) = (Client::of(server.address).await, Client::of(server.address).await);
    log.strike(LogCall::Append, LogFault::Stall, 1);
    ada.machine.publish("room", Body::from("from Ada"), 1).unwrap();
    ada.transmit().await;
    within(log.met(LogCall::Append)).await;
    bob.machine.publish("room", Body::from("from Bob"), 2).unwrap();
    bob.until(|bob| bob.settled.len() == 1).await;
    ada.until(|ada| ada.settled.len() == 1).await;
    assert_eq!(log.tail("room").await.unwrap().borrow().offset, 2);
}

#[tokio::test]
async fn a_reader_is_served_once_the_log_answers_again() {
    let log = Arc::new(Slow::default());
    for call in [LogCall::Read, LogCall::Locate, LogCall::Touch] {
        log.strike(call, LogFault::Stall, 1);
    }
    let server = server(log.clone()).await;
    let mut client = Client::of(server.address).await;
    let feed = client.machine.subscribe("room", Since::All).unwrap();
    client.machine.publish("room", Body::from("hello"), 1).unwrap();
    let mut seen = Vec::new();
    client
        .until(|client| {
            seen.extend(client.entries(feed));
            seen == ["hello"]
        })
        .await;
    within(async { tokio::join!(log.met(LogCall::Read), log.met(LogCall::Locate)) }).await;
}
