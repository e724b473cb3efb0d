//! Records of what a connection does, for a log: never payloads, tokens, nor a URL's query, fragment or user info.

use std::cell::Cell;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use rejoin_protocol::{Closed, ClosedBy, Event, Input, State, Time};

use crate::slim_cell::SlimCell;
use crate::timer::now;
use crate::{Incoming, Message};

/// The most records that wait for the hook, while it runs or a callback does. More are dropped.
const MAX_WAITING: usize = 1_024;

/// What a connection does, for [`Builder::log`](crate::Builder::log). Its text is one line for a person; that may change.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LogRecord {
    /// An attempt begins.
    Connecting {
        /// 1 for the first of all and for the first after a stable connection; one more after each failure.
        attempt: u32,
    },
    /// The provider is called.
    Asking {
        /// The attempt's number.
        attempt: u32,
    },
    /// A socket is being made.
    Dialing {
        /// Where to, without query, fragment and user info.
        url: String,
    },
    /// The connection is open.
    Open,
    /// The close handshake is under way.
    Closing,
    /// No connection, and none follows.
    Closed,
    /// Another attempt follows.
    Waiting {
        /// Its number.
        attempt: u32,
        /// After how long; [`Duration::MAX`] while attempts are paused.
        delay: Duration,
    },
    /// A connection or an attempt has ended. Where a provider failed, [`Closed::reason`] is empty: its words are the
    /// application's, or have the URL in them.
    Ended(Closed),
    /// A message was handed to the socket.
    Sent {
        /// Its length, in bytes, or in UTF-16 units for a browser's text.
        len: usize,
    },
    /// A message was received.
    Received {
        /// Its length, as [`Incoming::len`] has it.
        len: usize,
    },
    /// Messages were never sent, or made room for newer ones.
    Unsent {
        /// How many.
        messages: usize,
    },
    /// What the page says: `online`, `offline`, `on another network`, `hidden`, `visible`, `frozen` or `resumed`. And what
    /// follows where it is hidden for long, or in the back-forward cache: `paused`, or `closed` with the connection.
    Hint(&'static str),
    /// The keep-alive sends a ping.
    Ping,
    /// The ping was answered.
    Pong {
        /// After how long.
        round_trip: Duration,
    },
    /// The server has welcomed a session.
    Live {
        /// Whether it is the one before.
        resumed: bool,
    },
    /// A session is over.
    SessionEnded {
        /// The code of its end.
        code: u16,
    },
}

impl fmt::Display for LogRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connecting { attempt } => write!(f, "connecting, attempt {attempt}"),
            Self::Asking { attempt } => write!(f, "asking the provider, attempt {attempt}"),
            Self::Dialing { url } => write!(f, "dialing {url}"),
            Self::Open => f.write_str("open"),
            Self::Closing => f.write_str("closing"),
            Self::Closed => f.write_str("closed"),
            Self::Waiting { attempt, delay: Duration::MAX } => {
                write!(f, "waiting, paused before attempt {attempt}")
            }
            Self::Waiting { attempt, delay } => {
                write!(f, "waiting {} ms before attempt {attempt}", millis(*delay))
            }
            Self::Ended(closed) => {
                write!(f, "ended: {closed}")?;
                if closed.unsent_bytes > 0 {
                    write!(f, ", {} bytes unsent", closed.unsent_bytes)?;
                }
                f.write_str(if closed.gave_up { ", gave up" } else { "" })
            }
            Self::Sent { len } => write!(f, "sent {len}"),
            Self::Received { len } => write!(f, "received {len}"),
            Self::Unsent { messages } => write!(f, "{messages} messages not sent"),
            Self::Hint(hint) => write!(f, "the page is {hint}"),
            Self::Ping => f.write_str("ping"),
            Self::Pong { round_trip } => write!(f, "pong after {} ms", millis(*round_trip)),
            Self::Live { resumed } => f.write_str(if *resumed { "live, resumed" } else { "live" }),
            Self::SessionEnded { code } => write!(f, "session ended ({code})"),
        }
    }
}

