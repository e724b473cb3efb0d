//! The link: the life of one logical connection, over as many sockets as it takes.

mod advice;
pub(crate) mod check;
mod clocks;
pub(crate) mod config;
mod deadline;
pub(crate) mod io;
mod patience;
mod pulse;
pub(crate) mod queue;
pub(crate) mod state;

mod input;
mod phase;
mod send;

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use crate::random::Random;
use crate::{Close, Closed, ClosedBy, Event, Generation, LinkConfig, Output, State, Time};
use clocks::Clocks;
use patience::Patience;
use phase::{Phase, SPACING};
use queue::Queue;

/// The state machine of one logical connection.
///
/// Time and input come in ([`open`](Self::open), [`reconnect`](Self::reconnect), [`close`](Self::close),
/// [`send`](Self::send), [`handle_input`](Self::handle_input)); actions come out of
/// [`poll_output`](Self::poll_output).
///
/// **After every mutation, drain [`poll_output`](Self::poll_output) until it returns [`Output::Wait`] before the
/// next.** Then call [`handle_input`](Self::handle_input) with [`Input::Timeout`](crate::Input::Timeout) at the
/// moment that `Wait` names, unless something else comes first.
///
/// What holds whatever comes in:
/// - At most one socket is live: an [`Output::Open`] follows only after the one before it was disconnected or
///   abandoned. Input of any other generation changes nothing.
/// - Every message that [`send`](Self::send) took comes out exactly once: as [`Output::Transmit`], in the order of
///   sending, or in [`Event::Unsent`] or [`Event::Evicted`], or from [`take_queue`](Self::take_queue).
/// - Every state but [`State::Closed`] ends by itself: `Wait` names a moment in each state that needs one. A
///   [`State::Waiting`] that is paused ends with [`Input::Visible`](crate::Input::Visible) or
///   [`Input::Resumed`](crate::Input::Resumed).
#[derive(Debug)]
pub struct Link<M> {
    config: LinkConfig,
    random: Random,
    phase: Phase,
    /// The number of the newest socket; 0 before the first.
    newest: u64,
    /// Attempts in a row that did not lead to a stable connection.
    failures: u32,
    /// Those of them that count for the limit on attempts.
    counted_failures: u32,
    /// Waits in a row since the last stable connection, the present one included.
    retries: u32,
    /// When the newest attempt began, if there was one.
    attempted: Time,
    /// Until when the server wants no attempt.
    not_before: Time,
    /// The present connection has done what it is for.
    proved: bool,
    /// Since when the machine has said that it has no network.
    offline: Option<Time>,
    /// Since when the page is hidden, by a clock that goes on while the machine sleeps.
    hidden: Option<Time>,
    paused: bool,
    clocks: Clocks,
    /// Until when inputs count as late, since one came that was later than the timer.
    late_until: Time,
    patience: Patience,
    queue: Queue<M>,
    /// How much lies in the socket's own buffer, by its last word and what was handed to it since.
    buffered: u64,
    /// The socket's last word alone.
    reported_buffered: u64,
    /// Set at the high watermark, cleared at the low one.
    congested: bool,
    /// Somebody waits until everything has left.
    watching_drain: bool,
    /// When to look at the socket's buffer again, and how many microseconds that is after the time before.
    poll: Time,
    poll_pause: u64,
    outputs: VecDeque<Output<M>>,
    reported: State,
    last_closed: Option<Closed>,
    now: Time,
}

impl<M> Link<M> {
    /// A link that is closed until [`open`](Self::open) is called.
    #[must_use]
    pub fn new(config: LinkConfig) -> Self {
        Self {
            random: Random::new(config.seed),
            queue: Queue::new(config.queue),
            config,
            phase: Phase::Closed,
            newest: 0,
            failures: 0,
            counted_failures: 0,
            retries: 0,
            attempted: Time::default(),
            not_before: Time::default(),
            proved: false,
            offline: None,
            hidden: None,
            paused: false,
            clocks: Clocks::default(),
            late_until: Time::default(),
            patience: Patience::default(),
            buffered: 0,
            reported_buffered: 0,
            congested: false,
            watching_drain: false,
            poll: Time::NEVER,
            poll_pause: 0,
            outputs: VecDeque::new(),
            reported: State::Closed,
            last_closed: None,
            now: Time::default(),
        }
    }

    /// Begins to connect, if the link is closed; otherwise nothing changes.
    pub fn open(&mut self, now: Time) {
        self.now = now;
        if matches!(self.phase, Phase::Closed) {
            self.reset_failures();
            self.paused = false;
            self.start_attempt();
        }
    }

