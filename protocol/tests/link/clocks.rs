//! Sleep, told from the clocks: what a jump brings, and what a wrong clock costs.

use std::time::Duration;

use rejoin_protocol::{ClosedBy, Input, LinkConfig, State};

use crate::rig::{Rig, WALL_AHEAD, in_every_state, is_open, is_ping, with_backoff, with_keep_alive};

const HOUR: u64 = 3_600_000;

/// An open connection with keep-alive whose clocks have been compared, at 10 s.
fn watched() -> Rig {
    let mut rig = Rig::opened(with_keep_alive());
    assert_eq!(rig.pings(10_000), []);
    rig
}

/// A link that waits for at least 20 s from 10 s on, and whose last attempt was at 0 s.
fn waiting() -> Rig {
    let long = Duration::from_secs(20);
    let mut rig = Rig::opened(with_backoff(|backoff| (backoff.first, backoff.first_floor) = (long, long)));
    rig.run_to(10_000);
    rig.ends(1006);
    rig.run_to(16_000);
    assert!(matches!(rig.state(), State::Waiting { .. }));
    rig.take();
    rig
}

#[test]
fn a_dead_connection_is_noticed_seconds_after_a_sleep_that_only_the_wall_clock_shows() {
    let mut rig = watched();
    rig.wall_ahead += HOUR;
    assert_eq!(rig.pings(15_000), [15_000], "at the next comparison");
    rig.run_to(17_999);
    assert_eq!(rig.state(), State::Open);
    rig.run_to(18_000);
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
}

#[test]
fn a_dead_connection_is_noticed_seconds_after_a_sleep_that_both_clocks_show() {
    let mut rig = watched();
    rig.at(HOUR).timeout();
    assert_eq!(rig.count(is_ping), 1);
    rig.run_to(HOUR + 3_000);
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
}

#[test]
fn a_timer_that_is_not_late_by_more_than_two_seconds_tells_of_no_sleep() {
    for (late, pings) in [(2_000, 0), (2_001, 1)] {
        let mut rig = watched();
        rig.at(15_000 + late).timeout();
        assert_eq!(rig.count(is_ping), pings, "{late} ms late");
    }
}

#[test]
fn a_clock_that_is_set_costs_one_ping_and_nothing_more() {
    for wrong in [WALL_AHEAD + HOUR, WALL_AHEAD - HOUR, WALL_AHEAD + 2_001, WALL_AHEAD - 2_001, 0] {
        let mut rig = watched();
        rig.wall_ahead = wrong;
        assert_eq!(rig.pings(15_000), [15_000], "{wrong}");
        rig.pong();
        assert_eq!(rig.pings(39_999), [], "{wrong}");
        assert_eq!(rig.state(), State::Open);
    }
}

#[test]
fn a_clock_that_is_adjusted_a_little_costs_nothing_however_often() {
    for step in [1_900_i64, -1_900, 2_000, -2_000, 3] {
        let mut rig = Rig::opened(with_keep_alive());
        for _ in 0..4 {
            rig.wall_ahead = rig.wall_ahead.saturating_add_signed(step);
            rig.run_to(rig.now.as_micros() / 1_000 + 5_000);
        }
        assert_eq!(rig.count(is_ping), 0, "by {step} ms each time");
    }
}

