//! The two ends of a connection: what they hear, what they send, and when they wake.

use rejoin_protocol::session::{ClientSession, code};
use rejoin_protocol::wire::Frame;
use rejoin_protocol::{Closed, ClosedBy, Time};

use crate::network::{Way, pack, unpack};
use crate::plan::{MILLI, SECOND};
use crate::world::{Happening, World, micros, weight};

impl World {
    pub(crate) fn client_receives(&mut self, wire: u64, parcel: Vec<u8>) {
        let client = self.wires[&wire].client;
        let now = self.now;
        for frame in unpack(parcel) {
            let one = &mut self.clients[client];
            if one.wire != Some(wire) || one.failed.is_some() {
                return;
            }
            one.heard = now;
            let begun = match &frame {
                Frame::Welcome(welcome) => Some(welcome.incarnation),
                _ => None,
            };
            if matches!(&frame, Frame::Data(data) if data.last) {
                one.arrived.push_back(one.incarnation.expect("DATA comes behind WELCOME"));
            }
            let time = one.time(now);
            if let Err(violation) = one.session.handle(time, frame) {
                panic!("the server broke the protocol: {violation}");
            }
            one.hear(now, &mut self.ledger, &self.log, &self.history);
            if let Some(incarnation) = begun
                && one.incarnation != Some(incarnation)
            {
                assert_eq!(one.incarnation, None, "a numbering was lost without a word");
                one.incarnation = Some(incarnation);
                self.ledger.begin(incarnation, Way::Up, one.track, one.session.queued().0.0);
            }
            if begun.is_some() && !self.calm && self.random.percent(20) {
                // Before what is sent again.
                self.clients[client].session.ping(now);
            }
        }
        self.tend(client);
    }

    /// Lets a client hear, send and sleep until something is due.
    pub(crate) fn tend(&mut self, client: usize) {
        let now = self.now;
        let one = &mut self.clients[client];
        one.hear(now, &mut self.ledger, &self.log, &self.history);
        for news in std::mem::take(&mut one.news) {
            self.note_client(news, client);
        }
        if let Some(violation) = self.clients[client].failed.take() {
            let closed = ClientSession::closed_for(&violation);
            self.client_leaves(client, &closed, true);
            return;
        }
        self.pump_client(client);
        self.arm_client(client);
    }

    pub(crate) fn pump_client(&mut self, client: usize) {
        let one = &mut self.clients[client];
        let Some(wire) = one.wire else { return };
        let time = one.time(self.now);
        loop {
            let room = self.plan.buffer.saturating_sub(self.wires[&wire].up.bytes);
            let one = &mut self.clients[client];
            let (mut frames, mut bytes) = (Vec::new(), 0);
            while bytes < room {
                let wants = one.session.wants_to_transmit(time);
                let frame = one.session.poll_transmit(time);
                assert_eq!(wants, frame.is_some(), "it says {wants}, and {frame:?} goes");
                let Some(frame) = frame else { break };
                bytes += 32 + weight(&frame);
                frames.push(frame);
            }
            if frames.is_empty() {
                return;
            }
            self.post(wire, Way::Up, pack(&frames));
        }
    }

    pub(crate) fn pump_server(&mut self, wire: u64) {
        let time = Time::from_micros(self.now);
        let Some(line) = self.wires.get(&wire) else { return };
        let (at, room) = (line.instance, self.plan.buffer.saturating_sub(line.down.bytes));
        let instance = &mut self.instances[at];
        let Some(conn) = instance.conns.get_mut(&wire) else { return };
        let (Some(id), Some(machine)) = (conn.id, conn.machine.as_mut()) else { return };
        let Some(held) = instance.sessions.get_mut(&id) else { return };
        let (mut frames, mut bytes) = (Vec::new(), 0);
        while bytes < room {
            let Some(frame) = machine.poll_transmit(time, &mut held.session) else { break };
            assert_eq!(held.wire, Some(wire), "a connection is served that was taken over");
            bytes += 32 + weight(&frame);
            frames.push(frame);
        }
        let bye = machine.said_bye();
        let code =
            frames.last().and_then(|frame| if let Frame::Bye(bye) = frame { Some(bye.code) } else { None });
        self.server_tasks(wire);
        self.post(wire, Way::Down, pack(&frames));
        if bye {
            self.server_closes(wire, code.unwrap_or(1000), "");
        }
        self.arm_server(wire);
    }

