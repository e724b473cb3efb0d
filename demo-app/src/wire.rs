//! The chat's session in the page's terms: how it is begun, where it stands, what is asked of it.

use std::cell::Cell;
use std::future::ready;
use std::rc::Rc;
use std::time::Duration;

use demo_messages::room::{About, Answer, Question, Room, SESSION_PATH, Said, Whisper};
use rejoin::session::{
    ChannelError, ConnectError, FeedItem, GapReason, KeepAlive, Missing, PublishError, Receipt, Refusal,
    Session, SessionBuilder, SessionHandle, SessionState, SessionTarget, TypedItem, UndecodablePayload,
};
use rejoin::{Closed, ClosedBy, Decode, Encode, Json, TargetError, from_bytes, to_bytes};
use rejoin_yew::UseSessionHandle;

use crate::browser;
use crate::chat::log::Entry;
use crate::chat::outbox::{Failure, Outcome};
use crate::chat::state::{Break, Fed};
use crate::link::{Ending, Link};
use crate::words;

/// Under which name the tab keeps its session over a reload.
const KEPT_AS: &str = "chat";
/// How often the connection is probed, and how long an answer may take.
const PING_EVERY: Duration = Duration::from_secs(5);
const PING_DEADLINE: Duration = Duration::from_secs(5);
/// How long an answer to a question may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long the end of a session waits for what is under way.
const DRAIN: Duration = Duration::from_secs(2);

/// What the connection panel shows besides the state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Facts {
    pub(crate) address: String,
    /// Messages, and publications without an answer.
    pub(crate) queued: (u64, u64),
    /// Frames and bytes that the server has not acknowledged.
    pub(crate) unacked: (u64, u64),
    /// Frames that were transmitted more than once.
    pub(crate) resent: u64,
    /// Frames, and the WebSocket messages that they went in.
    pub(crate) sent: (u64, u64),
    /// Frames, and the WebSocket messages that they came in.
    pub(crate) received: (u64, u64),
    /// How many times the server has welcomed this page.
    pub(crate) welcomes: u64,
}

/// The settings of the session at the server below `base`, which is not to be reached while `offline`.
fn builder(base: &str, offline: &Rc<Cell<bool>>) -> SessionBuilder {
    let mut keep_alive = KeepAlive::default();
    (keep_alive.interval, keep_alive.deadline) = (PING_EVERY, PING_DEADLINE);
    let (address, offline) = (address(base), Rc::clone(offline));
    SessionBuilder::asking(move |_| {
        let away = offline.get();
        ready(if away {
            Err(TargetError(words::TAKEN_AWAY.into()))
        } else {
            Ok(SessionTarget::new(&*address))
        })
    })
    .keep_alive(keep_alive)
    .drain_timeout(DRAIN)
}

/// A publication of an earlier page that has no answer yet.
pub(crate) struct Restored {
    pub(crate) room: String,
    pub(crate) text: String,
    pub(crate) receipt: Receipt,
}

/// Opens the session that this tab had before it was reloaded, or a new one, and hands over what has no answer yet.
/// Where the browser can't keep a session, it lasts as long as the page, and an event of it says so.
pub(crate) async fn open(
    base: String,
    offline: Rc<Cell<bool>>,
    restored: impl Fn(Restored),
) -> Result<Session, ConnectError> {
    let reopened = builder(&base, &offline).reopen(KEPT_AS).await?;
    for ((channel, receipt), payload) in reopened.receipts.into_iter().zip(reopened.payloads) {
        let said = parse::<Said>(&payload);
        if let (Some(Room(room)), Some(said)) = (Room::of_channel(&channel), said) {
            restored(Restored { room, text: said.text, receipt });
        }
    }
    Ok(reopened.session)
}

fn address(base: &str) -> String {
    format!("{base}{SESSION_PATH}")
}

/// What the panel shows of the session at the server below `base`.
pub(crate) fn facts(session: &UseSessionHandle, base: &str) -> Facts {
    let address = address(base);
    let Some(session) = session.handle() else { return Facts { address, ..Facts::default() } };
    let metrics = session.metrics();
    Facts {
        address,
        queued: (metrics.queued_messages as u64, metrics.unanswered as u64),
        unacked: (metrics.unacked_frames as u64, metrics.unacked_bytes),
        resent: metrics.resent,
        sent: (metrics.frames_sent, metrics.batches_sent),
        received: (metrics.frames_received, metrics.batches_received),
        welcomes: metrics.welcomes,
    }
}

