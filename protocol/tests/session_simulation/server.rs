//! A server's instance: its registry of sessions, its connections, and what stands between them and the log.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rejoin_protocol::session::{
    Claim, Greeting, Judgement, Request, ServerConnection, ServerSession, Taken, Task, Timing, code,
};
use rejoin_protocol::wire::{
    Answer, Body, Denial, Epoch, Frame, Hello, Member, Outcome, Position, Presence, Publish, SessionId,
    Since, Target,
};
use rejoin_protocol::{Closed, Time};

use crate::client::identity;
use crate::content::{name_of, payload};
use crate::network::{Way, pack, unpack};
use crate::plan::MILLI;
use crate::world::{Happening, World};

/// A session in an instance's memory.
pub(crate) struct Held {
    pub(crate) session: ServerSession,
    pub(crate) track: usize,
    pub(crate) wire: Option<u64>,
    pub(crate) away_since: u64,
    pub(crate) arrived: VecDeque<u64>,
    pub(crate) unreleased: Vec<Taken>,
    pub(crate) fast: bool,
}

pub(crate) enum Op {
    Publish(Publish),
    Subscribe(u64, String, Since),
    Read(u64, String, Position, usize),
}

/// A connection as the server sees it.
pub(crate) struct Conn {
    pub(crate) id: Option<SessionId>,
    pub(crate) machine: Option<ServerConnection>,
    pub(crate) opened: u64,
    pub(crate) heard: u64,
    pub(crate) timer_at: Option<u64>,
    pub(crate) follows: BTreeMap<u64, String>,
    pub(crate) ops: VecDeque<Op>,
    /// When the last of them is carried out, and the last answer is given.
    pub(crate) busy_until: u64,
    pub(crate) answers: VecDeque<(String, u64, Answer)>,
}

pub(crate) struct Instance {
    pub(crate) up: bool,
    pub(crate) sessions: BTreeMap<SessionId, Held>,
    pub(crate) conns: BTreeMap<u64, Conn>,
    pub(crate) writers: BTreeMap<String, Option<Epoch>>,
}

impl World {
    pub(crate) fn accept(&mut self, wire: u64, instance: usize) {
        let conn = Conn {
            id: None,
            machine: None,
            opened: self.now,
            heard: self.now,
            timer_at: None,
            follows: BTreeMap::new(),
            ops: VecDeque::new(),
            busy_until: 0,
            answers: VecDeque::new(),
        };
        self.instances[instance].conns.insert(wire, conn);
        self.arm_server(wire);
    }

    pub(crate) fn server_receives(&mut self, wire: u64, parcel: Vec<u8>) {
        let instance = self.wires[&wire].instance;
        for frame in unpack(parcel) {
            let now = self.now;
            let Some(conn) = self.instances[instance].conns.get_mut(&wire) else { return };
            conn.heard = now;
            match (frame, conn.machine.is_some()) {
                (Frame::Hello(hello), false) => self.greet(wire, &hello),
                (frame, true) => self.server_handles(wire, frame),
                (frame, false) => panic!("{frame:?} came before HELLO"),
            }
        }
        self.pump_server(wire);
    }

    pub(crate) fn server_handles(&mut self, wire: u64, frame: Frame) {
        let time = Time::from_micros(self.now);
        let instance = &mut self.instances[self.wires[&wire].instance];
        let Some(conn) = instance.conns.get_mut(&wire) else { return };
        let (Some(id), Some(machine)) = (conn.id, &mut conn.machine) else { return };
        let ends = matches!(&frame, Frame::Data(data) if data.last);
        let handled = match instance.sessions.get_mut(&id) {
            Some(held) => {
                let handled = machine.handle(time, &mut held.session, frame);
                if ends && handled.is_ok() {
                    assert_eq!(held.wire, Some(wire), "a connection is read that was taken over");
                    held.arrived.push_back(held.session.incarnation());
                }
                handled
            }
            None => return self.server_closes(wire, code::TAKEN_OVER, "its session is gone"),
        };
        match handled {
            Ok(()) => self.server_tasks(wire),
            Err(violation) => {
                assert_eq!(violation.code, code::TAKEN_OVER, "the client broke the protocol: {violation}");
                self.note_wire("read after takeover", wire);
                self.server_closes(wire, violation.code, "");
            }
        }
    }

