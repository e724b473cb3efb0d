//! The greeting: HELLO is read, judged and answered before anything else of a client is heeded.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderMap;
use rejoin_protocol::session::{Claim, Greeting, Judgement, ServerConnection, ServerSession, code};
use rejoin_protocol::wire::{Body, Bye, Frame, Hello, Outcome, SessionId, decode};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::application::{Application, AuthError, Credentials, Identity, LostMessages, SessionEnd};
use super::session::{Entry, Line, SessionHandle, Word};
use super::{Inner, Metric};
use crate::{Close, CloseCode, Connection, Message};

/// Why a client was not welcomed: what it is told, and the close code behind it.
pub(super) struct Refused {
    pub(super) bye: Option<Bye>,
    pub(super) close: Close,
}

impl Refused {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let close_code = CloseCode::own(code).unwrap_or(CloseCode::POLICY);
        Self { bye: None, close: Close::new(close_code, reason) }
    }

    fn after(code: u16, reason: &str, millis: u64) -> Self {
        let bye = Bye { code, reason: reason.into(), retry_after: Some(millis), last: false };
        Self { bye: Some(bye), ..Self::new(code, reason) }
    }
}

/// A client that is welcome.
pub(super) struct Greeted<C> {
    pub(super) entry: Arc<Entry<C>>,
    pub(super) machine: ServerConnection,
    pub(super) welcome: Frame,
    pub(super) line: Line,
    pub(super) words: mpsc::Receiver<Word>,
    pub(super) expires: Option<Instant>,
}

/// What the place of a session in the registry came to be.
struct Place<C> {
    entry: Arc<Entry<C>>,
    outcome: Outcome,
    is_new: bool,
}

impl<A: Application> Inner<A> {
    pub(super) async fn greet(
        self: &Arc<Self>,
        connection: &mut Connection,
        headers: &HeaderMap,
    ) -> Result<Greeted<A::Context>, Refused> {
        let peer = connection.info().peer;
        let address = peer.map(|peer| peer.ip());
        if !self.failed_hello(address, false) {
            return Err(Refused::after(code::TOO_MANY, "too many failed HELLOs from this address", 30_000));
        }
        let greeted = self.try_greet(connection, headers).await;
        if let Err(refused) = &greeted
            && refused.bye.is_none()
        {
            self.failed_hello(address, true);
            self.metrics.count(Metric::Refused);
        }
        greeted
    }

    async fn try_greet(
        self: &Arc<Self>,
        connection: &mut Connection,
        headers: &HeaderMap,
    ) -> Result<Greeted<A::Context>, Refused> {
        let hello = self.read_hello(connection).await?;
        let incarnation = random_u64()?;
        let token = hello.auth.clone();
        let credentials = Credentials { headers, peer: connection.info().peer, token: token.as_deref() };
        let identity = self.application.authenticate(credentials).await.map_err(unwelcome)?;
        let resume =
            hello.resume.filter(|resume| self.key.proves(resume.id, &identity.principal, &resume.token));
        let (known, young) = match resume {
            None => (false, false),
            Some(resume) if self.is_young(resume.id) => (true, true),
            Some(resume) => {
                let known = self.log.knows(resume.id).await.map_err(|error| {
                    tracing::warn!("the log can't say whom it knows: {error}");
                    Refused::after(code::RETRY_AFTER, "the log is not available at present", 2_000)
                })?;
                (known, false)
            }
        };
        let expires = identity.expires_in.map(|time| Instant::now() + time);
        let place = self.place(&hello, resume.map(|resume| resume.id), (known, young), identity)?;
        if let Err(error) = self.log.touch(place.entry.id).await {
            tracing::warn!("the log could not note that a publisher is here: {error}");
        }
        self.take_over(&hello, incarnation, place, expires)
    }

    async fn read_hello(&self, connection: &mut Connection) -> Result<Hello, Refused> {
        let first = tokio::time::timeout(self.settings.hello_timeout, connection.recv()).await;
        let message = match first {
            Err(_) => return Err(Refused::new(code::HELLO_LATE, "HELLO did not come in time")),
            Ok(None) => return Err(Refused::new(code::HELLO_LATE, "the connection ended before HELLO")),
            Ok(Some(message)) => message,
        };
        let Message::Binary(bytes) = message else {
            return Err(Refused::new(code::BAD_FRAME, "rejoin.v1 is spoken in binary messages, not in text"));
        };
        let body = body_of(bytes);
        let mut frames = decode(&body, &self.settings.wire);
        match frames.next() {
            Some(Ok(Frame::Hello(hello))) => Ok(*hello),
            Some(Ok(_)) => Err(Refused::new(code::BAD_FRAME, "the first frame of a client is HELLO")),
            Some(Err(error)) => Err(Refused::new(code::BAD_FRAME, error.to_string())),
            None => Err(Refused::new(code::BAD_FRAME, "the first message is empty")),
        }
    }

    fn is_young(&self, id: SessionId) -> bool {
        let life = u64::try_from(self.settings.publisher_life.as_millis()).unwrap_or(u64::MAX);
        unix_millis().saturating_sub(id.born) < life
    }

