//! Channels and epochs in the store, as the writer and the readers find them.

use rejoin_protocol::wire::{Epoch, Position, SessionId};
use rusqlite::{Connection, OptionalExtension, Row};

use super::number::{back, bits, count};
use crate::log::LogError;
use crate::log::places::{Known, ORIGIN};
use crate::log::retention::Held;

/// One channel's row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channel {
    pub(super) key: i64,
    pub(super) tail: u64,
    pub(super) watermark: u64,
    /// The time of the newest entry.
    pub(super) time: u64,
    pub(super) held: Held,
}

impl Channel {
    pub(super) const COLUMNS: &str = "key, tail, watermark, time, entries, bytes";

    pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let held = Held { entries: back(row.get(4)?), bytes: back(row.get(5)?) };
        let (tail, watermark, time) = (back(row.get(1)?), back(row.get(2)?), back(row.get(3)?));
        Ok(Self { key: row.get(0)?, tail, watermark, time, held })
    }

    pub(super) fn find(connection: &Connection, name: &str) -> Result<Option<Self>, LogError> {
        let sql = format!("SELECT {} FROM channel WHERE name = ?1", Self::COLUMNS);
        Ok(connection.prepare_cached(&sql)?.query_row([name], Self::from_row).optional()?)
    }

    /// The newest epoch, and whether this writer has opened one that is still there.
    pub(super) fn newest(
        &self,
        connection: &Connection,
        writer: i64,
    ) -> Result<Option<(Epoch, bool)>, LogError> {
        let mut newest = connection.prepare_cached(
            "SELECT ordinal, id FROM epoch WHERE channel = ?1 ORDER BY ordinal DESC LIMIT 1",
        )?;
        let Some(newest) = newest.query_row([self.key], epoch).optional()? else { return Ok(None) };
        // From the newest backwards, so that a writer finds its own at once.
        let mut own = connection.prepare_cached(
            "SELECT 1 FROM epoch WHERE channel = ?1 AND writer = ?2 ORDER BY ordinal DESC LIMIT 1",
        )?;
        Ok(Some((newest, own.exists([self.key, writer])?)))
    }

    /// The position behind the entry at an offset whose epoch is kept.
    pub(super) fn position(&self, connection: &Connection, offset: u64) -> Result<Position, LogError> {
        if offset == 0 {
            return Ok(ORIGIN);
        }
        let mut containing = connection.prepare_cached(
            "SELECT ordinal, id FROM epoch WHERE channel = ?1 AND first <= ?2 ORDER BY ordinal DESC LIMIT 1",
        )?;
        let found = containing.query_row([self.key, count(offset)], epoch).optional()?;
        let epoch = found.ok_or_else(|| LogError::Corrupt("an epoch is missing".into()))?;
        Ok(Position { epoch, offset })
    }

    /// What must be known to judge a position of this epoch.
    pub(super) fn known(&self, connection: &Connection, asked: Epoch) -> Result<Known, LogError> {
        let mut oldest = connection.prepare_cached("SELECT min(ordinal) FROM epoch WHERE channel = ?1")?;
        let oldest: Option<i64> = oldest.query_row([self.key], |row| row.get(0))?;
        Ok(Known {
            tail: self.position(connection, self.tail)?,
            watermark: self.position(connection, self.watermark)?,
            oldest: oldest.map(back),
            span: self.span(connection, asked)?,
        })
    }

    fn span(&self, connection: &Connection, asked: Epoch) -> Result<Option<(u64, u64)>, LogError> {
        let mut first = connection
            .prepare_cached("SELECT first FROM epoch WHERE channel = ?1 AND ordinal = ?2 AND id = ?3")?;
        let ordinal = count(asked.ordinal);
        let first = first.query_row([self.key, ordinal, bits(asked.id)], |row| row.get(0)).optional()?;
        let Some(first) = first else { return Ok(None) };
        let mut next = connection.prepare_cached(
            "SELECT first - 1 FROM epoch WHERE channel = ?1 AND ordinal > ?2 ORDER BY ordinal LIMIT 1",
        )?;
        let end = next.query_row([self.key, ordinal], |row| row.get(0)).optional()?;
        Ok(Some((back(first), end.map_or(self.tail, back))))
    }
}

fn epoch(row: &Row<'_>) -> rusqlite::Result<Epoch> {
    Ok(Epoch { ordinal: back(row.get(0)?), id: back(row.get(1)?) })
}

/// A publisher's id as the store knows it.
pub(super) fn publisher_id(publisher: SessionId) -> [u8; 20] {
    let mut id = [0; 20];
    id[..8].copy_from_slice(&publisher.born.to_be_bytes());
    id[8..].copy_from_slice(&publisher.random);
    id
}
