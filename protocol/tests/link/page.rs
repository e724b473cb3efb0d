//! Attempts and connections that pause while the page is hidden for long or cached, and pages that may be left.

use std::time::Duration;

use rejoin_protocol::{ClosedBy, Input, LinkConfig, Output, State, Time};

use crate::rig::{Rig, in_every_state, is_open, with_backoff};

const MINUTE: Duration = Duration::from_secs(60);

/// Attempts every second.
fn each_second() -> LinkConfig {
    with_backoff(|backoff| {
        backoff.floor = Duration::from_secs(1);
        backoff.first_floor = Duration::from_secs(1);
        backoff.first = Duration::from_micros(1);
        backoff.cap = Duration::from_micros(1);
    })
}

fn pauses_attempts() -> LinkConfig {
    let mut config = each_second();
    config.pause_hidden_after = Some(MINUTE);
    config
}

fn closes() -> LinkConfig {
    let mut config = each_second();
    config.close_hidden_after = Some(MINUTE);
    config
}

fn is_paused(rig: &Rig) -> bool {
    matches!(rig.state(), State::Waiting { until: Time::NEVER, .. }) && rig.wait.is_none()
}

fn is_abandoned(output: &Output<u32>) -> bool {
    matches!(output, Output::Abandon { .. })
}

/// Lets every attempt fail until a moment.
fn fail_until(rig: &mut Rig, seconds: u64) -> usize {
    let end = Time::from_millis(seconds * 1_000);
    let mut attempts = 0;
    while rig.wait.is_some_and(|wake| wake <= end) {
        rig.run_to_wake();
        if matches!(rig.state(), State::Connecting { .. }) {
            attempts += 1;
            rig.ends(1006);
        }
    }
    rig.now = end;
    attempts
}

#[test]
fn attempts_pause_while_the_page_is_hidden_for_long_and_go_on_when_it_is_visible() {
    let mut rig = Rig::opened(pauses_attempts());
    rig.at(10_000).input(Input::Hidden);
    rig.ends(1006);
    let before = fail_until(&mut rig, 75);
    assert!((55..=60).contains(&before), "{before} attempts within the first minute of being hidden");
    assert!(is_paused(&rig), "{:?}", rig.state());
    rig.send(7, 10).unwrap();
    assert_eq!(fail_until(&mut rig, 3_600), 0);
    for hint in [Input::Online, Input::Offline, Input::Resumed, Input::Hidden] {
        let mut rig = Rig::opened(pauses_attempts());
        rig.input(Input::Hidden);
        rig.at(61_000).ends(1006);
        rig.take();
        rig.input(hint.clone());
        let expected = usize::from(hint == Input::Resumed);
        assert_eq!(rig.count(is_open), expected, "{hint:?}");
    }
    rig.take();
    rig.input(Input::Visible);
    rig.accept();
    assert_eq!(rig.transmitted(), [7], "what was queued is sent");
}

#[test]
fn a_timer_that_comes_late_in_a_hidden_page_makes_no_attempt() {
    let mut rig = Rig::opened(pauses_attempts());
    rig.input(Input::Hidden);
    rig.at(59_900).ends(1006);
    rig.take();
    rig.at(120_000).timeout();
    assert!(is_paused(&rig) && rig.count(is_open) == 0);
}

#[test]
fn a_page_that_is_hidden_shortly_pauses_nothing() {
    let mut rig = Rig::opened(closes());
    rig.input(Input::Hidden);
    rig.run_to(59_999);
    rig.input(Input::Visible);
    rig.run_to(600_000);
    assert_eq!((rig.state(), rig.wait), (State::Open, None));
}

#[test]
fn an_open_connection_stays_open_unless_it_is_to_be_closed() {
    let mut rig = Rig::opened(pauses_attempts());
    rig.input(Input::Hidden);
    rig.run_to(3_600_000);
    assert_eq!(rig.state(), State::Open);

    let mut rig = Rig::opened(closes());
    rig.input(Input::Hidden);
    rig.run_to(60_000);
    assert!(is_paused(&rig));
    assert_eq!((rig.closed().by, rig.closed().was_open), (ClosedBy::Paused, true));
    assert_eq!(rig.count(is_abandoned), 1);
    rig.input(Input::Visible);
    assert_eq!(rig.count(is_open), 1);
}

