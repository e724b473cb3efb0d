//! Attempts, time-outs and back-off.

use std::time::Duration;

use rejoin_protocol::{Backoff, Closed, ClosedBy, Event, LinkConfig, Output, State};

use crate::rig::{Rig, in_every_state, is_open, states, unsent, with_backoff};

#[test]
fn opening_asks_for_a_socket_and_transmits_what_was_sent_meanwhile_in_order() {
    let mut rig = Rig::new(LinkConfig::default());
    assert_eq!((rig.state(), rig.wait), (State::Closed, None));
    rig.open();
    let generation = rig.newest.unwrap();
    let state = State::Connecting { attempt: 1 };
    assert_eq!(rig.take(), [Output::Open { generation, attempt: 1 }, Output::Event(Event::State(state))]);
    for message in 0..3 {
        rig.send(message, 10).unwrap();
    }
    assert_eq!(rig.transmitted(), [0; 0]);
    rig.accept();
    let transmit = |message| Output::Transmit { generation, message, len: 10 };
    assert_eq!(rig.take(), [Output::Event(Event::State(State::Open)), transmit(0), transmit(1), transmit(2)]);
    assert_eq!(rig.wait, None, "nothing to come back for");
}

#[test]
fn open_changes_nothing_unless_the_link_is_closed() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        let before = rig.state();
        rig.open();
        match name {
            "closed" => assert_eq!(rig.count(is_open), 1),
            _ => assert_eq!((rig.state(), rig.take()), (before, Vec::new()), "{name}"),
        }
    }
}

#[test]
fn reconnect_tries_at_once_in_every_state_and_leaves_the_socket_that_there_was() {
    for (name, mut rig) in in_every_state(&LinkConfig::default()) {
        let had_socket = rig.link.generation();
        rig.reconnect();
        assert_eq!(rig.state(), State::Connecting { attempt: 1 }, "{name}");
        let out = rig.take();
        let left: Vec<_> = out
            .iter()
            .filter_map(|output| match output {
                Output::Abandon { generation, .. } => Some(*generation),
                _ => None,
            })
            .collect();
        assert_eq!(left, had_socket.into_iter().collect::<Vec<_>>(), "{name}");
        assert_eq!(out.iter().filter(|output| is_open(output)).count(), 1, "{name}");
        if had_socket.is_some() {
            let was_open = name != "connecting";
            assert_eq!((rig.closed().by, rig.closed().was_open), (ClosedBy::Caller, was_open), "{name}");
        }
        rig.accept();
        assert_eq!(rig.state(), State::Open, "{name}");
    }
}

#[test]
fn reconnect_keeps_the_queue_for_the_new_connection() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.send(0, 2 << 20).unwrap();
    rig.send(1, 10).unwrap();
    rig.send(2, 10).unwrap();
    assert_eq!(rig.transmitted(), [0]);
    rig.reconnect();
    assert_eq!(rig.transmitted(), [0; 0], "handed to a connection that is being left");
    assert_eq!(rig.closed().unsent_bytes, 2 << 20);
    rig.accept();
    assert_eq!(rig.transmitted(), [1, 2]);
}

#[test]
fn an_attempt_that_nobody_answers_is_left_at_the_time_out_and_another_follows() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    rig.take();
    let generation = rig.newest.unwrap();
    rig.run_to(9_999);
    assert_eq!(rig.take(), []);
    rig.run_to(10_000);
    let out = rig.take();
    assert!(matches!(&out[0], Output::Abandon { generation: left, .. } if *left == generation));
    assert_eq!((rig.closed().by, rig.closed().code), (ClosedBy::ConnectTimeout, 1006));
    assert!(!rig.closed().was_open && !rig.closed().gave_up);
    assert!(rig.wait_millis() <= 500);
    rig.run_to_wake();
    assert_eq!(rig.state(), State::Connecting { attempt: 2 });
}

#[test]
fn an_attempt_whose_timers_are_always_late_ends_all_the_same() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    for minute in 1..=3 {
        rig.at(minute * 60_000).timeout();
    }
    assert_eq!(rig.closed().by, ClosedBy::ConnectTimeout);
}

#[test]
fn a_late_timer_leaves_time_for_the_answer_that_lies_behind_it() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    rig.at(10_400).timeout();
    assert_eq!(rig.state(), State::Connecting { attempt: 1 });
    rig.accept();
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn retries_stay_within_their_ceiling_and_above_the_floor_for_ever() {
    let backoff = Backoff::default();
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    for retry in 1..=10_000 {
        rig.ends(1006);
        let floor = if retry == 1 { Duration::ZERO } else { backoff.floor };
        let wait = Duration::from_millis(rig.wait_millis());
        assert!(wait <= backoff.ceiling(retry) + floor && wait >= floor, "{wait:?} at retry {retry}");
        let State::Waiting { attempt, .. } = rig.state() else { panic!("{:?}", rig.state()) };
        assert_eq!(attempt, retry + 1);
        rig.run_to_wake();
        assert_eq!(rig.state(), State::Connecting { attempt });
    }
}

