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
            window: self.inbox.offer_credit(),
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

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(1_000);

    fn end(number: u64, position: u64) -> Numbered {
        let mut end = Numbered::new(&SessionLimits::default(), false);
        end.outbox.begin_at(number, position);
        end.inbox.begin_at(number, position);
        end.outbox.agree(1 << 20, 16 << 20);
        end
    }

    /// Passes frames one way, and the acknowledgements back.
    fn pass(from: &mut Numbered, to: &mut Numbered, most: usize) -> usize {
        let mut passed = 0;
        while passed < most
            && let Some(data) = from.next_data(NOW)
        {
            to.data(NOW, data).unwrap();
            passed += 1;
        }
        passed
    }

    #[test]
    fn counting_goes_on_over_cuts_beyond_32_bits_and_near_53() {
        for start in [(1_u64 << 32) - 3, (1 << 53) - 2_000_000] {
            let (mut one, mut other) = (end(start, start), end(start, start));
            let (here, there) = (one.standing(), other.standing());
            assert!(one.can_resume(&there) && other.can_resume(&here));
            one.resume(NOW, &there);
            other.resume(NOW, &here);
            for n in 0..8_u32 {
                one.send(SessionMessage::binary(n.to_le_bytes().to_vec())).unwrap();
            }
            one.send(SessionMessage::binary(alloc::vec![1; 200_000])).unwrap();
            assert_eq!(pass(&mut one, &mut other, 5), 5);
            // Two more leave and are lost.
            assert!(one.next_data(NOW).is_some() && one.next_data(NOW).is_some());
            let (here, there) = (one.standing(), other.standing());
            assert_eq!((there.received, there.position), (start + 5, start + 5 * 36));
            assert!(one.can_resume(&there) && other.can_resume(&here));
            one.resume(NOW, &there);
            other.resume(NOW, &here);
            one.ask(1);
            let Some(Frame::Ping(pulse)) = one.next_control(NOW) else { panic!("PING goes first") };
            other.ping(&pulse).unwrap();
            assert_eq!(pass(&mut one, &mut other, usize::MAX), 3 + 4);
            let taken: Vec<_> =
                core::iter::from_fn(|| other.take(NOW)).map(|(message, _)| message.body.len()).collect();
            assert_eq!(taken, [4, 4, 4, 4, 4, 4, 4, 4, 200_000]);
            let Some(Frame::Pong(pulse)) = other.next_control(NOW) else { panic!("PONG goes first") };
            one.pong(&pulse).unwrap();
            assert!(one.is_drained());
        }
    }

    #[test]
    fn ends_that_count_otherwise_do_not_go_on() {
        let (mut one, mut other) = (end(10, 500), end(10, 500));
        let right = other.standing();
        assert!(one.can_resume(&right));
        for wrong in [
            Standing { received: 11, ..right },
            Standing { received: 9, ..right },
            Standing { position: 501, ..right },
            Standing { send_first: 11, send_next: 11, ..right },
            Standing { send_first: 8, send_next: 9, ..right },
        ] {
            assert!(!one.can_resume(&wrong), "{wrong:?}");
        }
        assert!(one.can_resume(&Standing { send_first: 8, send_next: 12, ..right }));
        let pulse = Pulse { next: 11, nonce: 0, ack: Ack { released: 10, credit: 0 } };
        assert_eq!(one.ping(&pulse).unwrap_err().code, 4402);
        assert_eq!(one.pong(&Pulse { next: 9, ..pulse }).unwrap_err().code, 4402);
        one.ping(&Pulse { next: 10, ..pulse }).unwrap();
    }

    #[test]
    fn of_many_pings_the_newest_are_answered() {
        let mut end = end(0, 0);
        for nonce in 0..20 {
            end.ping(&Pulse { next: 0, nonce, ack: Ack::default() }).unwrap();
        }
        let answers = core::iter::from_fn(|| end.next_pulse()).map(|frame| match frame {
            Frame::Pong(pulse) => pulse.nonce,
            other => panic!("{other:?} was not asked for"),
        });
        assert_eq!(answers.collect::<Vec<_>>(), (12..20).collect::<Vec<_>>());
        assert!(!end.wants_control(NOW));
    }

    #[test]
    fn of_several_questions_the_newest_is_asked() {
        let mut end = end(0, 0);
        end.ask(1);
        end.ask(2);
        assert!(end.wants_control(NOW));
        assert!(matches!(end.next_control(NOW), Some(Frame::Ping(Pulse { nonce: 2, .. }))));
        assert_eq!(end.next_control(NOW), None);
    }

    #[test]
    fn an_acknowledgement_rides_on_a_frame_that_goes_anyway() {
        let (mut one, mut other) = (end(0, 0), end(0, 0));
        one.resume(NOW, &Standing { credit: 1 << 20, ..Standing::default() });
        other.resume(NOW, &Standing { credit: 1 << 20, ..Standing::default() });
        for _ in 0..64 {
            one.send(SessionMessage::text("x")).unwrap();
        }
        pass(&mut one, &mut other, 15);
        while other.take(NOW).is_some() {}
        other.send(SessionMessage::text("y")).unwrap();
        assert_eq!(other.next_data(NOW).unwrap().ack, None, "for so few it is not worth its bytes");
        pass(&mut one, &mut other, 49);
        while other.take(NOW).is_some() {}
        other.send(SessionMessage::text("z")).unwrap();
        assert_eq!(other.next_control(NOW), None, "it waits for the frame");
        assert_eq!(other.next_data(NOW).unwrap().ack.map(|ack| ack.released), Some(64));
        assert_eq!(other.next_control(NOW), None);
    }
}
