//! A server for plain connections, which does what it is told.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::State;
use axum::routing::any;
use rejoin_server::{
    Acceptor, Close, CloseCode, Connection, Connections, Limits, Message, ServeLimits, Upgrade, serve,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) connections: Connections,
    stop: Option<oneshot::Sender<()>>,
    task: tokio::task::JoinHandle<()>,
}

impl Server {
    /// An echo at `/` that knows the subprotocol `echo.v1`.
    pub(crate) async fn echo() -> Self {
        let connections = Connections::default();
        let limits = Limits::default();
        let acceptor = Acceptor::new(&connections).subprotocol("echo.v1").limits(limits).unwrap();
        let socket = |State(acceptor): State<Acceptor>, upgrade: Upgrade| async move {
            acceptor.accept(upgrade, echo)
        };
        Self::start(Router::new().route("/", any(socket)).with_state(acceptor), connections).await
    }

    pub(crate) async fn start(router: Router, connections: Connections) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let of_task = connections.clone();
        let task = tokio::spawn(async move {
            let shutdown = async {
                // A dropped sender stops the server as well.
                let _dropped = stopped.await;
            };
            serve(listener, router, &of_task, ServeLimits::default(), shutdown).await.unwrap();
        });
        Self { address, connections, stop: Some(stop), task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// Drains, as before a restart, and waits for the end.
    pub(crate) async fn stop(mut self) {
        self.stop = None;
        self.task.await.unwrap();
    }
}

/// Sends back what comes. `close` and `abort` end the connection; `large` is answered with 2 MiB.
async fn echo(mut connection: Connection) {
    while let Some(message) = connection.recv().await {
        let sent = match message.as_bytes() {
            b"close" => {
                connection.close(Close::new(CloseCode::own(4001).unwrap(), "as you wish"));
                continue;
            }
            b"restart" => {
                connection.close(Close::new(CloseCode::RESTART, ""));
                continue;
            }
            b"abort" => {
                connection.abort();
                continue;
            }
            b"large" => connection.send(Message::Binary(vec![7; 2 << 20].into())).await,
            b"protocol" => {
                let name = connection.info().subprotocol.as_deref().unwrap_or("none").to_owned();
                connection.send(Message::Text(name.into())).await
            }
            _ => connection.send(message).await,
        };
        if sent.is_err() {
            break;
        }
    }
}
