//! The hub: the server half of `rejoin.v1` for an axum application. Sessions outlive their connections, publications
//! are in the log exactly once, and every reader of a channel sees every entry.
//!
//! ```no_run
//! use axum::{Router, extract::State, response::Response, routing::get};
//! use rejoin_server::hub::{Application, AuthError, Credentials, Hub, Identity, SessionHandle, SessionMessage};
//! use rejoin_server::log::MemoryLog;
//! use rejoin_server::{Connections, Upgrade, UpgradeError};
//!
//! struct Echo;
//! impl Application for Echo {
//!     type Context = ();
//!     async fn authenticate(&self, _: Credentials<'_>) -> Result<Identity<()>, AuthError> {
//!         Ok(Identity::anonymous(()))
//!     }
//!     async fn message(&self, session: &SessionHandle<Self>, message: SessionMessage) {
//!         // Fails only when the session is over, and its client with it.
//!         let _ended = session.send(message).await;
//!     }
//! }
//!
//! async fn ws(State(hub): State<Hub<Echo>>, upgrade: Upgrade) -> Result<Response, UpgradeError> {
//!     hub.accept(upgrade)
//! }
//!
//! # fn build() -> std::io::Result<()> {
//! let hub = Hub::builder(Echo, MemoryLog::default()).build(&Connections::default())?;
//! let app: Router = Router::new().route("/ws", get(ws)).with_state(hub);
//! # Ok(())
//! # }
//! ```

mod action;
mod application;
mod calls;
mod channel;
mod ended;
mod failures;
mod follow;
mod greeting;
mod key;
mod leaving;
mod listing;
mod metrics;
mod pace;
mod publishing;
mod registry;
mod room;
mod session;
mod session_task;
mod settings;
mod subscribing;
mod task;
mod work;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::response::Response;
use rejoin_protocol::Time;
use rejoin_protocol::session::code;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use action::{Action, TypedAction};
pub use application::{Application, AuthError, Credentials, Identity, LostMessages, SessionEnd};
pub use channel::Followed;
pub use key::Key;
pub use metrics::HubMetrics;
pub use rejoin_protocol::session::{SessionLimits, SessionMessage, Timing};
pub use rejoin_protocol::wire::{Alias, Body, Denial, Member};
pub use session::{SessionHandle, Unsent};
pub use settings::HubSettings;

use channel::Channels;
use ended::Ended;
use failures::Failures;
use metrics::{Counters, Metric};
use registry::Registry;
use session::Entry;

use crate::log::Log;
use crate::{Acceptor, Close, CloseCode, Connections, Limits, Origins, Upgrade, UpgradeError};

/// The subprotocol that a hub speaks.
pub const SUBPROTOCOL: &str = "rejoin.v1";

/// From one trimming of the log to the next.
const TRIM: Duration = Duration::from_secs(60);
/// What waits in a connection's own queues: the session holds what has no room there, where a cut does not lose it.
const QUEUE: usize = 128 << 10;

/// What all of a hub's tasks share.
pub(crate) struct Inner<A: Application> {
    application: A,
    log: Arc<dyn Log>,
    settings: HubSettings,
    key: Key,
    registry: Mutex<Registry<A::Context>>,
    channels: Channels,
    metrics: Counters,
    /// Those of the server, on whose account the sessions are.
    connections: Connections,
    started: Instant,
    failures: Failures,
    /// Sessions whose credentials are worth nothing any more.
    ended: Ended,
    /// How long an identity lives that says nothing.
    life: Duration,
    /// Its connections, from their upgrade on.
    connected: TaskTracker,
    dice: AtomicU64,
}

impl<A: Application> Inner<A> {
    fn now(&self) -> Time {
        let micros = self.started.elapsed().as_micros();
        Time::from_micros(u64::try_from(micros).unwrap_or(u64::MAX))
    }

    fn instant(&self, time: Time) -> Instant {
        self.started + Duration::from_micros(time.as_micros())
    }

