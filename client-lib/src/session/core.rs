//! The core of a session object: its machine, those who wait for it, and the telling of what happens.
//!
//! Whatever changes the machine ends in [`Core::follow`]: it takes the machine's events, tells them once nothing is
//! borrowed, so that a callback may send, subscribe, close and reconnect, and has the driver task transmit at the end of
//! the event loop's turn. So events are always told before anything more is transmitted.

use std::cell::{Cell, OnceCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};
use std::time::Duration;

use rejoin_protocol::Time;
use rejoin_protocol::session::{
    ClientEvent, ClientSession, Publication, SessionMessage, Settlement, SubscriptionId,
};
use rejoin_protocol::wire::{BatchWriter, Denial, WireLimits};

use super::call::Calling;
use super::closing::Closing;
use super::keeper::Kept;
use super::slot::Slots;
use super::source::Credentials;
use super::{Left, SessionEvent, SessionMetrics, SessionState};
use crate::Handle;
use crate::driver::Driver;
use crate::line::Line;
use crate::options::Rider;
use crate::slim_cell::SlimCell;
use crate::state::{Watch, register, wake};
use crate::timer::{Timed, Timer, now};

pub(crate) type OnMessage = Rc<Box<dyn Fn(SessionMessage)>>;
pub(crate) type OnEvent = Rc<Box<dyn Fn(SessionEvent)>>;

/// What is to be told, in order.
pub(crate) enum News {
    Machine(ClientEvent),
    Event(SessionEvent),
}

/// What those who wait for room or for an end may wait for.
#[derive(Clone, Copy, PartialEq, Default)]
struct Standing {
    queued: ((usize, u64), (usize, u64)),
    unanswered: (usize, u64),
    channels: usize,
    live: bool,
    over: bool,
}

pub(crate) struct Core {
    pub(crate) this: Weak<Self>,
    pub(crate) machine: SlimCell<ClientSession>,
    /// The connection below.
    pub(crate) socket: Handle,
    pub(crate) credentials: Rc<Credentials>,
    pub(crate) keeper: Option<Kept>,
    pub(crate) drain_timeout: Duration,
    /// How many bytes of lost messages are kept for a reader.
    pub(crate) lost_bytes: u64,
    pub(crate) wire: WireLimits,
    #[cfg(feature = "inspect")]
    pub(crate) inspector: super::inspect::Inspector,
    pub(crate) writer: SlimCell<BatchWriter>,
    pub(crate) receipts: Slots<Publication, Settlement>,
    pub(crate) calls: OnceCell<Box<dyn Calling>>,
    pub(crate) metrics: SlimCell<SessionMetrics>,
    pub(crate) watch: Rc<Watch<SessionState>>,
    pub(crate) closing: Cell<Option<Closing>>,
    pub(crate) left: SlimCell<Left>,
    pub(crate) timer: Timer,
    /// A ping of the keep-alive is due, and the nonce of the last one.
    pub(crate) ping: Cell<bool>,
    pub(crate) nonce: Cell<u64>,
    /// How many attempts in a row reached a server that does not speak this protocol, and how many end the session.
    pub(crate) disagreed: Cell<u32>,
    pub(crate) max_disagreed: Option<u32>,
    /// Why the session ended, once it has.
    pub(crate) ended: SlimCell<Option<Denial>>,
    /// The driver task, while it sleeps, and whether there is something for it.
    pub(crate) task: Cell<Option<Waker>>,
    pub(crate) dirty: Cell<bool>,
    pub(crate) news: SlimCell<VecDeque<News>>,
    pub(crate) telling: Cell<bool>,
    pub(crate) on_message: SlimCell<Option<OnMessage>>,
    pub(crate) on_event: SlimCell<Option<OnEvent>>,
    /// Events that nobody has read.
    pub(crate) unread: SlimCell<VecDeque<SessionEvent>>,
    pub(crate) event_readers: SlimCell<Vec<Waker>>,
    pub(crate) reader: SlimCell<Vec<Waker>>,
    feeds: SlimCell<Vec<(SubscriptionId, Waker)>>,
    pub(crate) waiting: SlimCell<Vec<Waker>>,
    /// Those who wait for room for a message, and for a publication.
    pub(crate) senders: Line,
    pub(crate) publishers: Line,
    standing: Cell<Standing>,
    /// When the state became what it is.
    since: Cell<Time>,
}

/// What a core is made with.
pub(crate) struct Setup {
    pub(crate) machine: ClientSession,
    pub(crate) credentials: Rc<Credentials>,
    pub(crate) keeper: Option<Kept>,
    pub(crate) drain_timeout: Duration,
    pub(crate) lost_bytes: u64,
    pub(crate) max_disagreed: Option<u32>,
}

impl Core {
    pub(crate) fn new(this: &Weak<Self>, socket: Handle, setup: Setup) -> Self {
        Self {
            this: this.clone(),
            machine: SlimCell::new(setup.machine),
            socket,
            credentials: setup.credentials,
            keeper: setup.keeper,
            drain_timeout: setup.drain_timeout,
            lost_bytes: setup.lost_bytes,
            wire: WireLimits::default(),
            #[cfg(feature = "inspect")]
            inspector: super::inspect::Inspector::default(),
            writer: SlimCell::default(),
            receipts: Slots::new(),
            calls: OnceCell::new(),
            metrics: SlimCell::default(),
            watch: Watch::new(SessionState::Connecting { attempt: 1 }),
            closing: Cell::new(None),
            left: SlimCell::default(),
            timer: Timer::new(this.clone()),
            ping: Cell::new(false),
            nonce: Cell::new(0),
            disagreed: Cell::new(0),
            max_disagreed: setup.max_disagreed,
            ended: SlimCell::default(),
            task: Cell::new(None),
            dirty: Cell::new(false),
            news: SlimCell::default(),
            telling: Cell::new(false),
            on_message: SlimCell::default(),
            on_event: SlimCell::default(),
            unread: SlimCell::default(),
            event_readers: SlimCell::default(),
            reader: SlimCell::default(),
            feeds: SlimCell::default(),
            waiting: SlimCell::default(),
            senders: Line::default(),
            publishers: Line::default(),
            standing: Cell::default(),
            since: Cell::new(now()),
        }
    }

