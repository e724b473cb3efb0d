//! The world: virtual time, what happens in it, and the driver that feeds the link and carries out what it asks.

use std::collections::BTreeMap;

use rejoin_protocol::{ClosedBy, Event, Generation, Input, Link, Output, State, Time};

use crate::coverage::Coverage;
use crate::ledger::Ledger;
use crate::page::Page;
use crate::plan::{MINUTE, Plan, SECOND};
use crate::socket::{Freight, Socket, Stage};
use rejoin_test_support::Random;

/// What the page is told of a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Word {
    Opened,
    Received,
    Pong,
    PeerClosing,
    Closed { code: u16, by: Option<ClosedBy> },
}

#[derive(Debug, Clone, Copy)]
pub(crate) enum Happening {
    /// The next of what a socket sends has arrived at the server.
    Arrival {
        generation: Generation,
        version: u64,
    },
    /// Something happens to a connection or its server.
    Fault {
        generation: Generation,
    },
    /// The server sends something of its own.
    Push {
        generation: Generation,
    },
    /// The page hears of a socket. `local` needs no network; `arrived` waits only for the page to run.
    Deliver {
        generation: Generation,
        word: Word,
        local: bool,
        arrived: bool,
    },
    Timer {
        version: u64,
    },
    Act,
    Life,
    /// The page goes on after a freeze, and is told so.
    Thaw,
}

/// Far more than any seed needs.
const MOST_STEPS: u64 = 1_000_000;

pub(crate) struct World {
    pub(crate) now: u64,
    pub(crate) random: Random,
    pub(crate) plan: Plan,
    pub(crate) link: Link<u32>,
    pub(crate) ledger: Ledger,
    pub(crate) coverage: Coverage,
    pub(crate) page: Page,
    pub(crate) sockets: BTreeMap<Generation, Socket>,
    pub(crate) live: Option<Generation>,
    pub(crate) calm: bool,
    pub(crate) outage_until: u64,
    pub(crate) next_message: u32,
    pub(crate) delivered: Option<u32>,
    ahead: BTreeMap<(u64, u64), Happening>,
    order: u64,
    timer: u64,
    timer_due: Option<u64>,
    /// How late the last timer was.
    lateness: u64,
    /// When the present state was entered, and how long the page had stood still by then.
    entered: ((State, Option<Generation>), u64, u64),
    trace: bool,
    pub(crate) steps: u64,
}

impl World {
    pub(crate) fn new(seed: u64, trace: bool) -> Self {
        // The link has the seed itself, and its sequence must not be the world's.
        let mut random = Random::new(seed ^ 0x5851_f42d_4c95_7f2d);
        let plan = Plan::new(seed, &mut random);
        Self {
            now: 0,
            link: Link::new(plan.config.clone()),
            ledger: Ledger::new(plan.config.clone()),
            coverage: Coverage::default(),
            page: Page::default(),
            sockets: BTreeMap::new(),
            live: None,
            calm: false,
            outage_until: 0,
            next_message: 0,
            delivered: None,
            ahead: BTreeMap::new(),
            order: 0,
            timer: 0,
            timer_due: None,
            lateness: 0,
            entered: ((State::Closed, None), 0, 0),
            trace,
            steps: 0,
            plan,
            random,
        }
    }

    /// Lives through the plan's faults, then through a time without any, and sees that all is well in the end.
    pub(crate) fn run(&mut self) {
        self.after(0, Happening::Act);
        self.after(SECOND, Happening::Life);
        self.run_until(self.plan.chaos);
        self.calm_down();
        let quiet = self.page.running_from.max(self.now);
        self.run_until(quiet + 18 * MINUTE);
        assert_eq!(self.link.state(), State::Open, "a good network, and not open");
        assert_eq!(self.link.queued(), (0, 0), "a good network, and messages wait");
        let last = self.next_message;
        self.send();
        self.run_until(self.now + 10 * SECOND);
        assert_eq!(self.delivered, Some(last), "the last message did not arrive");
    }

    fn run_until(&mut self, end: u64) {
        while let Some(entry) = self.ahead.first_entry().filter(|entry| entry.key().0 <= end) {
            let ((at, order), happening) = entry.remove_entry();
            self.now = self.now.max(at);
            self.happen(order, happening);
        }
        self.now = end;
    }

