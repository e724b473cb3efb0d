//! A durable log in one file, by SQLite.
//!
//! One thread writes: it commits all that has gathered in its queue in one transaction, waits for the disk, and then
//! answers. Others read, each from a snapshot, and do not wait for commits. What reads and writes share is the file.

mod append;
mod channel;
mod fault;
mod lock;
mod number;
mod open;
mod options;
mod queue;
mod read;
mod schema;
mod trim;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use rejoin_protocol::wire::{Answer, Position, SessionId, Since};
use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{oneshot, watch};

pub use options::SqliteOptions;

use super::places::random;
use super::tails::Tails;
use super::{Append, Entry, Log, LogError, Piece, Start};
use queue::Queue;
use trim::Cursor;
use writer::{Done, Job, Task};

/// The most rows that one call of `trim` removes, or a step's worth more.
const TRIM_ROWS: usize = 500_000;
/// What an append takes in the queue beside its payload, in bytes, about.
const APPEND_BYTES: usize = 512;

type Read = Box<dyn FnOnce(&Connection) + Send>;

/// A log in one file, with two more beside it while it is open (`-wal`, `-shm`) and one that is its lock (`.lock`).
///
/// Durable is what the disk says it has: each commit waits for it (write-ahead log, `synchronous=FULL`). A process that is
/// killed, or a machine that loses its power, leaves a log that opens again with every acknowledged publication in it.
///
/// **Copies**: while it is open, by SQLite's own means (`VACUUM INTO`, the backup of its shell); the file alone only after
/// [`close`](SqliteLog::close). A copy is put back while no log has the file open, with no `-wal` and `-shm` of another
/// store left beside it.
///
/// Clones are the same writer; the log closes itself when the last of them is dropped, a moment later.
#[derive(Clone)]
pub struct SqliteLog {
    inner: Arc<Inner>,
    writer: i64,
}

/// What all handles hold together.
struct Inner {
    shared: Arc<Shared>,
}

/// What handles and threads share.
struct Shared {
    writes: Arc<Queue<Job>>,
    reads: Arc<Queue<Read>>,
    tails: Tails,
    options: SqliteOptions,
    /// Ends when the last thread has ended and the lock is released.
    ended: watch::Receiver<()>,
}

impl Shared {
    fn close(&self) {
        self.writes.close();
        self.reads.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.close();
    }
}

impl fmt::Debug for SqliteLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteLog").field("options", &self.inner.shared.options).finish_non_exhaustive()
    }
}

impl SqliteLog {
    /// Opens the log in a file, which is made if it is not there; an older format is brought up to date. This blocks while
    /// it reads and recovers.
    ///
    /// # Errors
    /// [`LogError::InUse`] if another log of this or another process has it open, [`LogError::Foreign`] and
    /// [`LogError::Newer`] for a file that is no log or a newer program's, [`LogError::Setting`] for an option that can't
    /// be, and what may befall a file.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, LogError> {
        let writer = number::bits(random()?);
        let shared = open::open(path.as_ref(), options)?;
        Ok(Self { inner: Arc::new(Inner { shared }), writer })
    }

    /// A second writer over the same file, as if another instance of a server had it open: it opens epochs of its own.
    ///
    /// # Errors
    /// The system has no randomness to give.
    pub fn writer(&self) -> Result<Self, LogError> {
        Ok(Self { inner: Arc::clone(&self.inner), writer: number::bits(random()?) })
    }

    /// Takes nothing more, does what was begun, and completes when the file is closed and its lock released. Dropping the
    /// future stops nothing.
    pub async fn close(&self) {
        self.inner.shared.close();
        let mut ended = self.inner.shared.ended.clone();
        while ended.changed().await.is_ok() {}
    }

    fn write(&self, task: Task) -> BoxFuture<'_, Result<Done, LogError>> {
        let bytes = match &task {
            Task::Append(_, append) => APPEND_BYTES + append.payload.len() + append.channel.len(),
            Task::Touch(_) | Task::Trim(_) => APPEND_BYTES,
        };
        let (reply, answer) = oneshot::channel();
        let pushed = self.inner.shared.writes.push(Job { task, reply }, bytes);
        Box::pin(async move {
            pushed?;
            answer.await.unwrap_or(Err(LogError::Closed))
        })
    }

    /// Reads in one snapshot, on a connection of its own.
    fn read_by<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T, LogError> + Send + 'static,
    ) -> BoxFuture<'static, Result<T, LogError>> {
        let (reply, answer) = oneshot::channel();
        let job: Read = Box::new(move |connection| {
            let snapshot = Transaction::new_unchecked(connection, TransactionBehavior::Deferred);
            let result = snapshot.map_err(LogError::from).and_then(|snapshot| read(&snapshot));
            if reply.send(result).is_err() {
                tracing::trace!("nobody waits for what was read any more");
            }
        });
        let pushed = self.inner.shared.reads.push(job, 0);
        Box::pin(async move {
            pushed?;
            answer.await.unwrap_or(Err(LogError::Closed))
        })
    }
}

