//! What a connection's machine asks for, and what comes of it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rejoin_protocol::session::{Request, Task as Wanted, code};
use rejoin_protocol::wire::{Answer, Body, Denial, Target};

use super::Inner;
use super::action::Action;
use super::application::{Application, AuthError, Credentials, Identity};
use super::channel::Whisper;
use super::follow::{Found, News, Watching};
use super::subscribing::Subscribe;
use super::task::Task;
use crate::account::block;
use crate::log::{LogError, Piece};

/// How long the log is given before it is asked again after an error that may pass.
const RETRY: Duration = Duration::from_secs(1);
/// The code for what is too large.
pub(super) const TOO_LARGE: u16 = 1009;
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
        if matches!(request, Request::Messages | Request::Publish(_) | Request::Call { .. }) {
            self.entry.used.store(true, Ordering::Relaxed);
        }
        match request {
            Request::Messages => self.entry.arrived.notify_one(),
            Request::Subscribe { subscription, channel, since, presence } => {
                self.subscribe(Subscribe { subscription, channel, since, presence });
            }
            Request::Unsubscribe { subscription, .. } => self.unsubscribe(subscription),
            Request::Presence { .. } if !self.entry.pace.change() => self.too_fast("how you are listed"),
            Request::Presence { subscription, about } => match self.too_much(&about) {
                Some(denial) => self.machine.end_subscription(subscription, denial),
                None => self.appear(subscription, about),
            },
            Request::Publish(publish) => self.publish(publish),
            Request::Call { id, timeout, payload } => self.call(id, timeout, payload),
            Request::Cancel { id } => self.cancel(id),
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

    fn whisper(&mut self, subscription: u64, payload: Body) {
        let Some(following) = self.following.get(&subscription) else { return };
        let channel = &following.channel;
        if self.hub.application.authorize(&self.handle, &channel.name, Action::Volatile(&payload)).is_ok() {
            let from = self.connection.info().id;
            let payload = payload.detached();
            let memory = Arc::new(self.connection.holder().charge(block(payload.len())));
            let whisper = Whisper { sender: self.entry.alias, from, payload, _memory: memory };
            // That nobody else listens is no fault.
            let _nobody = channel.whispers.send(whisper);
        }
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
        match done {
            Done::Nothing | Done::Touched(Ok(())) => {}
            Done::Touched(Err(error)) => {
                tracing::warn!("the log could not note that a publisher is here: {error}");
            }
            Done::Found(subscription, presence, found) => self.found(subscription, presence, found),
            Done::Read(subscription, piece) => self.have_read(subscription, piece),
            Done::News(subscription, watching, news) => self.news(subscription, watching, news),
            Done::Published { channel, number, bytes, paid, answer } => {
                self.append_bytes -= bytes;
                self.published(&channel, number, paid, answer);
            }
            Done::Called(id, answer) => self.called(id, answer),
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
pub(super) fn fault(error: &LogError) -> Denial {
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
    pub(super) async fn persist<T, F>(&self, what: &str, ask: impl Fn() -> F) -> Result<T, LogError>
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
