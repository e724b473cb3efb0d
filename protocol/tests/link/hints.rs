//! What the machine and the browser say may be wrong: what a wrong word costs, and for how long.

use std::time::Duration;

use rejoin_protocol::{ClosedBy, Input, LinkConfig, Output, State};

use crate::rig::{Rig, is_open, is_ping, with_backoff, with_keep_alive};

const HOUR: u64 = 3_600_000;

/// The times of the attempts that fail from now on, each at once, in milliseconds from now.
fn attempts(rig: &mut Rig, count: usize) -> Vec<u64> {
    let begin = rig.now;
    (0..count)
        .map(|_| {
            rig.run_to_wake();
            rig.ends(1006);
            u64::try_from(rig.now.since(begin).as_millis()).unwrap()
        })
        .collect()
}

#[test]
fn the_first_retries_come_as_usual_although_the_machine_says_that_it_is_offline() {
    for seed in 0..50 {
        let mut config = LinkConfig::default();
        config.seed = seed;
        let mut rig = Rig::opened(config);
        rig.input(Input::Offline);
        rig.ends(1006);
        let tried = attempts(&mut rig, 7);
        let usual = [500, 1_100, 2_100, 4_100, 8_100];
        let mut last = 0;
        for (at, most) in tried.iter().zip(usual) {
            assert!(at - last <= most, "seed {seed}: {tried:?}");
            last = *at;
        }
        for pair in tried[4..].windows(2) {
            assert!(pair[1] - pair[0] >= 30_000, "seed {seed}: then at the cap: {tried:?}");
        }
    }
}

#[test]
fn offline_said_during_a_wait_changes_the_first_waits_no_more() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.ends(1006);
    let before = rig.state();
    rig.input(Input::Offline);
    assert_eq!(rig.state(), before);
}

#[test]
fn a_server_that_puts_attempts_off_is_come_back_to_at_its_own_time_while_offline() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.input(Input::Offline);
    rig.ends(1012);
    rig.put_off(Some(Duration::from_secs(3)));
    assert!(rig.wait_millis() <= 3_500, "{}", rig.wait_millis());
}

#[test]
fn a_connection_that_opens_proves_that_there_is_a_network() {
    let mut rig = Rig::new(with_backoff(|backoff| backoff.max_attempts = Some(7)));
    rig.input(Input::Offline);
    rig.open();
    rig.accept();
    rig.ends(1006);
    attempts(&mut rig, 5);
    assert!(rig.wait_millis() < 30_000, "the sixth wait is as usual");
    rig.run_to_wake();
    rig.ends(1006);
    assert!(rig.closed().gave_up, "and each attempt counts");
}

#[test]
fn attempts_that_fail_while_offline_do_not_count_and_their_number_grows_all_the_same() {
    let mut rig = Rig::opened(with_backoff(|backoff| backoff.max_attempts = Some(3)));
    rig.input(Input::Offline);
    rig.ends(1006);
    attempts(&mut rig, 50);
    assert!(matches!(rig.state(), State::Waiting { attempt: 52, .. }), "{:?}", rig.state());
    rig.input(Input::Online);
    for left in [2, 1, 0] {
        if matches!(rig.state(), State::Waiting { .. }) {
            rig.run_to_wake();
        }
        assert!(matches!(rig.state(), State::Connecting { .. }), "{left} left: {:?}", rig.state());
        rig.ends(1006);
    }
    assert_eq!(rig.state(), State::Closed);
    assert!(rig.closed().gave_up);
}

#[test]
fn attempts_while_offline_are_no_storm() {
    let mut rig = Rig::opened(with_backoff(|backoff| backoff.max_attempts = Some(3)));
    rig.input(Input::Offline);
    rig.ends(1006);
    let tried = attempts(&mut rig, 105);
    assert!(tried[104] - tried[4] >= 100 * 30_000, "each at the cap");
}

