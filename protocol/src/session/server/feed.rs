//! The feed of one subscription: from where it reads, and how much may go.

use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

use crate::Time;
use crate::session::message::{FRAME_COST, memory};
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
    ready_bytes: u64,
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
            ready_bytes: 0,
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

    /// About how much memory it takes.
    pub(super) fn memory(&self) -> u64 {
        let slots = size_of::<Self>() + self.channel.len() + self.ready.capacity() * size_of::<FeedEntry>();
        slots as u64 + memory(self.ready.len(), self.ready_bytes + self.ready.len() as u64 * FRAME_COST)
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
            self.ready_bytes += entry.payload.len() as u64;
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
        self.ready_bytes -= entry.payload.len() as u64;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::GapReason;

    const NOW: Time = Time::from_millis(0);
    const EPOCH: Epoch = Epoch { ordinal: 1, id: 7 };

    fn at(offset: u64) -> Position {
        Position { epoch: EPOCH, offset }
    }

    fn entry(offset: u64, len: usize) -> FeedEntry {
        let payload = alloc::vec![0; len].into();
        FeedEntry { position: at(offset), distance: 1, time: 0, alias: 1, number: 0, payload }
    }

    fn feed(credit: u64) -> Feed {
        let mut feed = Feed::new("room".into(), credit);
        feed.start(at(0));
        feed
    }

    #[test]
    fn a_tail_that_is_told_while_it_reads_is_not_forgotten_though_nothing_was_there() {
        let mut feed = feed(1_000);
        feed.tail(NOW, 1);
        assert_eq!(feed.wants_read(), Some((at(0), 1_000)));
        feed.tail(NOW, 2);
        assert_eq!(feed.wants_read(), None, "it reads already");
        feed.read(NOW, []);
        assert_eq!(feed.wants_read(), Some((at(0), 1_000)));
        feed.read(NOW, []);
        assert_eq!(feed.wants_read(), None, "there is nothing");
    }

    #[test]
    fn it_reads_no_more_than_may_go_and_an_entry_goes_while_any_credit_is_left() {
        let mut feed = feed(100);
        assert_eq!(feed.wants_read(), None);
        feed.tail(NOW, 3);
        assert_eq!(feed.wants_read(), Some((at(0), 100)));
        feed.read(NOW, [entry(1, 10), entry(2, 500)]);
        assert!(feed.next_frame(NOW, 0).is_some() && feed.next_frame(NOW, 0).is_some());
        assert_eq!((feed.wants_read(), feed.starved_until(Duration::ZERO)), (None, Some(NOW)));
        feed.give(NOW, 574);
        assert_eq!(feed.starved_until(Duration::ZERO), Some(NOW), "that is what has gone");
        feed.give(NOW, 1 << 30);
        assert_eq!(feed.starved_until(Duration::ZERO), None);
        feed.give(NOW, 0);
        assert_eq!(feed.wants_read(), Some((at(2), 64 << 10)));
    }

    #[test]
    fn a_gap_goes_before_what_follows_it_and_without_credit() {
        let mut feed = feed(0);
        feed.tail(NOW, 9);
        let missing = Missing { from: 1, to: 8, reason: GapReason::Trimmed };
        feed.jump(at(8), missing);
        assert_eq!(feed.wants_read(), None);
        assert_eq!(feed.next_frame(NOW, 4), Some(Frame::Gap { subscription: 4, at: at(8), missing }));
        assert_eq!(feed.next_frame(NOW, 4), None);
        feed.give(NOW, 100);
        assert_eq!(feed.wants_read(), Some((at(8), 100)));
    }

    #[test]
    fn an_epoch_is_told_when_it_changes() {
        let mut feed = feed(1_000);
        let other = Epoch { ordinal: 2, id: 8 };
        let mut third = entry(3, 1);
        third.position.epoch = other;
        feed.read(NOW, [entry(1, 1), entry(2, 1), third]);
        let epochs = core::iter::from_fn(|| feed.next_frame(NOW, 0)).map(|frame| match frame {
            Frame::Event(event) => event.epoch,
            other => panic!("{other:?} is no entry"),
        });
        assert_eq!(epochs.collect::<alloc::vec::Vec<_>>(), [None, None, Some(other)]);
    }
}