    pub(crate) fn arm_client(&mut self, client: usize) {
        let (now, ping) = (self.now, self.plan.ping);
        let one = &mut self.clients[client];
        let machine = one.session.deadline().map(|time| time.as_micros().saturating_sub(one.skew));
        let silence = one.probed.map_or(one.heard + micros(ping) + 10 * SECOND, |probed| probed + 3 * SECOND);
        let silence = one.wire.map(|_| silence);
        let Some(at) = [machine, silence].into_iter().flatten().min() else { return };
        let at = at.max(now + MILLI);
        if one.timer_at.is_none_or(|armed| at < armed) {
            one.timer_at = Some(at);
            self.at(at, Happening::ClientTimer { client });
        }
    }

    pub(crate) fn client_timer(&mut self, client: usize) {
        let (now, ping) = (self.now, self.plan.ping);
        let one = &mut self.clients[client];
        if one.timer_at != Some(now) {
            return;
        }
        if one.frozen_until >= now {
            let until = one.frozen_until + 1;
            one.timer_at = Some(until);
            return self.at(until, Happening::ClientTimer { client });
        }
        one.timer_at = None;
        let time = one.time(now);
        one.session.wake(time);
        let silent = one.wire.is_some() && now >= one.heard + micros(ping) + 10 * SECOND;
        if silent && one.probed.is_none_or(|probed| probed <= one.heard) {
            one.probed = Some(now);
            one.session.ping(now);
        } else if silent && one.probed.is_some_and(|probed| now >= probed + 3 * SECOND) {
            self.note_client("declares it dead", client);
            let closed = Closed::abnormal(ClosedBy::KeepAlive, true, "");
            return self.client_leaves(client, &closed, true);
        }
        self.tend(client);
    }

    pub(crate) fn arm_server(&mut self, wire: u64) {
        let (now, ping, patience) = (self.now, micros(self.plan.ping), self.plan.patience);
        let Some(line) = self.wires.get(&wire) else { return };
        let instance = &mut self.instances[line.instance];
        let Some(conn) = instance.conns.get_mut(&wire) else { return };
        let at = match (&conn.machine, conn.id) {
            (Some(machine), Some(id)) => {
                // One that was taken over can outlive its session.
                let session = instance.sessions.get(&id).map(|held| &held.session);
                let machine = session.and_then(|session| machine.deadline(session)).map(Time::as_micros);
                machine.unwrap_or(u64::MAX).min(conn.heard + 2 * ping + SECOND)
            }
            _ => conn.opened + patience,
        };
        let at = at.max(now + 20 * MILLI);
        if conn.timer_at.is_none_or(|armed| at < armed) {
            conn.timer_at = Some(at);
            self.at(at, Happening::ServerTimer { wire });
        }
    }

    pub(crate) fn server_timer(&mut self, wire: u64) {
        let (now, ping) = (self.now, micros(self.plan.ping));
        let instance = &mut self.instances[self.wires[&wire].instance];
        let Some(conn) = instance.conns.get_mut(&wire) else { return };
        if conn.timer_at != Some(now) {
            return;
        }
        conn.timer_at = None;
        if conn.id.is_some_and(|id| !instance.sessions.contains_key(&id)) {
            return self.server_closes(wire, code::TAKEN_OVER, "");
        }
        let (Some(id), Some(machine)) = (conn.id, conn.machine.as_mut()) else {
            if now >= conn.opened + self.plan.patience {
                self.note_wire("hello is late", wire);
                self.server_closes(wire, 4408, "");
            }
            return self.arm_server(wire);
        };
        if now > conn.heard + 2 * ping {
            self.note_wire("server declares it dead", wire);
            return self.server_closes(wire, 1006, "");
        }
        machine.wake(Time::from_micros(now), &mut instance.sessions.get_mut(&id).unwrap().session);
        self.server_tasks(wire);
        self.pump_server(wire);
        self.arm_server(wire);
    }
}