#[test]
fn a_pause_is_no_failed_attempt() {
    let mut config = closes();
    config.reconnect.as_mut().unwrap().max_attempts = Some(1);
    let mut rig = Rig::opened(config);
    rig.input(Input::Hidden);
    rig.now = Time::from_millis(60_000);
    // Opened and paused within the time for which a connection must be open to count.
    rig.reconnect();
    rig.accept();
    for _ in 0..3 {
        rig.input(Input::Cached);
        assert!(is_paused(&rig));
        rig.now = rig.now + Duration::from_secs(2);
        rig.input(Input::Resumed);
        assert!(matches!(rig.state(), State::Connecting { attempt: 1 }), "{:?}", rig.state());
        rig.accept();
    }
}

#[test]
fn reconnect_ends_a_pause_and_the_time_begins_again() {
    let mut rig = Rig::opened(closes());
    rig.input(Input::Hidden);
    rig.run_to(60_000);
    rig.reconnect();
    rig.accept();
    rig.run_to(119_000);
    assert_eq!(rig.state(), State::Open);
    rig.run_to(120_000);
    assert!(is_paused(&rig));
}

#[test]
fn a_cached_page_has_no_connection_and_makes_no_attempt_until_it_runs_again() {
    for (name, mut rig) in in_every_state(&each_second()) {
        let before = rig.state();
        rig.input(Input::Cached);
        match name {
            "closed" | "closing" => assert_eq!(rig.state(), before, "{name}"),
            _ => {
                assert!(is_paused(&rig), "{name}: {:?}", rig.state());
                let had_socket = name != "waiting";
                assert_eq!(rig.count(is_abandoned), usize::from(had_socket), "{name}");
                rig.at(50_000).timeout();
                rig.input(Input::Online);
                assert!(is_paused(&rig), "{name}");
                rig.input(Input::Resumed);
                assert_eq!(rig.count(is_open), 1, "{name}");
            }
        }
    }
}

#[test]
fn without_reconnecting_nothing_pauses() {
    let mut config = closes();
    config.reconnect = None;
    let mut rig = Rig::opened(config);
    rig.input(Input::Hidden);
    rig.input(Input::Cached);
    rig.run_to(3_600_000);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn an_end_while_the_page_may_be_left_counts_a_second_later() {
    for code in [1001, 1006] {
        let mut rig = Rig::opened(each_second());
        rig.at(20_000).input(Input::Leaving);
        rig.take();
        rig.at(20_050).ends(code);
        assert_eq!(rig.state(), State::Closing, "what is said is true: the socket takes nothing more");
        rig.send(1, 10).unwrap();
        rig.run_to(20_999);
        assert_eq!((rig.state(), rig.closed_count()), (State::Closing, 0));
        rig.run_to(21_000);
        assert!(matches!(rig.state(), State::Waiting { .. }));
        assert_eq!(rig.closed().code, code);
        rig.run_to_wake();
        rig.accept();
        assert_eq!(rig.transmitted(), [1]);
    }
}

#[test]
fn a_page_that_was_not_left_is_treated_as_before() {
    let mut rig = Rig::opened(each_second());
    rig.input(Input::Leaving);
    rig.at(1_000).ends(1001);
    assert!(matches!(rig.state(), State::Waiting { .. }), "the second is over");
    let mut rig = Rig::opened(each_second());
    rig.input(Input::Leaving);
    rig.ends(1001);
    rig.reconnect();
    rig.accept();
    rig.peer_closing();
    rig.run_to(5_500);
    assert_eq!(rig.closed().by, ClosedBy::CloseTimeout, "the end of an earlier socket is forgotten");
}

#[test]
fn closing_while_an_end_is_held_back_closes_for_good() {
    let mut rig = Rig::opened(each_second());
    rig.input(Input::Leaving);
    rig.ends(1001);
    rig.close(rejoin_protocol::Close::normal());
    rig.run_to(1_000);
    assert_eq!((rig.state(), rig.closed().by), (State::Closed, ClosedBy::Caller));
}
