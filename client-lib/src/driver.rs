//! The driver: the only place that drains the link, and what ties it to a socket, a timer and the page.
//!
//! It hands bytes to the socket while the link is borrowed, because the browser calls nothing back from there, and
//! tells the application only after the borrow has ended, so that a callback may open, send, close and reconnect.

use std::cell::{Cell, RefMut};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Context, Waker};
use std::time::Duration;

use rejoin_protocol::{
    Close, Closed, ClosedBy, Generation, Input, Link, LinkConfig, Output, ReadyState, Time,
};

use crate::inbox::Inbox;
use crate::lifecycle::Lifecycle;
use crate::line::Line;
use crate::log::Happening;
use crate::options::Options;
use crate::returned::Returned;
use crate::slim_cell::SlimCell;
use crate::state::{Watch, register, wake};
use crate::timer::{Timed, Timer, now, wall_clock};
use crate::transport::Transport;
use crate::{Event, Incoming, Message, Metrics, SendError, State};

// Boxed as they come: the library's way from a box to a shared trait object is larger than what it saves.
type OnMessage = Rc<Box<dyn Fn(Incoming)>>;
type OnEvent = Rc<Box<dyn Fn(Event)>>;

/// What those who wait may wait for.
#[derive(Clone, Copy, Default, PartialEq)]
struct News {
    state: u64,
    queued: (usize, usize),
    congested: bool,
    drained: bool,
    takes_messages: bool,
}

pub(crate) struct Driver {
    pub(crate) this: Weak<Self>,
    pub(crate) link: SlimCell<Link<Message>>,
    pub(crate) options: Options,
    pub(crate) transport: SlimCell<Option<Transport>>,
    pub(crate) inbox: Inbox,
    pub(crate) watch: Rc<Watch>,
    pub(crate) metrics: SlimCell<Metrics>,
    /// How often a connection ended before all that it had been given had left, or the browser refused a message.
    pub(crate) losses: Cell<u64>,
    /// How many connections and attempts have ended.
    pub(crate) ends: Cell<u64>,
    /// What was never handed to a socket and has not been taken by the application.
    pub(crate) unsent: Returned,
    /// What the present attempt's target wants sent first.
    pub(crate) first: SlimCell<Vec<Message>>,
    pub(crate) timer: Timer,
    /// Since when the page is hidden, if it is.
    pub(crate) hidden_since: Cell<Option<Time>>,
    /// Until when the page may be about to be left, and the end of a socket that came meanwhile.
    pub(crate) leaving_until: Cell<Time>,
    pub(crate) deferred_end: SlimCell<Option<(Generation, u16, String, bool)>>,
    lifecycle: Lifecycle,
    on_message: SlimCell<Option<OnMessage>>,
    pub(crate) on_event: SlimCell<Option<OnEvent>>,
    /// Who waits for room, for a drained buffer or for another state.
    waiting: SlimCell<Vec<Waker>>,
    /// What they were woken for last.
    news: Cell<News>,
    /// What is still to be told, and whether somebody is telling.
    pub(crate) events: SlimCell<VecDeque<Event>>,
    pub(crate) dispatching: Cell<bool>,
    /// Those who wait to send.
    pub(crate) senders: Line,
}

/// What a drained link wants done once it is no longer borrowed.
#[derive(Default)]
struct Chores {
    open: Option<(Generation, u32)>,
    /// Sockets that were asked to close before there was one.
    never_opened: Option<(Generation, Close)>,
}

/// A change of the link under way.
struct Step<'a> {
    link: RefMut<'a, Link<Message>>,
    now: Time,
    chores: Chores,
}

