//! What each input does to the link, and when the link wants to be woken.

use super::Link;
use super::phase::Phase;
use super::pulse::{Beat, Pulse};
use crate::{Closed, ClosedBy, Event, Generation, Input, Output, Time};

impl<M> Link<M> {
    /// Takes one input. Input of a generation that is not the current one changes nothing.
    pub fn handle_input(&mut self, now: Time, input: Input) {
        self.now = now;
        if input.generation().is_some_and(|generation| !self.is_current(generation)) {
            return;
        }
        match input {
            Input::Dialing { .. } => self.dialing(),
            Input::Opened { generation } => {
                if matches!(self.phase, Phase::Connecting { .. }) {
                    self.opened(generation);
                }
            }
            Input::Received { .. } => {
                if let Some(pulse) = self.pulse() {
                    pulse.life();
                }
            }
            Input::Pong { .. } => self.pong(),
            Input::Buffered { bytes, .. } => self.buffered(bytes),
            Input::PeerClosing { generation } => {
                if let Phase::Open { opened, .. } = self.phase {
                    self.begin_closing(generation, Some(opened), None);
                }
            }
            Input::Disconnected { closed, reconnect, .. } => self.disconnected(closed, reconnect),
            Input::Online => {
                self.offline = false;
                self.hurry();
                self.probe();
            }
            Input::Offline => {
                // Only the first word counts, or one repeated often enough would put attempts off for ever.
                if !self.offline {
                    self.offline = true;
                    self.linger();
                }
                self.probe();
            }
            Input::Hidden => {
                self.hidden = true;
                self.congested &= self.buffered >= self.high_mark();
                if !self.congested {
                    self.transmit_ready();
                }
            }
            Input::Visible => {
                self.hidden = false;
                self.paused = false;
                self.mind_watermarks();
                self.hurry();
                self.probe();
            }
            // Nothing runs while frozen, so nothing is to be done for it but what the clock's jump brings.
            Input::Frozen => {}
            Input::Pause { close } => self.pause(close),
            Input::Resumed => {
                self.paused = false;
                self.hurry();
                self.probe();
            }
            Input::Timeout => self.timeout(),
        }
    }

    /// A shorter [`Input::Received`] for the hot path: returns whether `generation` is the present connection, so that
    /// its message counts. It needs no clock and no draining.
    #[must_use]
    pub fn received(&mut self, generation: Generation) -> bool {
        let current = self.is_current(generation);
        if current && let Some(pulse) = self.pulse() {
            pulse.life();
        }
        current
    }

    pub(super) fn pulse(&mut self) -> Option<&mut Pulse> {
        match &mut self.phase {
            Phase::Open { pulse, .. } => pulse.as_mut(),
            _ => None,
        }
    }

    fn pong(&mut self) {
        let now = self.now;
        if let Some(round_trip) = self.pulse().and_then(|pulse| pulse.pong(now)) {
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
        if let Some(pulse) = self.pulse() {
            pulse.progress(now, progress);
        }
        if !self.congested {
            self.transmit_ready();
        }
    }

    fn probe(&mut self) {
        let now = self.now;
        if let Some(beat) = self.pulse().map(|pulse| pulse.probe(now)) {
            self.obey(beat);
        }
    }

    fn timeout(&mut self) {
        let now = self.now;
        if let Some(beat) = self.pulse().map(|pulse| pulse.timeout(now)) {
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
            Beat::Dead => {
                let reason = "nothing came within the keep-alive's deadline";
                self.give_up_on(generation, Closed::abnormal(ClosedBy::KeepAlive, true, reason));
            }
        }
    }

    /// The moment of the nearest deadline.
    pub(super) fn wake(&self) -> Option<Time> {
        let of_phase = match &self.phase {
            Phase::Connecting { deadline, .. } | Phase::Closing { deadline, .. } => Some(deadline.at()),
            Phase::Waiting { until } => Some(*until).filter(|until| *until < Time::NEVER),
            Phase::Open { pulse, .. } => pulse.as_ref().map(Pulse::wake),
            Phase::Closed => None,
        };
        let of_poll = self.poll.map(|(at, _)| at);
        Time::earliest(&[of_phase, of_poll])
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
