//! What the account says that waiting messages take is what they take of the process' resident memory.
#![cfg(target_os = "linux")] // It reads /proc.
#![allow(clippy::unwrap_used)] // A helper that fails is a test that fails.

mod common;

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use common::server::TestServer;
use rejoin_protocol::Time;
use rejoin_protocol::session::{ClientConfig, ClientSession};
use rejoin_server::hub::{Application, AuthError, Credentials, Hub, HubSettings, Identity, SessionMessage};
use rejoin_server::log::MemoryLog;
use rejoin_server::{Acceptor, ConnectionLimits, Connections, Limits, ServeLimits, Upgrade};
use rejoin_test_support::PATIENCE;
use rejoin_test_support::raw::{BINARY, FIN, Raw};
use tokio::sync::mpsc;

/// So much the account may differ from what it counts.
const TOLERANCE: f64 = 0.2;

struct Case {
    bytes: usize,
    count: usize,
}

const CASES: [Case; 3] = [
    Case { bytes: 1, count: 250_000 },
    Case { bytes: 1 << 10, count: 25_000 },
    Case { bytes: 1 << 20, count: 25 },
];

fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() * 1024.0
}

/// Compares the growth of both.
struct Growth<'a> {
    what: String,
    connections: &'a Connections,
    held: f64,
    resident: f64,
}

impl<'a> Growth<'a> {
    fn begin(what: &str, case: &Case, connections: &'a Connections) -> Self {
        let what = format!("{what}, {} bytes", case.bytes);
        Self { what, connections, held: held(connections), resident: resident() }
    }

    fn end(self, wrong: &mut Vec<String>) {
        let (held, resident) = (held(self.connections) - self.held, resident() - self.resident);
        let ratio = held / resident;
        if (ratio - 1.0).abs() > TOLERANCE {
            wrong.push(format!("{}: account {held:.0}, resident {resident:.0}", self.what));
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "megabytes")]
fn held(connections: &Connections) -> f64 {
    connections.held_bytes() as f64
}

fn connections() -> Connections {
    let mut limits = ConnectionLimits::default();
    (limits.memory, limits.memory_per_network) = (4 << 30, 4 << 30);
    Connections::new(limits).unwrap()
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_message_bytes = 2 << 20;
    (limits.receive_queue_bytes, limits.send_queue_bytes) = (1 << 30, 1 << 30);
    (limits.receive_queue_messages, limits.send_queue_messages) = (1 << 20, 1 << 20);
    limits.rate = None;
    limits
}

/// Messages that wait for a handler.
async fn received(case: &Case, wrong: &mut Vec<String>) -> Box<dyn std::any::Any> {
    let connections = connections();
    let acceptor = Acceptor::new(&connections).limits(limits()).unwrap();
    let server = TestServer::start(&connections, acceptor, |_connection| std::future::pending()).await;
    let mut client = Raw::open(server.address).await;
    let frame = Raw::masked(FIN | BINARY, &vec![7; case.bytes]);
    let some = frame.repeat((64 << 10) / frame.len() + 1);
    let per_write = some.len() / frame.len();
    let growth = Growth::begin("received", case, &connections);
    let mut sent = 0;
    while sent < case.count {
        client.write(&some).await;
        sent += per_write;
    }
    // Until all that was written has come out of the decoder.
    let mut before = 0.0;
    while held(&connections) > before {
        before = held(&connections);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    growth.end(wrong);
    Box::new((server, client))
}

/// Messages that wait for a peer that reads nothing.
async fn sent(case: &Case, wrong: &mut Vec<String>) -> Box<dyn std::any::Any> {
    let connections = connections();
    let acceptor = Acceptor::new(&connections).limits(limits()).unwrap();
    let (senders, mut sender) = mpsc::unbounded_channel();
    let server = TestServer::start(&connections, acceptor, move |connection| {
        senders.send(connection.sender()).unwrap();
        std::future::pending()
    })
    .await;
    let client = Raw::open(server.address).await;
    let sender = tokio::time::timeout(PATIENCE, sender.recv()).await.unwrap().unwrap();
    // What the system's buffers take, and the encoder's, is there before it is measured.
    for _ in 0..10_000 {
        sender.try_send(vec![7; 1_000]).unwrap();
    }
    while sender.queued_bytes() > 0 && sender.queued_bytes() < 1 << 20 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
    let growth = Growth::begin("sent", case, &connections);
    for _ in 0..case.count {
        sender.try_send(vec![7; case.bytes]).unwrap();
    }
    growth.end(wrong);
    Box::new((server, client))
}

struct Silent;

impl Application for Silent {
    type Context = ();

    async fn authenticate(&self, _: Credentials<'_>) -> Result<Identity<()>, AuthError> {
        Ok(Identity::anonymous(()))
    }
}

/// Messages to the client of a session that is away.
async fn away(case: &Case, wrong: &mut Vec<String>) -> Box<dyn std::any::Any> {
    let connections = connections();
    let mut settings = HubSettings::default();
    (settings.session.queue_bytes, settings.session.queue_messages) = (1 << 30, 1 << 20);
    let hub = Hub::builder(Silent, MemoryLog::default()).settings(settings).build(&connections).unwrap();
    let accept = |State(hub): State<Hub<Silent>>, upgrade: Upgrade| async move { hub.accept(upgrade) };
    let router = Router::new().route("/", get(accept)).with_state(hub.clone());
    let server = TestServer::of(&connections, router, ServeLimits::default()).await;
    let mut client = Raw::connect(server.address).await;
    let request = client.good_request("Sec-WebSocket-Protocol: rejoin.v1\r\n");
    assert_eq!(client.request(&request).await.status, 101);
    let mut machine = ClientSession::new(ClientConfig::default());
    machine.connected(Time::from_millis(1), None);
    let mut hello = Vec::new();
    machine.poll_transmit(Time::from_millis(1)).unwrap().encode(&mut hello);
    client.send(FIN | BINARY, &hello).await;
    client.next().await.unwrap();
    let session = hub.sessions().pop().unwrap();
    drop(client);
    while session.is_connected() {
        tokio::task::yield_now().await;
    }
    let growth = Growth::begin("session", case, &connections);
    for _ in 0..case.count {
        session.try_send(SessionMessage::binary(vec![7; case.bytes])).unwrap();
    }
    growth.end(wrong);
    Box::new((server, session, hub))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_account_is_what_messages_take_of_the_resident_memory() {
    let mut wrong = Vec::new();
    // Kept to the end: what was freed would be used again, and not grow.
    let mut kept = Vec::new();
    for case in &CASES {
        kept.push(received(case, &mut wrong).await);
        kept.push(sent(case, &mut wrong).await);
        kept.push(away(case, &mut wrong).await);
    }
    assert_eq!(wrong, [""; 0]);
}
