//! Opening: the lock, the connections, and the threads that work with them.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::thread;

use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;

use super::lock::Lock;
use super::queue::Queue;
use super::{Shared, SqliteOptions, schema, writer};
use crate::log::LogError;
use crate::log::tails::Tails;

/// How many prepared statements a connection keeps: all that there are.
const STATEMENTS: usize = 64;

/// What the threads hold together; when the last of them ends, the lock is released and then it is told.
struct Held {
    _lock: Lock,
    _ended: watch::Sender<()>,
}

/// Opens the store, migrates and recovers it, and starts the threads.
pub(super) fn open(path: &Path, options: SqliteOptions) -> Result<Arc<Shared>, LogError> {
    options.check()?;
    let lock = Lock::take(path)?;
    let own = keep_to_owner(path).map_err(|error| format!("{}: {error}", path.display()));
    own.map_err(|error| LogError::Io(error.into()))?;
    let file = |error: LogError| match error {
        LogError::Foreign(_) => LogError::Foreign(path.display().to_string().into()),
        LogError::Io(what) => LogError::Io(format!("{}: {what}", path.display()).into()),
        other => other,
    };
    let writer = writing(path, &options).map_err(file)?;
    let readers = (0..options.readers).map(|_| reading(path, &options));
    let readers = readers.collect::<Result<Vec<_>, _>>().map_err(file)?;
    let (sender, ended) = watch::channel(());
    let held = Arc::new(Held { _lock: lock, _ended: sender });
    let shared = Arc::new(Shared {
        writes: Arc::new(Queue::new(options.queue_appends, options.queue_bytes)),
        reads: Arc::new(Queue::new(options.queue_reads, usize::MAX)),
        tails: Tails::default(),
        options,
        ended,
    });
    start(&shared, writer, readers, &held).inspect_err(|_| shared.close())?;
    Ok(shared)
}

/// Makes the file, and those that SQLite puts next to it with the same rights, readable by their owner alone.
#[cfg(unix)]
fn keep_to_owner(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
    const OWNER: u32 = 0o600;
    // One that is there is not opened: closing it would take SQLite's locks off, wherever else the process has it open.
    match std::fs::OpenOptions::new().create_new(true).write(true).mode(OWNER).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::set_permissions(name, std::fs::Permissions::from_mode(OWNER)) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            done => done?,
        }
    }
    Ok(())
}

/// Elsewhere the rights are those of the folder.
#[cfg(not(unix))]
fn keep_to_owner(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn start(
    shared: &Arc<Shared>,
    writer: Connection,
    readers: Vec<Connection>,
    held: &Arc<Held>,
) -> Result<(), LogError> {
    let (reads, readers_ended) = mpsc::channel::<Infallible>();
    for reader in readers {
        let (shared, held, reads) = (Arc::clone(shared), Arc::clone(held), reads.clone());
        spawn("log-reader", move || {
            let _abandoned = Abandon(|| shared.reads.abandon());
            while let Some(read) = shared.reads.take(1).pop() {
                read(&reader);
            }
            drop(reader);
            drop(reads);
            drop(held);
        })?;
    }
    let (shared, held) = (Arc::clone(shared), Arc::clone(held));
    spawn("log-writer", move || {
        let _abandoned = Abandon(|| shared.writes.abandon());
        writer::run(&writer, &shared);
        // A connection that may only read leaves the write-ahead log behind, so the writer's is the last to close.
        drop(reads);
        let Err(mpsc::RecvError) = readers_ended.recv();
        writer::finish(&writer);
        drop(writer);
        drop(held);
    })
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<(), LogError> {
    let spawned = thread::Builder::new().name(name.into()).spawn(work);
    spawned.map(drop).map_err(|error| LogError::Io(error.to_string().into()))
}

/// Sees to it that nobody waits for a thread that has ended, not even if it panicked.
struct Abandon<F: FnMut()>(F);

impl<F: FnMut()> Drop for Abandon<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

fn writing(path: &Path, options: &SqliteOptions) -> Result<Connection, LogError> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, options)?;
    // Looked at before anything is written, so that a foreign file stays as it is.
    schema::check(&connection)?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(LogError::Io("its file system can't have a write-ahead log".into()));
    }
    // Durable means that the disk has it: with FULL each commit waits for that.
    connection.pragma_update(None, "synchronous", "FULL")?;
    // Where the system's own flush leaves it in the disk's cache (macOS), the disk is asked to write it; no matter elsewhere.
    for flush in ["fullfsync", "checkpoint_fullfsync"] {
        connection.pragma_update(None, flush, true)?;
    }
    let page: u64 = connection.pragma_query_value(None, "page_size", |row| row.get::<_, u32>(0))?.into();
    let pages = (options.max_file_bytes / page).clamp(1, u64::from(u32::MAX - 1));
    connection.pragma_update_and_check(None, "max_page_count", pages.cast_signed(), |_| Ok(()))?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

fn reading(path: &Path, options: &SqliteOptions) -> Result<Connection, LogError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    prepare(&connection, options)?;
    Ok(connection)
}

fn prepare(connection: &Connection, options: &SqliteOptions) -> Result<(), LogError> {
    connection.busy_timeout(options.lock_wait)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}
