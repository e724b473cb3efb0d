//! Publications, channels and identities: what each edge case must show, one by one.

use rejoin_protocol::session::{ClientConfig, ClientSession, Stored};
use rejoin_protocol::wire::{Body, Since};

use crate::content::payload;
use crate::log::Policy;
use crate::plan::{MILLI, MINUTE, SECOND};
use crate::stage::MOMENT;
use crate::world::World;

const ROOM: &str = "room";

fn entries(world: &World) -> usize {
    world.log.channels.get(ROOM).map_or(0, |channel| channel.entries.len())
}

#[test]
fn killed_after_the_append_the_publication_is_in_the_log_once() {
    let mut world = World::live(|_| {});
    world.follow(0, ROOM, Since::All);
    world.dies = Some("after");
    for _ in 0..3 {
        world.publish(0, ROOM);
    }
    world.settle();
    assert_eq!((entries(&world), world.count("already"), world.count("durable")), (3, 1, 3));
    assert_eq!((world.count("killed after append"), world.count("entry")), (1, 3));
}

#[test]
fn killed_before_the_append_the_publication_is_in_the_log_once() {
    let mut world = World::live(|_| {});
    world.dies = Some("before");
    for _ in 0..3 {
        world.publish(0, ROOM);
    }
    world.settle();
    assert_eq!((entries(&world), world.count("already"), world.count("durable")), (3, 0, 3));
}

#[test]
fn killed_between_the_appends_of_two_channels_both_are_answered_once() {
    let mut world = World::live(|_| {});
    world.publish(0, "hall");
    world.pass(27 * MILLI);
    world.dies = Some("after");
    world.publish(0, ROOM);
    world.publish(0, "hall");
    world.settle();
    assert_eq!((entries(&world), world.count("durable")), (1, 3));
    assert_eq!(world.log.channels["hall"].entries.len(), 2);
}

#[test]
fn a_refusal_whose_answer_was_lost_is_given_again_whatever_the_permission_is_by_then() {
    let mut world = World::live(|_| {});
    world.verdict = Some(Policy::Refuse);
    world.dies = Some("after");
    world.publish(0, ROOM);
    world.publish(0, ROOM);
    world.settle();
    assert_eq!((world.count("refused for good"), world.count("refused")), (2, 1));
    assert_eq!((entries(&world), world.count("durable")), (1, 1));
}

#[test]
fn a_passing_refusal_holds_back_what_follows_and_takes_no_number() {
    let mut world = World::live(|_| {});
    world.verdict = Some(Policy::Later(500));
    for _ in 0..5 {
        world.publish(0, ROOM);
    }
    world.pass(300 * MILLI);
    assert_eq!((entries(&world), world.count("expected another")), (0, 4));
    world.settle();
    let numbers: Vec<_> = world.log.channels[ROOM].entries.values().map(|entry| entry.number).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4]);
}

#[test]
fn a_log_restored_from_an_older_backup_is_noticed_and_nothing_is_guessed() {
    let mut world = World::live(|plan| plan.clients = 2);
    world.follow(1, ROOM, Since::All);
    for _ in 0..3 {
        world.publish(0, ROOM);
    }
    world.settle();
    let backup = world.log.clone();
    for _ in 0..4 {
        world.publish(0, ROOM);
    }
    world.settle();
    assert_eq!(world.count("entry"), 7);
    world.kill(0, "kill");
    world.log = backup;
    world.settle();
    assert_eq!(world.count("gap"), 1, "the follower had seen what is gone");
    world.publish(0, ROOM);
    world.pass(10 * SECOND);
    assert_eq!((world.count("gave up"), world.count("unknown")), (1, 1));
    let before = world.id(0);
    world.publish(0, ROOM);
    world.settle();
    assert_eq!((world.id(0), entries(&world), world.count("entry")), (before, 4, 8));
}

#[test]
fn a_log_that_goes_back_twice_within_a_minute_stops_nobody() {
    let mut world = World::live(|_| {});
    let backup = world.log.clone();
    for _ in 0..3 {
        world.publish(0, ROOM);
        world.settle();
        world.kill(0, "kill");
        world.log = backup.clone();
        world.settle();
        world.publish(0, ROOM);
        world.settle();
    }
    assert_eq!((world.count("gave up"), world.count("stop")), (3, 0));
}