    pub(crate) fn greet(&mut self, wire: u64, hello: &Hello) {
        let (time, at) = (Time::from_micros(self.now), self.wires[&wire].instance);
        let connected: Vec<_> = self.instances.iter().flat_map(Instance::connected).collect();
        self.log.expire(self.now, self.plan.life, &connected);
        let proven = !self.stranger && (self.calm || !self.random.percent(self.plan.refused / 10));
        let claimed = hello.resume.map(|resume| resume.id);
        let held = claimed.and_then(|id| self.instances[at].sessions.get(&id));
        let claim = Claim {
            hello,
            proven,
            session: held.map(|held| &held.session),
            known: claimed.is_some_and(|id| self.log.knows(id)),
            young: claimed.is_some_and(|id| id.born * MILLI + self.plan.life > self.now),
            age_ms: claimed.map_or(0, |id| (self.now / MILLI).saturating_sub(id.born)),
        };
        let outcome = match claim.judge() {
            Judgement::Welcome { outcome, disagreed } => {
                assert!(!disagreed, "two honest ends stand where they can't go on: {hello:?}");
                outcome
            }
            Judgement::Refused(refusal) => {
                self.note_wire("late hello", wire);
                return self.server_closes(wire, refusal.code(), &refusal.reason());
            }
        };
        self.serial += 1;
        let id = match outcome {
            Outcome::Fresh => identity(self.now / MILLI, self.serial),
            _ => claimed.unwrap(),
        };
        self.log.touch(id, self.now);
        let incarnation = self.random.next_u64();
        let greeting = Greeting {
            outcome,
            id,
            token: [7; 32],
            incarnation,
            alias: self.serial,
            protocol: None,
            max_publication: self.plan.max_publication[at],
            max_publications: self.plan.server.publications as u64,
            max_channels: self.plan.server.channels as u64,
            max_auth: 16 << 10,
            ping_interval: self.plan.ping,
            ttl: Duration::from_micros(self.plan.ttl),
            instance: format!("instance {at}"),
        };
        let (fast, by_hand) = (self.calm || self.random.percent(self.plan.fast), self.plan.by_hand[1]);
        let mut limits = self.plan.server.clone();
        limits.max_message = self.plan.max_message[at];
        let instance = &mut self.instances[at];
        let known = instance.sessions.contains_key(&id);
        let ledger = &mut self.ledger;
        let held = instance.sessions.entry(id).or_insert_with(|| Held {
            session: ServerSession::new(&limits, by_hand),
            track: ledger.track(),
            wire: None,
            away_since: 0,
            arrived: VecDeque::new(),
            unreleased: Vec::new(),
            fast,
        });
        let before = held.session.incarnation();
        let (welcome, lost) = held.session.welcome(time, hello, greeting);
        let waiting = held.session.queued().0.0;
        if outcome == Outcome::Resumed {
            assert!(lost.is_empty());
        } else {
            if known {
                self.ledger.lost(before, Way::Down, &lost, waiting);
            }
            self.ledger.begin(incarnation, Way::Down, held.track, waiting);
        }
        let old = held.wire.replace(wire);
        let mut timing = Timing::default();
        timing.ping_interval = self.plan.ping;
        timing.starvation = self.plan.starvation;
        let machine = ServerConnection::new(time, &held.session, &limits, timing);
        if let Some(conn) = self.instances[at].conns.get_mut(&wire) {
            (conn.id, conn.machine) = (Some(id), Some(machine));
        }
        self.post(wire, Way::Down, pack(&[welcome]));
        if let Some(old) = old {
            self.note_wire("takeover", wire);
            if self.random.percent(50) {
                self.server_closes(old, code::TAKEN_OVER, "");
            }
        }
    }

    pub(crate) fn server_tasks(&mut self, wire: u64) {
        let at = self.wires[&wire].instance;
        loop {
            let Some(conn) = self.instances[at].conns.get_mut(&wire) else { return };
            let Some(task) = conn.machine.as_mut().and_then(ServerConnection::poll_task) else { return };
            match task {
                Task::Read { subscription, channel, behind, max_bytes } => {
                    self.op(wire, Op::Read(subscription, channel, behind, max_bytes));
                }
                Task::Request(Request::Publish(publish)) => self.op(wire, Op::Publish(publish)),
                Task::Request(Request::Subscribe { subscription, channel, since, presence }) => {
                    conn.follows.insert(subscription, channel.clone());
                    self.op(wire, Op::Subscribe(subscription, channel, since));
                    let _ = presence;
                }
                Task::Request(Request::Unsubscribe { subscription, .. }) => {
                    conn.follows.remove(&subscription);
                }
                Task::Request(request) => self.request(wire, request),
                other => panic!("nobody can do {other:?}"),
            }
        }
    }