/// What a record is made of. Making one is left to the hook, so that a client without one does not carry the code.
pub(crate) enum Happening<'a> {
    Event(&'a Event<Message>),
    Input(&'a Input),
    Asking(u32),
    Dialing(&'a str),
    Sent(usize),
    Received(&'a Incoming),
    Ping,
    Live(bool),
    SessionEnded(u16),
}

/// A log of which the connection knows no more than this.
pub(crate) trait Log {
    /// Puts a record by. It may be called in the midst of anything.
    fn note(&self, happening: &Happening<'_>);

    /// Gives the oldest record to the hook, if there is one.
    fn emit(&self) -> bool;
}

pub(crate) struct Hook<F> {
    hook: F,
    waiting: SlimCell<VecDeque<LogRecord>>,
    running: Cell<bool>,
}

impl<F: Fn(&LogRecord)> Hook<F> {
    pub(crate) fn new(hook: F) -> Self {
        Self { hook, waiting: SlimCell::default(), running: Cell::new(false) }
    }
}

impl<F: Fn(&LogRecord)> Log for Hook<F> {
    fn note(&self, happening: &Happening<'_>) {
        // A hook that sends its records over the connection would never come to an end.
        let sends = |happening: &Happening<'_>| {
            matches!(happening, Happening::Sent(_) | Happening::Event(Event::Unsent(_) | Event::Evicted(_)))
        };
        if self.running.get() && sends(happening) {
            return;
        }
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() < MAX_WAITING {
            waiting.extend(record(happening));
        }
    }

    fn emit(&self) -> bool {
        let Some(record) = self.waiting.borrow_mut().pop_front() else { return false };
        self.running.set(true);
        (self.hook)(&record);
        self.running.set(false);
        true
    }
}

fn record(happening: &Happening<'_>) -> Option<LogRecord> {
    Some(match happening {
        Happening::Event(event) => return of_event(event),
        Happening::Input(input) => LogRecord::Hint(hint(input)?),
        Happening::Asking(attempt) => LogRecord::Asking { attempt: *attempt },
        Happening::Dialing(url) => LogRecord::Dialing { url: public_part(url) },
        Happening::Sent(len) => LogRecord::Sent { len: *len },
        Happening::Received(message) => LogRecord::Received { len: message.len() },
        Happening::Ping => LogRecord::Ping,
        Happening::Live(resumed) => LogRecord::Live { resumed: *resumed },
        Happening::SessionEnded(code) => LogRecord::SessionEnded { code: *code },
    })
}

fn of_event(event: &Event<Message>) -> Option<LogRecord> {
    Some(match event {
        Event::State(State::Connecting { attempt }) => LogRecord::Connecting { attempt: *attempt },
        Event::State(State::Open) => LogRecord::Open,
        Event::State(State::Closing) => LogRecord::Closing,
        Event::State(State::Waiting { attempt, until }) => {
            let delay = if *until == Time::NEVER { Duration::MAX } else { until.since(now()) };
            LogRecord::Waiting { attempt: *attempt, delay }
        }
        Event::State(_) => LogRecord::Closed,
        Event::Disconnected(closed) => {
            let mut closed = closed.clone();
            if closed.by == ClosedBy::Provider {
                closed.reason.clear();
            }
            LogRecord::Ended(closed)
        }
        Event::Unsent(messages) | Event::Evicted(messages) => LogRecord::Unsent { messages: messages.len() },
        Event::RoundTrip(time) => LogRecord::Pong { round_trip: *time },
    })
}

fn hint(input: &Input) -> Option<&'static str> {
    Some(match input {
        Input::Online => "online",
        Input::Offline => "offline",
        Input::Hidden => "hidden",
        Input::Visible => "visible",
        Input::Frozen => "frozen",
        Input::Resumed => "resumed",
        Input::NetworkChanged => "on another network",
        Input::Pause { close: false } => "paused",
        Input::Pause { close: true } => "closed",
        _ => return None,
    })
}

/// In 64 bits, whose text is there for other figures already.
fn millis(duration: Duration) -> u64 {
    duration.as_secs() * 1_000 + u64::from(duration.subsec_millis())
}

/// A URL without query, fragment and user info. Browsers take a backslash for a slash, and any number of them before the
/// host. By bytes, because searching for characters brings much code with it.
pub(crate) fn public_part(url: &str) -> String {
    let url = url.trim_ascii();
    let bytes = url.as_bytes();
    let find = |from: usize, is: fn(u8) -> bool| {
        (from..bytes.len()).find(|at| bytes.get(*at).copied().is_some_and(is)).unwrap_or(bytes.len())
    };
    let is_slash = |byte| matches!(byte, b'/' | b'\\');
    let end = find(0, |byte| matches!(byte, b'?' | b'#'));
    let colon = find(0, |byte| matches!(byte, b':' | b'/' | b'\\' | b'?' | b'#'));
    let scheme = if bytes.get(colon) == Some(&b':') { colon + 1 } else { 0 };
    if scheme == 0 && !url.starts_with("//") {
        // A path of the page's own host.
        return url.get(..end).unwrap_or_default().to_owned();
    }
    let host = find(scheme, |byte| !matches!(byte, b'/' | b'\\')).min(end);
    let path = find(host, is_slash).min(end);
    let host = (host..path).rev().find(|at| bytes.get(*at) == Some(&b'@')).map_or(host, |at| at + 1);
    [url.get(..scheme), Some("//"), url.get(host..end)].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_named_without_query_fragment_and_user_info() {
        for (url, expected) in [
            ("wss://user:secret@example.org:8443/a/b?token=secret#secret", "wss://example.org:8443/a/b"),
            ("https://example.org?secret", "https://example.org"),
            ("ws:\\\\user@sec@ret@host\\path", "ws://host\\path"),
            ("ws:secret@host/@me", "ws://host/@me"),
            ("/path/@me?secret", "/path/@me"),
            ("//secret@host/x", "//host/x"),
            ("  wss://secret:x@[::1]:9/ ", "wss://[::1]:9/"),
        ] {
            assert_eq!(public_part(url), expected);
        }
    }
}
