//! Sending: what goes to the socket now, what waits, and when to look at the socket's buffer again.

use alloc::vec::Vec;

use super::Link;
use super::phase::Phase;
use super::pulse::{Progress, Pulse};
use crate::{Event, Generation, Output, Overflow, Refusal, Refused, Time};

/// A browser does not say when `bufferedAmount` falls, so it is looked at: first after so many microseconds, then after
/// twice as long each time while nothing moves, up to `POLL_SLOWEST`.
const POLL_FIRST: u64 = 4_000;
const POLL_SLOWEST: u64 = 64_000;

impl<M> Link<M> {
    /// Sends a message of `len` bytes: it is transmitted at once if the link is open and the socket's buffer below
    /// the high watermark, otherwise queued.
    ///
    /// # Errors
    /// Hands the message back when the queue has no room for it or the link is closing or closed.
    pub fn send(&mut self, now: Time, message: M, len: usize) -> Result<(), Refused<M>> {
        self.now = now;
        if let Some(generation) = self.try_transmit(len) {
            self.outputs.push_back(Output::Transmit { generation, message, len });
            return Ok(());
        }
        if !self.takes_messages() {
            return Err(Refused { message, reason: Refusal::Closed });
        }
        let mut evicted = Vec::new();
        let taken = match self.queue.push(message, len, &mut evicted) {
            // While the link is open every message gets its turn, however large.
            Err(Refused { message, reason: Refusal::TooLarge { .. } }) if self.is_open() => {
                Err(Refused { message, reason: Refusal::Full })
            }
            taken => taken,
        };
        if !evicted.is_empty() {
            self.event(Event::Evicted(evicted));
        }
        taken
    }

    /// If a message of `len` bytes may be handed to the socket by the caller itself, at once, counts it and returns
    /// the socket's number; otherwise nothing changes. It spares an allocation for each message and needs no
    /// draining afterwards unless [`is_congested`](Self::is_congested) has become true.
    #[must_use]
    pub fn try_transmit(&mut self, len: usize) -> Option<Generation> {
        let Phase::Open { generation, .. } = self.phase else { return None };
        if self.congested || !self.queue.is_empty() {
            return None;
        }
        self.count_transmitted(len);
        Some(generation)
    }

    /// Whether a message of `len` bytes would be taken now without evicting another.
    #[must_use]
    pub fn has_room(&self, len: usize) -> bool {
        let direct = self.is_open() && !self.congested && self.queue.is_empty();
        direct || (self.takes_messages() && self.queue.has_room(len))
    }

    /// Whether a sender should wait for room rather than get its message back.
    #[must_use]
    pub fn overflow(&self) -> Overflow {
        self.queue.limits().overflow
    }

    /// True from the moment when the socket's buffer reaches the high watermark until it has fallen to the low
    /// one.
    #[must_use]
    pub fn is_congested(&self) -> bool {
        self.congested
    }

