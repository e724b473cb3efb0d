//! The rig: a link with a clock, drained after every step, and a record of what came out.

use std::time::Duration;

use rejoin_protocol::{
    Backoff, Close, Closed, ClosedBy, Event, Generation, Input, KeepAlive, Link, LinkConfig, Output, Refused,
    State, Time,
};

/// How far the wall clock is ahead at first, in milliseconds: 50 years.
pub(crate) const WALL_AHEAD: u64 = 1_577_847_600_000;

pub(crate) struct Rig {
    pub(crate) link: Link<u32>,
    pub(crate) now: Time,
    /// What the last drain's `Wait` said.
    pub(crate) wait: Option<Time>,
    /// What the socket's `bufferedAmount` is when the rig tells of it before a timer.
    pub(crate) buffered: u64,
    /// How far the wall clock is ahead, in milliseconds.
    pub(crate) wall_ahead: u64,
    /// The newest socket.
    pub(crate) newest: Option<Generation>,
    out: Vec<Output<u32>>,
    timers: u32,
}

impl Rig {
    pub(crate) fn new(config: LinkConfig) -> Self {
        let link = Link::new(config);
        Self {
            link,
            now: Time::default(),
            wait: None,
            buffered: 0,
            wall_ahead: WALL_AHEAD,
            newest: None,
            out: Vec::new(),
            timers: 0,
        }
    }

    /// A link that is open since 0 s.
    pub(crate) fn opened(config: LinkConfig) -> Self {
        let mut rig = Self::new(config);
        rig.open();
        rig.accept();
        rig.take();
        rig
    }

    /// Sets the clock, in milliseconds.
    pub(crate) fn at(&mut self, millis: u64) -> &mut Self {
        self.now = Time::from_millis(millis);
        self
    }

    fn drain(&mut self) {
        loop {
            match self.link.poll_output() {
                Output::Wait(moment) => {
                    self.wait = moment;
                    return;
                }
                output => {
                    if let Output::Open { generation, .. } = output {
                        self.newest = Some(generation);
                    }
                    self.out.push(output);
                }
            }
        }
    }

    pub(crate) fn open(&mut self) {
        self.link.open(self.now);
        self.drain();
    }

    pub(crate) fn reconnect(&mut self) {
        self.link.reconnect(self.now);
        self.drain();
    }

    pub(crate) fn close(&mut self, close: Close) {
        self.link.close(self.now, close);
        self.drain();
    }

    pub(crate) fn stop(&mut self) {
        self.link.stop(self.now);
        self.drain();
    }

    pub(crate) fn leave(&mut self, close: Close, closed: Closed) {
        self.link.leave(self.now, close, closed);
        self.drain();
    }

    pub(crate) fn put_off(&mut self, hint: Option<Duration>) {
        self.link.put_off(self.now, hint);
        self.drain();
    }

    /// The link is proved to be of use.
    pub(crate) fn proved(&mut self) {
        self.link.proved();
        self.drain();
    }

    /// A round trip is to be known before a ping is due.
    pub(crate) fn measure(&mut self) {
        self.link.measure(self.now);
        self.drain();
    }

    /// The wait ends, and the next socket opens.
    pub(crate) fn reopens(&mut self) {
        self.run_to_wake();
        self.accept();
    }

    pub(crate) fn abort(&mut self, by: ClosedBy) {
        self.link.abort(self.now, by, "said by the test");
        self.drain();
    }

    pub(crate) fn watch_drain(&mut self) {
        self.link.watch_drain(self.now);
        self.drain();
    }

    pub(crate) fn send(&mut self, message: u32, len: usize) -> Result<(), Refused<u32>> {
        let sent = self.link.send(self.now, message, len);
        self.drain();
        sent
    }

    pub(crate) fn input(&mut self, input: Input) {
        self.link.wall_clock(self.now, self.now + Duration::from_millis(self.wall_ahead));
        self.link.handle_input(self.now, input);
        self.drain();
    }

    /// The newest socket opens.
    pub(crate) fn accept(&mut self) {
        self.input(Input::Opened { generation: self.newest.unwrap() });
    }

    pub(crate) fn received(&mut self) {
        self.input(Input::Received { generation: self.newest.unwrap() });
    }

    pub(crate) fn pong(&mut self) {
        self.input(Input::Pong { generation: self.newest.unwrap() });
    }

    pub(crate) fn peer_closing(&mut self) {
        self.input(Input::PeerClosing { generation: self.newest.unwrap() });
    }

    pub(crate) fn says_buffered(&mut self, bytes: u64) {
        self.buffered = bytes;
        self.input(Input::Buffered { generation: self.newest.unwrap(), bytes });
    }

    /// The newest socket ends with this code, cleanly unless it is 1006.
    pub(crate) fn ends(&mut self, code: u16) {
        let was_open = matches!(self.link.state(), State::Open | State::Closing);
        self.ends_with(Closed::by_event(code, "", code != 1006, was_open), None);
    }

    pub(crate) fn ends_with(&mut self, closed: Closed, reconnect: Option<bool>) {
        self.input(Input::Disconnected { generation: self.newest.unwrap(), closed, reconnect });
    }

