//! A session as the hub keeps it, and as the application sees it.

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use rejoin_protocol::Refusal;
use rejoin_protocol::session::{ServerSession, SessionMessage};
use rejoin_protocol::wire::{Alias, Body, Denial, Member, SessionId, Target};
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::application::{Application, Identity, SessionEnd};
use super::channel::Followed;
use super::pace::Pace;
use super::{HubSettings, Inner};
use crate::Network;
use crate::account::{Charge, Holder};
use crate::log::Log;

/// Words of the application that wait for a session's connection.
const WORDS: usize = 64;

/// What a session takes by being there: its entry, its task, its place in the registry.
const SESSION_BYTES: u64 = 4 << 10;

/// What the application wants of a session's connection.
#[derive(Debug)]
pub(super) enum Word {
    /// Send this, or not at all.
    Volatile(Target, Body),
    /// Break off without a close frame.
    Cut,
    /// Do nothing for so long.
    Freeze(Duration),
    /// Let it follow a channel no longer.
    Unfollow(String, Denial),
}

/// The present connection of a session, as others reach it.
#[derive(Debug, Clone)]
pub(super) struct Line {
    /// Something is to be sent, or another connection has taken over.
    pub(super) news: Arc<Notify>,
    pub(super) words: mpsc::Sender<Word>,
}

impl Line {
    pub(super) fn new() -> (Self, mpsc::Receiver<Word>) {
        let (words, receiver) = mpsc::channel(WORDS);
        (Self { news: Arc::default(), words }, receiver)
    }
}

/// What is locked: arriving is one step.
#[derive(Debug)]
pub(super) struct State {
    pub(super) session: ServerSession,
    pub(super) line: Option<Line>,
    pub(super) away_since: Option<Instant>,
    /// What the session holds, on its account.
    charge: Charge,
    /// What waits for the client, as those who wait for room saw it.
    queued: (usize, u64),
    /// The client has said that it is over: the session ends once its messages have been handed over.
    pub(super) finishing: bool,
    pub(super) end: Option<SessionEnd>,
}

pub(super) struct Entry<C> {
    pub(super) id: SessionId,
    pub(super) alias: Alias,
    pub(super) principal: String,
    /// From where it was begun.
    pub(super) network: Option<Network>,
    /// It has sent a message, published or called.
    pub(super) used: AtomicBool,
    pub(super) pace: Pace,
    context: RwLock<Arc<C>>,
    state: Mutex<State>,
    pub(super) holder: Arc<Holder>,
    /// Messages are to be taken, or the session is away or back.
    pub(super) arrived: Notify,
    /// There may be room for a message to the client.
    room: Notify,
    pub(super) over: CancellationToken,
}

impl<C> Entry<C> {
    pub(super) fn new(
        (id, alias): (SessionId, Alias),
        identity: Identity<C>,
        network: Option<Network>,
        settings: &HubSettings,
        holder: Arc<Holder>,
    ) -> Self {
        let Identity { principal, context, .. } = identity;
        holder.set_principal(&principal);
        let state = State {
            session: ServerSession::new(&settings.session, false),
            line: None,
            away_since: Some(Instant::now()),
            charge: holder.charge(SESSION_BYTES),
            queued: (0, 0),
            finishing: false,
            end: None,
        };
        Self {
            id,
            alias,
            principal,
            network,
            used: AtomicBool::new(false),
            pace: Pace::new(settings),
            context: RwLock::new(Arc::new(context)),
            state: Mutex::new(state),
            holder,
            arrived: Notify::new(),
            room: Notify::new(),
            over: CancellationToken::new(),
        }
    }

    pub(super) fn context(&self) -> Arc<C> {
        Arc::clone(&self.context.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn set_context(&self, context: C) {
        let context = Arc::new(context);
        // The old one is dropped behind the lock: that may be the application's code.
        let _old =
            std::mem::replace(&mut *self.context.write().unwrap_or_else(PoisonError::into_inner), context);
    }

    /// Does something under the session's lock, and counts what it holds afterwards.
    pub(super) fn with<R>(&self, act: impl FnOnce(&mut State) -> R) -> R {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state);
        let memory = SESSION_BYTES + state.session.memory();
        // Before the lock goes, or of two who count at once the older count could stay.
        state.charge.set(memory);
        let ((waiting, waiting_bytes), (held, held_bytes)) = state.session.queued();
        let queued = (waiting + held, waiting_bytes + held_bytes);
        let seen = std::mem::replace(&mut state.queued, queued);
        drop(state);
        if queued.0 < seen.0 || queued.1 < seen.1 {
            self.room.notify_waiters();
        }
        result
    }

    /// Tells the connection that there is something to send.
    pub(super) fn nudge(&self) {
        self.with(|state| {
            if let Some(line) = &state.line {
                line.news.notify_one();
            }
        });
    }
}

/// A session, for the application: to send to its client, whether it is connected or away. Clones are the same
/// session; holding one does not keep it from ending.
pub struct SessionHandle<A: Application> {
    pub(super) hub: Arc<Inner<A>>,
    pub(super) entry: Arc<Entry<A::Context>>,
}

impl<A: Application> Clone for SessionHandle<A> {
    fn clone(&self) -> Self {
        Self { hub: Arc::clone(&self.hub), entry: Arc::clone(&self.entry) }
    }
}

impl<A: Application> fmt::Debug for SessionHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionHandle").field("alias", &self.entry.alias).finish_non_exhaustive()
    }
}

