//! Who gives way when there is not enough memory, and that all of it is given back.

use rejoin_protocol::wire::Since;
use rejoin_server::ConnectionLimits;
use rejoin_server::hub::{HubSettings, SessionHandle, SessionMessage};

use crate::messages::log;
use crate::server::{Server, Shouter};
use rejoin_test_support::PATIENCE;
use rejoin_test_support::client::Client;

const MEMORY: u64 = 4 << 20;

async fn server() -> Server {
    let mut limits = ConnectionLimits::default();
    limits.memory = MEMORY;
    Server::within(limits, log(), HubSettings::default()).await
}

fn session(server: &Server, client: &Client) -> SessionHandle<Shouter> {
    server.hub.session(client.machine.pair().unwrap().alias).unwrap()
}

#[tokio::test]
async fn sessions_that_hold_most_give_way_and_not_the_one_that_is_away() {
    let server = server().await;
    let mut victim = Client::of_host(1, server.address).await;
    let away = session(&server, &victim);
    victim.cut();
    away.try_send(SessionMessage::binary(vec![0; 40_000])).unwrap();
    let mut attackers = Vec::new();
    for _ in 0..6 {
        let client = Client::of_host(2, server.address).await;
        let handle = session(&server, &client);
        handle.try_send(SessionMessage::binary(vec![0; 1_000_000])).unwrap();
        // It reads nothing and acknowledges nothing.
        attackers.push((client, handle));
        assert!(server.connections.held_bytes() < MEMORY + (2 << 20));
    }
    let one_is_over = async {
        while !attackers.iter().any(|(_, session)| session.is_over()) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, one_is_over).await.expect("a session of the attacker's gives way");
    assert!(!away.is_over());
    victim.connect(server.address).await;
    victim.until(|client| !client.messages.is_empty()).await;
}

#[tokio::test]
async fn all_memory_is_given_back_when_everybody_is_gone() {
    let mut server = server().await;
    let mut clients = Vec::new();
    for host in 1..=5 {
        let mut client = Client::of_host(host, server.address).await;
        client.machine.subscribe("room", Since::All).unwrap();
        session(&server, &client).try_send(SessionMessage::binary(vec![0; 100_000])).unwrap();
        client.until(|client| !client.messages.is_empty()).await;
        clients.push(client);
    }
    assert!(server.connections.held_bytes() > 5 * (16 << 10));
    for client in &mut clients {
        client.cut();
    }
    server.stop();
    let connections = server.connections.clone();
    server.stopped().await;
    assert_eq!(connections.held_bytes(), 0);
}
