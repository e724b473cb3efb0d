//! Coming back: after cuts and restarts, with what was queued meanwhile.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rejoin::session::SessionState;
use rejoin::{Backoff, Builder, Event, KeepAlive, Socket, State, Target, TargetError};

use crate::rig::{FREEZE, THAW, at_once, is_closed, is_open, next_text, on_one_thread, until};
use crate::server::Server;
use crate::session_rig::{self, World};
use rejoin_test_support::proxy::{Fault, Proxy};
use rejoin_test_support::within;

#[test]
fn a_cut_connection_comes_back_and_what_was_queued_goes() {
    on_one_thread(async {
        let server = Server::echo().await;
        let proxy = Proxy::start(server.address).await.unwrap();
        let mut socket = Socket::builder(proxy.url("/")).reconnect(at_once()).connect().await.unwrap();
        proxy.lead(None);
        proxy.strike(Fault::Reset);
        until(&socket, |state| !is_open(state)).await;
        for number in 0..10 {
            socket.try_send(number.to_string()).unwrap();
        }
        assert_eq!(socket.queued().0, 10);
        proxy.lead(Some(server.address));
        for number in 0..10 {
            assert_eq!(next_text(&mut socket).await, number.to_string());
        }
        assert_eq!(socket.metrics().opened, 2);
    });
}

#[test]
fn a_restarted_server_is_found_again() {
    on_one_thread(async {
        let first = Server::echo().await;
        let proxy = Proxy::start(first.address).await.unwrap();
        let mut socket = Socket::builder(proxy.url("/")).reconnect(at_once()).connect().await.unwrap();
        let second = Server::echo().await;
        proxy.lead(Some(second.address));
        first.stop().await;
        until(&socket, |state| !is_open(state)).await;
        assert_eq!(socket.metrics().last_closed.unwrap().code, 1012);
        until(&socket, is_open).await;
        socket.send("still here").await.unwrap();
        assert_eq!(next_text(&mut socket).await, "still here");
    });
}

#[test]
fn every_event_comes_in_order_and_handlers_may_call_in() {
    on_one_thread(async {
        let server = Server::echo().await;
        let socket = Socket::builder(server.url("/")).reconnect(at_once()).connect().await.unwrap();
        let (events, weak) = (Rc::new(RefCell::new(Vec::new())), socket.downgrade());
        let list = events.clone();
        socket.set_on_event(Some(Box::new(move |event| {
            let opened = matches!(&event, Event::State(State::Open));
            list.borrow_mut().push(event);
            if let Some(handle) = weak.upgrade().filter(|_| opened) {
                handle.try_send("close").unwrap();
            }
        })));
        socket.send("restart").await.unwrap();
        until(&socket, is_closed).await;
        let words: Vec<&str> = events
            .borrow()
            .iter()
            .map(|event| match event {
                Event::Disconnected(closed) if closed.code == 1012 => "1012",
                Event::Disconnected(closed) if closed.code == 4001 => "4001",
                Event::State(State::Waiting { .. }) => "waiting",
                Event::State(State::Connecting { .. }) => "connecting",
                Event::State(State::Open) => "open",
                Event::State(State::Closing) => "closing",
                Event::State(State::Closed(_)) => "closed",
                _ => "other",
            })
            .collect();
        let expected = ["closing", "1012", "waiting", "connecting", "open", "closing", "4001", "closed"];
        assert_eq!(words, expected);
    });
}

#[test]
fn a_token_is_asked_for_with_each_attempt_and_sent_first() {
    on_one_thread(async {
        let server = Server::echo().await;
        let proxy = Proxy::start(server.address).await.unwrap();
        let url = proxy.url("/");
        let builder = Builder::asking(move |attempt| {
            let url = url.clone();
            async move {
                if attempt == 2 {
                    return Err(TargetError("no token at present".into()));
                }
                Ok(Target::new(url).first(format!("token {attempt}")))
            }
        });
        let mut socket = builder.reconnect(at_once()).connect().await.unwrap();
        assert_eq!(next_text(&mut socket).await, "token 1");
        proxy.strike(Fault::Reset);
        assert_eq!(next_text(&mut socket).await, "token 3");
    });
}

#[test]
fn a_silent_server_is_left_when_the_keep_alive_says_so() {
    on_one_thread(async {
        let server = Server::echo().await;
        let proxy = Proxy::start(server.address).await.unwrap();
        let keep_alive = KeepAlive::text("ping", "ping")
            .interval(Duration::from_millis(20))
            .deadline(Duration::from_millis(200));
        let builder = Socket::builder(proxy.url("/")).keep_alive(keep_alive).reconnect(at_once());
        let socket = builder.connect().await.unwrap();
        within(async {
            while socket.metrics().round_trip.is_none() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        proxy.strike(FREEZE);
        let State::Waiting { last, .. } =
            until(&socket, |state| matches!(state, State::Waiting { .. })).await
        else {
            panic!()
        };
        assert_eq!(last.by, rejoin::ClosedBy::KeepAlive);
        proxy.strike(THAW);
        until(&socket, is_open).await;
    });
}

#[test]
fn reconnecting_by_hand_goes_over_a_new_connection() {
    on_one_thread(async {
        let server = Server::echo().await;
        let proxy = Proxy::start(server.address).await.unwrap();
        let mut socket = Socket::connect(proxy.url("/")).await.unwrap();
        socket.reconnect();
        until(&socket, is_open).await;
        socket.send("again").await.unwrap();
        assert_eq!(next_text(&mut socket).await, "again");
        assert_eq!(proxy.forwarded(), 2);
    });
}

#[test]
fn a_session_says_when_it_tries_again_and_does_so_at_once_if_it_is_told() {
    on_one_thread(async {
        let world = World::new().await;
        let hour = Duration::from_secs(3_600);
        let seldom =
            Backoff::default().with_first(Duration::from_millis(1)).with_floor(hour).with_first_floor(hour);
        let session = within(world.builder().reconnect(seldom).connect()).await.unwrap();
        assert_eq!(session.retry_in(), None);
        world.proxy.lead(None);
        world.proxy.strike(Fault::Reset);
        let waits = |state: &SessionState| matches!(state, SessionState::Waiting { .. });
        session_rig::until(&session, waits).await;
        let left = session.retry_in().unwrap();
        assert!(left > hour / 2 && left <= hour + Duration::from_millis(1), "{left:?}");
        world.proxy.lead(Some(world.hub.server.address));
        session.reconnect();
        session_rig::until(&session, SessionState::is_live).await;
        assert_eq!(session.retry_in(), None);
    });
}
