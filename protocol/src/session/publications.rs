//! The client's publications: numbered for each channel, sent until they are answered, and never counted twice.

mod channel;
mod opening;

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use channel::{Channel, Pending};

pub use channel::Publication;

use super::message::FRAME_COST;
use super::{SessionLimits, Violation};
use crate::wire::{Answer, Body, Denial, Position, Publish};
use crate::{Refusal, Refused, Time};

/// The longest time that a server can have a publication wait before it is asked again.
const LONGEST_WAIT: u64 = 600_000;

/// What became of a publication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settlement {
    /// It is in the log, once, behind the position of the entry before it.
    Durable(Position),
    /// The server will never take it.
    Refused(Denial),
    /// It was transmitted, and whether it is in the log can't be learned any more.
    Unknown,
    /// It was never transmitted: here it is.
    Unsent(Body),
}

/// A publication as it is stored for a reload of the page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its number in its channel.
    pub number: u64,
    /// Its random id.
    pub id: u64,
    /// The bytes.
    pub payload: Body,
}

/// What an answer means for the session.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Consequence {
    Nothing,
    Settled(Publication, Settlement),
    /// Two writers share this identity.
    Conflict,
    /// The log has lost what it had acknowledged: this identity's numbers are of no use.
    LogWentBack,
}

#[derive(Debug)]
struct Limits {
    count: usize,
    bytes: u64,
    channels: usize,
    numbered: usize,
}

/// What the server takes, as it said in its WELCOME.
#[derive(Debug)]
pub(crate) struct Agreed {
    /// The largest payload.
    pub(crate) payload: u64,
    /// Publications without an answer on one connection, and channels that have some.
    pub(crate) publications: u64,
    pub(crate) channels: u64,
}

#[derive(Debug)]
pub(crate) struct Publications {
    /// Those with publications that have no answer, or whose answers the store does not know yet.
    channels: Vec<Channel>,
    /// All channels in which this identity has published, with the number that comes next once all is answered.
    numbered: Vec<(String, u64)>,
    /// Whose turn it is.
    turn: usize,
    serial: u64,
    count: usize,
    cost: u64,
    limits: Limits,
    agreed: Agreed,
    /// Publications wait until they are stored, and so do removals.
    persistent: bool,
}

impl Publications {
    pub(crate) fn new(limits: &SessionLimits, persistent: bool) -> Self {
        Self {
            channels: Vec::new(),
            numbered: Vec::new(),
            turn: 0,
            serial: 0,
            count: 0,
            cost: 0,
            limits: Limits {
                count: limits.publications,
                bytes: limits.publication_bytes,
                channels: limits.channels,
                numbered: limits.numbered_channels.max(limits.channels),
            },
            agreed: Agreed { payload: u64::MAX, publications: u64::MAX, channels: u64::MAX },
            persistent,
        }
    }

    /// Learns what the server takes. Publications that wait and are too large for it go without their payload, for the
    /// server to refuse them under their numbers; of the others no more go than it takes without an answer.
    pub(crate) fn agree(&mut self, agreed: Agreed) {
        self.agreed = agreed;
    }

    /// How many have no answer, and their bytes.
    pub(crate) fn pending(&self) -> (usize, u64) {
        (self.count, self.cost)
    }