/// Says something in a room. None: the session is over or closing, so that nothing was taken.
pub(crate) fn say(session: &SessionHandle, room: &str, said: &Said) -> Option<Result<Receipt, Failure>> {
    match session.channel(&Room(room.to_owned())).try_publish(said) {
        Ok(receipt) => Some(Ok(receipt)),
        Err(ChannelError::Refused(Refusal::Closed)) => None,
        Err(ChannelError::Refused(Refusal::Full)) => Some(Err(Failure::QueueFull)),
        Err(other) => Some(Err(Failure::Other(other.to_string()))),
    }
}

/// Waits for what becomes of something said.
pub(crate) async fn outcome(receipt: Receipt) -> Outcome {
    match receipt.await {
        Ok(position) => Outcome::Delivered(position.offset),
        Err(PublishError::Refused(denial)) => Outcome::Refused(denial.reason),
        Err(PublishError::Unsent(_)) => Outcome::Unsent,
        Err(_) => Outcome::Unknown,
    }
}

/// What a feed brings, in the page's terms; `members` are those present now.
pub(crate) fn fed(item: TypedItem<Room>, members: impl FnOnce() -> Vec<(u64, About)>) -> Option<Fed> {
    Some(match item {
        FeedItem::Started(at) => Fed::Started { offset: at.offset },
        FeedItem::Entry(entry) => {
            let offset = entry.position.offset;
            match entry.payload {
                Ok(said) => {
                    let (publisher, number) = (entry.publisher, Some(entry.number));
                    Fed::Said(Entry { offset, at_ms: entry.time, publisher, number, said })
                }
                Err(_) => Fed::Unreadable { offset },
            }
        }
        FeedItem::Gap { at, missing: Missing { from, to, reason } } => {
            let missing = (to >= from).then(|| to - from + 1);
            let how = match reason {
                GapReason::Trimmed => Break::Hole { missing },
                GapReason::UnknownEpoch if at.offset > 0 => Break::AnewBehind,
                _ => Break::Anew,
            };
            Fed::Gap { offset: at.offset, how }
        }
        FeedItem::Members => Fed::Members(members()),
        FeedItem::Volatile { sender: who, payload } => {
            let Whisper::Typing { typing } = readable(payload)?;
            Fed::Typing { who, typing }
        }
        FeedItem::Ended(denial) => Fed::Ended((denial.code < 1_000).then_some(denial.reason)),
        _ => return None,
    })
}

/// Asks the server's application. None: there was no answer, and why stands in the browser's console.
pub(crate) async fn ask(session: &SessionHandle, question: &Question) -> Option<Answer> {
    match session.call(written(question), ANSWER_WITHIN).await {
        Ok(answer) => parse(&answer),
        Err(error) => {
            browser::warn("the server did not answer", &error.to_string().into());
            None
        }
    }
}

/// A value as it travels where no type is named for both ends.
pub(crate) fn written<T>(value: &T) -> Vec<u8>
where
    Json: Encode<T>,
{
    to_bytes::<T, Json>(value).unwrap_or_else(|error| {
        browser::warn("a value could not be written", &error.to_string().into());
        Vec::new()
    })
}

/// What came, or a line in the browser's console if it can't be read.
pub(crate) fn readable<T>(payload: Result<T, UndecodablePayload>) -> Option<T> {
    payload.inspect_err(|error| browser::warn("a value could not be read", &error.to_string().into())).ok()
}

/// Reads what `written` wrote.
fn parse<T>(bytes: &[u8]) -> Option<T>
where
    Json: Decode<T>,
{
    match from_bytes::<T, Json>(bytes) {
        Ok(value) => Some(value),
        Err(error) => {
            browser::warn("a value could not be read", &error.to_string().into());
            None
        }
    }
}

/// A state of the session, since `since_ms`, in the page's terms.
pub(crate) fn link(state: &SessionState, since_ms: u64) -> Link {
    match state {
        SessionState::Connecting { attempt } => Link::Connecting { attempt: *attempt },
        SessionState::Greeting => Link::Greeting,
        SessionState::Live => Link::Open,
        SessionState::Waiting { .. } if !browser::is_online() => Link::Offline,
        SessionState::Waiting { attempt, delay, last } => Link::Waiting {
            attempt: *attempt,
            retry_at_ms: since_ms + u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            last: Some(ending(last)),
        },
        SessionState::Closing => Link::Closing,
        SessionState::Ended(denial) => Link::Closed(Ending {
            code: denial.code,
            reason: denial.reason.clone(),
            by_us: denial.code == 1_000 && denial.reason.is_empty(),
            was_open: true,
        }),
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
