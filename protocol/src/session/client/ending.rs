//! The end of a connection, and what follows: the close-code policy of a session.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use core::time::Duration;

use super::super::code;
use super::{ClientEvent, ClientSession, Ending, Lost, LostReason, Phase};
use crate::wire::Denial;
use crate::{Closed, ClosedBy, Time};

/// A session that has been live for so long after its fresh start may try that again.
const RECOVERED: Duration = Duration::from_secs(60);

/// The longest time before another attempt that a server can ask for, in milliseconds.
const LONGEST_HINT: u64 = 3_600_000;

impl ClientSession {
    /// The connection has ended, or never came to be. Says what follows.
    pub fn ended(&mut self, now: Time, closed: &Closed) -> Ending {
        if let Phase::Live { since } = self.phase
            && now.since(since) >= RECOVERED
        {
            self.bug_retried = false;
        }
        // A farewell that did not get out in time is one all the same.
        let over = self.is_over() || self.bye.take().is_some();
        let went_back = core::mem::take(&mut self.went_back);
        self.phase = Phase::Away;
        self.volatile = VecDeque::new();
        self.volatile_bytes = 0;
        self.subscriptions.disconnected();
        self.lose_calls(false);
        let bye = self.heard.take();
        let hint = bye.as_ref().and_then(|bye| bye.retry_after);
        let hint = hint.map(|millis| Duration::from_millis(millis.min(LONGEST_HINT)));
        let last = bye.as_ref().is_some_and(|bye| bye.last);
        let (code, reason) = match bye {
            Some(bye) => (bye.code, bye.reason),
            None => (closed.code, closed.reason.clone()),
        };
        if over {
            // This end wanted it, also where the server's answer to that was seen first.
            return self.stopped(1000, String::new());
        }
        if last || closed.by == ClosedBy::Caller && closed.code == 1000 {
            return self.stopped(code, reason);
        }
        if went_back {
            return Ending::Retry { after: hint, at_cap: false, fresh_auth: false };
        }
        match self.follow(code) {
            Some((at_cap, fresh_auth)) => Ending::Retry { after: hint, at_cap, fresh_auth },
            None => self.stopped(code, reason),
        }
    }

    /// Settles all publications, of which nothing more can be learned.
    pub(super) fn lose_publications(&mut self) {
        while let Some((publication, settlement)) = self.publications.lose() {
            self.events.push_back(ClientEvent::Settled(publication, settlement));
        }
    }

    /// Whether another attempt follows a close code, at the cap, with fresh authentication. A code of BYE says as much as one of
    /// the close frame, which a broken connection may have swallowed.
    fn follow(&mut self, code: u16) -> Option<(bool, bool)> {
        match code {
            1002 | 1003 | 1007..=1010 => None,
            1000..=1015 => Some((false, false)),
            code::DRAINING | code::RETRY_AFTER | code::HELLO_LATE => Some((false, false)),
            code::BAD_FRAME | code::COUNTERS if !self.bug_retried => {
                self.bug_retried = true;
                self.give_up_identity();
                Some((false, false))
            }
            code::UNAUTHENTICATED if !self.auth_retried => {
                self.auth_retried = true;
                Some((false, true))
            }
            code::TOO_MANY => Some((true, false)),
            _ => None,
        }
    }

    /// Ends the session: receipts are settled, and what was never transmitted is handed back.
    fn stopped(&mut self, code: u16, reason: String) -> Ending {
        let denial = Denial { code, reason };
        self.stop(&denial);
        Ending::Stop(denial)
    }

    /// Ends the session for good, without a connection: open receipts become unknown, and what was never transmitted
    /// is handed back. [`connected`](Self::connected) begins a fresh one.
    pub fn stop(&mut self, denial: &Denial) {
        self.lose_publications();
        self.lose_calls(true);
        let had = self.pair.take().is_some();
        self.incarnation = None;
        let unacked = self.numbered.lose(0);
        let unsent = self.numbered.outbox.take_waiting();
        if had || !unsent.is_empty() {
            let lost = Lost { reason: LostReason::Stopped, unacked, unsent };
            self.events.push_back(ClientEvent::Lost(lost));
        }
        let events = &mut self.events;
        self.subscriptions.end(denial, |id| events.push_back(ClientEvent::Channel(id)));
        self.holding = false;
        self.phase = Phase::Over;
    }

    /// A session that is over is to be another: attempts that fail from now on are followed by more.
    pub fn reopen(&mut self) {
        if self.is_over() {
            self.phase = Phase::Away;
        }
    }

    /// What a violation of the server's looks like to [`ended`](Self::ended): this end closed, for the server's fault.
    #[must_use]
    pub fn closed_for(violation: &super::Violation) -> Closed {
        let mut closed = Closed::abnormal(ClosedBy::Server, true, violation.reason.to_string());
        closed.code = violation.code;
        closed
    }
}
