//! Session messages: exactly once and in order over cuts, with back-pressure, and told when they are lost.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use rejoin::session::{
    KeepAlive, LostReason, Refusal, SessionEvent, SessionLimits, SessionMessage, SessionState,
};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::common::{Place, settle, within};
use crate::rig::{builder, connect, events, recv, until};

#[wasm_bindgen_test]
async fn a_message_is_sent_and_another_received() {
    let place = Place::new();
    let mut session = connect(&place, "").await;
    session.send("hello").await.unwrap();
    assert_eq!(recv(&mut session).await, "hello");
    session.send(&b"\x00\xff"[..]).await.unwrap();
    let message = within(session.recv()).await.unwrap();
    assert_eq!(message, SessionMessage::binary(b"\x00\xff"));
}

#[wasm_bindgen_test]
async fn messages_arrive_once_and_in_order_both_ways_over_many_cuts() {
    let place = Place::new();
    let mut session = connect(&place, "?cut_every=5").await;
    // Never more than nine ahead of what has come back, so that they go in many batches however slow the machine is.
    let (count, ahead) = (300, 9);
    for number in 0..count {
        session.send(number.to_string()).await.unwrap();
        if number >= ahead {
            assert_eq!(recv(&mut session).await, (number - ahead).to_string());
        }
    }
    for number in count - ahead..count {
        assert_eq!(recv(&mut session).await, number.to_string());
    }
    let stats = place.stats("").await;
    let expected: Vec<String> = (0..count).map(|number| number.to_string()).collect();
    assert_eq!(stats.texts, expected);
    assert!(stats.opened > 3, "there were {} connections", stats.opened);
}

#[wasm_bindgen_test]
async fn what_is_sent_while_away_goes_once_it_is_back() {
    let place = Place::new();
    let mut session = builder(&place, "?refuse_first=2").open().unwrap();
    session.try_send("early").unwrap();
    assert_eq!(recv(&mut session).await, "early");
}

#[wasm_bindgen_test]
async fn bytes_that_a_deaf_connection_swallowed_are_sent_again() {
    let place = Place::new();
    let mut timing = KeepAlive::default();
    (timing.interval, timing.deadline) = (Duration::from_millis(150), Duration::from_millis(300));
    let mut session = within(builder(&place, "").keep_alive(timing).connect()).await.unwrap();
    place.command("deaf").await;
    session.send("swallowed").await.unwrap();
    assert_eq!(recv(&mut session).await, "swallowed");
    assert!(session.metrics().resent >= 1);
    assert_eq!(place.stats("").await.texts, ["swallowed"]);
}

#[wasm_bindgen_test]
async fn a_message_of_many_windows_crosses_in_fragments() {
    let place = Place::new();
    let mut session = connect(&place, "").await;
    let large = vec![7; 3 << 20];
    session.send(large.clone()).await.unwrap();
    assert_eq!(within(session.recv()).await.unwrap().body, large.into());
}

#[wasm_bindgen_test]
async fn a_server_that_takes_nothing_pushes_back_and_nothing_is_lost() {
    let place = Place::new();
    let mut limits = SessionLimits::default();
    limits.queue_bytes = 2 << 20;
    let session = within(builder(&place, "?quiet=1").limits(limits).connect()).await.unwrap();
    session.send("slow").await.unwrap();
    let payload = vec![1; 10_000];
    let mut taken = 1;
    let refused = loop {
        match session.try_send(payload.clone()) {
            Ok(()) => taken += 1,
            Err(refused) => break refused,
        }
    };
    assert_eq!((refused.reason, refused.message.body.len()), (Refusal::Full, 10_000));
    let waiting = session.handle();
    let sent = Rc::new(RefCell::new(false));
    let flag = sent.clone();
    wasm_bindgen_futures::spawn_local(async move {
        waiting.send(refused.message).await.unwrap();
        flag.replace(true);
    });
    settle().await;
    assert!(!*sent.borrow(), "there is no room");
    place.command("resume").await;
    place.stats(&format!("messages.ge.{}", taken + 1)).await;
    assert!(*sent.borrow());
}

#[wasm_bindgen_test]
async fn a_full_socket_leaves_what_waits_in_the_session() {
    let place = Place::new();
    let marks = rejoin::Watermarks::new(16 << 10, 64 << 10);
    let mut session = within(builder(&place, "").watermarks(marks).connect()).await.unwrap();
    for _ in 0..20 {
        session.try_send(vec![5; 40_000]).unwrap();
    }
    settle().await;
    for _ in 0..20 {
        assert_eq!(within(session.recv()).await.unwrap().body.len(), 40_000);
    }
}