#[test]
fn two_seeds_wait_differently_and_one_seed_waits_alike() {
    let waits = |seed| {
        let mut config = LinkConfig::default();
        config.seed = seed;
        let mut rig = Rig::new(config);
        rig.open();
        std::array::from_fn::<u64, 8, _>(|_| {
            rig.ends(1006);
            let wait = rig.wait_millis();
            rig.run_to_wake();
            wait
        })
    };
    assert_eq!(waits(1), waits(1));
    assert_ne!(waits(1), waits(2));
}

#[test]
fn attempts_count_anew_only_after_a_stable_time() {
    for (uptime, attempt) in [(9_999, 4), (10_000, 1)] {
        let mut rig = Rig::new(LinkConfig::default());
        rig.open();
        for _ in 0..2 {
            rig.ends(1006);
            rig.run_to_wake();
        }
        rig.accept();
        let opened = rig.now.as_micros() / 1_000;
        // The clock counts microseconds; the last retry began within one.
        rig.now = rig.now + Duration::from_millis(uptime);
        rig.ends(1006);
        let State::Waiting { attempt: next, .. } = rig.state() else { panic!("{:?}", rig.state()) };
        assert_eq!(next, attempt, "open for {uptime} ms since {opened} ms");
    }
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
fn open_and_reconnect_start_the_waits_anew() {
    let again = [Rig::open as fn(&mut Rig), Rig::reconnect];
    for begin in again {
        let mut rig = Rig::new(with_backoff(|backoff| backoff.floor = Duration::from_secs(2)));
        rig.open();
        rig.ends(1006);
        rig.run_to_wake();
        rig.ends(1006);
        assert!(rig.wait_millis() >= 2_000);
        rig.stop();
        begin(&mut rig);
        assert_eq!(rig.state(), State::Connecting { attempt: 1 });
        rig.ends(1006);
        assert!(rig.wait_millis() <= 500);
    }
}

#[test]
fn a_server_that_accepts_and_closes_is_not_hammered() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    let mut attempts = 1;
    while rig.now.as_micros() < 3_600_000_000 {
        rig.accept();
        rig.ends(1011);
        rig.run_to_wake();
        attempts += rig.count(is_open);
    }
    // A mean of 15.1 s at the cap: 240 in an hour.
    assert!((200..300).contains(&attempts), "{attempts} attempts in an hour");
}

#[test]
fn after_the_last_attempt_the_link_gives_up_and_reconnect_still_works() {
    let mut rig = Rig::new(with_backoff(|backoff| backoff.max_attempts = Some(3)));
    rig.open();
    rig.send(7, 1).unwrap();
    for _ in 0..2 {
        rig.ends(1006);
        assert!(!rig.closed().gave_up);
        rig.run_to_wake();
    }
    rig.take();
    rig.ends(1006);
    assert_eq!((rig.state(), rig.wait), (State::Closed, None));
    assert!(rig.closed().gave_up);
    assert_eq!(unsent(rig.take()), [7]);
    rig.reconnect();
    assert_eq!(rig.state(), State::Connecting { attempt: 1 });
    rig.ends(1006);
    assert!(matches!(rig.state(), State::Waiting { attempt: 2, .. }), "has all attempts again");
}

#[test]
fn a_link_without_a_policy_never_comes_back_by_itself() {
    let mut config = LinkConfig::default();
    config.reconnect = None;
    let mut rig = Rig::opened(config);
    rig.ends_with(Closed::by_event(1006, "", false, true), Some(true));
    assert_eq!((rig.state(), rig.wait, rig.closed().gave_up), (State::Closed, None, false));
}

#[test]
fn every_state_is_told_once_and_in_order() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    rig.accept();
    rig.ends(1006);
    rig.run_to_wake();
    rig.accept();
    rig.ends(1000);
    let told = states(&rig.take());
    let expected = |state: &State| match state {
        State::Connecting { attempt } => format!("connecting {attempt}"),
        State::Waiting { attempt, .. } => format!("waiting {attempt}"),
        other => format!("{other:?}").to_lowercase(),
    };
    let told: Vec<String> = told.iter().map(expected).collect();
    assert_eq!(told, ["connecting 1", "open", "waiting 2", "connecting 2", "open", "closed"]);
}

#[test]
fn a_tls_failure_before_opening_is_a_refusal_whatever_code_the_browser_gives_it() {
    assert_eq!(Closed::by_event(1015, "", false, false).by, ClosedBy::Refused);
    assert_eq!(Closed::by_event(1015, "", false, true).by, ClosedBy::Network);
}
