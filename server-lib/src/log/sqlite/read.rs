//! What is read from the store, each in one snapshot of it.

use rejoin_protocol::wire::{Body, Epoch, Position, SessionId, Since};
use rusqlite::{Connection, Row, params};

use super::channel::{Channel, publisher_id};
use super::number::{back, count};
use crate::log::places::{Known, ORIGIN};
use crate::log::{Entry, LogError, MAX_PIECE, Piece, Start};

/// Which epoch an entry belongs to stands in its row; the epoch's id in the epoch's.
const ENTRIES: &str = "SELECT entry.offset, entry.ordinal, epoch.id, entry.time, entry.alias, entry.number, \
     entry.payload FROM entry CROSS JOIN epoch ON epoch.channel = entry.channel AND epoch.ordinal = entry.ordinal \
     WHERE entry.channel = ?1 ";

/// Where a feed starts.
pub(super) fn locate(connection: &Connection, name: &str, since: Since) -> Result<Start, LogError> {
    let channel = Channel::find(connection, name)?;
    let offset = match (channel, since) {
        (Some(channel), Since::Position(asked)) => {
            return Ok(channel.known(connection, asked.epoch)?.start(asked));
        }
        (None, Since::Position(asked)) => return Ok(Known::NOTHING.start(asked)),
        (None, _) => return Ok(Start { at: ORIGIN, recovered: false, missing: None }),
        (Some(channel), Since::Now) => channel.tail,
        (Some(channel), Since::All) => channel.watermark,
        (Some(channel), Since::Last(count)) => channel.tail.saturating_sub(count).max(channel.watermark),
    };
    let at = channel.map_or(Ok(ORIGIN), |channel| channel.position(connection, offset))?;
    Ok(Start { at, recovered: false, missing: None })
}

/// The entries behind a position, or the gap that it is answered with.
pub(super) fn piece(
    connection: &Connection,
    name: &str,
    behind: Position,
    max_bytes: usize,
) -> Result<Piece, LogError> {
    let start = locate(connection, name, Since::Position(behind))?;
    if let Some(missing) = start.missing {
        return Ok(Piece::Gap(start.at, missing));
    }
    let Some(channel) = Channel::find(connection, name)? else { return Ok(Piece::Entries(Vec::new())) };
    let sql = format!("{ENTRIES} AND entry.offset > ?2 ORDER BY entry.offset");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([channel.key, count(behind.offset)])?;
    let mut entries = Vec::new();
    let (mut room, mut next) = (Some(max_bytes), behind.offset + 1);
    while let Some(row) = rows.next()? {
        let size = size(row)?;
        room = room.and_then(|room| room.checked_sub(size));
        if !entries.is_empty() && (room.is_none() || entries.len() == MAX_PIECE) {
            return Ok(Piece::Entries(entries));
        }
        entries.push(entry(row, next)?);
        next += 1;
    }
    match next > channel.tail {
        true => Ok(Piece::Entries(entries)),
        false => Err(missing(next)),
    }
}

/// The newest entries before an offset, oldest first.
pub(super) fn back_from(
    connection: &Connection,
    name: &str,
    before: u64,
    most: usize,
    max_bytes: usize,
) -> Result<Vec<Entry>, LogError> {
    let Some(channel) = Channel::find(connection, name)? else { return Ok(Vec::new()) };
    let sql = format!("{ENTRIES} AND entry.offset < ?2 ORDER BY entry.offset DESC LIMIT ?3");
    let mut statement = connection.prepare_cached(&sql)?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut rows = statement.query(params![channel.key, count(before), most])?;
    let mut entries = Vec::new();
    let (mut room, mut next) = (max_bytes, before.min(channel.tail + 1));
    while let Some(row) = rows.next()? {
        let Some(left) = room.checked_sub(size(row)?) else { break };
        room = left;
        next -= 1;
        entries.push(entry(row, next)?);
    }
    entries.reverse();
    Ok(entries)
}

/// Channels that hold entries, in order behind a name.
pub(super) fn channels(connection: &Connection, behind: &str, most: usize) -> Result<Vec<String>, LogError> {
    let mut holding = connection
        .prepare_cached("SELECT name FROM channel WHERE name > ?1 AND entries > 0 ORDER BY name LIMIT ?2")?;
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let names = holding.query_map(params![behind, most], |row| row.get(0))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The channel's newest position.
pub(super) fn tail(connection: &Connection, name: &str) -> Result<Position, LogError> {
    match Channel::find(connection, name)? {
        Some(channel) => channel.position(connection, channel.tail),
        None => Ok(ORIGIN),
    }
}

/// Whether a publisher has rows.
pub(super) fn knows(connection: &Connection, publisher: SessionId) -> Result<bool, LogError> {
    let mut known = connection.prepare_cached("SELECT 1 FROM publisher WHERE id = ?1")?;
    Ok(known.exists([publisher_id(publisher)])?)
}

fn size(row: &Row<'_>) -> Result<usize, LogError> {
    let payload = row.get_ref(6)?.as_blob().map_err(|error| LogError::Corrupt(error.to_string().into()))?;
    Ok(payload.len())
}

/// The entry in a row, which must be at this offset. Offsets being dense, the distance between two is always 1.
fn entry(row: &Row<'_>, offset: u64) -> Result<Entry, LogError> {
    if back(row.get(0)?) != offset {
        return Err(missing(offset));
    }
    let epoch = Epoch { ordinal: back(row.get(1)?), id: back(row.get(2)?) };
    let payload: Vec<u8> = row.get(6)?;
    Ok(Entry {
        position: Position { epoch, offset },
        distance: 1,
        time: back(row.get(3)?),
        alias: back(row.get(4)?),
        number: back(row.get(5)?),
        payload: Body::from(payload),
    })
}

fn missing(offset: u64) -> LogError {
    LogError::Corrupt(format!("the entry at offset {offset} or its epoch is missing").into())
}