    /// How many channels have publications without an answer, or whose answers the store does not know yet.
    pub(crate) fn open_channels(&self) -> usize {
        self.channels.len()
    }

    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.count < self.limits.count && self.cost + len as u64 + FRAME_COST <= self.limits.bytes
    }

    fn channel(&mut self, name: &str) -> Option<&mut Channel> {
        self.channels.iter_mut().find(|channel| channel.name == name)
    }

    /// Takes a publication and gives it a number.
    pub(crate) fn publish(
        &mut self,
        name: &str,
        payload: Body,
        id: u64,
    ) -> Result<(Publication, u64), Refused<Body>> {
        let limit = self.agreed.payload.min(self.limits.bytes.saturating_sub(FRAME_COST));
        if payload.len() as u64 > limit {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            return Err(Refused { message: payload, reason: Refusal::TooLarge { limit } });
        }
        if !self.has_room(payload.len()) {
            return Err(Refused { message: payload, reason: Refusal::Full });
        }
        if self.channel(name).is_none()
            && let Err(reason) = self.take_up(name)
        {
            return Err(Refused { message: payload, reason });
        }
        let publication = Publication(self.serial);
        let pending = Pending { publication, id, payload, stored: !self.persistent, transmitted: false };
        let cost = pending.cost();
        let Some(channel) = self.channel(name) else {
            return Err(Refused { message: pending.payload, reason: Refusal::Closed });
        };
        let number = channel.next();
        channel.pending.push_back(pending);
        self.serial += 1;
        self.count += 1;
        self.cost += cost;
        Ok((publication, number))
    }

    /// Takes up what an earlier page had stored of a channel: what was answered up to a number, and what was not. All of
    /// it may have been transmitted.
    pub(crate) fn restore(&mut self, name: &str, answered: u64, stored: Vec<Stored>) -> Vec<Publication> {
        if self.channel(name).is_none() {
            self.open(name, answered, usize::MAX);
        }
        let mut restored = Vec::new();
        for Stored { number, id, payload } in stored {
            let publication = Publication(self.serial);
            let pending = Pending { publication, id, payload, stored: true, transmitted: true };
            let cost = pending.cost();
            let Some(channel) = self.channel(name) else { break };
            if number != channel.next() {
                continue;
            }
            channel.pending.push_back(pending);
            self.serial += 1;
            self.count += 1;
            self.cost += cost;
            restored.push(publication);
        }
        self.close_finished(name);
        restored
    }

    /// A publication has been stored, and may go.
    pub(crate) fn stored(&mut self, publication: Publication) {
        let all = self.channels.iter_mut().flat_map(|channel| &mut channel.pending);
        for pending in all {
            if pending.publication == publication {
                pending.stored = true;
            }
        }
    }

    /// All below `number` have been removed from the store: the server may forget them.
    pub(crate) fn forgotten(&mut self, name: &str, number: u64) {
        if let Some(channel) = self.channel(name) {
            channel.settled = channel.settled.max(number.min(channel.answered));
        }
        self.close_finished(name);
    }

    /// A new connection, over which all goes again that has no answer.
    pub(crate) fn connected(&mut self) {
        for channel in &mut self.channels {
            channel.asked.clear();
            channel.stale = 0;
            channel.wait = None;
            channel.cursor = channel.answered;
        }
    }

    pub(crate) fn wants_to_send(&self, now: Time) -> bool {
        self.next_channel(now).is_some()
    }

    /// Whose publication goes next, each in its turn. No more are without an answer than the server takes, nor in more
    /// channels: where one waits for that, the others send nothing more until one of them has all its answers.
    fn next_channel(&self, now: Time) -> Option<usize> {
        let (mut asking, mut asked) = (0, 0);
        for channel in self.channels.iter().filter(|channel| !channel.asked.is_empty()) {
            asking += 1;
            asked += channel.asked.len() as u64;
        }
        let waits = |channel: &Channel| channel.asked.is_empty() && channel.can_transmit(now);
        if asked >= self.agreed.publications
            || asking >= self.agreed.channels && self.channels.iter().any(waits)
        {
            return None;
        }
        let count = self.channels.len();
        let mut indices = (0..count).map(|step| (self.turn + step) % count);
        indices.find(|index| self.channels.get(*index).is_some_and(|channel| channel.can_transmit(now)))
    }

    /// When a channel that waits goes on.
    pub(crate) fn deadline(&self) -> Option<Time> {
        let mut deadline = None;
        for channel in self.channels.iter().filter(|channel| !channel.pending.is_empty()) {
            deadline = Time::earliest(&[deadline, channel.wait]);
        }
        deadline
    }

    /// The next publication to go out, each channel in its turn.
    pub(crate) fn next_frame(&mut self, now: Time) -> Option<Publish> {
        let index = self.next_channel(now)?;
        let channel = self.channels.get_mut(index)?;
        let at = usize::try_from(channel.cursor - channel.answered).ok()?;
        let pending = channel.pending.get_mut(at)?;
        pending.transmitted = true;
        let size = pending.payload.len() as u64;
        let withheld = (size > self.agreed.payload).then_some(size);
        let publish = Publish {
            channel: channel.name.clone(),
            number: channel.cursor,
            settled: channel.settled,
            id: pending.id,
            payload: if withheld.is_some() { Body::new() } else { pending.payload.clone() },
            withheld,
        };
        channel.wait = None;
        channel.asked.push_back(channel.cursor);
        channel.cursor += 1;
        self.turn = index + 1;
        Some(publish)
    }

    /// The server's answer. There is one for each PUB of a connection, in order within a channel.
    pub(crate) fn answered(
        &mut self,
        now: Time,
        name: &str,
        number: u64,
        answer: Answer,
    ) -> Result<Consequence, Violation> {
        let persistent = self.persistent;
        let Some(channel) = self.channel(name) else {
            return Err(Violation::bad_frame("an answer names a channel in which nothing was published"));
        };
        if channel.asked.pop_front() != Some(number) {
            return Err(Violation::bad_frame("an answer is not that of the next publication"));
        }
        let stale = channel.stale > 0;
        channel.stale = channel.stale.saturating_sub(1);
        let settlement = match answer {
            Answer::Appended(at) | Answer::Already(at) => Settlement::Durable(at),
            Answer::Refused(denial) => Settlement::Refused(denial),
            Answer::Conflict => return Ok(Consequence::Conflict),
            Answer::Expected(expected) if expected < channel.answered => {
                return Ok(Consequence::LogWentBack);
            }
            Answer::Expected(_) | Answer::RetryAfter(_) if stale => return Ok(Consequence::Nothing),
            Answer::Expected(_) => {
                channel.go_back();
                return Ok(Consequence::Nothing);
            }
            Answer::RetryAfter(millis) => {
                channel.go_back();
                channel.wait = Some(now + Duration::from_millis(millis.min(LONGEST_WAIT)));
                return Ok(Consequence::Nothing);
            }
        };
        if stale {
            // A publication after the first unanswered one, which is sent again. The server appended it once an older
            // connection's publications had arrived. It is requested again.
            return Ok(Consequence::Nothing);
        }
        // Behind those, what was asked begins at the first one without an answer and has no gaps, unless a conflict made one.
        if number != channel.answered {
            return Err(Violation::bad_frame("a publication was taken before the one ahead of it"));
        }
        let Some(pending) = channel.pending.pop_front() else { return Ok(Consequence::Nothing) };
        channel.answered += 1;
        if !persistent {
            channel.settled = channel.answered;
        }
        self.count -= 1;
        self.cost -= pending.cost();
        self.close_finished(name);
        Ok(Consequence::Settled(pending.publication, settlement))
    }

    /// Ends this identity: nothing more can be learned of what was transmitted. To be called until there is no more, in
    /// the order of publishing; each channel's are in order already, and a sort would cost a client kilobytes.
    pub(crate) fn lose(&mut self) -> Option<(Publication, Settlement)> {
        let mut oldest: Option<&mut VecDeque<Pending>> = None;
        for Channel { pending, .. } in &mut self.channels {
            let before = |other: &&mut VecDeque<Pending>| first(other) < first(pending);
            if !pending.is_empty() && !oldest.as_ref().is_some_and(before) {
                oldest = Some(pending);
            }
        }
        let Some(pending) = oldest.and_then(VecDeque::pop_front) else {
            (self.count, self.cost, self.turn) = (0, 0, 0);
            self.channels.clear();
            self.numbered.clear();
            return None;
        };
        let settlement =
            if pending.transmitted { Settlement::Unknown } else { Settlement::Unsent(pending.payload) };
        Some((pending.publication, settlement))
    }
}

fn first(pending: &VecDeque<Pending>) -> Option<Publication> {
    pending.front().map(|pending| pending.publication)
}

#[cfg(test)]
mod tests;