/// A message that was not taken for a session's client, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsent {
    /// The message.
    pub message: SessionMessage,
    /// Why: there is no room ([`Refusal::Full`]), it is too large, or the session is over ([`Refusal::Closed`]).
    pub reason: Refusal,
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Refusal::Closed => f.write_str("the session is over"),
            reason => reason.fmt(f),
        }
    }
}

impl std::error::Error for Unsent {}

impl<A: Application> SessionHandle<A> {
    /// The name under which others see it.
    #[must_use]
    pub fn alias(&self) -> Alias {
        self.entry.alias
    }

    /// Whose it is; empty for somebody who is not named.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.entry.principal
    }

    /// What the application wanted to know of its client.
    #[must_use]
    pub fn context(&self) -> Arc<A::Context> {
        self.entry.context()
    }

    /// The application.
    #[must_use]
    pub fn application(&self) -> &A {
        &self.hub.application
    }

    /// Whether its client is connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.entry.with(|state| state.line.is_some())
    }

    /// Whether it is over.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.entry.over.is_cancelled()
    }

    /// Sends a message, exactly once and in order, waiting for room. A handler that waits here while its client does not
    /// read holds back its own session alone. Cancel-safe: a dropped future has sent nothing.
    ///
    /// # Errors
    /// With the message, when it is too large or the session is over.
    pub async fn send(&self, message: SessionMessage) -> Result<(), Unsent> {
        let mut message = message;
        loop {
            let mut room = std::pin::pin!(self.entry.room.notified());
            room.as_mut().enable();
            match self.try_send(message) {
                Err(Unsent { message: back, reason: Refusal::Full }) => message = back,
                done => return done,
            }
            tokio::select! {
                () = room => {}
                () = self.entry.over.cancelled() => return Err(Unsent { message, reason: Refusal::Closed }),
            }
        }
    }

    /// Sends a message if there is room.
    ///
    /// # Errors
    /// With the message, when there is none, it is too large or the session is over.
    pub fn try_send(&self, message: SessionMessage) -> Result<(), Unsent> {
        self.entry.with(|state| {
            if state.end.is_some() {
                return Err(Unsent { message, reason: Refusal::Closed });
            }
            let sent = state.session.send(message);
            if let Some(line) = &state.line {
                line.news.notify_one();
            }
            sent.map_err(|refused| Unsent { message: refused.message, reason: refused.reason })
        })
    }

    /// Sends what may be lost: it goes soon or not at all. Returns whether it was taken.
    pub fn volatile(&self, payload: Body) -> bool {
        self.say(Word::Volatile(Target::Session, payload))
    }

    fn say(&self, word: Word) -> bool {
        self.entry.with(|state| state.line.as_ref().is_some_and(|line| line.words.try_send(word).is_ok()))
    }

    /// Breaks its connection off without a close frame, as a broken network does: for tests and demonstrations. Returns
    /// whether there was one.
    pub fn cut(&self) -> bool {
        self.say(Word::Cut)
    }

    /// Lets its connection do nothing for so long, as a server does that hangs: for tests and demonstrations. Returns
    /// whether there was one.
    pub fn freeze(&self, time: Duration) -> bool {
        self.say(Word::Freeze(time))
    }

    /// Lets it follow a channel no longer, for example because its rights have changed: the client hears the denial.
    /// Returns whether there was a connection.
    pub fn unfollow(&self, channel: &str, denial: Denial) -> bool {
        self.say(Word::Unfollow(channel.to_owned(), denial))
    }

    /// Ends the session as a restart of the server would: the client comes back and is told that its messages are lost.
    pub fn forget(&self) {
        self.hub.end(&self.entry, SessionEnd::Forgotten);
    }

    /// The channels that somebody of this process follows, and how many are listed in each, in no order. Nobody's list is
    /// copied for it.
    #[must_use]
    pub fn followed(&self) -> Vec<Followed> {
        self.hub.channels.followed()
    }

    /// Who is listed as present in a channel.
    #[must_use]
    pub fn present(&self, channel: &str) -> Vec<Member> {
        self.hub.channels.members(channel)
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.hub.log
    }

    /// Ends the session for good: its client is told and does not come back by itself, and what was not delivered is
    /// handed to [`Application::lost`]. Its credentials are not accepted any more while this process remembers its newest
    /// 65,536 ended sessions: whoever comes with them begins another. Who may not come back at all has to be refused by
    /// [`Application::authenticate`].
    pub fn end(&self) {
        self.hub.end(&self.entry, SessionEnd::Ended);
    }
}
