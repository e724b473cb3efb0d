//! Connections and session messages: what each edge case must show, one by one.

use std::time::Duration;

use rejoin_protocol::session::code;
use rejoin_protocol::{Closed, ClosedBy, Refusal};

use crate::plan::{MILLI, MINUTE, SECOND};
use crate::stage::MOMENT;
use crate::world::World;

#[test]
fn a_half_open_connection_that_the_client_notices_first_loses_nothing() {
    let mut world = World::live(|_| {});
    let wire = world.wire(0);
    world.wires.get_mut(&wire).unwrap().up.lose();
    world.server_leaves(wire);
    world.send(0, 10);
    world.pass(45 * SECOND);
    assert_eq!((world.count("declares it dead"), world.count("resumed")), (1, 1));
    world.settle();
    assert_eq!((world.ledger.delivered, world.ledger.lost), (1, 0));
}

#[test]
fn a_half_open_connection_that_the_server_notices_first_loses_nothing() {
    let mut world = World::live(|_| {});
    let wire = world.wire(0);
    let line = world.wires.get_mut(&wire).unwrap();
    line.up.lose();
    line.down.swallows = true;
    world.server_sends(0, 10);
    world.clients[0].frozen_until = world.now + MINUTE;
    world.pass(55 * SECOND);
    assert_eq!(world.count("server declares it dead"), 1);
    world.settle();
    assert_eq!((world.ledger.delivered, world.ledger.lost), (1, 0));
}

#[test]
fn a_lost_hello_is_said_again() {
    let mut world = World::quiet(|_| {});
    world.connect_after(0, 0);
    world.pass(75 * MILLI);
    world.cut(0);
    world.settle();
    assert_eq!((world.count("begun"), world.count("kept")), (1, 0));
}

#[test]
fn a_welcome_lost_twice_costs_the_first_page_nothing_and_a_later_one_nothing_either() {
    let mut world = World::quiet(|_| {});
    world.send(0, 10);
    world.connect_after(0, 0);
    for _ in 0..2 {
        world.pass(1_100 * MILLI);
        let wire = world.clients[0].wire.or(world.clients[0].opening).unwrap();
        world.wires.get_mut(&wire).unwrap().down.lose();
        let closed = Closed::abnormal(ClosedBy::Network, true, "");
        world.client_leaves(0, &closed, false);
    }
    world.settle();
    world.send(0, 10);
    world.server_sends(0, 10);
    world.settle();
    for _ in 0..2 {
        world.send(0, 10);
        world.server_sends(0, 10);
        world.reconnect(0, false);
        world.pass(76 * MILLI);
        let wire = world.wire(0);
        world.wires.get_mut(&wire).unwrap().down.lose();
        world.pass(50 * MILLI);
    }
    world.reconnect(0, false);
    world.settle();
    assert_eq!((world.ledger.delivered, world.ledger.lost), (7, 0));
    assert_eq!(world.count("begun"), 1);
}

#[test]
fn two_racing_reconnects_leave_the_later_one() {
    let mut world = World::live(|_| {});
    for _ in 0..5 {
        world.send(0, 10);
        world.reconnect(0, false);
        world.pass(80 * MILLI);
        world.send(0, 10);
        world.reconnect(0, false);
        world.pass(200 * MILLI);
    }
    world.settle();
    assert_eq!((world.ledger.delivered, world.ledger.lost), (10, 0));
    assert_eq!(world.count("takeover"), 10);
}

#[test]
fn a_late_hello_of_an_abandoned_attempt_takes_nothing_over() {
    let mut world = World::live(|_| {});
    world.reconnect(0, false);
    world.pass(75 * MILLI);
    world.stall(0, true, 5 * SECOND);
    world.reconnect(0, false);
    world.pass(MOMENT);
    let wire = world.wire(0);
    world.send(0, 10);
    world.pass(10 * SECOND);
    assert_eq!(world.count("late hello"), 1);
    assert_eq!(world.wire(0), wire, "it is served as before");
    world.settle();
    assert_eq!(world.ledger.delivered, 1);
}

#[test]
fn the_same_hello_again_takes_nothing_over() {
    let mut world = World::live(|_| {});
    world.reconnect(0, false);
    // Its HELLO is on the way.
    world.pass(75 * MILLI);
    let wire = world.wire(0);
    let hello = world.wires[&wire].up.parcels.front().expect("HELLO has gone").clone();
    world.pass(MOMENT);
    let again = world.wire_from(0);
    world.server_receives(again, hello);
    assert_eq!((world.count("late hello"), world.count("takeover")), (1, 1));
    let id = world.id(0);
    assert_eq!(world.instances[0].sessions[&id].wire, Some(wire), "another connection has the session");
    world.send(0, 10);
    world.server_sends(0, 10);
    world.settle();
    assert_eq!((world.ledger.delivered, world.wire(0)), (2, wire));
}

