//! The socket's buffer: watermarks, when it is looked at, and waiting until it is empty.

use rejoin_protocol::{LinkConfig, Time};

use crate::rig::Rig;

const MIB: usize = 1 << 20;

fn congested() -> Rig {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.send(0, MIB).unwrap();
    rig.take();
    rig
}

#[test]
fn the_buffer_fills_to_the_high_mark_and_goes_on_at_the_low_one() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.send(0, MIB - 1).unwrap();
    assert!(!rig.link.is_congested() && rig.link.has_room(1));
    rig.send(1, 1).unwrap();
    assert_eq!(rig.transmitted(), [0, 1]);
    assert!(rig.link.is_congested());
    rig.send(2, 5).unwrap();
    rig.send(3, MIB).unwrap();
    rig.send(4, 5).unwrap();
    rig.says_buffered(256 * 1_024 + 1);
    assert_eq!(rig.transmitted(), [0; 0]);
    rig.says_buffered(256 * 1_024);
    assert_eq!(rig.transmitted(), [2, 3], "up to the high mark again");
    rig.says_buffered(0);
    assert_eq!(rig.transmitted(), [4]);
    assert!(!rig.link.is_congested());
}

#[test]
fn messages_do_not_overtake_what_waits() {
    let mut rig = congested();
    rig.send(1, 5).unwrap();
    assert_eq!(rig.link.try_transmit(5), None);
    rig.send(2, 5).unwrap();
    rig.says_buffered(0);
    assert_eq!(rig.transmitted(), [1, 2]);
}

#[test]
fn a_message_may_be_handed_over_directly_and_counts() {
    let mut rig = Rig::opened(LinkConfig::default());
    assert_eq!(rig.link.try_transmit(MIB), rig.newest);
    assert!(rig.link.is_congested() && !rig.link.is_drained());
    assert_eq!(rig.link.try_transmit(1), None);
    let mut closed = Rig::new(LinkConfig::default());
    assert_eq!(closed.link.try_transmit(1), None);
    closed.open();
    assert_eq!(closed.link.try_transmit(1), None);
}

/// The moments, in milliseconds after 0, at which the link looks at a buffer that does not move.
fn looks(rig: &mut Rig, count: usize) -> Vec<u64> {
    let mut looks = Vec::new();
    for _ in 0..count {
        rig.run_to_wake();
        looks.push(rig.now.as_micros() / 1_000);
    }
    looks
}

#[test]
fn a_full_buffer_is_looked_at_less_and_less_often_until_it_moves() {
    let mut rig = congested();
    rig.buffered = MIB as u64;
    assert_eq!(looks(&mut rig, 7), [4, 12, 28, 60, 124, 188, 252]);
    rig.buffered -= 1;
    rig.run_to_wake();
    assert_eq!(rig.wait, Some(Time::from_millis(316 + 4)), "from the shortest pause again");
    rig.buffered = 0;
    rig.run_to_wake();
    assert_eq!(rig.wait, None, "nobody wants to know any more");
}

#[test]
fn who_waits_for_the_buffer_to_empty_has_it_looked_at() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.send(0, 10).unwrap();
    assert_eq!(rig.wait, None);
    rig.watch_drain();
    assert_eq!(rig.wait, Some(Time::from_millis(4)));
    rig.buffered = 10;
    assert_eq!(looks(&mut rig, 2), [4, 12]);
    assert!(!rig.link.is_drained());
    rig.buffered = 0;
    rig.run_to_wake();
    assert!(rig.link.is_drained());
    assert_eq!(rig.wait, None);
    rig.send(1, 10).unwrap();
    assert_eq!(rig.wait, None, "the watch is over");
}

#[test]
fn who_waits_for_an_empty_buffer_to_empty_has_nothing_looked_at() {
    let mut rig = Rig::opened(LinkConfig::default());
    rig.watch_drain();
    rig.send(0, 10).unwrap();
    rig.says_buffered(10);
    assert_eq!(rig.wait, None);
}

#[test]
fn a_watch_that_began_without_a_connection_goes_on_with_it() {
    let mut rig = Rig::new(LinkConfig::default());
    rig.open();
    rig.send(0, 10).unwrap();
    rig.watch_drain();
    assert_eq!(rig.wait, Some(Time::from_millis(10_000)), "only the connect time-out");
    rig.accept();
    assert_eq!(rig.wait, Some(Time::from_millis(4)));
}

#[test]
fn a_new_connection_has_an_empty_buffer() {
    let mut rig = congested();
    rig.ends(1006);
    assert!(!rig.link.is_congested());
    assert!(rig.link.is_drained());
    let until = rig.wait_millis();
    assert_eq!(
        rig.wait.map(|wait| wait.as_micros() / 1_000),
        Some(until),
        "no look at a buffer that is gone"
    );
    rig.run_to_wake();
    rig.accept();
    rig.send(1, 10).unwrap();
    assert!(rig.transmitted().contains(&1));
}

#[test]
fn a_link_that_closes_looks_at_no_buffer() {
    let mut rig = congested();
    rig.close(rejoin_protocol::Close::normal());
    assert_eq!(rig.wait, Some(Time::from_millis(5_000)));
    rig.says_buffered(0);
    assert_eq!(rig.wait, Some(Time::from_millis(5_000)));
}
