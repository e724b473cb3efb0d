//! A log under test, with a clock that is set by hand, and short ways to say what is done to it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rejoin_protocol::wire::{Answer, Body, Denial, Missing, Position, SessionId, Since};
use rejoin_server::log::{
    Append, Clock, Entry, Log, LogError, MemoryLog, MemoryOptions, Piece, Retention, Start, Verdict,
};

/// What a test starts from.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) retention: Retention,
    pub(crate) now: Arc<AtomicU64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self { retention: Retention::everything(), now: Arc::new(AtomicU64::new(1_000_000)) }
    }
}

impl Settings {
    pub(crate) fn clock(&self) -> Clock {
        let now = Arc::clone(&self.now);
        Clock::by(move || now.load(Ordering::SeqCst))
    }
}

/// A log, and what can happen to it.
pub(crate) trait Rig: Sized {
    type Saved: Clone;
    /// How many random histories are tried.
    const HISTORIES: u64;
    async fn open(settings: Settings) -> Self;
    fn settings(&mut self) -> &mut Settings;
    fn log(&self) -> &dyn Log;
    /// Another writer over the same store.
    fn writer(&self) -> Box<dyn Log>;
    /// The log is opened again, by the present settings.
    async fn restart(&mut self);
    /// A copy of the store as it is now, made while the writer goes on.
    async fn backup(&mut self) -> Self::Saved;
    async fn restore(&mut self, saved: Self::Saved);

    async fn retain(&mut self, retention: Retention) {
        self.settings().retention = retention;
        self.restart().await;
    }

    fn at(&mut self, now: u64) {
        self.settings().now.store(now, Ordering::SeqCst);
    }
}

pub(crate) struct MemoryRig {
    settings: Settings,
    log: MemoryLog,
}

impl MemoryRig {
    fn options(settings: &Settings) -> MemoryOptions {
        let mut options = MemoryOptions::default();
        options.retention = settings.retention;
        options.clock = settings.clock();
        options
    }
}

impl Rig for MemoryRig {
    type Saved = MemoryLog;
    const HISTORIES: u64 = 50;

    async fn open(settings: Settings) -> Self {
        Self { log: MemoryLog::new(Self::options(&settings)).unwrap(), settings }
    }

    fn settings(&mut self) -> &mut Settings {
        &mut self.settings
    }

    fn log(&self) -> &dyn Log {
        &self.log
    }

    fn writer(&self) -> Box<dyn Log> {
        Box::new(self.log.writer())
    }

    async fn restart(&mut self) {
        self.log = self.log.reopened(Self::options(&self.settings)).unwrap();
    }

    async fn backup(&mut self) -> MemoryLog {
        self.log.reopened(Self::options(&self.settings)).unwrap()
    }

    async fn restore(&mut self, saved: MemoryLog) {
        self.log = saved.reopened(Self::options(&self.settings)).unwrap();
    }
}

/// A publisher by number.
pub(crate) fn publisher(n: u8) -> SessionId {
    SessionId { born: 500, random: [n; 12] }
}

/// A publication of publisher 1 to channel "room", whose id follows from its number.
pub(crate) fn publication(number: u64, text: &str) -> Append {
    Append {
        channel: "room".into(),
        publisher: publisher(1),
        alias: 11,
        number,
        settled: 0,
        id: number + 1_000,
        payload: Body::from(text),
        verdict: Verdict::Take,
    }
}

pub(crate) fn denial() -> Denial {
    Denial { code: 4403, reason: "not here".into() }
}

/// The position in the answer to an append that must succeed.
pub(crate) async fn append(log: &dyn Log, append: Append) -> Position {
    match log.append(append).await {
        Ok(Answer::Appended(position)) => position,
        other => panic!("not appended: {other:?}"),
    }
}

/// Appends `texts` as the numbers from `from` on; the positions.
pub(crate) async fn append_all(log: &dyn Log, from: u64, texts: &[&str]) -> Vec<Position> {
    let mut positions = Vec::new();
    for (number, text) in (from..).zip(texts) {
        positions.push(append(log, publication(number, text)).await);
    }
    positions
}

/// All entries behind a position, which must be there.
pub(crate) async fn read(log: &dyn Log, behind: Position) -> Vec<Entry> {
    match log.read("room", behind, 1 << 20).await {
        Ok(Piece::Entries(entries)) => entries,
        other => panic!("no entries: {other:?}"),
    }
}

/// The gap that a position must be answered with, by `locate` and `read` alike.
pub(crate) async fn gap(log: &dyn Log, behind: Position) -> (Position, Missing) {
    let start = locate(log, Since::Position(behind)).await;
    let missing = start.missing.unwrap_or_else(|| panic!("{behind:?} was recovered"));
    assert!(!start.recovered);
    match log.read("room", behind, 1 << 20).await {
        Ok(Piece::Gap(at, told)) => assert_eq!((at, told), (start.at, missing)),
        other => panic!("{other:?}, but a gap before"),
    }
    (start.at, missing)
}

pub(crate) async fn locate(log: &dyn Log, since: Since) -> Start {
    log.locate("room", since).await.unwrap()
}

pub(crate) fn texts(entries: &[Entry]) -> Vec<&str> {
    entries.iter().map(|entry| std::str::from_utf8(&entry.payload).unwrap()).collect()
}

pub(crate) fn offsets(entries: &[Entry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.position.offset).collect()
}

pub(crate) async fn answer(log: &dyn Log, append: Append) -> Result<Answer, LogError> {
    log.append(append).await
}