#[test]
fn a_ping_says_what_has_gone_over_this_connection_and_not_what_had_gone_over_the_one_before() {
    // A socket that takes little at once, and a server that asks often.
    let mut world = World::live(|plan| {
        plan.buffer = 200;
        plan.ping = Duration::from_millis(60);
    });
    let wire = world.wire(0);
    let line = world.wires.get_mut(&wire).unwrap();
    (line.up.swallows, line.down.swallows) = (true, true);
    for _ in 0..100 {
        world.send(0, 10);
        world.server_sends(0, 10);
    }
    world.cut(0);
    while !world.clients[0].session.is_live() {
        world.pass(MILLI);
    }
    // Most of it has not gone again. An end that counted otherwise would be closed with 4402.
    let (_, (unreleased, _)) = world.clients[0].session.queued();
    assert!(unreleased > 90, "{unreleased}");
    world.clients[0].session.ping(7);
    world.settle();
    assert_eq!((world.count("resumed"), world.ledger.delivered, world.ledger.lost), (1, 200, 0));
}

#[test]
fn what_the_old_connection_still_carries_after_the_takeover_is_not_read() {
    let mut world = World::live(|_| {});
    world.stall(0, true, 5 * SECOND);
    for _ in 0..3 {
        world.send(0, 10);
    }
    world.reconnect(0, false);
    world.settle();
    assert_eq!(world.ledger.delivered, 3);
    world.pass(10 * SECOND);
    assert_eq!((world.count("came late"), world.count("read after takeover")), (1, 1));
    assert_eq!(world.ledger.delivered, 3);
}

#[test]
fn an_acknowledgement_lost_at_the_cut_repeats_no_message() {
    let mut world = World::live(|_| {});
    let wire = world.wire(0);
    world.wires.get_mut(&wire).unwrap().down.swallows = true;
    for _ in 0..200 {
        world.send(0, 10);
    }
    world.pass(MOMENT);
    assert_eq!((world.ledger.delivered, world.clients[0].session.queued().1.0), (200, 200));
    world.cut(0);
    world.settle();
    assert_eq!((world.ledger.delivered, world.clients[0].session.resent()), (200, 0));
}

#[test]
fn a_cut_inside_a_message_resumes_in_its_middle() {
    let mut world = World::live(|_| {});
    world.send(0, 10 << 20);
    world.server_sends(0, 10 << 20);
    world.pass(90 * MILLI);
    assert_eq!(world.ledger.delivered, 0);
    let (_, (frames, _)) = world.clients[0].session.queued();
    assert!(frames > 16, "only {frames} frames were sent by then");
    world.cut(0);
    world.settle();
    assert_eq!(world.ledger.delivered, 2);
    assert!(world.clients[0].session.resent() < 40, "it began again");
}

#[test]
fn a_cut_with_the_window_full_loses_nothing() {
    let mut world = World::live(|_| {});
    let id = world.id(0);
    world.instances[0].sessions.get_mut(&id).unwrap().fast = false;
    for _ in 0..3_000 {
        world.send(0, 1_000);
    }
    world.pass(MOMENT);
    let untaken = world.instances[0].sessions[&id].session.untaken();
    assert!(untaken > (1 << 20) - 1_032, "{untaken}");
    world.cut(0);
    world.settle();
    assert_eq!((world.ledger.delivered, world.ledger.lost), (3_000, 0));
}

#[test]
fn a_message_of_ten_windows_passes_both_ways_at_once() {
    let mut world = World::live(|plan| {
        plan.client.window = 64 << 10;
        plan.server.window = 64 << 10;
    });
    world.send(0, 10 * (64 << 10));
    world.server_sends(0, 10 * (64 << 10));
    world.settle();
    assert_eq!(world.ledger.delivered, 2);
}

#[test]
fn a_session_without_a_message_is_resumed_like_any_other() {
    let mut world = World::live(|_| {});
    world.cut(0);
    world.settle();
    assert_eq!((world.count("begun"), world.count("resumed")), (1, 1));
}

#[test]
fn volatile_messages_between_numbered_ones_disturb_no_counting() {
    let mut world = World::live(|_| {});
    for n in 0..20 {
        world.send(0, 10);
        assert!(world.clients[0].session.volatile(None, "typing".into()));
        if n == 10 {
            world.tend(0);
            world.cut(0);
            world.pass(MOMENT);
        }
    }
    world.clients[0].session.ping(1);
    world.settle();
    assert_eq!((world.ledger.delivered, world.ledger.lost), (20, 0));
    assert!(world.count("volatile came") > 0);
}

