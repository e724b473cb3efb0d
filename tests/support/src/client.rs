//! A client of `rejoin.v1` over a real socket, driven by the test.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use rejoin_protocol::session::{
    ChannelEvent, ClientConfig, ClientEvent, ClientSession, Ending, Lost, Pair, Settlement, SubscriptionId,
};
use rejoin_protocol::wire::{BatchWriter, Body, Frame};
use rejoin_protocol::{Closed, ClosedBy, Time};
use tokio::time::{Instant, timeout};

use crate::PATIENCE;
use crate::http::Head;
use crate::raw::{BINARY, FIN, PING, PONG, Raw, RawOptions};
use crate::session::{RawSession, read};

/// A client: the protocol's machine, and what has come out of it.
#[derive(Debug)]
pub struct Client {
    /// What is sent is put into it.
    pub machine: ClientSession,
    /// The texts that came.
    pub messages: Vec<String>,
    /// What became of publications.
    pub settled: Vec<Settlement>,
    /// All events, those of the other fields too.
    pub events: Vec<ClientEvent>,
    /// What was lost.
    pub lost: Vec<Lost>,
    /// How the newest connection ended.
    pub closed: Option<(u16, String)>,
    /// What the machine said of that end.
    pub ending: Option<Ending>,
    /// Frames of presence that came.
    pub presences: usize,
    socket: Option<RawSession>,
    started: Instant,
    /// Where the server takes sessions.
    path: String,
    /// Its address is 127.0.0.HOST.
    host: u8,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// One that is not connected, for a server with sessions at `/ws`.
    #[must_use]
    pub fn new() -> Self {
        Self {
            machine: ClientSession::new(ClientConfig::default()),
            messages: Vec::new(),
            settled: Vec::new(),
            events: Vec::new(),
            lost: Vec::new(),
            closed: None,
            ending: None,
            presences: 0,
            socket: None,
            started: Instant::now(),
            path: "/ws".to_owned(),
            host: 1,
        }
    }

    /// One for a server with sessions at another path.
    #[must_use]
    pub fn at(path: &str) -> Self {
        Self { path: path.to_owned(), ..Self::new() }
    }

    /// One of another network: its address is 127.0.0.HOST.
    #[must_use]
    pub fn from_host(host: u8) -> Self {
        Self { host, ..Self::new() }
    }

    /// One of another network, live.
    pub async fn of_host(host: u8, address: SocketAddr) -> Self {
        let mut client = Self::from_host(host);
        client.connect(address).await;
        client.until(|client| client.machine.is_live()).await;
        client
    }

    /// One that is live.
    pub async fn of(address: SocketAddr) -> Self {
        let mut client = Self::new();
        client.connect(address).await;
        client.until(|client| client.machine.is_live()).await;
        client
    }

    /// The machine's time.
    #[must_use]
    pub fn now(&self) -> Time {
        Time::from_micros(u64::try_from(self.started.elapsed().as_micros()).unwrap())
    }

    /// Opens a connection at `/ws`, on which nothing is sent yet.
    pub async fn open(address: SocketAddr) -> RawSession {
        RawSession::open(address, "/ws").await
    }

    /// Opens a connection at `/ws` with these subprotocols, from 127.0.0.HOST; with the one that was chosen.
    ///
    /// # Errors
    /// The head of an answer that chooses none.
    pub async fn open_as(address: SocketAddr, offered: &str, host: u8) -> Result<(RawSession, String), Head> {
        RawSession::offer(address, "/ws", from(host), offered).await
    }

    /// Connects anew, without a token; the identity that HELLO names.
    pub async fn connect(&mut self, address: SocketAddr) -> Option<Pair> {
        self.connect_as(address, None).await
    }

    /// Connects anew, with a token; the identity that HELLO names.
    pub async fn connect_as(&mut self, address: SocketAddr, token: Option<&str>) -> Option<Pair> {
        self.closed = None;
        let opened = RawSession::offer(address, &self.path, from(self.host), "rejoin.v1").await;
        self.socket = Some(opened.unwrap_or_else(|head| panic!("{}", head.text)).0);
        self.machine.connected(self.now(), token.map(Body::from))
    }

    /// Leaves the connection without a word.
    pub fn cut(&mut self) {
        self.socket = None;
        let closed = Closed::abnormal(ClosedBy::Network, true, "");
        self.ending = Some(self.machine.ended(self.now(), &closed));
        self.listen();
    }

    /// Keeps the connection open and forgets it: the server's side lives.
    pub fn lose(&mut self) -> RawSession {
        let socket = self.socket.take().unwrap();
        self.cut();
        socket
    }

