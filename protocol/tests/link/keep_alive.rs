//! When the link pings, and when it takes silence for death.

use std::time::Duration;

use rejoin_protocol::{Close, ClosedBy, Event, Input, LinkConfig, Output, State, Time};

use crate::rig::{Rig, is_ping, with_keep_alive};

#[test]
fn without_settings_there_is_no_ping() {
    let mut rig = Rig::opened(LinkConfig::default());
    assert_eq!(rig.wait, None);
    rig.at(100_000).input(Input::Visible);
    rig.input(Input::Timeout);
    assert_eq!(rig.take(), []);
}

#[test]
fn a_ping_goes_out_each_interval_and_its_answer_tells_the_round_trip() {
    let mut rig = Rig::opened(with_keep_alive());
    // A hidden page does not wake to compare its clocks.
    rig.input(Input::Hidden);
    let generation = rig.newest.unwrap();
    for ping in 1..=3 {
        rig.run_to(ping * 25_000);
        assert_eq!(rig.take(), [Output::Ping { generation }]);
        assert_eq!(rig.wait, Some(Time::from_millis(ping * 25_000 + 10_000)), "no look at an empty buffer");
        rig.at(ping * 25_000 + 30).pong();
        assert_eq!(rig.take(), [Output::Event(Event::RoundTrip(Duration::from_millis(30)))]);
    }
    rig.pong();
    assert_eq!(rig.take(), [], "an answer to no question");
}

#[test]
fn silence_after_a_ping_leaves_the_connection_and_comes_back() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.run_to(25_000);
    rig.send(0, 10).unwrap();
    rig.take();
    rig.run_to(34_999);
    assert_eq!(rig.state(), State::Open);
    rig.run_to(35_000);
    assert!(matches!(rig.take()[0], Output::Abandon { .. }));
    assert_eq!((rig.closed().by, rig.closed().was_open), (ClosedBy::KeepAlive, true));
    assert!(matches!(rig.state(), State::Waiting { attempt: 1, .. }), "it was stable");
}

#[test]
fn any_message_is_life() {
    let mut rig = Rig::opened(with_keep_alive());
    for second in 1..=100 {
        rig.run_to(second * 9_000);
        rig.received();
    }
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_connection_that_closes_is_neither_pinged_nor_declared_dead() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.run_to(25_000);
    rig.close(Close::normal());
    rig.take();
    rig.at(26_000).input(Input::Online);
    rig.received();
    rig.pong();
    assert_eq!((rig.take(), rig.state()), (Vec::new(), State::Closing));
    rig.run_to(30_000);
    assert_eq!(rig.closed().by, ClosedBy::CloseTimeout);
}

#[test]
fn an_application_that_chatters_into_a_dead_link_does_not_keep_it() {
    let mut rig = Rig::opened(with_keep_alive());
    let mut second = 0;
    while rig.state() == State::Open {
        second += 1;
        assert!(second < 60, "still open although nothing came for a minute");
        rig.run_to(second * 1_000);
        // The operating system takes everything although the peer is dead.
        rig.send(second as u32, 100).unwrap();
        rig.says_buffered(100);
        rig.at(second * 1_000 + 5).says_buffered(0);
    }
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
    assert!(second <= 37, "noticed at {second} s");
}

#[test]
fn a_slow_upload_is_no_death_as_long_as_the_buffer_falls() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.send(1, 10_000_000).unwrap();
    rig.says_buffered(10_000_000);
    for second in 1..=100 {
        rig.run_to(second * 1_000);
        rig.says_buffered(10_000_000 - second * 100_000);
    }
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_ping_that_leaves_the_buffer_at_last_has_its_whole_deadline_from_there() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.send(1, 5_000).unwrap();
    rig.says_buffered(5_000);
    rig.run_to(34_000);
    rig.says_buffered(0);
    rig.run_to(43_990);
    assert_eq!(rig.state(), State::Open);
    rig.run_to(44_000);
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
}

#[test]
fn a_busy_page_hears_the_answer_that_lies_behind_its_late_timer() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.at(10_000).input(Input::Visible);
    assert_eq!(rig.count(is_ping), 1);
    // The page worked from 10.0 s to 13.5 s without a break; the answer has lain there since 10.1 s.
    rig.at(13_500).timeout();
    rig.pong();
    rig.run_to(30_000);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_busy_page_hears_the_answer_although_the_deadline_passes_just_as_its_late_timer_fires() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.at(10_000).input(Input::Visible);
    // Less than the high watermark: the buffer is looked at while the ping waits behind it.
    rig.send(1, 100).unwrap();
    rig.buffered = 100;
    rig.timeout();
    assert!(rig.wait.unwrap() < Time::from_millis(10_100));
    // The page worked from then until just after the deadline; the answer has lain there since 10.1 s.
    rig.buffered = 50;
    rig.at(13_001).timeout();
    rig.pong();
    rig.run_to(20_000);
    assert_eq!(rig.state(), State::Open);
}

