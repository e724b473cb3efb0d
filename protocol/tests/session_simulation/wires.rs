//! How connections come to be and end, and how what is sent over them arrives.

use rejoin_protocol::session::Ending;
use rejoin_protocol::{Closed, ClosedBy};

use crate::network::{Pipe, Way, Wire};
use crate::plan::{MILLI, SECOND};
use crate::world::{Happening, World, micros};

impl World {
    /// Hands messages to a socket.
    pub(crate) fn post(&mut self, wire: u64, way: Way, parcels: Vec<Vec<u8>>) {
        let (calm, jitter) = (self.calm, self.random.between(0, 5));
        for parcel in parcels {
            self.carried[usize::from(way == Way::Down)].note(self.now, &parcel);
            let line = self.wires.get_mut(&wire).unwrap();
            let at = self.now + line.latency * if jitter == 0 && !calm { 3 } else { 1 };
            let pipe = line.pipe(way);
            if pipe.swallows {
                self.note_wire("swallowed", wire);
                continue;
            }
            pipe.last = pipe.last.max(at);
            pipe.bytes += parcel.len();
            pipe.parcels.push_back(parcel);
            let at = pipe.last;
            self.at(at, Happening::Arrive { wire, way });
        }
    }

    pub(crate) fn arrive(&mut self, wire: u64, way: Way) {
        let Some(line) = self.wires.get_mut(&wire) else { return };
        let (client, now) = (line.client, self.now);
        let frozen = if way == Way::Down { self.clients[client].frozen_until } else { 0 };
        let pipe = line.pipe(way);
        let until = pipe.stalled_until.max(frozen);
        if until > now {
            return self.at(until, Happening::Arrive { wire, way });
        }
        let Some(parcel) = pipe.pop() else { return };
        match way {
            Way::Up if line.at_server => {
                if self.clients[client].wire != Some(wire) {
                    self.note_wire("came late", wire);
                }
                self.server_receives(wire, parcel);
            }
            Way::Down if line.at_client => self.client_receives(wire, parcel),
            _ => {}
        }
        match way {
            Way::Up if self.clients[client].wire == Some(wire) => self.tend(client),
            Way::Down => self.pump_server(wire),
            Way::Up => {}
        }
    }

    pub(crate) fn connect_after(&mut self, client: usize, pause: u64) {
        self.clients[client].attempts += 1;
        let attempt = self.clients[client].attempts;
        self.after(pause, Happening::Connect { client, attempt });
    }

    pub(crate) fn connect(&mut self, client: usize, attempt: u64) {
        let one = &mut self.clients[client];
        if one.attempts != attempt || one.wire.is_some() || one.opening.is_some() {
            return;
        }
        if one.frozen_until > self.now {
            let until = one.frozen_until;
            return self.at(until, Happening::Connect { client, attempt });
        }
        one.stopped = false;
        let over: Vec<_> = one.followers.iter().filter(|one| one.over).map(|one| one.id).collect();
        for id in over {
            one.session.unsubscribe(id);
        }
        one.followers.retain(|one| !one.over);
        if self.instances.len() == 2 && self.random.percent(self.plan.wander) {
            self.clients[client].instance ^= 1;
        }
        let instance = self.clients[client].instance;
        if !self.instances[instance].up || (!self.calm && self.random.percent(self.plan.refused)) {
            self.note_client("connect refused", client);
            let closed = Closed::abnormal(ClosedBy::Refused, false, "");
            return self.ended(client, &closed);
        }
        let wire = self.wires.last_key_value().map_or(0, |(wire, _)| wire + 1);
        let latency = self.random.between(self.plan.latency / 2, self.plan.latency);
        self.wires.insert(
            wire,
            Wire {
                client,
                instance,
                latency,
                up: Pipe::default(),
                down: Pipe::default(),
                at_client: true,
                at_server: true,
            },
        );
        self.clients[client].opening = Some(wire);
        self.after(3 * latency, Happening::Opened { wire });
    }

