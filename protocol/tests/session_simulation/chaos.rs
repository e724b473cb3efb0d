//! What applications do, and what befalls connections.

use std::time::Duration;

use rejoin_protocol::session::code;
use rejoin_protocol::wire::{Body, Bye, Since};
use rejoin_protocol::{Closed, ClosedBy, Refusal, Time};

use crate::client::{Follower, Published};
use crate::content::{Letter, payload};
use crate::plan::{MILLI, MINUTE, SECOND};
use crate::world::{Happening, World};

pub(crate) const ROOMS: [&str; 2] = ["hall", "room"];

impl World {
    pub(crate) fn letter(&mut self) -> Letter {
        self.serial += 1;
        let window = usize::try_from(self.plan.client.window).unwrap();
        let len = match self.random.between(0, 99) {
            0..=5 => 0,
            6..=10 => 1,
            11..=70 => self.random.between(2, 100),
            71..=90 => self.random.between(100, 3_000),
            91..=96 => self.random.between(3_000, 40_000),
            chance if chance < 100 - self.plan.large => 200,
            _ => self.random.between(60_000, 10 * window as u64),
        };
        Letter { uid: self.serial, len: len as usize, binary: self.random.percent(50) }
    }

    /// The application of a client does something.
    pub(crate) fn act(&mut self, client: usize) {
        if self.calm {
            return;
        }
        let pause = self.random.between(0, 2 * self.plan.pause);
        self.after(pause, Happening::Act { client });
        let (now, chance) = (self.now, self.random.between(0, 999));
        let one = &mut self.clients[client];
        if one.frozen_until > now {
            return;
        }
        match chance {
            0..300 => self.client_sends(client),
            300..500 => self.publishes(client),
            500..580 => self.subscribes(client),
            580..760 => self.reads(client),
            760..820 => self.calls(client),
            820..880 => self.whispers(client),
            880..900 => one.session.hurry(),
            900..920 => one.session.ping(1),
            920..950 => one.session.let_go(),
            950..955 => {
                let back = one.session.take_waiting();
                self.ledger.handed_back(one.track, &back);
            }
            955..962 => {
                one.skew += self.random.magnitude(MILLI, 10 * MINUTE);
                self.note_client("clock jump", client);
            }
            962..970 => {
                one.frozen_until = now + self.random.magnitude(MILLI, 3 * MINUTE.min(self.plan.chaos));
                self.note_client("freeze", client);
            }
            970..985 => self.race(client),
            985..988 => {
                one.session.authenticate(Body::from("me")).unwrap();
            }
            _ => {}
        }
        self.tend(client);
    }

    pub(crate) fn client_sends(&mut self, client: usize) {
        let letter = self.letter();
        let one = &mut self.clients[client];
        let room = one.session.has_room(letter.len);
        let what = match one.session.send(letter.message()) {
            Ok(()) => {
                self.ledger.taken(one.track, letter);
                "send"
            }
            Err(refused) => {
                assert!(letter.is(&refused.message));
                assert_eq!(refused.reason == Refusal::Full, !room && matches!(refused.reason, Refusal::Full));
                refusal(&refused.reason)
            }
        };
        self.note_client(what, client);
    }

    pub(crate) fn publishes(&mut self, client: usize) {
        self.serial += 1;
        let (uid, id) = (self.serial, self.random.next_u64());
        let len = if self.random.percent(2) { 5_000 } else { self.random.magnitude(8, 2_000) };
        let channel = self.random.pick(&ROOMS);
        let one = &mut self.clients[client];
        let publisher = one.session.pair().map(|pair| pair.id);
        let what = match one.session.publish(channel, payload(uid, len as usize), id) {
            Ok((which, number)) => {
                let published = Published { channel: channel.into(), uid, number, publisher };
                one.published.insert(which, published);
                "publish"
            }
            Err(refused) => refusal(&refused.reason),
        };
        self.note_client(what, client);
    }

