//! The receiving half of a session's numbering: what has come, what the application has taken, what to say of it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use super::message::{FRAGMENT_MIN, FRAME_COST, SessionMessage, memory};
use super::{SessionLimits, Violation};
use crate::Time;
use crate::wire::{Ack, Body, Data};

/// A whole message that the application has not taken.
#[derive(Debug)]
struct Ready {
    message: SessionMessage,
    /// The number and the byte position behind its last frame, or nothing for a message of a lost numbering.
    end: Option<(u64, u64)>,
}

/// By which a message is released that was taken: it says nothing to another numbering than its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    numbering: u64,
    end: u64,
}

#[derive(Debug)]
pub(crate) struct Inbox {
    /// The next frame that is expected, and its byte position.
    received: u64,
    position: u64,
    /// The pieces of a message that is not complete.
    pieces: Vec<Body>,
    pieces_binary: bool,
    pieces_bytes: u64,
    pieces_cost: u64,
    ready: VecDeque<Ready>,
    /// What messages of lost numberings cost that were not taken.
    carried: u64,
    /// How many numberings there have been.
    numbering: u64,
    /// What the sender may forget.
    released: u64,
    /// The byte position up to which the application has taken messages, and their number.
    taken_position: u64,
    taken: u64,
    /// Whether a taken message waits for `release` before the sender may forget it.
    by_hand: bool,
    /// What the sender has been told on this connection.
    told: Ack,
    /// With how much credit another numbering begins, as the sender was told.
    offered: u64,
    unreported_since: Option<Time>,
    window: u64,
    max_message: u64,
    ack_frames: u64,
    ack_delay: Duration,
}

impl Inbox {
    pub(crate) fn new(limits: &SessionLimits, by_hand: bool) -> Self {
        Self {
            received: 0,
            position: 0,
            pieces: Vec::new(),
            pieces_binary: false,
            pieces_bytes: 0,
            pieces_cost: 0,
            ready: VecDeque::new(),
            carried: 0,
            numbering: 0,
            released: 0,
            taken_position: 0,
            taken: 0,
            by_hand,
            told: Ack { released: 0, credit: limits.window },
            offered: limits.window,
            unreported_since: None,
            window: limits.window,
            max_message: limits.max_message,
            ack_frames: limits.ack_frames,
            ack_delay: limits.ack_delay,
        }
    }

    #[cfg(test)]
    pub(crate) fn begin_at(&mut self, number: u64, position: u64) {
        (self.received, self.released, self.taken) = (number, number, number);
        (self.position, self.taken_position) = (position, position);
        self.told = Ack { released: number, credit: position + self.window };
    }