impl Driver {
    // Inlined into where options are made, it would take them apart field by field.
    #[inline(never)]
    pub(crate) fn new(link: LinkConfig, options: Options) -> Rc<Self> {
        let driver = Rc::new_cyclic(|this: &Weak<Self>| Self {
            this: this.clone(),
            unsent: Returned::new(link.queue),
            link: SlimCell::new(Link::new(link)),
            inbox: Inbox::new(options.receive),
            options,
            transport: SlimCell::default(),
            watch: Watch::new(State::Closed(None)),
            metrics: SlimCell::default(),
            losses: Cell::default(),
            ends: Cell::default(),
            first: SlimCell::default(),
            timer: Timer::new(this.clone()),
            hidden_since: Cell::default(),
            leaving_until: Cell::default(),
            deferred_end: SlimCell::default(),
            lifecycle: Lifecycle::new(this.clone()),
            on_message: SlimCell::default(),
            on_event: SlimCell::default(),
            waiting: SlimCell::default(),
            news: Cell::default(),
            events: SlimCell::default(),
            dispatching: Cell::new(false),
            senders: Line::default(),
        });
        if driver.lifecycle.is_hidden() {
            driver.input(Input::Hidden);
        }
        if driver.lifecycle.is_offline() {
            driver.input(Input::Offline);
        }
        driver
    }

    /// Changes the link, then does everything that it asks for. Only the change itself is compiled anew for each use.
    pub(crate) fn step<R>(&self, change: impl FnOnce(&mut Link<Message>, Time) -> R) -> R {
        let mut step = self.begin_step();
        let result = change(&mut step.link, step.now);
        self.finish_step(step);
        result
    }

