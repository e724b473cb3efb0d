//! Everything that is set about a connection before it is opened.

use std::rc::{Rc, Weak};
use std::time::Duration;

use rejoin_protocol::{Closed, LinkConfig};

use crate::line::WaitLimits;
use crate::log::Log;
use crate::target::Source;
use crate::transport::BinaryType;
use crate::{Incoming, Message, ReceiveLimits};

pub(crate) type ShouldReconnect = Rc<dyn Fn(&Closed) -> bool>;
pub(crate) type First = Rc<dyn Fn() -> Vec<Message>>;

pub(crate) struct Options {
    pub(crate) link: LinkConfig,
    pub(crate) source: Rc<dyn Source>,
    pub(crate) binary_type: BinaryType,
    /// Of those who wait in line for room in the queue, here or in a session.
    pub(crate) waiting: WaitLimits,
    pub(crate) receive: ReceiveLimits,
    pub(crate) keep_alive: Option<KeepAlive>,
    pub(crate) should_reconnect: Option<ShouldReconnect>,
    pub(crate) first: Option<First>,
    pub(crate) log: Option<Rc<dyn Log>>,
    /// What runs over the connection.
    pub(crate) rider: Option<Weak<dyn Rider>>,
    /// What pauses while the page is hidden for long.
    pub(crate) pauses: Option<Box<Pauses>>,
    /// Whether the connection is closed when the page goes into the back-forward cache.
    pub(crate) close_on_page_hide: bool,
    /// Whether one of the offered subprotocols must be agreed.
    pub(crate) insist: bool,
}

/// Whether something is to pause, and the connection to close; and for how long the page must be hidden for more to.
pub(crate) type Look = (Option<bool>, Option<Duration>);

/// How long the page may be hidden before attempts pause, and before the connection is closed as well.
pub(crate) struct Pauses {
    pub(crate) attempts: Option<Duration>,
    pub(crate) close: Option<Duration>,
    /// What is due when the page has been hidden for a time. A pointer, so that a client that never pauses does not carry
    /// the code.
    pub(crate) look: fn(&Self, Duration) -> Look,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { attempts: None, close: None, look: Self::look }
    }
}

impl Pauses {
    fn look(&self, hidden: Duration) -> Look {
        let passed = |after: Option<Duration>| after.is_some_and(|after| after <= hidden);
        let close = passed(self.close);
        let due = (close || passed(self.attempts)).then_some(close);
        let next = [self.attempts, self.close].into_iter().flatten().filter(|after| *after >= hidden).min();
        (due, next)
    }
}

/// A protocol that runs over the connection, as a session's does, and has pings of its own.
pub(crate) trait Rider {
    /// A ping is due. The link is borrowed, so that this may only take note of it.
    fn ping(&self);

    /// The page is hidden or left: what can be told is to be told now.
    fn hurry(&self);
}

/// A ping of the application's own, because a page can't send WebSocket pings and a plain server knows no frames
/// of ours: what to send, and how to know the answer.
#[derive(Clone)]
pub struct KeepAlive {
    pub(crate) timing: rejoin_protocol::KeepAlive,
    pub(crate) ping: Message,
    pub(crate) is_pong: Rc<dyn Fn(&Incoming) -> bool>,
}

impl KeepAlive {
    /// Sends `ping` each interval. Messages for which `is_pong` is true give the round-trip time and do not reach
    /// the application; any other message proves as well that the link lives.
    #[must_use]
    pub fn new(ping: impl Into<Message>, is_pong: impl Fn(&Incoming) -> bool + 'static) -> Self {
        Self { timing: rejoin_protocol::KeepAlive::default(), ping: ping.into(), is_pong: Rc::new(is_pong) }
    }

    /// Sends the text `ping` and takes the text `pong` for the answer.
    #[must_use]
    pub fn text(ping: &str, pong: &str) -> Self {
        let pong = pong.to_owned();
        // The length is compared first, so that other messages are not copied.
        let len = Incoming::len_of(&pong);
        Self::new(ping, move |message| {
            message.is_text() && message.len() == len && message.to_text().as_deref() == Some(&pong)
        })
    }

    /// The time from one ping to the next. Default 25 s.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.timing.interval = interval;
        self
    }

    /// How long after a ping the link counts as dead unless something comes. It must suit the largest message on
    /// the slowest line, since a browser hides the bytes of an unfinished one (with the feature `native` they count). After each connection that was left at the
    /// deadline the next one waits twice as long, up to sixteen times this: the cut may have hit a message in transit. Eight
    /// answers in a row within the setting, or an attempt that fails, bring the setting back. Default 10 s.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.timing.deadline = deadline;
        self
    }

    /// The deadline of a ping that is sent because the page came back, the network changed or the machine slept, which is
    /// noticed within 5 s while the page is visible: the wall clock and the monotonic clock are compared that often. Such
    /// pings are at least 3 s apart, so that a hint that is wrong costs little. Lengthened as the deadline is, by as much.
    /// Default 3 s.
    #[must_use]
    pub fn probe(mut self, probe: Duration) -> Self {
        self.timing.probe = probe;
        self
    }
}
