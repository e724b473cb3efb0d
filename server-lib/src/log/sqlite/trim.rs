//! Trimming, in short steps.

use rusqlite::{Connection, params};

use super::channel::Channel;
use super::number::{back, count};
use crate::log::LogError;
use crate::log::retention::{Held, Retention};

/// The most rows that one step removes.
const STEP_ROWS: usize = 512;
/// The most channels that one step looks at.
const STEP_CHANNELS: i64 = 64;

/// Where trimming stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cursor {
    /// At the channels whose keys are above this one.
    Channels(i64),
    /// At the publishers that have expired.
    Publishers,
    /// At what is left of publishers that have expired.
    Remains,
}

/// What a step did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stepped {
    /// Rows that it removed.
    pub(super) removed: usize,
    /// Where to go on; `None`: nothing is left to trim.
    pub(super) next: Option<Cursor>,
}

/// One step.
pub(super) fn step(
    connection: &Connection,
    cursor: Cursor,
    retention: &Retention,
    now: u64,
) -> Result<Stepped, LogError> {
    match cursor {
        Cursor::Channels(above) => channels(connection, above, retention, now),
        Cursor::Publishers => publishers(connection, retention.publishers_since(now)),
        Cursor::Remains => remains(connection),
    }
}

fn channels(
    connection: &Connection,
    above: i64,
    retention: &Retention,
    now: u64,
) -> Result<Stepped, LogError> {
    let sql = format!("SELECT {} FROM channel WHERE key > ?1 ORDER BY key LIMIT ?2", Channel::COLUMNS);
    let mut statement = connection.prepare_cached(&sql)?;
    let channels: Vec<Channel> =
        statement.query_map([above, STEP_CHANNELS], Channel::from_row)?.collect::<Result<_, _>>()?;
    let Some(last) = channels.last().map(|channel| channel.key) else {
        return Ok(Stepped { removed: 0, next: Some(Cursor::Publishers) });
    };
    let mut removed = 0;
    for channel in channels {
        removed += channel_entries(connection, channel, retention, now, STEP_ROWS - removed)?;
        if removed >= STEP_ROWS {
            return Ok(Stepped { removed, next: Some(Cursor::Channels(channel.key - 1)) });
        }
    }
    Ok(Stepped { removed, next: Some(Cursor::Channels(last)) })
}

/// Removes the oldest entries of one channel, up to so many.
fn channel_entries(
    connection: &Connection,
    channel: Channel,
    retention: &Retention,
    now: u64,
    most: usize,
) -> Result<usize, LogError> {
    let mut oldest = connection.prepare_cached(
        "SELECT offset, time, length(payload) FROM entry WHERE channel = ?1 ORDER BY offset LIMIT ?2",
    )?;
    let mut rows = oldest.query(params![channel.key, i64::try_from(most).unwrap_or(i64::MAX)])?;
    let (mut held, mut removed, mut watermark) = (channel.held, 0, channel.watermark);
    while let Some(row) = rows.next()? {
        if !retention.drops(held, back(row.get(1)?), now) {
            break;
        }
        held.remove(Held::weight(row.get::<_, u32>(2)? as usize));
        watermark = back(row.get(0)?);
        removed += 1;
    }
    drop(rows);
    if removed == 0 {
        return Ok(0);
    }
    let (key, watermark) = (channel.key, count(watermark));
    connection
        .prepare_cached("DELETE FROM entry WHERE channel = ?1 AND offset <= ?2")?
        .execute([key, watermark])?;
    // An epoch stays while its end is not trimmed, and that of the watermark too: a position there can be judged.
    connection
        .prepare_cached(
            "DELETE FROM epoch WHERE channel = ?1 AND ordinal <
             (SELECT max(ordinal) FROM epoch WHERE channel = ?1 AND first <= ?2)",
        )?
        .execute([key, watermark])?;
    connection
        .prepare_cached("UPDATE channel SET watermark = ?2, entries = ?3, bytes = ?4 WHERE key = ?1")?
        .execute([key, watermark, count(held.entries), count(held.bytes)])?;
    Ok(removed)
}

/// Forgets publishers that were last seen before this time. All that is known of one goes with its row, at once.
fn publishers(connection: &Connection, since: u64) -> Result<Stepped, LogError> {
    let mut old = connection.prepare_cached("SELECT key FROM publisher WHERE seen < ?1 LIMIT ?2")?;
    let keys: Vec<i64> = old
        .query_map(params![count(since), STEP_ROWS as i64], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for key in &keys {
        connection.prepare_cached("INSERT INTO expired (publisher) VALUES (?1)")?.execute([key])?;
        connection.prepare_cached("DELETE FROM publisher WHERE key = ?1")?.execute([key])?;
    }
    let next = if keys.is_empty() { Cursor::Remains } else { Cursor::Publishers };
    Ok(Stepped { removed: keys.len(), next: Some(next) })
}

/// Removes what is left of one publisher that has expired.
fn remains(connection: &Connection) -> Result<Stepped, LogError> {
    let mut expired = connection.prepare_cached("SELECT publisher FROM expired LIMIT 1")?;
    let Some(publisher) = expired.query([])?.next()?.map(|row| row.get::<_, i64>(0)).transpose()? else {
        return Ok(Stepped { removed: 0, next: None });
    };
    let mut publications =
        connection.prepare_cached("SELECT key FROM publication WHERE publisher = ?1 LIMIT 1")?;
    let next = Some(Cursor::Remains);
    let Some(key) = publications.query([publisher])?.next()?.map(|row| row.get::<_, i64>(0)).transpose()?
    else {
        connection.prepare_cached("DELETE FROM expired WHERE publisher = ?1")?.execute([publisher])?;
        return Ok(Stepped { removed: 1, next });
    };
    // No more than are unsettled: a bounded number.
    let outcomes = connection.prepare_cached("DELETE FROM outcome WHERE publication = ?1")?.execute([key])?;
    connection.prepare_cached("DELETE FROM publication WHERE key = ?1")?.execute([key])?;
    Ok(Stepped { removed: outcomes + 1, next })
}
