//! The network and the servers behind it: who is let in, what arrives, what breaks.

use rejoin_protocol::{Closed, ClosedBy, Generation, Input, State, Time};

use crate::plan::{MILLI, MINUTE, SECOND};
use crate::socket::{Freight, Manners, Socket, Stage};
use crate::world::{Happening, Word, World};

/// How long an operating system retransmits before it tells the browser that a peer is dead.
const OS_GIVES_UP: u64 = 15 * MINUTE;

impl World {
    /// Tells the page of a socket without asking the network.
    fn tell_locally(&mut self, generation: Generation, pause: u64, word: Word) {
        self.after(pause, Happening::Deliver { generation, word, local: true, arrived: false });
    }

    fn tell_over_network(&mut self, generation: Generation, at: u64, word: Word) {
        self.at(at, Happening::Deliver { generation, word, local: false, arrived: false });
    }

    pub(crate) fn connect(&mut self, generation: Generation) {
        let socket = Socket::new(generation, self.now, self.plan.gentle || self.calm, &mut self.random);
        let latency = socket.latency;
        self.sockets.insert(generation, socket);
        self.live = Some(generation);
        if self.calm {
            self.hasten();
            self.tell_locally(generation, 3 * latency, Word::Opened);
            return;
        }
        let provider = self.random.between(0, 100 * MILLI);
        let cut_off = self.now < self.outage_until;
        if self.random.percent(2) {
            self.note("provider fails");
            let word = Word::Closed { code: 1006, by: Some(ClosedBy::Provider) };
            self.tell_locally(generation, provider, word);
        } else if self.random.percent(self.plan.black_holed) || (cut_off && self.random.percent(50)) {
            self.note("black hole");
            let browser = self.random.between(75 * SECOND, 130 * SECOND);
            self.tell_locally(generation, browser, Word::Closed { code: 1006, by: None });
        } else if cut_off || self.random.percent(self.plan.refused) {
            self.note("refused");
            let pause = provider + self.random.between(0, 2 * SECOND);
            self.tell_locally(generation, pause, Word::Closed { code: 1006, by: None });
        } else {
            let late = if self.random.percent(5) { self.random.between(0, 30 * SECOND) } else { 0 };
            self.tell_locally(generation, provider + 3 * latency + late, Word::Opened);
        }
    }

    fn note(&mut self, what: &'static str) {
        self.coverage.note(what, self.link.state());
    }

    /// The server has just accepted: what will become of the connection?
    fn accepted(&mut self, generation: Generation) {
        let lively = self.sockets.get(&generation).is_some_and(|socket| socket.lively);
        if lively {
            self.note("answers no ping and is lively");
            self.after(0, Happening::Push { generation });
        }
        if self.calm {
            return;
        }
        if self.plan.accept_then_close {
            self.note("accept then close");
            let code = self.random.pick(&[1001, 1005, 1011, 1012, 1013]);
            self.server_closes(generation, code);
            return;
        }
        let fault = self.random.magnitude(100 * MILLI, 20 * MINUTE);
        self.after(fault, Happening::Fault { generation });
        if !lively {
            let pause = self.random_pause();
            self.after(pause, Happening::Push { generation });
        }
    }

    fn random_pause(&mut self) -> u64 {
        self.random.magnitude(10 * MILLI, MINUTE)
    }

    pub(crate) fn fault(&mut self, generation: Generation) {
        let (now, gentle) = (self.now, self.plan.gentle);
        let Some(socket) = self.sockets.get_mut(&generation).filter(|_| !self.calm) else { return };
        if !matches!(socket.stage, Stage::Open | Stage::CloseSent) || socket.is_dead() {
            return;
        }
        let which = if self.plan.chatter { 3 } else { self.random.between(0, 9) };
        match which {
            0..=2 => {
                self.note("cut");
                self.tell_locally(generation, 0, Word::Closed { code: 1006, by: None });
            }
            3..=5 if !gentle => {
                socket.kill(now);
                self.note("half-open");
                self.tell_locally(generation, OS_GIVES_UP, Word::Closed { code: 1006, by: None });
            }
            6 | 7 if !gentle => {
                let length = self.random.magnitude(SECOND / 10, 2 * MINUTE);
                socket.stall(now, length);
                self.schedule_arrival(generation);
                self.note("stall");
                let more = self.random_pause();
                self.after(length + more, Happening::Fault { generation });
            }
            _ => {
                let code = self.random.pick(&[
                    1000, 1001, 1002, 1003, 1005, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 1015, 2000,
                    3000, 3999, 4000, 4999,
                ]);
                self.note("server closes");
                self.server_closes(generation, code);
            }
        }
    }

