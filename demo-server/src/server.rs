//! The server: made from a configuration, run on a listener.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use demo_messages::speed;
use rejoin_server::hub::{Hub, Key};
use rejoin_server::log::{MemoryLog, MemoryOptions, SqliteLog, SqliteOptions};
use rejoin_server::{Acceptor, ConnectionLimits, Connections, Endpoint, Origins, ServeLimits, serve};
use tokio::net::TcpListener;

use crate::chat::Classic as ClassicChat;
use crate::config::{Classic, Config, seconds};
use crate::error::RunError;
use crate::files::Files;
use crate::rooms::RoomLimits;
use crate::router::{App, router};
use crate::session::Chat;
use crate::speed::SpeedTest;

/// The demo's server, ready to be run.
pub struct Server {
    router: Router,
    connections: Connections,
    hub: Hub<Chat>,
    /// The log in a file.
    store: Option<SqliteLog>,
    limits: ServeLimits,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").field("connections", &self.connections).finish_non_exhaustive()
    }
}

impl Server {
    /// Checks the configuration and makes what the server needs. It does not listen yet.
    ///
    /// # Errors
    /// When a limit or an origin of the configuration can't be, or the system gives no random bytes.
    pub fn new(config: Config) -> Result<Self, RunError> {
        config.check()?;
        let mut most = ConnectionLimits::default();
        most.total = config.max_connections;
        most.per_address = config.max_connections_per_address;
        most.memory = u64::from(config.max_memory_mib) << 20;
        most.memory_per_network = most.memory / 2;
        let connections = Connections::new(most)?;
        let mut origins = Origins::own();
        for origin in &config.allow_origin {
            origins = origins.allow(origin)?;
        }
        let (hub, store) = hub(&config, origins.clone(), &connections)?;
        let acceptor = Acceptor::new(&connections).origins(origins);
        let classic_limits = match config.classic {
            Some(Classic::Speed) => config.speed_limits(),
            Some(Classic::Chat) | None => config.chat_limits(),
        };
        let mut limits = ServeLimits::default();
        limits.header_timeout = seconds(config.header_seconds);
        limits.drain_timeout = seconds(config.drain_seconds);
        limits.check()?;
        let app = App {
            connections: connections.clone(),
            echo: acceptor.clone().limits(config.echo_limits())?,
            chat_socket: acceptor.clone().limits(config.chat_limits())?,
            speed_socket: with_subprotocol::<speed::Speed>(&acceptor).limits(config.speed_limits())?,
            classic_socket: acceptor.limits(classic_limits)?,
            chat: Arc::new(ClassicChat::default()),
            hub: hub.clone(),
            speed: SpeedTest::new()?,
            files: Files::new(&config.app),
            started: Instant::now(),
            config,
        };
        Ok(Self { router: router(Arc::new(app)), connections, hub, store, limits })
    }

    /// Serves until `shutdown` resolves; then closes every WebSocket with 1012, lets requests finish, closes
    /// the log and returns, at the latest after the configured time to drain.
    ///
    /// # Errors
    /// None: what can't be served is found by [`Self::new`].
    pub async fn run(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), RunError> {
        send_little_ahead(&listener);
        let (chat, log) = (self.hub.application(), self.hub.log());
        // Before anybody comes, or a room that is kept could be taken for a new one.
        chat.look(&**log).await;
        let serving = serve(listener, self.router, &self.connections, self.limits, shutdown);
        let served = tokio::select! {
            served = serving => served,
            () = chat.watch(&**log) => Ok(()),
        };
        if let Some(store) = &self.store {
            store.close().await;
        }
        Ok(served?)
    }
}

/// Lets the system take only a little more of a connection's data than it can send at once, so that the bytes which it has
/// taken tell how much of a file is on its way: by itself it takes megabytes ahead. The connections inherit it.
#[cfg(target_os = "linux")]
fn send_little_ahead(listener: &TcpListener) {
    const UNSENT_BYTES: u32 = 128 << 10;
    if let Err(error) = socket2::SockRef::from(listener).set_tcp_notsent_lowat(UNSENT_BYTES) {
        tracing::warn!("the progress inside a file will be ahead of what was sent: {error}");
    }
}

/// Elsewhere the system is left to itself, and the progress inside a file may be ahead by what it takes.
#[cfg(not(target_os = "linux"))]
fn send_little_ahead(_: &TcpListener) {}

/// The sessions' hub, over a log in the folder for data or in memory.
fn hub(
    config: &Config,
    origins: Origins,
    connections: &Connections,
) -> Result<(Hub<Chat>, Option<SqliteLog>), RunError> {
    let chat = Chat::new(RoomLimits {
        all: config.max_rooms,
        per_session: config.max_rooms_per_session,
        per_address: config.max_rooms_per_address,
    });
    let entries = Some(config.history_messages);
    let (builder, store) = match &config.data {
        None => {
            let mut options = MemoryOptions::default();
            options.retention.entries = entries;
            (
                Hub::builder(
                    chat,
                    MemoryLog::new(options).map_err(|error| RunError::Hub(std::io::Error::other(error)))?,
                ),
                None,
            )
        }
        Some(folder) => {
            let wrong = |reason: String| RunError::Data { folder: folder.clone(), reason };
            make_folder(folder).map_err(|error| wrong(error.to_string()))?;
            let mut options = SqliteOptions::default();
            options.retention.entries = entries;
            let log = SqliteLog::open(folder.join("rooms.sqlite"), options)
                .map_err(|error| wrong(error.to_string()))?;
            let key = Key::at(&folder.join("session.key")).map_err(|error| wrong(error.to_string()))?;
            (Hub::builder(chat, log.clone()).key(key), Some(log))
        }
    };
    let builder = builder.settings(config.hub_settings()).origins(origins);
    Ok((builder.build(connections).map_err(RunError::Hub)?, store))
}

/// Makes the folder, if it is not there, for its owner alone. What is in it is its owner's alone in any folder.
fn make_folder(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

fn with_subprotocol<E: Endpoint>(acceptor: &Acceptor) -> Acceptor {
    E::SUBPROTOCOL.into_iter().fold(acceptor.clone(), Acceptor::subprotocol)
}