    pub(crate) fn request(&mut self, wire: u64, request: Request) {
        let at = self.wires[&wire].instance;
        let conn = self.instances[at].conns.get_mut(&wire).unwrap();
        match request {
            Request::Messages => {
                let id = conn.id.unwrap();
                if self.instances[at].sessions[&id].fast {
                    self.server_takes(at, id, usize::MAX);
                }
            }
            Request::Call { id, timeout, payload } => {
                assert!(timeout > Duration::ZERO);
                assert!(self.asked.insert(name_of(&payload)), "a call is asked twice");
                let pause = self.random.magnitude(MILLI, 2 * self.plan.pause.max(MILLI));
                let uid = name_of(&payload);
                if self.calm || self.random.percent(80) {
                    self.after(pause, Happening::Reply { wire, id, uid });
                }
            }
            Request::Volatile { subscription: None, payload } => {
                conn.machine.as_mut().unwrap().volatile(Target::Session, None, payload);
            }
            Request::Volatile { subscription: Some(number), payload } => {
                let channel = conn.follows[&number].clone();
                self.pass_on(at, &channel, &payload);
            }
            Request::Presence { subscription, about } => {
                let members = vec![Member { alias: 1, about }];
                conn.machine.as_mut().unwrap().presence(subscription, Presence::Full(members));
            }
            Request::Cancel { .. } | Request::Authenticate(_) => {}
            Request::Finish => panic!("no client finishes here"),
            other => panic!("nobody can do {other:?}"),
        }
    }

    pub(crate) fn pass_on(&mut self, at: usize, channel: &str, payload: &Body) {
        let mut wires = Vec::new();
        for (wire, conn) in &mut self.instances[at].conns {
            let Some(machine) = &mut conn.machine else { continue };
            for (number, _) in conn.follows.iter().filter(|(_, name)| *name == channel) {
                machine.volatile(Target::Subscription(*number), Some(1), payload.clone());
                wires.push(*wire);
            }
        }
        for wire in wires {
            self.pump_server(wire);
        }
    }

    pub(crate) fn reply(&mut self, wire: u64, id: u64, uid: u64) {
        let denied = !self.calm && self.random.percent(10);
        let at = self.wires[&wire].instance;
        let Some(machine) = self.instances[at].conns.get_mut(&wire).and_then(|conn| conn.machine.as_mut())
        else {
            return;
        };
        let denial = Denial { code: 4403, reason: String::new() };
        machine.reply(id, if denied { Err(denial) } else { Ok(payload(uid, 24)) });
        self.pump_server(wire);
    }

    pub(crate) fn server_takes(&mut self, at: usize, id: SessionId, most: usize) {
        let time = Time::from_micros(self.now);
        let Some(held) = self.instances[at].sessions.get_mut(&id) else { return };
        for _ in 0..most {
            let Some((message, taken)) = held.session.take(time) else { break };
            let incarnation = held.arrived.pop_front().expect("what is taken has come");
            self.ledger.received(incarnation, Way::Up, &message);
            held.unreleased.push(taken);
        }
        if self.calm
            && let Some(taken) = held.unreleased.drain(..).next_back()
        {
            held.session.release(time, taken);
        }
    }

    /// The connection ends at the server; the session waits for another.
    pub(crate) fn server_leaves(&mut self, wire: u64) {
        let at = self.wires[&wire].instance;
        self.wires.get_mut(&wire).unwrap().at_server = false;
        let Some(conn) = self.instances[at].conns.remove(&wire) else { return };
        if let Some(id) = conn.id
            && let Some(held) = self.instances[at].sessions.get_mut(&id)
            && held.wire == Some(wire)
        {
            held.wire = None;
            held.away_since = self.now;
            self.after(self.plan.ttl, Happening::Expire { instance: at, id });
        }
    }

    pub(crate) fn server_closes(&mut self, wire: u64, code: u16, reason: &str) {
        self.server_leaves(wire);
        let closed = Closed::by_event(code, reason, true, true);
        self.tell_client(wire, closed);
    }

    /// A session that stays away is forgotten.
    pub(crate) fn expire(&mut self, at: usize, id: SessionId) {
        let instance = &mut self.instances[at];
        let over = |held: &Held| held.wire.is_none() && held.away_since + self.plan.ttl <= self.now;
        if instance.sessions.get(&id).is_some_and(over)
            && let Some(mut held) = instance.sessions.remove(&id)
        {
            let incarnation = held.session.incarnation();
            let (unacked, unsent) = held.session.end();
            self.ledger.lost(incarnation, Way::Down, &unacked, unsent.len());
            self.coverage.note("expired", "away");
        }
    }
}

impl Instance {
    pub(crate) fn connected(&self) -> Vec<SessionId> {
        self.sessions.iter().filter(|(_, held)| held.wire.is_some()).map(|(id, _)| *id).collect()
    }
}