    /// Changes the machine, then tells what came of it.
    pub(crate) fn step<R>(&self, change: impl FnOnce(&mut ClientSession, Time) -> R) -> R {
        let result = change(&mut self.machine.borrow_mut(), now());
        self.follow();
        result
    }

    /// Tells what a change brought, and has the driver task look at what is to go.
    #[inline(never)]
    pub(crate) fn follow(&self) {
        self.gather();
        self.tell_all();
        self.wake_if_changed();
        self.wake_task();
    }

    /// Takes the machine's events.
    pub(crate) fn gather(&self) {
        let mut machine = self.machine.borrow_mut();
        let mut news = self.news.borrow_mut();
        while let Some(event) = machine.poll_event() {
            news.push_back(News::Machine(event));
        }
    }

    pub(crate) fn note(&self, event: SessionEvent) {
        self.news.borrow_mut().push_back(News::Event(event));
    }

    pub(crate) fn wake_feed(&self, id: SubscriptionId) {
        if let Some(waker) = self.forget_feed(id) {
            waker.wake();
        }
    }

    /// Wakes who waits if there is something new to see.
    fn wake_if_changed(&self) {
        let machine = self.machine.borrow();
        let standing = Standing {
            queued: machine.queued(),
            unanswered: machine.unanswered(),
            channels: machine.open_channels(),
            live: machine.is_live(),
            over: machine.is_over(),
        };
        drop(machine);
        if self.standing.replace(standing) != standing {
            wake(&self.waiting);
        }
    }

    /// Has the driver task run at the end of the present turn of the event loop.
    pub(crate) fn wake_task(&self) {
        self.dirty.set(true);
        if let Some(task) = self.task.take() {
            task.wake();
        }
    }

    /// Brings the state up to date.
    pub(crate) fn refresh(&self) {
        let state = self.present_state();
        let before = self.watch.get();
        if before == state {
            return;
        }
        let moment = now();
        let time = moment.since(self.since.replace(moment));
        let mut metrics = self.metrics.borrow_mut();
        match before {
            SessionState::Live => metrics.live_for = metrics.live_for.saturating_add(time),
            SessionState::Ended(_) => {}
            _ => metrics.away_for = metrics.away_for.saturating_add(time),
        }
        drop(metrics);
        self.watch.set(state);
        wake(&self.waiting);
        // Who waits for a message may wait for the end.
        wake(&self.reader);
    }

    pub(crate) fn in_state_for(&self) -> Duration {
        now().since(self.since.get())
    }

    fn present_state(&self) -> SessionState {
        use crate::State;
        if let Some(denial) = &*self.ended.borrow() {
            return SessionState::Ended(denial.clone());
        }
        if self.closing.get().is_some() {
            return SessionState::Closing;
        }
        match self.socket.driver().watch.get() {
            State::Connecting { attempt } => SessionState::Connecting { attempt },
            State::Open if self.machine.borrow().is_live() => SessionState::Live,
            State::Open => SessionState::Greeting,
            State::Waiting { attempt, delay, last } => SessionState::Waiting { attempt, delay, last },
            // The session's own end is told by `ended`, so that another attempt follows.
            _ => self.watch.get(),
        }
    }

    // For the handles.

    pub(crate) fn register_reader(&self, context: &Context<'_>) {
        register(&self.reader, context);
    }

    pub(crate) fn register_feed(&self, id: SubscriptionId, context: &Context<'_>) {
        drop(self.forget_feed(id));
        self.feeds.borrow_mut().push((id, context.waker().clone()));
    }

    /// Who reads a feed is no longer to be woken.
    pub(crate) fn forget_feed(&self, id: SubscriptionId) -> Option<Waker> {
        let mut feeds = self.feeds.borrow_mut();
        let index = feeds.iter().position(|(other, _)| *other == id)?;
        Some(feeds.swap_remove(index).1)
    }

    /// Remembers whom to wake when there is room, or the state is another.
    pub(crate) fn register(&self, context: &Context<'_>) {
        register(&self.waiting, context);
    }

    /// Wakes all who read or wait, because nothing more comes.
    pub(crate) fn wake_all(&self) {
        for wakers in [&self.reader, &self.waiting, &self.event_readers] {
            wake(wakers);
        }
        for (_, waker) in &self.feeds.take() {
            waker.wake_by_ref();
        }
    }
}

impl Rider for Weak<Core> {
    fn ping(&self, _: &Driver) {
        if let Some(core) = self.upgrade() {
            core.ping.set(true);
            core.wake_task();
        }
    }

    fn hurry(&self) {
        let Some(core) = self.upgrade() else { return };
        // Nothing is told of it, and the machine may be in use by who hid the page.
        if let Ok(mut machine) = core.machine.try_borrow_mut() {
            machine.hurry();
        }
        core.wake_task();
    }
}

impl Timed for Core {
    fn timeout(&self) {
        self.timer.fired();
        self.wake_task();
    }
}
