//! The acceptor: one WebSocket endpoint of an application, its rules and its subprotocols.

use std::future::Future;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::close::Close;
use crate::connection::{Connection, First, Info, Shared};
use crate::connections::Connections;
use crate::driver::Driver;
use crate::limits::{InvalidLimits, Limits};
use crate::origins::Origins;
use crate::upgrade::{Upgrade, UpgradeError, is_token};

/// One WebSocket endpoint: who may connect, which subprotocols it knows, what a connection may use. Make it
/// once and keep it in the application's state; clones are cheap.
///
/// ```
/// use axum::{Router, extract::State, response::Response, routing::get};
/// use rejoin_server::{Acceptor, Connections, Upgrade, UpgradeError};
///
/// async fn echo(State(acceptor): State<Acceptor>, upgrade: Upgrade) -> Result<Response, UpgradeError> {
///     acceptor.accept(upgrade, |mut connection| async move {
///         while let Some(message) = connection.recv().await {
///             if connection.send(message).await.is_err() {
///                 break;
///             }
///         }
///     })
/// }
///
/// let connections = Connections::default();
/// let app: Router = Router::new().route("/echo", get(echo)).with_state(Acceptor::new(&connections));
/// ```
#[derive(Debug, Clone)]
pub struct Acceptor {
    connections: Connections,
    origins: Arc<Origins>,
    subprotocols: Vec<Arc<str>>,
    required: bool,
    handler_leaves: bool,
    first: Option<First>,
    limits: Arc<Limits>,
}

impl Acceptor {
    /// An endpoint with the default limits, for pages of the server's own origin, without subprotocols.
    #[must_use]
    pub fn new(connections: &Connections) -> Self {
        Self {
            connections: connections.clone(),
            origins: Arc::default(),
            subprotocols: Vec::new(),
            required: false,
            handler_leaves: false,
            first: None,
            limits: Arc::default(),
        }
    }

    /// Sets whose pages may connect.
    #[must_use]
    pub fn origins(mut self, origins: Origins) -> Self {
        self.origins = Arc::new(origins);
        self
    }

    /// Adds a subprotocol that the endpoint knows. Of those that a client offers, the one added first is
    /// picked. When a client offers only others, it gets none, as RFC 6455 says (section 4.2.2); it may then
    /// go on without one, as programs do, or fail the connection, as browsers do.
    ///
    /// # Panics
    /// When the name is not a token of RFC 9110; names are written in the program.
    #[must_use]
    pub fn subprotocol(mut self, name: &str) -> Self {
        assert!(is_token(name), "a subprotocol's name must be a token of RFC 9110, and {name:?} is none");
        self.subprotocols.push(name.into());
        self
    }

    /// Refuses clients that offer no subprotocol that the endpoint knows, with 400 and their names.
    ///
    /// # Panics
    /// When the endpoint knows none yet, so that it would refuse everybody: call [`subprotocol`](Self::subprotocol) before.
    #[must_use]
    pub fn require_subprotocol(mut self) -> Self {
        assert!(
            !self.subprotocols.is_empty(),
            "require_subprotocol needs a subprotocol that was added before"
        );
        self.required = true;
        self
    }

    /// Leaves it to the handler to say goodbye when the server drains ([`Connection::draining`]), rather than closing
    /// with 1012 at once. A handler that does not is dropped when the time to drain is over.
    #[must_use]
    pub fn handler_leaves(mut self) -> Self {
        self.handler_leaves = true;
        self
    }

    /// Takes one message of at most so many bytes from a peer, and nothing behind it, until the handler lets the peer in
    /// by `Connection::admit`. A larger one is refused before room is made for it.
    #[must_use]
    pub(crate) fn first_message(mut self, max_bytes: usize, too_large: Close) -> Self {
        self.first = Some(First { max_bytes, too_large });
        self
    }

    /// Sets what a connection may use.
    ///
    /// # Errors
    /// When the limits make no sense together.
    pub fn limits(mut self, limits: Limits) -> Result<Self, InvalidLimits> {
        limits.check()?;
        self.limits = Arc::new(limits);
        Ok(self)
    }

    /// Checks the request's origin, agrees on a subprotocol, takes a place, and answers 101. The handler runs
    /// in a task of its own once the connection is there. Its connection closes with 1000 when it returns,
    /// and with 1011 if it panics. When the connection ends first, [`Connection::recv`] gives `None`, and the
    /// handler should return soon: draining waits for it.
    ///
    /// # Errors
    /// When the origin may not connect, no subprotocol was agreed on although one is required, or there is no
    /// room. The error is a response.
    pub fn accept<F, Fut>(&self, upgrade: Upgrade, handler: F) -> Result<Response, UpgradeError>
    where
        F: FnOnce(Connection) -> Fut + Send + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let may_be_port = |port| self.connections.may_be_reached_at(port);
        self.origins.check(&upgrade.headers, may_be_port).map_err(UpgradeError::Origin)?;
        let subprotocol = self.pick(&upgrade.offered)?;
        let permit =
            self.connections.admit(upgrade.peer.map(|peer| peer.ip())).map_err(UpgradeError::NoRoom)?;
        let response = response(&upgrade, subprotocol.as_deref());
        let headers = upgrade.memory();
        let info = Info { id: permit.id, peer: upgrade.peer, subprotocol };
        let (limits, signals) = (Arc::clone(&self.limits), self.connections.signals());
        let (draining, first) = (signals.drain.clone(), self.first.clone());
        let holder = Arc::clone(&permit.holder);
        let shared = Arc::new(Shared::new(info, holder, &limits, draining, self.handler_leaves, first));
        self.connections.spawn(async move {
            let _permit = permit;
            // Kept for the handler, which may look at them for as long as the connection is open.
            let _headers = shared.holder.charge(headers);
            let io = match upgrade.on_upgrade.await {
                Ok(io) => TokioIo::new(io),
                Err(error) => {
                    tracing::info!(id = shared.info.id, "the peer left before the upgrade: {error}");
                    return;
                }
            };
            let Info { id, peer, subprotocol } = &shared.info;
            let peer = peer.map(tracing::field::display);
            tracing::info!(id, peer, subprotocol = subprotocol.as_deref(), "connection opened");
            let driver = Driver::new(io, Arc::clone(&shared), limits, signals).await;
            driver.run(handler(Connection::new(shared))).await;
        });
        Ok(response)
    }

    fn pick(&self, offered: &[String]) -> Result<Option<Arc<str>>, UpgradeError> {
        let known = |name: &&Arc<str>| offered.iter().any(|offer| **offer == ***name);
        let picked = self.subprotocols.iter().find(known).cloned();
        if picked.is_none() && self.required {
            let known = self.subprotocols.iter().map(ToString::to_string).collect();
            return Err(UpgradeError::NoSubprotocol { known });
        }
        Ok(picked)
    }
}

fn response(upgrade: &Upgrade, subprotocol: Option<&str>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    // Base64 and tokens are valid header values, so that neither conversion can fail.
    if let Ok(accept) = HeaderValue::try_from(derive_accept_key(upgrade.key.as_bytes())) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(Ok(subprotocol)) = subprotocol.map(HeaderValue::try_from) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, subprotocol);
    }
    response
}
