//! What waits to go out on a connection beside entries and messages: answers, and what may be lost.

use alloc::collections::VecDeque;

use crate::session::message::{FRAME_COST, memory};
use crate::wire::{Alias, Answer, Body, Denial, Frame, Presence, SubOutcome, Target};

#[derive(Debug)]
pub(super) struct Outgoing {
    control: VecDeque<Frame>,
    control_bytes: u64,
    volatile: VecDeque<Frame>,
    volatile_bytes: usize,
    most_volatile: usize,
}

impl Outgoing {
    pub(super) fn new(most_volatile: usize) -> Self {
        Self {
            control: VecDeque::new(),
            control_bytes: 0,
            volatile: VecDeque::new(),
            volatile_bytes: 0,
            most_volatile,
        }
    }

    /// Queues an answer. A reason that is too long for a frame is cut: the other end would refuse it.
    pub(super) fn push(&mut self, frame: Frame) {
        let frame = fitting(frame);
        self.control_bytes += cost(&frame);
        self.control.push_back(frame);
    }

    /// Queues what may be lost, if there is room.
    pub(super) fn volatile(&mut self, target: Target, sender: Option<Alias>, payload: Body) -> bool {
        let room = self.volatile_bytes + payload.len() <= self.most_volatile;
        if room {
            self.volatile_bytes += payload.len();
            self.volatile.push_back(Frame::Volatile { target, sender, payload });
        }
        room
    }

    /// The next of them: answers first.
    pub(super) fn pop(&mut self) -> Option<Frame> {
        if let Some(frame) = self.control.pop_front() {
            self.control_bytes -= cost(&frame);
            return Some(frame);
        }
        let frame = self.volatile.pop_front()?;
        if let Frame::Volatile { payload, .. } = &frame {
            self.volatile_bytes -= payload.len();
        }
        Some(frame)
    }

    /// About how much memory all of them take.
    pub(super) fn memory(&self) -> u64 {
        let slots = (self.control.capacity() + self.volatile.capacity()) * size_of::<Frame>();
        let bytes = self.control_bytes + self.volatile_bytes as u64;
        slots as u64 + memory(self.volatile.len() + self.control.len(), bytes)
    }

    /// How many answers wait, and their bytes.
    pub(super) fn backlog(&self) -> (usize, u64) {
        (self.control.len(), self.control_bytes)
    }
}

fn fitting(frame: Frame) -> Frame {
    match frame {
        Frame::SubAck { subscription, outcome: SubOutcome::Refused(denial) } => {
            Frame::SubAck { subscription, outcome: SubOutcome::Refused(denial.fitting()) }
        }
        Frame::Unsub { subscription, denial } => Frame::Unsub { subscription, denial: denial.fitting() },
        Frame::Presence { subscription, presence: Presence::Refused(denial) } => {
            Frame::Presence { subscription, presence: Presence::Refused(denial.fitting()) }
        }
        Frame::PubAck { channel, number, answer: Answer::Refused(denial) } => {
            Frame::PubAck { channel, number, answer: Answer::Refused(denial.fitting()) }
        }
        Frame::Reply { id, result } => Frame::Reply { id, result: result.map_err(Denial::fitting) },
        frame => frame,
    }
}

/// What a frame costs that waits.
fn cost(frame: &Frame) -> u64 {
    let payload = match frame {
        Frame::Reply { result: Ok(body), .. } => body.len(),
        Frame::PubAck { channel, .. } => channel.len(),
        Frame::Presence { presence: Presence::Full(members), .. } => {
            members.iter().map(|member| member.about.len() + 16).sum()
        }
        Frame::Presence { presence: Presence::Joined(member) | Presence::Changed(member), .. } => {
            member.about.len()
        }
        _ => 0,
    };
    payload as u64 + FRAME_COST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_is_counted_in_bytes_and_answers_go_before_what_may_be_lost() {
        let mut outgoing = Outgoing::new(3);
        assert!(outgoing.volatile(Target::Session, None, Body::from("abc")));
        assert!(!outgoing.volatile(Target::Session, None, Body::from("d")));
        outgoing.push(Frame::Reply { id: 1, result: Ok(Body::from("0123456789")) });
        assert_eq!(outgoing.backlog(), (1, 42));
        assert!(matches!(outgoing.pop(), Some(Frame::Reply { .. })));
        assert_eq!(outgoing.backlog(), (0, 0));
        assert!(matches!(outgoing.pop(), Some(Frame::Volatile { .. })));
        assert!(outgoing.volatile(Target::Session, None, Body::from("d")));
    }

    #[test]
    fn a_reason_is_cut_to_what_a_frame_takes_and_never_within_a_character() {
        let mut outgoing = Outgoing::new(0);
        let denial = Denial { code: 1, reason: "ä".repeat(100) };
        outgoing.push(Frame::Reply { id: 1, result: Err(denial) });
        let Some(Frame::Reply { result: Err(denial), .. }) = outgoing.pop() else { panic!("no reply") };
        assert_eq!(denial.reason, "ä".repeat(61));
    }
}
