//! The client's calls: at most once, over one connection.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::SessionLimits;
use super::message::FRAME_COST;
use crate::wire::{Body, Denial, Frame};
use crate::{Refusal, Refused, Time};

/// Names a call within its session object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(pub(crate) u64);

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallOutcome {
    /// The answer.
    Answer(Body),
    /// The server does not answer it.
    Denied(Denial),
    /// No answer came in time.
    TimedOut,
    /// It was transmitted, and the connection ended before its answer came.
    Unknown,
    /// It was never transmitted: here it is.
    Unsent(Body),
}

#[derive(Debug)]
struct Call {
    id: CallId,
    payload: Body,
    timeout: Duration,
    deadline: Time,
    transmitted: bool,
}

/// The calls of a session. A trait object from the first call on, so that a client that never calls does not carry the
/// code for it.
pub(crate) trait Calling: Send + Sync {
    /// Takes a call, or hands it back for want of room.
    fn call(&mut self, now: Time, payload: Body, timeout: Duration) -> Result<CallId, Refused<Body>>;

    /// Nobody waits for the answer any more.
    fn cancel(&mut self, id: CallId);

    /// What is to be transmitted next.
    fn next_frame(&mut self) -> Option<Frame>;

    /// Whether nobody waits for an answer.
    fn is_empty(&self) -> bool;

    /// Whether [`next_frame`](Self::next_frame) has something.
    fn wants_to_send(&self) -> bool;

    /// An answer; one to a call that nobody waits for any more is nobody's.
    fn replied(&mut self, id: u64, result: Result<Body, Denial>) -> Option<(CallId, CallOutcome)>;

    /// When the next call's time is over.
    fn deadline(&self) -> Option<Time>;

    /// A call whose time is over.
    fn expired(&mut self, now: Time) -> Option<(CallId, CallOutcome)>;

    /// The connection has ended, and with it every call that went over it; or, if all are to end, the session has, and
    /// what was not transmitted comes back. To be called until there is no more.
    fn lose(&mut self, all: bool) -> Option<(CallId, CallOutcome)>;
}

// As a part of the trait it would be in every client that calls.
impl fmt::Debug for dyn Calling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Calls")
    }
}

/// Calls, of which there are none yet.
pub(crate) fn begin(limits: &SessionLimits) -> Box<dyn Calling> {
    Box::new(Calls::new(limits))
}

#[derive(Debug)]
struct Calls {
    all: Vec<Call>,
    next: u64,
    cost: u64,
    most: (usize, u64),
    /// Calls that were transmitted and that nobody waits for.
    cancelled: Vec<u64>,
}

impl Calls {
    fn new(limits: &SessionLimits) -> Self {
        let most = (limits.calls, limits.call_bytes);
        Self { all: Vec::new(), next: 0, cost: 0, most, cancelled: Vec::new() }
    }

    fn remove(&mut self, index: usize) -> Call {
        let call = self.all.remove(index);
        self.cost -= call.payload.len() as u64 + FRAME_COST;
        call
    }
}

impl Calling for Calls {
    fn call(&mut self, now: Time, payload: Body, timeout: Duration) -> Result<CallId, Refused<Body>> {
        let cost = payload.len() as u64 + FRAME_COST;
        if cost > self.most.1 {
            let limit = usize::try_from(self.most.1.saturating_sub(FRAME_COST)).unwrap_or(usize::MAX);
            return Err(Refused { message: payload, reason: Refusal::TooLarge { limit } });
        }
        if self.all.len() >= self.most.0 || self.cost + cost > self.most.1 {
            return Err(Refused { message: payload, reason: Refusal::Full });
        }
        let id = CallId(self.next);
        self.next += 1;
        self.cost += cost;
        self.all.push(Call { id, payload, timeout, deadline: now + timeout, transmitted: false });
        Ok(id)
    }

    fn cancel(&mut self, id: CallId) {
        if let Some(index) = self.all.iter().position(|call| call.id == id)
            && self.remove(index).transmitted
        {
            self.cancelled.push(id.0);
        }
    }

    fn next_frame(&mut self) -> Option<Frame> {
        if let Some(id) = self.cancelled.pop() {
            return Some(Frame::Cancel { id });
        }
        let call = self.all.iter_mut().find(|call| !call.transmitted)?;
        call.transmitted = true;
        let timeout = u64::try_from(call.timeout.as_millis()).unwrap_or(u64::MAX);
        Some(Frame::Call { id: call.id.0, timeout: timeout.min(1 << 50), payload: call.payload.clone() })
    }

    fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    fn wants_to_send(&self) -> bool {
        !self.cancelled.is_empty() || self.all.iter().any(|call| !call.transmitted)
    }

    fn replied(&mut self, id: u64, result: Result<Body, Denial>) -> Option<(CallId, CallOutcome)> {
        let index = self.all.iter().position(|call| call.id.0 == id && call.transmitted)?;
        let call = self.remove(index);
        let outcome = match result {
            Ok(body) => CallOutcome::Answer(body),
            Err(denial) => CallOutcome::Denied(denial),
        };
        Some((call.id, outcome))
    }

    fn deadline(&self) -> Option<Time> {
        let mut deadline = None;
        for call in &self.all {
            deadline = Time::earliest(&[deadline, Some(call.deadline)]);
        }
        deadline
    }

    fn expired(&mut self, now: Time) -> Option<(CallId, CallOutcome)> {
        let index = self.all.iter().position(|call| call.deadline <= now)?;
        let call = self.remove(index);
        if call.transmitted {
            self.cancelled.push(call.id.0);
            Some((call.id, CallOutcome::TimedOut))
        } else {
            Some((call.id, CallOutcome::Unsent(call.payload)))
        }
    }

    fn lose(&mut self, all: bool) -> Option<(CallId, CallOutcome)> {
        self.cancelled.clear();
        let index = self.all.iter().position(|call| all || call.transmitted)?;
        let Call { id, payload, transmitted, .. } = self.remove(index);
        Some((id, if transmitted { CallOutcome::Unknown } else { CallOutcome::Unsent(payload) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Time = Time::from_millis(0);
    const SECOND: Duration = Duration::from_secs(1);

    fn calls() -> Calls {
        Calls::new(&SessionLimits { calls: 2, ..SessionLimits::default() })
    }

    #[test]
    fn a_call_that_was_transmitted_is_unknown_after_a_cut_and_another_waits() {
        let mut calls = calls();
        let first = calls.call(NOW, Body::from(b"a"), SECOND).unwrap();
        assert!(matches!(calls.next_frame(), Some(Frame::Call { id: 0, timeout: 1_000, .. })));
        let second = calls.call(NOW, Body::from(b"b"), SECOND).unwrap();
        assert_eq!(calls.call(NOW, Body::new(), SECOND).unwrap_err().reason, Refusal::Full);
        assert_eq!(calls.lose(false), Some((first, CallOutcome::Unknown)));
        assert_eq!(calls.lose(false), None);
        assert!(calls.wants_to_send());
        assert!(matches!(calls.next_frame(), Some(Frame::Call { id: 1, .. })));
        assert_eq!(calls.replied(0, Ok(Body::new())), None);
        assert_eq!(
            calls.replied(1, Ok(Body::from(b"x"))),
            Some((second, CallOutcome::Answer(Body::from(b"x"))))
        );
    }

    #[test]
    fn a_call_whose_time_is_over_is_cancelled_if_it_went_and_comes_back_if_not() {
        let mut calls = calls();
        let first = calls.call(NOW, Body::from(b"a"), SECOND).unwrap();
        calls.next_frame();
        let second = calls.call(NOW, Body::from(b"b"), SECOND).unwrap();
        assert_eq!(calls.deadline(), Some(NOW + SECOND));
        assert_eq!(calls.expired(Time::from_millis(999)), None);
        assert_eq!(calls.expired(NOW + SECOND), Some((first, CallOutcome::TimedOut)));
        assert_eq!(calls.expired(NOW + SECOND), Some((second, CallOutcome::Unsent(Body::from(b"b")))));
        assert_eq!(calls.next_frame(), Some(Frame::Cancel { id: 0 }));
        assert_eq!(calls.next_frame(), None);
    }

    #[test]
    fn a_cancelled_call_is_told_only_if_it_was_transmitted() {
        let mut calls = calls();
        let never = calls.call(NOW, Body::new(), SECOND).unwrap();
        calls.cancel(never);
        assert!(!calls.wants_to_send());
        let went = calls.call(NOW, Body::new(), SECOND).unwrap();
        calls.next_frame();
        calls.cancel(went);
        assert_eq!(calls.next_frame(), Some(Frame::Cancel { id: 1 }));
    }
}
