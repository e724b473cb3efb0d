//! A server on a free port of the loopback, in the test's own process.

use std::future::Future;
use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::routing::any;
use rejoin_server::{Acceptor, Connection, Connections, ServeLimits, Upgrade, serve};
use rejoin_test_support::within;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub struct TestServer {
    pub address: SocketAddr,
    pub connections: Connections,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl TestServer {
    /// Serves one WebSocket at `/` with a handler.
    pub async fn start<F, Fut>(connections: &Connections, acceptor: Acceptor, handler: F) -> Self
    where
        F: Fn(Connection) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::start_with(connections, acceptor, ServeLimits::default(), handler).await
    }

    pub async fn start_with<F, Fut>(
        connections: &Connections,
        acceptor: Acceptor,
        limits: ServeLimits,
        handler: F,
    ) -> Self
    where
        F: Fn(Connection) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let socket = move |State(acceptor): State<Acceptor>, upgrade: Upgrade| {
            let handler = handler.clone();
            async move { acceptor.accept(upgrade, handler) }
        };
        let router = Router::new().route("/", any(socket)).with_state(acceptor);
        Self::of(connections, router, limits).await
    }

    /// Serves a router.
    pub async fn of(connections: &Connections, router: Router, limits: ServeLimits) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self::at(listener, connections, router, limits)
    }

    /// Serves a router on a listener.
    pub fn at(listener: TcpListener, connections: &Connections, router: Router, limits: ServeLimits) -> Self {
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn({
            let connections = connections.clone();
            async move {
                serve(listener, router, &connections, limits, async {
                    stopped.await.unwrap_or_default();
                })
                .await
                .unwrap();
            }
        });
        Self { address, connections: connections.clone(), stop: Some(stop), task }
    }

    /// An echo with these limits.
    pub async fn echo(limits: rejoin_server::Limits) -> Self {
        let connections = Connections::default();
        let acceptor = Acceptor::new(&connections).limits(limits).unwrap();
        Self::start(&connections, acceptor, echo).await
    }

    /// Asks the server to shut down.
    pub fn stop(&mut self) {
        self.stop.take().unwrap().send(()).unwrap();
    }

    /// Waits for the server's end.
    pub async fn ended(self) {
        within(self.task).await.unwrap();
    }
}

pub async fn echo(mut connection: Connection) {
    while let Some(message) = connection.recv().await {
        if connection.send(message).await.is_err() {
            break;
        }
    }
}
