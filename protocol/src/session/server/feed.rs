//! The feed of one subscription: from where it reads, and how much may go.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

use crate::Time;
use crate::session::message::FRAME_COST;
use crate::wire::{Alias, Body, Epoch, Event, Frame, Missing, Position};

/// The most bytes that are read at once for one feed.
const READ: u64 = 64 << 10;

/// An entry of a channel, as a log gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedEntry {
    /// Its epoch and offset.
    pub position: Position,
    /// How far behind the entry before it.
    pub distance: u64,
    /// Milliseconds since the Unix epoch.
    pub time: u64,
    /// Who published it.
    pub alias: Alias,
    /// The publisher's number of it.
    pub number: u64,
    /// The bytes.
    pub payload: Body,
}

/// Where a feed starts, as a log says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedStart {
    /// Behind this position.
    pub at: Position,
    /// Whether that is where it was asked to.
    pub recovered: bool,
    /// What is missing, if something is.
    pub missing: Option<Missing>,
}

#[derive(Debug)]
pub(super) struct Feed {
    pub(super) channel: String,
    /// Whether SUBACK has been queued, behind which entries may go.
    pub(super) started: bool,
    /// Behind the last entry that was read.
    position: Position,
    /// Behind the last entry that went out; its epoch is the one that the client knows.
    told: Epoch,
    tail: u64,
    sent: u64,
    credit: u64,
    reading: bool,
    /// The tail that is known of since the reading began.
    newer: Option<u64>,
    ready: VecDeque<FeedEntry>,
    gap: Option<(Position, Missing)>,
    /// Since when there were entries and no credit.
    starved: Option<Time>,
}

impl Feed {
    pub(super) fn new(channel: String, credit: u64) -> Self {
        Self {
            channel,
            started: false,
            position: Position::default(),
            told: Epoch::default(),
            tail: 0,
            sent: 0,
            credit,
            reading: false,
            newer: None,
            ready: VecDeque::new(),
            gap: None,
            starved: None,
        }
    }

    pub(super) fn start(&mut self, at: Position) {
        self.started = true;
        self.position = at;
        self.told = at.epoch;
        self.tail = self.tail.max(at.offset);
    }

    pub(super) fn tail(&mut self, now: Time, offset: u64) {
        // A log that went back has a tail before this position: then reading tells the gap.
        self.tail = offset;
        if self.reading {
            self.newer = Some(offset);
        }
        self.mind(now);
    }

    pub(super) fn give(&mut self, now: Time, credit: u64) {
        self.credit = self.credit.max(credit);
        self.mind(now);
    }

    fn has_credit(&self) -> bool {
        self.sent < self.credit
    }

    fn is_behind(&self) -> bool {
        !self.ready.is_empty() || self.gap.is_some() || self.tail != self.position.offset
    }

    /// Notes since when the reader lets entries wait.
    fn mind(&mut self, now: Time) {
        if self.has_credit() || !self.is_behind() || !self.started {
            self.starved = None;
        } else if self.starved.is_none() {
            self.starved = Some(now);
        }
    }

    pub(super) fn starved_until(&self, patience: Duration) -> Option<Time> {
        self.starved.map(|since| since + patience)
    }

    /// From where to read on, and how many bytes, if it is time to.
    pub(super) fn wants_read(&mut self) -> Option<(Position, usize)> {
        let due = self.started
            && !self.reading
            && self.ready.is_empty()
            && self.gap.is_none()
            && self.tail != self.position.offset
            && self.has_credit();
        if !due {
            return None;
        }
        self.reading = true;
        self.newer = None;
        let bytes = (self.credit - self.sent).min(READ);
        Some((self.position, usize::try_from(bytes).unwrap_or(usize::MAX)))
    }

    pub(super) fn read(&mut self, now: Time, entries: impl IntoIterator<Item = FeedEntry>) {
        self.reading = false;
        let before = self.position;
        for entry in entries {
            self.position = entry.position;
            self.ready.push_back(entry);
        }
        if self.position == before {
            // Nothing was there: the tail was that of another moment, unless it has been told meanwhile.
            self.tail = self.newer.unwrap_or(self.position.offset);
        }
        self.tail = self.tail.max(self.position.offset);
        self.mind(now);
    }

    pub(super) fn jump(&mut self, at: Position, missing: Missing) {
        self.reading = false;
        self.position = at;
        self.gap = Some((at, missing));
    }

    /// The next frame of this feed, if one may go. An entry goes while any credit is left, or one that is larger than the
    /// rest would wait for ever.
    pub(super) fn next_frame(&mut self, now: Time, subscription: u64) -> Option<Frame> {
        if let Some((at, missing)) = self.gap.take() {
            self.told = at.epoch;
            return Some(Frame::Gap { subscription, at, missing });
        }
        if !self.has_credit() {
            self.mind(now);
            return None;
        }
        let entry = self.ready.pop_front()?;
        self.sent += entry.payload.len() as u64 + FRAME_COST;
        let epoch = (entry.position.epoch != self.told).then_some(entry.position.epoch);
        self.told = entry.position.epoch;
        self.mind(now);
        Some(Frame::Event(Event {
            subscription,
            offset: entry.position.offset,
            distance: entry.distance,
            epoch,
            time: entry.time,
            publisher: entry.alias,
            number: entry.number,
            payload: entry.payload,
        }))
    }
}
