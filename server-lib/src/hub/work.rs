//! What a connection's machine asks for, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{AbortHandle, Abortable};
use rejoin_protocol::session::{FeedStart, Request, Task as Wanted, code};
use rejoin_protocol::wire::{Answer, Body, Denial, Position, Presence, Since, Target, WireLimits};

use super::action::Action;
use super::application::{Application, AuthError, Credentials, Identity};
use super::follow::{Following, Found, News, Watching};
use super::task::Task;
use super::{Inner, Metric};
use crate::log::{LogError, Piece};

/// How long the log is given before it is asked again after an error that may pass.
const RETRY: Duration = Duration::from_secs(1);
/// The code for what is too large.
pub(super) const TOO_LARGE: u16 = 1009;
/// What a frame has beside its payload, at most.
const FRAME: usize = 64;
/// The code for a fault of the server's own.
const INTERNAL: u16 = 1011;

/// What has been done.
pub(super) enum Done<C> {
    /// It was given up meanwhile.
    Nothing,
    Touched(Result<(), LogError>),
    Found(u64, Option<Body>, Result<Found, LogError>),
    Read(u64, Result<Piece, LogError>),
    News(u64, Watching, News),
    Published {
        channel: String,
        number: u64,
        bytes: usize,
        paid: bool,
        answer: Result<Answer, LogError>,
    },
    Called(u64, Result<Body, Denial>),
    Authenticated(Result<Identity<C>, AuthError>),
}

impl<A: Application> Task<A> {
    /// Does what the machine asks for.
    pub(super) fn tasks(&mut self) {
        while let Some(wanted) = self.machine.poll_task() {
            match wanted {
                Wanted::Request(request) => self.request(request),
                Wanted::Read { subscription, behind, max_bytes, .. } => {
                    self.read(subscription, behind, max_bytes);
                }
                _ => {}
            }
        }
    }

    fn request(&mut self, request: Request) {
        match request {
            Request::Messages => self.entry.arrived.notify_one(),
            Request::Subscribe { subscription, channel, since, presence } => {
                self.subscribe(subscription, &channel, since, presence);
            }
            Request::Unsubscribe { subscription, .. } => {
                self.following.remove(&subscription);
            }
            Request::Presence { .. } if !self.entry.pace.change() => self.too_fast("how you are listed"),
            Request::Presence { subscription, about } => match self.too_much(&about) {
                Some(denial) => self.machine.end_subscription(subscription, denial),
                None => self.appear(subscription, about),
            },
            Request::Publish(publish) => self.publish(publish),
            Request::Call { id, timeout, payload } => self.call(id, timeout, payload),
            Request::Cancel { id } => {
                if let Some(call) = self.calls.remove(&id) {
                    call.abort();
                }
            }
            // It may be lost, and above its rate it is.
            Request::Volatile { .. } if !self.entry.pace.volatile() => {}
            Request::Volatile { subscription: None, payload } => {
                self.hub.application.volatile(&self.handle, payload);
            }
            Request::Volatile { subscription: Some(subscription), payload } => {
                self.whisper(subscription, payload);
            }
            Request::Authenticate(_) if self.judging || !self.entry.pace.change() => {
                self.too_fast("your token");
            }
            Request::Authenticate(token) => self.authenticate(token),
            Request::Finish => {
                // What has come is handed over before the session ends.
                self.entry.with(|state| state.finishing = true);
                self.entry.arrived.notify_one();
            }
            _ => {}
        }
    }

    fn too_fast(&mut self, what: &str) {
        self.fail(code::TOO_MANY, &format!("you change {what} too often"));
    }

    fn subscribe(&mut self, subscription: u64, name: &str, since: Since, presence: Option<Body>) {
        let allowed = self.hub.application.authorize(&self.handle, name, Action::Subscribe);
        if let Err(denial) = allowed {
            self.machine.subscribed(subscription, Err(denial));
            return;
        }
        if let Some(denial) = presence.as_ref().and_then(|about| self.too_much(about)) {
            self.machine.subscribed(subscription, Err(denial));
            return;
        }
        let hub = Arc::clone(&self.hub);
        let (cache_bytes, most) = (hub.settings.cache_bytes, hub.settings.channels);
        let Some(channel) = hub.channels.get(name, &hub.log, cache_bytes, most) else {
            let reason = "the server has as many channels as it takes";
            self.machine.subscribed(subscription, Err(Denial::new(code::TOO_MANY, reason)));
            return;
        };
        let mut following = Following::new(Arc::clone(&channel), hub.serial(), presence.is_some());
        let registration = following.abortable();
        self.following.insert(subscription, following);
        let finding = async move {
            let found = hub
                .persist("locate", || async {
                    // The tail is watched before the start is found, so that no entry in between goes unnoticed.
                    let tail = hub.log.tail(&channel.name).await?;
                    let start = hub.log.locate(&channel.name, since).await?;
                    Ok(Found { start, channel: Arc::clone(&channel), tail })
                })
                .await;
            Done::Found(subscription, presence, found)
        };
        // Given up with the subscription.
        self.work.push(Box::pin(async move {
            Abortable::new(finding, registration).await.unwrap_or(Done::Nothing)
        }));
    }

