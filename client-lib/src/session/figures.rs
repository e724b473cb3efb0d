//! What a session's core can say of itself: figures, and why there is no session.

use rejoin_protocol::ClosedBy;
use rejoin_protocol::session::code;
use rejoin_protocol::wire::Denial;

use super::core::Core;
use super::{ConnectError, SessionMetrics, SessionState};
use crate::OpenError;
use crate::attempt::disagreed;

impl Core {
    pub(crate) fn measured(&self) -> SessionMetrics {
        self.refresh();
        let machine = self.machine.borrow();
        let mut metrics = self.metrics.borrow().clone();
        let ((messages, waiting), (frames, unacked)) = machine.queued();
        (metrics.queued_messages, metrics.queued_bytes) = (messages, waiting);
        (metrics.unacked_frames, metrics.unacked_bytes) = (frames, unacked);
        metrics.unanswered = machine.unanswered().0;
        let (senders, publishers) = (self.senders.waiting(), self.publishers.waiting());
        (metrics.waiting, metrics.waiting_bytes) = (senders.0 + publishers.0, senders.1 + publishers.1);
        metrics.resent = machine.resent();
        metrics.last_closed = self.socket.metrics().last_closed;
        match self.watch.get() {
            SessionState::Live => metrics.live_for = metrics.live_for.saturating_add(self.in_state_for()),
            SessionState::Ended(_) => {}
            _ => metrics.away_for = metrics.away_for.saturating_add(self.in_state_for()),
        }
        metrics
    }

    /// Why a session is over.
    pub(crate) fn why_ended(&self, denial: Denial) -> ConnectError {
        if denial.code == code::AUTH_TOO_LARGE {
            let (length, own) = (self.credentials.len(), self.credentials.max_auth);
            let limit = if length > own { own } else { limit_of(&denial) };
            return ConnectError::AuthTooLarge { length, limit };
        }
        let last = self.socket.metrics().last_closed;
        match last {
            Some(closed) if disagreed(&closed) => ConnectError::NotAgreed,
            Some(closed) if closed.by == ClosedBy::Provider => {
                ConnectError::Open(OpenError::Rejected(closed.reason))
            }
            Some(closed) if denial.code < 4_000 => ConnectError::failed(closed),
            _ => ConnectError::Refused(denial),
        }
    }
}

/// The number with which the server's refusal of a token begins.
fn limit_of(denial: &Denial) -> usize {
    let digits = denial.reason.bytes().take_while(u8::is_ascii_digit);
    digits.fold(0, |limit: usize, digit| limit.saturating_mul(10).saturating_add(usize::from(digit - b'0')))
}