    /// A number that no other has in this hub.
    fn serial(&self) -> u64 {
        self.dice.fetch_add(1, Ordering::Relaxed)
    }

    /// Spreads those who come back; nothing hangs on its being hard to guess.
    fn random_below(&self, most: u64) -> u64 {
        let step = self.serial().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (step ^ (step >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed ^ (mixed >> 32)) % most.max(1)
    }
}

/// The server half of `rejoin.v1`: keep it in the application's state. Clones are the same hub.
pub struct Hub<A: Application> {
    inner: Arc<Inner<A>>,
    acceptor: Acceptor,
}

impl<A: Application> Clone for Hub<A> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), acceptor: self.acceptor.clone() }
    }
}

impl<A: Application> fmt::Debug for Hub<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub").field("metrics", &self.metrics()).finish_non_exhaustive()
    }
}

/// Makes a hub.
pub struct HubBuilder<A> {
    application: A,
    log: Arc<dyn Log>,
    settings: HubSettings,
    key: Option<Key>,
    origins: Origins,
}

impl<A: Application> HubBuilder<A> {
    /// Sets the limits and times. Default: [`HubSettings::default`].
    #[must_use]
    pub fn settings(mut self, settings: HubSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the key that all instances share. Default: a key of this process alone, so that no session outlives it, and
    /// no publication is sent again after a restart.
    #[must_use]
    pub fn key(mut self, key: Key) -> Self {
        self.key = Some(key);
        self
    }

    /// Sets whose pages may connect. Default: those of the server's own origin.
    #[must_use]
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = origins;
        self
    }

    /// Makes the hub. Its connections are counted, limited and drained with the others of `connections`. To be called
    /// within a tokio runtime.
    ///
    /// # Errors
    /// When a setting can't work, by itself or with those of the log, or the system has no random bytes.
    pub fn build(self, connections: &Connections) -> io::Result<Hub<A>> {
        let Self { application, log, mut settings, key, origins } = self;
        settings.check().map_err(io::Error::other)?;
        settings.wire.max_auth = settings.session.max_auth;
        let life = settings.life(log.publisher_life()).map_err(io::Error::other)?;
        let key = match key {
            Some(key) => key,
            None => Key::random()?,
        };
        let mut seed = [0; 8];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        let limits = Limits {
            // A batch of about 64 KiB, or one frame that is larger.
            max_message_bytes: settings.wire.max_frame.max(256 << 10),
            receive_queue_bytes: QUEUE,
            send_queue_bytes: QUEUE,
            rate: None,
            idle: None,
            ping_interval: settings.ping_interval,
            dead_after: settings.dead_after,
            ..Limits::default()
        };
        let (most, token) = (settings.wire.hello_bytes(), settings.wire.max_auth);
        let too_large = CloseCode::own(code::AUTH_TOO_LARGE).unwrap_or(CloseCode::POLICY);
        let too_large = Close::new(
            too_large,
            format!("{token} bytes are the most of a token, and {most} of a first message"),
        );
        let acceptor = Acceptor::new(connections)
            .origins(origins)
            .subprotocol(SUBPROTOCOL)
            .require_subprotocol()
            .handler_leaves()
            .first_message(most, too_large)
            .limits(limits)
            .map_err(io::Error::other)?;
        let inner = Arc::new(Inner {
            application,
            log,
            settings,
            key,
            registry: Mutex::default(),
            channels: Channels::default(),
            metrics: Counters::default(),
            connections: connections.clone(),
            started: Instant::now(),
            failures: Failures::default(),
            ended: Ended::default(),
            life,
            connected: TaskTracker::new(),
            dice: AtomicU64::new(u64::from_le_bytes(seed)),
        });
        tokio::spawn(trim(Arc::downgrade(&inner)));
        connections.at_farewell(end_with_server(Arc::downgrade(&inner), connections.signals().drain));
        Ok(Hub { inner, acceptor })
    }
}

