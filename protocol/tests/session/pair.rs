//! A client and a server over a connection that passes frames in order until it is cut.

use std::collections::VecDeque;
use std::time::Duration;

use rejoin_protocol::session::ChannelEvent;
use rejoin_protocol::session::{
    Claim, ClientConfig, ClientEvent, ClientSession, Ending, FeedEntry, FeedStart, Greeting, HelloRefusal,
    Judgement, Lost, Request, ServerConnection, ServerSession, SessionLimits, Settlement, SubscriptionId,
    Task, Timing, Violation,
};
use rejoin_protocol::wire::{Answer, Body, Epoch, Frame, Hello, Outcome, Position, SessionId, Since};
use rejoin_protocol::{Closed, ClosedBy, Time};

const EPOCH: Epoch = Epoch { ordinal: 1, id: 99 };

pub(crate) struct Pair {
    pub(crate) client: ClientSession,
    pub(crate) session: ServerSession,
    pub(crate) at_client: Vec<String>,
    pub(crate) at_server: Vec<String>,
    pub(crate) lost: Vec<Lost>,
    pub(crate) settled: Vec<Settlement>,
    pub(crate) events: Vec<ClientEvent>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) log: Vec<Body>,
    /// What the log says instead of what it would.
    pub(crate) answer: Option<Answer>,
    connection: Option<ServerConnection>,
    to_server: VecDeque<Frame>,
    to_client: VecDeque<Frame>,
    incarnation: u64,
    remembers: bool,
    now: Time,
}

impl Pair {
    pub(crate) fn new() -> Self {
        let limits = SessionLimits::default();
        Self {
            client: ClientSession::new(ClientConfig::default()),
            session: ServerSession::new(&limits, false),
            at_client: Vec::new(),
            at_server: Vec::new(),
            lost: Vec::new(),
            settled: Vec::new(),
            events: Vec::new(),
            violations: Vec::new(),
            log: Vec::new(),
            answer: None,
            connection: None,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            incarnation: 0,
            remembers: false,
            now: Time::from_millis(0),
        }
    }

    /// One whose session is live.
    pub(crate) fn live() -> Self {
        let mut pair = Self::new();
        pair.connect();
        pair.run();
        pair
    }

    pub(crate) fn connect(&mut self) {
        self.client.connected(self.now, None);
    }

    pub(crate) fn cut(&mut self) {
        self.connection = None;
        self.to_server.clear();
        self.to_client.clear();
        let closed = Closed::abnormal(ClosedBy::Network, true, "");
        assert!(matches!(self.client.ended(self.now, &closed), Ending::Retry { .. }));
        self.listen();
    }

    /// The server is restarted.
    pub(crate) fn forget(&mut self) {
        self.cut();
        self.session = ServerSession::new(&SessionLimits::default(), false);
        self.remembers = false;
    }

    /// Lets time pass, and what is due happen.
    pub(crate) fn pass(&mut self, millis: u64) {
        self.now = self.now + Duration::from_millis(millis);
        self.client.wake(self.now);
        self.run();
    }

    pub(crate) fn run(&mut self) {
        while self.turn() {}
    }

    pub(crate) fn step(&mut self, turns: usize) {
        for _ in 0..turns {
            self.turn();
        }
    }

    pub(crate) fn hello(&mut self) -> Hello {
        self.client.connected(self.now, None);
        match self.client.poll_transmit(self.now) {
            Some(Frame::Hello(hello)) => *hello,
            other => panic!("{other:?} came first"),
        }
    }

    /// One frame each way. False if nothing moved.
    fn turn(&mut self) -> bool {
        let mut moved = false;
        while self.client.wants_to_transmit(self.now)
            && let Some(frame) = self.client.poll_transmit(self.now)
        {
            self.to_server.push_back(frame);
        }
        if let Some(frame) = self.to_server.pop_front() {
            moved = true;
            self.at_the_server(frame);
        }
        if let Some(mut connection) = self.connection.take() {
            while let Some(frame) = connection.poll_transmit(self.now, &mut self.session) {
                self.to_client.push_back(frame);
            }
            self.connection = Some(connection);
        }
        if let Some(frame) = self.to_client.pop_front() {
            moved = true;
            if let Err(violation) = self.client.handle(self.now, frame) {
                self.violations.push(violation);
                let closed = ClientSession::closed_for(&violation);
                self.client.ended(self.now, &closed);
                self.connection = None;
                self.to_server.clear();
                self.to_client.clear();
            }
            self.listen();
        }
        moved
    }

