//! The run over faults: a proxy before each contender's server, and where the page finds them.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::routing::get;
use axum::{Json, Router};
use rejoin_test_support::proxy::Proxy;
use serde::Serialize;

/// The proxies, which live as long as the routes.
pub(crate) struct Delivery {
    places: Vec<Place>,
    proxies: Vec<Proxy>,
}

/// Where a contender's server is.
#[derive(Clone, Serialize)]
struct Place {
    contender: &'static str,
    /// Through the proxy.
    host: String,
    /// The proxy's control port.
    control: String,
    /// The server itself, which sends numbers when asked and tells which have come.
    side: String,
}

impl Delivery {
    /// Proxies before this server and before the one of the peers, at `http://HOST:PORT`.
    pub(crate) async fn start(own: SocketAddr, peers: &str) -> Result<Self, Box<dyn Error>> {
        let peers: SocketAddr = peers.strip_prefix("http://").unwrap_or(peers).parse()?;
        let (mut places, mut proxies) = (Vec::new(), Vec::new());
        for (contender, path, server) in [
            ("rejoin", "session", own),
            ("reconnecting-websocket", "plain", peers),
            ("socket.io", "sio", peers),
        ] {
            let proxy = Proxy::start(server).await?;
            places.push(Place {
                contender,
                host: proxy.address().to_string(),
                control: format!("http://{}", proxy.control()),
                side: format!("http://{server}/{path}"),
            });
            proxies.push(proxy);
        }
        Ok(Self { places, proxies })
    }

    /// `/places`.
    pub(crate) fn routes(self) -> Router {
        let (places, proxies) = (self.places, Arc::new(self.proxies));
        Router::new().route(
            "/places",
            get(move || {
                let (places, _kept) = (places.clone(), Arc::clone(&proxies));
                async move { Json(places) }
            }),
        )
    }
}