/// Trims the log now and then, for as long as the hub lives.
async fn trim<A: Application>(hub: std::sync::Weak<Inner<A>>) {
    loop {
        tokio::time::sleep(TRIM).await;
        let Some(hub) = hub.upgrade() else { return };
        if let Err(error) = hub.log.trim().await {
            tracing::warn!("the log could not be trimmed: {error}");
        }
    }
}

/// Whether a subprotocol is a version of this one.
fn is_version(name: &str) -> bool {
    let number = name.strip_prefix("rejoin.v");
    number.is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Ends all sessions when the server stops, once their connections have taken their leave: those that are away too, for
/// this process can't be come back to.
async fn end_with_server<A: Application>(hub: std::sync::Weak<Inner<A>>, draining: CancellationToken) {
    while tokio::time::timeout(TRIM, draining.cancelled()).await.is_err() {
        if hub.strong_count() == 0 {
            return;
        }
    }
    let Some(hub) = hub.upgrade() else { return };
    hub.connected.close();
    hub.connected.wait().await;
    hub.end_all(SessionEnd::Shutdown);
}

impl<A: Application> Hub<A> {
    /// A hub of an application over a log.
    pub fn builder(application: A, log: impl Log) -> HubBuilder<A> {
        Self::over(application, Arc::new(log))
    }

    /// A hub of an application over a log that others use as well.
    pub fn over(application: A, log: Arc<dyn Log>) -> HubBuilder<A> {
        let (settings, origins) = (HubSettings::default(), Origins::default());
        HubBuilder { application, log, settings, key: None, origins }
    }

    /// Takes a client: checks its origin, agrees on `rejoin.v1`, and speaks it. One that offers other versions alone is told
    /// by the close code 4406, since browsers hide why an upgrade failed.
    ///
    /// # Errors
    /// When the origin may not connect, the client offers no version of `rejoin`, or there is no room. The error is a
    /// response.
    pub fn accept(&self, upgrade: Upgrade) -> Result<Response, UpgradeError> {
        let inner = Arc::clone(&self.inner);
        let headers = upgrade.headers().clone();
        let offers = |name: &str| upgrade.offered().iter().any(|offered| offered == name);
        if let Some(other) =
            upgrade.offered().iter().find(|name| is_version(name)).filter(|_| !offers(SUBPROTOCOL))
        {
            let acceptor = self.acceptor.clone().subprotocol(other);
            let accepted = acceptor.accept(upgrade, |connection| async move {
                let close_code = CloseCode::own(code::VERSION).unwrap_or(CloseCode::POLICY);
                connection.close(Close::new(close_code, format!("this server speaks {SUBPROTOCOL}")));
            })?;
            inner.metrics.count(Metric::Refused);
            return Ok(accepted);
        }
        let connected = self.inner.connected.token();
        self.acceptor.accept(upgrade, move |connection| async move {
            task::run(inner, connection, headers).await;
            drop(connected);
        })
    }

    /// The application.
    #[must_use]
    pub fn application(&self) -> &A {
        &self.inner.application
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &Arc<dyn Log> {
        &self.inner.log
    }

    /// What it has counted.
    #[must_use]
    pub fn metrics(&self) -> HubMetrics {
        self.inner.metrics.read(self.inner.held_bytes())
    }

    /// The sessions of this process.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionHandle<A>> {
        let registry = self.inner.registry();
        let handle = |entry: &Arc<Entry<A::Context>>| SessionHandle {
            hub: Arc::clone(&self.inner),
            entry: Arc::clone(entry),
        };
        registry.sessions.values().map(handle).collect()
    }

    /// A session by the name under which others see it.
    #[must_use]
    pub fn session(&self, alias: Alias) -> Option<SessionHandle<A>> {
        self.sessions().into_iter().find(|session| session.alias() == alias)
    }

    /// Ends all sessions, as a restart of the process would: for tests and demonstrations.
    pub fn forget(&self) {
        self.inner.end_all(SessionEnd::Forgotten);
    }
}