    /// How many messages wait in the queue, and their bytes.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        (self.queue.len(), self.queue.bytes())
    }

    /// True when nothing waits in the queue and, by the socket's last word, nothing in its buffer.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.queue.is_empty() && self.buffered == 0
    }

    /// Has the link look at the socket's buffer from time to time until [`is_drained`](Self::is_drained).
    pub fn watch_drain(&mut self, now: Time) {
        self.now = now;
        self.watching_drain = !self.is_drained();
        self.poll_soon();
    }

    /// Empties the queue and returns what was in it, for an application whose next connection belongs to somebody
    /// else.
    pub fn take_queue(&mut self) -> Vec<M> {
        self.queue.take()
    }

    fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// False when the link is closed or this end is closing it: nothing more is taken.
    #[must_use]
    pub fn takes_messages(&self) -> bool {
        !matches!(self.phase, Phase::Closed | Phase::Closing { by_caller: true, .. })
    }

    /// Transmits what the socket's buffer has room for.
    pub(super) fn transmit_ready(&mut self) {
        if let Phase::Open { generation, .. } = self.phase {
            while !self.congested {
                let Some((message, len)) = self.queue.pop() else { break };
                self.count_transmitted(len);
                self.outputs.push_back(Output::Transmit { generation, message, len });
            }
        }
    }

    /// Transmits the whole queue, whatever the socket's buffer holds.
    pub(super) fn transmit_all(&mut self, generation: Generation) {
        while let Some((message, len)) = self.queue.pop() {
            self.count_transmitted(len);
            self.outputs.push_back(Output::Transmit { generation, message, len });
        }
    }

    fn count_transmitted(&mut self, len: usize) {
        self.buffered = self.buffered.saturating_add(len as u64);
        self.mind_watermarks();
    }

    /// Congested from the high watermark on.
    pub(super) fn mind_watermarks(&mut self) {
        if self.is_open() && self.buffered >= self.high_mark() {
            self.congested = true;
            self.poll_soon();
        }
    }

    /// The high watermark at present. A hidden page's timers are throttled, to one a minute in the end: what feeds the
    /// socket until the next must lie in its buffer, which may therefore hold as much as the queue.
    pub(super) fn high_mark(&self) -> u64 {
        let high = self.config.watermarks.high;
        if self.hidden.is_some() { high.max(self.queue.limits().bytes as u64) } else { high }
    }

    /// Takes the socket's word on its buffer and says what became of that which lay in it at the last word. What
    /// was handed to it since lies behind.
    pub(super) fn note_buffered(&mut self, bytes: u64) -> Progress {
        let handed_since = self.buffered - self.reported_buffered;
        let rest = bytes.saturating_sub(handed_since);
        let fell = rest < self.reported_buffered;
        self.buffered = bytes;
        self.reported_buffered = bytes;
        if bytes <= self.config.watermarks.low || (self.hidden.is_some() && bytes < self.high_mark()) {
            self.congested = false;
        }
        if self.is_drained() {
            self.watching_drain = false;
        }
        if !self.wants_poll() {
            self.poll = Time::NEVER;
        } else {
            // Whoever waits for room wants to know soon; a ping's deadline has time.
            if fell && (self.congested || self.watching_drain) {
                self.poll = Time::NEVER;
            }
            self.poll_soon();
        }
        match rest {
            0 => Progress::Gone { moved: fell },
            _ if fell => Progress::Some,
            _ => Progress::None,
        }
    }

    /// A ping lies behind what lies in the buffer now: at the next word that is what counts.
    pub(super) fn mark_ping(&mut self) {
        self.reported_buffered = self.buffered;
        self.poll_soon();
    }

    /// The moment to look at the buffer has passed; [`Input::Buffered`](crate::Input::Buffered) came before it.
    pub(super) fn poll_passed(&mut self) {
        if self.poll <= self.now {
            self.poll = Time::NEVER;
            self.schedule_poll((self.poll_pause * 2).min(POLL_SLOWEST));
        }
    }

    /// The buffer belonged to another socket.
    pub(super) fn reset_buffer(&mut self) {
        self.buffered = 0;
        self.reported_buffered = 0;
        self.congested = false;
        self.poll = Time::NEVER;
        self.watching_drain &= !self.is_drained();
    }

    /// Looks at the buffer after the shortest time, if anybody wants to know and no look is due.
    pub(super) fn poll_soon(&mut self) {
        self.schedule_poll(POLL_FIRST);
    }

    fn wants_poll(&self) -> bool {
        let Phase::Open { pulse, .. } = &self.phase else { return false };
        let ping_waits = self.buffered > 0 && pulse.as_ref().is_some_and(Pulse::is_waiting);
        self.congested || ping_waits || (self.watching_drain && !self.is_drained())
    }

    fn schedule_poll(&mut self, pause: u64) {
        if self.poll == Time::NEVER && self.wants_poll() {
            self.poll = self.now.after_micros(pause);
            self.poll_pause = pause;
        }
    }
}