#[test]
fn a_page_frozen_longer_than_the_session_lives_is_told_what_is_lost() {
    let mut world = World::live(|_| {});
    world.stall(0, false, 10 * MINUTE);
    world.send(0, 10);
    world.server_sends(0, 20);
    world.clients[0].frozen_until = world.now + 5 * MINUTE;
    world.pass(6 * MINUTE);
    world.settle();
    assert_eq!((world.count("expired"), world.count("kept")), (1, 1));
    assert_eq!(world.ledger.lost, 2, "the acknowledgement of one, the arrival of the other");
}

#[test]
fn a_session_that_expires_during_the_handshake_is_kept() {
    let mut world = World::live(|plan| plan.ttl = 2 * SECOND);
    world.send(0, 10);
    world.settle();
    let wire = world.wire(0);
    world.reset(wire);
    world.pass(10 * MILLI);
    world.connect_after(0, 0);
    world.pass(80 * MILLI);
    world.stall(0, true, 4 * SECOND);
    world.pass(MINUTE);
    world.settle();
    assert_eq!((world.count("expired"), world.count("kept"), world.ledger.lost), (1, 1, 0));
}

#[test]
fn a_clock_that_jumps_disturbs_nobody() {
    let mut world = World::live(|_| {});
    for n in 0..10 {
        world.send(0, 10);
        world.clients[0].skew += n * 3 * MINUTE;
        world.server_sends(0, 10);
        world.pass(10 * MILLI);
    }
    world.settle();
    assert_eq!((world.ledger.delivered, world.count("declares it dead")), (20, 0));
}

#[test]
fn a_full_queue_hands_the_message_back_and_takes_it_when_there_is_room() {
    let mut world = World::quiet(|plan| plan.client.queue_messages = 3);
    for _ in 0..3 {
        world.send(0, 10);
    }
    let session = &mut world.clients[0].session;
    let full = session.send(crate::content::Letter { uid: 9, len: 10, binary: true }.message()).unwrap_err();
    assert_eq!(full.reason, Refusal::Full);
    assert!(!session.has_room(10));
    world.connect_after(0, 0);
    world.settle();
    assert!(world.clients[0].session.has_room(10));
    world.send(0, 10);
    world.settle();
    assert_eq!(world.ledger.delivered, 4);
}

#[test]
fn two_ends_with_full_queues_still_take_each_others_acknowledgements() {
    let mut world = World::live(|plan| {
        (plan.client.queue_bytes, plan.server.queue_bytes) = (5_000, 5_000);
        (plan.client.window, plan.server.window) = (64 << 10, 64 << 10);
    });
    for _ in 0..40 {
        while world.clients[0].session.has_room(1_000) {
            world.send(0, 1_000);
        }
        let id = world.id(0);
        while world.instances[0].sessions[&id].session.has_room(1_000) {
            world.server_sends(0, 1_000);
        }
        world.pass(400 * MILLI);
    }
    world.settle();
    assert!(world.ledger.delivered >= 300, "{}", world.ledger.delivered);
}

#[test]
fn counters_made_to_differ_begin_one_fresh_session_and_then_stop() {
    let mut world = World::live(|_| {});
    for round in 0..2 {
        world.send(0, 10);
        let wire = world.wire(0);
        // A frame is lost inside the connection, as no network may.
        world.wires.get_mut(&wire).unwrap().up.pop();
        world.server_closes(wire, code::COUNTERS, "");
        world.pass(40 * MILLI);
        world.pass(if round == 0 { 3 * SECOND } else { 0 });
    }
    assert_eq!((world.count("gave up"), world.count("stop")), (1, 1));
    world.settle();
    assert_eq!(world.ledger.lost, 2);
}

#[test]
fn a_proxy_that_closes_after_a_minute_of_silence_never_does() {
    let mut world = World::live(|_| {});
    world.pass(60 * MINUTE);
    for way in world.carried {
        assert!(way.silence < 30 * SECOND, "{} s", way.silence / SECOND);
    }
    assert_eq!(world.count("declares it dead"), 0);
}

#[test]
fn an_empty_message_and_the_largest_pass_and_a_larger_one_comes_back() {
    let mut world = World::live(|plan| plan.max_message = [100_000; 2]);
    world.send(0, 0);
    world.send(0, 99_999);
    world.send(0, 100_000);
    let large = crate::content::Letter { uid: 9, len: 100_001, binary: true };
    let refused = world.clients[0].session.send(large.message()).unwrap_err();
    assert_eq!(refused.reason, Refusal::TooLarge { limit: 100_000 });
    world.settle();
    assert_eq!(world.ledger.delivered, 3);
}
