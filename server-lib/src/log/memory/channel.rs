//! One channel in memory: its entries and its epochs.

use std::collections::VecDeque;

use rejoin_protocol::wire::{Epoch, Position, Since};

use crate::log::places::{Known, ORIGIN, random};
use crate::log::retention::{Held, Retention};
use crate::log::{Append, Entry, LogError, MAX_PIECE, Start};

/// One start of a writer.
#[derive(Debug, Clone, Copy)]
struct Opened {
    epoch: Epoch,
    first: u64,
    writer: u64,
}

/// Offsets are dense from 1; `watermark` is the last one that was trimmed.
#[derive(Debug, Clone, Default)]
pub(super) struct Channel {
    entries: VecDeque<Entry>,
    epochs: Vec<Opened>,
    tail: u64,
    watermark: Position,
    time: u64,
    held: Held,
}

impl Channel {
    pub(super) fn tail(&self) -> Position {
        match self.epochs.last() {
            Some(newest) => Position { epoch: newest.epoch, offset: self.tail },
            None => ORIGIN,
        }
    }

    /// Whether it has entries.
    pub(super) fn holds(&self) -> bool {
        !self.entries.is_empty()
    }

    /// The entry gets the next offset, in the newest epoch; a writer without an epoch here opens one.
    pub(super) fn append(&mut self, writer: u64, append: Append, now: u64) -> Result<Position, LogError> {
        let offset = self.tail + 1;
        if !self.epochs.iter().any(|opened| opened.writer == writer) {
            let ordinal = self.epochs.last().map_or(1, |newest| newest.epoch.ordinal + 1);
            let epoch = Epoch { ordinal, id: random()? };
            self.epochs.push(Opened { epoch, first: offset, writer });
        }
        self.tail = offset;
        self.time = self.time.max(now);
        let position = self.tail();
        self.held.add(Held::weight(append.payload.len()));
        self.entries.push_back(Entry {
            position,
            distance: 1,
            time: self.time,
            alias: append.alias,
            number: append.number,
            payload: append.payload,
        });
        Ok(position)
    }

    pub(super) fn locate(&self, since: Since) -> Start {
        let from = |offset: u64| Start { at: self.position(offset), recovered: false, missing: None };
        match since {
            Since::Now => from(self.tail),
            Since::All => from(self.watermark.offset),
            Since::Last(count) => from(self.tail.saturating_sub(count).max(self.watermark.offset)),
            Since::Position(asked) => self.known(asked.epoch).start(asked),
        }
    }

    pub(super) fn entries(&self, behind: u64, max_bytes: usize) -> Vec<Entry> {
        let skipped = usize::try_from(behind.saturating_sub(self.watermark.offset)).unwrap_or(usize::MAX);
        let mut room = Some(max_bytes);
        let fitting =
            self.entries.iter().skip(skipped).take(MAX_PIECE).enumerate().take_while(|(n, entry)| {
                room = room.and_then(|room| room.checked_sub(entry.payload.len()));
                *n == 0 || room.is_some()
            });
        fitting.map(|(_, entry)| entry.clone()).collect()
    }

    pub(super) fn entries_before(&self, before: u64, count: usize, max_bytes: usize) -> Vec<Entry> {
        let below = usize::try_from(before.saturating_sub(self.watermark.offset + 1)).unwrap_or(usize::MAX);
        let mut room = max_bytes;
        let newest_first = self.entries.iter().take(below).rev().take(count).take_while(|entry| {
            let fits = room.checked_sub(entry.payload.len());
            room = fits.unwrap_or(0);
            fits.is_some()
        });
        let mut entries: Vec<Entry> = newest_first.cloned().collect();
        entries.reverse();
        entries
    }

    /// Lets the oldest entry go if retention says so; its weight.
    pub(super) fn trim_one(&mut self, retention: &Retention, now: u64) -> Option<u64> {
        let oldest = self.entries.front()?;
        if !retention.drops(self.held, oldest.time, now) {
            return None;
        }
        let weight = Held::weight(oldest.payload.len());
        self.watermark = oldest.position;
        self.entries.pop_front();
        self.held.remove(weight);
        // An epoch stays while its end is not trimmed, and that of the watermark too: a position there can be judged.
        let gone = self.epochs.iter().take_while(|opened| opened.epoch < self.watermark.epoch).count();
        self.epochs.drain(..gone);
        Some(weight)
    }

    fn position(&self, offset: u64) -> Position {
        let index = self.epochs.partition_point(|opened| opened.first <= offset);
        match index.checked_sub(1).and_then(|index| self.epochs.get(index)) {
            Some(opened) => Position { epoch: opened.epoch, offset },
            None => ORIGIN,
        }
    }

    fn known(&self, epoch: Epoch) -> Known {
        let index = self.epochs.iter().position(|opened| opened.epoch == epoch);
        let span = index.map(|index| {
            let end = self.epochs.get(index + 1).map_or(self.tail, |next| next.first - 1);
            (self.epochs[index].first, end)
        });
        Known {
            tail: self.tail(),
            watermark: self.watermark,
            oldest: self.epochs.first().map(|oldest| oldest.epoch.ordinal),
            span,
        }
    }
}