    fn happen(&mut self, order: u64, happening: Happening) {
        match happening {
            Happening::Arrival { generation, version } => self.arrival(generation, version),
            Happening::Fault { generation } => self.fault(generation),
            Happening::Push { generation } => self.push(generation),
            Happening::Deliver { generation, word, local, arrived } => {
                if arrived || self.reaches_page(order, generation, word, local) {
                    if self.now < self.page.delivers_from() {
                        let happening = Happening::Deliver { generation, word, local, arrived: true };
                        self.ahead.insert((self.page.delivers_from(), order), happening);
                    } else {
                        self.deliver(generation, word);
                    }
                }
            }
            Happening::Timer { version } if version != self.timer => {}
            Happening::Thaw => self.thaw(),
            Happening::Timer { .. } | Happening::Act | Happening::Life
                if self.now < self.page.timers_from() =>
            {
                self.ahead.insert((self.page.timers_from(), order), happening);
            }
            Happening::Timer { .. } => self.timeout(),
            Happening::Act => self.act(),
            Happening::Life => self.life(),
        }
    }

    pub(crate) fn after(&mut self, pause: u64, happening: Happening) {
        self.order += 1;
        self.ahead.insert((self.now + pause, self.order), happening);
    }

    pub(crate) fn postpone(&mut self, at: u64, order: u64, happening: Happening) {
        self.ahead.insert((at, order), happening);
    }

    pub(crate) fn at(&mut self, at: u64, happening: Happening) {
        self.after(at.saturating_sub(self.now), happening);
    }

    /// One mutation of the link and all that comes out of it. What the ledger is to know is told to it before.
    pub(crate) fn step<T>(&mut self, what: &'static str, call: impl FnOnce(&mut Link<u32>, Time) -> T) -> T {
        self.coverage.note(what, self.link.state());
        self.steps += 1;
        assert!(self.steps < MOST_STEPS, "a loop without an end");
        let now = Time::from_micros(self.now);
        self.link.wall_clock(now, Time::from_micros(self.now + self.page.wall_ahead));
        let result = call(&mut self.link, now);
        self.trace(&format_args!("{what}"));
        self.drain(what);
        result
    }

    pub(crate) fn trace(&self, what: &dyn std::fmt::Display) {
        if self.trace {
            println!("{:>12.6} {what} -> {:?}", self.now as f64 / 1e6, self.link.state());
        }
    }

    pub(crate) fn drain(&mut self, what: &'static str) {
        loop {
            match self.link.poll_output() {
                Output::Wait(moment) => {
                    self.settle(what, moment);
                    return;
                }
                output => {
                    if self.trace {
                        println!("{:>12}   {output:?}", "");
                    }
                    self.ledger.output(self.now, &output);
                    self.perform(output);
                }
            }
        }
    }

    fn perform(&mut self, output: Output<u32>) {
        match output {
            Output::Open { generation, .. } => self.connect(generation),
            Output::Transmit { generation, message, .. } => {
                let len = self.message_len(message);
                self.push_up(generation, Freight::Message(message), len);
            }
            Output::Ping { generation } => self.push_up(generation, Freight::Ping, 10),
            Output::Close { generation, .. } => self.say_close(generation),
            Output::Abandon { generation, .. } => self.leave(generation),
            Output::Event(event) => self.hear(&event),
            _ => {}
        }
    }

    fn hear(&mut self, event: &Event<u32>) {
        let state = self.link.state();
        match event {
            Event::Disconnected(closed) => {
                if closed.gave_up {
                    self.coverage.note("gave up", state);
                }
                let how = match closed.by {
                    ClosedBy::ConnectTimeout => "connect time-out",
                    ClosedBy::CloseTimeout => "close time-out",
                    ClosedBy::KeepAlive => {
                        self.judge_death();
                        "keep-alive death"
                    }
                    ClosedBy::Provider => "provider failed",
                    _ => "other end",
                };
                self.coverage.note(how, state);
            }
            Event::Evicted(_) => self.coverage.note("evicted", state),
            Event::Unsent(_) => self.coverage.note("unsent", state),
            Event::RoundTrip(_) => self.coverage.note("round trip", state),
            _ => {}
        }
    }

    /// A whole link must not be declared dead, however slow it is.
    fn judge_death(&mut self) {
        let Some(socket) = self.sockets.values().next_back() else { return };
        // The page was busy until just now, and its timer came before the answer that lay there: a timer that is
        // not late enough to be noticed.
        let raced = self.now < self.page.running_from + SECOND / 10 && self.lateness < SECOND / 50;
        assert!(socket.troubled || raced, "a whole link was declared dead");
    }

