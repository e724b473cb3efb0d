//! Attempts and connections that pause because of the page.

use rejoin_protocol::{ClosedBy, Input, LinkConfig, Output, State, Time};

use crate::rig::{Rig, in_every_state, is_open, with_backoff};

const PAUSE: Input = Input::Pause { close: false };
const CLOSE: Input = Input::Pause { close: true };

fn is_paused(rig: &Rig) -> bool {
    matches!(rig.state(), State::Waiting { until: Time::NEVER, .. }) && rig.wait.is_none()
}

fn is_abandoned(output: &Output<u32>) -> bool {
    matches!(output, Output::Abandon { .. })
}

#[test]
fn paused_attempts_go_on_when_the_page_is_visible_or_resumed_and_by_no_other_hint() {
    for (hint, goes_on) in [
        (Input::Online, false),
        (Input::Offline, false),
        (Input::Hidden, false),
        (Input::Frozen, false),
        (Input::Timeout, false),
        (Input::Visible, true),
        (Input::Resumed, true),
    ] {
        let mut rig = Rig::opened(LinkConfig::default());
        rig.ends(1006);
        rig.input(PAUSE);
        assert!(is_paused(&rig), "{:?}", rig.state());
        rig.send(7, 10).unwrap();
        rig.at(3_600_000);
        rig.take();
        rig.input(hint.clone());
        assert_eq!(rig.count(is_open), usize::from(goes_on), "{hint:?}");
        if goes_on {
            rig.accept();
            assert_eq!(rig.transmitted(), [7], "what was queued is sent");
        }
    }
}

#[test]
fn an_attempt_under_way_and_a_connection_stay_unless_they_are_to_be_closed() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.input(PAUSE);
    assert_eq!(rig.state(), State::Open);
    rig.ends(1006);
    assert!(is_paused(&rig), "no attempt follows its end");

    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    rig.input(PAUSE);
    rig.ends(1006);
    assert!(is_paused(&rig));
}

#[test]
fn a_pause_that_closes_leaves_every_state_but_the_ends() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        let before = rig.state();
        rig.input(CLOSE);
        match name {
            "closed" | "closing" | "peer closing" => assert_eq!(rig.state(), before, "{name}"),
            _ => {
                assert!(is_paused(&rig), "{name}: {:?}", rig.state());
                assert_eq!(rig.count(is_abandoned), usize::from(name != "waiting"), "{name}");
                rig.at(50_000).input(Input::Resumed);
                assert_eq!(rig.count(is_open), 1, "{name}");
            }
        }
    }
}

#[test]
fn a_pause_is_no_failed_attempt() {
    let mut rig = Rig::opened(with_backoff(|backoff| backoff.max_attempts = Some(1)));
    for second in 1..4 {
        // Opened for less than the time for which a connection must be open to count.
        rig.at(second * 2_000).input(CLOSE);
        assert!(is_paused(&rig));
        assert_eq!((rig.closed().by, rig.closed().was_open), (ClosedBy::Paused, true));
        rig.input(Input::Visible);
        rig.run_to(second * 2_000 + 1_000);
        assert!(matches!(rig.state(), State::Connecting { attempt: 1 }), "{:?}", rig.state());
        rig.accept();
    }
}

#[test]
fn open_and_reconnect_end_a_pause() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.input(CLOSE);
    rig.reconnect();
    rig.ends(1006);
    assert!(!is_paused(&rig) && rig.wait.is_some());
    let mut rig = Rig::new(LinkConfig::default());
    rig.input(CLOSE);
    rig.open();
    rig.ends(1006);
    assert!(!is_paused(&rig));
}

#[test]
fn without_reconnecting_nothing_pauses() {
    let mut config = LinkConfig::default();
    config.reconnect = None;
    let mut rig = Rig::opened(config);
    rig.input(CLOSE);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_pause_after_a_stable_connection_forgets_the_failures_before_it() {
    let mut rig = Rig::opened(LinkConfig::default());
    for _ in 0..8 {
        rig.ends(1006);
        rig.run_to_wake();
        rig.ends(1006);
        rig.run_to_wake();
    }
    rig.accept();
    let later = rig.now.as_micros() / 1_000 + 7_200_000;
    rig.at(later).input(CLOSE);
    assert!(is_paused(&rig));
    rig.input(Input::Visible);
    rig.run_to(later + 1_000);
    assert!(matches!(rig.state(), State::Connecting { attempt: 1 }), "{:?}", rig.state());
}