    /// A timer at the present moment, with the socket's word on its buffer before it.
    pub(crate) fn timeout(&mut self) {
        self.timers += 1;
        assert!(self.timers < 100_000, "a loop without an end");
        if self.link.state() == State::Open {
            self.says_buffered(self.buffered);
        }
        self.input(Input::Timeout);
    }

    /// Lets the clock run to a moment, in milliseconds, with every timer on time.
    pub(crate) fn run_to(&mut self, millis: u64) {
        let end = Time::from_millis(millis);
        while let Some(wake) = self.wait.filter(|wake| *wake <= end) {
            self.now = self.now.max(wake);
            self.timeout();
        }
        self.now = end;
    }

    /// Lets the clock run to the next moment that `Wait` names, or to the end of a wait.
    pub(crate) fn run_to_wake(&mut self) {
        loop {
            self.now = self.now.max(self.wait.unwrap());
            self.timeout();
            match self.state() {
                State::Waiting { until, .. } if until > self.now && self.wait.is_some() => {}
                _ => return,
            }
        }
    }

    /// Lets the clock run to a moment with every timer on time; when pings went out, all in milliseconds. Everything else that
    /// came out is forgotten.
    pub(crate) fn pings(&mut self, until: u64) -> Vec<u64> {
        let mut pings = Vec::new();
        self.take();
        while let Some(wake) = self.wait.filter(|wake| *wake <= Time::from_millis(until)) {
            self.now = self.now.max(wake);
            self.timeout();
            let count = self.count(is_ping);
            pings.extend(std::iter::repeat_n(self.now.as_micros() / 1_000, count));
        }
        self.now = Time::from_millis(until);
        pings
    }

    /// What came out since the last call.
    pub(crate) fn take(&mut self) -> Vec<Output<u32>> {
        std::mem::take(&mut self.out)
    }

    /// The messages that were transmitted since the last call; everything else that came out is forgotten.
    pub(crate) fn transmitted(&mut self) -> Vec<u32> {
        let message = |output| match output {
            Output::Transmit { message, .. } => Some(message),
            _ => None,
        };
        self.take().into_iter().filter_map(message).collect()
    }

    /// How many outputs of one kind came since the last call; everything else that came out is forgotten.
    pub(crate) fn count(&mut self, kind: impl Fn(&Output<u32>) -> bool) -> usize {
        self.take().iter().filter(|output| kind(output)).count()
    }

    pub(crate) fn state(&self) -> State {
        self.link.state()
    }

    /// How the last connection ended.
    pub(crate) fn closed(&self) -> &Closed {
        self.link.last_closed().unwrap()
    }

    /// When the present wait ends, in milliseconds after now.
    pub(crate) fn wait_millis(&self) -> u64 {
        match self.state() {
            State::Waiting { until, .. } => u64::try_from(until.since(self.now).as_millis()).unwrap(),
            other => panic!("not waiting: {other:?}"),
        }
    }
}

pub(crate) fn is_ping(output: &Output<u32>) -> bool {
    matches!(output, Output::Ping { .. })
}

pub(crate) fn is_open(output: &Output<u32>) -> bool {
    matches!(output, Output::Open { .. })
}

pub(crate) fn unsent(outputs: Vec<Output<u32>>) -> Vec<u32> {
    let messages = |output| match output {
        Output::Event(Event::Unsent(messages)) => messages,
        _ => Vec::new(),
    };
    outputs.into_iter().flat_map(messages).collect()
}

/// The default settings with keep-alive on: a ping every 25 s, dead 10 s later, a probe of 3 s.
pub(crate) fn with_keep_alive() -> LinkConfig {
    let mut config = LinkConfig::default();
    config.keep_alive = Some(KeepAlive::default());
    config
}

pub(crate) fn with_backoff(set: impl FnOnce(&mut Backoff)) -> LinkConfig {
    let mut config = LinkConfig::default();
    let mut backoff = Backoff::default();
    set(&mut backoff);
    config.reconnect = Some(backoff);
    config
}

/// What the outputs say to the application of the state.
pub(crate) fn states(outputs: &[Output<u32>]) -> Vec<State> {
    let state = |output: &Output<u32>| match output {
        Output::Event(Event::State(state)) => Some(*state),
        _ => None,
    };
    outputs.iter().filter_map(state).collect()
}

/// A link in each of its states, by name.
pub(crate) fn in_every_state(config: &LinkConfig) -> [(&'static str, Rig); 6] {
    let open = || Rig::opened(config.clone());
    let mut connecting = Rig::new(config.clone());
    connecting.open();
    let mut waiting = open();
    waiting.ends(1006);
    let mut closing = open();
    closing.close(Close::normal());
    let mut peer_closing = open();
    peer_closing.peer_closing();
    let closed = Rig::new(config.clone());
    let mut rigs = [
        ("connecting", connecting),
        ("open", open()),
        ("waiting", waiting),
        ("closing", closing),
        ("peer closing", peer_closing),
        ("closed", closed),
    ];
    for (_, rig) in &mut rigs {
        rig.take();
    }
    rigs
}