    pub(crate) fn subscribes(&mut self, client: usize) {
        let channel = self.random.pick(&ROOMS);
        let (count, unsubscribes) = (self.random.between(0, 20), self.random.percent(30));
        let known = self.clients.iter().flat_map(|one| &one.followers).filter(|one| one.channel == channel);
        let known: Vec<_> = known.filter_map(|one| one.at).map(|(at, _)| at).collect();
        let since = match self.random.between(0, 3) {
            0 => Since::Now,
            1 => Since::Last(count),
            2 => Since::All,
            _ if known.is_empty() => Since::All,
            _ => Since::Position(self.random.pick(&known)),
        };
        let listed = self.random.percent(30);
        let one = &mut self.clients[client];
        if unsubscribes && !one.followers.is_empty() {
            let index = self.random.between(0, one.followers.len() as u64 - 1) as usize;
            let follower = one.followers.swap_remove(index);
            one.session.unsubscribe(follower.id);
            return self.note_client("unsubscribe", client);
        }
        let subscribed = if listed {
            one.session.subscribe_as(channel, since, "here".into()).map_err(|refused| refused.reason)
        } else {
            one.session.subscribe(channel, since).map_err(|refused| refused.reason)
        };
        let what = match subscribed {
            Ok(id) => {
                one.followers.push(Follower { id, channel: channel.into(), at: None, over: false });
                match since {
                    Since::Now => "since now",
                    Since::Last(_) => "since the last",
                    Since::All => "since ever",
                    Since::Position(_) => "since a position",
                }
            }
            Err(reason) => refusal(&reason),
        };
        self.note_client(what, client);
    }

    pub(crate) fn reads(&mut self, client: usize) {
        let (now, count) = (self.now, self.random.between(1, 20) as usize);
        let one = &mut self.clients[client];
        one.take(now, count, &mut self.ledger);
        let kept = one.unreleased.len();
        one.release(now, count.min(kept));
        if !one.followers.is_empty() {
            let index = self.random.between(0, one.followers.len() as u64 - 1) as usize;
            let id = one.followers[index].id;
            one.read(id, count, &self.history);
        }
    }

    pub(crate) fn calls(&mut self, client: usize) {
        self.serial += 1;
        let (uid, now) = (self.serial, self.now);
        let timeout = self.random.magnitude(MILLI, MINUTE);
        let cancels = self.random.percent(20);
        let one = &mut self.clients[client];
        if cancels && let Some((id, _)) = one.calls.pop_first() {
            one.session.cancel(id);
            return self.note_client("cancel", client);
        }
        let time = one.time(now);
        let what = match one.session.call(time, payload(uid, 16), Duration::from_micros(timeout)) {
            Ok(id) => {
                one.calls.insert(id, uid);
                "call"
            }
            Err(refused) => refusal(&refused.reason),
        };
        self.note_client(what, client);
    }

    pub(crate) fn whispers(&mut self, client: usize) {
        let len = self.random.between(0, 300) as usize;
        let one = &mut self.clients[client];
        let to = self.random.percent(50).then(|| one.followers.first().map(|one| one.id)).flatten();
        let taken = one.session.volatile(to, payload(1, len));
        assert!(!taken || one.session.is_live());
        if let Some(id) = to {
            let set = one.session.set_presence(id, Body::from("still here"));
            let over =
                |refused: rejoin_protocol::Refused<Body>| refused.reason == rejoin_protocol::Refusal::Closed;
            assert!(set.map_or_else(over, |()| true));
        }
        self.note_client(if taken { "volatile" } else { "volatile dropped" }, client);
    }

    /// The client leaves its connection for another one.
    pub(crate) fn race(&mut self, client: usize) {
        if self.clients[client].wire.is_none() {
            return;
        }
        self.note_client("reconnect", client);
        let tell = self.random.percent(50);
        if self.random.percent(50)
            && let Some(wire) = self.clients[client].wire
        {
            let length = self.random.magnitude(MILLI, 10 * SECOND);
            self.wires.get_mut(&wire).unwrap().up.stalled_until = self.now + length;
        }
        let closed = Closed::abnormal(ClosedBy::Network, true, "");
        self.client_leaves(client, &closed, tell);
        self.connect_after(client, 0);
    }