    pub(crate) fn opened(&mut self, wire: u64) {
        let Wire { client, instance, latency, .. } = self.wires[&wire];
        if self.clients[client].opening != Some(wire) {
            return;
        }
        self.say(|| format!("client {client}: wire {wire} to {instance} is open"));
        if self.instances[instance].up {
            self.accept(wire, instance);
        } else {
            self.wires.get_mut(&wire).unwrap().up.lose();
        }
        let now = self.now;
        let one = &mut self.clients[client];
        (one.opening, one.wire, one.heard, one.probed) = (None, Some(wire), now, None);
        let time = one.time(now);
        one.session.connected(time, None);
        if !self.calm {
            let early = self.random.percent(30);
            let pause = if early {
                self.random.between(0, 3 * latency)
            } else {
                self.random.between(0, 2 * self.plan.fault)
            };
            self.after(pause, Happening::Fault { wire });
        }
        self.tend(client);
    }

    /// The client hears that its connection has ended, unless it has left it before.
    pub(crate) fn client_gone(&mut self, wire: u64, closed: &Closed) {
        let line = &self.wires[&wire];
        let (client, waiting) = (line.client, !line.down.parcels.is_empty() && line.at_client);
        let until = line.down.stalled_until.max(self.clients[client].frozen_until);
        if until > self.now || waiting {
            let closed = closed.clone();
            return self.at(until.max(self.now + MILLI), Happening::ClientGone { wire, closed });
        }
        let one = &mut self.clients[client];
        if one.wire == Some(wire) || one.opening == Some(wire) {
            (one.wire, one.opening) = (None, None);
            self.wires.get_mut(&wire).unwrap().at_client = false;
            self.ended(client, closed);
        }
    }

    /// The client leaves its connection; the server hears of it behind what was sent, or not at all.
    pub(crate) fn client_leaves(&mut self, client: usize, closed: &Closed, tell: bool) {
        let one = &mut self.clients[client];
        let Some(wire) = one.wire.take().or(one.opening.take()) else { return };
        let line = self.wires.get_mut(&wire).unwrap();
        line.at_client = false;
        if tell {
            let at = line.up.last.max(self.now + line.latency) + 1;
            self.at(at, Happening::ServerGone { wire });
        }
        self.ended(client, closed);
    }

    pub(crate) fn server_gone(&mut self, wire: u64) {
        let line = &self.wires[&wire];
        if !line.at_server {
            return;
        }
        if !line.up.parcels.is_empty() {
            let until = line.up.stalled_until.max(self.now + MILLI);
            return self.at(until, Happening::ServerGone { wire });
        }
        if !line.up.swallows {
            self.server_leaves(wire);
        }
    }

    pub(crate) fn tell_client(&mut self, wire: u64, closed: Closed) {
        let line = &self.wires[&wire];
        if line.at_client && !line.down.swallows {
            let at = line.down.last.max(self.now + line.latency) + 1;
            self.at(at, Happening::ClientGone { wire, closed });
        }
    }

    pub(crate) fn ended(&mut self, client: usize, closed: &Closed) {
        let (now, most) =
            (self.now, if self.calm { SECOND } else { 4 * self.plan.latency.max(self.plan.pause) });
        let one = &mut self.clients[client];
        let time = one.time(now);
        let ending = one.session.ended(time, closed);
        one.hear(now, &mut self.ledger, &self.log, &self.history);
        one.failed = None;
        self.say(|| format!("client {client}: ended with {} by {:?}: {ending:?}", closed.code, closed.by));
        match ending {
            Ending::Retry { after, .. } => {
                let pause = after.map_or(0, micros) + self.random.between(0, most);
                self.connect_after(client, pause);
            }
            Ending::Stop(_) => {
                let one = &mut self.clients[client];
                one.stopped = true;
                one.read_all(now, &mut self.ledger, &self.history);
                assert!(one.published.is_empty() && one.calls.is_empty(), "nobody is told of the end");
                assert!(one.followers.iter().all(|one| one.over), "a follower is not told of the end");
                self.note_client("stop", client);
                let pause = self.random.between(0, 20 * most);
                self.connect_after(client, pause);
            }
        }
        self.tend(client);
    }
}