    /// What must hold between two steps, and when to come back.
    fn settle(&mut self, what: &'static str, moment: Option<Time>) {
        let state = self.link.state();
        self.ledger.settled(state, self.link.queued(), self.link.is_congested());
        let place = (state, self.link.generation());
        if place != self.entered.0 {
            self.entered = (place, self.now, self.page.stood_still(self.now));
        }
        self.check_bounds(state);
        let must_wake = match state {
            State::Connecting { .. } | State::Waiting { .. } | State::Closing => true,
            State::Open => self.plan.config.keep_alive.is_some() || self.link.is_congested(),
            _ => false,
        };
        assert!(!must_wake || moment.is_some(), "nobody wakes the link in {state:?}");
        assert!(state != State::Closed || moment.is_none(), "wakes a closed link");
        if what == "timeout" && !matches!(state, State::Waiting { .. }) {
            let later = moment.is_none_or(|moment| moment.as_micros() > self.now);
            assert!(later, "a timer that wants itself again at once, in {state:?}");
        }
        let moment = moment.map(Time::as_micros);
        if moment != self.timer_due || what == "timeout" {
            self.timer += 1;
            self.timer_due = moment;
            if let Some(moment) = moment {
                let fires = self.page.timer_fires(moment.max(self.now), self.plan.throttle, &mut self.random);
                let version = self.timer;
                self.at(fires, Happening::Timer { version });
            }
        }
    }

    /// Every state but open and closed ends by itself; a dead link does not stay open.
    fn check_bounds(&self, state: State) {
        let config = &self.plan.config;
        let late = 5 * (self.plan.throttle + SECOND);
        let micros = |duration: std::time::Duration| duration.as_micros() as u64;
        let bound = match state {
            State::Connecting { .. } => micros(config.connect_timeout),
            State::Closing => micros(config.close_timeout),
            State::Waiting { .. } => {
                config.reconnect.map_or(0, |backoff| 2 * micros(backoff.cap) + micros(backoff.floor))
            }
            State::Open => return self.check_death(late),
            _ => return,
        };
        let (_, since, stood_still) = self.entered;
        let ran = (self.now - since) - (self.page.stood_still(self.now) - stood_still);
        assert!(ran <= bound + late, "in {state:?} for {ran} us");
    }

    fn check_death(&self, late: u64) {
        let Some(socket) = self.live.and_then(|live| self.sockets.get(&live)) else { return };
        if let (Some(dead), Some(keep_alive)) = (socket.dead_since, self.plan.config.keep_alive) {
            // After earlier ends of this kind the deadline may be doubled four times.
            let patience = keep_alive.interval + 18 * keep_alive.deadline + 3 * keep_alive.probe;
            let ran = (self.now - dead).saturating_sub(self.page.stood_still(self.now));
            assert!(ran <= patience.as_micros() as u64 + late, "open on a dead link for {ran} us");
        }
    }

    fn timeout(&mut self) {
        self.lateness = self.timer_due.take().map_or(0, |due| self.now.saturating_sub(due));
        self.tell_buffered("buffered before timeout");
        self.ledger.begin_step();
        self.step("timeout", |link, now| link.handle_input(now, Input::Timeout));
    }

    /// The socket's word on its buffer, which the driver owes the link before a timer.
    pub(crate) fn tell_buffered(&mut self, what: &'static str) {
        let (Some(generation), State::Open) = (self.live, self.link.state()) else { return };
        let now = self.now;
        let Some(socket) = self.sockets.get_mut(&generation) else { return };
        if socket.stage == Stage::Over {
            return;
        }
        let bytes = socket.buffered(now);
        if socket.swallowed(now) {
            self.coverage.note("swallowed", State::Open);
        }
        if self.link.is_congested() {
            let what = if self.page.hidden { "congested while hidden" } else { "congested" };
            self.coverage.note(what, State::Open);
        }
        self.ledger.begin_step();
        self.ledger.word(bytes);
        self.step(what, |link, now| link.handle_input(now, Input::Buffered { generation, bytes }));
    }

    /// How large a message is: its number says it, so that nobody has to remember.
    pub(crate) fn message_len(&self, message: u32) -> u64 {
        let mut random = Random::new(u64::from(message));
        let most = random.pick(&[100, 10_000, 100_000, 3_000_000]);
        random.magnitude(1, if self.plan.chatter { 100 } else { most }) - 1
    }
}
