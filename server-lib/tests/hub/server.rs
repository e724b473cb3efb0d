//! A hub on a port of its own, with an application that the tests know.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::get;
use rejoin_protocol::wire::Body;
use rejoin_server::hub::{
    Action, Alias, Application, AuthError, Credentials, Denial, Hub, HubSettings, Identity, Key,
    LostMessages, SessionHandle, SessionMessage,
};
use rejoin_server::log::Log;
use rejoin_server::{ConnectionLimits, Connections, ServeLimits, Upgrade, UpgradeError, serve};
use tokio::sync::oneshot;

/// Answers each message with its capitals. The token `nobody` is refused, `wrong` may be mended, `later` can't be
/// judged, `never` is not judged; another is a name.
#[derive(Default)]
pub(crate) struct Shouter {
    pub(crate) lost: Mutex<Vec<LostMessages>>,
    /// The sessions that are over.
    pub(crate) closed: Mutex<Vec<Alias>>,
    /// How many messages it has handled.
    pub(crate) heard: AtomicUsize,
    /// How many questions it has been asked.
    pub(crate) asked: AtomicUsize,
}

impl Application for Shouter {
    type Context = ();

    async fn authenticate(&self, credentials: Credentials<'_>) -> Result<Identity<()>, AuthError> {
        match credentials.token {
            None => Ok(Identity::anonymous(())),
            Some(b"wrong") => Err(AuthError::Unauthenticated),
            Some(b"later") => Err(AuthError::Unavailable),
            Some(b"never") => std::future::pending().await,
            Some(b"nobody") => Err(AuthError::Forbidden),
            Some(b"brief") => Ok(Identity::named("brief", ()).expires_in(Duration::from_millis(10))),
            Some(name) => Ok(Identity::named(String::from_utf8_lossy(name), ())),
        }
    }

    fn authorize(&self, _: &SessionHandle<Self>, channel: &str, action: Action<'_>) -> Result<(), Denial> {
        if channel == "verbose" {
            return Err(Denial { code: 403, reason: "ä".repeat(200) });
        }
        let denied = channel == "secret"
            || matches!(action, Action::Publish(body) if &body[..] == b"spam")
            || matches!(action, Action::Appear(about) if about.is_empty() || about.starts_with(b"no "));
        if denied { Err(Denial { code: 403, reason: "no".into() }) } else { Ok(()) }
    }

    async fn message(&self, session: &SessionHandle<Self>, message: SessionMessage) {
        self.heard.fetch_add(1, Ordering::Relaxed);
        let text = String::from_utf8_lossy(&message.body).to_uppercase();
        let _over = session.send(SessionMessage::text(&text)).await;
    }

    async fn call(&self, _: &SessionHandle<Self>, question: Body) -> Result<Body, Denial> {
        assert_ne!(&question[..], b"panic", "the test wants it");
        self.asked.fetch_add(1, Ordering::Relaxed);
        if &question[..] == b"never" {
            std::future::pending::<()>().await;
        }
        if &question[..] == b"much" {
            return Ok(Body::from(vec![b'x'; 500_000]));
        }
        Ok(Body::from([b"you asked ", &question[..]].concat()))
    }

    fn lost(&self, _: &SessionHandle<Self>, lost: LostMessages) {
        self.lost.lock().unwrap().push(lost);
    }

    fn closed(&self, alias: Alias, (): &()) {
        self.closed.lock().unwrap().push(alias);
    }
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) hub: Hub<Shouter>,
    pub(crate) connections: Connections,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

async fn ws(State(hub): State<Hub<Shouter>>, upgrade: Upgrade) -> Result<Response, UpgradeError> {
    hub.accept(upgrade)
}

impl Server {
    pub(crate) async fn over(log: Arc<dyn Log>) -> Self {
        Self::with(log, HubSettings::default()).await
    }

    pub(crate) async fn with(log: Arc<dyn Log>, settings: HubSettings) -> Self {
        Self::within(ConnectionLimits::default(), log, settings).await
    }

    pub(crate) async fn within(limits: ConnectionLimits, log: Arc<dyn Log>, settings: HubSettings) -> Self {
        let connections = Connections::new(limits).unwrap();
        let builder = Hub::over(Shouter::default(), log).key(Key::new([7; 32])).settings(settings);
        let hub = builder.build(&connections).unwrap();
        let router = Router::new().route("/ws", get(ws)).with_state(hub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let of_server = connections.clone();
        let task = tokio::spawn(async move {
            let shutdown = async {
                // A dropped sender stops the server as well.
                let _dropped = stopped.await;
            };
            serve(listener, router, &of_server, ServeLimits::default(), shutdown).await.unwrap();
        });
        Self { address, hub, connections, stop: Some(stop), task }
    }

    /// Drains.
    pub(crate) fn stop(&mut self) {
        self.stop = None;
    }

    pub(crate) async fn stopped(mut self) {
        self.stop = None;
        (&mut self.task).await.unwrap();
    }
}
