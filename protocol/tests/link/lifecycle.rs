//! Online and offline, hidden and visible, frozen and back.

use std::time::Duration;

use rejoin_protocol::{Close, Input, LinkConfig, Refusal, State, Time};

use crate::rig::{Rig, in_every_state, is_open, is_ping, with_backoff, with_keep_alive};

fn waiting() -> Rig {
    // Waits between 5 and 35 s.
    let mut rig = Rig::opened(with_backoff(|backoff| {
        backoff.floor = Duration::from_secs(5);
        backoff.first = Duration::from_secs(30);
    }));
    // More retries than those that wait no longer while offline.
    for _ in 0..6 {
        rig.ends(1006);
        rig.run_to_wake();
    }
    rig.take();
    rig.ends(1006);
    rig
}

#[test]
fn offline_pauses_attempts_and_still_tries_at_the_cap() {
    let mut rig = waiting();
    assert!(rig.wait_millis() < 30_000, "the seed must leave room to linger");
    rig.input(Input::Offline);
    assert_eq!(rig.wait_millis(), 30_000);
    rig.run_to_wake();
    assert_eq!(rig.count(is_open), 1, "navigator.onLine lies");
    rig.ends(1006);
    assert!(rig.wait_millis() >= 30_000, "still offline");
}

#[test]
fn offline_said_again_and_again_puts_nothing_off() {
    let mut rig = waiting();
    rig.input(Input::Offline);
    let State::Waiting { until, .. } = rig.state() else { panic!() };
    for second in 1..29 {
        rig.now = rig.now + Duration::from_secs(1);
        rig.input(Input::Offline);
        assert!(matches!(rig.state(), State::Waiting { until: then, .. } if then == until), "{second}");
    }
}

#[test]
fn offline_shortens_no_wait() {
    let mut rig = Rig::opened(with_backoff(|backoff| {
        backoff.floor = Duration::from_secs(40);
        backoff.stable = Duration::MAX;
    }));
    rig.ends(1006);
    rig.run_to_wake();
    rig.ends(1006);
    let before = rig.wait_millis();
    rig.input(Input::Offline);
    assert_eq!(rig.wait_millis(), before);
}

#[test]
fn online_visible_and_resumed_try_at_once() {
    for input in [Input::Online, Input::Visible, Input::Resumed] {
        let mut rig = waiting();
        rig.input(Input::Offline);
        rig.now = rig.now + Duration::from_secs(1);
        rig.input(input.clone());
        assert_eq!(rig.count(is_open), 1, "{input:?}");
    }
}

#[test]
fn after_online_waits_are_short_again() {
    let mut rig = waiting();
    rig.input(Input::Offline);
    rig.now = rig.now + Duration::from_secs(1);
    rig.input(Input::Online);
    rig.reconnect();
    rig.ends(1006);
    assert!(rig.wait_millis() < 30_000);
}

#[test]
fn a_network_that_comes_and_goes_calls_for_one_attempt_a_second_at_most() {
    let mut rig = waiting();
    let mut attempts = 0;
    let begin = rig.now;
    for step in 1..=1_000 {
        rig.now = begin + Duration::from_millis(step * 10);
        rig.input(Input::Offline);
        rig.input(Input::Online);
        rig.timeout();
        let tried = rig.count(is_open);
        attempts += tried;
        if tried > 0 {
            rig.ends(1006);
        }
    }
    assert!((9..=11).contains(&attempts), "{attempts} attempts in 10 s");
}

#[test]
fn a_hurried_attempt_is_told_with_its_moment() {
    let mut rig = waiting();
    let until = rig.now + Duration::from_secs(1);
    rig.input(Input::Online);
    assert!(matches!(rig.state(), State::Waiting { until: then, .. } if then == until), "{:?}", rig.state());
    assert_eq!(rig.wait, Some(until));
    assert_eq!(rig.count(is_open), 0);
    rig.run_to_wake();
    assert_eq!(rig.count(is_open), 1);
}

#[test]
fn a_wait_that_ends_sooner_is_not_prolonged_by_hurry() {
    let mut rig = Rig::opened(with_backoff(|backoff| backoff.first = Duration::from_millis(200)));
    rig.ends(1006);
    let before = rig.wait_millis();
    rig.input(Input::Online);
    assert_eq!(rig.wait_millis(), before);
}

#[test]
fn news_of_the_page_closes_no_connection_and_revives_no_link() {
    let news = [Input::Online, Input::Offline, Input::Hidden, Input::Visible, Input::Frozen, Input::Resumed];
    for input in news {
        for (name, mut rig) in in_every_state(&LinkConfig::default()) {
            let before = rig.state();
            rig.input(input.clone());
            if name != "waiting" {
                assert_eq!((rig.state(), rig.take()), (before, Vec::new()), "{input:?} while {name}");
            }
        }
    }
}

