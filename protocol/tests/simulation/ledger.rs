//! The ledger: what the link promised, kept by an independent model, and checked against what it does.

use std::collections::VecDeque;

use rejoin_protocol::{Backoff, Close, Closed, ClosedBy, Event, Generation, LinkConfig, Output, State};

use crate::plan::SECOND;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Live {
    Connecting,
    Open(u64),
    /// The close handshake has begun: nothing may be transmitted.
    Closing(Option<u64>),
}

pub(crate) struct Ledger {
    config: LinkConfig,
    /// Accepted and not yet come out, with their lengths.
    waiting: VecDeque<(u32, usize)>,
    live: Option<(Generation, Live)>,
    newest: Option<Generation>,
    /// By the documented rules: failed attempts in a row, retries in a row.
    failures: u32,
    /// Of the failed ones those that count for the limit.
    counted: u32,
    retries: u32,
    offline: bool,
    hidden: bool,
    /// The caller asked for a connection in this step.
    pub(crate) asked: bool,
    /// The driver gave the connection up in this step.
    pub(crate) aborting: bool,
    /// All that waits may be transmitted in this step, whatever the socket's buffer holds.
    pub(crate) flushing: bool,
    /// The link was closed when this step began.
    was_closed: bool,
    attempted: Option<u64>,
    due: Option<u64>,
    buffered: u64,
    congested: bool,
    state: State,
    closing_by_caller: bool,
    pub(crate) transmitted: u64,
}

fn micros(duration: std::time::Duration) -> u64 {
    duration.as_micros() as u64
}

impl Ledger {
    pub(crate) fn new(config: LinkConfig) -> Self {
        Self {
            config,
            waiting: VecDeque::new(),
            live: None,
            newest: None,
            failures: 0,
            counted: 0,
            retries: 0,
            offline: false,
            hidden: false,
            asked: false,
            aborting: false,
            flushing: false,
            was_closed: true,
            attempted: None,
            due: None,
            buffered: 0,
            congested: false,
            state: State::Closed,
            closing_by_caller: false,
            transmitted: 0,
        }
    }

    pub(crate) fn begin_step(&mut self) {
        self.was_closed = self.state == State::Closed;
        self.asked = false;
        self.aborting = false;
        self.flushing = false;
    }

    pub(crate) fn asked_to_connect(&mut self) {
        self.asked = true;
        self.failures = 0;
        self.counted = 0;
        self.retries = 0;
    }

    pub(crate) fn asked_to_close(&mut self) {
        self.flushing = true;
        self.closing_by_caller = self.state != State::Closed;
    }

    pub(crate) fn network(&mut self, offline: bool) {
        self.offline = offline;
        if !offline {
            self.returned();
        }
    }

    /// The page or the network is back: attempts are counted from here.
    pub(crate) fn returned(&mut self) {
        self.counted = 0;
    }

    pub(crate) fn visibility(&mut self, hidden: bool) {
        self.hidden = hidden;
        if !hidden {
            self.returned();
        }
        let above = self.is_open() && self.buffered >= self.high_mark();
        self.congested = above || (self.congested && !hidden);
    }

    /// A hidden page's socket may hold as much as the queue, where that is more.
    fn high_mark(&self) -> u64 {
        let queue = if self.hidden { self.config.queue.bytes as u64 } else { 0 };
        self.config.watermarks.high.max(queue)
    }

    /// The socket's word on its buffer.
    pub(crate) fn word(&mut self, bytes: u64) {
        self.buffered = bytes;
        if bytes <= self.config.watermarks.low || (self.hidden && bytes < self.high_mark()) {
            self.congested = false;
        }
    }

    pub(crate) fn accepted(&mut self, id: u32, len: usize) {
        self.waiting.push_back((id, len));
    }

    pub(crate) fn taken(&mut self, ids: &[u32]) {
        let expected: Vec<u32> = self.waiting.drain(..).map(|(id, _)| id).collect();
        assert_eq!(ids, expected, "take_queue gives back exactly what waits");
    }

    pub(crate) fn opened(&mut self, generation: Generation, now: u64) {
        if let Some((live, stage @ Live::Connecting)) = &mut self.live
            && *live == generation
        {
            *stage = Live::Open(now);
            self.offline = false;
            (self.buffered, self.congested) = (0, false);
        }
    }

