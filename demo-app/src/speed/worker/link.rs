//! The worker's connections: they do not come back by themselves, because a test that was cut is broken.

use demo_messages::speed::{Event, Request, Speed};
use futures_util::StreamExt;
use futures_util::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use rejoin::{
    Backoff, Builder, Closed, Encode, Endpoint, Handle, Incoming, Message, OpenError, Overflow, QueueLimits,
    Socket, State,
};

use super::super::report::Trouble;

type SpeedCodec = <Speed as Endpoint>::Codec;

/// What waits here for room in the browser's buffer: enough to keep it busy, little to be behind when a load ends.
const QUEUE_MESSAGES: usize = 16;
const QUEUE_BYTES: usize = 1 << 20;

/// Connects to `url`, with the subprotocol if there is one.
pub(super) async fn connect(url: String, subprotocol: Option<&str>) -> Result<Socket, Trouble> {
    let mut builder = Builder::new(url).reconnect(None::<Backoff>).queue(QueueLimits::new(
        QUEUE_MESSAGES,
        QUEUE_BYTES,
        Overflow::Wait,
    ));
    if let Some(name) = subprotocol {
        builder = builder.protocol(name).insist_on_protocol();
    }
    builder.connect().await.map_err(|error| match error {
        OpenError::Failed(closed) if closed.was_open => lost(&closed),
        OpenError::Failed(_) => Trouble::Unreachable,
        other => Trouble::Worker(other.to_string()),
    })
}

fn lost(closed: &Closed) -> Trouble {
    Trouble::Lost { code: closed.code, reason: closed.reason.clone() }
}

/// Why the connection takes or gives nothing more.
pub(super) fn ended(handle: &Handle) -> Trouble {
    match handle.state() {
        State::Closed(Some(closed)) => lost(&closed),
        _ => Trouble::Lost { code: 1006, reason: String::new() },
    }
}

/// The next message.
pub(super) async fn next(socket: &mut Socket) -> Result<Incoming, Trouble> {
    match socket.next().await {
        Some(message) => Ok(message),
        None => Err(ended(socket)),
    }
}

/// The result of `work`, or a trouble if it takes longer than so many seconds.
pub(super) async fn within<T>(
    seconds: u32,
    work: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    match select(std::pin::pin!(work), TimeoutFuture::new(seconds * 1_000)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(Trouble::Stalled { seconds }),
    }
}

/// Asks the server for something.
pub(super) async fn ask(handle: &Handle, request: &Request) -> Result<(), Trouble> {
    handle.send(message(request)?).await.map_err(|_| ended(handle))
}

/// The same without waiting. False if there is no room now.
pub(super) fn try_ask(handle: &Handle, request: &Request) -> Result<bool, Trouble> {
    match handle.try_send(message(request)?) {
        Ok(()) => Ok(true),
        Err(unsent) if unsent.error.is_retryable() => Ok(false),
        Err(_) => Err(ended(handle)),
    }
}

fn message(request: &Request) -> Result<Message, Trouble> {
    let frame = SpeedCodec::encode(request).map_err(|error| Trouble::Worker(error.to_string()))?;
    Ok(Message::from(frame))
}

/// What the server says.
pub(super) fn read(message: Incoming) -> Result<Event, Trouble> {
    match rejoin::decode::<Event, SpeedCodec>(message) {
        Ok(Event::Refused { reason, .. }) => Err(Trouble::Refused(reason)),
        Ok(event) => Ok(event),
        Err(odd) => Err(Trouble::Unreadable(odd.to_string())),
    }
}
