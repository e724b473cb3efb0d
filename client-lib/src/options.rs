//! Everything that is set about a connection before it is opened.

use std::rc::Rc;
use std::time::Duration;

use rejoin_protocol::{Closed, Generation};

use crate::asking::Source;
use crate::driver::Driver;
use crate::line::WaitLimits;
use crate::log::Log;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
use crate::slim_cell::SlimCell;
use crate::transport::BinaryType;
use crate::{Incoming, Message, ReceiveLimits, Target};

pub(crate) type First = Rc<dyn Fn() -> Vec<Message>>;
#[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
pub(crate) type Adopts = Box<dyn FnOnce(&Driver, Generation)>;

pub(crate) struct Options {
    /// Where every attempt connects, unless a source is asked.
    pub(crate) target: Target,
    pub(crate) source: Option<Rc<dyn Source>>,
    /// Takes over a socket that exists already, for the first attempt.
    #[cfg(not(all(feature = "native", not(target_arch = "wasm32"))))]
    pub(crate) adopts: SlimCell<Option<Adopts>>,
    pub(crate) binary_type: BinaryType,
    /// Of those who wait in line for room in the queue, here or in a session.
    pub(crate) waiting: WaitLimits,
    pub(crate) receive: ReceiveLimits,
    pub(crate) decider: Option<Rc<dyn Decider>>,
    pub(crate) first: Option<First>,
    pub(crate) log: Option<Rc<dyn Log>>,
    /// What runs over the connection.
    pub(crate) rider: Option<Box<dyn Rider>>,
    /// What pauses while the page is hidden for long.
    pub(crate) pauses: Option<Box<Pauses>>,
    /// Whether the connection is closed when the page goes into the back-forward cache.
    pub(crate) close_on_page_hide: bool,
    // The pointers that follow are there so that a client which does not use them does not carry their code.
    /// Sends what is to go first.
    pub(crate) greet: Option<fn(&Driver, Generation)>,
    /// Ends a connection for which none of the offered subprotocols was agreed, and returns whether it did.
    pub(crate) insist: Option<fn(&Driver, Generation) -> bool>,
}

impl Options {
    /// An attempt has ended; `late`: because a provider's answer was.
    pub(crate) fn ended(&self, late: bool) {
        if let Some(source) = &self.source {
            source.ended(late);
        }
    }
}

/// Whether something is to pause, and the connection to close; and for how long the page must be hidden for more to.
pub(crate) type PauseDue = (Option<bool>, Option<Duration>);

/// How long the page may be hidden before attempts pause, and before the connection is closed as well.
pub(crate) struct Pauses {
    pub(crate) attempts: Option<Duration>,
    pub(crate) close: Option<Duration>,
    /// What is due when the page has been hidden for a time. A pointer, so that a client that never pauses does not carry
    /// the code.
    pub(crate) due: fn(&Self, Duration) -> PauseDue,
}

impl Default for Pauses {
    fn default() -> Self {
        Self { attempts: None, close: None, due: Self::due }
    }
}

impl Pauses {
    fn due(&self, hidden: Duration) -> PauseDue {
        let passed = |after: Option<Duration>| after.is_some_and(|after| after <= hidden);
        let close = passed(self.close);
        let due = (close || passed(self.attempts)).then_some(close);
        let next = [self.attempts, self.close].into_iter().flatten().filter(|after| *after >= hidden).min();
        (due, next)
    }
}

/// Decides whether another attempt follows after an end that this end did not want.
pub(crate) trait Decider {
    fn wants(&self, closed: &Closed) -> bool;

    /// The link has found an end itself, and waits for another attempt: whether it is to stop.
    fn stops(&self, _closed: &Closed) -> bool {
        false
    }

    fn stop(&self, _driver: &Driver) {}
}

/// What runs over the connection: a protocol as a session's, or an application's own pings.
pub(crate) trait Rider {
    /// A ping is due. The link is borrowed, so that this may only take note of it or transmit.
    fn ping(&self, driver: &Driver);

    /// Whether a message is the answer to a ping.
    fn is_pong(&self, _message: &Incoming) -> bool {
        false
    }

    /// The page is hidden or left: what can be told is to be told now.
    fn hurry(&self) {}
}

/// A ping of the application's own, because a page can't send WebSocket pings and a plain server knows no frames
/// of ours: what to send, and how to know the answer.
#[derive(Clone)]
pub struct KeepAlive {
    pub(crate) timing: rejoin_protocol::KeepAlive,
    pub(crate) ping: Message,
    pub(crate) is_pong: Rc<dyn Fn(&Incoming) -> bool>,
}

impl Rider for KeepAlive {
    fn ping(&self, driver: &Driver) {
        driver.transmit(self.ping.clone(), self.ping.len());
    }

    fn is_pong(&self, message: &Incoming) -> bool {
        (self.is_pong)(message)
    }
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