    /// Why nobody can be listed with this.
    fn too_much(&self, about: &Body) -> Option<Denial> {
        let most = self.hub.settings.member_bytes;
        let reason = || format!("a subscriber is listed with at most {most} bytes");
        (about.len() > most).then(|| Denial { code: TOO_LARGE, reason: reason() })
    }

    fn appear(&mut self, subscription: u64, about: Body) {
        let settings = &self.hub.settings;
        let alias = self.entry.alias;
        let Some(following) = self.following.get_mut(&subscription) else { return };
        let name = &following.channel.name;
        match self.hub.application.authorize(&self.handle, name, Action::Appear(&about)) {
            Ok(()) => {
                if !following.appear(alias, about.detached(), settings.members) {
                    let reason = format!("at most {} are listed here", settings.members);
                    let full = Denial { code: code::TOO_MANY, reason };
                    self.machine.presence(subscription, Presence::Refused(full));
                }
                self.work.extend(following.watch_members(subscription));
            }
            Err(denial) => self.machine.presence(subscription, Presence::Refused(denial)),
        }
    }

    fn whisper(&mut self, subscription: u64, payload: Body) {
        let Some(following) = self.following.get(&subscription) else { return };
        let channel = &following.channel;
        if self.hub.application.authorize(&self.handle, &channel.name, Action::Volatile(&payload)).is_ok() {
            let from = self.connection.info().id;
            let whisper =
                super::channel::Whisper { sender: self.entry.alias, from, payload: payload.detached() };
            // That nobody else listens is no fault.
            let _nobody = channel.whispers.send(whisper);
        }
    }

    fn read(&mut self, subscription: u64, behind: Position, max_bytes: usize) {
        let Some(following) = self.following.get(&subscription) else { return };
        let (hub, channel) = (Arc::clone(&self.hub), Arc::clone(&following.channel));
        self.work.push(Box::pin(async move {
            Done::Read(subscription, hub.persist("read", || channel.read(behind, max_bytes)).await)
        }));
    }

    fn call(&mut self, id: u64, timeout: Duration, question: Body) {
        let handle = self.handle.clone();
        let (abort, registration) = AbortHandle::new_pair();
        self.calls.insert(id, abort);
        let answer = async move {
            let answer = handle.hub.application.call(&handle, question);
            match tokio::time::timeout(timeout, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(Denial { code: 408, reason: "the answer was not ready in time".into() }),
            }
        };
        self.work.push(Box::pin(async move {
            match Abortable::new(answer, registration).await {
                Ok(answer) => Done::Called(id, answer),
                Err(_) => Done::Nothing,
            }
        }));
    }

    fn authenticate(&mut self, token: Body) {
        self.judging = true;
        let (hub, principal) = (Arc::clone(&self.hub), self.entry.principal.clone());
        let (headers, peer) = (self.headers.clone(), self.connection.info().peer);
        self.work.push(Box::pin(async move {
            let credentials = Credentials { headers: &headers, peer, token: Some(&token) };
            let asked = hub.application.authenticate(credentials);
            let outcome = match tokio::time::timeout(hub.settings.authentication_timeout, asked).await {
                // A session is valid only together with its principal.
                Ok(Ok(identity)) if identity.principal != principal => Err(AuthError::Forbidden),
                Ok(outcome) => outcome,
                Err(_) => Err(AuthError::Unavailable),
            };
            Done::Authenticated(outcome)
        }));
    }

