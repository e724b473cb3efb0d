//! The page: its timers, when it stands still, and what the browser tells it of its life.

use rejoin_protocol::{Input, State};

use crate::plan::{MILLI, MINUTE, SECOND};
use crate::world::{Happening, World};
use rejoin_test_support::Random;

#[derive(Default)]
pub(crate) struct Page {
    pub(crate) hidden: bool,
    pub(crate) offline: bool,
    /// Nothing runs before this moment: busy, frozen or asleep.
    pub(crate) running_from: u64,
    /// How long after it events and timers come: which are first is anybody's guess.
    delivery_lag: u64,
    timer_lag: u64,
    stood_still: u64,
    still_since: u64,
    /// How far the wall clock is ahead.
    pub(crate) wall_ahead: u64,
}

impl Page {
    pub(crate) fn delivers_from(&self) -> u64 {
        self.running_from + self.delivery_lag
    }

    pub(crate) fn timers_from(&self) -> u64 {
        self.running_from + self.timer_lag
    }

    /// How long nothing has run, up to a moment.
    pub(crate) fn stood_still(&self, now: u64) -> u64 {
        self.stood_still + now.min(self.timers_from()).saturating_sub(self.still_since)
    }

    fn stand_still(&mut self, now: u64, length: u64, random: &mut Random) {
        if now < self.delivers_from() {
            // What lies there since the last time comes first.
            return;
        }
        self.stood_still = self.stood_still(now);
        self.still_since = now;
        self.running_from = now + length;
        self.delivery_lag = random.between(0, 50 * MILLI);
        self.timer_lag = random.between(0, 50 * MILLI);
    }

    /// When a timer that is set to a moment really fires.
    pub(crate) fn timer_fires(&self, moment: u64, throttle: u64, random: &mut Random) -> u64 {
        let exact = moment + random.between(0, 15 * MILLI);
        if self.hidden { exact.next_multiple_of(throttle) } else { exact }
    }
}

impl World {
    /// Something happens in the page's life.
    pub(crate) fn life(&mut self) {
        if self.calm {
            return;
        }
        match self.random.between(0, 11) {
            0 | 1 => self.show(self.page.hidden),
            2 | 3 => self.network(!self.page.offline),
            4 => {
                // The browser repeats itself.
                let offline = self.page.offline;
                self.network(offline);
                self.show(!self.page.hidden);
            }
            5 => {
                self.ledger.returned();
                self.tell("resumed", Input::Resumed);
            }
            10 => self.tell("network changed", Input::NetworkChanged),
            11 => self.set_clock(),
            6 | 7 => self.busy(),
            _ => self.freeze(),
        }
        let pause = self.random.between(10 * MILLI, self.plan.restless);
        self.after(pause, Happening::Life);
    }

    /// The page works without a break.
    pub(crate) fn busy(&mut self) {
        let length = self.random.magnitude(100 * MILLI, 12 * SECOND);
        self.coverage.note("busy page", self.link.state());
        self.page.stand_still(self.now, length, &mut self.random);
    }

    fn freeze(&mut self) {
        let length = self.random.magnitude(SECOND, 10 * MINUTE);
        self.coverage.note("stands still", self.link.state());
        if self.random.percent(50) {
            self.tell("frozen", Input::Frozen);
        }
        self.page.stand_still(self.now, length, &mut self.random);
        if self.random.percent(60) {
            let told = self.random.between(0, 60 * MILLI);
            self.after(length + told, Happening::Thaw);
        }
    }

    pub(crate) fn thaw(&mut self) {
        if self.now < self.page.running_from {
            return;
        }
        self.ledger.returned();
        self.tell("resumed", Input::Resumed);
        if self.random.percent(50) {
            self.show(true);
        }
        if self.random.percent(30) {
            self.network(false);
        }
    }

    pub(crate) fn show(&mut self, visible: bool) {
        self.page.hidden = !visible;
        self.ledger.begin_step();
        self.ledger.visibility(!visible);
        let (what, input) = if visible { ("visible", Input::Visible) } else { ("hidden", Input::Hidden) };
        self.step(what, |link, now| link.handle_input(now, input));
    }

    /// The machine says that it has a network or has none. Half of the time it lies.
    pub(crate) fn network(&mut self, offline: bool) {
        self.page.offline = offline;
        if self.random.percent(50) {
            self.outage_until = if offline { self.now + self.random.between(0, 5 * MINUTE) } else { 0 };
        }
        self.ledger.begin_step();
        self.ledger.network(offline);
        let (what, input) = if offline { ("offline", Input::Offline) } else { ("online", Input::Online) };
        self.step(what, |link, now| link.handle_input(now, input));
    }

    /// Somebody sets the wall clock, or corrects it a little.
    fn set_clock(&mut self) {
        self.coverage.note("clock set", self.link.state());
        let size = self.random.magnitude(MILLI, 100 * MINUTE);
        let ahead = self.page.wall_ahead;
        self.page.wall_ahead =
            if self.random.percent(50) { ahead + size } else { ahead.saturating_sub(size) };
    }

    fn tell(&mut self, what: &'static str, input: Input) {
        self.ledger.begin_step();
        self.step(what, |link, now| link.handle_input(now, input));
    }

    /// From here on nothing goes wrong any more; what went wrong before is for the link to find out.
    pub(crate) fn calm_down(&mut self) {
        self.calm = true;
        self.outage_until = 0;
        self.now = self.now.max(self.page.running_from + 50 * MILLI);
        self.show(true);
        self.hasten();
        if self.plan.config.keep_alive.is_none() {
            self.reset_dead_sockets();
        }
        if self.link.state() == State::Closed {
            self.act();
        }
        self.after(SECOND, Happening::Act);
    }
}
