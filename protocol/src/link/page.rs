//! The page: hidden for long, in the back-forward cache, or about to be left; and what pauses for it.

use core::time::Duration;

use super::Link;
use super::deadline::Deadline;
use super::phase::Phase;
use crate::{Closed, ClosedBy, Time};

/// For how long after `beforeunload` the end of a connection may be the browser's doing rather than the network's.
const LEAVING: Duration = Duration::from_secs(1);

/// What is known of the page.
#[derive(Debug, Default)]
pub(super) struct Page {
    hidden_since: Option<Time>,
    cached: bool,
    /// Until when the page may be about to be left.
    leaving: Option<Time>,
    /// An end within that time, and the application's decision about it.
    end: Option<(Closed, Option<bool>)>,
}

impl Page {
    pub(super) fn is_hidden(&self) -> bool {
        self.hidden_since.is_some()
    }

    pub(super) fn hide(&mut self, now: Time) {
        self.hidden_since.get_or_insert(now);
    }

    pub(super) fn show(&mut self) {
        self.hidden_since = None;
        self.cached = false;
    }

    /// The page runs again. If it is hidden still, that time begins now.
    pub(super) fn resume(&mut self, now: Time) {
        self.cached = false;
        self.hidden_since = self.hidden_since.map(|_| now);
    }

    pub(super) fn leave(&mut self, now: Time) {
        self.leaving = Some(now + LEAVING);
    }

    pub(super) fn take_end(&mut self) -> Option<(Closed, Option<bool>)> {
        self.end.take()
    }

    pub(super) fn forget_end(&mut self) {
        self.end = None;
    }
}

impl<M> Link<M> {
    /// Whether no attempt is to be made at present.
    pub(super) fn is_paused(&self) -> bool {
        let passed = |after| self.hidden_for(after).is_some_and(|at| at <= self.now);
        self.config.reconnect.is_some()
            && (self.page.cached
                || passed(self.config.pause_hidden_after)
                || passed(self.config.close_hidden_after))
    }

    /// The moment at which the page has been hidden for a time.
    fn hidden_for(&self, after: Option<Duration>) -> Option<Time> {
        Some(self.page.hidden_since? + after?)
    }

    /// When something is to pause that does not yet.
    pub(super) fn pause_at(&self) -> Option<Time> {
        self.config.reconnect.as_ref()?;
        let close = self.hidden_for(self.config.close_hidden_after);
        match self.phase {
            Phase::Open { .. } => close,
            Phase::Waiting { until } if until < Time::NEVER => {
                Time::earliest(&[close, self.hidden_for(self.config.pause_hidden_after)])
            }
            _ => None,
        }
    }

    /// Pauses what is to pause by now.
    pub(super) fn pause_passed(&mut self) {
        if self.pause_at().is_some_and(|at| at <= self.now) {
            self.pause();
        }
    }

    fn pause(&mut self) {
        if matches!(self.phase, Phase::Closing { by_caller: true, .. }) {
            return;
        }
        if let Some(generation) = self.generation() {
            let was_open = self.phase.opened().is_some();
            let reason = "the page is hidden";
            self.give_up_on(generation, Closed::abnormal(ClosedBy::Paused, was_open, reason));
        } else if let Phase::Waiting { until } = &mut self.phase {
            *until = Time::NEVER;
            self.report();
        }
    }

    pub(super) fn cached(&mut self) {
        if self.config.reconnect.is_some() {
            self.page.cached = true;
            self.pause();
        }
    }

    /// The application connects whatever the page is: the time for which it may be hidden begins now.
    pub(super) fn unpause(&mut self) {
        self.page.resume(self.now);
    }

    /// The current socket has ended by itself. That the page may be about to be left can be why; the socket counts as
    /// closing for as long as that is open.
    pub(super) fn ended_now_or_later(&mut self, closed: Closed, decision: Option<bool>) {
        let leaving = self.page.leaving.filter(|until| self.now < *until);
        match (leaving, &self.phase) {
            (
                Some(until),
                Phase::Open { generation, .. } | Phase::Closing { generation, by_caller: false, .. },
            ) => {
                let (generation, opened) = (*generation, self.phase.opened());
                self.page.end = Some((closed, decision));
                self.phase =
                    Phase::Closing { generation, opened, by_caller: false, deadline: Deadline::new(until) };
                self.poll = None;
                self.report();
            }
            _ => self.disconnected(closed, decision),
        }
    }
}