#[test]
fn a_client_that_changes_its_instance_amid_publications_repeats_none() {
    let mut world = World::live(|plan| {
        plan.instances = 2;
        plan.clients = 2;
    });
    world.follow(1, ROOM, Since::All);
    for round in 0..6 {
        for _ in 0..10 {
            world.publish(0, ROOM);
        }
        world.send(0, 10);
        // Its old connection is alive, and what it carries arrives late.
        if world.clients[0].wire.is_some() {
            world.stall(0, true, round * 40 * MILLI);
        }
        world.clients[0].instance ^= 1;
        world.reconnect(0, round % 2 == 0);
        world.pass(round * 30 * MILLI);
    }
    world.settle();
    assert_eq!((entries(&world), world.count("durable"), world.count("entry")), (60, 60, 60));
    assert!(world.count("kept") > 0);
}

#[test]
fn a_slow_reader_of_one_channel_stops_its_own_feed_and_no_other() {
    let mut world = World::live(|plan| {
        plan.clients = 2;
        plan.fast = 0;
        plan.client.subscription_window = 500;
    });
    for client in &mut world.clients {
        client.fast = false;
    }
    let slow = world.follow(0, ROOM, Since::All);
    let other = world.follow(0, "hall", Since::All);
    let mut read = 0;
    for _ in 0..100 {
        world.publish(1, ROOM);
        world.publish(1, "hall");
        world.pass(200 * MILLI);
        read += world.waiting(0, other);
        world.tend(0);
    }
    assert_eq!(read, 100);
    world.pass(2 * MINUTE);
    let mut got = world.waiting(0, slow);
    assert!((9..=11).contains(&got), "{got} of 52 bytes each were taken ahead");
    for _ in 0..20 {
        world.tend(0);
        world.pass(MOMENT);
        got += world.waiting(0, slow);
    }
    assert_eq!(got, 100, "it goes on where it was");
}

#[test]
fn entries_that_were_trimmed_before_they_were_read_are_a_gap() {
    let mut world = World::live(|plan| plan.clients = 2);
    world.follow(0, ROOM, Since::All);
    world.publish(1, ROOM);
    world.settle();
    let wire = world.wire(0);
    world.wires.get_mut(&wire).unwrap().down.swallows = true;
    for _ in 0..20 {
        world.publish(1, ROOM);
    }
    world.pass(MOMENT);
    world.log.trim(ROOM, 15);
    world.cut(0);
    world.settle();
    assert_eq!((world.count("gap"), world.count("entry")), (1, 1 + 21 - 15));
}

#[test]
fn two_writers_with_one_identity_are_told_apart() {
    let mut world = World::live(|plan| plan.clients = 2);
    world.publish(0, ROOM);
    world.settle();
    // The copy of the tab takes over, and says that another publication has the number of one in the log.
    let pair = world.clients[0].session.pair().unwrap();
    world.reconnect(1, true);
    world.clients[1].session.adopt(pair);
    world.publish(1, ROOM);
    world.pass(60 * MILLI);
    assert_eq!(world.history.conflicts, 0);
    let violated = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| world.pass(MOMENT)));
    assert!(violated.is_err(), "the client is told of the conflict");
    assert_eq!((world.history.conflicts, entries(&world)), (1, 1));
}

#[test]
fn a_reloaded_page_goes_on_with_what_it_had_stored() {
    let mut world = World::live(|_| {});
    let mut config = ClientConfig::default();
    config.persistent = true;
    world.clients[0].session = ClientSession::new(config.clone());
    world.clients[0].incarnation = None;
    world.clients[0].wire = None;
    world.connect_after(0, 0);
    world.pass(MOMENT);
    let first = world.publish(0, ROOM);
    world.pass(MOMENT);
    assert_eq!(entries(&world), 0, "it goes once it is stored");
    world.clients[0].session.stored(first);
    world.tend(0);
    // The page is reloaded before the answer comes, and with another publication stored and not sent.
    world.pass(40 * MILLI);
    assert_eq!(entries(&world), 1);
    let (pair, ids) = (world.clients[0].session.pair().unwrap(), [17, 18]);
    let sent = world.log.channels[ROOM].entries[&1].payload.clone();
    let mut session = ClientSession::new(config);
    session.adopt(pair);
    let id = world.log.id_of(pair.id, ROOM, 0);
    let stored = vec![
        Stored { number: 0, id, payload: sent },
        Stored { number: 1, id: ids[1], payload: payload(900, 20) },
    ];
    let restored = session.restore(ROOM, 0, stored);
    let one = &mut world.clients[0];
    let old: Vec<_> = std::mem::take(&mut one.published).into_values().collect();
    for (which, (number, uid)) in restored.into_iter().zip([(0, old[0].uid), (1, 900)]) {
        let published =
            crate::client::Published { channel: ROOM.into(), uid, number, publisher: Some(pair.id) };
        one.published.insert(which, published);
    }
    one.session = session;
    (one.incarnation, one.wire) = (None, None);
    world.connect_after(0, 0);
    world.pass(3 * SECOND);
    assert_eq!((entries(&world), world.count("durable"), world.count("already")), (2, 2, 1));
}

