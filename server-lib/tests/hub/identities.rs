//! How long an identity lives, beside what the log knows of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rejoin_protocol::session::{LostReason, Settlement};
use rejoin_protocol::wire::{Answer, Body, Position, SessionId, Since};
use rejoin_server::Connections;
use rejoin_server::hub::{Hub, HubSettings};
use rejoin_server::log::{Append, Entry, Log, LogError, MemoryLog, MemoryOptions, Piece, Start};
use tokio::sync::watch;

use crate::client::Client;
use crate::server::{Server, Shouter};

const LIFE: Duration = Duration::from_millis(100);

/// A log that knows publishers for a short while.
fn forgetful() -> MemoryLog {
    let mut options = MemoryOptions::default();
    options.retention.publishers = LIFE;
    MemoryLog::new(options).unwrap()
}

fn brief() -> HubSettings {
    let mut settings = HubSettings::default();
    settings.ttl = LIFE / 4;
    settings
}

/// Trims itself behind each answer to whom it knows: the worst moment.
struct Hasty(MemoryLog);

impl Log for Hasty {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Answer, LogError>> {
        self.0.append(append)
    }

    fn locate(&self, channel: &str, since: Since) -> BoxFuture<'_, Result<Start, LogError>> {
        self.0.locate(channel, since)
    }

    fn read(&self, channel: &str, behind: Position, max: usize) -> BoxFuture<'_, Result<Piece, LogError>> {
        self.0.read(channel, behind, max)
    }

    fn read_back(
        &self,
        channel: &str,
        before: u64,
        count: usize,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, LogError>> {
        self.0.read_back(channel, before, count, max_bytes)
    }

    fn channels(&self, behind: &str, most: usize) -> BoxFuture<'_, Result<Vec<String>, LogError>> {
        self.0.channels(behind, most)
    }

    fn tail(&self, channel: &str) -> BoxFuture<'_, Result<watch::Receiver<Position>, LogError>> {
        self.0.tail(channel)
    }

    fn publisher_life(&self) -> Duration {
        self.0.publisher_life()
    }

    fn knows(&self, publisher: SessionId) -> BoxFuture<'_, Result<bool, LogError>> {
        Box::pin(async move {
            let knows = self.0.knows(publisher).await;
            self.0.trim().await?;
            knows
        })
    }

    fn touch(&self, publisher: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        self.0.touch(publisher)
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), LogError>> {
        self.0.trim()
    }
}

/// Leaves the connection for longer than an identity lives.
async fn stay_away(client: &mut Client, server: &Server) {
    let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
    client.cut();
    while !session.is_over() {
        tokio::task::yield_now().await;
    }
    tokio::time::sleep(LIFE).await;
}

#[tokio::test]
async fn an_identity_that_the_log_has_forgotten_is_not_kept_and_publishes_nothing_twice() {
    let log = Arc::new(forgetful());
    let server = Server::with(log.clone(), brief()).await;
    let mut client = Client::of(server.address).await;
    client.machine.publish("room", Body::from("once"), 7).unwrap();
    client.transmit().await;
    // Its answer is on the way when the connection is cut.
    let mut tail = log.tail("room").await.unwrap();
    tail.wait_for(|tail| tail.offset == 1).await.unwrap();
    stay_away(&mut client, &server).await;
    log.trim().await.unwrap();
    client.connect(server.address).await;
    client.until(|client| client.machine.is_live() && !client.settled.is_empty()).await;
    assert_eq!(client.lost[0].reason, LostReason::Fresh);
    assert_eq!(client.settled, [Settlement::Unknown]);
    client.machine.publish("room", Body::from("another"), 8).unwrap();
    client.until(|client| client.settled.len() == 2).await;
    assert!(matches!(client.settled[1], Settlement::Durable(at) if at.offset == 2), "{:?}", client.settled);
}

#[tokio::test]
async fn an_identity_that_is_kept_is_known_to_the_log_from_that_moment_on() {
    let log = Arc::new(Hasty(forgetful()));
    let server = Server::with(log, brief()).await;
    let mut client = Client::of(server.address).await;
    client.machine.publish("room", Body::from("first"), 7).unwrap();
    client.until(|client| client.settled.len() == 1).await;
    stay_away(&mut client, &server).await;
    client.connect(server.address).await;
    client.until(|client| client.machine.is_live()).await;
    assert_eq!(client.lost[0].reason, LostReason::Kept);
    client.machine.publish("room", Body::from("second"), 8).unwrap();
    client.until(|client| client.settled.len() == 2).await;
    assert!(matches!(client.settled[1], Settlement::Durable(at) if at.offset == 2), "{:?}", client.settled);
}

#[tokio::test]
async fn a_publisher_that_is_connected_is_touched_before_the_log_forgets_it() {
    let log = Arc::new(forgetful());
    let server = Server::with(log.clone(), brief()).await;
    let mut client = Client::of(server.address).await;
    client.machine.publish("room", Body::from("first"), 7).unwrap();
    client.until(|client| client.settled.len() == 1).await;
    tokio::time::sleep(2 * LIFE).await;
    log.trim().await.unwrap();
    client.machine.publish("room", Body::from("second"), 8).unwrap();
    client.until(|client| client.settled.len() == 2).await;
    assert!(matches!(client.settled[1], Settlement::Durable(at) if at.offset == 2), "{:?}", client.settled);
}

#[tokio::test]
async fn settings_that_contradict_those_of_the_log_are_refused() {
    let refused = |settings: HubSettings| {
        let builder = Hub::over(Shouter::default(), Arc::new(forgetful())).settings(settings);
        builder.build(&Connections::default()).unwrap_err().to_string()
    };
    let mut longer = brief();
    longer.publisher_life = Some(2 * LIFE);
    assert!(refused(longer).contains("the log forgets publishers after 100ms"));
    let error = refused(HubSettings::default());
    assert!(error.contains("retention.publishers is 100ms") && error.contains("240s"), "{error}");
}
