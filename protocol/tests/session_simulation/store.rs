//! Between an instance and the log: what is asked of it is done in order, and answered in order.

use rejoin_protocol::Time;
use rejoin_protocol::wire::{Answer, Denial, Publish, SessionId};

use crate::log::{Policy, Writer};
use crate::plan::MILLI;
use crate::server::Op;
use crate::world::{Happening, World};

impl World {
    pub(crate) fn op(&mut self, wire: u64, op: Op) {
        let pause = if self.random.percent(50) { 0 } else { self.random.between(0, 30 * MILLI) };
        let now = self.now;
        let at = self.wires[&wire].instance;
        let Some(conn) = self.instances[at].conns.get_mut(&wire) else { return };
        conn.ops.push_back(op);
        conn.busy_until = conn.busy_until.max(now + pause);
        let when = conn.busy_until;
        self.at(when, Happening::Op { wire });
    }

    /// The log does what was asked of it next; whoever asked may be gone by then.
    pub(crate) fn carry_out(&mut self, wire: u64) {
        let (time, at) = (Time::from_micros(self.now), self.wires[&wire].instance);
        let Some(conn) = self.instances[at].conns.get_mut(&wire) else { return };
        let (Some(op), Some(id), Some(machine)) = (conn.ops.pop_front(), conn.id, &mut conn.machine) else {
            return;
        };
        match op {
            Op::Subscribe(number, channel, since) => {
                if !self.calm && self.random.percent(self.plan.forbidden / 5) {
                    machine.subscribed(number, Err(Denial { code: 4403, reason: "not here".into() }));
                    conn.follows.remove(&number);
                } else {
                    machine.subscribed(number, Ok(self.log.start(&channel, since)));
                    machine.tail(time, number, self.log.tail(&channel).offset);
                }
            }
            Op::Read(number, channel, behind, max_bytes) => {
                match self.log.read(&channel, behind, max_bytes) {
                    Ok(entries) => machine.entries(time, number, entries),
                    Err((position, missing)) => machine.gap(number, position, missing),
                }
            }
            Op::Publish(publish) => self.append(wire, id, &publish),
        }
        self.server_tasks(wire);
        self.pump_server(wire);
    }

    pub(crate) fn append(&mut self, wire: u64, id: SessionId, publish: &Publish) {
        let at = self.wires[&wire].instance;
        if self.dies == Some("before") || self.struck() {
            self.dies = None;
            return self.kill(at, "killed before append");
        }
        let most = self.plan.max_publication[at];
        assert!(publish.payload.len() as u64 <= most, "a publication goes that the server does not take");
        assert!(publish.withheld.is_none_or(|size| size > most), "what the server takes is withheld");
        let policy = match self.random.between(0, 99) {
            _ if publish.withheld.is_some() => Policy::Refuse,
            _ if self.verdict.is_some() => self.verdict.take().unwrap(),
            _ if self.calm => Policy::Take,
            chance if chance < self.plan.forbidden => Policy::Refuse,
            chance if chance < self.plan.forbidden + self.plan.busy => {
                Policy::Later(self.random.magnitude(1, 2_000))
            }
            _ => Policy::Take,
        };
        let epoch = self.instances[at].writers.entry(publish.channel.clone()).or_default();
        let fresh = self.random.next_u64();
        let stride = if self.plan.stride == 1 { 1 } else { self.random.between(1, self.plan.stride) };
        self.log.touch(id, self.now);
        let answer =
            self.log.append(&mut self.history, id, publish, Writer { epoch, fresh, stride }, &policy);
        self.note_answer(wire, &answer);
        if publish.withheld.is_some() {
            self.note_wire("withheld", wire);
        }
        if matches!(answer, Answer::Appended(_)) {
            for instance in 0..self.instances.len() {
                let pause = if instance == at { 0 } else { self.random.between(0, 50 * MILLI) };
                self.after(pause, Happening::Tail { instance, channel: publish.channel.clone() });
            }
        }
        if self.dies == Some("after") || self.struck() {
            self.dies = None;
            return self.kill(at, "killed after append");
        }
        let pause = self.random.between(0, 5 * MILLI);
        let Some(conn) = self.instances[at].conns.get_mut(&wire) else { return };
        conn.answers.push_back((publish.channel.clone(), publish.number, answer));
        self.after(pause, Happening::Answered { wire });
    }

    pub(crate) fn answer(&mut self, wire: u64) {
        let at = self.wires[&wire].instance;
        let Some(conn) = self.instances[at].conns.get_mut(&wire) else { return };
        if let (Some((channel, number, answer)), Some(machine)) =
            (conn.answers.pop_front(), &mut conn.machine)
        {
            machine.published(&channel, number, answer);
            self.pump_server(wire);
        }
    }

    pub(crate) fn tail(&mut self, instance: usize, channel: &str) {
        let (time, offset) = (Time::from_micros(self.now), self.log.tail(channel).offset);
        let mut wires = Vec::new();
        for (wire, conn) in &mut self.instances[instance].conns {
            let Some(machine) = &mut conn.machine else { continue };
            for (number, _) in conn.follows.iter().filter(|(_, name)| *name == channel) {
                machine.tail(time, *number, offset);
                wires.push(*wire);
            }
        }
        for wire in wires {
            self.server_tasks(wire);
            self.pump_server(wire);
        }
    }
}
