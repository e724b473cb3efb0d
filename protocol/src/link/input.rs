//! What each input does to the link, and when the link wants to be woken.

use super::Link;
use super::deadline::OVERDUE;
use super::patience::Patience;
use super::phase::{HINT_SPACING, Phase};
use super::pulse::{Beat, Pulse};
use crate::{ClosedBy, Event, Generation, Input, Output, Time};

impl<M> Link<M> {
    /// Takes one input. Input of a generation that is not the current one changes nothing.
    pub fn handle_input(&mut self, now: Time, input: Input) {
        self.now = now;
        if now.micros_since(self.wake()) >= OVERDUE {
            self.late_until = now.after_micros(OVERDUE);
        }
        match input.generation() {
            Some(generation) if !self.is_current(generation) => return,
            Some(_) => {}
            None => self.compare_clocks(),
        }
        match input {
            Input::Dialing { .. } => self.dialing(),
            Input::Opened { generation } => {
                if matches!(self.phase, Phase::Connecting { .. }) {
                    self.opened(generation);
                }
            }
            Input::Received { .. } => self.life(),
            Input::Pong { .. } => self.pong(),
            Input::Buffered { bytes, .. } => self.buffered(bytes),
            Input::PeerClosing { generation } => {
                if let Phase::Open { opened, .. } = self.phase {
                    self.begin_closing(generation, Some(opened), None);
                }
            }
            Input::Disconnected { closed, reconnect, .. } => self.disconnected(closed, reconnect),
            Input::Online => {
                let since = self.offline.take();
                self.came_back(since);
            }
            Input::Offline => {
                // Only the first word counts, or one repeated often enough would put attempts off for ever.
                if self.offline.is_none() {
                    self.offline = Some(self.time_with_sleep());
                    self.extend_wait();
                }
                self.probe();
            }
            Input::NetworkChanged => {
                self.probe_and_retry(HINT_SPACING);
            }
            Input::Hidden => {
                let now = self.time_with_sleep();
                self.hidden.get_or_insert(now);
                self.congested &= self.buffered >= self.high_mark();
                if !self.congested {
                    self.transmit_ready();
                }
            }
            Input::Visible => {
                self.paused = false;
                let since = self.hidden.take();
                self.begin_checks();
                self.mind_watermarks();
                self.came_back(since);
            }
            // Nothing runs while frozen, so nothing is to be done for it but what the clock's jump brings.
            Input::Frozen => {}
            Input::Pause { close } => self.pause(close),
            Input::Resumed => {
                self.paused = false;
                self.came_back(None);
            }
            Input::Timeout => self.timeout(),
        }
    }

    /// A shorter [`Input::Received`] for the hot path: returns whether `generation` is the present connection, so that
    /// its message counts. It needs no clock and no draining.
    #[must_use]
    pub fn received(&mut self, generation: Generation) -> bool {
        let current = self.is_current(generation);
        if current {
            self.life();
        }
        current
    }

    fn life(&mut self) {
        if let Some((pulse, patience)) = self.pulse() {
            pulse.life(patience);
        }
    }

    pub(super) fn pulse(&mut self) -> Option<(&mut Pulse, &mut Patience)> {
        match &mut self.phase {
            Phase::Open { pulse, .. } => pulse.as_mut().map(|pulse| (pulse, &mut self.patience)),
            _ => None,
        }
    }

    fn pong(&mut self) {
        let now = self.now;
        if let Some(round_trip) = self.pulse().and_then(|(pulse, patience)| pulse.pong(now, patience)) {
            self.event(Event::RoundTrip(round_trip));
        }
    }

    fn buffered(&mut self, bytes: u64) {
        // What leaves during the close handshake has left as well, or a closing that takes too long would call it lost.
        if !matches!(self.phase, Phase::Open { .. } | Phase::Closing { .. }) {
            return;
        }
        let now = self.now;
        let progress = self.note_buffered(bytes);
        if let Some((pulse, _)) = self.pulse() {
            pulse.progress(now, progress);
        }
        if !self.congested {
            self.transmit_ready();
        }
    }

    #[inline(never)]
    pub(super) fn probe(&mut self) {
        let now = self.now;
        if let Some(beat) = self.pulse().map(|(pulse, _)| pulse.probe(now)) {
            self.obey(beat);
        }
    }

    fn timeout(&mut self) {
        let now = self.now;
        // The word on the socket's buffer, which comes just before, may have set the timer again.
        let late = now < self.late_until;
        if let Some(beat) = self.pulse().map(|(pulse, patience)| pulse.timeout(now, late, patience)) {
            self.obey(beat);
        }
        self.deadline_passed();
        self.poll_passed();
    }

    pub(super) fn obey(&mut self, beat: Beat) {
        let Phase::Open { generation, .. } = self.phase else { return };
        match beat {
            Beat::Nothing => {}
            Beat::Ping => {
                self.outputs.push_back(Output::Ping { generation });
                self.mark_ping();
            }
            Beat::Dead => self.give_up(ClosedBy::KeepAlive, "nothing came within the keep-alive's deadline"),
        }
    }

    /// The moment of the nearest deadline.
    #[inline(never)]
    pub(super) fn wake(&self) -> Time {
        let of_phase = match &self.phase {
            Phase::Connecting { deadline, .. } | Phase::Closing { deadline, .. } => deadline.at(),
            Phase::Waiting { until } => *until,
            Phase::Open { pulse: Some(pulse), .. } => pulse.wake(),
            Phase::Open { pulse: None, .. } | Phase::Closed => Time::NEVER,
        };
        of_phase.min(self.poll).min(self.check_due())
    }
}

impl Input {
    fn generation(&self) -> Option<Generation> {
        match self {
            Self::Dialing { generation }
            | Self::Opened { generation }
            | Self::Received { generation }
            | Self::Pong { generation }
            | Self::Buffered { generation, .. }
            | Self::PeerClosing { generation }
            | Self::Disconnected { generation, .. } => Some(*generation),
            _ => None,
        }
    }
}