impl Log for SqliteLog {
    fn append(&self, append: Append) -> BoxFuture<'_, Result<Answer, LogError>> {
        let written = self.write(Task::Append(self.writer, Box::new(append)));
        Box::pin(async move {
            match written.await? {
                Done::Append(answer, _) => Ok(answer),
                Done::Touched | Done::Trimmed(_) => Err(wrong()),
            }
        })
    }

    fn locate(&self, channel: &str, since: Since) -> BoxFuture<'_, Result<Start, LogError>> {
        let channel = channel.to_owned();
        self.read_by(move |connection| read::locate(connection, &channel, since))
    }

    fn read(
        &self,
        channel: &str,
        behind: Position,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Piece, LogError>> {
        let channel = channel.to_owned();
        self.read_by(move |connection| read::piece(connection, &channel, behind, max_bytes))
    }

    fn read_back(
        &self,
        channel: &str,
        before: u64,
        count: usize,
        max_bytes: usize,
    ) -> BoxFuture<'_, Result<Vec<Entry>, LogError>> {
        let channel = channel.to_owned();
        self.read_by(move |connection| read::back_from(connection, &channel, before, count, max_bytes))
    }

    fn channels(&self, behind: &str, most: usize) -> BoxFuture<'_, Result<Vec<String>, LogError>> {
        let behind = behind.to_owned();
        self.read_by(move |connection| read::channels(connection, &behind, most))
    }

    fn tail(&self, channel: &str) -> BoxFuture<'_, Result<watch::Receiver<Position>, LogError>> {
        let mut receiver = self.inner.shared.tails.watch(channel);
        let name = channel.to_owned();
        let tail = self.read_by(move |connection| Ok((read::tail(connection, &name)?, name)));
        Box::pin(async move {
            let (tail, channel) = tail.await?;
            self.inner.shared.tails.reached(&channel, tail);
            receiver.mark_unchanged();
            Ok(receiver)
        })
    }

    fn publisher_life(&self) -> Duration {
        self.inner.shared.options.retention.publishers
    }

    fn knows(&self, publisher: SessionId) -> BoxFuture<'_, Result<bool, LogError>> {
        self.read_by(move |connection| read::knows(connection, publisher))
    }

    fn touch(&self, publisher: SessionId) -> BoxFuture<'_, Result<(), LogError>> {
        let written = self.write(Task::Touch(publisher));
        Box::pin(async move { written.await.map(drop) })
    }

    fn trim(&self) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let (mut next, mut removed) = (Some(Cursor::Channels(0)), 0);
            while let Some(cursor) = next.filter(|_| removed < TRIM_ROWS) {
                let Done::Trimmed(stepped) = self.write(Task::Trim(cursor)).await? else {
                    return Err(wrong());
                };
                removed += stepped.removed;
                next = stepped.next;
            }
            Ok(())
        })
    }
}

fn wrong() -> LogError {
    LogError::Corrupt("the log's writer answered another question".into())
}
