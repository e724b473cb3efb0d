//! Messages of a session, and calls.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rejoin_protocol::session::{CallOutcome, ClientEvent, Ending, LostReason, SessionMessage, code};
use rejoin_protocol::wire::Body;
use rejoin_server::hub::{HubSettings, SessionEnd, SessionHandle};
use rejoin_server::log::MemoryLog;

use crate::client::Client;
use crate::server::Server;

pub(crate) fn log() -> Arc<MemoryLog> {
    Arc::new(MemoryLog::default())
}

#[tokio::test]
async fn every_message_is_answered_once_and_in_order_over_cuts() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    let mut expected = Vec::new();
    for round in 0..8 {
        for n in 0..50 {
            client.machine.send(SessionMessage::text(&format!("m{round}.{n}"))).unwrap();
            expected.push(format!("M{round}.{n}"));
        }
        client.transmit().await;
        // Some of it arrives before the cut, and some of the answers on this side of it.
        let some = client.messages.len() + 10;
        client.until(|client| client.messages.len() >= some).await;
        let _half_open = (round % 2 == 0).then(|| client.lose());
        if round % 2 == 1 {
            client.cut();
        }
        client.connect(server.address).await;
        client.until(|client| client.machine.is_live()).await;
    }
    client.until(|client| client.messages.len() >= expected.len()).await;
    assert_eq!(client.messages, expected);
    assert!(client.lost.is_empty());
    let metrics = server.hub.metrics();
    assert_eq!((metrics.fresh, metrics.resumed, metrics.kept, metrics.sessions), (1, 8, 0, 1));
    client.until(|client| client.machine.is_drained()).await;
}

#[tokio::test]
async fn a_large_message_passes_in_fragments_both_ways() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    client.machine.send(SessionMessage::text(&"x".repeat(5 << 20))).unwrap();
    client.until(|client| client.messages.len() == 1).await;
    assert_eq!(client.messages[0].len(), 5 << 20);
}

#[tokio::test]
async fn what_the_server_sends_while_the_client_is_away_waits_for_it() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
    client.cut();
    session.send(SessionMessage::text("while you were away")).await.unwrap();
    client.connect(server.address).await;
    client.until(|client| client.messages.len() == 1).await;
    assert_eq!(client.messages, ["while you were away"]);
}

#[tokio::test]
async fn a_session_that_stays_away_ends_and_its_messages_are_handed_back() {
    let mut settings = HubSettings::default();
    settings.ttl = Duration::from_millis(50);
    let server = Server::with(log(), settings).await;
    let mut client = Client::of(server.address).await;
    let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
    client.cut();
    while session.is_connected() {
        tokio::task::yield_now().await;
    }
    session.send(SessionMessage::text("too late")).await.unwrap();
    while !session.is_over() {
        tokio::task::yield_now().await;
    }
    let lost = server.hub.application().lost.lock().unwrap().pop().unwrap();
    assert_eq!((lost.reason, lost.unsent.len()), (SessionEnd::Expired, 1));
    let refused = session.try_send(SessionMessage::text("x")).unwrap_err();
    assert_eq!(refused.to_string(), "the session is over");
    client.connect(server.address).await;
    client.until(|client| client.machine.is_live()).await;
    // The id is young, so that the identity is kept.
    assert_eq!(client.lost[0].reason, LostReason::Kept);
    assert_eq!(server.hub.metrics().sessions, 1);
}

