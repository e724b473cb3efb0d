//! A client of `rejoin.v1` over a real socket, driven by the test.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rejoin_protocol::session::{
    ChannelEvent, ClientConfig, ClientEvent, ClientSession, Ending, Lost, Pair, Settlement, SubscriptionId,
};
use rejoin_protocol::wire::{BatchWriter, Body, Frame, WireLimits, decode};
use rejoin_protocol::{Closed, ClosedBy, Time};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Long enough for any step on any machine; a test that waits for it has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) type Socket = WebSocketStream<TcpStream>;

pub(crate) struct Client {
    pub(crate) machine: ClientSession,
    pub(crate) messages: Vec<String>,
    pub(crate) settled: Vec<Settlement>,
    pub(crate) events: Vec<ClientEvent>,
    pub(crate) lost: Vec<Lost>,
    /// How the newest connection ended.
    pub(crate) closed: Option<(u16, String)>,
    pub(crate) ending: Option<Ending>,
    /// Frames of presence that came.
    pub(crate) presences: usize,
    socket: Option<Socket>,
    started: Instant,
    /// Its address is 127.0.0.HOST.
    host: u8,
}

impl Client {
    pub(crate) fn new() -> Self {
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
            host: 1,
        }
    }

    /// A client of another network.
    pub(crate) fn from_host(host: u8) -> Self {
        Self { host, ..Self::new() }
    }

    /// A client of another network, live.
    pub(crate) async fn of_host(host: u8, address: SocketAddr) -> Self {
        let mut client = Self::from_host(host);
        client.connect(address).await;
        client.until(|client| client.machine.is_live()).await;
        client
    }

    pub(crate) async fn of(address: SocketAddr) -> Self {
        let mut client = Self::new();
        client.connect(address).await;
        client.until(|client| client.machine.is_live()).await;
        client
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_micros(u64::try_from(self.started.elapsed().as_micros()).unwrap())
    }

    pub(crate) async fn open(address: SocketAddr) -> Socket {
        Self::open_as(address, "rejoin.v1", 1).await.unwrap().0
    }

    /// Opens a connection with these subprotocols; with the one that was chosen.
    pub(crate) async fn open_as(
        address: SocketAddr,
        offered: &str,
        host: u8,
    ) -> Result<(Socket, String), Box<tokio_tungstenite::tungstenite::Error>> {
        let mut request = format!("ws://{address}/ws").into_client_request()?;
        request.headers_mut().insert("sec-websocket-protocol", offered.parse().unwrap());
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from(([127, 0, 0, host], 0))).unwrap();
        let stream = socket.connect(address).await.unwrap();
        let (socket, response) = tokio_tungstenite::client_async(request, stream).await?;
        Ok((socket, response.headers()["sec-websocket-protocol"].to_str().unwrap().to_owned()))
    }

    pub(crate) async fn connect(&mut self, address: SocketAddr) -> Option<Pair> {
        self.connect_as(address, None).await
    }

    pub(crate) async fn connect_as(&mut self, address: SocketAddr, token: Option<&str>) -> Option<Pair> {
        self.closed = None;
        self.socket = Some(Self::open_as(address, "rejoin.v1", self.host).await.unwrap().0);
        self.machine.connected(self.now(), token.map(Body::from))
    }

    /// Leaves the connection without a word.
    pub(crate) fn cut(&mut self) {
        self.socket = None;
        let closed = Closed::abnormal(ClosedBy::Network, true, "");
        self.ending = Some(self.machine.ended(self.now(), &closed));
        self.listen();
    }

    /// Keeps the connection open and forgets it: the server's side lives.
    pub(crate) fn lose(&mut self) -> Socket {
        let socket = self.socket.take().unwrap();
        self.cut();
        socket
    }

    pub(crate) async fn transmit(&mut self) {
        let mut batch = BatchWriter::default();
        let now = self.now();
        while let Some(frame) = self.machine.poll_transmit(now) {
            batch.push(&frame);
        }
        batch.flush();
        let Some(socket) = &mut self.socket else { return };
        while let Some(message) = batch.pop() {
            // A connection that has ended says so when it is read.
            let _ended = socket.send(Message::Binary(message.into())).await;
        }
    }

    /// Sends all it has and reads nothing; returns the socket once so many frames have gone or no more are taken.
    pub(crate) async fn deaf(&mut self, frames: usize) -> Socket {
        let mut socket = self.socket.take().unwrap();
        for _ in 0..frames {
            let now = self.now();
            let Some(frame) = self.machine.poll_transmit(now) else { break };
            let mut message = Vec::new();
            frame.encode(&mut message);
            let sent = socket.send(Message::Binary(message.into()));
            // Whoever reads nothing is at last not read either, or cut.
            if !matches!(tokio::time::timeout(Duration::from_millis(500), sent).await, Ok(Ok(()))) {
                break;
            }
        }
        socket
    }

    /// Goes on until something is so.
    pub(crate) async fn until(&mut self, mut so: impl FnMut(&mut Self) -> bool) {
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
        match tokio::time::timeout(wait, socket.next()).await {
            Ok(Some(Ok(Message::Binary(bytes)))) => {
                let body = Body::from(Vec::from(bytes));
                let now = self.now();
                for frame in decode(&body, &WireLimits::default()) {
                    let frame = frame.unwrap();
                    self.presences += usize::from(matches!(frame, Frame::Presence { .. }));
                    self.machine.handle(now, frame).unwrap();
                }
            }
            Ok(Some(Ok(Message::Close(frame)))) => {
                let (code, reason) = frame
                    .map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
                self.socket = None;
                let closed = Closed::by_event(code, reason.clone(), true, true);
                self.closed = Some((code, reason));
                self.ending = Some(self.machine.ended(self.now(), &closed));
            }
            Ok(Some(Ok(_))) => {}
            Ok(Some(Err(_)) | None) => {
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
    pub(crate) fn entries(&mut self, feed: SubscriptionId) -> Vec<String> {
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
