//! Messages that take longer than the keep-alive's deadline, of which a browser shows nothing before they are whole.

use std::time::Duration;

use rejoin_protocol::{ClosedBy, Input, LinkConfig, State};

use crate::rig::{Rig, with_keep_alive};

fn now(rig: &Rig) -> u64 {
    rig.now.as_micros() / 1_000
}

fn every_5_s() -> LinkConfig {
    let mut config = with_keep_alive();
    config.keep_alive.as_mut().unwrap().interval = Duration::from_secs(5);
    config
}

/// The connection falls silent; how long it takes until it is left, in milliseconds, from the next ping on.
fn silence(rig: &mut Rig) -> u64 {
    let mut begin = 0;
    while rig.state() == State::Open {
        let pings = rig.pings(now(rig) + 100);
        begin = if begin == 0 { pings.first().copied().unwrap_or_default() } else { begin };
    }
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
    now(rig) - begin
}

/// The next attempt succeeds, after whatever wait.
fn comes_back(rig: &mut Rig) {
    if matches!(rig.state(), State::Connecting { .. }) {
        rig.accept();
    } else {
        rig.reopens();
    }
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_message_that_takes_25_s_arrives_at_the_third_attempt() {
    // 5 MB at 200 kB/s, which the server sends as soon as the connection is open.
    let mut rig = Rig::opened(every_5_s());
    let mut connections = 1;
    loop {
        let whole = now(&rig) + 25_000;
        rig.run_to(whole);
        if rig.state() == State::Open {
            break;
        }
        connections += 1;
        assert!(connections < 10, "reconnects for ever");
        comes_back(&mut rig);
    }
    rig.received();
    assert_eq!(connections, 3);
}

#[test]
fn each_end_by_silence_doubles_the_next_deadline_up_to_sixteen_times() {
    let mut rig = Rig::opened(with_keep_alive());
    for seconds in [10, 20, 40, 80, 160, 160] {
        let took = silence(&mut rig);
        assert!((seconds * 1_000..seconds * 1_000 + 1_000).contains(&took), "{took} ms, not {seconds} s");
        comes_back(&mut rig);
    }
}

#[test]
fn a_message_hides_the_answer_to_a_probe_as_well() {
    let mut rig = Rig::opened(with_keep_alive());
    silence(&mut rig);
    comes_back(&mut rig);
    let begin = now(&rig) + 1;
    rig.at(begin + 1_000).input(Input::Visible);
    rig.run_to(begin + 13_999);
    assert_eq!(rig.state(), State::Open);
    rig.run_to(begin + 14_000);
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
}

#[test]
fn a_probe_does_not_shorten_what_a_late_answer_has_been_given() {
    let mut rig = Rig::opened(with_keep_alive());
    silence(&mut rig);
    comes_back(&mut rig);
    let begin = now(&rig) + 1;
    rig.run_to(begin + 36_000);
    rig.input(Input::Online);
    rig.run_to(begin + 44_999);
    assert_eq!(rig.state(), State::Open);
    rig.run_to(begin + 45_000);
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive, "nor lengthen it");
}

#[test]
fn many_pings_do_not_postpone_the_end_of_a_lengthened_deadline() {
    let mut rig = Rig::opened(every_5_s());
    silence(&mut rig);
    comes_back(&mut rig);
    let took = silence(&mut rig);
    assert!((20_000..21_000).contains(&took), "{took}");
}

#[test]
fn eight_answers_within_the_setting_bring_it_back_and_fewer_do_not() {
    for (answers, seconds) in [(7, 20), (8, 10)] {
        let mut rig = Rig::opened(with_keep_alive());
        silence(&mut rig);
        comes_back(&mut rig);
        let begin = now(&rig) + 1;
        for ping in 1..=answers {
            rig.run_to(begin + ping * 25_000);
            rig.pong();
            // What comes while no ping waits says nothing of the deadline.
            rig.received();
        }
        let took = silence(&mut rig);
        assert!((seconds * 1_000..seconds * 1_000 + 1_000).contains(&took), "{answers}: {took}");
    }
}

#[test]
fn a_message_counts_as_an_answer_and_a_late_one_begins_the_row_again() {
    let mut rig = Rig::opened(with_keep_alive());
    silence(&mut rig);
    comes_back(&mut rig);
    let begin = now(&rig) + 1;
    for ping in 1..=15 {
        rig.run_to(begin + ping * 25_000);
        if ping == 8 {
            rig.run_to(begin + ping * 25_000 + 15_000);
        }
        rig.received();
    }
    let took = silence(&mut rig);
    assert!((20_000..21_000).contains(&took), "{took}");
}

#[test]
fn an_attempt_that_fails_shows_that_the_network_was_gone_and_not_slow() {
    let mut rig = Rig::opened(with_keep_alive());
    silence(&mut rig);
    if matches!(rig.state(), State::Waiting { .. }) {
        rig.run_to_wake();
    }
    rig.ends(1006);
    comes_back(&mut rig);
    let took = silence(&mut rig);
    assert!((10_000..11_000).contains(&took), "{took}");
}

#[test]
fn an_end_of_another_kind_changes_nothing() {
    let mut rig = Rig::opened(with_keep_alive());
    silence(&mut rig);
    comes_back(&mut rig);
    rig.ends(1006);
    comes_back(&mut rig);
    let took = silence(&mut rig);
    assert!((20_000..21_000).contains(&took), "{took}");
}

#[test]
fn each_sleep_is_noticed_as_soon_as_the_first() {
    let mut rig = Rig::opened(with_keep_alive());
    for _ in 0..5 {
        // The machine is awake and its pings are answered; then it sleeps for an hour, by the wall clock alone.
        let awake = now(&rig) + 60_000;
        while now(&rig) < awake {
            rig.pings(now(&rig) + 100);
            rig.pong();
        }
        rig.wall_ahead += 3_600_000;
        while rig.state() == State::Open {
            rig.run_to(now(&rig) + 100);
        }
        assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
        assert!(now(&rig) - awake <= 8_200, "{} ms", now(&rig) - awake);
        comes_back(&mut rig);
    }
}

#[test]
fn a_probe_of_another_network_that_fails_lengthens_nothing() {
    let mut rig = Rig::opened(with_keep_alive());
    for _ in 0..5 {
        let begin = now(&rig) + 5_000;
        rig.at(begin).input(Input::NetworkChanged);
        rig.run_to(begin + 3_000);
        assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
        comes_back(&mut rig);
    }
}
