//! One simulated socket: the browser's buffer, the operating system's, the wire and the server behind it.

use std::collections::VecDeque;

use rejoin_protocol::Generation;

use crate::plan::{MILLI, SECOND};
use rejoin_test_support::Random;

/// Bytes lie this long in the browser's buffer before the operating system has taken them.
const LAG: u64 = 5 * MILLI;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    Connecting,
    Open,
    /// The server has begun the close handshake.
    PeerClosing,
    /// This end has begun it.
    CloseSent,
    Over,
}

/// How the server treats pings and the close frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    Prompt,
    Late,
    Never,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Freight {
    Message(u32),
    Ping,
    CloseFrame,
}

pub(crate) struct Socket {
    pub(crate) generation: Generation,
    pub(crate) stage: Stage,
    /// The link has let go of it; only a careless driver still tells of it.
    pub(crate) detached: bool,
    pub(crate) was_open: bool,
    pub(crate) dead_since: Option<u64>,
    /// Something happened to it that may rightly be taken for death.
    pub(crate) troubled: bool,
    pub(crate) pongs: Manners,
    pub(crate) farewell: Manners,
    /// The server answers no ping, but never is silent for long.
    pub(crate) lively: bool,
    pub(crate) latency: u64,
    stalled_until: u64,
    /// Bytes a second, up and down.
    rate: u64,
    down_rate: u64,
    down_free: u64,
    os_capacity: u64,
    line: VecDeque<(u64, Freight)>,
    pushed: u64,
    /// What is on the wire, in millionths of bytes.
    wired: u64,
    wired_at: u64,
    fresh: u64,
    fresh_at: u64,
    /// Grows when the arrival that was computed no longer holds.
    pub(crate) version: u64,
}

impl Socket {
    pub(crate) fn new(generation: Generation, now: u64, gentle: bool, random: &mut Random) -> Self {
        let rate = random.pick(&[20_000, 100_000, 1_000_000, 20_000_000]);
        let down_rate = random.pick(&[50_000, 1_000_000, 20_000_000]);
        let rude = if gentle { 0 } else { 25 };
        let manners = |random: &mut Random| match random.percent(rude) {
            true => random.pick(&[Manners::Late, Manners::Never]),
            false => Manners::Prompt,
        };
        let lively = random.percent(10);
        let pongs = if lively { Manners::Never } else { manners(random) };
        let farewell = match random.percent(30) {
            true => random.pick(&[Manners::Late, Manners::Never]),
            false => Manners::Prompt,
        };
        Self {
            generation,
            stage: Stage::Connecting,
            detached: false,
            was_open: false,
            dead_since: None,
            troubled: pongs != Manners::Prompt && !lively,
            pongs,
            farewell,
            lively,
            latency: random.magnitude(MILLI, 200 * MILLI),
            stalled_until: 0,
            rate,
            down_rate,
            down_free: now,
            // A second's worth at most: what lies there a browser does not show, so that no deadline can know it.
            os_capacity: random.magnitude(1_000, 4_000_000).min(rate),
            line: VecDeque::new(),
            pushed: 0,
            wired: 0,
            wired_at: now,
            fresh: 0,
            fresh_at: now,
            version: 0,
        }
    }

    /// A dead peer's operating system at this end takes bytes until its buffer is full.
    pub(crate) fn kill(&mut self, now: u64) {
        self.advance(now);
        self.dead_since.get_or_insert(now);
        self.troubled = true;
        self.version += 1;
    }

    pub(crate) fn stall(&mut self, now: u64, length: u64) {
        self.advance(now);
        self.stalled_until = now + length;
        self.troubled |= length > SECOND / 2;
        self.version += 1;
    }

    /// From here on the line is fast.
    pub(crate) fn hasten(&mut self, now: u64) {
        self.advance(now);
        self.rate = 20_000_000;
        self.version += 1;
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead_since.is_some()
    }

    pub(crate) fn stalled_until(&self) -> u64 {
        self.stalled_until
    }

    fn advance(&mut self, now: u64) {
        let from = self.wired_at.max(self.stalled_until);
        if self.dead_since.is_none() && now > from {
            self.wired = (self.wired + (now - from).saturating_mul(self.rate)).min(self.pushed * SECOND);
        }
        self.wired_at = now;
    }

    /// `bufferedAmount`.
    pub(crate) fn buffered(&mut self, now: u64) -> u64 {
        self.advance(now);
        let all = self.pushed - self.wired / SECOND;
        let fresh = if now < self.fresh_at + LAG { self.fresh } else { 0 };
        all.saturating_sub(self.os_capacity).max(fresh).min(all)
    }

    /// How much the operating system has taken for a dead peer.
    pub(crate) fn swallowed(&mut self, now: u64) -> bool {
        self.is_dead() && self.pushed - self.wired / SECOND > self.buffered(now)
    }

    pub(crate) fn push(&mut self, now: u64, freight: Freight, len: u64) {
        self.advance(now);
        if now >= self.fresh_at + LAG {
            self.fresh = 0;
            self.fresh_at = now;
        }
        self.fresh += len;
        self.pushed += len;
        self.line.push_back((self.pushed, freight));
        self.version += 1;
    }

    /// When the next of what is on its way has arrived whole, unless something happens.
    pub(crate) fn next_arrival(&self, now: u64) -> Option<u64> {
        let (end, _) = self.line.front().filter(|_| self.dead_since.is_none())?;
        let missing = (end * SECOND).saturating_sub(self.wired);
        Some(now.max(self.stalled_until) + missing.div_ceil(self.rate))
    }

    /// What has arrived by now.
    pub(crate) fn arrived(&mut self, now: u64) -> Vec<Freight> {
        self.advance(now);
        let mut arrived = Vec::new();
        while let Some((end, freight)) = self.line.front().copied()
            && end * SECOND <= self.wired
        {
            arrived.push(freight);
            self.line.pop_front();
        }
        arrived
    }

    /// The server sends something at `start`; returns when it has arrived whole, after all that was sent before.
    pub(crate) fn down(&mut self, start: u64, bytes: u64) -> u64 {
        let begin = start.max(self.down_free).max(self.stalled_until);
        self.down_free = begin + bytes * SECOND / self.down_rate;
        self.down_free + self.latency
    }

    /// A size that the server may send at present without keeping a pong waiting for more than a second.
    pub(crate) fn push_size(&self, now: u64, random: &mut Random) -> Option<u64> {
        let calm = self.down_free < now + 300 * MILLI;
        let most = if self.lively { 100 } else { self.down_rate / 2 };
        calm.then(|| random.magnitude(1, most))
    }
}