#[test]
fn a_round_trip_that_cannot_be_told_is_not_reported() {
    let mut rig = Rig::opened(with_keep_alive());
    let round_trips = |rig: &mut Rig| {
        let told = |output| match output {
            Output::Event(Event::RoundTrip(time)) => Some(time),
            _ => None,
        };
        rig.take().into_iter().filter_map(told).collect::<Vec<Duration>>()
    };
    rig.run_to(25_000);
    rig.received();
    rig.run_to(50_000);
    // The answer to the first ping, which was stuck behind large messages, or to the second?
    rig.at(51_000).pong();
    assert_eq!(round_trips(&mut rig), []);
    rig.run_to(75_000);
    rig.at(75_040).pong();
    assert_eq!(round_trips(&mut rig), [Duration::from_millis(40)]);
}

#[test]
fn a_slow_upload_is_no_death_when_the_page_comes_back_before_anybody_looked_at_the_buffer() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.at(10_000).send(1, 900_000).unwrap();
    rig.buffered = 900_000;
    rig.at(10_100).input(Input::Visible);
    // 10 kB/s leave: below the high watermark, so that only the ping's deadline gives a reason to look.
    while rig.now < Time::from_millis(60_000) {
        rig.buffered = 900_000 - rig.now.as_micros().saturating_sub(10_000_000) / 100;
        rig.run_to_wake();
        assert_eq!(rig.state(), State::Open, "at {:?}", rig.now);
    }
}

#[test]
fn chatter_of_many_sizes_into_a_dead_link_does_not_keep_it() {
    let mut rig = Rig::opened(with_keep_alive());
    for second in 1..60 {
        rig.run_to(second * 1_000);
        if rig.state() != State::Open {
            break;
        }
        let len = if second % 2 == 0 { 100 } else { 200 };
        rig.send(second as u32, len).unwrap();
        // A word at once, as a flush gives it; what follows is for the link to find out.
        rig.says_buffered(len as u64);
        rig.buffered = 0;
    }
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
}

#[test]
fn the_buffer_is_looked_at_while_a_ping_waits_behind_it_and_not_otherwise() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.input(Input::Hidden);
    let ping = Some(Time::from_millis(25_000));
    rig.send(1, 10).unwrap();
    rig.says_buffered(10);
    assert_eq!(rig.wait, ping);
    rig.at(25_000).timeout();
    assert_eq!(rig.wait, Some(Time::from_millis(25_004)));
    rig.says_buffered(9);
    assert_eq!(rig.wait, Some(Time::from_millis(25_004)), "what moves gives no reason to hurry");
    rig.received();
    rig.run_to_wake();
    assert_eq!(rig.wait, Some(Time::from_millis(50_000)));
}

#[test]
fn chatter_into_a_dead_link_does_not_keep_it_even_if_the_page_looks_only_while_it_sends() {
    let mut rig = Rig::opened(with_keep_alive());
    rig.input(Input::Hidden);
    for second in 1..60 {
        rig.at(second * 1_000);
        if rig.state() != State::Open {
            break;
        }
        let len = 1_000 - second as usize;
        rig.send(second as u32, len).unwrap();
        rig.buffered = len as u64;
        rig.timeout();
    }
    assert_eq!(rig.closed().by, ClosedBy::KeepAlive);
}

#[test]
fn a_message_by_the_short_way_is_life_for_its_own_connection_and_is_not_heeded_for_another() {
    let mut rig = Rig::opened(with_keep_alive());
    let earlier = rig.newest.unwrap();
    rig.run_to(25_000);
    assert!(rig.link.received(earlier));
    rig.run_to(35_000);
    assert_eq!(rig.state(), State::Open, "it lifted the ping's deadline");
    rig.ends(1006);
    assert!(!rig.link.received(earlier), "what an ended connection still brings counts no more");
    rig.reopens();
    let present = rig.newest.unwrap();
    assert!(!rig.link.received(earlier));
    assert!(rig.link.received(present));
}
