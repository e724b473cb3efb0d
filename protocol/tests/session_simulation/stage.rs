//! A quiet world for one scenario at a time: what is told to it by hand happens, and nothing else.

use std::time::Duration;

use rejoin_protocol::session::{ChannelEvent, Publication, SubscriptionId};
use rejoin_protocol::wire::{SessionId, Since};
use rejoin_protocol::{Closed, ClosedBy};

use crate::client::{Follower, Published};
use crate::content::{Letter, payload};
use crate::network::{Pipe, Wire};
use crate::plan::{MILLI, MINUTE, Plan, SECOND};
use crate::world::World;
use rejoin_test_support::Random;

/// The seed of every scenario: some are about times that it gives.
const SEED: u64 = 0x5851_f42d_4c95_7f2d;

impl World {
    /// A quiet world with one client that is not connected.
    pub(crate) fn quiet(change: impl FnOnce(&mut Plan)) -> Self {
        let mut plan = Plan::quiet();
        change(&mut plan);
        let mut world = Self::planned(plan, Random::new(SEED), false);
        world.calm = true;
        world
    }

    /// The same, connected.
    pub(crate) fn live(change: impl FnOnce(&mut Plan)) -> Self {
        let mut world = Self::quiet(change);
        for client in 0..world.clients.len() {
            world.connect_after(client, 0);
        }
        world.settle();
        world
    }

    pub(crate) fn pass(&mut self, micros: u64) {
        self.run_until(self.now + micros);
    }

    /// Goes on until nobody waits for anything.
    pub(crate) fn settle(&mut self) {
        let patience = self.now + 10 * MINUTE;
        while let Some(why) = self.unrest() {
            assert!(self.now < patience, "in the end {why}");
            self.pass(50 * MILLI);
        }
    }

    /// How long that takes.
    pub(crate) fn time_to_settle(&mut self) -> Duration {
        let before = self.now;
        self.settle();
        Duration::from_micros(self.now - before)
    }

    pub(crate) fn send(&mut self, client: usize, len: usize) {
        self.serial += 1;
        let letter = Letter { uid: self.serial, len, binary: true };
        let one = &mut self.clients[client];
        one.session.send(letter.message()).unwrap();
        self.ledger.taken(one.track, letter);
        self.tend(client);
    }

    pub(crate) fn id(&self, client: usize) -> SessionId {
        self.clients[client].session.pair().unwrap().id
    }

    pub(crate) fn server_sends(&mut self, client: usize, len: usize) {
        self.serial += 1;
        let letter = Letter { uid: self.serial, len, binary: true };
        let (id, at) = (self.id(client), self.clients[client].instance);
        let held = self.instances[at].sessions.get_mut(&id).unwrap();
        held.session.send(letter.message()).unwrap();
        self.ledger.taken(held.track, letter);
        if let Some(wire) = held.wire {
            self.pump_server(wire);
        }
    }

    pub(crate) fn publish(&mut self, client: usize, channel: &str) -> Publication {
        self.serial += 1;
        let (uid, id) = (self.serial, self.random.next_u64());
        let one = &mut self.clients[client];
        let publisher = one.session.pair().map(|pair| pair.id);
        let (which, number) = one.session.publish(channel, payload(uid, 20), id).unwrap();
        one.published.insert(which, Published { channel: channel.into(), uid, number, publisher });
        self.tend(client);
        which
    }

    pub(crate) fn follow(&mut self, client: usize, channel: &str, since: Since) -> SubscriptionId {
        let one = &mut self.clients[client];
        let id = one.session.subscribe(channel, since).unwrap();
        one.followers.push(Follower { id, channel: channel.into(), at: None, over: false });
        self.tend(client);
        id
    }

    pub(crate) fn wire(&self, client: usize) -> u64 {
        self.clients[client].wire.unwrap()
    }

    /// The network resets the connection; the client comes back at once.
    pub(crate) fn cut(&mut self, client: usize) {
        let wire = self.wire(client);
        self.reset(wire);
        self.pass(10 * MILLI);
    }

    /// The client leaves its connection and makes another; what it had sent is still on its way.
    pub(crate) fn reconnect(&mut self, client: usize, tell: bool) {
        let closed = Closed::abnormal(ClosedBy::Network, true, "");
        self.client_leaves(client, &closed, tell);
        self.connect_after(client, 0);
    }

    /// A connection that is open at the server alone.
    pub(crate) fn wire_from(&mut self, client: usize) -> u64 {
        let wire = self.wires.last_key_value().map_or(0, |(wire, _)| wire + 1);
        let (up, down, latency) = (Pipe::default(), Pipe::default(), MILLI);
        let (at_client, at_server) = (false, true);
        let line = Wire { client, instance: 0, latency, up, down, at_client, at_server };
        self.wires.insert(wire, line);
        self.accept(wire, 0);
        wire
    }

    /// How often something happened.
    pub(crate) fn count(&self, what: &str) -> u64 {
        self.coverage.count(what)
    }

    /// The entries that wait for a reader.
    pub(crate) fn waiting(&mut self, client: usize, id: SubscriptionId) -> usize {
        let events = std::iter::from_fn(|| self.clients[client].session.take_channel_event(id));
        events.filter(|event| matches!(event, ChannelEvent::Entry { .. })).count()
    }

    pub(crate) fn stall(&mut self, client: usize, up: bool, length: u64) {
        let (now, wire) = (self.now, self.wire(client));
        let line = self.wires.get_mut(&wire).unwrap();
        let pipe = if up { &mut line.up } else { &mut line.down };
        pipe.stalled_until = now + length;
    }
}

/// The time that is long for a network and short for a person.
pub(crate) const MOMENT: u64 = SECOND;
