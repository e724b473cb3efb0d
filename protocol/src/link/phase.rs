//! The link's phases and the steps between them.

use super::Link;
use super::deadline::Deadline;
use super::patience::Patience;
use super::pulse::Pulse;
use crate::time::micros;
use crate::{Close, Closed, ClosedBy, Event, Generation, Output, Time};

/// Attempts are at least so many microseconds apart when something else than the back-off calls for one (online, visible).
pub(super) const SPACING: u64 = 1_000_000;

/// The same where the hint comes often for no reason: a clock, a changed connection.
pub(super) const HINT_SPACING: u64 = 5_000_000;

/// So many retries in a row wait no longer while the machine says that it has no network: it may be wrong.
const OFFLINE_RETRIES: u32 = 5;

#[derive(Debug)]
pub(super) enum Phase {
    /// `located`: where to connect is known, so that the deadline is that of the connect time-out.
    Connecting {
        generation: Generation,
        located: bool,
        deadline: Deadline,
    },
    Open {
        generation: Generation,
        opened: Time,
        pulse: Option<Pulse>,
    },
    /// `opened` is when the connection had been opened, if it had.
    Closing {
        generation: Generation,
        opened: Option<Time>,
        by_caller: bool,
        deadline: Deadline,
    },
    Waiting {
        until: Time,
    },
    Closed,
}

impl Phase {
    pub(super) fn generation(&self) -> Option<Generation> {
        match self {
            Self::Connecting { generation, .. }
            | Self::Open { generation, .. }
            | Self::Closing { generation, .. } => Some(*generation),
            Self::Waiting { .. } | Self::Closed => None,
        }
    }

    /// When the present connection was opened, if it was.
    pub(super) fn opened(&self) -> Option<Time> {
        match self {
            Self::Open { opened, .. } => Some(*opened),
            Self::Closing { opened, .. } => *opened,
            Self::Connecting { .. } | Self::Waiting { .. } | Self::Closed => None,
        }
    }
}

impl<M> Link<M> {
    pub(super) fn start_attempt(&mut self) {
        self.newest += 1;
        let generation = Generation(self.newest);
        self.attempted = self.now;
        self.not_before = Time::default();
        let timeout = self.config.provider_timeout;
        let deadline = Deadline::new(self.now + timeout.unwrap_or(self.config.connect_timeout));
        self.phase = Phase::Connecting { generation, located: timeout.is_none(), deadline };
        self.outputs.push_back(Output::Open { generation, attempt: self.attempt() });
        self.report();
    }

    /// Where to connect is known: the socket has the connect time-out from now on.
    pub(super) fn dialing(&mut self) {
        if let Phase::Connecting { located: located @ false, deadline, .. } = &mut self.phase {
            *located = true;
            *deadline = Deadline::new(self.now + self.config.connect_timeout);
        }
    }

    pub(super) fn opened(&mut self, generation: Generation) {
        let pulse = self.config.keep_alive.map(|settings| Pulse::new(settings, self.now));
        self.phase = Phase::Open { generation, opened: self.now, pulse };
        self.proved = false;
        // The machine was wrong if it said that it has no network.
        self.offline = None;
        self.begin_checks();
        self.reset_buffer();
        self.report();
        self.transmit_ready();
        self.poll_soon();
    }

    pub(super) fn begin_closing(
        &mut self,
        generation: Generation,
        opened: Option<Time>,
        close: Option<Close>,
    ) {
        let deadline = Deadline::new(self.now + self.config.close_timeout);
        self.phase = Phase::Closing { generation, opened, by_caller: close.is_some(), deadline };
        self.poll = Time::NEVER;
        if let Some(close) = close {
            self.outputs.push_back(Output::Close { generation, close });
        }
        self.report();
    }

    /// The current socket has ended by itself.
    pub(super) fn disconnected(&mut self, mut closed: Closed, decision: Option<bool>) {
        if let Phase::Closing { by_caller: true, .. } = self.phase {
            closed.by = ClosedBy::Caller;
        }
        self.after(closed, decision);
    }

    /// Leaves the current socket, if there is one, and returns how it ended.
    fn abandon(&mut self, by: ClosedBy, reason: &str) -> Option<Closed> {
        let generation = self.generation()?;
        let mut closed = Closed::abnormal(by, self.phase.opened().is_some(), reason);
        closed.unsent_bytes = self.buffered;
        self.outputs.push_back(Output::Abandon { generation, close: Close::normal() });
        Some(closed)
    }

    /// Leaves the current socket, if there is one, and decides what follows.
    pub(super) fn give_up(&mut self, by: ClosedBy, reason: &str) {
        if let Some(closed) = self.abandon(by, reason) {
            self.after(closed, None);
        }
    }

    /// A connection or an attempt has ended: its buffer is gone, and the application is told.
    fn ended(&mut self, closed: Closed) {
        self.reset_buffer();
        self.last_closed = Some(closed.clone());
        self.event(Event::Disconnected(closed));
    }

