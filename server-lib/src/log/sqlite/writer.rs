//! The writer: one thread that commits what has gathered in its queue, all together, and answers after the commit.

use rejoin_protocol::wire::{Answer, Position, SessionId};
use rusqlite::{Connection, params};
use tokio::sync::oneshot;

use super::channel::publisher_id;
use super::number::count;
use super::trim::{self, Cursor, Stepped};
use super::{Shared, append};
use crate::log::{Append, LogError};

/// What the writer is asked, and where the answer goes.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) task: Task,
    pub(super) reply: oneshot::Sender<Result<Done, LogError>>,
}

#[derive(Debug)]
pub(super) enum Task {
    /// A publication, and by which writer it is written.
    Append(i64, Box<Append>),
    Touch(SessionId),
    Trim(Cursor),
}

/// What the writer has done.
#[derive(Debug)]
pub(super) enum Done {
    /// The answer, and the channel's new tail if there is an entry.
    Append(Answer, Option<Position>),
    Touched,
    Trimmed(Stepped),
}

/// Works until the queue is closed and empty.
pub(super) fn run(connection: &Connection, shared: &Shared) {
    loop {
        let jobs = shared.writes.take(shared.options.batch);
        if jobs.is_empty() {
            break;
        }
        let tasks: Vec<&Task> = jobs.iter().map(|job| &job.task).collect();
        let results = commit_or_split(connection, shared, &tasks);
        for (job, result) in jobs.into_iter().zip(results) {
            if let (Task::Append(_, append), Ok(Done::Append(_, Some(tail)))) = (&job.task, &result) {
                shared.tails.reached(&append.channel, *tail);
            }
            if job.reply.send(result).is_err() {
                tracing::trace!("nobody waits for an answer of the log any more");
            }
        }
    }
}

/// Sees to it that the file alone is the whole store, once nobody reads any more. It is no loss if it can't be done.
pub(super) fn finish(connection: &Connection) {
    let checkpoint = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    if let Err(error) = checkpoint {
        tracing::warn!(%error, "the log was closed without a checkpoint");
    }
}

type Results = Vec<Result<Done, LogError>>;

/// Does all tasks in one transaction, or if that fails, each in its own: so that one that does not fit or meets a damaged
/// page does not keep the others out.
fn commit_or_split(connection: &Connection, shared: &Shared, tasks: &[&Task]) -> Results {
    let error = match commit(connection, shared, tasks) {
        Ok(results) => return results,
        Err(error) => error,
    };
    tracing::warn!(%error, tasks = tasks.len(), "the log could not commit");
    if tasks.len() == 1 || error == LogError::Locked {
        return tasks.iter().map(|_| Err(error.clone())).collect();
    }
    let each = |task: &&Task| match commit(connection, shared, &[task]) {
        Ok(mut results) => results.pop().unwrap_or_else(|| Err(error.clone())),
        Err(error) => Err(error),
    };
    tasks.iter().map(each).collect()
}

/// Does all tasks in one transaction. An error is that of the transaction, of which nothing is stored then; errors that
/// concern a task alone are among the results.
fn commit(connection: &Connection, shared: &Shared, tasks: &[&Task]) -> Result<Results, LogError> {
    connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    let done = tasks.iter().map(|task| work(connection, shared, task)).collect::<Result<Results, _>>();
    let committed = done.and_then(|results| {
        connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(results)
    });
    // SQLite has rolled back by itself after some errors.
    if committed.is_err()
        && !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::error!(%error, "the log could not roll back");
    }
    committed
}

/// Does one task within the transaction: the outer error makes the transaction void, the inner one is the task's own.
fn work(connection: &Connection, shared: &Shared, task: &Task) -> Result<Result<Done, LogError>, LogError> {
    let now = shared.options.clock.now();
    match task {
        Task::Append(writer, append) => match append::plan(connection, *writer, append, now) {
            Ok(plan) => {
                let (answer, tail) = plan.write(connection, *writer, append, now)?;
                Ok(Ok(Done::Append(answer, tail)))
            }
            Err(error) if connection.is_autocommit() => Err(error),
            Err(error) => Ok(Err(error)),
        },
        Task::Touch(publisher) => {
            connection
                .prepare_cached("UPDATE publisher SET seen = ?2 WHERE id = ?1")?
                .execute(params![publisher_id(*publisher), count(now)])?;
            Ok(Ok(Done::Touched))
        }
        Task::Trim(cursor) => {
            let stepped = trim::step(connection, *cursor, &shared.options.retention, now)?;
            Ok(Ok(Done::Trimmed(stepped)))
        }
    }
}
