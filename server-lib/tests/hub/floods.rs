//! Clients that ask for more than they may: the others, and the server's memory, do not notice.

use std::sync::atomic::Ordering;
use std::time::Duration;

use rejoin_protocol::session::{CallOutcome, ChannelEvent, ClientEvent};
use rejoin_protocol::wire::{BatchWriter, Body, Denial, Frame, Position, Since, Subscribe};
use rejoin_server::hub::{HubSettings, SessionMessage};
use rejoin_server::{ConnectionLimits, Rate};

use crate::messages::log;
use crate::server::Server;
use rejoin_test_support::client::Client;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn so_many_calls_are_under_way_at_once_and_the_others_begin_in_their_turn() {
    let mut settings = HubSettings::default();
    settings.calls_at_once = 3;
    let server = Server::with(log(), settings).await;
    let asked = || server.hub.application().asked.load(Ordering::Relaxed);
    let mut client = Client::of(server.address).await;
    let first: Vec<_> =
        (0..3).map(|_| client.machine.call(client.now(), Body::from("never"), MINUTE).unwrap()).collect();
    let brief = Duration::from_millis(1);
    let late = client.machine.call(client.now(), Body::from("never"), brief).unwrap();
    let last = client.machine.call(client.now(), Body::from("last"), MINUTE).unwrap();
    let outcome = |client: &Client, id| {
        client.events.iter().find_map(|event| match event {
            ClientEvent::Called(called, outcome) if *called == id => Some(outcome.clone()),
            _ => None,
        })
    };
    client.until(|client| outcome(client, late).is_some()).await;
    assert!(!matches!(outcome(&client, late), Some(CallOutcome::Answer(_))));
    client.until(|_| asked() == 3).await;
    client.machine.cancel(first[0]);
    client.until(|client| outcome(client, last).is_some()).await;
    assert_eq!(outcome(&client, last), Some(CallOutcome::Answer(Body::from("you asked last"))));
    assert!(asked() <= 5);
}

#[tokio::test]
async fn subscriptions_beyond_their_rate_begin_later_and_not_at_all_when_they_are_taken_back() {
    let mut settings = HubSettings::default();
    settings.subscribe_rate = Some(Rate { per_second: 20.0, burst: 3 });
    let server = Server::with(log(), settings).await;
    let mut client = Client::of(server.address).await;
    let feeds: Vec<_> =
        (0..6).map(|n| client.machine.subscribe(&format!("room {n}"), Since::Now).unwrap()).collect();
    client.machine.unsubscribe(feeds[4]);
    let mut started = Vec::new();
    client
        .until(|client| {
            for (n, feed) in feeds.iter().enumerate() {
                let begun = client.machine.take_channel_event(*feed);
                started.extend(begun.filter(|event| matches!(event, ChannelEvent::Started(_))).map(|_| n));
            }
            started.len() == 5
        })
        .await;
    assert_eq!(started, [0, 1, 2, 3, 5]);
}

/// Many calls with large answers, of a client that reads nothing, from several networks.
#[tokio::test]
async fn answers_that_nobody_reads_take_no_more_memory_than_there_is() {
    const MEMORY: u64 = 32 << 20;
    let mut limits = ConnectionLimits::default();
    limits.memory = MEMORY;
    let server = Server::within(limits, log(), HubSettings::default()).await;
    let mut victim = Client::of_host(1, server.address).await;
    let mut sockets = Vec::new();
    for host in 2..26 {
        let mut client = Client::of_host(host, server.address).await;
        for _ in 0..100 {
            client.machine.call(client.now(), Body::from("much"), MINUTE).unwrap();
        }
        sockets.push(client.deaf(100).await);
        assert!(server.connections.held_bytes() <= MEMORY + (8 << 20));
    }
    // Answers of half a megabyte: without a bound there would be a gigabyte of them.
    let asked = server.hub.application().asked.load(Ordering::Relaxed);
    assert!(asked < 24 * 30, "{asked} calls were begun");
    let call = victim.machine.call(victim.now(), Body::from("me"), MINUTE).unwrap();
    victim
        .until(|client| {
            let answered = |event: &ClientEvent| matches!(event, ClientEvent::Called(id, CallOutcome::Answer(_)) if *id == call);
            client.events.iter().any(answered)
        })
        .await;
}

