//! How long an identity lives, beside what the log knows of it.

use std::sync::Arc;
use std::time::Duration;

use rejoin_protocol::session::{LostReason, Settlement};
use rejoin_protocol::wire::Body;
use rejoin_server::Connections;
use rejoin_server::hub::{Hub, HubSettings};
use rejoin_server::log::{Log, MemoryLog, MemoryOptions};
use rejoin_test_support::fault_log::{FaultLog, LogCall, LogFault};
use rejoin_test_support::within;

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
    let log = Arc::new(FaultLog::over(forgetful()));
    let server = Server::with(log.clone(), brief()).await;
    let mut client = Client::of(server.address).await;
    client.machine.publish("room", Body::from("first"), 7).unwrap();
    client.until(|client| client.settled.len() == 1).await;
    stay_away(&mut client, &server).await;
    log.strike(LogCall::Knows, LogFault::Hold, 1);
    client.connect(server.address).await;
    // The worst moment for it: the log says that it knows the session, and the hub has not heard so yet.
    let trimmed = async {
        within(log.met(LogCall::Knows)).await;
        log.trim().await.unwrap();
        log.resume();
    };
    tokio::join!(client.until(|client| client.machine.is_live()), trimmed);
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
