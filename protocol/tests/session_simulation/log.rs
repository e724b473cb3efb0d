//! The log as a model: what every backend must answer, as simple as it can be said.

use std::collections::{BTreeMap, BTreeSet};

use rejoin_protocol::session::{FeedEntry, FeedStart};
use rejoin_protocol::wire::{
    Answer, Body, Denial, Epoch, GapReason, Missing, Position, Publish, SessionId, Since,
};

use crate::content::name_of;

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) epoch: Epoch,
    pub(crate) distance: u64,
    pub(crate) publisher: SessionId,
    pub(crate) number: u64,
    pub(crate) payload: Body,
}

#[derive(Clone, Default)]
pub(crate) struct Channel {
    pub(crate) entries: BTreeMap<u64, Entry>,
    /// The last entry that was trimmed, and the last of all.
    watermark: Position,
    pub(crate) tail: Position,
    /// Each epoch and the offset of its last entry, or of the one before it.
    epochs: Vec<(Epoch, u64)>,
}

#[derive(Clone, Default)]
struct Row {
    next: u64,
    settled: u64,
    outcomes: BTreeMap<u64, (u64, Result<Position, Denial>)>,
}

/// What a log holds; a copy is a backup.
#[derive(Clone, Default)]
pub(crate) struct Log {
    pub(crate) channels: BTreeMap<String, Channel>,
    rows: BTreeMap<(SessionId, String), Row>,
    touched: BTreeMap<SessionId, u64>,
}

/// What was ever appended, in this log or in one that a backup has replaced.
#[derive(Default)]
pub(crate) struct History {
    pub(crate) entries: BTreeMap<(String, Epoch, u64), (u64, Position)>,
    pub(crate) appended: BTreeSet<u64>,
    pub(crate) conflicts: u64,
}

/// An instance's hold on a channel: its epoch, the bits for a new one, and how far the next entry lies.
pub(crate) struct Writer<'a> {
    pub(crate) epoch: &'a mut Option<Epoch>,
    pub(crate) fresh: u64,
    pub(crate) stride: u64,
}

/// What a store decides over a publication whose number is new.
pub(crate) enum Policy {
    Take,
    Refuse,
    Later(u64),
}

impl Log {
    pub(crate) fn touch(&mut self, publisher: SessionId, now: u64) {
        self.touched.insert(publisher, now);
    }

    pub(crate) fn knows(&self, publisher: SessionId) -> bool {
        self.touched.contains_key(&publisher) && self.rows.keys().any(|(of, _)| *of == publisher)
    }

    /// A publisher's rows go together.
    pub(crate) fn expire(&mut self, now: u64, life: u64, connected: &[SessionId]) {
        for publisher in connected {
            self.touch(*publisher, now);
        }
        self.touched.retain(|_, touched| *touched + life > now);
        self.rows.retain(|(publisher, _), _| self.touched.contains_key(publisher));
    }

    /// The row is asked first; the policy, only about a number that is new.
    pub(crate) fn append(
        &mut self,
        history: &mut History,
        publisher: SessionId,
        publish: &Publish,
        mut writer: Writer<'_>,
        policy: &Policy,
    ) -> Answer {
        let key = (publisher, publish.channel.clone());
        let row = self.rows.entry(key.clone()).or_default();
        row.settled = row.settled.max(publish.settled.min(row.next));
        let settled = row.settled;
        if publish.number < settled {
            history.conflicts += 1;
            return Answer::Conflict;
        }
        row.outcomes.retain(|number, _| *number >= settled);
        if let Some((id, outcome)) = row.outcomes.get(&publish.number) {
            if *id != publish.id {
                history.conflicts += 1;
                return Answer::Conflict;
            }
            return match outcome {
                Ok(at) => Answer::Already(*at),
                Err(denial) => Answer::Refused(denial.clone()),
            };
        }
        if publish.number > row.next {
            return Answer::Expected(row.next);
        }
        let outcome = match policy {
            Policy::Later(millis) => return Answer::RetryAfter(*millis),
            Policy::Refuse => Err(Denial { code: 4403, reason: "not here".into() }),
            Policy::Take => Ok(self.write(history, &key, publish, &mut writer)),
        };
        let row = self.rows.entry(key).or_default();
        row.next += 1;
        row.outcomes.insert(publish.number, (publish.id, outcome.clone()));
        match outcome {
            Ok(at) => Answer::Appended(at),
            Err(denial) => Answer::Refused(denial),
        }
    }