/// SUB and UNSUB by turns, as fast as they can be written.
#[tokio::test]
async fn pairs_of_sub_and_unsub_cost_the_server_no_more_than_the_rate_allows() {
    let mut settings = HubSettings::default();
    settings.subscribe_rate = Some(Rate { per_second: 0.1, burst: 10 });
    let server = Server::with(log(), settings).await;
    let mut attacker = Client::of(server.address).await;
    let mut socket = attacker.lose();
    let mut batch = BatchWriter::default();
    for subscription in 0..2_000 {
        batch.push(&Frame::Sub(Subscribe {
            subscription,
            channel: format!("room {}", subscription % 49),
            since: Since::Position(Position::default()),
            credit: 1 << 16,
            presence: None,
        }));
        batch.push(&Frame::Unsub { subscription, denial: Denial::new(0, "") });
    }
    batch.flush();
    while let Some(message) = batch.pop() {
        socket.send_bytes(&message).await;
    }
    let mut victim = Client::of_host(2, server.address).await;
    let feed = victim.machine.subscribe("room 1", Since::Now).unwrap();
    victim
        .until(|client| matches!(client.machine.take_channel_event(feed), Some(ChannelEvent::Started(_))))
        .await;
    let followed = server.hub.sessions().first().map(|session| session.followed().len());
    assert!(followed.unwrap() <= 11, "{followed:?}");
}

async fn crowded(sessions: usize, per_network: usize) -> Server {
    let mut settings = HubSettings::default();
    settings.sessions = sessions;
    settings.sessions_per_address = per_network;
    Server::with(log(), settings).await
}

async fn leave(server: &Server, client: &mut Client) {
    let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
    client.cut();
    while session.is_connected() {
        tokio::task::yield_now().await;
    }
}

async fn is_welcome(client: &mut Client) -> bool {
    client.until(|client| client.machine.is_live() || client.closed.is_some()).await;
    client.machine.is_live()
}

#[tokio::test]
async fn sessions_that_were_begun_and_left_do_not_keep_others_of_their_network_out() {
    let server = crowded(1_000, 20).await;
    let mut used = Client::of(server.address).await;
    used.machine.send(SessionMessage::text("used")).unwrap();
    used.until(|client| client.messages == ["USED"]).await;
    leave(&server, &mut used).await;
    for _ in 0..40 {
        let mut client = Client::of(server.address).await;
        leave(&server, &mut client).await;
    }
    assert!(server.hub.metrics().sessions <= 20);
    used.connect(server.address).await;
    assert!(is_welcome(&mut used).await);
    assert_eq!(server.hub.metrics().resumed, 1, "it has done something, and stays");
}

#[tokio::test]
async fn a_network_that_holds_all_sessions_makes_room_for_another() {
    let server = crowded(10, 10).await;
    let mut attackers = Vec::new();
    for _ in 0..10 {
        attackers.push(Client::of_host(2, server.address).await);
    }
    let mut eleventh = Client::from_host(2);
    eleventh.connect(server.address).await;
    assert!(!is_welcome(&mut eleventh).await, "of its own network nobody gives way who is connected");
    for host in 3..6 {
        let mut victim = Client::from_host(host);
        victim.connect(server.address).await;
        assert!(is_welcome(&mut victim).await);
    }
    assert_eq!(server.hub.metrics().sessions, 10);
}

#[tokio::test]
async fn a_session_that_holds_messages_never_gives_way_to_a_newcomer() {
    let server = crowded(3, 3).await;
    let mut holders = Vec::new();
    for _ in 0..3 {
        let mut client = Client::of_host(2, server.address).await;
        let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
        leave(&server, &mut client).await;
        session.try_send(SessionMessage::text("for you")).unwrap();
        holders.push(session);
    }
    let mut newcomer = Client::from_host(3);
    newcomer.connect(server.address).await;
    assert!(!is_welcome(&mut newcomer).await);
    assert!(holders.iter().all(|session| !session.is_over()));
}
