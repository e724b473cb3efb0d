//! The store's format, and the steps from each version to the next.

use rusqlite::{Connection, TransactionBehavior};

use crate::log::LogError;

/// Marks the file as a log of rejoin: "rejL".
const APPLICATION: i32 = 0x7265_6a4c;

/// The statements that lead to version 1, 2, and so on. Published ones are never changed, only new ones added.
const MIGRATIONS: [&str; 2] = [VERSION_1, VERSION_2];

/// Offsets are dense from 1 in each channel; `watermark` is the last that was trimmed. A publisher's rows hang on its
/// key, which is never used twice, so that they all go in the moment when its row in `publisher` goes; what is left of
/// them is then swept, step by step, by way of `expired`.
const VERSION_1: &str = "
    CREATE TABLE channel (
        key INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        tail INTEGER NOT NULL,
        watermark INTEGER NOT NULL,
        time INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE epoch (
        channel INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        id INTEGER NOT NULL,
        first INTEGER NOT NULL,
        writer INTEGER NOT NULL,
        PRIMARY KEY (channel, ordinal)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE entry (
        channel INTEGER NOT NULL,
        offset INTEGER NOT NULL,
        ordinal INTEGER NOT NULL,
        time INTEGER NOT NULL,
        alias INTEGER NOT NULL,
        number INTEGER NOT NULL,
        payload BLOB NOT NULL,
        PRIMARY KEY (channel, offset)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE publisher (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        id BLOB NOT NULL UNIQUE,
        seen INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE publication (
        key INTEGER PRIMARY KEY AUTOINCREMENT,
        publisher INTEGER NOT NULL,
        channel TEXT NOT NULL,
        next INTEGER NOT NULL,
        settled INTEGER NOT NULL,
        UNIQUE (publisher, channel)
    ) STRICT;
    CREATE TABLE outcome (
        publication INTEGER NOT NULL,
        number INTEGER NOT NULL,
        id INTEGER NOT NULL,
        ordinal INTEGER,
        epoch INTEGER,
        offset INTEGER,
        code INTEGER,
        reason TEXT,
        PRIMARY KEY (publication, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE expired (publisher INTEGER PRIMARY KEY) STRICT;
";

/// What a channel holds is counted at each append and trim, for retention by bytes; publishers are found by their age.
const VERSION_2: &str = "
    ALTER TABLE channel ADD COLUMN entries INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE channel ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE channel SET (entries, bytes) =
        (SELECT count(*), coalesce(sum(length(payload) + 64), 0) FROM entry WHERE entry.channel = channel.key);
    CREATE INDEX publisher_seen ON publisher (seen);
";

/// The version of a store; 0 if it is empty.
///
/// # Errors
/// [`LogError::Foreign`] if it is no log, [`LogError::Newer`] if its version is not known here.
pub(super) fn check(connection: &Connection) -> Result<u32, LogError> {
    let known = u32::try_from(MIGRATIONS.len()).unwrap_or(u32::MAX);
    let found: u32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let application: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let tables: u32 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && (tables > 0 || found > 0) {
        return Err(LogError::Foreign("the file".into()));
    }
    match found > known {
        true => Err(LogError::Newer { found, known }),
        false => Ok(found),
    }
}

/// Brings a store to the newest version; each step is a transaction, so that a cut leaves a whole version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), LogError> {
    let found = check(connection)?;
    for (version, statements) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        let step = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        step.execute_batch(statements)?;
        step.pragma_update(None, "application_id", APPLICATION)?;
        step.pragma_update(None, "user_version", version)?;
        step.commit()?;
    }
    Ok(())
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