    /// Sends what the machine has to send.
    pub async fn transmit(&mut self) {
        let mut batch = BatchWriter::default();
        let now = self.now();
        while let Some(frame) = self.machine.poll_transmit(now) {
            batch.push(&frame);
        }
        batch.flush();
        let Some(socket) = &mut self.socket else { return };
        while let Some(message) = batch.pop() {
            // A connection that has ended says so when it is read.
            let _ended = socket.raw.try_write(&Raw::masked(FIN | BINARY, &message)).await;
        }
    }

    /// Sends all it has and reads nothing; returns the socket once so many frames have gone or no more are taken.
    pub async fn deaf(&mut self, frames: usize) -> RawSession {
        let mut socket = self.socket.take().unwrap();
        for _ in 0..frames {
            let now = self.now();
            let Some(frame) = self.machine.poll_transmit(now) else { break };
            let mut message = Vec::new();
            frame.encode(&mut message);
            let message = Raw::masked(FIN | BINARY, &message);
            let sent = socket.raw.try_write(&message);
            // Whoever reads nothing is at last not read either, or cut.
            if !matches!(timeout(Duration::from_millis(500), sent).await, Ok(Ok(()))) {
                break;
            }
        }
        socket
    }

    /// Goes on until something is so.
    pub async fn until(&mut self, mut so: impl FnMut(&mut Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.transmit().await;
            if so(self) {
                return;
            }
            assert!(Instant::now() < deadline, "it never became so: {:?} {:?}", self.events, self.closed);
            self.step().await;
        }
    }

    /// Waits for one message, for the machine's own time, or for the end.
    async fn step(&mut self) {
        let soon = Duration::from_millis(50);
        let wait = self.machine.deadline().map_or(soon, |at| at.since(self.now()).min(soon));
        let Some(socket) = &mut self.socket else {
            tokio::time::sleep(wait).await;
            return;
        };
        match timeout(wait, socket.raw.try_message()).await {
            Ok(Ok(Some(frame))) if frame.first == FIN | BINARY => {
                let now = self.now();
                for frame in read(frame.payload) {
                    self.presences += usize::from(matches!(frame, Frame::Presence { .. }));
                    self.machine.handle(now, frame).unwrap();
                }
            }
            Ok(Ok(Some(frame))) if frame.first == FIN | PING => {
                // A connection that has ended says so when it is read.
                let _ended = socket.raw.try_write(&Raw::masked(FIN | PONG, &frame.payload)).await;
            }
            Ok(Ok(Some(frame))) => {
                let (code, reason) = frame.close().unwrap_or_else(|| panic!("not of rejoin.v1: {frame:?}"));
                // As the closing handshake has it; the server may have gone.
                let _ended = socket.raw.try_write(&Raw::masked(frame.first, &frame.payload)).await;
                self.socket = None;
                let closed = Closed::by_event(code, reason.clone(), true, true);
                self.closed = Some((code, reason));
                self.ending = Some(self.machine.ended(self.now(), &closed));
            }
            Ok(Ok(None) | Err(_)) => {
                self.closed = Some((1006, String::new()));
                self.cut();
            }
            Err(_) => self.machine.wake(self.now()),
        }
        self.listen();
    }

    fn listen(&mut self) {
        while let Some(event) = self.machine.poll_event() {
            match &event {
                ClientEvent::Message => {
                    while let Some((message, _)) = self.machine.take(self.now()) {
                        self.messages.push(String::from_utf8(message.body.to_vec()).unwrap());
                    }
                }
                ClientEvent::Settled(_, settlement) => self.settled.push(settlement.clone()),
                ClientEvent::Lost(lost) => self.lost.push(lost.clone()),
                _ => {}
            }
            self.events.push(event);
        }
    }

    /// Entries of a subscription, as text.
    pub fn entries(&mut self, feed: SubscriptionId) -> Vec<String> {
        let mut entries = Vec::new();
        while let Some(event) = self.machine.take_channel_event(feed) {
            match event {
                ChannelEvent::Entry { payload, .. } => {
                    entries.push(String::from_utf8(payload.to_vec()).unwrap());
                }
                ChannelEvent::Gap { missing, .. } => entries.push(format!("gap {:?}", missing.reason)),
                ChannelEvent::Volatile { payload, .. } => {
                    entries.push(format!("whisper {}", String::from_utf8_lossy(&payload)));
                }
                ChannelEvent::Ended(denial) => entries.push(format!("ended {}", denial.code)),
                ChannelEvent::Started(_) | ChannelEvent::Members | ChannelEvent::NotListed(_) => {}
            }
        }
        entries
    }
}

/// From 127.0.0.HOST.
fn from(host: u8) -> RawOptions {
    RawOptions { source: Some(Ipv4Addr::new(127, 0, 0, host)), ..RawOptions::default() }
}
