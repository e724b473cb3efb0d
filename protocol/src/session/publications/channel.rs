//! One channel's publications that have no answer, and where it stands.

use alloc::collections::VecDeque;
use alloc::string::String;

use crate::Time;
use crate::session::message::FRAME_COST;
use crate::wire::Body;

/// The most publications of a channel that may lie beyond the first one without an answer: as many outcomes as a server
/// remembers.
const UNSETTLED: u64 = 1_024;

/// Names a publication within its session object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Publication(pub(crate) u64);

#[derive(Debug)]
pub(super) struct Pending {
    pub(super) publication: Publication,
    pub(super) id: u64,
    pub(super) payload: Body,
    /// It may be transmitted: where publications outlive a reload, once it is stored.
    pub(super) stored: bool,
    pub(super) transmitted: bool,
}

impl Pending {
    pub(super) fn cost(&self) -> u64 {
        self.payload.len() as u64 + FRAME_COST
    }
}

#[derive(Debug)]
pub(super) struct Channel {
    pub(super) name: String,
    /// Where its next number is kept.
    pub(super) numbered: usize,
    /// The number of the first one without an answer; `pending` begins there.
    pub(super) answered: u64,
    /// What the server may forget: as `answered`, or behind it while removals are being stored.
    pub(super) settled: u64,
    pub(super) pending: VecDeque<Pending>,
    /// The next number to go out on this connection.
    pub(super) cursor: u64,
    /// The numbers of the PUBs of this connection that were not answered, in order.
    pub(super) asked: VecDeque<u64>,
    /// How many of them were sent before going back: what holds them back is known.
    pub(super) stale: usize,
    /// Nothing goes before.
    pub(super) wait: Option<Time>,
}

impl Channel {
    pub(super) fn next(&self) -> u64 {
        self.answered + self.pending.len() as u64
    }

    pub(super) fn can_transmit(&self, now: Time) -> bool {
        self.wait.is_none_or(|wait| wait <= now) && self.cursor < self.settled + UNSETTLED && {
            let index = usize::try_from(self.cursor - self.answered).unwrap_or(usize::MAX);
            self.pending.get(index).is_some_and(|pending| pending.stored)
        }
    }

    /// Whether nothing is left to do, so that its next number is all that is to be kept.
    pub(super) fn is_finished(&self) -> bool {
        self.pending.is_empty() && self.asked.is_empty() && self.settled == self.answered
    }

    pub(super) fn go_back(&mut self) {
        self.cursor = self.answered;
        self.stale = self.asked.len();
    }
}
