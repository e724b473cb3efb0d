//! A native client: the session's machine over a real socket, reconnecting as the client library does.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use participant::{Entry, Loss, Progress, ROOMS, Seen, Settled};
use rejoin_protocol::session::{
    ChannelEvent, ClientConfig, ClientEvent, ClientSession, Ending, Lost, Publication, SessionMessage, Settlement,
    SubscriptionId,
};
use rejoin_protocol::wire::{BatchWriter, Body, Since, WireLimits, decode};
use rejoin_protocol::{Closed, ClosedBy, Time};
use tokio::net::TcpStream;
use tokio::sync::{Notify, mpsc};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;


/// After so long without a word the server is asked for one.
const PING: Duration = Duration::from_millis(700);
/// And given up so much later.
const DEAD: Duration = Duration::from_millis(1_500);
/// How long an attempt may take, and from one to the next.
const CONNECT: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_millis(40);

struct State {
    machine: ClientSession,
    started: Instant,
    feeds: [SubscriptionId; 2],
    publications: HashMap<Publication, (usize, String)>,
    seen: Seen,
    lives: usize,
    ended: Option<String>,
}

/// A client that lives until it is dropped.
pub(crate) struct Native {
    state: Rc<RefCell<State>>,
    news: Rc<Notify>,
    task: AbortHandle,
    id: u64,
    drawn: std::cell::Cell<u64>,
}

impl Native {
    /// A client of this number that connects there, and follows both rooms from their beginning.
    pub(crate) fn start(number: usize, address: SocketAddr) -> Self {
        let mut machine = ClientSession::new(ClientConfig::default());
        let feeds = ROOMS.map(|room| machine.subscribe(room, Since::All, None).unwrap());
        let (publications, seen) = (HashMap::new(), Seen::default());
        let state = State { machine, started: Instant::now(), feeds, publications, seen, lives: 0, ended: None };
        let (state, news) = (Rc::new(RefCell::new(state)), Rc::new(Notify::new()));
        let task = tokio::task::spawn_local(live(state.clone(), news.clone(), address)).abort_handle();
        Self { state, news, task, id: number as u64, drawn: std::cell::Cell::new(0) }
    }

    pub(crate) fn send(&self, messages: Vec<String>) {
        for message in messages {
            self.state.borrow_mut().machine.send(SessionMessage::text(&message)).unwrap();
        }
        self.news.notify_one();
    }

    pub(crate) fn publish(&self, room: usize, payloads: Vec<String>) {
        for payload in payloads {
            self.drawn.set(self.drawn.get() + 1);
            let id = (self.id << 32) + self.drawn.get();
            let mut state = self.state.borrow_mut();
            let (publication, _) = state.machine.publish(ROOMS[room], Body::from(&*payload), id).unwrap();
            state.publications.insert(publication, (room, payload));
        }
        self.news.notify_one();
    }