    pub(crate) fn peer_closing(&mut self, generation: Generation) {
        if let Some((live, stage)) = &mut self.live
            && *live == generation
            && let Live::Open(opened) = *stage
        {
            *stage = Live::Closing(Some(opened));
        }
    }

    /// The live socket ended by itself.
    pub(crate) fn gone(&mut self, generation: Generation, now: u64) {
        if self.is_live(generation) {
            self.ended(now);
        }
    }

    fn ended(&mut self, now: u64) {
        let Some((_, stage)) = self.live.take() else { return };
        let opened = match stage {
            Live::Connecting => None,
            Live::Open(opened) => Some(opened),
            Live::Closing(opened) => opened,
        };
        let stable = self.config.reconnect.map_or(u64::MAX, |backoff| micros(backoff.stable));
        if opened.is_some_and(|opened| now - opened >= stable) {
            (self.failures, self.counted, self.retries) = (0, 0, 0);
        } else if !self.asked {
            self.failures += 1;
            self.counted += u32::from(!self.offline);
        }
        if !self.asked {
            self.retries += 1;
        }
        (self.buffered, self.congested) = (0, false);
    }

    pub(crate) fn is_live(&self, generation: Generation) -> bool {
        self.live.is_some_and(|(live, _)| live == generation)
    }

    fn is_open(&self) -> bool {
        matches!(self.live, Some((_, Live::Open(_))))
    }

    /// Whether the documented rules bring the link back after an end that the browser told of.
    pub(crate) fn comes_back(&self, by_code: u16, decision: Option<bool>) -> bool {
        let final_codes = [1000, 1002, 1003, 1007, 1008, 1009, 1010];
        let retry = !final_codes.contains(&by_code) && !(3000..=4999).contains(&by_code);
        let left =
            |backoff: Backoff| self.offline || backoff.max_attempts.is_none_or(|most| self.counted < most);
        !self.closing_by_caller && decision.unwrap_or(retry) && self.config.reconnect.is_some_and(left)
    }

    /// Checks one output.
    pub(crate) fn output(&mut self, now: u64, output: &Output<u32>) {
        assert!(!self.was_closed || self.asked, "closed, and yet {output:?}");
        match output {
            Output::Open { generation, attempt } => self.attempt(now, *generation, *attempt),
            Output::Transmit { generation, message, len } => self.transmit(*generation, *message, *len),
            Output::Ping { generation } => {
                assert!(self.is_live(*generation) && self.is_open(), "a ping without an open socket");
                assert!(self.config.keep_alive.is_some(), "a ping without keep-alive");
            }
            Output::Close { generation, close } => self.close(*generation, close),
            Output::Abandon { generation, .. } => {
                assert!(self.is_live(*generation), "abandons what is not live");
                self.ended(now);
            }
            Output::Event(event) => self.event(now, event),
            other => panic!("an unknown output: {other:?}"),
        }
    }

    fn attempt(&mut self, now: u64, generation: Generation, attempt: u32) {
        assert!(self.live.is_none(), "a second socket beside a live one");
        assert!(self.newest.is_none_or(|newest| newest < generation), "a generation's number twice");
        assert_eq!(attempt, self.failures + 1, "the attempt's number");
        if !self.asked {
            let due = self.due.is_some_and(|due| due <= now);
            let spaced = self.attempted.is_none_or(|attempted| now >= attempted + SECOND);
            assert!(due || spaced, "an attempt neither due nor a second after the last");
        }
        self.newest = Some(generation);
        self.attempted = Some(now);
        self.live = Some((generation, Live::Connecting));
        self.closing_by_caller = false;
    }

    fn transmit(&mut self, generation: Generation, message: u32, told: usize) {
        assert!(self.is_live(generation) && self.is_open(), "transmits without an open socket");
        assert!(self.flushing || !self.congested, "transmits although the buffer is above its mark");
        let (id, len) = self.waiting.pop_front().expect("what is transmitted was accepted");
        assert_eq!((message, told), (id, len), "in the order of sending");
        self.count_transmitted(len);
    }

    /// The driver handed a message to the socket itself.
    pub(crate) fn transmitted_directly(&mut self, generation: Generation, len: usize) {
        assert!(self.is_live(generation) && self.is_open(), "no open socket to hand it to");
        assert!(self.waiting.is_empty(), "overtakes what waits");
        assert!(!self.congested, "hands over although the buffer is above its mark");
        self.count_transmitted(len);
    }

