//! One subscription: what it tells its reader, and where it stands.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;

use super::super::message::FRAME_COST;
use super::members::Roll;
use crate::wire::{Alias, Body, Denial, Missing, Position, Since};

/// The server's code for a subscription that it ended because its reader took nothing: it is resumed by itself.
pub(crate) const SLOW: u16 = 1013;

/// The client's code for a subscription that nobody wants any more.
pub(super) const DONE: u16 = 1000;

/// Names a subscription within its session object, over all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SubscriptionId(pub(crate) u64);

/// What a subscriber is told, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChannelEvent {
    /// The feed has begun behind this position; on each new connection it goes on without a word.
    Started(Position),
    /// An entry.
    Entry {
        /// Where it is.
        position: Position,
        /// Milliseconds since the Unix epoch, by the clock of the log's writer.
        time: u64,
        /// Who published it.
        publisher: Alias,
        /// The publisher's number of it.
        number: u64,
        /// The bytes.
        payload: Body,
    },
    /// Entries are missing; the feed goes on behind `at`.
    Gap {
        /// Where.
        at: Position,
        /// Which, and why.
        missing: Missing,
    },
    /// Others follow or follow no longer: [`ClientSession::members`](crate::session::ClientSession::members) has them.
    Members,
    /// The server does not list the subscriber with what it asked to be listed with, and the feed goes on. As the
    /// subscriber was listed before on this connection, it still is. Of several that wait, the newest is told.
    NotListed(Denial),
    /// A message that may have been lost.
    Volatile {
        /// Who sent it.
        sender: Alias,
        /// The bytes.
        payload: Body,
    },
    /// The server ended the subscription, or the session has ended.
    Ended(Denial),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// SUB is to be sent.
    Wanted,
    /// SUB was sent.
    Asked,
    /// SUBACK came.
    Started,
    /// The server ended it for its slowness; it begins again when there is room.
    Resting,
    /// Nothing more comes.
    Ended,
}

#[derive(Debug)]
pub(super) struct Subscription {
    pub(super) id: SubscriptionId,
    pub(super) channel: String,
    pub(super) since: Since,
    pub(super) presence: Option<Body>,
    pub(super) stage: Stage,
    /// Behind the last entry that came.
    pub(super) position: Option<Position>,
    /// Its number on this connection.
    pub(super) number: u64,
    /// The bytes that came on this connection, and how many the server was told that may.
    pub(super) arrived: u64,
    pub(super) told: u64,
    pub(super) queue: VecDeque<ChannelEvent>,
    pub(super) queued: u64,
    pub(super) volatile: usize,
    /// Who is there, if it is listed itself.
    pub(super) members: Option<Box<dyn Roll>>,
    pub(super) members_told: bool,
    /// What it is listed with has changed.
    pub(super) relist: bool,
}

impl Subscription {
    pub(super) fn credit(&self, window: u64) -> u64 {
        (self.arrived + window.saturating_sub(self.queued)).max(self.told)
    }

    /// The credit, once it is worth a frame: by the quarter of the window. A feed that waits has the whole of it to be told
    /// when all has been taken.
    pub(super) fn more_credit(&self, window: u64) -> Option<u64> {
        let credit = self.credit(window);
        (credit - self.told >= (window / 4).max(1)).then_some(credit)
    }

    pub(super) fn push(&mut self, event: ChannelEvent) {
        self.queue.push_back(event);
    }

    /// Tells that the subscriber is not listed.
    pub(super) fn not_listed(&mut self, denial: Denial) {
        let waiting = self.queue.iter_mut().rev().find(|event| matches!(event, ChannelEvent::NotListed(_)));
        match waiting {
            Some(event) => *event = ChannelEvent::NotListed(denial),
            None => self.push(ChannelEvent::NotListed(denial)),
        }
    }

    /// Drops the oldest volatile messages until those that are left have no more than so many bytes.
    pub(super) fn drop_volatile(&mut self, most: usize) {
        if self.volatile <= most {
            return;
        }
        for _ in 0..self.queue.len() {
            match self.queue.pop_front() {
                Some(ChannelEvent::Volatile { payload, .. }) if self.volatile > most => {
                    self.volatile -= payload.len() + FRAME_COST as usize;
                }
                Some(event) => self.queue.push_back(event),
                None => break,
            }
        }
    }

    pub(super) fn ended(&mut self, denial: Denial) {
        self.stage = Stage::Ended;
        self.members = None;
        self.push(ChannelEvent::Ended(denial));
    }

    pub(super) fn since(&self) -> Since {
        self.position.map_or(self.since, Since::Position)
    }
}
