//! Publications, feeds, presence and whispers.

use std::sync::Arc;

use rejoin_protocol::session::{
    ChannelEvent, ClientConfig, ClientSession, SessionMessage, Settlement, SubscriptionId,
};
use rejoin_protocol::wire::{Body, Since};
use rejoin_server::hub::HubSettings;
use rejoin_server::log::MemoryLog;

use crate::client::Client;
use crate::server::Server;

fn log() -> Arc<MemoryLog> {
    Arc::new(MemoryLog::default())
}

#[tokio::test]
async fn every_reader_sees_every_entry_in_order_wherever_it_began() {
    let server = Server::over(log()).await;
    let (mut ada, mut bob) = (Client::of(server.address).await, Client::of(server.address).await);
    let live = bob.machine.subscribe("room", Since::Now).unwrap();
    bob.until(|bob| bob.machine.has_channel_event(live)).await;
    for n in 0..300_u64 {
        ada.machine.publish("room", Body::from(format!("{n}").as_str()), n).unwrap();
    }
    ada.until(|ada| ada.settled.len() == 300).await;
    assert!(ada.settled.iter().all(|settled| matches!(settled, Settlement::Durable(_))));
    let mut seen = Vec::new();
    bob.until(|bob| {
        seen.extend(bob.entries(live));
        seen.len() >= 300
    })
    .await;
    let all: Vec<String> = (0..300).map(|n| n.to_string()).collect();
    assert_eq!(seen, all);
    let last = bob.machine.subscribe("room", Since::Last(5)).unwrap();
    let mut seen = Vec::new();
    bob.until(|bob| {
        seen.extend(bob.entries(last));
        seen.len() >= 5
    })
    .await;
    assert_eq!(seen, all[295..]);
}

