//! A log that does not answer: publishers and readers are not held up for ever, and nothing is stored twice.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rejoin_protocol::session::Settlement;
use rejoin_protocol::wire::{Answer, Body, Position, SessionId, Since};
use rejoin_server::hub::HubSettings;
use rejoin_server::log::{Append, Entry, Log, LogError, MemoryLog, Piece, Start};
use tokio::sync::watch;

use crate::client::Client;
use crate::server::Server;

/// A log that does not answer the first calls of a kind, after it has done what they ask or before.
#[derive(Default)]
struct Mute {
    log: MemoryLog,
    /// Appends that are stored and not answered.
    stored: AtomicUsize,
    /// Appends that are not even stored.
    ignored: AtomicUsize,
    reads: AtomicUsize,
    locates: AtomicUsize,
    touches: AtomicUsize,
}

/// Takes one off, if there is one.
fn takes(count: &AtomicUsize) -> bool {
    count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1)).is_ok()
}

impl Log for Mute {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Answer, LogError>> {
        if takes(&self.ignored) {
            return Box::pin(pending());
        }
        let answer = self.log.append(append);
        if takes(&self.stored) {
            return Box::pin(pending());
        }
        answer
    }

    fn locate(&self, channel: &str, since: Since) -> BoxFuture<'_, Result<Start, LogError>> {
        if takes(&self.locates) { Box::pin(pending()) } else { self.log.locate(channel, since) }
    }

    fn read(&self, channel: &str, behind: Position, max: usize) -> BoxFuture<'_, Result<Piece, LogError>> {
        if takes(&self.reads) { Box::pin(pending()) } else { self.log.read(channel, behind, max) }
    }

    fn read_back(
        &self,
        channel: &str,
        before: u64,
        count: usize,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, LogError>> {
        self.log.read_back(channel, before, count, max_bytes)
    }

    fn channels(&self, behind: &str, most: usize) -> BoxFuture<'_, Result<Vec<String>, LogError>> {
        self.log.channels(behind, most)
    }

    fn tail(&self, channel: &str) -> BoxFuture<'_, Result<watch::Receiver<Position>, LogError>> {
        self.log.tail(channel)
    }

    fn publisher_life(&self) -> Duration {
        self.log.publisher_life()
    }

    fn knows(&self, publisher: SessionId) -> BoxFuture<'_, Result<bool, LogError>> {
        self.log.knows(publisher)
    }

    fn touch(&self, publisher: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        if takes(&self.touches) { Box::pin(pending()) } else { self.log.touch(publisher) }
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), LogError>> {
        self.log.trim()
    }
}

async fn server(log: Arc<Mute>) -> Server {
    let mut settings = HubSettings::default();
    settings.log_timeout = Duration::from_millis(100);
    Server::with(log, settings).await
}

/// Publishes to two channels until all is settled. Returns the offsets in the first one.
async fn publish(log: Arc<Mute>) -> Vec<u64> {
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
    let log = Arc::new(Mute { stored: AtomicUsize::new(1), ..Mute::default() });
    let mut offsets = publish(log.clone()).await;
    offsets.sort_unstable();
    assert_eq!(offsets, [1, 1, 2, 3]);
    assert_eq!(log.tail("room").await.unwrap().borrow().offset, 3);
}

#[tokio::test]
async fn publications_that_a_log_ignores_for_a_while_are_stored_in_order_afterwards() {
    for ignored in [1, 5] {
        let log = Arc::new(Mute { ignored: AtomicUsize::new(ignored), ..Mute::default() });
        publish(log.clone()).await;
        let entries = log.read_back("room", u64::MAX, 9, 1 << 20).await.unwrap();
        let payloads: Vec<_> = entries.iter().map(|entry| entry.payload[..].to_vec()).collect();
        assert_eq!(payloads, [b"0", b"1", b"2"], "{ignored}");
    }
}

#[tokio::test]
async fn others_publish_while_the_log_does_not_answer_one() {
    let log = Arc::new(Mute::default());
    let server = server(log.clone()).await;
    let (mut ada, mut bob) = (Client::of(server.address).await, Client::of(server.address).await);
    log.ignored.store(1, Ordering::SeqCst);
    ada.machine.publish("room", Body::from("from Ada"), 1).unwrap();
    ada.transmit().await;
    while log.ignored.load(Ordering::SeqCst) > 0 {
        tokio::task::yield_now().await;
    }
    bob.machine.publish("room", Body::from("from Bob"), 2).unwrap();
    bob.until(|bob| bob.settled.len() == 1).await;
    ada.until(|ada| ada.settled.len() == 1).await;
    assert_eq!(log.tail("room").await.unwrap().borrow().offset, 2);
}

#[tokio::test]
async fn a_reader_is_served_once_the_log_answers_again() {
    let log = Arc::new(Mute {
        reads: AtomicUsize::new(1),
        locates: AtomicUsize::new(1),
        touches: AtomicUsize::new(1),
        ..Mute::default()
    });
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
    assert_eq!(log.reads.load(Ordering::SeqCst) + log.locates.load(Ordering::SeqCst), 0);
}