    /// Judges a HELLO and finds or makes its session, in one step.
    fn place(
        self: &Arc<Self>,
        hello: &Hello,
        proven: Option<SessionId>,
        (known, young): (bool, bool),
        identity: Identity<A::Context>,
    ) -> Result<Place<A::Context>, Refused> {
        let mut registry = self.registry();
        let existing = proven.and_then(|id| registry.sessions.get(&id).cloned());
        let judge = |session: Option<&ServerSession>| {
            Claim { hello, proven: proven.is_some(), session, known, young }.judge()
        };
        let judgement = match &existing {
            Some(entry) => entry.with(|state| judge(Some(&state.session))),
            None => judge(None),
        };
        let outcome = match judgement {
            Judgement::Refused(refusal) => return Err(Refused::new(refusal.code(), refusal.reason())),
            Judgement::Welcome { outcome, disagreed } => {
                if disagreed {
                    self.metrics.count(Metric::Disagreed);
                    tracing::error!("the two ends of a session count differently: one of them has a fault");
                }
                outcome
            }
        };
        if outcome != Outcome::Fresh
            && let Some(entry) = existing
        {
            entry.set_context(identity.context);
            return Ok(Place { entry, outcome, is_new: false });
        }
        if registry.sessions.len() >= self.settings.sessions {
            return Err(Refused::after(
                code::TOO_MANY,
                "the server has as many sessions as it takes",
                10_000,
            ));
        }
        let of_principal = registry.of_principal(&identity.principal);
        if !identity.principal.is_empty() && of_principal >= self.settings.sessions_per_principal {
            return Err(Refused::after(code::TOO_MANY, "you have as many sessions as you may", 10_000));
        }
        let id = match proven.filter(|_| outcome == Outcome::Kept) {
            Some(id) => id,
            None => new_id()?,
        };
        let session = ServerSession::new(&self.settings.session, false);
        let memory = Arc::clone(&self.memory);
        let names = (id, self.key.alias(id));
        let entry = Arc::new(Entry::new(names, identity.principal, identity.context, session, memory));
        registry.insert(Arc::clone(&entry));
        Ok(Place { entry, outcome, is_new: true })
    }

    /// Gives the session to this connection. Of an older one nothing more is read, written or acknowledged.
    fn take_over(
        self: &Arc<Self>,
        hello: &Hello,
        incarnation: u64,
        place: Place<A::Context>,
        expires: Option<Instant>,
    ) -> Result<Greeted<A::Context>, Refused> {
        let Place { entry, outcome, is_new } = place;
        let settings = &self.settings;
        let protocol = settings.protocols.iter().find(|name| hello.protocols.contains(name)).cloned();
        let greeting = Greeting {
            outcome,
            id: entry.id,
            token: self.key.token(entry.id, &entry.principal),
            incarnation,
            alias: entry.alias,
            protocol,
            max_publication: settings.max_publication as u64,
            ping_interval: settings.timing.ping_interval,
            ttl: settings.ttl,
            instance: settings.instance.clone(),
        };
        let now = self.now();
        let (line, words) = Line::new();
        let taken = entry.with(|state| {
            // Between the judgement and now another connection of the session may have come, or its end.
            if !is_new && (hello.attempt <= state.session.attempt() || state.end.is_some()) {
                return None;
            }
            let (welcome, lost) = state.session.welcome(now, hello, greeting);
            if let Some(old) = state.line.replace(line.clone()) {
                old.news.notify_one();
            }
            state.away_since = None;
            let machine = ServerConnection::new(now, &state.session, &settings.session, settings.timing);
            Some((welcome, lost, machine))
        });
        let Some((welcome, lost, machine)) = taken else {
            return Err(Refused::new(code::TAKEN_OVER, "a later connection of this session was here before"));
        };
        let handle = SessionHandle { hub: Arc::clone(self), entry: Arc::clone(&entry) };
        if is_new {
            self.metrics.sessions.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            self.spawn_session(&entry);
        }
        entry.arrived.notify_one();
        self.metrics.count(match outcome {
            Outcome::Resumed => Metric::Resumed,
            Outcome::Kept => Metric::Kept,
            Outcome::Fresh => Metric::Fresh,
        });
        tracing::info!(alias = entry.alias, ?outcome, client = hello.client, "session connected");
        if !lost.is_empty() {
            let unsent = Vec::new();
            let lost = LostMessages { reason: SessionEnd::Renumbered, unacked: lost, unsent };
            self.application.lost(&handle, lost);
        }
        if outcome != Outcome::Resumed {
            self.application.opened(&handle);
        }
        Ok(Greeted { entry, machine, welcome, line, words, expires })
    }
}

pub(super) fn unwelcome(error: AuthError) -> Refused {
    let reason = error.to_string();
    match error {
        AuthError::Unauthenticated => Refused::new(code::UNAUTHENTICATED, reason),
        AuthError::Forbidden => Refused::new(code::FORBIDDEN, reason),
        AuthError::Unavailable => Refused::after(code::RETRY_AFTER, &reason, 2_000),
    }
}

pub(super) fn body_of(bytes: Bytes) -> Body {
    Body::from(Vec::from(bytes))
}

pub(super) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn random<const N: usize>() -> Result<[u8; N], Refused> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| {
        tracing::error!("the system has no random bytes: {error}");
        Refused::after(code::RETRY_AFTER, "the server can't begin a session at present", 5_000)
    })?;
    Ok(bytes)
}

fn random_u64() -> Result<u64, Refused> {
    random().map(u64::from_le_bytes)
}

fn new_id() -> Result<SessionId, Refused> {
    Ok(SessionId { born: unix_millis(), random: random()? })
}