    fn count_transmitted(&mut self, len: usize) {
        self.transmitted += 1;
        self.buffered += len as u64;
        self.congested |= self.buffered >= self.high_mark();
    }

    fn close(&mut self, generation: Generation, _close: &Close) {
        let Some((live, stage)) = &mut self.live else { panic!("closes without a socket") };
        assert_eq!(*live, generation, "closes what is not live");
        *stage = match *stage {
            Live::Connecting => Live::Closing(None),
            Live::Open(opened) => Live::Closing(Some(opened)),
            Live::Closing(_) => panic!("closes twice"),
        };
    }

    fn event(&mut self, now: u64, event: &Event<u32>) {
        match event {
            Event::State(state) => self.entered(now, *state),
            Event::Disconnected(closed) => self.disconnected(closed),
            Event::Unsent(ids) => {
                assert!(!ids.is_empty(), "an empty Unsent");
                let expected: Vec<u32> = self.waiting.drain(..).map(|(id, _)| id).collect();
                assert_eq!(*ids, expected, "gives back exactly what waits");
            }
            Event::Evicted(ids) => {
                for evicted in ids {
                    let (id, _) = self.waiting.pop_front().expect("what is evicted was accepted");
                    assert_eq!(*evicted, id, "evicts the oldest");
                }
            }
            Event::RoundTrip(_) => assert!(self.is_open(), "a round trip without an open socket"),
        }
    }

    fn disconnected(&self, closed: &Closed) {
        assert!(self.live.is_none(), "told of an end while the socket lives");
        if closed.gave_up {
            let most = self.config.reconnect.and_then(|backoff| backoff.max_attempts);
            assert!(!self.offline, "gave up for want of a network");
            assert_eq!(most.map(|most| most.max(1)), Some(self.counted), "gave up too early or too late");
        }
        if self.closing_by_caller && !self.aborting {
            assert!(matches!(closed.by, ClosedBy::Caller | ClosedBy::CloseTimeout), "{closed:?}");
        }
    }

    fn entered(&mut self, now: u64, state: State) {
        assert_ne!(state, self.state, "told twice of the same state");
        match state {
            State::Waiting { attempt, until } => {
                assert_eq!(attempt, self.failures + 1, "the number of the attempt that follows");
                assert!(!self.closing_by_caller, "waits to come back from its own close");
                let backoff = self.config.reconnect.expect("waits only to come back");
                let left = backoff.max_attempts.is_none_or(|most| self.counted < most);
                assert!(left || self.offline, "has no attempt left");
                if !matches!(self.state, State::Waiting { .. }) {
                    self.check_delay(&backoff, until.as_micros() - now);
                }
                self.due = Some(until.as_micros());
            }
            State::Open => assert!(self.is_open(), "open without an open socket"),
            State::Closed => {
                assert!(self.live.is_none(), "closed beside a live socket");
                assert!(self.waiting.is_empty(), "closed, and messages wait");
                self.closing_by_caller = false;
            }
            _ => assert!(self.live.is_some(), "{state:?} without a socket"),
        }
        self.state = state;
    }

    fn check_delay(&self, backoff: &Backoff, delay: u64) {
        let cap = if self.offline && self.retries > 5 { backoff.cap } else { std::time::Duration::ZERO };
        let floor = if self.retries > 1 { backoff.floor } else { std::time::Duration::ZERO };
        let most = micros((backoff.ceiling(self.retries) + floor).max(cap));
        let least = micros(floor.max(cap));
        assert!((least..=most).contains(&delay), "waits {delay} us, not {least} to {most}");
    }

    /// Checks what must hold between two steps.
    pub(crate) fn settled(&self, state: State, queued: (usize, usize), congested: bool) {
        assert_eq!(state, self.state, "the state that was told");
        let bytes = self.waiting.iter().map(|(_, len)| len).sum();
        assert_eq!(queued, (self.waiting.len(), bytes), "what waits is what was accepted");
        let limits = &self.config.queue;
        assert!(queued.0 <= limits.messages && queued.1 <= limits.bytes, "the queue is over its limits");
        if state == State::Open {
            assert_eq!(congested, self.congested, "congested by the marks");
            assert!(congested || queued.0 == 0, "messages wait for nothing");
        }
    }
}