#[test]
fn online_visible_and_resumed_begin_the_count_of_attempts_again_and_nothing_else_does() {
    let hints =
        [Input::Online, Input::Visible, Input::Resumed, Input::Hidden, Input::Frozen, Input::NetworkChanged];
    for input in hints {
        let mut rig = Rig::opened(with_backoff(|backoff| backoff.max_attempts = Some(3)));
        rig.ends(1006);
        attempts(&mut rig, 1);
        rig.now = rig.now + Duration::from_secs(1);
        rig.input(input.clone());
        if matches!(rig.state(), State::Waiting { .. }) {
            rig.run_to_wake();
        }
        rig.ends(1006);
        let again = matches!(input, Input::Online | Input::Visible | Input::Resumed);
        assert_eq!(matches!(rig.state(), State::Waiting { .. }), again, "{input:?}");
    }
}

#[test]
fn a_link_that_has_given_up_stays_so_whatever_the_page_says() {
    for input in [Input::Online, Input::Visible, Input::Resumed, Input::NetworkChanged] {
        let mut rig = Rig::opened(with_backoff(|backoff| backoff.max_attempts = Some(1)));
        rig.ends(1006);
        assert!(rig.closed().gave_up);
        rig.input(input);
        assert_eq!(rig.state(), State::Closed);
    }
}

#[test]
fn another_network_calls_for_a_probe_and_ends_a_wait() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.at(10_000).input(Input::NetworkChanged);
    assert_eq!(rig.count(is_ping), 1);
    rig.run_to(13_000);
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
    let long = Duration::from_secs(60);
    let mut rig = Rig::opened(with_backoff(|backoff| (backoff.first_floor, backoff.floor) = (long, long)));
    rig.at(5_000).ends(1006);
    rig.input(Input::NetworkChanged);
    assert_eq!(rig.count(is_open), 1);
    rig.accept();
    rig.ends(1006);
    rig.input(Input::NetworkChanged);
    assert_eq!(rig.wait_millis(), 5_000, "such hints come often for no reason");
}

#[test]
fn a_hint_that_comes_again_and_again_calls_for_a_probe_each_three_seconds() {
    for input in [Input::Online, Input::Offline, Input::Visible, Input::Resumed, Input::NetworkChanged] {
        let mut rig = Rig::opened(with_keep_alive());
        let mut pings = 0;
        for step in 1..=300 {
            rig.run_to(step * 100);
            rig.input(input.clone());
            pings += rig.count(is_ping);
            rig.pong();
        }
        assert!((10..=11).contains(&pings), "{pings} pings in 30 s of {input:?}");
    }
}

#[test]
fn a_hint_too_soon_after_the_last_probe_is_heeded_later_and_not_left_out() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.at(10_000).input(Input::NetworkChanged);
    rig.input(Input::Visible);
    assert_eq!(rig.count(is_ping), 1, "one for both");
    rig.at(10_050).pong();
    assert_eq!(rig.pings(11_000), []);
    rig.input(Input::NetworkChanged);
    let mut live = Rig::opened(with_keep_alive());
    live.at(10_000).input(Input::NetworkChanged);
    live.at(11_000).input(Input::NetworkChanged);
    live.pong();
    assert_eq!(live.pings(13_000), [13_000]);
    live.pong();
    assert_eq!(live.pings(37_999), [], "once");
    assert_eq!(rig.pings(14_000), [13_000]);
    rig.run_to(16_000);
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
}

#[test]
fn hints_of_one_moment_ask_once() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.at(10_000).input(Input::Visible);
    rig.input(Input::Online);
    rig.input(Input::Resumed);
    rig.pong();
    rig.take();
    assert_eq!(rig.pings(34_999), []);
}

#[test]
fn a_page_that_counts_as_hidden_or_frozen_for_ever_finds_a_dead_link_all_the_same() {
    for input in [Input::Hidden, Input::Frozen] {
        let mut rig = Rig::opened(with_keep_alive());
        rig.input(input.clone());
        rig.run_to(35_000);
        assert_eq!(rig.closed().by, ClosedBy::KeepAlive, "{input:?}");
        rig.run_to(36_000);
        assert!(matches!(rig.state(), State::Connecting { .. }), "{input:?}");
    }
}

