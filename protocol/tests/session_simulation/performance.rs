//! What the protocol promises of speed, as far as virtual time can show it.

use rejoin_protocol::session::SessionMessage;
use rejoin_protocol::wire::{Data, Frame};

use crate::network::pack;
use crate::plan::{MILLI, MINUTE, SECOND};
use crate::world::World;

/// Sends as an application does that awaits room in the queue, for so long, over a round trip of 50 ms. Bytes a second.
fn throughput(len: usize, seconds: u64) -> u64 {
    let mut world = World::live(|plan| plan.latency = 25 * MILLI);
    for line in world.wires.values_mut() {
        line.latency = 25 * MILLI;
    }
    let begin = world.now;
    let mut sent = 0;
    while world.now < begin + seconds * SECOND {
        while world.clients[0].session.has_room(len) {
            world.send(0, len);
            sent += 1;
        }
        world.pass(5 * MILLI);
    }
    assert!(world.ledger.delivered <= sent);
    world.ledger.delivered * len as u64 / seconds
}

#[test]
fn large_messages_fill_the_window_of_a_long_round_trip() {
    let speed = throughput(1 << 20, 4);
    assert!(speed >= 19_000_000, "{speed} bytes a second");
}

#[test]
fn small_messages_fill_the_window_of_a_long_round_trip() {
    let speed = throughput(4 << 10, 2);
    assert!(speed >= 19_000_000, "{speed} bytes a second");
}

#[test]
fn a_message_of_ten_megabytes_takes_half_a_second_of_round_trips() {
    let mut world = World::live(|_| {});
    world.send(0, 10_000_000);
    let time = world.time_to_settle();
    assert!(time.as_millis() < 700, "{time:?}");
}

#[test]
fn a_small_message_costs_two_bytes_more_than_it_has() {
    let frame = |n: u8| {
        let payload = vec![n; 64].into();
        Frame::Data(Data { binary: true, first: true, last: true, ack: None, payload })
    };
    let frames: Vec<_> = (0..100).map(frame).collect();
    let bytes: usize = pack(&frames).iter().map(Vec::len).sum();
    assert!(bytes <= 1 + 100 * (64 + 2), "{bytes} bytes");
    assert_eq!(pack(&frames[..1])[0].len(), 65, "a lone one costs one byte");
}

#[test]
fn a_steady_stream_costs_at_most_two_acknowledgements_in_a_hundred() {
    let mut world = World::live(|_| {});
    let before = world.carried;
    for _ in 0..10_000 {
        world.send(0, 64);
        world.pass(MILLI);
    }
    let acks = world.carried[1].acks - before[1].acks;
    assert!(acks <= 200, "{acks} for 10,000 messages");
    assert!(acks >= 100, "{acks} are too few to release what was sent");
}

#[test]
fn both_ways_acknowledgements_ride_on_messages() {
    let mut world = World::live(|_| {});
    for _ in 0..5_000 {
        world.send(0, 64);
        world.server_sends(0, 64);
        world.pass(MILLI);
    }
    let acks: u64 = world.carried.iter().map(|way| way.acks).sum();
    assert!(acks <= 20, "{acks} went alone");
}

#[test]
fn an_idle_day_costs_a_ping_and_a_pong_every_25_seconds() {
    let mut world = World::live(|_| {});
    let before = world.carried;
    world.pass(3 * 24 * 60 * MINUTE);
    for (way, before) in world.carried.iter().zip(before) {
        let (parcels, bytes) = (way.parcels - before.parcels, way.bytes - before.bytes);
        assert!(parcels <= 3 * 24 * 60 * 60 / 25 + 1, "{parcels} messages");
        assert!(bytes <= parcels * 20, "{bytes} bytes");
    }
    assert_eq!(world.count("declares it dead"), 0);
}

#[test]
fn a_lone_message_is_not_held_back() {
    let mut world = World::live(|_| {});
    let (wire, before) = (world.wire(0), world.now);
    let latency = world.wires[&wire].latency;
    world.send(0, 10);
    world.pass(latency);
    assert_eq!(world.ledger.delivered, 1, "{} ms", (world.now - before) / MILLI);
    assert_eq!(SessionMessage::text("").cost(), 32);
}
