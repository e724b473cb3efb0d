//! The world: what happens next, and who hears of it.

use std::collections::{BTreeMap, BTreeSet};

use rejoin_protocol::Closed;
use rejoin_protocol::wire::{Answer, Frame, SessionId};

use crate::client::Client;
use crate::coverage::Coverage;
use crate::ledger::Ledger;
use crate::log::{History, Log, Policy};
use crate::network::{Way, Wire, unpack};
use crate::plan::{MINUTE, Plan, SECOND};
use crate::server::Instance;
use rejoin_test_support::Random;

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

    pub(crate) fn happen(&mut self, happening: Happening) {
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
}

impl Carried {
    pub(crate) fn note(&mut self, now: u64, parcel: &[u8]) {
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

pub(crate) fn weight(frame: &Frame) -> usize {
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