    /// Tells the machine what has been done.
    pub(super) fn done(&mut self, done: Done<A::Context>) {
        let now = self.hub.now();
        match done {
            Done::Nothing | Done::Touched(Ok(())) => {}
            Done::Touched(Err(error)) => {
                tracing::warn!("the log could not note that a publisher is here: {error}");
            }
            Done::Found(subscription, presence, found) => self.found(subscription, presence, found),
            Done::Read(subscription, Ok(Piece::Entries(entries))) => {
                self.machine.entries(now, subscription, entries);
            }
            Done::Read(subscription, Ok(Piece::Gap(at, missing))) => {
                self.hub.metrics.count(Metric::Gap);
                self.machine.gap(subscription, at, missing);
            }
            Done::Read(subscription, Err(error)) => {
                self.machine.end_subscription(subscription, fault(&error));
            }
            Done::News(subscription, watching, news) => self.news(subscription, watching, news),
            Done::Published { channel, number, bytes, paid, answer } => {
                self.append_bytes -= bytes;
                self.published(&channel, number, paid, answer);
            }
            Done::Called(id, answer) => {
                self.calls.remove(&id);
                let most = WireLimits::default().max_frame.saturating_sub(FRAME);
                let answer = answer.and_then(|answer| {
                    if answer.len() <= most {
                        return Ok(answer);
                    }
                    let reason = format!("the answer has {} bytes, and {most} are the most", answer.len());
                    tracing::error!("a call was not answered: {reason}");
                    Err(Denial::new(TOO_LARGE, reason))
                });
                self.machine.reply(id, answer);
            }
            Done::Authenticated(outcome) => self.judged(outcome),
        }
        self.tasks();
    }

    /// What the application says of a fresh token. Of a connection that was taken over it says nothing any more.
    fn judged(&mut self, outcome: Result<Identity<A::Context>, AuthError>) {
        self.judging = false;
        if !self.entry.with(|state| self.machine.is_current(&state.session)) {
            return;
        }
        match outcome {
            Ok(identity) => {
                let now = tokio::time::Instant::now();
                self.expires = identity.expires_in.and_then(|time| now.checked_add(time));
                self.entry.set_context(identity.context);
            }
            // What was known of the client holds until it expires.
            Err(AuthError::Unavailable) => {
                tracing::warn!(alias = self.entry.alias, "a fresh token could not be judged");
            }
            Err(error) => {
                let refused = super::greeting::unwelcome(error);
                self.close.get_or_insert(refused.close);
            }
        }
    }

    fn found(&mut self, subscription: u64, presence: Option<Body>, found: Result<Found, LogError>) {
        let found = match found {
            Ok(found) => found,
            Err(error) => {
                self.machine.subscribed(subscription, Err(fault(&error)));
                self.following.remove(&subscription);
                return;
            }
        };
        let Some(following) = self.following.get_mut(&subscription) else { return };
        debug_assert!(Arc::ptr_eq(&following.channel, &found.channel));
        self.work.push(following.watch(subscription, found.tail));
        let FeedStart { at, recovered, missing } = found.start;
        if missing.is_some() {
            self.hub.metrics.count(Metric::Gap);
        }
        self.machine.subscribed(subscription, Ok(FeedStart { at, recovered, missing }));
        if let Some(about) = presence {
            self.appear(subscription, about);
        }
    }

    fn news(&mut self, subscription: u64, watching: Watching, news: News) {
        let Some(following) = self.following.get_mut(&subscription) else { return };
        match news {
            News::Tail(position) => self.machine.tail(self.hub.now(), subscription, position.offset),
            // Told when nothing else waits, and as it is by then.
            News::Members => {
                self.untold.insert(subscription);
            }
            News::Whisper(whisper) => {
                if whisper.from != self.connection.info().id {
                    let target = Target::Subscription(subscription);
                    self.machine.volatile(target, Some(whisper.sender), whisper.payload);
                }
            }
            News::Over => {
                self.machine.end_subscription(subscription, fault(&LogError::Closed));
                return;
            }
        }
        if following.watches_by(&watching) {
            self.work.push(following.go_on(watching));
        }
    }
}

/// What a reader is told of an error of the log that does not pass.
fn fault(error: &LogError) -> Denial {
    tracing::error!("a channel can't be read: {error}");
    Denial { code: INTERNAL, reason: "the server can't read this channel".into() }
}

impl<A: Application> Inner<A> {
    /// The log's answer, or an error when it takes too long for it.
    pub(super) async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, LogError>>,
    ) -> Result<T, LogError> {
        tokio::time::timeout(self.settings.log_timeout, answer).await.unwrap_or(Err(LogError::TimedOut))
    }

    /// Asks the log again and again while its error may pass.
    async fn persist<T, F>(&self, what: &str, ask: impl Fn() -> F) -> Result<T, LogError>
    where
        F: Future<Output = Result<T, LogError>>,
    {
        loop {
            match self.in_time(ask()).await {
                Err(error) if error.is_retryable() => {
                    tracing::warn!("the log could not {what}: {error}; asking again");
                    tokio::time::sleep(RETRY).await;
                }
                done => return done,
            }
        }
    }
}
