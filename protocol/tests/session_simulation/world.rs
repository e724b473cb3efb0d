//! The world: what happens next, and who hears of it.

use std::collections::{BTreeMap, BTreeSet};

use rejoin_protocol::session::{ClientSession, Ending, code};
use rejoin_protocol::wire::{Answer, Frame, SessionId};
use rejoin_protocol::{Closed, ClosedBy, Time};

use crate::client::Client;
use crate::coverage::Coverage;
use crate::ledger::Ledger;
use crate::log::{History, Log, Policy};
use crate::network::{Pipe, Way, Wire, pack, unpack};
use crate::plan::{MILLI, MINUTE, Plan, SECOND};
use crate::random::Random;
use crate::server::Instance;

pub(crate) enum Happening {
    Arrive { wire: u64, way: Way },
    Opened { wire: u64 },
    ClientGone { wire: u64, closed: Closed },
    ServerGone { wire: u64 },
    ClientTimer { client: usize },
    ServerTimer { wire: u64 },
    Connect { client: usize, attempt: u64 },
    Op { wire: u64 },
    Answered { wire: u64 },
    Reply { wire: u64, id: u64, uid: u64 },
    Tail { instance: usize, channel: String },
    Expire { instance: usize, id: SessionId },
    Act { client: usize },
    Serve { instance: usize },
    Fault { wire: u64 },
    Reset { wire: u64 },
    Disaster,
    Up { instance: usize },
}

/// What a way carried.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Carried {
    pub(crate) parcels: u64,
    pub(crate) bytes: u64,
    /// ACK frames of their own.
    pub(crate) acks: u64,
    /// The longest time without anything.
    pub(crate) silence: u64,
    pub(crate) last: u64,
}

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) random: Random,
    pub(crate) plan: Plan,
    pub(crate) coverage: Coverage,
    pub(crate) clients: Vec<Client>,
    pub(crate) instances: Vec<Instance>,
    pub(crate) wires: BTreeMap<u64, Wire>,
    pub(crate) log: Log,
    pub(crate) backup: Option<Log>,
    pub(crate) history: History,
    pub(crate) ledger: Ledger,
    /// The calls that a server was asked.
    pub(crate) asked: BTreeSet<u64>,
    pub(crate) serial: u64,
    pub(crate) calm: bool,
    pub(crate) steps: u64,
    /// Whether whoever connects is somebody else than before.
    pub(crate) stranger: bool,
    /// What the store says of the next new publication, and when its instance dies of it.
    pub(crate) verdict: Option<Policy>,
    pub(crate) dies: Option<&'static str>,
    /// What each way carried: messages, frames, acknowledgements, bytes.
    pub(crate) carried: [Carried; 2],
    ahead: BTreeMap<(u64, u64), Happening>,
    order: u64,
    trace: bool,
}

