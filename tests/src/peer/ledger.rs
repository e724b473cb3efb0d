//! What the peer has seen, for each test's key, and the commands that its connections obey.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde::Serialize;
use tokio::sync::{broadcast, watch};

use super::session::Hall;

/// The most entries of a list in a record; later ones are only counted.
const LIST: usize = 20_000;
/// So many keys are remembered before those of finished tests are forgotten.
const PAGES: usize = 4_096;
/// Commands that a slow connection may lag behind.
const COMMANDS: usize = 64;

/// What was seen of the connections of one key.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Record {
    /// Handshakes that were asked for.
    pub(super) attempts: u64,
    /// When, in milliseconds since the first.
    pub(super) attempt_ms: Vec<u64>,
    /// The subprotocols that each offered, as the header says it.
    pub(super) offered: Vec<String>,
    /// The `tag` in each one's query, to tell targets apart.
    pub(super) tags: Vec<String>,
    /// TCP connections of handshakes that are still there, open or not.
    pub(super) alive: u64,
    /// Handshakes that were completed.
    pub(super) opened: u64,
    /// WebSockets that are open.
    pub(super) open_now: u64,
    /// The code of each close frame that came from the client: 1005 without a code, 1006 where none came.
    pub(super) codes: Vec<u16>,
    /// The reason of each.
    pub(super) reasons: Vec<String>,
    /// Messages that came.
    pub(super) messages: u64,
    /// Their bytes.
    pub(super) bytes: u64,
    /// WebSocket messages that came for a session, each a frame or a batch.
    pub(super) batches: u64,
    /// Frames of a session that came.
    pub(super) frames: u64,
    /// The texts that came, each cut to 40 characters.
    pub(super) texts: Vec<String>,
}

/// What a connection is told from outside.
#[derive(Debug, Clone)]
pub(super) enum Command {
    /// Reset the TCP connection.
    Cut,
    /// Send a close frame.
    Close(Option<(u16, String)>),
    /// Send a text.
    Say(String),
    /// Read as fast as possible from now on.
    Resume,
    /// Forget all sessions, as a restart does, and reset the connection.
    Forget,
    /// Lose the entries of all logs that there are now.
    Trim,
    /// Keep a session's connection and neither read nor write.
    Deaf,
}

pub(super) struct Page {
    record: watch::Sender<Record>,
    commands: broadcast::Sender<Command>,
    first: Mutex<Option<Instant>>,
    /// Set when the test is over.
    over: watch::Sender<bool>,
    hall: Hall,
}

impl Default for Page {
    fn default() -> Self {
        Self {
            record: watch::Sender::new(Record::default()),
            commands: broadcast::Sender::new(COMMANDS),
            first: Mutex::default(),
            over: watch::Sender::new(false),
            hall: Hall::default(),
        }
    }
}

impl Page {
    pub(super) fn note(&self, change: impl FnOnce(&mut Record)) {
        self.record.send_modify(change);
    }

    /// What sessions under this key have in common.
    pub(super) fn hall(&self) -> &Hall {
        &self.hall
    }

    pub(super) fn watch(&self) -> watch::Receiver<Record> {
        self.record.subscribe()
    }

    /// Has every connection of the key end, those too that are still to come.
    pub(super) fn finish(&self) {
        self.over.send_replace(true);
    }

    /// Returns when the test is over.
    pub(super) async fn over(&self) {
        // An error would mean that the page is gone, which it is not while it is borrowed.
        let _ = self.over.subscribe().wait_for(|over| *over).await;
    }

    pub(super) fn command(&self, command: Command) {
        // An error means that no connection listens, which the caller sees from the record.
        let _ = self.commands.send(command);
    }

    pub(super) fn commands(&self) -> broadcast::Receiver<Command> {
        self.commands.subscribe()
    }
}

#[derive(Default)]
pub(super) struct Ledger {
    pages: Mutex<HashMap<String, Arc<Page>>>,
}

impl Ledger {
    pub(super) fn page(&self, key: &str) -> Arc<Page> {
        let mut pages = lock(&self.pages);
        if pages.len() >= PAGES {
            // Of tests that are over, which nobody asks about any more.
            pages.retain(|_, page| !*page.over.borrow());
        }
        pages.entry(key.to_owned()).or_default().clone()
    }

    /// Begins to count a connection; it counts as alive until the visit is dropped.
    pub(super) fn visit(&self, key: &str) -> Visit {
        let page = self.page(key);
        let mut number = 0;
        page.note(|record| {
            record.attempts += 1;
            record.alive += 1;
            number = record.attempts;
        });
        Visit { page, number }
    }
}

pub(super) struct Visit {
    pub(super) page: Arc<Page>,
    /// Which of the key's attempts it is, 1 for the first.
    pub(super) number: u64,
}

impl Visit {
    /// Notes what this attempt asked for.
    pub(super) fn asked(&self, offered: &str, tag: &str) {
        let millis = {
            let mut first = lock(&self.page.first);
            first.get_or_insert_with(Instant::now).elapsed().as_millis()
        };
        self.page.note(|record| {
            append(&mut record.attempt_ms, u64::try_from(millis).unwrap_or(u64::MAX));
            append(&mut record.offered, offered.to_owned());
            append(&mut record.tags, tag.to_owned());
        });
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.page.note(|record| record.alive -= 1);
    }
}

pub(super) fn append<T>(list: &mut Vec<T>, item: T) {
    if list.len() < LIST {
        list.push(item);
    }
}

/// Nothing here panics while it holds a lock, so that a poisoned one would still hold good data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
