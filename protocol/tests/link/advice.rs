//! What a protocol above the link has a say in: leaving a connection, and how long to stay away.

use std::time::Duration;

use rejoin_protocol::{Close, Closed, ClosedBy, Event, Input, LinkConfig, Output, State};

use crate::rig::{Rig, in_every_state, is_ping, with_keep_alive};

fn closed_for(code: u16) -> Closed {
    let mut closed = Closed::abnormal(ClosedBy::Server, true, "it broke the protocol");
    closed.code = code;
    closed
}

#[test]
fn a_connection_that_is_left_is_told_why_and_another_follows() {
    let mut rig = Rig::opened(LinkConfig::default());
    let generation = rig.newest.unwrap();
    let close = Close::new(4400, "bad frame").unwrap();
    rig.leave(close.clone(), closed_for(4400));
    assert!(rig.take().contains(&Output::Abandon { generation, close }));
    assert!(matches!(rig.state(), State::Waiting { .. }));
    assert_eq!(rig.closed().code, 4400);
    rig.stop();
    assert_eq!((rig.state(), rig.wait), (State::Closed, None));
}

#[test]
fn leaving_does_not_bring_back_what_this_end_closes() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.close(Close::normal());
    rig.leave(Close::normal(), closed_for(4400));
    assert_eq!(rig.state(), State::Closed);
}

#[test]
fn a_hint_is_waited_for_and_the_back_off_after_it() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.ends(1012);
    let own = rig.wait_millis();
    rig.put_off(Some(Duration::from_secs(7)));
    assert_eq!(rig.wait_millis(), own + 7_000);
    rig.input(Input::Online);
    rig.input(Input::Visible);
    assert_eq!(rig.wait_millis(), 7_000, "the page's events shorten the back-off's share alone");
    rig.at(7_000).timeout();
    assert!(matches!(rig.state(), State::Connecting { .. }));
}

#[test]
fn a_hint_holds_for_one_wait_and_reconnecting_by_hand_ignores_it() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.ends(1012);
    rig.put_off(Some(Duration::from_secs(3_600)));
    rig.reconnect();
    assert_eq!(rig.state(), State::Connecting { attempt: 1 });
    rig.at(2_000).ends(1006);
    rig.input(Input::Online);
    assert!(matches!(rig.state(), State::Connecting { .. }), "the old hint is forgotten");
}

#[test]
fn without_a_hint_it_is_the_cap() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.ends(1012);
    let own = rig.wait_millis();
    rig.put_off(None);
    assert_eq!(rig.wait_millis(), own + 30_000);
}

#[test]
fn what_is_not_a_wait_is_not_put_off() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        if matches!(rig.state(), State::Waiting { .. }) {
            continue;
        }
        let before = (rig.state(), rig.wait);
        rig.put_off(Some(Duration::from_secs(7)));
        assert_eq!((rig.state(), rig.wait), before, "{name}");
    }
}

#[test]
fn a_short_connection_that_proved_itself_starts_the_back_off_anew() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.ends(1006);
    assert!(matches!(rig.state(), State::Waiting { attempt: 2, .. }));
    rig.reopens();
    rig.proved();
    rig.ends(1006);
    assert!(matches!(rig.state(), State::Waiting { attempt: 1, .. }));
    rig.reopens();
    rig.ends(1006);
    assert!(matches!(rig.state(), State::Waiting { attempt: 2, .. }), "each connection proves itself");
}

#[test]
fn a_round_trip_can_be_measured_before_a_ping_is_due() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.take();
    rig.measure();
    assert_eq!(rig.count(is_ping), 1);
    rig.now = rig.now + Duration::from_millis(40);
    rig.pong();
    let told = |output: &Output<u32>| matches!(output, Output::Event(Event::RoundTrip(time)) if time.as_millis() == 40);
    assert_eq!(rig.count(told), 1);
    // Whoever answers nothing is found dead by it as by any ping.
    rig.measure();
    rig.run_to(10_040);
    assert!(matches!(rig.state(), State::Waiting { .. }), "{:?}", rig.state());
}

#[test]
fn nothing_is_measured_without_a_keep_alive_or_an_open_connection() {
    for (state, mut rig) in in_every_state(&LinkConfig::default()) {
        rig.measure();
        assert_eq!(rig.take(), [], "{state}");
    }
    for (state, mut rig) in in_every_state(&with_keep_alive()) {
        rig.measure();
        assert_eq!(rig.count(is_ping), usize::from(state == "open"), "{state}");
    }
}