#[tokio::test]
async fn a_client_that_takes_nothing_holds_back_its_own_session_and_not_the_server() {
    let mut settings = HubSettings::default();
    settings.session.queue_bytes = 1 << 20;
    let server = Server::with(log(), settings).await;
    let mut client = Client::of(server.address).await;
    let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
    client.cut();
    let mut taken = 0;
    while session.try_send(SessionMessage::binary(vec![0; 10_000])).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, (1 << 20) / 10_032);
    assert!(server.hub.metrics().held_bytes <= 1 << 20);
    let waiting = tokio::spawn(async move { session.send(SessionMessage::text("last")).await });
    client.connect(server.address).await;
    client.until(|client| client.messages.last().is_some_and(|last| last == "last")).await;
    assert_eq!(client.messages.len(), taken + 1);
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn calls_are_answered_cancelled_and_unknown_after_a_cut() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    let minute = Duration::from_secs(60);
    let outcome = |client: &Client, id| {
        client.events.iter().find_map(|event| match event {
            ClientEvent::Called(called, outcome) if *called == id => Some(outcome.clone()),
            _ => None,
        })
    };
    let first = client.machine.call(client.now(), Body::from("what"), minute).unwrap();
    client.until(|client| outcome(client, first).is_some()).await;
    assert_eq!(outcome(&client, first), Some(CallOutcome::Answer(Body::from("you asked what"))));
    let brief = Duration::from_millis(30);
    let slow = client.machine.call(client.now(), Body::from("never"), brief).unwrap();
    client.until(|client| outcome(client, slow).is_some()).await;
    assert!(matches!(outcome(&client, slow), Some(CallOutcome::TimedOut | CallOutcome::Denied(_))));
    let cut = client.machine.call(client.now(), Body::from("never"), minute).unwrap();
    client.transmit().await;
    client.cut();
    assert_eq!(outcome(&client, cut), Some(CallOutcome::Unknown));
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_and_the_connection_goes_on() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    let question = Body::from("x".repeat((1 << 20) - 70).as_str());
    let call = client.machine.call(client.now(), question, Duration::from_secs(60)).unwrap();
    client.until(|client| client.events.len() >= 2).await;
    let outcome = client.events.last().unwrap();
    let ClientEvent::Called(called, CallOutcome::Denied(denial)) = outcome else { panic!("{outcome:?}") };
    assert_eq!((*called, denial.code), (call, 1009));
    assert!(client.machine.is_live());
}

#[tokio::test]
async fn a_draining_server_says_when_to_come_back() {
    let mut server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    server.stop();
    client.until(|client| client.closed.is_some()).await;
    assert_eq!(client.closed.as_ref().unwrap().0, code::DRAINING);
    let Some(Ending::Retry { after: Some(after), .. }) = client.ending else { panic!("{:?}", client.ending) };
    assert!(after < Duration::from_secs(5));
    server.stopped().await;
}

#[tokio::test]
async fn a_finished_session_is_over_at_once() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    client.machine.finish("bye");
    client.until(|client| client.closed.is_some()).await;
    assert_eq!(client.closed.as_ref().unwrap().0, 1000);
    assert_eq!(server.hub.metrics().sessions, 0);
}

#[tokio::test]
async fn what_came_before_a_bye_is_handled_before_the_session_ends() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    for n in 0..50 {
        client.machine.send(SessionMessage::text(&format!("last {n}"))).unwrap();
    }
    client.machine.finish("bye");
    client.until(|client| client.closed.is_some()).await;
    assert_eq!(server.hub.application().heard.load(Ordering::Relaxed), 50);
    assert_eq!(server.hub.metrics().sessions, 0);
}

#[tokio::test]
async fn a_session_that_the_application_ends_does_not_come_back_by_itself() {
    let server = Server::over(log()).await;
    let mut client = Client::of(server.address).await;
    let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
    session.end();
    client.until(|client| client.closed.is_some()).await;
    assert!(
        matches!(&client.ending, Some(Ending::Stop(denial)) if denial.code == 1000),
        "{:?}",
        client.ending
    );
    // Nor does anybody else with its credentials.
    client.connect(server.address).await;
    client.until(|client| client.machine.is_live()).await;
    assert_ne!(client.machine.pair().unwrap().alias, session.alias());
}

#[tokio::test]
async fn a_session_whose_handler_waits_for_its_client_ends_with_its_time() {
    let mut settings = HubSettings::default();
    settings.ttl = Duration::from_millis(50);
    settings.session.queue_bytes = 1 << 20;
    let server = Server::with(log(), settings).await;
    let mut client = Client::of(server.address).await;
    // Answered until the queue to a client that takes nothing is full, and then the handler waits.
    for _ in 0..60 {
        client.machine.send(SessionMessage::text(&"x".repeat(60_000))).unwrap();
    }
    let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
    let deaf = client.deaf(60).await;
    drop(deaf);
    client.cut();
    session_over(&session).await;
    assert_eq!(server.hub.metrics().held_bytes, 0);
}

