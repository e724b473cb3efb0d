//! Both halves of a session's numbering on one connection after another: what either end does with DATA, ACK, PING
//! and PONG.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use super::inbox::{Inbox, Taken};
use super::outbox::Outbox;
use super::{SessionLimits, SessionMessage, Violation};
use crate::wire::{Ack, Data, Frame, Pulse, Standing};
use crate::{Refused, Time};

/// PINGs that wait to be answered; an end that asks faster than it can be answered is told of the newest.
const PONGS: usize = 8;

#[derive(Debug)]
pub(crate) struct Numbered {
    pub(crate) outbox: Outbox,
    pub(crate) inbox: Inbox,
    /// The nonces of pulses to send: acks and counts are written when they go out.
    pings: VecDeque<u64>,
    pongs: VecDeque<u64>,
}

impl Numbered {
    pub(crate) fn new(limits: &SessionLimits, by_hand: bool) -> Self {
        Self {
            outbox: Outbox::new(limits),
            inbox: Inbox::new(limits, by_hand),
            pings: VecDeque::new(),
            pongs: VecDeque::new(),
        }
    }

    /// Where this end stands, to be told in HELLO or WELCOME.
    pub(crate) fn standing(&mut self) -> Standing {
        Standing {
            received: self.inbox.received(),
            position: self.inbox.position(),
            credit: self.inbox.tell_credit(),
            window: self.inbox.fresh_credit(),
            send_first: self.outbox.first(),
            send_next: self.outbox.next(),
        }
    }

    /// Whether two ends that stand there can go on: each has received a number that the other can go on from, and both
    /// count the same bytes before it.
    pub(crate) fn can_resume(&self, other: &Standing) -> bool {
        self.outbox.can_resume(other.received, other.position)
            && (other.send_first..=other.send_next).contains(&self.inbox.received())
    }

    /// Goes on over a new connection.
    pub(crate) fn resume(&mut self, now: Time, other: &Standing) {
        self.pings.clear();
        self.pongs.clear();
        self.outbox.resume(other.received, other.credit);
        self.inbox.resume(now, other.send_first);
    }

    /// Ends this numbering and begins one at 0, in which the other end gives so much credit. Hands back what was
    /// transmitted and not released.
    pub(crate) fn lose(&mut self, credit: u64) -> Vec<SessionMessage> {
        self.pings.clear();
        self.pongs.clear();
        self.inbox.lose();
        self.outbox.lose(credit)
    }

    pub(crate) fn send(&mut self, message: SessionMessage) -> Result<(), Refused<SessionMessage>> {
        self.outbox.push(message)
    }

    pub(crate) fn take(&mut self, now: Time) -> Option<(SessionMessage, Taken)> {
        self.inbox.take(now)
    }

    pub(crate) fn data(&mut self, now: Time, mut data: Data) -> Result<(), Violation> {
        if let Some(ack) = data.ack.take() {
            self.outbox.acknowledged(ack)?;
        }
        self.inbox.arrive(now, data)
    }

    pub(crate) fn ack(&mut self, ack: Ack) -> Result<(), Violation> {
        self.outbox.acknowledged(ack)
    }

    /// A PING or PONG: it travels in order, so that what it says was sent must have come.
    fn pulse(&mut self, pulse: &Pulse) -> Result<(), Violation> {
        self.outbox.acknowledged(pulse.ack)?;
        if pulse.next == self.inbox.received() {
            Ok(())
        } else {
            Err(Violation::counters("it sent another number of frames than came here"))
        }
    }

    pub(crate) fn ping(&mut self, pulse: &Pulse) -> Result<(), Violation> {
        self.pulse(pulse)?;
        if self.pongs.len() == PONGS {
            self.pongs.pop_front();
        }
        self.pongs.push_back(pulse.nonce);
        Ok(())
    }

    pub(crate) fn pong(&mut self, pulse: &Pulse) -> Result<(), Violation> {
        self.pulse(pulse)
    }

    /// Asks the other end for a PONG.
    pub(crate) fn ask(&mut self, nonce: u64) {
        self.pings.clear();
        self.pings.push_back(nonce);
    }

    fn beat(&mut self, nonce: u64) -> Pulse {
        Pulse { next: self.outbox.cursor(), nonce, ack: self.inbox.tell() }
    }

    /// PONG or PING, if one is to go.
    pub(crate) fn next_pulse(&mut self) -> Option<Frame> {
        if let Some(nonce) = self.pongs.pop_front() {
            return Some(Frame::Pong(self.beat(nonce)));
        }
        let nonce = self.pings.pop_front()?;
        Some(Frame::Ping(self.beat(nonce)))
    }

    /// PONG, PING or ACK, if one is to go now.
    pub(crate) fn next_control(&mut self, now: Time) -> Option<Frame> {
        if let Some(pulse) = self.next_pulse() {
            return Some(pulse);
        }
        // On a DATA frame that goes anyway it costs less.
        if self.outbox.has_frame() { None } else { self.next_ack(now) }
    }

    /// ACK, if one is due.
    pub(crate) fn next_ack(&mut self, now: Time) -> Option<Frame> {
        self.inbox.ack_due(now).then(|| Frame::Ack(self.inbox.tell()))
    }

    /// A numbered frame, if one may go now.
    pub(crate) fn next_data(&mut self, now: Time) -> Option<Data> {
        let mut data = self.outbox.next_frame()?;
        if self.inbox.ack_due(now) || self.inbox.ack_rides(now) {
            data.ack = Some(self.inbox.tell());
        }
        Some(data)
    }

    /// Whether a PONG, PING or acknowledgement is to go.
    pub(crate) fn wants_control(&self, now: Time) -> bool {
        !self.pongs.is_empty() || !self.pings.is_empty() || self.inbox.ack_due(now)
    }

    /// Nothing waits and nothing is unacknowledged.
    pub(crate) fn is_drained(&self) -> bool {
        self.outbox.waiting().0 == 0 && self.outbox.unreleased().0 == 0
    }
}
