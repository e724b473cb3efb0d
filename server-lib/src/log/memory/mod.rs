//! A log in memory, for tests: it ends with the process, and is otherwise like a durable one.

mod channel;
mod store;

use std::future::ready;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use rejoin_protocol::wire::{Answer, Position, SessionId, Since};
use tokio::sync::watch;

use super::places::{Known, random};
use super::tails::Tails;
use super::{Append, Clock, Entry, Log, LogError, Piece, Retention, Start};
use store::Store;

/// The most entries that one call of `trim` removes.
const TRIM_ENTRIES: usize = 100_000;

/// How a log in memory behaves. Change what you need on a default.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct MemoryOptions {
    /// What is kept when it is trimmed.
    pub retention: Retention,
    /// The most bytes of entries, an entry counting for its payload and 64 bytes; beyond it appends end in
    /// [`LogError::Full`]. Default: 256 MiB.
    pub max_bytes: u64,
    /// The writer's clock. Default: the system's.
    pub clock: Clock,
}

impl Default for MemoryOptions {
    fn default() -> Self {
        Self { retention: Retention::default(), max_bytes: 256 << 20, clock: Clock::system() }
    }
}

/// A log in memory. Clones are the same writer; [`MemoryLog::writer`] is another one over the same store.
#[derive(Debug, Clone)]
pub struct MemoryLog {
    shared: Arc<Shared>,
    /// Random, or what kept it from being drawn: it is told at the first append.
    writer: Result<u64, LogError>,
}

#[derive(Debug)]
struct Shared {
    store: Mutex<Store>,
    tails: Tails,
    options: MemoryOptions,
}

impl Default for MemoryLog {
    fn default() -> Self {
        Self::with_options(Store::default(), MemoryOptions::default())
    }
}

impl MemoryLog {
    /// An empty log.
    ///
    /// # Errors
    /// [`LogError::Setting`] names an option that can't be.
    pub fn new(options: MemoryOptions) -> Result<Self, LogError> {
        Self::over(Store::default(), options)
    }

    /// A second writer over the same store, as another instance of a server, or the same one after a restart: it opens
    /// epochs of its own.
    #[must_use]
    pub fn writer(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), writer: random() }
    }

    /// A copy of all that is stored, as a log of its own with a writer of its own: to go on with it later is to restore
    /// an older backup, and to go on with it at once is a restart.
    ///
    /// # Errors
    /// [`LogError::Setting`] names an option that can't be.
    pub fn reopened(&self, options: MemoryOptions) -> Result<Self, LogError> {
        Self::over(self.store().clone(), options)
    }

    fn over(store: Store, options: MemoryOptions) -> Result<Self, LogError> {
        LogError::unless(options.max_bytes > 0, "max_bytes", 0, "be above 0")?;
        options.retention.check()?;
        Ok(Self::with_options(store, options))
    }

    fn with_options(store: Store, options: MemoryOptions) -> Self {
        let shared = Shared { store: Mutex::new(store), tails: Tails::default(), options };
        Self { shared: Arc::new(shared), writer: random() }
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        // Whoever panicked while holding it left it between two whole steps at worst; tests see the panic.
        self.shared.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<'a, T: Send + 'a>(
        &self,
        act: impl FnOnce(&mut Store) -> Result<T, LogError>,
    ) -> BoxFuture<'a, Result<T, LogError>> {
        Box::pin(ready(act(&mut self.store())))
    }
}

impl Log for MemoryLog {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Answer, LogError>> {
        self.with(|store| {
            let channel = append.channel.clone();
            let options = &self.shared.options;
            let writer = self.writer.clone()?;
            let (answer, tail) = store.append(writer, append, options.clock.now(), options.max_bytes)?;
            if let Some(tail) = tail {
                self.shared.tails.reached(&channel, tail);
            }
            Ok(answer)
        })
    }

    fn locate(&self, channel: &str, since: Since) -> BoxFuture<'_, Result<Start, LogError>> {
        self.with(|store| Ok(locate(store, channel, since)))
    }

    fn read(
        &self,
        channel: &str,
        behind: Position,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Piece, LogError>> {
        self.with(|store| {
            let start = locate(store, channel, Since::Position(behind));
            if let Some(missing) = start.missing {
                return Ok(Piece::Gap(start.at, missing));
            }
            let entries = store.channel(channel).map(|channel| channel.entries(behind.offset, max_bytes));
            Ok(Piece::Entries(entries.unwrap_or_default()))
        })
    }

    fn read_back(
        &self,
        channel: &str,
        before: u64,
        count: usize,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, LogError>> {
        self.with(|store| {
            let entries = store.channel(channel).map(|known| known.entries_before(before, count, max_bytes));
            Ok(entries.unwrap_or_default())
        })
    }

    fn channels(&self, behind: &str, most: usize) -> BoxFuture<'_, Result<Vec<String>, LogError>> {
        self.with(|store| Ok(store.names(behind, most)))
    }

    fn tail(&self, channel: &str) -> BoxFuture<'_, Result<watch::Receiver<Position>, LogError>> {
        self.with(|store| {
            let mut receiver = self.shared.tails.watch(channel);
            if let Some(known) = store.channel(channel) {
                self.shared.tails.reached(channel, known.tail());
            }
            receiver.mark_unchanged();
            Ok(receiver)
        })
    }

    fn publisher_life(&self) -> Duration {
        self.shared.options.retention.publishers
    }

    fn knows(&self, publisher: SessionId) -> BoxFuture<'_, Result<bool, LogError>> {
        self.with(|store| Ok(store.knows(publisher)))
    }

    fn touch(&self, publisher: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        self.with(|store| {
            store.touch(publisher, self.shared.options.clock.now());
            Ok(())
        })
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), LogError>> {
        self.with(|store| {
            store.trim(&self.shared.options.retention, self.shared.options.clock.now(), TRIM_ENTRIES);
            Ok(())
        })
    }
}

fn locate(store: &Store, channel: &str, since: Since) -> Start {
    match (store.channel(channel), since) {
        (Some(channel), since) => channel.locate(since),
        (None, Since::Position(asked)) => Known::NOTHING.start(asked),
        (None, _) => Start { at: Known::NOTHING.tail, recovered: false, missing: None },
    }
}
