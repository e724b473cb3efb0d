//! A participant: a session of the library, with the default limits and the short times of a test.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use futures::StreamExt;
use rejoin::session::{
    ConnectError, Feed, FeedItem, KeepAlive, Lost, SessionEvent, SessionHandle, SessionMessage, Since,
};
use rejoin::{Backoff, Session};

use crate::{Entry, Loss, Order, Progress, ROOMS, Seen, Settled};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// A session that does as it is told and remembers what it saw.
pub struct Participant {
    session: SessionHandle,
    memory: Rc<RefCell<Memory>>,
    spawn: fn(Task),
}

#[derive(Default)]
struct Memory {
    seen: Seen,
    lives: usize,
    ended: Option<String>,
}

impl Participant {
    /// Connects there and follows both rooms from their beginning; `spawn` runs its tasks.
    ///
    /// # Errors
    /// When the address can't be one.
    pub fn start(url: &str, spawn: fn(Task)) -> Result<Self, ConnectError> {
        let mut keep_alive = KeepAlive::default();
        keep_alive.interval = Duration::from_millis(700);
        keep_alive.deadline = Duration::from_millis(1_500);
        let first = Duration::from_millis(100);
        let backoff = Backoff::default().with_first(first).with_cap(first * 4).with_floor(Duration::ZERO);
        let session = Session::builder(url)
            .keep_alive(keep_alive)
            .reconnect(backoff)
            .connect_timeout(Duration::from_secs(2))
            .open()?
            .handle();
        let memory = Rc::new(RefCell::new(Memory::default()));
        let told = memory.clone();
        session.set_on_message(Some(Box::new(move |message| {
            told.borrow_mut().seen.echoes.push(text(&message));
        })));
        let told = memory.clone();
        session.set_on_event(Some(Box::new(move |event| told.borrow_mut().happened(event))));
        for (room, name) in ROOMS.into_iter().enumerate() {
            match session.subscribe(name, Since::All) {
                Ok(feed) => spawn(Box::pin(follow(feed, room, memory.clone()))),
                Err(refusal) => memory.borrow_mut().seen.odd.push(format!("{name}: {refusal}")),
            }
        }
        Ok(Self { session, memory, spawn })
    }

    /// Does as an order in JSON says, and answers in JSON; an order without an answer is answered with nothing.
    ///
    /// # Errors
    /// When that is no order.
    pub fn answer(&self, order: &str) -> Result<String, serde_json::Error> {
        match serde_json::from_str(order)? {
            Order::Send(messages) => self.send(messages),
            Order::Publish(room, payloads) => self.publish(room, payloads),
            Order::Progress => return serde_json::to_string(&self.progress()),
            Order::Seen => return serde_json::to_string(&self.seen()),
        }
        Ok(String::new())
    }

    /// Sends session messages.
    pub fn send(&self, messages: Vec<String>) {
        for message in messages {
            if let Err(refused) = self.session.try_send(message) {
                self.memory.borrow_mut().seen.odd.push(refused.to_string());
            }
        }
    }

    /// Publishes in a room.
    pub fn publish(&self, room: usize, payloads: Vec<String>) {
        for payload in payloads {
            match self.session.try_publish(ROOMS[room], payload.as_str()) {
                Ok(receipt) => {
                    let memory = self.memory.clone();
                    (self.spawn)(Box::pin(async move {
                        let outcome = receipt.await;
                        let outcome =
                            outcome.map(|position| position.offset).map_err(|error| error.to_string());
                        memory.borrow_mut().seen.settled.push(Settled { room, payload, outcome });
                    }));
                }
                Err(refused) => self.memory.borrow_mut().seen.odd.push(refused.to_string()),
            }
        }
    }

    /// How far it has come.
    #[must_use]
    pub fn progress(&self) -> Progress {
        let live = self.session.state().is_live();
        let memory = self.memory.borrow();
        let seen = &memory.seen;
        Progress {
            live,
            lives: memory.lives,
            echoes: seen.echoes.len(),
            entries: [seen.rooms[0].len(), seen.rooms[1].len()],
            settled: seen.settled.len(),
            ended: memory.ended.clone(),
        }
    }

    /// All that it has seen.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.memory.borrow().seen.clone()
    }
}

impl Memory {
    fn happened(&mut self, event: SessionEvent) {
        match event {
            SessionEvent::Live { .. } => self.lives += 1,
            SessionEvent::Lost(Lost { reason, unacked, unsent }) => {
                let texts = |all: Vec<SessionMessage>| all.iter().map(text).collect();
                let echoes = self.seen.echoes.len();
                let (unacked, unsent) = (texts(unacked), texts(unsent));
                self.seen.lost.push(Loss { reason: format!("{reason:?}"), unacked, unsent, echoes });
            }
            SessionEvent::Ended(denial) => self.ended = Some(format!("{denial:?}")),
            _ => {}
        }
    }
}

async fn follow(mut feed: Feed, room: usize, memory: Rc<RefCell<Memory>>) {
    while let Some(item) = feed.next().await {
        let mut memory = memory.borrow_mut();
        match item {
            FeedItem::Entry(entry) => {
                let payload = String::from_utf8_lossy(&entry.payload).into_owned();
                memory.seen.rooms[room].push(Entry { offset: entry.position.offset, payload });
            }
            FeedItem::Started(_) => {}
            other => memory.seen.odd.push(format!("{} {other:?}", ROOMS[room])),
        }
    }
}

fn text(message: &SessionMessage) -> String {
    String::from_utf8_lossy(&message.body).into_owned()
}