    pub(crate) fn progress(&self) -> Progress {
        let state = self.state.borrow();
        Progress {
            live: state.machine.is_live(),
            lives: state.lives,
            echoes: state.seen.echoes.len(),
            entries: [0, 1].map(|room| state.seen.rooms[room].len()),
            settled: state.seen.settled.len(),
            ended: state.ended.clone(),
        }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.state.borrow().seen.clone()
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl State {
    fn now(&self) -> Time {
        Time::from_micros(u64::try_from(self.started.elapsed().as_micros()).unwrap())
    }

    /// Takes what the machine has to say.
    fn listen(&mut self) {
        while let Some(event) = self.machine.poll_event() {
            match event {
                ClientEvent::Message => {
                    let now = self.now();
                    while let Some((message, _)) = self.machine.take(now) {
                        self.seen.echoes.push(text(&message.body));
                    }
                }
                ClientEvent::Settled(publication, how) => {
                    let (room, payload) = self.publications.remove(&publication).expect("settled twice");
                    let outcome = match how {
                        Settlement::Durable(position) => Ok(position.offset),
                        other => Err(format!("{other:?}")),
                    };
                    self.seen.settled.push(Settled { room, payload, outcome });
                }
                ClientEvent::Lost(Lost { reason, unacked, unsent }) => {
                    let texts = |all: Vec<SessionMessage>| all.iter().map(|one| text(&one.body)).collect();
                    let reason = format!("{reason:?}");
                    let (unacked, unsent) = (texts(unacked), texts(unsent));
                    let echoes = self.seen.echoes.len();
                    self.seen.lost.push(Loss { reason, unacked, unsent, echoes });
                }
                ClientEvent::Live { .. } => self.lives += 1,
                ClientEvent::Fail(violation) => self.seen.odd.push(format!("{violation:?}")),
                _ => {}
            }
        }
        for (room, feed) in self.feeds.into_iter().enumerate() {
            while let Some(event) = self.machine.take_channel_event(feed) {
                match event {
                    ChannelEvent::Entry { position, payload, .. } => {
                        let entry = Entry { offset: position.offset, payload: text(&payload) };
                        self.seen.rooms[room].push(entry);
                    }
                    ChannelEvent::Started(_) => {}
                    other => self.seen.odd.push(format!("{} {other:?}", ROOMS[room])),
                }
            }
        }
    }

    /// What may go now, as WebSocket messages.
    fn gather(&mut self) -> VecDeque<Vec<u8>> {
        let now = self.now();
        let mut batch = BatchWriter::default();
        while batch.gathered() < BatchWriter::DEFAULT_LIMIT
            && let Some(frame) = self.machine.poll_transmit(now)
        {
            batch.push(&frame);
        }
        batch.flush();
        std::iter::from_fn(|| batch.pop()).collect()
    }
}

fn text(body: &Body) -> String {
    String::from_utf8(body.to_vec()).unwrap()
}

/// One connection after another, until the session ends.
async fn live(state: Rc<RefCell<State>>, news: Rc<Notify>, address: SocketAddr) {
    loop {
        let closed = match timeout(CONNECT, open(address)).await {
            Ok(Some(socket)) => converse(&state, &news, socket).await,
            Ok(None) => Closed::abnormal(ClosedBy::Refused, false, ""),
            Err(_) => Closed::abnormal(ClosedBy::ConnectTimeout, false, ""),
        };
        let after = {
            let mut state = state.borrow_mut();
            let now = state.now();
            let ending = state.machine.ended(now, &closed);
            state.listen();
            match ending {
                Ending::Retry { after, .. } => after.unwrap_or(RETRY),
                Ending::Stop(denial) => {
                    state.ended = Some(format!("{denial:?}"));
                    return;
                }
            }
        };
        sleep(after).await;
    }
}

type Socket = WebSocketStream<TcpStream>;

async fn open(address: SocketAddr) -> Option<Socket> {
    let path = demo_messages::room::SESSION_PATH;
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", "rejoin.v1".parse().unwrap());
    let stream = TcpStream::connect(address).await.ok()?;
    stream.set_nodelay(true).ok()?;
    Some(tokio_tungstenite::client_async(request, stream).await.ok()?.0)
}

/// Speaks over one connection to its end. Reading never waits for writing.
async fn converse(state: &RefCell<State>, news: &Notify, socket: Socket) -> Closed {
    {
        let mut state = state.borrow_mut();
        let now = state.now();
        let _pair = state.machine.connected(now, None);
    }
    let (mut sink, mut stream) = socket.split();
    let (messages, mut queue) = mpsc::channel::<Vec<u8>>(1);
    let writing = async move {
        while let Some(message) = queue.recv().await {
            // A connection that has ended says so when it is read.
            if sink.send(Message::Binary(message.into())).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    tokio::pin!(writing);
    let mut waiting = VecDeque::new();
    let (mut heard, mut asked) = (Instant::now(), None);
    loop {
        if waiting.is_empty() {
            waiting = state.borrow_mut().gather();
        }
        let of_machine = {
            let state = state.borrow();
            state.machine.deadline().map(|at| Instant::now() + at.since(state.now()))
        };
        let pulse = asked.map_or(heard + PING, |asked| asked + DEAD);
        let timer = of_machine.map_or(pulse, |at| at.min(pulse));
        tokio::select! {
            () = &mut writing => unreachable!("the queue is open"),
            room = messages.reserve(), if !waiting.is_empty() => {
                room.unwrap().send(waiting.pop_front().unwrap());
            }
            message = stream.next() => {
                (heard, asked) = (Instant::now(), None);
                if let Some(closed) = received(&mut state.borrow_mut(), message) {
                    return closed;
                }
            }
            () = news.notified() => {}
            () = sleep_until(timer) => {
                let mut state = state.borrow_mut();
                let now = state.now();
                state.machine.wake(now);
                state.listen();
                if asked.is_some_and(|asked| Instant::now() >= asked + DEAD) {
                    return Closed::abnormal(ClosedBy::Network, true, "nothing was heard");
                }
                if asked.is_none() && Instant::now() >= heard + PING {
                    state.machine.ping(7);
                    asked = Some(Instant::now());
                }
            }
        }
    }
}

type Received = Option<Result<Message, tokio_tungstenite::tungstenite::Error>>;

fn received(state: &mut State, message: Received) -> Option<Closed> {
    let closed = match message {
        Some(Ok(Message::Binary(bytes))) => {
            let now = state.now();
            let body = Body::from(Vec::from(bytes));
            let limits = WireLimits::default();
            let mut frames = decode(&body, &limits);
            let handled = frames.try_for_each(|frame| state.machine.handle(now, frame.unwrap()));
            handled.err().map(|violation| {
                state.seen.odd.push(format!("{violation:?}"));
                ClientSession::closed_for(&violation)
            })
        }
        Some(Ok(Message::Close(frame))) => {
            let (code, reason) =
                frame.map_or((1005, String::new()), |frame| (frame.code.into(), frame.reason.to_string()));
            Some(Closed::by_event(code, reason, true, true))
        }
        Some(Ok(_)) => None,
        Some(Err(_)) | None => Some(Closed::abnormal(ClosedBy::Network, true, "")),
    };
    state.listen();
    closed
}