    fn write(
        &mut self,
        history: &mut History,
        key: &(SessionId, String),
        publish: &Publish,
        writer: &mut Writer<'_>,
    ) -> Position {
        let channel = self.channels.entry(key.1.clone()).or_default();
        let known = writer.epoch.is_some_and(|epoch| channel.epochs.iter().any(|(row, _)| *row == epoch));
        if !known {
            let ordinal =
                channel.epochs.last().map_or(0, |(epoch, _)| epoch.ordinal).max(channel.tail.epoch.ordinal);
            let epoch = Epoch { ordinal: ordinal + 1, id: writer.fresh };
            *writer.epoch = Some(epoch);
            channel.epochs.push((epoch, channel.tail.offset));
        }
        let before = channel.tail;
        let (epoch, end) = channel.epochs.last_mut().unwrap();
        let at = Position { epoch: *epoch, offset: before.offset + writer.stride };
        *end = at.offset;
        channel.tail = at;
        let uid = name_of(&publish.payload);
        for entry in channel.entries.values() {
            assert_ne!((entry.publisher, entry.number), (key.0, publish.number), "a key is in the log twice");
            assert_ne!(name_of(&entry.payload), uid, "a publication is in the log twice");
        }
        let old = history.entries.insert((key.1.clone(), at.epoch, at.offset), (uid, before));
        assert!(old.is_none(), "a position names two entries");
        history.appended.insert(uid);
        channel.entries.insert(
            at.offset,
            Entry {
                epoch: at.epoch,
                distance: writer.stride,
                publisher: key.0,
                number: publish.number,
                payload: publish.payload.clone(),
            },
        );
        at
    }

    /// Drops the oldest entries, and the epochs that end with them.
    pub(crate) fn trim(&mut self, name: &str, count: usize) {
        let Some(channel) = self.channels.get_mut(name) else { return };
        for _ in 0..count {
            let Some((offset, entry)) = channel.entries.pop_first() else { break };
            channel.watermark = Position { epoch: entry.epoch, offset };
        }
        let watermark = channel.watermark.offset;
        let newest = channel.epochs.last().map(|(epoch, _)| *epoch);
        channel.epochs.retain(|(epoch, end)| *end > watermark || Some(*epoch) == newest);
    }

    /// The random id of a publication that is in the log.
    pub(crate) fn id_of(&self, publisher: SessionId, channel: &str, number: u64) -> u64 {
        self.rows[&(publisher, channel.to_string())].outcomes[&number].0
    }

    pub(crate) fn tail(&self, name: &str) -> Position {
        self.channels.get(name).map_or_else(Position::default, |channel| channel.tail)
    }

    /// Where a subscriber starts.
    pub(crate) fn start(&self, name: &str, since: Since) -> FeedStart {
        let empty = Channel::default();
        let channel = self.channels.get(name).unwrap_or(&empty);
        let started = |at| FeedStart { at, recovered: true, missing: None };
        match since {
            Since::Now => started(channel.tail),
            Since::All => started(channel.watermark),
            Since::Last(count) => {
                let skip = channel.entries.len().saturating_sub(usize::try_from(count).unwrap());
                let before = channel.entries.iter().take(skip).next_back();
                let at = before.map(|(offset, entry)| Position { epoch: entry.epoch, offset: *offset });
                started(at.unwrap_or(channel.watermark))
            }
            Since::Position(position) => match channel.resolve(position) {
                None => started(position),
                Some((at, missing)) => FeedStart { at, recovered: false, missing: Some(missing) },
            },
        }
    }

    /// What comes behind a position, or what is missing there.
    pub(crate) fn read(
        &self,
        name: &str,
        behind: Position,
        max_bytes: usize,
    ) -> Result<Vec<FeedEntry>, (Position, Missing)> {
        let Some(channel) = self.channels.get(name) else { return Ok(Vec::new()) };
        if let Some(gap) = channel.resolve(behind) {
            return Err(gap);
        }
        let (mut read, mut bytes) = (Vec::new(), 0);
        for (offset, entry) in channel.entries.range(behind.offset + 1..) {
            bytes += entry.payload.len() + 32;
            if bytes > max_bytes && !read.is_empty() {
                break;
            }
            read.push(FeedEntry {
                position: Position { epoch: entry.epoch, offset: *offset },
                distance: entry.distance,
                time: 0,
                alias: entry.publisher.born,
                number: entry.number,
                payload: entry.payload.clone(),
            });
        }
        Ok(read)
    }
}

impl Channel {
    /// What is missing behind a position, and where the feed goes on; nothing if the log can go on from there.
    fn resolve(&self, position: Position) -> Option<(Position, Missing)> {
        let missing = |at: Position, reason| {
            let (from, to) = if at.offset >= position.offset {
                (position.offset + 1, at.offset)
            } else {
                (at.offset + 1, position.offset)
            };
            Some((at, Missing { from, to, reason }))
        };
        if position == self.watermark || position == self.tail {
            return None;
        }
        if position == Position::default() {
            return missing(self.watermark, GapReason::Trimmed);
        }
        let Some((epoch, end)) = self.epochs.iter().find(|(epoch, _)| *epoch == position.epoch) else {
            let oldest = self.epochs.first().map_or(0, |(epoch, _)| epoch.ordinal);
            return if position.epoch.ordinal < oldest {
                missing(self.watermark, GapReason::Trimmed)
            } else {
                missing(self.tail, GapReason::UnknownEpoch)
            };
        };
        if position.offset > *end {
            let at = Position { epoch: *epoch, offset: *end };
            let at = if *end < self.watermark.offset { self.watermark } else { at };
            return missing(at, GapReason::Truncated);
        }
        if position.offset < self.watermark.offset {
            return missing(self.watermark, GapReason::Trimmed);
        }
        None
    }
}
