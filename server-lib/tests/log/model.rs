//! A plain model of a log: everything that ever happened, in lists.

use std::collections::BTreeMap;

use rejoin_protocol::wire::{Answer, Body, Epoch, Position};
use rejoin_server::log::{Append, Verdict};

use crate::history::or_default;

#[derive(Debug, Clone, Default)]
pub(crate) struct Model {
    pub(crate) channels: BTreeMap<&'static str, Channel>,
    publishers: BTreeMap<(String, u8), Row>,
}

/// All outcomes of one publisher in one channel, the settled ones too.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    outcomes: Vec<(u64, Answer)>,
    settled: u64,
}

impl Row {
    pub(crate) fn next(&self) -> u64 {
        self.outcomes.len() as u64
    }

    pub(crate) fn id(&self, number: u64) -> Option<u64> {
        self.outcomes.get(number as usize).map(|(id, _)| *id)
    }
}

/// All entries of a channel, the trimmed ones too, and the epochs that are kept, by their first offsets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Channel {
    entries: Vec<(Position, Body)>,
    epochs: Vec<(Epoch, u64)>,
    /// Which writers have opened an epoch since they started, and which it was.
    opened: BTreeMap<u64, Epoch>,
    pub(crate) trimmed: u64,
}

impl Model {
    pub(crate) fn row(&self, channel: &str, who: u8) -> Row {
        or_default(&self.publishers, &(channel.to_owned(), who))
    }

    pub(crate) fn restart(&mut self) {
        self.channels.values_mut().for_each(|channel| channel.opened.clear());
    }

    /// The answer that is due. Where an entry was appended, `told` says what its epoch is called, if it is a new one.
    pub(crate) fn append(&mut self, writer: u64, append: &Append, told: &Answer) -> Answer {
        let channel = if append.channel == "room" { "room" } else { "hall" };
        let key = (append.channel.clone(), append.publisher.random[0]);
        let row = self.publishers.entry(key).or_default();
        if append.number > row.next() {
            return Answer::Expected(row.next());
        }
        if append.number < row.settled || append.settled > append.number {
            return Answer::Conflict;
        }
        let answer = match row.outcomes.get(append.number as usize) {
            Some((id, _)) if *id != append.id => return Answer::Conflict,
            Some((_, Answer::Appended(position))) => Answer::Already(*position),
            Some((_, answer)) => answer.clone(),
            None => {
                let answer = match &append.verdict {
                    Verdict::Later(_) => return Answer::RetryAfter(5),
                    Verdict::Refuse(denial) => Answer::Refused(denial.clone()),
                    _ => {
                        let channel = self.channels.entry(channel).or_default();
                        Answer::Appended(channel.append(writer, append, told))
                    }
                };
                row.outcomes.push((append.id, answer.clone()));
                answer
            }
        };
        row.settled = row.settled.max(append.settled);
        answer
    }
}

impl Channel {
    fn append(&mut self, writer: u64, append: &Append, told: &Answer) -> Position {
        let offset = self.entries.len() as u64 + 1;
        let own = self.opened.get(&writer);
        if !own.is_some_and(|own| self.epochs.iter().any(|(epoch, _)| epoch == own)) {
            let Answer::Appended(told) = told else { panic!("an entry was due, but {told:?}") };
            let ordinal = self.tail().epoch.ordinal + 1;
            assert_eq!(told.epoch.ordinal, ordinal, "a new epoch was due");
            self.epochs.push((told.epoch, offset));
            self.opened.insert(writer, told.epoch);
        }
        let position = Position { epoch: self.epochs.last().unwrap().0, offset };
        self.entries.push((position, append.payload.clone()));
        position
    }

    pub(crate) fn tail(&self) -> Position {
        self.entries.last().map(|(position, _)| *position).unwrap_or_default()
    }

    pub(crate) fn trim(&mut self, kept: u64) {
        self.trimmed = self.trimmed.max((self.entries.len() as u64).saturating_sub(kept));
        let watermark = self.watermark();
        self.epochs.retain(|(epoch, _)| epoch.ordinal >= watermark.epoch.ordinal);
    }

    fn watermark(&self) -> Position {
        match self.trimmed {
            0 => Position::default(),
            trimmed => self.entries[trimmed as usize - 1].0,
        }
    }

    pub(crate) fn behind(&self, offset: u64) -> Vec<(Position, Body)> {
        self.entries[offset.max(self.trimmed) as usize..].to_vec()
    }

    /// Where a feed goes on: section 7 of the protocol, read aloud.
    pub(crate) fn start(&self, asked: Position) -> Position {
        let oldest = self.epochs.first().map_or(0, |(epoch, _)| epoch.ordinal);
        let last = self.entries.iter().rev().find(|(position, _)| position.epoch == asked.epoch);
        let known = self.epochs.iter().any(|(epoch, _)| *epoch == asked.epoch);
        match last.filter(|_| known) {
            Some((end, _)) if asked.offset > end.offset => *end,
            Some(_) if asked.offset < self.trimmed => self.watermark(),
            Some(_) => asked,
            None if asked == Position::default() => self.watermark(),
            None if asked.epoch.ordinal < oldest => self.watermark(),
            None => self.tail(),
        }
    }
}