impl World {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::new(&mut random);
        Self::planned(plan, random, trace)
    }

    pub(crate) fn planned(plan: Plan, mut random: Random, trace: bool) -> Self {
        let mut ledger = Ledger::default();
        let client = |_| Client::new(&plan, &mut ledger, random.percent(plan.fast));
        let clients = (0..plan.clients).map(client).collect();
        let instance = |_| Instance {
            up: true,
            sessions: BTreeMap::new(),
            conns: BTreeMap::new(),
            writers: BTreeMap::new(),
        };
        Self {
            now: SECOND,
            clients,
            instances: (0..plan.instances).map(instance).collect(),
            random,
            plan,
            coverage: Coverage::default(),
            wires: BTreeMap::new(),
            log: Log::default(),
            backup: None,
            history: History::default(),
            ledger,
            asked: BTreeSet::new(),
            serial: 0,
            calm: false,
            steps: 0,
            stranger: false,
            verdict: None,
            dies: None,
            carried: [Carried::default(); 2],
            ahead: BTreeMap::new(),
            order: 0,
            trace,
        }
    }

    /// Lives through the plan's faults, then through a time without any, at the end of which nobody may wait.
    pub(crate) fn run(&mut self) {
        for client in 0..self.clients.len() {
            self.connect_after(client, 0);
            self.after(0, Happening::Act { client });
        }
        for instance in 0..self.instances.len() {
            self.after(0, Happening::Serve { instance });
        }
        self.after(self.plan.disaster, Happening::Disaster);
        let end = self.now + self.plan.chaos;
        self.run_until(end);
        self.be_calm();
        let patience = self.now + 12 * MINUTE;
        while let Some(why) = self.unrest() {
            assert!(self.now < patience, "in the end {why}");
            self.run_until(self.now + SECOND);
        }
    }

    pub(crate) fn run_until(&mut self, end: u64) {
        while let Some(entry) = self.ahead.first_entry() {
            if entry.key().0 > end {
                break;
            }
            let ((at, _), happening) = entry.remove_entry();
            self.now = at;
            self.steps += 1;
            self.happen(happening);
            for client in &self.clients {
                client.check(&self.plan);
            }
            self.check_servers();
        }
        self.now = end;
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive { wire, way } => self.arrive(wire, way),
            Happening::Opened { wire } => self.opened(wire),
            Happening::ClientGone { wire, closed } => self.client_gone(wire, &closed),
            Happening::ServerGone { wire } => self.server_gone(wire),
            Happening::ClientTimer { client } => self.client_timer(client),
            Happening::ServerTimer { wire } => self.server_timer(wire),
            Happening::Connect { client, attempt } => self.connect(client, attempt),
            Happening::Op { wire } => self.carry_out(wire),
            Happening::Answered { wire } => self.answer(wire),
            Happening::Reply { wire, id, uid } => self.reply(wire, id, uid),
            Happening::Tail { instance, channel } => self.tail(instance, &channel),
            Happening::Expire { instance, id } => self.expire(instance, id),
            Happening::Act { client } => self.act(client),
            Happening::Serve { instance } => self.serve(instance),
            Happening::Fault { wire } => self.fault(wire),
            Happening::Reset { wire } => self.reset(wire),
            Happening::Disaster => self.disaster(),
            Happening::Up { instance } => self.instances[instance].up = true,
        }
    }

    pub(crate) fn at(&mut self, at: u64, happening: Happening) {
        self.order += 1;
        self.ahead.insert((at.max(self.now), self.order), happening);
    }

    pub(crate) fn after(&mut self, pause: u64, happening: Happening) {
        self.at(self.now + pause, happening);
    }

    pub(crate) fn say(&self, what: impl FnOnce() -> String) {
        if self.trace {
            println!("{:>12} {}", self.now, what());
        }
    }

    /// Something befell a connection.
    pub(crate) fn note_wire(&mut self, what: &'static str, wire: u64) {
        let client = &self.clients[self.wires[&wire].client];
        let phase = if client.wire == Some(wire) { client.phase() } else { "away" };
        self.say(|| format!("wire {wire}: {what} while {phase}"));
        self.coverage.note(what, phase);
    }

    pub(crate) fn note_client(&mut self, what: &'static str, client: usize) {
        let phase = self.clients[client].phase();
        self.say(|| format!("client {client}: {what} while {phase}"));
        self.coverage.note(what, phase);
    }

    pub(crate) fn note_answer(&mut self, wire: u64, answer: &Answer) {
        let what = match answer {
            Answer::Appended(_) => "appended",
            Answer::Already(_) => "already",
            Answer::Refused(_) => "refused for good",
            Answer::Conflict => "conflict",
            Answer::Expected(_) => "expected another",
            Answer::RetryAfter(_) => "not now",
        };
        self.note_wire(what, wire);
    }

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

    fn arrive(&mut self, wire: u64, way: Way) {
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

    fn connect(&mut self, client: usize, attempt: u64) {
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

    fn opened(&mut self, wire: u64) {
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

    fn client_receives(&mut self, wire: u64, parcel: Vec<u8>) {
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
            if begun.is_some() && self.random.percent(20) {
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

    fn pump_client(&mut self, client: usize) {
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

    fn arm_client(&mut self, client: usize) {
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

    fn client_timer(&mut self, client: usize) {
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

    fn server_timer(&mut self, wire: u64) {
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

    /// The client hears that its connection has ended, unless it has left it before.
    fn client_gone(&mut self, wire: u64, closed: &Closed) {
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

    fn server_gone(&mut self, wire: u64) {
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

    fn ended(&mut self, client: usize, closed: &Closed) {
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

impl Carried {
    fn note(&mut self, now: u64, parcel: &[u8]) {
        self.parcels += 1;
        self.bytes += parcel.len() as u64;
        self.acks +=
            unpack(parcel.to_vec()).iter().filter(|frame| matches!(frame, Frame::Ack(_))).count() as u64;
        if self.last > 0 {
            self.silence = self.silence.max(now - self.last);
        }
        self.last = now;
    }
}

fn weight(frame: &Frame) -> usize {
    match frame {
        Frame::Data(data) => data.payload.len(),
        Frame::Event(event) => event.payload.len(),
        Frame::Pub(publish) => publish.payload.len(),
        Frame::Volatile { payload, .. } | Frame::Call { payload, .. } => payload.len(),
        _ => 0,
    }
}

pub(crate) fn micros(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap()
}