#[tokio::test]
async fn publications_go_over_a_restart_once_and_readers_miss_nothing() {
    let log = log();
    let mut server = Server::over(log.clone()).await;
    let (mut ada, mut bob) = (Client::of(server.address).await, Client::of(server.address).await);
    let feed = bob.machine.subscribe("room", Since::All).unwrap();
    let mut seen = Vec::new();
    for round in 0..5_u64 {
        for n in 0..40 {
            let text = format!("{round}.{n}");
            ada.machine.publish("room", Body::from(text.as_str()), round * 100 + n).unwrap();
        }
        ada.transmit().await;
        let some = usize::try_from(round).unwrap() * 40 + 5;
        ada.until(|ada| ada.settled.len() >= some).await;
        let next = Server::over(log.clone()).await;
        ada.cut();
        bob.cut();
        server = next;
        ada.connect(server.address).await;
        bob.connect(server.address).await;
    }
    ada.until(|ada| ada.settled.len() == 200).await;
    bob.until(|bob| {
        seen.extend(bob.entries(feed));
        seen.len() >= 200
    })
    .await;
    let all: Vec<String> = (0..5).flat_map(|round| (0..40).map(move |n| format!("{round}.{n}"))).collect();
    assert_eq!(seen, all);
    assert!(ada.settled.iter().all(|settled| matches!(settled, Settlement::Durable(_))));
    assert_eq!(server.hub.metrics().gaps, 0);
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_once_and_for_all_and_holds_up_nothing() {
    let server = Server::over(log()).await;
    let mut ada = Client::of(server.address).await;
    for (n, text) in ["first", "spam", "second"].into_iter().enumerate() {
        ada.machine.publish("room", Body::from(text), n as u64).unwrap();
    }
    ada.machine.publish("secret", Body::from("x"), 9).unwrap();
    ada.until(|ada| ada.settled.len() == 4).await;
    let refused = ada.settled.iter().filter(|settled| matches!(settled, Settlement::Refused(_))).count();
    assert_eq!(refused, 2);
    let feed = ada.machine.subscribe("secret", Since::All).unwrap();
    ada.until(|ada| ada.machine.has_channel_event(feed)).await;
    assert_eq!(ada.entries(feed), ["ended 403"]);
    // A reason that is too long for a frame is cut, not the connection.
    let feed = ada.machine.subscribe("verbose", Since::All).unwrap();
    ada.until(|ada| ada.machine.has_channel_event(feed)).await;
    assert_eq!(ada.entries(feed), ["ended 403"]);
    assert!(ada.machine.is_live());
}

#[tokio::test]
async fn whoever_publishes_too_fast_is_slowed_and_loses_nothing() {
    let mut settings = HubSettings::default();
    settings.publish_rate = Some(rejoin_server::Rate { per_second: 50.0, burst: 10 });
    let server = Server::with(log(), settings).await;
    let mut ada = Client::of(server.address).await;
    let feed = ada.machine.subscribe("room", Since::All).unwrap();
    for n in 0..30_u64 {
        ada.machine.publish("room", Body::from(n.to_string().as_str()), n).unwrap();
    }
    ada.until(|ada| ada.settled.len() == 30).await;
    let mut seen = Vec::new();
    ada.until(|ada| {
        seen.extend(ada.entries(feed));
        seen.len() >= 30
    })
    .await;
    assert_eq!(seen, (0..30).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_reader_that_takes_nothing_stops_its_own_feed_alone() {
    let server = Server::over(log()).await;
    let mut ada = Client::of(server.address).await;
    let mut bob = Client::of(server.address).await;
    let slow = bob.machine.subscribe("large", Since::All).unwrap();
    let quick = bob.machine.subscribe("small", Since::All).unwrap();
    for n in 0..20_u64 {
        ada.machine.publish("large", Body::from(vec![b'x'; 60_000]), n).unwrap();
    }
    ada.machine.publish("small", Body::from("hello"), 99).unwrap();
    ada.until(|ada| ada.settled.len() == 21).await;
    let mut seen = Vec::new();
    bob.until(|bob| {
        seen.extend(bob.entries(quick));
        !seen.is_empty()
    })
    .await;
    bob.machine.send(rejoin_protocol::session::SessionMessage::text("and messages pass")).unwrap();
    bob.until(|bob| bob.messages.len() == 1).await;
    // It was given no more than its window and one entry, and takes it up again where it stands.
    let mut large = 0;
    bob.until(|bob| {
        large += bob.entries(slow).len();
        large >= 20
    })
    .await;
    assert_eq!(large, 20);
}

#[tokio::test]
async fn people_come_and_go_and_whisper() {
    let server = Server::over(log()).await;
    let (mut ada, mut bob) = (Client::of(server.address).await, Client::of(server.address).await);
    let of_ada = ada.machine.subscribe_as("room", Since::Now, Body::from("ada")).unwrap();
    ada.until(|ada| ada.machine.members(of_ada).len() == 1).await;
    let of_bob = bob.machine.subscribe_as("room", Since::Now, Body::from("bob")).unwrap();
    bob.transmit().await;
    ada.until(|ada| ada.machine.members(of_ada).len() == 2).await;
    bob.until(|bob| bob.machine.members(of_bob).len() == 2).await;
    bob.machine.set_presence(of_bob, Body::from("bob, away")).unwrap();
    let away = |client: &mut Client| {
        client.machine.members(of_ada).iter().any(|member| &member.about[..] == b"bob, away")
    };
    bob.transmit().await;
    ada.until(away).await;
    assert!(bob.machine.volatile(Some(of_bob), Body::from("psst")));
    bob.transmit().await;
    let mut heard = Vec::new();
    ada.until(|ada| {
        heard.extend(ada.entries(of_ada));
        !heard.is_empty()
    })
    .await;
    assert_eq!(heard, ["whisper psst"]);
    bob.cut();
    ada.until(|ada| ada.machine.members(of_ada).len() == 1).await;
}

#[tokio::test]
async fn who_is_listed_later_is_told_who_is_there_from_then_on_and_misses_no_entry() {
    let server = Server::over(log()).await;
    let (mut ada, mut bob) = (Client::of(server.address).await, Client::of(server.address).await);
    let of_bob = bob.machine.subscribe_as("room", Since::Now, Body::from("bob")).unwrap();
    bob.until(|bob| bob.machine.members(of_bob).len() == 1).await;
    let of_ada = ada.machine.subscribe("room", Since::Now).unwrap();
    ada.until(|ada| ada.machine.position(of_ada).is_some()).await;
    for round in 0..20_u64 {
        let about = format!("ada {round}");
        ada.machine.set_presence(of_ada, Body::from(about.as_str())).unwrap();
        bob.machine.publish("room", Body::from(round.to_string().as_str()), round).unwrap();
        let (published, listed) = tokio::join!(
            bob.until(|bob| bob.settled.len() as u64 == round + 1),
            ada.until(|ada| ada
                .machine
                .members(of_ada)
                .iter()
                .any(|member| member.about == about.as_str().into()))
        );
        let ((), ()) = (published, listed);
    }
    assert_eq!(ada.machine.members(of_ada).len(), 2);
    bob.until(|bob| bob.machine.members(of_bob).len() == 2).await;
    let mut seen = Vec::new();
    ada.until(|ada| {
        seen.extend(ada.entries(of_ada));
        seen.len() == 20
    })
    .await;
    assert_eq!(seen, (0..20).map(|round| round.to_string()).collect::<Vec<_>>());
    // Each whisper is heard once: what watched before has gone.
    for _ in 0..2 {
        assert!(bob.machine.volatile(Some(of_bob), Body::from("psst")));
        bob.transmit().await;
    }
    ada.until(|ada| {
        seen.extend(ada.entries(of_ada));
        seen.len() >= 22
    })
    .await;
    bob.cut();
    ada.until(|ada| {
        seen.extend(ada.entries(of_ada));
        ada.machine.members(of_ada).len() == 1
    })
    .await;
    assert_eq!(seen[20..], ["whisper psst", "whisper psst"]);
}

#[tokio::test]
async fn a_slow_reader_of_a_busy_room_gets_the_newest_list_and_not_each_step() {
    let mut settings = HubSettings::default();
    settings.change_rate = None;
    // Each step of what is to come would be more than may wait.
    settings.backlog = (100, 20_000);
    settings.session.queue_bytes = 64 << 20;
    let server = Server::with(log(), settings).await;
    let mut ada = Client::of(server.address).await;
    let mut bob = Client::new();
    let mut config = ClientConfig::default();
    config.limits.window = 64 << 20;
    bob.machine = ClientSession::new(config);
    bob.connect(server.address).await;
    let of_ada = ada.machine.subscribe_as("room", Since::Now, Body::from("ada")).unwrap();
    let of_bob = bob.machine.subscribe_as("room", Since::Now, Body::from("bob")).unwrap();
    bob.until(|bob| !bob.machine.members(of_bob).is_empty()).await;
    ada.until(|ada| ada.machine.members(of_ada).len() == 2).await;
    bob.until(|bob| bob.machine.members(of_bob).len() == 2).await;
    let before = bob.presences;
    // More lies before him than the network takes: from here on nothing goes until he reads.
    let session = server.hub.session(bob.machine.pair().unwrap().alias).unwrap();
    for _ in 0..500 {
        session.try_send(SessionMessage::binary(vec![b'x'; 64 << 10])).unwrap();
    }
    let about = |n: u32| Body::from(format!("{n:0>200}").as_str());
    for n in 0..300 {
        ada.machine.set_presence(of_ada, about(n)).unwrap();
        ada.until(|ada| ada.machine.members(of_ada).iter().any(|member| member.about == about(n))).await;
    }
    let last = about(299);
    let told = |bob: &mut Client| bob.machine.members(of_bob).iter().any(|member| member.about == last);
    bob.until(|bob| bob.messages.len() == 500 && told(bob)).await;
    assert!(bob.presences - before < 150, "{} steps were told", bob.presences - before);
    assert_eq!((bob.messages.len(), &bob.closed, &ada.closed), (500, &None, &None));
}

#[tokio::test]
async fn two_hubs_over_one_log_feed_one_anothers_readers() {
    let log = log();
    let (one, two) = (Server::over(log.clone()).await, Server::over(log).await);
    let (mut ada, mut bob) = (Client::of(one.address).await, Client::of(two.address).await);
    let feed = bob.machine.subscribe("room", Since::All).unwrap();
    ada.machine.publish("room", Body::from("over there"), 1).unwrap();
    ada.until(|ada| ada.settled.len() == 1).await;
    let mut seen = Vec::new();
    bob.until(|bob| {
        seen.extend(bob.entries(feed));
        !seen.is_empty()
    })
    .await;
    assert_eq!(seen, ["over there"]);
    // In the middle of what is under way the publisher goes over to the other.
    for n in 0..100_u64 {
        ada.machine.publish("room", Body::from(n.to_string().as_str()), 10 + n).unwrap();
    }
    ada.transmit().await;
    ada.cut();
    ada.connect(two.address).await;
    ada.until(|ada| ada.settled.len() == 101).await;
    seen.clear();
    bob.until(|bob| {
        seen.extend(bob.entries(feed));
        seen.len() >= 100
    })
    .await;
    assert_eq!(seen, (0..100).map(|n| n.to_string()).collect::<Vec<_>>());
}

/// The reasons for which the server has not listed a subscriber, and whether the feed goes on.
fn refusals(client: &mut Client, feed: SubscriptionId) -> Vec<u16> {
    let mut codes = Vec::new();
    while let Some(event) = client.machine.take_channel_event(feed) {
        match event {
            ChannelEvent::NotListed(denial) => codes.push(denial.code),
            ChannelEvent::Ended(denial) => panic!("{denial:?}"),
            _ => {}
        }
    }
    codes
}

#[tokio::test]
async fn a_presence_that_the_application_refuses_is_not_listed_and_its_client_is_told() {
    let server = Server::over(log()).await;
    let (mut ada, mut bob) = (Client::of(server.address).await, Client::of(server.address).await);
    let of_ada = ada.machine.subscribe_as("room", Since::Now, Body::from("ada")).unwrap();
    ada.until(|ada| ada.machine.members(of_ada).len() == 1).await;
    for about in ["", "no name"] {
        let of_bob = bob.machine.subscribe_as("room", Since::Now, Body::from(about)).unwrap();
        bob.transmit().await;
        bob.until(|bob| refusals(bob, of_bob) == [403]).await;
        // It sees who is there, and is not among them.
        bob.until(|bob| bob.machine.members(of_bob).len() == 1).await;
        bob.machine.set_presence(of_bob, Body::from("bob")).unwrap();
        bob.transmit().await;
        ada.until(|ada| ada.machine.members(of_ada).len() == 2).await;
        // What it was listed with stays.
        bob.machine.set_presence(of_bob, Body::from(about)).unwrap();
        bob.transmit().await;
        bob.until(|bob| refusals(bob, of_bob) == [403]).await;
        let mut abouts: Vec<_> =
            bob.machine.members(of_bob).iter().map(|member| member.about.to_vec()).collect();
        abouts.sort();
        assert_eq!(abouts, [b"ada", b"bob"]);
        bob.machine.unsubscribe(of_bob);
        bob.transmit().await;
        ada.until(|ada| ada.machine.members(of_ada).len() == 1).await;
    }
}