    /// Connects at once, whatever the state: gives up the present connection or attempt, skips the rest of a
    /// wait, revives a closed link. Counts as a first attempt. What waits in the queue goes over the new
    /// connection: nothing more is handed to the one that is left.
    pub fn reconnect(&mut self, now: Time) {
        self.now = now;
        self.replace("reconnect was called");
    }

    /// Closes. An open connection transmits what is queued and then goes through the close handshake; what can't
    /// be transmitted comes back as [`Event::Unsent`]. Nothing changes if the link is closing by its own will or
    /// closed.
    pub fn close(&mut self, now: Time, close: Close) {
        self.now = now;
        match self.phase {
            Phase::Closed | Phase::Closing { by_caller: true, .. } => {}
            Phase::Waiting { .. } => {
                let mut closed = Closed::abnormal(ClosedBy::Caller, false, close.reason());
                closed.code = close.code().unwrap_or(1005);
                self.end(closed);
            }
            Phase::Open { generation, opened, .. } => {
                self.transmit_all(generation);
                self.begin_closing(generation, Some(opened), Some(close));
            }
            Phase::Connecting { generation, .. } => self.begin_closing(generation, None, Some(close)),
            Phase::Closing { generation, opened, deadline, .. } => {
                // The server began the handshake; the caller only makes sure that nothing follows.
                self.phase = Phase::Closing { generation, opened, deadline, by_caller: true };
            }
        }
        self.report();
    }

    /// Leaves the current connection, if there is one, for a reason of this end's own, such as
    /// [`ClosedBy::Overflow`]. Whether another attempt follows is for [`Closed::is_retryable`] to say.
    pub fn abort(&mut self, now: Time, by: ClosedBy, reason: &str) {
        self.now = now;
        self.give_up(by, reason);
    }

    /// Ends a wait at once, as when the page becomes visible: the attempt that follows has what it needs now. At most one
    /// attempt a second begins so, and none while attempts are paused.
    pub fn retry_now(&mut self, now: Time) {
        self.now = now;
        self.end_wait(SPACING);
    }

    /// Makes no further attempt: a wait ends in [`State::Closed`], and what is queued comes back. Any other state
    /// stays. It is for an application that wants no more after an end that the link itself found.
    pub fn stop(&mut self, now: Time) {
        self.now = now;
        if matches!(self.phase, Phase::Waiting { .. }) {
            self.phase = Phase::Closed;
            self.unsent();
            self.report();
        }
    }

    /// The next action, or [`Output::Wait`] when there is none before the moment it names.
    pub fn poll_output(&mut self) -> Output<M> {
        self.outputs
            .pop_front()
            .unwrap_or_else(|| Output::Wait(Some(self.wake()).filter(|at| *at < Time::NEVER)))
    }

    /// Where the link is.
    #[must_use]
    pub fn state(&self) -> State {
        match self.phase {
            Phase::Connecting { .. } => State::Connecting { attempt: self.attempt() },
            Phase::Open { .. } => State::Open,
            Phase::Closing { .. } => State::Closing,
            Phase::Waiting { until } => State::Waiting { attempt: self.attempt(), until },
            Phase::Closed => State::Closed,
        }
    }

    /// How the last connection ended, if one has.
    #[must_use]
    pub fn last_closed(&self) -> Option<&Closed> {
        self.last_closed.as_ref()
    }

    /// The number of the socket that is connecting, open or closing.
    #[must_use]
    pub fn generation(&self) -> Option<Generation> {
        self.phase.generation()
    }

    /// True if `generation` is the present socket's number: what others say is to be ignored.
    #[must_use]
    pub fn is_current(&self, generation: Generation) -> bool {
        self.generation() == Some(generation)
    }

    /// Whether the present socket is or was open.
    #[must_use]
    pub fn has_been_open(&self) -> bool {
        self.phase.opened().is_some()
    }

    /// The number of the present attempt, or of the one that follows.
    fn attempt(&self) -> u32 {
        self.failures.saturating_add(1)
    }

    fn event(&mut self, event: Event<M>) {
        self.outputs.push_back(Output::Event(event));
    }

    /// Tells the application of a new state, once.
    fn report(&mut self) {
        let state = self.state();
        if state != self.reported {
            self.reported = state;
            self.event(Event::State(state));
        }
    }

    fn unsent(&mut self) {
        let unsent: Vec<M> = self.queue.take();
        if !unsent.is_empty() {
            self.event(Event::Unsent(unsent));
        }
    }
}
