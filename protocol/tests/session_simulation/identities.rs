//! Who a session belongs to, and how it ends: what each edge case must show, one by one.

use rejoin_protocol::session::ClientSession;
use rejoin_protocol::wire::Denial;
use rejoin_protocol::{Closed, ClosedBy, Refusal};

use crate::plan::{MILLI, MINUTE, SECOND};
use crate::stage::MOMENT;
use crate::world::World;

#[test]
fn a_stolen_token_gets_nothing_and_the_owner_loses_nothing() {
    let mut world = World::live(|plan| plan.clients = 2);
    world.send(0, 10);
    let stolen = world.clients[0].session.pair().unwrap();
    world.clients[1].session.adopt(stolen);
    world.stranger = true;
    world.reconnect(1, true);
    world.pass(MOMENT);
    world.stranger = false;
    assert_ne!(world.id(1), stolen.id);
    world.settle();
    assert_eq!((world.id(0), world.ledger.lost), (stolen.id, 0));
}

#[test]
fn after_a_logout_what_waits_is_held_until_the_application_decides() {
    let mut world = World::live(|_| {});
    world.cut(0);
    world.send(0, 10);
    world.stranger = true;
    world.pass(3 * SECOND);
    assert_eq!(world.count("fresh"), 1);
    assert_eq!(world.clients[0].session.queued().0.0, 1, "it was not sent as somebody else's");
    // Even so the new session lives: its pings are answered.
    world.pass(3 * MINUTE);
    assert_eq!((world.count("server declares it dead"), world.count("declares it dead")), (0, 0));
    let back = world.clients[0].session.take_waiting();
    assert_eq!(back.len(), 1);
    let track = world.clients[0].track;
    world.ledger.handed_back(track, &back);
    world.settle();
    assert_eq!(world.ledger.delivered, 0);
}

#[test]
fn finishing_offline_and_during_a_connect_ends_the_session() {
    let mut world = World::quiet(|_| {});
    let session = &mut world.clients[0].session;
    session.finish("enough");
    assert!(session.is_over());
    let refused = session.send(rejoin_protocol::session::SessionMessage::text("x")).unwrap_err();
    assert_eq!(refused.reason, Refusal::Closed);
    let mut world = World::quiet(|_| {});
    world.connect_after(0, 0);
    world.pass(76 * MILLI);
    assert!(!world.clients[0].session.is_live());
    world.clients[0].session.finish("enough");
    assert!(world.clients[0].session.is_over());
}

#[test]
fn a_farewell_that_a_cut_overtakes_ends_the_session_all_the_same() {
    let mut world = World::live(|_| {});
    world.clients[0].session.finish("enough");
    let wire = world.wire(0);
    world.wires.get_mut(&wire).unwrap().at_client = true;
    let closed = Closed::abnormal(ClosedBy::Network, true, "");
    world.client_leaves(0, &closed, true);
    assert!(world.clients[0].stopped);
}

#[test]
fn what_waits_comes_back_when_the_session_is_stopped() {
    let mut world = World::live(|_| {});
    let wire = world.wire(0);
    world.wires.get_mut(&wire).unwrap().up.swallows = true;
    world.send(0, 10);
    world.cut(0);
    world.send(0, 10);
    let session: &mut ClientSession = &mut world.clients[0].session;
    session.stop(&Denial { code: 1000, reason: String::new() });
    world.tend(0);
    assert_eq!((world.count("stopped"), world.ledger.lost), (1, 1));
    assert_eq!(world.clients[0].session.queued(), ((0, 0), (0, 0)));
}