    #[inline(never)]
    fn begin_step(&self) -> Step<'_> {
        let mut step = Step { link: self.link.borrow_mut(), now: now(), chores: Chores::default() };
        if let Some(generation) = self.noticed_closing(&step.link) {
            step.link.handle_input(step.now, Input::PeerClosing { generation });
            self.drain(&mut step);
        }
        step
    }

    #[inline(never)]
    fn finish_step(&self, mut step: Step<'_>) {
        self.drain(&mut step);
        let Step { link, chores, .. } = step;
        drop(link);
        if let Some((generation, close)) = chores.never_opened {
            let mut closed = Closed::abnormal(ClosedBy::Caller, false, close.reason());
            closed.code = close.code().unwrap_or(1005);
            self.input(Input::Disconnected { generation, closed, reconnect: None });
        }
        if let Some((generation, attempt)) = chores.open {
            self.seek(generation, attempt);
        }
        self.dispatch();
        self.wake_if_changed();
    }

    /// Wakes who waits if there is something new to see. Waking without news would have two who measure the buffer
    /// wake one another for ever.
    fn wake_if_changed(&self) {
        let link = self.link.borrow();
        let news = News {
            state: self.watch.version(),
            queued: link.queued(),
            congested: link.is_congested(),
            drained: link.is_drained(),
            takes_messages: link.takes_messages(),
        };
        drop(link);
        if self.news.replace(news) != news {
            self.wake();
        }
    }

    /// Wakes everybody who waits.
    pub(crate) fn wake(&self) {
        wake(&self.waiting);
    }

    pub(crate) fn input(&self, input: Input) {
        match input {
            Input::Hidden => self.hidden_since.set(Some(now())),
            Input::Visible => self.hidden_since.set(None),
            _ => {}
        }
        if matches!(input, Input::Hidden | Input::Frozen | Input::Pause { .. })
            && let Some(rider) = &self.options.rider
        {
            rider.hurry();
        }
        self.log(&Happening::Input(&input));
        self.step(|link, now| link.handle_input(now, input));
    }

    /// The socket's generation if the browser has begun to close it and the link does not know yet. What is sent to
    /// such a socket is lost without an error.
    pub(crate) fn noticed_closing(&self, link: &Link<Message>) -> Option<Generation> {
        let transport = self.transport.borrow();
        let transport = transport.as_ref().filter(|transport| link.is_current(transport.generation()))?;
        let open = link.state() == rejoin_protocol::State::Open;
        (open && transport.ready_state() > ReadyState::Open).then(|| transport.generation())
    }

    fn drain(&self, Step { link, now, chores }: &mut Step<'_>) {
        loop {
            match link.poll_output() {
                Output::Open { generation, attempt } => chores.open = Some((generation, attempt)),
                Output::Transmit { message, len, .. } => self.transmit(message, len),
                Output::Ping { .. } => {
                    self.log(&Happening::Ping);
                    if let Some(rider) = &self.options.rider {
                        rider.ping(self);
                    }
                }
                Output::Close { generation, close } => match &*self.transport.borrow() {
                    Some(transport) => transport.close(&close),
                    None => chores.never_opened = Some((generation, close)),
                },
                Output::Abandon { close, .. } => {
                    chores.open = None;
                    if let Some(transport) = self.transport.take() {
                        transport.close(&close);
                    }
                }
                Output::Event(event) => self.note(event),
                Output::Wait(at) => {
                    self.timer.set(*now, Time::earliest(&[at, self.page_wake()]));
                    return;
                }
            }
        }
    }

    /// Hands a message to the socket, if it still has the length with which it was sent.
    pub(crate) fn transmit(&self, message: Message, len: usize) {
        let transport = self.transport.borrow();
        let sent = match &*transport {
            Some(_) if message.len() != len => Err(SendError::Changed),
            Some(transport) => transport.send(&message).map_err(SendError::Rejected),
            None => Err(SendError::Closed),
        };
        match sent {
            Ok(()) => {
                self.metrics.borrow_mut().sent += 1;
                self.log(&Happening::Sent(len));
            }
            // The browser takes every message but in states that the link excludes; if it does not, it says so here.
            Err(error) => self.note_unsent(vec![message], error),
        }
    }

    // From the socket.

    pub(crate) fn received(&self, generation: Generation, message: Incoming) {
        if self.options.rider.as_ref().is_some_and(|rider| rider.is_pong(&message)) {
            self.input(Input::Pong { generation });
            return;
        }
        if !self.link.borrow_mut().received(generation) {
            return;
        }
        self.metrics.borrow_mut().received += 1;
        self.log_now(&Happening::Received(&message));
        let handler = self.on_message.borrow().clone();
        match handler {
            Some(handler) => handler(message),
            None if self.inbox.push(message) => {}
            None => {
                self.measure();
                let reason = "more was received than taken: read faster, or raise the receive limits";
                self.step(|link, now| link.abort(now, ClosedBy::Overflow, reason));
            }
        }
    }

    /// A timer, or something that the page says: after it may have slept, so that the clocks are read as well.
    pub(crate) fn hint(&self, input: Input) {
        self.measure();
        self.link.borrow_mut().wall_clock(now(), wall_clock());
        self.input(input);
    }

    /// Gives the link the socket's word on its buffer.
    pub(crate) fn measure(&self) {
        let word = {
            let transport = self.transport.borrow();
            transport.as_ref().map(|transport| (transport.generation(), transport.buffered()))
        };
        if let Some((generation, bytes)) = word {
            self.input(Input::Buffered { generation, bytes });
        }
    }

    // For the handles.

    pub(crate) fn buffered_amount(&self) -> u64 {
        self.transport.borrow().as_ref().map_or(0, Transport::buffered)
    }

    pub(crate) fn set_on_message(&self, handler: Option<OnMessage>) {
        self.on_message.replace(handler.clone());
        // What came before there was a handler comes first, unless it takes itself off meanwhile.
        if let Some(handler) = handler {
            while self.on_message.borrow().as_ref().is_some_and(|present| Rc::ptr_eq(present, &handler))
                && let Some(message) = self.inbox.pop()
            {
                handler(message);
            }
        }
    }

    pub(crate) fn set_on_event(&self, handler: Option<OnEvent>) {
        self.on_event.replace(handler);
    }

    pub(crate) fn retry_in(&self) -> Option<Duration> {
        match self.link.borrow().state() {
            rejoin_protocol::State::Waiting { until, .. } if until < Time::NEVER => Some(until.since(now())),
            _ => None,
        }
    }

    /// Whether the page may be left while a socket is open, of which only the open socket's end is of interest.
    pub(crate) fn expect_leaving(&self, open: bool) {
        self.lifecycle.expect_leaving(open);
    }

    /// Remembers whom to wake after the next step.
    pub(crate) fn register(&self, context: &Context<'_>) {
        register(&self.waiting, context);
    }
}

impl Timed for Driver {
    fn timeout(&self) {
        self.timer.fired();
        self.page_timeout();
        self.hint(Input::Timeout);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let queue = self.link.get_mut().take_queue();
        if let Some(transport) = self.transport.take() {
            // As with close(): what was taken before goes out before. Nobody is left to be told of a failure.
            for message in queue {
                let _unsent = transport.send(&message);
            }
            transport.close(&Close::normal());
        }
        self.watch.end();
        self.inbox.wake();
        self.wake();
    }
}
