//! The chat's connection: the one place of the page that knows the client library.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use demo_messages::chat::{Chat, Event, Request};
use rejoin::{
    Builder, Close, Closed, ClosedBy, Encode, Endpoint, KeepAlive, Message, Overflow, QueueLimits, SendError,
    State, TypedSendError,
};
use rejoin_yew::UseEndpointHandle;

use crate::browser;
use crate::chat::outbox::Failure;
use crate::link::{Ending, Link};
use crate::local_time;

type ChatCodec = <Chat as Endpoint>::Codec;

/// The most that waits while there is no connection. A message has 8,000 bytes at most.
const QUEUE_MESSAGES: usize = 500;
const QUEUE_BYTES: usize = 4 << 20;
/// How often the connection is probed, and how long an answer may take.
const PING_EVERY: Duration = Duration::from_secs(5);
const PING_DEADLINE: Duration = Duration::from_secs(5);

/// What is sent first on each connection. Empty as long as nobody has given a name.
pub(crate) type Greeting = Rc<RefCell<Vec<Request>>>;

/// What the connection panel shows besides the state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    pub(crate) address: String,
    pub(crate) subprotocol: String,
    pub(crate) extensions: String,
    /// Messages and bytes that wait.
    pub(crate) queued: (u64, u64),
    /// Messages.
    pub(crate) sent: u64,
    /// Messages.
    pub(crate) received: u64,
}

/// The chat's connection.
pub(crate) type ChatSocket = UseEndpointHandle<Chat>;

/// The settings of the connection to the chat below `base`.
pub(crate) fn builder(base: &str, greeting: &Greeting) -> Builder {
    let first = Rc::clone(greeting);
    let builder = Builder::endpoint::<Chat>(base)
        .queue(QueueLimits::new(QUEUE_MESSAGES, QUEUE_BYTES, Overflow::Refuse))
        .first(move || first.borrow().iter().filter_map(message).collect());
    match keep_alive() {
        Some(keep_alive) => builder.keep_alive(keep_alive),
        None => builder,
    }
}

/// Sends, or queues while away. `Ok(false)`: the connection is closed, so that nothing was taken.
pub(crate) fn send(socket: &ChatSocket, request: &Request) -> Result<bool, Failure> {
    match socket.try_send(request) {
        Ok(()) => Ok(true),
        Err(TypedSendError::Send(SendError::Closed)) => Ok(false),
        Err(TypedSendError::Send(SendError::Full | SendError::TooLarge { .. })) => Err(Failure::QueueFull),
        Err(other) => Err(Failure::Other(other.to_string())),
    }
}

/// Connects at once, whatever the state.
pub(crate) fn reconnect(socket: &ChatSocket) {
    if let Some(sender) = socket.sender() {
        sender.reconnect();
    }
}

/// Closes for good.
pub(crate) fn disconnect(socket: &ChatSocket) {
    if let Some(sender) = socket.sender() {
        sender.begin_close(Close::normal());
    }
}

/// Where the connection is at this moment.
pub(crate) fn present(socket: &ChatSocket) -> Link {
    let Some(sender) = socket.sender() else { return Link::Idle };
    match (sender.state(), sender.retry_in()) {
        (State::Waiting { attempt, last, .. }, Some(delay)) => link(&State::Waiting { attempt, delay, last }),
        (state, _) => link(&state),
    }
}

/// What the panel shows of the connection below `base`.
pub(crate) fn facts(socket: &ChatSocket, base: &str) -> Facts {
    let address = format!("{base}{}", Chat::PATH);
    let Some(sender) = socket.sender() else { return Facts { address, ..Facts::default() } };
    let metrics = sender.metrics();
    let (messages, bytes) = sender.queued();
    Facts {
        address,
        subprotocol: sender.protocol(),
        extensions: sender.extensions(),
        queued: (messages as u64, bytes as u64),
        sent: metrics.sent,
        received: metrics.received,
    }
}

fn message(request: &Request) -> Option<Message> {
    match ChatCodec::encode(request) {
        Ok(frame) => Some(frame.into()),
        Err(error) => {
            browser::warn("a request could not be written", &error.to_string().into());
            None
        }
    }
}

/// Pings of the chat's own, so that a dead connection is noticed and the round-trip time is known.
fn keep_alive() -> Option<KeepAlive> {
    let keep_alive = KeepAlive::new(message(&Request::Ping)?, |incoming| {
        // A pong is short: longer messages are not decoded twice.
        incoming.is_text()
            && incoming.len() < 32
            && matches!(rejoin::decode::<Event, ChatCodec>(incoming.clone()), Ok(Event::Pong))
    });
    Some(keep_alive.interval(PING_EVERY).deadline(PING_DEADLINE))
}

/// A state in the page's terms.
pub(crate) fn link(state: &State) -> Link {
    match state {
        State::Connecting { attempt } => Link::Connecting { attempt: *attempt },
        State::Open => Link::Open,
        State::Waiting { .. } if !browser::is_online() => Link::Offline,
        State::Waiting { attempt, delay, last } => Link::Waiting {
            attempt: *attempt,
            retry_at_ms: local_time::now_ms() + u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            last: Some(ending(last)),
        },
        State::Closing => Link::Closing,
        State::Closed(last) => Link::Closed(last.as_ref().map(ending).unwrap_or_default()),
        _ => Link::Idle,
    }
}

fn ending(closed: &Closed) -> Ending {
    Ending {
        code: closed.code,
        reason: closed.reason.clone(),
        by_us: closed.by == ClosedBy::Caller,
        was_open: closed.was_open,
    }
}