    pub(super) fn after(&mut self, mut closed: Closed, decision: Option<bool>) {
        let own = matches!(closed.by, ClosedBy::Caller | ClosedBy::Overflow)
            || matches!(self.phase, Phase::Closing { by_caller: true, .. });
        let wanted = !own && decision.unwrap_or_else(|| closed.is_retryable());
        let Some(backoff) = self.config.reconnect.filter(|_| wanted) else {
            self.end(closed);
            return;
        };
        let stable = |opened| self.proved || self.now >= opened + backoff.stable;
        let stable = self.phase.opened().is_some_and(stable);
        if stable {
            self.reset_failures();
        }
        if closed.by == ClosedBy::Paused {
            self.wait_until(Time::NEVER, closed);
            return;
        }
        if !stable {
            self.failures = self.failures.saturating_add(1);
            // What fails for want of a network says nothing of the server.
            if self.offline.is_none() {
                self.counted_failures = self.counted_failures.saturating_add(1);
                if backoff.exhausted(self.counted_failures) {
                    closed.gave_up = true;
                    self.end(closed);
                    return;
                }
            }
        }
        if self.phase.opened().is_none() {
            // The connection before was silent because the network was gone, not because it was slow.
            self.patience = Patience::default();
        }
        self.retries = self.retries.saturating_add(1);
        let delay = backoff.delay(self.retries, &mut self.random);
        let delay = if self.believes_offline() { delay.max(micros(backoff.cap)) } else { delay };
        let until = if self.paused { Time::NEVER } else { self.now.after_micros(delay) };
        self.wait_until(until, closed);
    }

    fn wait_until(&mut self, until: Time, closed: Closed) {
        self.begin_checks();
        self.phase = Phase::Waiting { until };
        self.ended(closed);
        self.report();
    }

    /// Closed for good: hands back what was never transmitted.
    pub(super) fn end(&mut self, closed: Closed) {
        self.phase = Phase::Closed;
        self.ended(closed);
        self.unsent();
        self.report();
    }

    /// Makes no attempt for now; `close` ends the present one, or the connection, as well.
    pub(super) fn pause(&mut self, close: bool) {
        if self.config.reconnect.is_none() {
            return;
        }
        self.paused = true;
        match &mut self.phase {
            Phase::Waiting { until } => {
                *until = Time::NEVER;
                self.report();
            }
            Phase::Connecting { .. } | Phase::Open { .. } if close => {
                self.give_up(ClosedBy::Paused, "the page is hidden");
            }
            _ => {}
        }
    }

    pub(super) fn reset_failures(&mut self) {
        self.failures = 0;
        self.counted_failures = 0;
        self.retries = 0;
    }

    /// Connects at once, whatever the state; what is there is left.
    pub(super) fn replace(&mut self, reason: &str) {
        self.reset_failures();
        self.paused = false;
        if let Some(closed) = self.abandon(ClosedBy::Caller, reason) {
            self.ended(closed);
        }
        self.start_attempt();
    }

    /// The page is back in sight or the network back, after it was away since then. A wait ends, a connection is asked for a sign
    /// of life or replaced, and the limit on attempts counts from here.
    #[inline(never)]
    pub(super) fn came_back(&mut self, since: Option<Time>) {
        self.counted_failures = 0;
        if let (Phase::Open { .. }, Some(since), Some(most)) = (&self.phase, since, self.config.renew_after)
            && self.config.reconnect.is_some()
            && self.time_with_sleep() > since + most
            && self.now >= self.attempted.after_micros(SPACING)
        {
            self.replace("away for longer than renew_after");
            return;
        }
        self.probe_and_retry(SPACING);
    }

    /// Something may have happened to the network: a wait ends as [`end_wait`](Self::end_wait) says, and a connection is asked for a
    /// sign of life.
    #[inline(never)]
    pub(super) fn probe_and_retry(&mut self, spacing: u64) {
        self.end_wait(spacing);
        self.probe();
    }

    /// Now, by a clock that goes on while the machine sleeps.
    pub(super) fn time_with_sleep(&self) -> Time {
        self.now.after_micros(self.clocks.stood_still)
    }

    /// Whether attempts are put off because the machine says that it has no network.
    fn believes_offline(&self) -> bool {
        self.offline.is_some() && self.retries > OFFLINE_RETRIES
    }

    /// A wait ends at once, unless the last attempt began within `spacing` or attempts are paused.
    #[inline(never)]
    pub(super) fn end_wait(&mut self, spacing: u64) {
        if let Phase::Waiting { until } = self.phase
            && !self.paused
        {
            let earliest = self.attempted.after_micros(spacing).max(self.now).max(self.not_before);
            let until = until.min(earliest);
            self.phase = Phase::Waiting { until };
            if until <= self.now {
                self.start_attempt();
            } else {
                self.report();
            }
        }
    }

    /// A wait goes on to the back-off's cap, because the machine says that it has no network.
    pub(super) fn extend_wait(&mut self) {
        let believes = self.believes_offline();
        if let (Phase::Waiting { until }, Some(backoff), true) =
            (&mut self.phase, self.config.reconnect, believes)
        {
            *until = (*until).max(self.now + backoff.cap);
            self.report();
        }
    }

    pub(super) fn deadline_passed(&mut self) {
        let passed = match &mut self.phase {
            Phase::Connecting { deadline, .. } | Phase::Closing { deadline, .. } => {
                deadline.has_passed(self.now)
            }
            Phase::Waiting { until } => *until <= self.now,
            Phase::Open { .. } | Phase::Closed => false,
        };
        if !passed {
            return;
        }
        let (by, reason) = match self.phase {
            Phase::Connecting { located: false, .. } => {
                (ClosedBy::ProviderTimeout, "the provider did not answer within its time-out")
            }
            Phase::Connecting { .. } => {
                (ClosedBy::ConnectTimeout, "the connection was not open within the connect time-out")
            }
            Phase::Closing { .. } => {
                (ClosedBy::CloseTimeout, "the close handshake was not over within the close time-out")
            }
            _ => return self.start_attempt(),
        };
        self.give_up(by, reason);
    }
}