#[test]
fn a_server_s_hint_puts_an_attempt_off_by_an_hour_at_most() {
    for (hint, most) in [(HOUR, HOUR), (HOUR - 1, HOUR - 1), (HOUR + 1, HOUR), (u64::MAX, HOUR)] {
        let mut rig = Rig::opened(LinkConfig::default());
        rig.ends(1012);
        let own = rig.wait_millis();
        rig.put_off(Some(Duration::from_millis(hint)));
        assert!((most + own..=most + own + 1).contains(&rig.wait_millis()), "{hint}");
    }
}

fn renewing() -> Rig {
    let mut config = LinkConfig::default();
    config.renew_after = Some(Duration::from_secs(60));
    Rig::opened(config)
}

#[test]
fn a_connection_is_replaced_after_a_long_absence_and_what_waits_goes_over_the_new_one() {
    for (left, back) in [(Input::Hidden, Input::Visible), (Input::Offline, Input::Online)] {
        let mut rig = renewing();
        rig.at(1_000).input(left.clone());
        rig.send(1, 10).unwrap();
        rig.take();
        rig.at(61_001).input(back);
        let out = rig.take();
        assert!(matches!(out[0], Output::Abandon { .. }), "{left:?}: {out:?}");
        let closed = rig.closed();
        assert_eq!((closed.by, closed.was_open, closed.unsent_bytes), (ClosedBy::Caller, true, 10));
        assert_eq!(rig.state(), State::Connecting { attempt: 1 });
        rig.send(2, 10).unwrap();
        rig.accept();
        assert_eq!(rig.transmitted(), [2]);
    }
}

#[test]
fn a_short_absence_or_one_without_the_option_replaces_nothing() {
    for (left, back) in [(Input::Hidden, Input::Visible), (Input::Offline, Input::Online)] {
        let mut rig = renewing();
        rig.at(1_000).input(left.clone());
        rig.at(50_000).input(left.clone());
        rig.at(61_000).input(back.clone());
        rig.at(200_000).input(back.clone());
        let mut plain = Rig::opened(LinkConfig::default());
        plain.input(left.clone());
        plain.at(10 * HOUR).input(back.clone());
        let mut final_one = renewing_without_reconnect();
        final_one.input(left);
        final_one.at(10 * HOUR).input(back);
        for rig in [rig, plain, final_one] {
            assert_eq!(rig.state(), State::Open);
        }
    }
}

fn renewing_without_reconnect() -> Rig {
    let mut config = LinkConfig::default();
    config.renew_after = Some(Duration::from_secs(60));
    config.reconnect = None;
    Rig::opened(config)
}

#[test]
fn time_asleep_counts_as_absence_only_while_hidden_or_offline() {
    // A phone is put away, and sleeps 5 s later.
    let mut rig = renewing();
    rig.at(1_000).input(Input::Hidden);
    rig.wall_ahead += HOUR;
    rig.at(6_000).input(Input::Visible);
    assert_eq!(rig.state(), State::Connecting { attempt: 1 });
    // A clock is set while the page is in use, or set back while it is hidden.
    let mut rig = renewing();
    rig.at(1_000).input(Input::Timeout);
    rig.wall_ahead += HOUR;
    rig.at(2_000).input(Input::Hidden);
    rig.wall_ahead -= HOUR;
    rig.at(3_000).input(Input::Visible);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_connection_that_was_begun_just_now_is_not_replaced() {
    let mut rig = renewing();
    rig.at(1_000).input(Input::Hidden);
    rig.at(100_000).reconnect();
    rig.accept();
    rig.at(100_999).input(Input::Visible);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn an_absence_hastens_an_attempt_and_does_not_begin_another() {
    let mut rig = renewing();
    rig.input(Input::Hidden);
    rig.at(70_000).ends(1006);
    rig.take();
    rig.at(70_001).input(Input::Visible);
    assert_eq!(rig.count(is_open), 1);
}