    /// The application of a server does something.
    pub(crate) fn serve(&mut self, instance: usize) {
        if self.calm {
            return;
        }
        let pause = self.random.between(0, 2 * self.plan.pause);
        self.after(pause, Happening::Serve { instance });
        let ids: Vec<_> = self.instances[instance].sessions.keys().copied().collect();
        if ids.is_empty() {
            return;
        }
        let id = self.random.pick(&ids);
        let (chance, count) = (self.random.between(0, 99), self.random.between(1, 20) as usize);
        let letter = self.letter();
        let held = self.instances[instance].sessions.get_mut(&id).unwrap();
        let wire = held.wire;
        match chance {
            0..60 => {
                let what = match held.session.send(letter.message()) {
                    Ok(()) => {
                        self.ledger.taken(held.track, letter);
                        "server sends"
                    }
                    Err(refused) => {
                        assert!(letter.is(&refused.message));
                        "server has no room"
                    }
                };
                self.coverage.note(what, if wire.is_some() { "live" } else { "away" });
            }
            60..95 => {
                self.server_takes(instance, id, count);
                let held = self.instances[instance].sessions.get_mut(&id).unwrap();
                let kept = held.unreleased.len();
                if let Some(taken) = held.unreleased.drain(..count.min(kept)).next_back() {
                    held.session.release(Time::from_micros(self.now), taken);
                }
            }
            95 => self.says_bye(instance, wire),
            _ => {}
        }
        if let Some(wire) = wire {
            self.pump_server(wire);
        }
    }

    pub(crate) fn says_bye(&mut self, instance: usize, wire: Option<u64>) {
        let Some(wire) = wire else { return };
        let Some(conn) = self.instances[instance].conns.get_mut(&wire) else { return };
        let Some(machine) = &mut conn.machine else { return };
        let last = self.random.percent(5);
        let code = if last { 1000 } else { code::DRAINING };
        machine.bye(Bye { code, reason: String::new(), retry_after: Some(20), last });
        self.note_wire(if last { "bye for good" } else { "bye" }, wire);
    }

    /// Something befalls a connection.
    pub(crate) fn fault(&mut self, wire: u64) {
        let line = self.wires.get_mut(&wire).unwrap();
        let client = line.client;
        if self.calm || !line.at_client {
            return;
        }
        let (now, length) = (self.now, self.random.magnitude(MILLI, 20 * SECOND));
        match self.random.between(0, 9) {
            0 | 1 => {
                self.note_wire("cut", wire);
                self.reset(wire);
            }
            2 | 3 => {
                let which = self.random.between(0, 2);
                line.up.swallows |= which != 0;
                line.down.swallows |= which != 1;
                self.note_wire("swallow, then reset", wire);
                self.after(length, Happening::Reset { wire });
            }
            4 => {
                line.down.swallows = true;
                if self.random.percent(30) {
                    line.up.stalled_until = now + length;
                }
                self.note_wire("client end dies", wire);
                let closed = Closed::abnormal(ClosedBy::Network, true, "");
                self.client_leaves(client, &closed, false);
            }
            5 => {
                self.note_wire("server end dies", wire);
                line_of(self, wire).up.lose();
                self.server_leaves(wire);
            }
            6 | 7 => {
                let which = self.random.between(0, 2);
                if which != 0 {
                    line.up.stalled_until = now + length;
                }
                if which != 1 {
                    line.down.stalled_until = now + length;
                }
                self.note_wire("stall", wire);
                self.after(length * 2, Happening::Fault { wire });
            }
            _ => {
                let codes = [1001, 1005, 1011, 1012, 1013, 4100, 4101, 4408, 4429, 4401, 4403, 4400, 4402];
                let code = self.random.pick(&codes);
                self.note_wire("server closes", wire);
                self.server_closes(wire, code, "");
            }
        }
    }

    /// Both ends hear that the connection is gone; what was under way is lost.
    pub(crate) fn reset(&mut self, wire: u64) {
        let line = line_of(self, wire);
        line.up.lose();
        line.down.lose();
        (line.up.stalled_until, line.down.stalled_until) = (0, 0);
        self.server_leaves(wire);
        let closed = Closed::abnormal(ClosedBy::Network, true, "");
        let pause = self.random.between(0, 10 * MILLI);
        self.after(pause, Happening::ClientGone { wire, closed });
    }
}

pub(crate) fn line_of(world: &mut World, wire: u64) -> &mut crate::network::Wire {
    world.wires.get_mut(&wire).unwrap()
}

fn refusal(reason: &Refusal) -> &'static str {
    match reason {
        Refusal::Full => "full",
        Refusal::TooLarge { .. } => "too large",
        Refusal::TooMany { .. } => "too many",
        Refusal::TooManyChannels { .. } => "too many channels",
        Refusal::Closed => "closed",
        _ => "refused otherwise",
    }
}