#[test]
fn a_clock_that_jumps_at_every_comparison_costs_a_ping_each_five_seconds() {
    let mut rig = watched();
    for _ in 0..20 {
        rig.wall_ahead += 10_000;
        let next = rig.now.as_micros() / 1_000 + 5_000;
        assert_eq!(rig.pings(next), [next]);
        rig.pong();
    }
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn an_event_of_the_page_compares_the_clocks_as_a_timer_does() {
    let mut rig = watched();
    rig.wall_ahead += HOUR;
    rig.at(11_000).input(Input::Hidden);
    assert_eq!(rig.count(is_ping), 1);
    let mut rig = watched();
    rig.wall_ahead += HOUR;
    rig.at(11_000).received();
    assert_eq!(rig.count(is_ping), 0, "a message is a sign of life by itself");
}

#[test]
fn a_sleep_ends_a_wait_and_so_does_a_clock_that_is_set() {
    for wrong in [WALL_AHEAD + HOUR, WALL_AHEAD - HOUR] {
        let mut rig = waiting();
        rig.wall_ahead = wrong;
        rig.run_to(20_000);
        assert_eq!(rig.count(is_open), 1);
    }
    let mut rig = waiting();
    rig.at(HOUR).timeout();
    assert_eq!(rig.count(is_open), 1);
    let mut rig = waiting();
    rig.run_to(29_000);
    assert_eq!(rig.count(is_open), 0, "and without a jump it is the back-off's");
}

#[test]
fn a_clock_that_jumps_all_the_time_calls_for_an_attempt_each_five_seconds_at_most() {
    let long = Duration::from_secs(3_600);
    let mut rig = Rig::opened(with_backoff(|backoff| {
        (backoff.first, backoff.cap, backoff.floor, backoff.first_floor) = (long, long, long, long);
    }));
    rig.ends(1006);
    let mut attempts = 0;
    for step in 1..=600 {
        rig.wall_ahead += 10_000;
        rig.at(step * 100).timeout();
        let tried = rig.count(is_open);
        attempts += tried;
        if tried > 0 {
            rig.ends(1006);
        }
    }
    assert!((11..=12).contains(&attempts), "{attempts} attempts in a minute");
}

#[test]
fn a_jump_leaves_every_other_state_alone() {
    for (name, mut rig) in in_every_state(&with_keep_alive()) {
        rig.input(Input::Timeout);
        rig.take();
        let before = rig.state();
        rig.wall_ahead += HOUR;
        rig.at(100).input(Input::Timeout);
        if name != "open" && name != "waiting" {
            assert_eq!((rig.state(), rig.take()), (before, Vec::new()), "while {name}");
        }
    }
}

#[test]
fn an_attempt_under_way_is_not_given_up_because_of_a_clock() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    rig.input(Input::Timeout);
    rig.wall_ahead += HOUR;
    rig.at(9_999).input(Input::Timeout);
    assert_eq!(rig.state(), State::Connecting { attempt: 1 });
    rig.accept();
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn the_first_comparison_has_nothing_to_compare_with() {
    let mut rig = Rig::new(with_keep_alive());
    rig.wall_ahead = 7;
    rig.open();
    rig.accept();
    rig.run_to(5_000);
    assert_eq!(rig.count(is_ping), 0);
}

#[test]
fn a_visible_page_wakes_to_compare_its_clocks_only_where_that_helps() {
    for (name, rig) in in_every_state(&with_keep_alive()) {
        let soon = rig.wait.is_some_and(|wait| wait.since(rig.now) <= Duration::from_secs(5));
        // The time-out of a close is 5 s as well.
        assert_eq!(soon, !matches!(name, "connecting" | "closed"), "while {name}");
    }
    assert_eq!(Rig::opened(LinkConfig::default()).wait, None, "nothing would ask the peer");
    let mut rig = watched();
    rig.input(Input::Hidden);
    assert_eq!(rig.wait.unwrap().as_micros(), 25_000_000, "a hidden page's timers are late anyway");
    rig.at(24_000).input(Input::Visible);
    assert_eq!(rig.count(is_ping), 1);
    rig.pong();
    assert_eq!(rig.wait.unwrap().as_micros(), 29_000_000, "counted from its return");
}

#[test]
fn timers_of_a_hidden_page_that_are_late_tell_of_no_sleep() {
    let mut rig = watched();
    rig.input(Input::Hidden);
    rig.at(24_000).timeout();
    assert_eq!(rig.count(is_ping), 0);
}