#[test]
fn what_may_have_cut_the_connection_unnoticed_calls_for_a_probe() {
    for input in [Input::Online, Input::Offline, Input::Visible, Input::Resumed] {
        let mut rig = Rig::opened(with_keep_alive());
        rig.at(10_000).input(input.clone());
        assert_eq!(rig.count(is_ping), 1, "{input:?}");
        rig.run_to(13_000);
        assert_ne!(rig.state(), State::Open, "{input:?}");
    }
}

#[test]
fn hidden_and_frozen_call_for_no_probe() {
    for input in [Input::Hidden, Input::Frozen] {
        let mut rig = Rig::opened(with_keep_alive());
        rig.run_to(10_000);
        rig.input(input);
        assert_eq!(rig.count(is_ping), 0);
    }
}

#[test]
fn a_hidden_page_fills_the_buffer_above_the_mark_and_a_visible_one_minds_it_again() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.send(0, 2 << 20).unwrap();
    rig.send(1, 10).unwrap();
    assert_eq!(rig.transmitted(), [0]);
    rig.input(Input::Hidden);
    assert!(!rig.link.is_congested());
    rig.send(2, 2 << 20).unwrap();
    rig.send(3, 10).unwrap();
    rig.says_buffered(4 << 20);
    rig.send(4, 10).unwrap();
    assert_eq!(rig.transmitted(), [1, 2, 3, 4]);
    rig.input(Input::Visible);
    assert!(rig.link.is_congested());
    rig.send(5, 10).unwrap();
    assert_eq!(rig.transmitted(), [0; 0]);
    rig.says_buffered(0);
    assert_eq!(rig.transmitted(), [5]);
}

/// A hidden page whose buffer is filled up to what the queue may hold, 4 MiB.
fn filled_while_hidden() -> Rig {
    let mut config = LinkConfig::default();
    config.queue.bytes = 4 << 20;
    let mut rig = Rig::opened(config);
    rig.input(Input::Hidden);
    rig.send(0, (4 << 20) - 1).unwrap();
    assert!(!rig.link.is_congested());
    rig.send(1, 1).unwrap();
    assert_eq!(rig.transmitted(), [0, 1]);
    assert!(rig.link.is_congested());
    rig
}

#[test]
fn a_hidden_page_s_buffer_holds_no_more_than_the_queue_may_and_is_filled_again_at_once() {
    let mut rig = filled_while_hidden();
    rig.send(2, 4 << 20).unwrap();
    assert_eq!(rig.send(3, 1).unwrap_err().reason, Refusal::Full);
    rig.says_buffered(4 << 20);
    assert_eq!(rig.transmitted(), [0; 0]);
    rig.says_buffered((4 << 20) - 1);
    assert_eq!(rig.transmitted(), [2]);
    assert!(rig.link.is_congested());
    assert_eq!(rig.wait, Some(Time::from_millis(4)), "the buffer is looked at meanwhile");
    rig.says_buffered(8 << 20);
    rig.input(Input::Hidden);
    assert!(rig.link.is_congested(), "hidden is said again");
    rig.says_buffered((4 << 20) - 1);
    assert!(!rig.link.is_congested());
}

#[test]
fn a_page_that_is_hidden_when_its_buffer_holds_so_much_already_waits_as_well() {
    let mut config = LinkConfig::default();
    config.queue.bytes = 4 << 20;
    let mut rig = Rig::opened(config);
    rig.send(0, 4 << 20).unwrap();
    rig.send(1, 1).unwrap();
    rig.input(Input::Hidden);
    assert_eq!(rig.transmitted(), [0]);
    assert!(rig.link.is_congested());
}

#[test]
fn a_page_that_is_shown_again_waits_for_the_low_mark() {
    let mut rig = filled_while_hidden();
    rig.input(Input::Visible);
    rig.send(2, 1).unwrap();
    rig.says_buffered((256 << 10) + 1);
    assert_eq!(rig.transmitted(), [0; 0]);
    rig.says_buffered(256 << 10);
    assert_eq!(rig.transmitted(), [2]);
}

#[test]
fn a_high_mark_above_the_queue_s_limit_holds_while_hidden_too() {
    let mut config = LinkConfig::default();
    config.queue.bytes = 10;
    let mut rig = Rig::opened(config);
    rig.input(Input::Hidden);
    rig.send(0, (1 << 20) - 1).unwrap();
    assert!(!rig.link.is_congested());
    rig.send(1, 1).unwrap();
    assert!(rig.link.is_congested());
}

#[test]
fn a_link_that_opens_while_hidden_transmits_all_it_has() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.input(Input::Hidden);
    rig.open();
    for message in 0..4 {
        rig.send(message, 1 << 20).unwrap();
    }
    rig.accept();
    assert_eq!(rig.transmitted(), [0, 1, 2, 3]);
}

#[test]
fn a_socket_has_been_open_from_its_opening_until_it_has_ended() {
    for (state, rig) in in_every_state(&LinkConfig::default()) {
        assert_eq!(rig.link.has_been_open(), matches!(state, "open" | "closing" | "peer closing"), "{state}");
    }
    // Closed while it was still connecting, it never was.
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    rig.close(Close::normal());
    assert!(!rig.link.has_been_open());
}
