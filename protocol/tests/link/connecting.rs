//! Attempts, time-outs, back-off and what hurries or delays them.

use std::time::Duration;

use rejoin_protocol::{Closed, ClosedBy, State};

use crate::rig::{Rig, with_backoff};

#[test]
fn an_attempt_whose_timers_are_always_late_ends_all_the_same() {
    let mut rig = Rig::new(with_backoff(|_| {}));
    rig.open();
    for minute in 1..=3 {
        rig.at(minute * 60_000).timeout();
    }
    assert_eq!(rig.closed().by, ClosedBy::ConnectTimeout);
}

#[test]
fn a_late_timer_leaves_time_for_the_answer_that_lies_behind_it() {
    let mut rig = Rig::new(with_backoff(|_| {}));
    rig.open();
    rig.at(10_400).timeout();
    assert_eq!(rig.state(), State::Connecting { attempt: 1 });
    rig.accept();
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn the_second_retry_after_a_stable_connection_waits_twice_as_long_and_at_least_the_floor() {
    // Without jitter's help: the floor is so high that only a first retry can be shorter.
    let mut rig = Rig::opened(with_backoff(|backoff| backoff.floor = Duration::from_secs(2)));
    rig.at(60_000).ends(1006);
    assert!(rig.wait_millis() <= 500);
    assert!(matches!(rig.state(), State::Waiting { attempt: 1, .. }));
    rig.run_to_wake();
    rig.ends(1006);
    assert!(rig.wait_millis() >= 2_000, "{}", rig.wait_millis());
    assert!(matches!(rig.state(), State::Waiting { attempt: 2, .. }));
}

#[test]
fn a_tls_failure_before_opening_is_a_refusal_whatever_code_the_browser_gives_it() {
    assert_eq!(Closed::by_event(1015, "", false, false).by, ClosedBy::Refused);
    assert_eq!(Closed::by_event(1015, "", false, true).by, ClosedBy::Network);
}

#[test]
fn reconnect_keeps_the_queue_for_the_new_connection() {
    let mut rig = Rig::opened(with_backoff(|_| {}));
    rig.send(0, 2 << 20).unwrap();
    rig.send(1, 10).unwrap();
    rig.send(2, 10).unwrap();
    assert_eq!(rig.transmitted(), [0]);
    rig.reconnect();
    assert_eq!(rig.transmitted(), [0; 0], "handed to a connection that is being left");
    rig.accept();
    assert_eq!(rig.transmitted(), [1, 2]);
}