#[wasm_bindgen_test]
async fn a_restarted_server_loses_what_was_transmitted_and_says_so() {
    let place = Place::new();
    let mut session = connect(&place, "").await;
    let events = events(&session);
    // Taken by nobody, so that it stays unreleased.
    session.send("slow").await.unwrap();
    session.send("lost").await.unwrap();
    place.stats("messages.ge.1").await;
    place.command("forget").await;
    until(&session, |state| !state.is_live()).await;
    until(&session, SessionState::is_live).await;
    let lost: Vec<_> = events
        .borrow()
        .iter()
        .filter_map(|event| match event {
            SessionEvent::Lost(lost) => Some(lost.clone()),
            _ => None,
        })
        .collect();
    assert_eq!((lost.len(), lost[0].reason), (1, LostReason::Kept));
    assert!(lost[0].unacked.contains(&SessionMessage::text("lost")));
    session.send("after").await.unwrap();
    while recv(&mut session).await != "after" {}
}

#[wasm_bindgen_test]
async fn a_fresh_identity_holds_what_waits_until_the_application_decides() {
    let place = Place::new();
    let session = connect(&place, "?fresh=1&quiet=1").await;
    let first = session.pair().unwrap().id;
    place.command("cut").await;
    until(&session, |state| !state.is_live()).await;
    session.try_send("for whom?").unwrap();
    until(&session, SessionState::is_live).await;
    assert_ne!(session.pair().unwrap().id, first);
    assert!(session.take_lost().iter().any(|lost| lost.reason == LostReason::Fresh));
    // A call would overtake it only if nothing were held.
    settle().await;
    assert_eq!(place.stats("").await.messages, 0);
    session.let_go();
    assert_eq!(place.stats("messages.ge.1").await.texts, ["for whom?"]);
}

#[wasm_bindgen_test]
async fn callbacks_get_messages_and_may_send_from_within() {
    let place = Place::new();
    let session = connect(&place, "").await;
    let (weak, seen) = (session.downgrade(), Rc::new(RefCell::new(Vec::new())));
    let list = seen.clone();
    session.set_on_message(Some(Box::new(move |message| {
        let number: u32 = message.as_text().unwrap().parse().unwrap();
        list.borrow_mut().push(number);
        if number < 5 {
            weak.upgrade().unwrap().try_send((number + 1).to_string()).unwrap();
        }
    })));
    session.try_send("0").unwrap();
    place.stats("messages.ge.6").await;
    within(async {
        while seen.borrow().len() < 6 {
            settle().await;
        }
    })
    .await;
    assert_eq!(*seen.borrow(), [0, 1, 2, 3, 4, 5]);
}

#[wasm_bindgen_test]
async fn the_keep_alive_measures_the_round_trip_and_pings_are_answered() {
    let place = Place::new();
    let mut timing = KeepAlive::default();
    timing.interval = Duration::from_millis(50);
    let session = within(builder(&place, "").keep_alive(timing).connect()).await.unwrap();
    within(async {
        while session.metrics().round_trip.is_none() {
            settle().await;
        }
    })
    .await;
    assert_eq!(session.state(), SessionState::Live);
}

#[wasm_bindgen_test]
async fn a_page_that_is_left_acknowledges_at_once() {
    let place = Place::new();
    let mut session = connect(&place, "").await;
    place.command("say&text=hello").await;
    assert_eq!(recv(&mut session).await, "hello");
    let before = session.metrics().frames_sent;
    let window = web_sys::window().unwrap();
    window.dispatch_event(&web_sys::Event::new("pagehide").unwrap()).unwrap();
    settle().await;
    assert!(session.metrics().frames_sent > before);
}

#[wasm_bindgen_test]
async fn those_who_wait_for_room_are_served_in_order() {
    let place = Place::new();
    let mut limits = SessionLimits::default();
    limits.queue_bytes = 100_000;
    let session = builder(&place, "?quiet=1&refuse_first=1").limits(limits).open().unwrap();
    session.try_send(vec![0; 60_000]).unwrap();
    for (number, size) in [60_000, 10, 20_000].into_iter().enumerate() {
        let handle = session.handle();
        let mut text = number.to_string();
        text.push_str(&" ".repeat(size));
        wasm_bindgen_futures::spawn_local(async move { handle.send(text).await.unwrap() });
    }
    let stats = place.stats("messages.ge.4").await;
    let order: Vec<&str> = stats.texts.iter().map(|text| text.trim()).collect();
    assert_eq!(order, ["(binary)", "0", "1", "2"]);
}
