//! One publication within a transaction: first everything is read and decided, then everything is written.

use rejoin_protocol::wire::{Answer, Denial, Epoch, Position};
use rusqlite::{Connection, OptionalExtension, params};

use super::channel::{Channel, publisher_id};
use super::number::{back, bits, count};
use crate::log::places::random;
use crate::log::publisher::{Asked, Outcome, Recorded, Row, Step};
use crate::log::retention::Held;
use crate::log::{Append, LogError};

/// What is known of a publisher: the keys of its row and of its row in this channel.
#[derive(Debug, Clone, Copy, Default)]
struct Keys {
    publisher: Option<i64>,
    publication: Option<i64>,
}

/// What a publication leads to, decided but not written.
#[derive(Debug)]
pub(super) struct Plan {
    keys: Keys,
    step: Step,
    /// For an entry.
    place: Option<Place>,
}

/// Where an entry goes.
#[derive(Debug)]
struct Place {
    /// The channel's row, if there is one.
    channel: Option<Channel>,
    position: Position,
    /// Whether the position's epoch is opened by this entry.
    opens: bool,
    time: u64,
}

/// Reads what is known, and decides. Nothing is written, so that an error concerns this publication alone.
pub(super) fn plan(
    connection: &Connection,
    writer: i64,
    append: &Append,
    now: u64,
) -> Result<Plan, LogError> {
    let (keys, row) = row(connection, append)?;
    let recorded = match keys.publication {
        Some(key) if row.remembers(append.number) => recorded(connection, key, append.number)?,
        _ => None,
    };
    let asked =
        Asked { number: append.number, settled: append.settled, id: append.id, verdict: &append.verdict };
    let step = row.ask(asked, recorded.as_ref())?;
    let place = match step {
        Step::Append(_) => Some(place(connection, writer, &append.channel, now)?),
        _ => None,
    };
    Ok(Plan { keys, step, place })
}

impl Plan {
    /// Writes it; the answer, and the channel's new tail if there is an entry. After an error the transaction is void.
    pub(super) fn write(
        self,
        connection: &Connection,
        writer: i64,
        append: &Append,
        now: u64,
    ) -> Result<(Answer, Option<Position>), LogError> {
        let (row, outcome, answer, tail) = match (self.step, self.place) {
            (Step::Answer(answer), _) => return Ok((answer, None)),
            (Step::Again(row, answer), _) => (row, None, answer, None),
            (Step::Refuse(row, denial), _) => {
                (row, Some(Outcome::Refused(denial.clone())), Answer::Refused(denial), None)
            }
            (Step::Append(row), Some(place)) => {
                let at = place.position;
                place.write(connection, writer, append)?;
                (row, Some(Outcome::Appended(at)), Answer::Appended(at), Some(at))
            }
            (Step::Append(_), None) => return Err(LogError::Corrupt("an entry without a place".into())),
        };
        let key = write_row(connection, self.keys, append, row, now)?;
        if let Some(outcome) = outcome {
            write_outcome(connection, key, append, &outcome)?;
        }
        Ok((answer, tail))
    }
}

