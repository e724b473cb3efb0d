//! The sending half of a session's numbering: what waits, what was transmitted, and what may go.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::message::{FRAGMENT_MIN, FRAME_COST, SessionMessage, memory};
use super::{SessionLimits, Violation};
use crate::wire::{Ack, Body, Data};
use crate::{Refusal, Refused};

/// The largest fragment.
const FRAGMENT: u64 = 64 << 10;

/// A message of which some bytes have no number yet.
#[derive(Debug)]
struct Waiting {
    message: SessionMessage,
    /// The bytes that have been numbered.
    numbered: usize,
}

/// A frame that was transmitted at least once and not released.
#[derive(Debug)]
struct Held {
    binary: bool,
    first: bool,
    last: bool,
    payload: Body,
    /// The whole message, to be handed back when the session is lost.
    message: Body,
}

impl Held {
    fn cost(&self) -> u64 {
        self.payload.len() as u64 + FRAME_COST
    }
}

/// Numbers are given when a frame is transmitted first, so that what has no number was never transmitted.
#[derive(Debug)]
pub(crate) struct Outbox {
    waiting: VecDeque<Waiting>,
    waiting_cost: u64,
    held: VecDeque<Held>,
    held_cost: u64,
    /// The number and the byte position of the first held frame.
    first: u64,
    first_position: u64,
    /// The next frame to go out on this connection: below `first + held.len()` it is a repetition.
    cursor: u64,
    credit: u64,
    fragment: u64,
    queue_bytes: u64,
    queue_messages: usize,
    max_message: u64,
    pub(crate) resent: u64,
}

impl Outbox {
    pub(crate) fn new(limits: &SessionLimits) -> Self {
        Self {
            waiting: VecDeque::new(),
            waiting_cost: 0,
            held: VecDeque::new(),
            held_cost: 0,
            first: 0,
            first_position: 0,
            cursor: 0,
            credit: 0,
            fragment: FRAGMENT,
            queue_bytes: limits.queue_bytes,
            queue_messages: limits.queue_messages,
            max_message: u64::MAX,
            resent: 0,
        }
    }

    /// Numbering that begins elsewhere, as it may after very many messages.
    #[cfg(test)]
    pub(crate) fn begin_at(&mut self, number: u64, position: u64) {
        (self.first, self.cursor, self.first_position) = (number, number, position);
        self.credit = position;
    }

    /// Learns what the other end takes. Messages that wait and are too large for it are handed back.
    pub(crate) fn agree(&mut self, window: u64, max_message: u64) -> Vec<SessionMessage> {
        self.fragment = FRAGMENT.min(window.max(SessionLimits::MIN_WINDOW) / 4);
        self.max_message = max_message;
        self.take_out(|message| message.body.len() as u64 > max_message)
    }

    /// Takes out those messages of which nothing was transmitted yet. By turning the queue once, since the library's
    /// `drain` costs a client a kilobyte.
    fn take_out(&mut self, goes: impl Fn(&SessionMessage) -> bool) -> Vec<SessionMessage> {
        let mut taken = Vec::new();
        for _ in 0..self.waiting.len() {
            let Some(waiting) = self.waiting.pop_front() else { break };
            if waiting.numbered == 0 && goes(&waiting.message) {
                self.waiting_cost -= waiting.message.cost();
                taken.push(waiting.message);
            } else {
                self.waiting.push_back(waiting);
            }
        }
        taken
    }