async fn session_over(session: &SessionHandle<crate::server::Shouter>) {
    while !session.is_over() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn an_application_that_panics_ends_one_connection_and_leaves_no_session_behind() {
    let mut settings = HubSettings::default();
    settings.ttl = Duration::from_millis(50);
    let server = Server::with(log(), settings).await;
    let mut client = Client::of(server.address).await;
    let session = server.hub.session(client.machine.pair().unwrap().alias).unwrap();
    client.machine.call(client.now(), Body::from("panic"), Duration::from_secs(60)).unwrap();
    client.until(|client| client.closed.is_some()).await;
    session_over(&session).await;
    assert_eq!(server.hub.metrics().sessions, 0);
}

#[tokio::test]
async fn calls_whose_answers_are_not_read_cut_the_connection() {
    let mut settings = HubSettings::default();
    settings.backlog = (16_384, 200_000);
    let server = Server::with(log(), settings).await;
    let mut client = Client::of(server.address).await;
    let question = "x".repeat(60_000);
    for _ in 0..200 {
        let question = Body::from(question.as_str());
        client.machine.call(client.now(), question, Duration::from_secs(60)).unwrap();
    }
    let mut deaf = client.deaf(200).await;
    assert_eq!(deaf.raw.close_frame().await.0, 1013);
}

#[tokio::test]
async fn a_server_that_is_full_lets_the_one_go_that_has_been_away_longest() {
    let mut settings = HubSettings::default();
    settings.sessions = 2;
    let server = Server::with(log(), settings).await;
    let mut away = Client::of(server.address).await;
    let session = server.hub.session(away.machine.pair().unwrap().alias).unwrap();
    away.cut();
    while session.is_connected() {
        tokio::task::yield_now().await;
    }
    let _second = Client::of(server.address).await;
    let _third = Client::of(server.address).await;
    assert!(session.is_over());
    assert_eq!(server.hub.metrics().sessions, 2);
}

#[tokio::test]
async fn a_server_that_stops_tells_the_application_of_every_session_those_away_too() {
    let server = Server::over(log()).await;
    let hub = server.hub.clone();
    let (mut here, mut away) = (Client::of(server.address).await, Client::of(server.address).await);
    let alias = |client: &Client| client.machine.pair().unwrap().alias;
    let mut all = [alias(&here), alias(&away)];
    let session = hub.session(alias(&away)).unwrap();
    away.cut();
    while session.is_connected() {
        tokio::task::yield_now().await;
    }
    session.send(SessionMessage::text("never fetched")).await.unwrap();
    let ((), ()) = tokio::join!(server.stopped(), here.until(|here| here.closed.is_some()));
    let mut closed = std::mem::take(&mut *hub.application().closed.lock().unwrap());
    closed.sort_unstable();
    all.sort_unstable();
    assert_eq!(closed, all);
    let lost = std::mem::take(&mut *hub.application().lost.lock().unwrap());
    assert_eq!(lost.len(), 1);
    assert_eq!((lost[0].reason, lost[0].unsent.len()), (SessionEnd::Shutdown, 1));
    assert_eq!(hub.metrics().sessions, 0);
}

#[tokio::test]
async fn whoever_changes_its_token_too_often_is_closed() {
    let server = Server::over(log()).await;
    let mut client = Client::new();
    client.connect_as(server.address, Some("ada")).await;
    client.until(|client| client.machine.is_live()).await;
    for _ in 0..100 {
        client.machine.authenticate("ada".into()).unwrap();
        client.transmit().await;
    }
    client.until(|client| client.closed.is_some()).await;
    assert_eq!(client.closed.as_ref().unwrap().0, code::TOO_MANY);
}