#[test]
fn a_handler_that_sends_while_its_queue_is_full_waits_for_nobody() {
    let mut world = World::live(|plan| plan.client.publications = 2);
    for _ in 0..2 {
        world.publish(0, ROOM);
    }
    let full = world.clients[0].session.publish(ROOM, Body::from("12345678"), 1).unwrap_err();
    assert_eq!(full.reason, rejoin_protocol::Refusal::Full);
    world.settle();
    world.publish(0, ROOM);
    world.settle();
    assert_eq!(entries(&world), 3);
}

#[test]
fn a_publisher_that_was_away_longer_than_its_rows_live_begins_afresh() {
    let mut world = World::live(|plan| plan.life = 5 * MINUTE);
    let before = world.id(0);
    world.publish(0, ROOM);
    world.settle();
    world.pass(2 * MINUTE);
    world.cut(0);
    world.publish(0, ROOM);
    world.clients[0].frozen_until = world.now + 10 * MINUTE;
    world.pass(11 * MINUTE);
    world.settle();
    assert_ne!(world.id(0), before);
    assert_eq!((world.count("fresh"), world.count("unsent"), entries(&world)), (1, 1, 1));
}

#[test]
fn a_thousand_channels_one_after_another_take_each_publication_once() {
    let mut world = World::live(|plan| plan.client.channels = 2);
    for round in 0..2_u64 {
        for n in 0..1_000 {
            let name = format!("room {n}");
            world.publish(0, &name);
            if n % 50 == 7 {
                // Behind the append, so that the answer is lost.
                world.dies = Some("after");
            }
            world.settle();
            let numbers = world.log.channels[&name].entries.values().map(|entry| entry.number);
            assert_eq!(numbers.collect::<Vec<_>>(), (0..=round).collect::<Vec<_>>(), "{name}");
        }
    }
    assert_eq!(world.count("durable"), 2_000);
    assert!(world.count("already") >= 30, "{} answers were lost", world.count("already"));
}

#[test]
fn a_client_whose_limits_are_above_the_servers_keeps_to_those() {
    let mut world = World::live(|plan| {
        plan.client.channels = 100;
        plan.server.channels = 2;
        plan.server.publications = 3;
    });
    for n in 0..100 {
        world.publish(0, &format!("room {}", n % 10));
    }
    world.cut(0);
    world.settle();
    assert_eq!((world.count("durable"), world.count("stop")), (100, 0));
}

#[test]
fn what_waits_and_is_too_large_for_another_instance_is_refused_unless_it_is_in_the_log() {
    let mut world = World::live(|plan| {
        plan.instances = 2;
        plan.max_publication = [4_000, 10];
    });
    // The first is in the log when its answer is lost; the second has not come there.
    world.dies = Some("after");
    world.publish(0, ROOM);
    world.pass(27 * MILLI);
    world.publish(0, ROOM);
    world.clients[0].instance = 1;
    world.reconnect(0, true);
    world.settle();
    assert_eq!((world.count("already"), world.count("durable")), (1, 1));
    assert_eq!((world.count("withheld"), world.count("refused"), entries(&world)), (2, 1, 1));
    let refused = world.clients[0].session.publish(ROOM, payload(9, 11), 1).unwrap_err();
    assert_eq!(refused.reason, rejoin_protocol::Refusal::TooLarge { limit: 10 });
}