    pub(crate) fn push(&mut self, message: SessionMessage) -> Result<(), Refused<SessionMessage>> {
        let limit = self.max_message.min(self.queue_bytes.saturating_sub(FRAME_COST));
        if message.body.len() as u64 > limit {
            let limit = usize::try_from(limit).unwrap_or(usize::MAX);
            return Err(Refused { message, reason: Refusal::TooLarge { limit } });
        }
        if !self.has_room(message.body.len()) {
            return Err(Refused { message, reason: Refusal::Full });
        }
        self.waiting_cost += message.cost();
        self.waiting.push_back(Waiting { message, numbered: 0 });
        Ok(())
    }

    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.waiting.len() + self.held.len() < self.queue_messages
            && self.waiting_cost + self.held_cost + len as u64 + FRAME_COST <= self.queue_bytes
    }

    /// The number of the next new frame.
    pub(crate) fn next(&self) -> u64 {
        self.first + self.held.len() as u64
    }

    pub(crate) fn first(&self) -> u64 {
        self.first
    }

    pub(crate) fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Bytes and frames that were transmitted and not released.
    pub(crate) fn unreleased(&self) -> (usize, u64) {
        (self.held.len(), self.held_cost)
    }

    /// Messages and bytes that have not been transmitted wholly.
    pub(crate) fn waiting(&self) -> (usize, u64) {
        (self.waiting.len(), self.waiting_cost)
    }

    /// About how much memory the messages take.
    pub(crate) fn memory(&self) -> u64 {
        let ((waiting, waiting_cost), (held, held_cost)) = (self.waiting(), self.unreleased());
        let slots = self.waiting.capacity() * size_of::<Waiting>() + self.held.capacity() * size_of::<Held>();
        // A message is kept whole until its last frame is released.
        let begun = self.held.front().filter(|held| !held.first).map_or(0, |held| held.message.len());
        memory(waiting + held, waiting_cost + held_cost) + (slots + begun) as u64
    }

    fn next_position(&self) -> u64 {
        self.first_position + self.held_cost
    }

    fn position_of(&self, number: u64) -> Option<u64> {
        let count = usize::try_from(number.checked_sub(self.first)?).ok()?;
        let mut position = self.first_position;
        for index in 0..count {
            position += self.held.get(index)?.cost();
        }
        Some(position)
    }

    /// The bytes of the next new frame, if there is one and the credit suffices.
    fn next_cut(&self) -> Option<usize> {
        let front = self.waiting.front()?;
        let rest = (front.message.body.len() - front.numbered) as u64;
        let room = self.credit.saturating_sub(self.next_position());
        let wanted = rest.min(self.fragment);
        if wanted + FRAME_COST <= room {
            return usize::try_from(wanted).ok();
        }
        let partial = room.saturating_sub(FRAME_COST);
        if partial < FRAGMENT_MIN { None } else { usize::try_from(partial).ok() }
    }

    pub(crate) fn has_frame(&self) -> bool {
        self.cursor < self.next() || self.next_cut().is_some()
    }

    /// The next frame to transmit on this connection.
    pub(crate) fn next_frame(&mut self) -> Option<Data> {
        if self.cursor == self.next() {
            self.cut()?;
        } else {
            self.resent += 1;
        }
        let index = usize::try_from(self.cursor - self.first).ok()?;
        let held = self.held.get(index)?;
        self.cursor += 1;
        Some(Data {
            binary: held.binary,
            first: held.first,
            last: held.last,
            ack: None,
            payload: held.payload.clone(),
        })
    }

    /// Gives the next piece of the first waiting message a number.
    fn cut(&mut self) -> Option<()> {
        let len = self.next_cut()?;
        let front = self.waiting.front_mut()?;
        let (start, end) = (front.numbered, front.numbered + len);
        let body = &front.message.body;
        let held = Held {
            binary: front.message.binary,
            first: start == 0,
            last: end == body.len(),
            payload: body.slice(start..end),
            message: body.clone(),
        };
        front.numbered = end;
        self.waiting_cost -= len as u64;
        self.held_cost += held.cost();
        if held.last {
            self.waiting.pop_front();
            self.waiting_cost -= FRAME_COST;
        }
        self.held.push_back(held);
        Some(())
    }

    /// What the other end says of its taking.
    pub(crate) fn acknowledged(&mut self, ack: Ack) -> Result<(), Violation> {
        if ack.released > self.cursor {
            return Err(Violation::counters("it released frames that were not sent on this connection"));
        }
        self.credit = self.credit.max(ack.credit);
        while self.first < ack.released
            && let Some(held) = self.held.pop_front()
        {
            self.first += 1;
            self.first_position += held.cost();
            self.held_cost -= held.cost();
        }
        Ok(())
    }

    /// Whether the other end can go on from there.
    pub(crate) fn can_resume(&self, received: u64, position: u64) -> bool {
        self.position_of(received) == Some(position)
    }

    /// Goes on over a new connection, from what the other end has received.
    pub(crate) fn resume(&mut self, received: u64, credit: u64) {
        self.cursor = received;
        self.credit = self.credit.max(credit);
    }

    /// Ends this numbering: hands back what was transmitted and not released, and drops the rest of a message that
    /// was transmitted in part. What was not transmitted goes on waiting, for a numbering that begins at 0.
    pub(crate) fn lose(&mut self, credit: u64) -> Vec<SessionMessage> {
        let mut unacked = Vec::new();
        while let Some(frame) = self.held.pop_front() {
            if frame.last || self.held.is_empty() {
                unacked.push(SessionMessage { binary: frame.binary, body: frame.message });
            }
        }
        if let Some(front) = self.waiting.front()
            && front.numbered > 0
        {
            self.waiting_cost -= (front.message.body.len() - front.numbered) as u64 + FRAME_COST;
            // Its frames may all have been released by an end that did not wait for the message's last one.
            if unacked.is_empty() {
                unacked.push(front.message.clone());
            }
            self.waiting.pop_front();
        }
        self.held_cost = 0;
        (self.first, self.first_position, self.cursor) = (0, 0, 0);
        self.credit = credit;
        unacked
    }

    /// Takes out what was never transmitted.
    pub(crate) fn take_waiting(&mut self) -> Vec<SessionMessage> {
        self.take_out(|_| true)
    }
}

#[cfg(test)]
mod tests;