    fn listen(&mut self) {
        while let Some(event) = self.client.poll_event() {
            match &event {
                ClientEvent::Lost(lost) => self.lost.push(lost.clone()),
                ClientEvent::Settled(_, settlement) => self.settled.push(settlement.clone()),
                ClientEvent::Message => {
                    while let Some((message, _)) = self.client.take(self.now) {
                        self.at_client.push(String::from_utf8_lossy(&message.body).into_owned());
                    }
                }
                _ => {}
            }
            self.events.push(event);
        }
    }

    pub(crate) fn entries(&mut self, feed: SubscriptionId) -> Vec<String> {
        let mut entries = Vec::new();
        while let Some(event) = self.client.take_channel_event(feed) {
            if let ChannelEvent::Entry { payload, .. } = event {
                entries.push(String::from_utf8_lossy(&payload).into_owned());
            }
        }
        entries
    }

    pub(crate) fn greet(&mut self, hello: &Hello) -> Result<(), HelloRefusal> {
        let session = self.remembers.then_some(&self.session);
        let claim = Claim { hello, proven: true, session, known: true, young: true, age_ms: 0 };
        let outcome = match claim.judge() {
            Judgement::Welcome { outcome, disagreed } => {
                assert!(!disagreed);
                outcome
            }
            Judgement::Refused(refusal) => return Err(refusal),
        };
        if outcome != Outcome::Resumed {
            self.incarnation += 1;
        }
        let greeting = Greeting {
            outcome,
            id: SessionId { born: 1, random: [1; 12] },
            token: [2; 32],
            incarnation: self.incarnation,
            alias: 3,
            protocol: None,
            max_publication: 64 << 10,
            max_publications: 16_384,
            max_channels: 256,
            max_auth: 16 << 10,
            ping_interval: Duration::from_secs(25),
            ttl: Duration::from_secs(120),
            instance: "one".into(),
        };
        let (welcome, _) = self.session.welcome(self.now, hello, greeting);
        self.remembers = true;
        self.to_client.push_back(welcome);
        let limits = SessionLimits::default();
        self.connection = Some(ServerConnection::new(self.now, &self.session, &limits, Timing::default()));
        Ok(())
    }

    /// The server's answer to a HELLO, not handed over.
    pub(crate) fn welcome(&mut self, hello: &Hello) -> Option<Frame> {
        self.greet(hello).unwrap();
        self.to_client.pop_back()
    }

    fn at_the_server(&mut self, frame: Frame) {
        if let Frame::Hello(hello) = frame {
            self.greet(&hello).unwrap();
            return;
        }
        let Some(mut connection) = self.connection.take() else { return };
        connection.handle(self.now, &mut self.session, frame).unwrap();
        while let Some(task) = connection.poll_task() {
            self.task(&mut connection, task);
        }
        self.connection = Some(connection);
    }

    fn task(&mut self, connection: &mut ServerConnection, task: Task) {
        match task {
            Task::Request(Request::Messages) => {
                while let Some((message, _)) = self.session.take(self.now) {
                    self.at_server.push(String::from_utf8_lossy(&message.body).into_owned());
                }
            }
            Task::Request(Request::Subscribe { subscription, since, .. }) => {
                let offset = match since {
                    Since::Position(position) => position.offset,
                    _ => 0,
                };
                let at = Position { epoch: EPOCH, offset };
                connection.subscribed(subscription, Ok(FeedStart { at, recovered: true, missing: None }));
                connection.tail(self.now, subscription, self.log.len() as u64);
            }
            Task::Request(Request::Publish(publish)) => {
                let answer = self.answer.clone().unwrap_or_else(|| {
                    self.log.push(publish.payload.clone());
                    Answer::Appended(Position { epoch: EPOCH, offset: self.log.len() as u64 })
                });
                connection.published(&publish.channel, publish.number, answer);
                connection.tail(self.now, 0, self.log.len() as u64);
            }
            Task::Read { subscription, behind, .. } => {
                let entry = |(at, payload): (usize, &Body)| FeedEntry {
                    position: Position { epoch: EPOCH, offset: at as u64 + 1 },
                    distance: 1,
                    time: 0,
                    alias: 3,
                    number: 0,
                    payload: payload.clone(),
                };
                let start = usize::try_from(behind.offset).unwrap();
                let entries: Vec<_> = self.log.iter().enumerate().skip(start).map(entry).collect();
                connection.entries(self.now, subscription, entries);
            }
            other => panic!("nobody asked for {other:?}"),
        }
    }
}