    fn server_closes(&mut self, generation: Generation, code: u16) {
        let now = self.now;
        let Some(socket) = self.sockets.get_mut(&generation) else { return };
        let at = socket.down(now, 6);
        if self.random.percent(60) {
            self.tell_over_network(generation, at, Word::PeerClosing);
        }
        let rest = match self.random.between(0, 9) {
            0 => {
                self.note("close event 18 s late");
                18 * SECOND
            }
            1 => {
                self.note("close event never");
                return self.tell_locally(generation, OS_GIVES_UP, Word::Closed { code: 1006, by: None });
            }
            _ => self.random.between(0, 300 * MILLI),
        };
        self.tell_over_network(generation, at + rest, Word::Closed { code, by: None });
    }

    pub(crate) fn push(&mut self, generation: Generation) {
        let now = self.now;
        let Some(socket) = self.sockets.get_mut(&generation) else { return };
        let lively = socket.lively;
        if socket.stage != Stage::Open || socket.detached || socket.is_dead() || (self.calm && !lively) {
            return;
        }
        if let Some(bytes) = socket.push_size(now, &mut self.random) {
            let at = socket.down(now, bytes);
            self.tell_over_network(generation, at, Word::Received);
        }
        let pause = if lively { self.random.between(0, SECOND) } else { self.random_pause() };
        self.after(pause, Happening::Push { generation });
    }

    /// Hands something to a socket.
    pub(crate) fn push_up(&mut self, generation: Generation, freight: Freight, len: u64) {
        let now = self.now;
        let Some(socket) = self.sockets.get_mut(&generation) else { panic!("no such socket") };
        assert_eq!(socket.stage, Stage::Open, "{freight:?} for a socket that is not open");
        socket.push(now, freight, len);
        self.schedule_arrival(generation);
        if freight == Freight::Ping && !self.calm && self.random.percent(5) {
            self.busy();
        }
    }

    fn schedule_arrival(&mut self, generation: Generation) {
        let now = self.now;
        let Some(socket) = self.sockets.get_mut(&generation) else { return };
        if let Some(at) = socket.next_arrival(now) {
            let version = socket.version;
            self.at(at, Happening::Arrival { generation, version });
        }
    }

    pub(crate) fn arrival(&mut self, generation: Generation, version: u64) {
        let now = self.now;
        let Some(socket) = self.sockets.get_mut(&generation).filter(|socket| socket.version == version)
        else {
            return;
        };
        let latency = socket.latency;
        for freight in socket.arrived(now) {
            match freight {
                Freight::Message(message) => self.delivered = self.delivered.max(Some(message)),
                Freight::Ping => self.answer_ping(generation, now + latency),
                Freight::CloseFrame => self.answer_close(generation, now + latency),
            }
        }
        self.schedule_arrival(generation);
    }

    fn answer_ping(&mut self, generation: Generation, arrived: u64) {
        let Some(socket) = self.sockets.get_mut(&generation) else { return };
        let pause = match socket.pongs {
            Manners::Prompt => self.random.between(0, 50 * MILLI),
            Manners::Late => {
                self.coverage.note("pong late", self.link.state());
                self.random.between(0, 20 * SECOND)
            }
            Manners::Never => {
                self.coverage.note("pong never", self.link.state());
                return;
            }
        };
        let at = socket.down(arrived + pause, 10);
        self.tell_over_network(generation, at, Word::Pong);
    }

    fn answer_close(&mut self, generation: Generation, arrived: u64) {
        let Some(socket) = self.sockets.get_mut(&generation) else { return };
        let pause = match socket.farewell {
            Manners::Prompt => 0,
            Manners::Late => 18 * SECOND,
            Manners::Never => {
                self.note("close never answered");
                return self.tell_locally(generation, MINUTE, Word::Closed { code: 1006, by: None });
            }
        };
        let at = socket.down(arrived + pause, 6);
        self.tell_over_network(generation, at, Word::Closed { code: 1000, by: None });
    }

    pub(crate) fn say_close(&mut self, generation: Generation) {
        let now = self.now;
        let Some(socket) = self.sockets.get_mut(&generation) else { panic!("no such socket") };
        let open = socket.stage == Stage::Open;
        socket.stage = Stage::CloseSent;
        if open {
            socket.push(now, Freight::CloseFrame, 6);
            self.schedule_arrival(generation);
        } else {
            let pause = if self.random.percent(20) { 18 * SECOND } else { self.random.between(0, MILLI) };
            self.tell_locally(generation, pause, Word::Closed { code: 1006, by: None });
        }
    }

    pub(crate) fn leave(&mut self, generation: Generation) {
        let Some(socket) = self.sockets.get_mut(&generation) else { panic!("no such socket") };
        assert!(!socket.detached && socket.stage != Stage::Over, "abandons a socket twice");
        socket.detached = true;
        self.live = None;
        // Its own end comes late or never, and only a careless driver tells of it.
        if self.random.percent(50) {
            let pause = self.random.pick(&[0, SECOND, 18 * SECOND, 5 * MINUTE]);
            self.tell_locally(generation, pause, Word::Closed { code: 4000, by: None });
        }
    }

