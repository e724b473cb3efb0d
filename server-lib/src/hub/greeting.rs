//! The greeting: HELLO is read, judged and answered before anything else of a client is heeded.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use http::HeaderMap;
use rejoin_protocol::session::{Claim, Greeting, Judgement, ServerConnection, ServerSession, code};
use rejoin_protocol::wire::{Body, Bye, Fault, Frame, Hello, Outcome, Resume, SessionId, WireError, decode};
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::application::{Application, AuthError, Credentials, Identity, LostMessages, SessionEnd};
use super::registry::Crowd;
use super::session::{Entry, Line, SessionHandle, Word};
use super::{Inner, Metric};
use crate::account::Kind;
use crate::{Close, CloseCode, Connection, End, Message, Network};

/// Why a client was not welcomed: what it is told, and the close code behind it.
pub(super) struct Refused {
    pub(super) bye: Option<Bye>,
    pub(super) close: Close,
    /// Whether it counts as a failed HELLO of its address.
    at_fault: bool,
}

impl Refused {
    pub(super) fn new(code: u16, reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let close_code = CloseCode::own(code).unwrap_or(CloseCode::POLICY);
        Self { bye: None, close: Close::new(close_code, reason), at_fault: true }
    }

    fn after(code: u16, reason: &str, millis: u64) -> Self {
        let bye = Bye { code, reason: reason.into(), retry_after: Some(millis), last: false };
        Self { bye: Some(bye), at_fault: false, ..Self::new(code, reason) }
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

/// What is known of a client once it is authenticated.
struct Known<C> {
    identity: Identity<C>,
    /// The session that it has proved to be.
    resume: Option<Resume>,
    /// Whether the log knows that session, and whether it is too young to be known.
    known: bool,
    young: bool,
}

/// What the place of a session in the registry came to be.
struct Place<C> {
    entry: Arc<Entry<C>>,
    outcome: Outcome,
    /// What is known of the client now, for a session that was there before.
    context: Option<C>,
}

impl<A: Application> Inner<A> {
    pub(super) async fn greet(
        self: &Arc<Self>,
        connection: &mut Connection,
        headers: &HeaderMap,
    ) -> Result<Greeted<A::Context>, Refused> {
        let peer = connection.info().peer;
        let address = peer.map(|peer| peer.ip());
        if !self.failures.begin(address, self.settings.failed_hellos) {
            self.metrics.count(Metric::Refused);
            return Err(Refused::after(code::TOO_MANY, "too many failed HELLOs from this address", 30_000));
        }
        let greeted = self.try_greet(connection, headers).await;
        match &greeted {
            Ok(_) => self.failures.forgive(address),
            Err(refused) => {
                self.metrics.count(Metric::Refused);
                if !refused.at_fault {
                    self.failures.forgive(address);
                }
            }
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
        let peer = connection.info().peer;
        let time = self.settings.authentication_timeout;
        let known = tokio::time::timeout(time, self.know(&hello, headers, peer)).await;
        let Known { identity, resume, known, young } = known.unwrap_or_else(|_| {
            tracing::warn!("the application and the log did not say within {time:?} who a client is");
            Err(Refused::after(code::RETRY_AFTER, "you can't be authenticated at present", 2_000))
        })?;
        let expires = identity.expires_in.and_then(|time| Instant::now().checked_add(time));
        let address = peer.map(|peer| peer.ip());
        connection.holder().set_principal(&identity.principal);
        let place =
            self.place(&hello, resume.map(|resume| resume.id), (known, young), (identity, address))?;
        self.take_over(&hello, incarnation, place, expires)
    }

    /// Asks the application who a client is, and the log whether it knows the session that the client names.
    async fn know(
        &self,
        hello: &Hello,
        headers: &HeaderMap,
        peer: Option<SocketAddr>,
    ) -> Result<Known<A::Context>, Refused> {
        let credentials = Credentials { headers, peer, token: hello.auth.as_deref() };
        let identity = self.application.authenticate(credentials).await.map_err(unwelcome)?;
        let resume = hello.resume.filter(|resume| {
            self.key.proves(resume.id, &identity.principal, &resume.token) && !self.ended.has(resume.id)
        });
        if let Some(resume) = resume
            && let Err(error) = self.log.touch(resume.id).await
        {
            // Before it is asked for, or it could be forgotten between the answer and this.
            tracing::warn!("the log could not note that a publisher is here: {error}");
        }
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
        Ok(Known { identity, resume, known, young })
    }

    async fn read_hello(&self, connection: &mut Connection) -> Result<Hello, Refused> {
        let first = tokio::time::timeout(self.settings.hello_timeout, connection.recv()).await;
        let message = match first {
            Err(_) => return Err(Refused::new(code::HELLO_LATE, "HELLO did not come in time")),
            Ok(None) => {
                let gone = Refused::new(code::HELLO_LATE, "the connection ended before HELLO");
                // One that this end has closed was too large, or no WebSocket.
                let at_fault = matches!(connection.end(), Some(End::ByServer(_)));
                return Err(Refused { at_fault, ..gone });
            }
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
            Some(Err(WireError { fault: Fault::TooLarge { found, most }, field: "auth", .. })) => {
                let reason = format!("{most} bytes are the most of a token, and yours has {found}");
                Err(Refused::new(code::AUTH_TOO_LARGE, reason))
            }
            Some(Err(error)) => Err(Refused::new(code::BAD_FRAME, error.to_string())),
            None => Err(Refused::new(code::BAD_FRAME, "the first message is empty")),
        }
    }

    fn is_young(&self, id: SessionId) -> bool {
        let life = u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX);
        age_ms(id) < life
    }

    /// Judges a HELLO and finds or makes its session, in one step.
    fn place(
        self: &Arc<Self>,
        hello: &Hello,
        proven: Option<SessionId>,
        (known, young): (bool, bool),
        (identity, address): (Identity<A::Context>, Option<IpAddr>),
    ) -> Result<Place<A::Context>, Refused> {
        let existing = proven.and_then(|id| self.registry().sessions.get(&id).cloned());
        // One that is just ending is not in memory any more.
        let existing = existing.filter(|entry| entry.with(|state| state.end.is_none()));
        let judge = |session: Option<&ServerSession>| {
            let age_ms = proven.map_or(0, age_ms);
            Claim { hello, proven: proven.is_some(), session, known, young, age_ms }.judge()
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
            entry.with(|state| {
                // What it takes to answer does not count as being away.
                if state.away_since.is_some() {
                    state.away_since = Some(Instant::now());
                }
            });
            return Ok(Place { entry, outcome, context: Some(identity.context) });
        }
        let network = address.map(Network::from);
        let room = self.registry().room(&identity.principal, network, &self.settings);
        if let Err(crowd) = room {
            self.make_room(crowd, &identity.principal, network);
        }
        let id = match proven.filter(|_| outcome == Outcome::Kept) {
            Some(id) => id,
            None => new_id()?,
        };
        let holder = self.connections.account().holder(Kind::Session, network);
        let names = (id, self.key.alias(id));
        let entry = Arc::new(Entry::new(names, identity, network, &self.settings, holder));
        self.enter(&entry)?;
        self.metrics.sessions.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        // At once, so that it ends even if its connection does before it is welcome.
        self.spawn_session(&entry);
        Ok(Place { entry, outcome, context: None })
    }

    /// Takes a session in.
    fn enter(&self, entry: &Arc<Entry<A::Context>>) -> Result<(), Refused> {
        let mut registry = self.registry();
        // Judging is not done under the registry's lock: it may take long, and all others would wait.
        let same = registry.sessions.get(&entry.id);
        if same.is_some_and(|same| same.with(|state| state.end.is_none())) {
            let reason = "another connection of the session has just come";
            return Err(Refused::after(code::RETRY_AFTER, reason, 0));
        }
        registry.room(&entry.principal, entry.network, &self.settings).map_err(|crowd| {
            let reason = match crowd {
                Crowd::All => "the server has as many sessions as it takes",
                Crowd::Principal => "you have as many sessions as you may",
                Crowd::Network => "this address has as many sessions as it may",
            };
            Refused::after(code::TOO_MANY, reason, 10_000)
        })?;
        registry.insert(Arc::clone(entry));
        Ok(())
    }

    /// Gives the session to this connection. Of an older one nothing more is read, written or acknowledged.
    fn take_over(
        self: &Arc<Self>,
        hello: &Hello,
        incarnation: u64,
        place: Place<A::Context>,
        expires: Option<Instant>,
    ) -> Result<Greeted<A::Context>, Refused> {
        let Place { entry, outcome, context } = place;
        let settings = &self.settings;
        let protocol = settings.protocols.iter().find(|name| hello.protocols.contains(name)).cloned();
        // The client is told what is enforced.
        let mut limits = settings.session.clone();
        limits.publications = limits.publications.min(settings.appends.0);
        let greeting = Greeting {
            outcome,
            id: entry.id,
            token: self.key.token(entry.id, &entry.principal),
            incarnation,
            alias: entry.alias,
            protocol,
            max_publication: settings.max_publication as u64,
            max_publications: limits.publications as u64,
            max_channels: limits.channels as u64,
            max_auth: limits.max_auth as u64,
            ping_interval: settings.timing.ping_interval,
            ttl: settings.ttl,
            instance: settings.instance.clone(),
        };
        let now = self.now();
        let (line, words) = Line::new();
        let taken = entry.with(|state| {
            // Between the judgement and now another connection of the session may have come, or its end.
            if hello.attempt <= state.session.attempt() {
                return Err(Refused::new(
                    code::TAKEN_OVER,
                    "a later connection of this session was here before",
                ));
            }
            if state.end.is_some() {
                return Err(Refused::after(code::RETRY_AFTER, "the session has just ended", 0));
            }
            let (welcome, lost) = state.session.welcome(now, hello, greeting);
            if let Some(old) = state.line.replace(line.clone()) {
                old.news.notify_one();
            }
            state.away_since = None;
            let machine = ServerConnection::new(now, &state.session, &limits, settings.timing);
            Ok((welcome, lost, machine))
        });
        let (welcome, lost, machine) = taken?;
        if let Some(context) = context {
            entry.set_context(context);
        }
        let handle = SessionHandle { hub: Arc::clone(self), entry: Arc::clone(&entry) };
        entry.arrived.notify_one();
        self.metrics.count(match outcome {
            Outcome::Resumed => Metric::Resumed,
            Outcome::Kept => Metric::Kept,
            Outcome::Fresh => Metric::Fresh,
        });
        tracing::info!(alias = entry.alias, ?outcome, client = hello.client, "session connected");
        if !lost.is_empty() {
            // Of a session that goes on only those are handed back that are too large for its client.
            let resumed = outcome == Outcome::Resumed;
            let (unacked, unsent) = if resumed { (Vec::new(), lost) } else { (lost, Vec::new()) };
            let reason = if resumed { SessionEnd::TooLarge } else { SessionEnd::Renumbered };
            self.application.lost(&handle, LostMessages { reason, unacked, unsent });
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

fn age_ms(id: SessionId) -> u64 {
    unix_millis().saturating_sub(id.born)
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