    pub(crate) fn received(&self) -> u64 {
        self.received
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The credit with which another numbering would begin now, which HELLO and WELCOME tell.
    pub(crate) fn offer_credit(&mut self) -> u64 {
        self.offered = self.window.saturating_sub(self.pending());
        self.offered
    }

    pub(crate) fn max_message(&self) -> u64 {
        self.max_message
    }

    /// Bytes that came and were not taken.
    pub(crate) fn pending(&self) -> u64 {
        self.position - self.taken_position + self.carried
    }

    /// About how much memory the messages take.
    pub(crate) fn memory(&self) -> u64 {
        let slots = self.ready.capacity() * size_of::<Ready>() + self.pieces.capacity() * size_of::<Body>();
        memory(self.ready.len() + self.pieces.len(), self.pending()) + slots as u64
    }

    /// Up to where the sender may send: the incomplete message counts, or one larger than the window would wait for
    /// itself; it is bounded, because a message has a largest size. It never shrinks.
    fn credit(&self) -> u64 {
        let window = self.window.saturating_sub(self.carried);
        (self.taken_position + window + self.pieces_cost).max(self.told.credit)
    }

    /// One frame arrives.
    pub(crate) fn arrive(&mut self, now: Time, data: Data) -> Result<(), Violation> {
        let cost = data.payload.len() as u64 + FRAME_COST;
        if self.position + cost > self.told.credit {
            return Err(Violation::bad_frame("more was sent than there was credit for"));
        }
        if data.first != self.pieces.is_empty() {
            return Err(Violation::bad_frame("a message began inside another, or went on before it began"));
        }
        if !data.first && data.binary != self.pieces_binary {
            return Err(Violation::bad_frame("a message changed its kind between two fragments"));
        }
        if data.payload.is_empty() && !(data.first && data.last) {
            return Err(Violation::bad_frame("a fragment is empty"));
        }
        if !data.last && (data.payload.len() as u64) < FRAGMENT_MIN {
            return Err(Violation::bad_frame("a fragment that is not the last is smaller than 1 KiB"));
        }
        if self.pieces_bytes + data.payload.len() as u64 > self.max_message {
            return Err(Violation::bad_frame("a message is larger than this end takes"));
        }
        self.received += 1;
        self.position += cost;
        self.pieces_binary = data.binary;
        if data.last && self.pieces.is_empty() {
            self.complete(data.payload.detached())?;
        } else {
            self.pieces_bytes += data.payload.len() as u64;
            self.pieces_cost += cost;
            self.pieces.push(data.payload.detached());
            if data.last {
                let len = self.pieces.iter().map(|piece| piece.len()).sum();
                let mut whole = Vec::with_capacity(len);
                for piece in &self.pieces {
                    whole.extend_from_slice(piece);
                }
                self.pieces.clear();
                (self.pieces_bytes, self.pieces_cost) = (0, 0);
                self.complete(whole.into())?;
            }
        }
        self.note(now);
        Ok(())
    }

    fn complete(&mut self, body: Body) -> Result<(), Violation> {
        if !self.pieces_binary && core::str::from_utf8(&body).is_err() {
            return Err(Violation::bad_frame("a text message is not UTF-8"));
        }
        let message = SessionMessage { binary: self.pieces_binary, body };
        self.ready.push_back(Ready { message, end: Some((self.received, self.position)) });
        Ok(())
    }

    pub(crate) fn has_message(&self) -> bool {
        !self.ready.is_empty()
    }

    /// The next message, and the number by which it is released.
    pub(crate) fn take(&mut self, now: Time) -> Option<(SessionMessage, Taken)> {
        let ready = self.ready.pop_front()?;
        match ready.end {
            Some((end, position)) => {
                (self.taken, self.taken_position) = (end, position);
                if !self.by_hand {
                    self.released = end;
                }
            }
            None => self.carried = self.carried.saturating_sub(ready.message.cost()),
        }
        self.note(now);
        let numbering = if ready.end.is_some() { self.numbering } else { self.numbering.wrapping_sub(1) };
        Some((ready.message, Taken { numbering, end: self.taken }))
    }

    /// The application has stored what it took up to this message.
    pub(crate) fn release(&mut self, now: Time, taken: Taken) {
        if taken.numbering == self.numbering {
            self.released = self.released.max(taken.end);
            self.note(now);
        }
    }

    fn note(&mut self, now: Time) {
        if self.ack() == self.told {
            self.unreported_since = None;
        } else if self.unreported_since.is_none() {
            self.unreported_since = Some(now);
        }
    }

    fn ack(&self) -> Ack {
        Ack { released: self.released, credit: self.credit() }
    }

    /// The acknowledgement to write into a frame that goes out now.
    pub(crate) fn tell(&mut self) -> Ack {
        self.told = self.ack();
        self.unreported_since = None;
        self.told
    }

    /// Whether an acknowledgement is to be sent now: after many frames or bytes, or when the first of them has waited
    /// long enough. What is not told of a burst is missing in the next: a sixteenth of the window is, on average, 3 %.
    pub(crate) fn ack_due(&self, now: Time) -> bool {
        let Some(since) = self.unreported_since else { return false };
        let ack = self.ack();
        ack.released - self.told.released >= self.ack_frames
            || ack.credit - self.told.credit >= self.window / 16
            || now.since(since) >= self.ack_delay
    }

    /// Whether an acknowledgement is worth its bytes on a frame that goes out anyway.
    pub(crate) fn ack_rides(&self, now: Time) -> bool {
        let Some(since) = self.unreported_since else { return false };
        let ack = self.ack();
        ack.released - self.told.released >= self.ack_frames / 4
            || ack.credit - self.told.credit >= self.window / 64
            || now.since(since) >= self.ack_delay / 2
    }

    /// When an acknowledgement is due at the latest.
    pub(crate) fn ack_deadline(&self) -> Option<Time> {
        self.unreported_since.map(|since| since + self.ack_delay)
    }

    /// Makes what has not been told due at once, as for a page that is about to be hidden.
    pub(crate) fn hurry(&mut self) {
        if let Some(since) = &mut self.unreported_since {
            *since = Time::default();
        }
    }

    /// A new connection: HELLO or WELCOME tell the credit, and what the sender still holds is known.
    pub(crate) fn resume(&mut self, now: Time, send_first: u64) {
        self.told.released = send_first.min(self.released);
        self.unreported_since = None;
        self.note(now);
        if self.released > self.told.released {
            self.hurry();
        }
    }

    /// The credit that HELLO or WELCOME tell.
    pub(crate) fn tell_credit(&mut self) -> u64 {
        self.told.credit = self.credit();
        self.told.credit
    }

    /// Ends this numbering. Messages that came whole are still to be taken; a message in pieces will not be
    /// completed.
    pub(crate) fn lose(&mut self) {
        for ready in &mut self.ready {
            ready.end = None;
        }
        self.carried = self.ready.iter().map(|ready| ready.message.cost()).sum();
        self.numbering += 1;
        self.pieces.clear();
        (self.pieces_bytes, self.pieces_cost) = (0, 0);
        (self.received, self.position, self.released, self.taken, self.taken_position) = (0, 0, 0, 0, 0);
        // The sender knows what it was offered; what has been taken since then is still to be told.
        let credit = self.offered.min(self.window.saturating_sub(self.carried));
        self.told = Ack { released: 0, credit };
        self.unreported_since = None;
    }
}

#[cfg(test)]
mod tests;