    /// Whether something that is due at the page really gets there over the network.
    pub(crate) fn reaches_page(
        &mut self,
        order: u64,
        generation: Generation,
        word: Word,
        local: bool,
    ) -> bool {
        let now = self.now;
        let Some(socket) = self.sockets.get(&generation) else { return false };
        if local || (!socket.is_dead() && socket.stalled_until() <= now) {
            return true;
        }
        if !socket.is_dead() {
            let happening = Happening::Deliver { generation, word, local, arrived: false };
            self.postpone(socket.stalled_until(), order, happening);
        }
        false
    }

    /// The page hears of a socket.
    pub(crate) fn deliver(&mut self, generation: Generation, word: Word) {
        let Some(socket) = self.sockets.get_mut(&generation) else { return };
        let stale = socket.detached || socket.stage == Stage::Over;
        if stale {
            return self.deliver_stale(generation, word);
        }
        let was_open = socket.was_open;
        match word {
            Word::Opened if socket.stage == Stage::Connecting => {
                (socket.stage, socket.was_open) = (Stage::Open, true);
                self.ledger.begin_step();
                self.ledger.opened(generation, self.now);
                self.feed("opened", Input::Opened { generation });
                self.accepted(generation);
            }
            Word::Opened => self.feed_stale("opened too late", Input::Opened { generation }),
            Word::Received => self.feed_plainly("received", Input::Received { generation }),
            Word::Pong => self.feed_plainly("pong", Input::Pong { generation }),
            Word::PeerClosing => {
                if socket.stage == Stage::Open {
                    socket.stage = Stage::PeerClosing;
                    self.ledger.begin_step();
                    self.ledger.peer_closing(generation);
                    self.feed("peer closing", Input::PeerClosing { generation });
                }
            }
            Word::Closed { code, by } => {
                socket.stage = Stage::Over;
                self.live = None;
                let clean = code != 1006 && code != 1015;
                let closed = match by {
                    Some(by) => Closed::abnormal(by, was_open, "the provider failed"),
                    None => Closed::by_event(code, "", clean, was_open),
                };
                self.end(generation, closed);
            }
        }
    }

    fn end(&mut self, generation: Generation, closed: Closed) {
        let decision = self.random.percent(10).then(|| self.random.percent(50));
        self.ledger.begin_step();
        self.ledger.gone(generation, self.now);
        let comes_back = self.ledger.comes_back(closed.code, decision);
        let input = Input::Disconnected { generation, closed, reconnect: decision };
        self.feed("disconnected", input);
        let waits = matches!(self.link.state(), State::Waiting { .. });
        assert_eq!(waits, comes_back, "comes back or not");
    }

    fn feed(&mut self, what: &'static str, input: Input) {
        self.step(what, |link, now| link.handle_input(now, input));
    }

    fn feed_plainly(&mut self, what: &'static str, input: Input) {
        self.ledger.begin_step();
        self.feed(what, input);
    }

    /// What comes of a socket that is no longer the link's changes nothing.
    fn deliver_stale(&mut self, generation: Generation, word: Word) {
        let input = match word {
            Word::Opened => Input::Opened { generation },
            Word::Received => Input::Received { generation },
            Word::Pong => Input::Pong { generation },
            Word::PeerClosing => Input::PeerClosing { generation },
            Word::Closed { code, .. } => {
                let closed = Closed::by_event(code, "", false, true);
                Input::Disconnected { generation, closed, reconnect: Some(true) }
            }
        };
        self.feed_stale("stale", input);
    }

    fn feed_stale(&mut self, what: &'static str, input: Input) {
        self.coverage.note(what, self.link.state());
        let look = |world: &mut Self| {
            let link = &mut world.link;
            (link.poll_output(), link.state(), link.queued(), link.is_congested(), link.generation())
        };
        let before = look(self);
        self.link.handle_input(Time::from_micros(self.now), input);
        assert_eq!(look(self), before, "a stale socket's word changed something");
    }

    /// The operating system finds out about every dead peer.
    pub(crate) fn reset_dead_sockets(&mut self) {
        let dead: Vec<Generation> =
            self.sockets.values().filter(|socket| socket.is_dead()).map(|socket| socket.generation).collect();
        for generation in dead {
            self.tell_locally(generation, 10 * SECOND, Word::Closed { code: 1006, by: None });
        }
    }

    /// Every line is fast from here on.
    pub(crate) fn hasten(&mut self) {
        if let Some(live) = self.live
            && let Some(socket) = self.sockets.get_mut(&live)
        {
            socket.hasten(self.now);
            self.schedule_arrival(live);
        }
    }
}