fn row(connection: &Connection, append: &Append) -> Result<(Keys, Row), LogError> {
    let mut known = connection.prepare_cached(
        "SELECT publisher.key, publication.key, next, settled FROM publisher LEFT JOIN publication
         ON publication.publisher = publisher.key AND publication.channel = ?2 WHERE publisher.id = ?1",
    )?;
    let id = publisher_id(append.publisher);
    let found = known.query_row(params![id, append.channel], |row| {
        let keys = Keys { publisher: row.get(0)?, publication: row.get(1)? };
        let numbers: (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
        let row = Row { next: numbers.0.map_or(0, back), settled: numbers.1.map_or(0, back) };
        Ok((keys, row))
    });
    Ok(found.optional()?.unwrap_or_default())
}

fn recorded(connection: &Connection, key: i64, number: u64) -> Result<Option<Recorded>, LogError> {
    let mut outcome = connection.prepare_cached(
        "SELECT id, ordinal, epoch, offset, code, reason FROM outcome WHERE publication = ?1 AND number = ?2",
    )?;
    let recorded = outcome.query_row([key, count(number)], |row| {
        let outcome = match row.get::<_, Option<i64>>(3)? {
            Some(offset) => {
                let epoch = Epoch { ordinal: back(row.get(1)?), id: back(row.get(2)?) };
                Outcome::Appended(Position { epoch, offset: back(offset) })
            }
            None => Outcome::Refused(Denial { code: row.get(4)?, reason: row.get(5)? }),
        };
        Ok(Recorded { id: back(row.get(0)?), outcome })
    });
    Ok(recorded.optional()?)
}

/// The next offset, in the newest epoch; a writer without an epoch in this channel opens one.
fn place(connection: &Connection, writer: i64, name: &str, now: u64) -> Result<Place, LogError> {
    let channel = Channel::find(connection, name)?;
    let newest = match &channel {
        Some(channel) => channel.newest(connection, writer)?,
        None => None,
    };
    let offset = channel.map_or(0, |channel| channel.tail) + 1;
    let time = channel.map_or(0, |channel| channel.time).max(now);
    let (epoch, opens) = match newest {
        Some((newest, true)) => (newest, false),
        Some((newest, false)) => (Epoch { ordinal: newest.ordinal + 1, id: random()? }, true),
        None => (Epoch { ordinal: 1, id: random()? }, true),
    };
    Ok(Place { channel, position: Position { epoch, offset }, opens, time })
}

impl Place {
    fn write(&self, connection: &Connection, writer: i64, append: &Append) -> Result<(), LogError> {
        let Position { epoch, offset } = self.position;
        let (offset, time) = (count(offset), count(self.time));
        let weight = count(Held::weight(append.payload.len()));
        let key = match self.channel {
            Some(channel) => {
                let mut channels = connection.prepare_cached(
                    "UPDATE channel SET tail = ?2, time = ?3, entries = entries + 1, bytes = bytes + ?4
                     WHERE key = ?1",
                )?;
                channels.execute([channel.key, offset, time, weight])?;
                channel.key
            }
            None => {
                let mut channels = connection.prepare_cached(
                    "INSERT INTO channel (name, tail, watermark, time, entries, bytes)
                     VALUES (?1, ?2, 0, ?3, 1, ?4)",
                )?;
                channels.insert(params![append.channel, offset, time, weight])?
            }
        };
        let ordinal = count(epoch.ordinal);
        if self.opens {
            let mut epochs = connection.prepare_cached(
                "INSERT INTO epoch (channel, ordinal, id, first, writer) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            epochs.execute([key, ordinal, bits(epoch.id), offset, writer])?;
        }
        let mut entries = connection.prepare_cached(
            "INSERT INTO entry (channel, offset, ordinal, time, alias, number, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        let (alias, number) = (bits(append.alias), count(append.number));
        entries.execute(params![key, offset, ordinal, time, alias, number, &append.payload[..]])?;
        Ok(())
    }
}

/// Writes the publisher's rows; the key of that in this channel. What is settled is forgotten.
fn write_row(
    connection: &Connection,
    keys: Keys,
    append: &Append,
    row: Row,
    now: u64,
) -> Result<i64, LogError> {
    let publisher = match keys.publisher {
        Some(key) => {
            let mut seen = connection.prepare_cached("UPDATE publisher SET seen = ?2 WHERE key = ?1")?;
            seen.execute([key, count(now)])?;
            key
        }
        None => {
            let mut publishers =
                connection.prepare_cached("INSERT INTO publisher (id, seen) VALUES (?1, ?2)")?;
            publishers.insert(params![publisher_id(append.publisher), count(now)])?
        }
    };
    let (next, settled) = (count(row.next), count(row.settled));
    let Some(key) = keys.publication else {
        let mut publications = connection.prepare_cached(
            "INSERT INTO publication (publisher, channel, next, settled) VALUES (?1, ?2, ?3, ?4)",
        )?;
        return Ok(publications.insert(params![publisher, append.channel, next, settled])?);
    };
    let mut publications =
        connection.prepare_cached("UPDATE publication SET next = ?2, settled = ?3 WHERE key = ?1")?;
    publications.execute([key, next, settled])?;
    let mut outcomes =
        connection.prepare_cached("DELETE FROM outcome WHERE publication = ?1 AND number < ?2")?;
    outcomes.execute([key, settled])?;
    Ok(key)
}

fn write_outcome(
    connection: &Connection,
    key: i64,
    append: &Append,
    outcome: &Outcome,
) -> Result<(), LogError> {
    let (position, denial) = match outcome {
        Outcome::Appended(position) => (Some(position), None),
        Outcome::Refused(denial) => (None, Some(denial)),
    };
    let mut outcomes = connection.prepare_cached(
        "INSERT INTO outcome (publication, number, id, ordinal, epoch, offset, code, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    outcomes.execute(params![
        key,
        count(append.number),
        bits(append.id),
        position.map(|position| count(position.epoch.ordinal)),
        position.map(|position| bits(position.epoch.id)),
        position.map(|position| count(position.offset)),
        denial.map(|denial| denial.code),
        denial.map(|denial| denial.reason.as_str()),
    ])?;
    Ok(())
}
