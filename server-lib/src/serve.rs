//! Serving: the accept loop, with limits on clients that have not said what they want yet.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::connect_info::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use socket2::SockRef;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::connections::Connections;
use crate::limits::InvalidLimits;

/// What the server allows to clients that speak HTTP, and how it shuts down.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeLimits {
    /// How long a client may take for the head of a request; a handshake that trickles in is cut off.
    /// Default: 10 s.
    pub header_timeout: Duration,
    /// The largest head of a request, in bytes, at least 8 KiB. Default: 16 KiB.
    pub max_header_bytes: usize,
    /// Connections that speak HTTP at the same time; further ones wait to be accepted. WebSockets are
    /// counted by [`Connections`] instead. Default: 1,024.
    pub max_http_connections: usize,
    /// How long the peer's system may leave sent bytes unacknowledged, or take none, before the connection is dropped
    /// (`TCP_USER_TIMEOUT`; on Linux). It finds clients that vanished without a trace while there was always
    /// something to send to them. A slow client's system, or a proxy's, that has megabytes of buffer takes nothing more for
    /// a minute and longer, until a part of them is empty: a short time cuts off a delivery that goes on. `None`: the
    /// system's default. Default: 5 minutes.
    pub unacknowledged_timeout: Option<Duration>,
    /// Bytes that the system may hold unsent for one connection (`TCP_NOTSENT_LOWAT`; on Linux): little
    /// memory for a stalled download, and pings do not queue behind megabytes. `None`: as many as fit its
    /// send buffer. Default: 256 KiB.
    pub unsent_bytes: Option<u32>,
    /// How long shutting down may take before what is still open is dropped. Default: 10 s.
    pub drain_timeout: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            max_header_bytes: 16 << 10,
            max_http_connections: 1_024,
            unacknowledged_timeout: Some(Duration::from_secs(300)),
            unsent_bytes: Some(256 << 10),
            drain_timeout: Duration::from_secs(10),
        }
    }
}

/// The smallest buffer for a head that the HTTP implementation takes, in bytes.
const LEAST_HEADER_BYTES: usize = 8 << 10;

impl ServeLimits {
    /// Checks that a request can be served with them.
    ///
    /// # Errors
    /// Names the first limit that can't be, its value, and what it must be.
    pub fn check(&self) -> Result<(), InvalidLimits> {
        InvalidLimits::not_zero("header_timeout", self.header_timeout)?;
        let ranges = [
            ("max_header_bytes", self.max_header_bytes, LEAST_HEADER_BYTES, usize::MAX),
            ("max_http_connections", self.max_http_connections, 1, Semaphore::MAX_PERMITS),
        ];
        for (name, value, least, most) in ranges {
            let must = format_args!("be {least} to {most}");
            InvalidLimits::unless((least..=most).contains(&value), name, value, must)?;
        }
        // The system takes zero for its own default.
        let works = self.unacknowledged_timeout.is_none_or(|time| !time.is_zero());
        InvalidLimits::unless(works, "unacknowledged_timeout", 0, "be above 0, or None")?;
        InvalidLimits::unless(self.unsent_bytes != Some(0), "unsent_bytes", 0, "be above 0, or None")
    }
}

/// Serves a router over HTTP/1.1 until `shutdown` resolves. Then it accepts nobody, closes WebSockets with
/// 1012 behind what they have queued, lets requests under way finish, and returns when all is done or
/// [`ServeLimits::drain_timeout`] is over. Handlers find the peer's address as
/// [`ConnectInfo<SocketAddr>`](ConnectInfo). Dropping the future stops accepting; connections go on.
///
/// # Errors
/// When a limit can't work, before anybody is accepted: see [`ServeLimits::check`]. None of a single client. When the listener itself breaks, it is tried again every second.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    connections: &Connections,
    limits: ServeLimits,
    shutdown: impl Future<Output = ()>,
) -> Result<(), InvalidLimits> {
    limits.check()?;
    // Without it, no port is ruled out: see `Origins`.
    match listener.local_addr() {
        Ok(address) => connections.listens_on(address.port()),
        Err(error) => tracing::warn!("the listener does not say its port: {error}"),
    }
    let limits = Arc::new(limits);
    let places = Arc::new(Semaphore::new(limits.max_http_connections));
    let tasks = TaskTracker::new();
    let (finish, abort) = (CancellationToken::new(), CancellationToken::new());
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, peer, place) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        configure(&stream, &limits);
        let http = serve_http(stream, peer, router.clone(), Arc::clone(&limits), finish.clone());
        let abort = abort.clone();
        tasks.spawn(async move {
            let _place = place;
            tokio::select! {
                () = http => {}
                () = abort.cancelled() => {}
            }
        });
    }
    drop(listener);
    tracing::info!(connections = connections.count(), "shutting down");
    finish.cancel();
    tasks.close();
    let http_done = async {
        if tokio::time::timeout(limits.drain_timeout, tasks.wait()).await.is_err() {
            tracing::warn!(connections = tasks.len(), "HTTP connections dropped: the time to drain is over");
            abort.cancel();
            tasks.wait().await;
        }
    };
    let (dropped, ()) = tokio::join!(connections.drain(limits.drain_timeout), http_done);
    if dropped > 0 {
        tracing::warn!(connections = dropped, "WebSockets dropped: the time to drain is over");
    }
    Ok(())
}

/// The next client, once there is a place for it.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed, so that a permit always comes.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                // A listener on [::] sees IPv4 clients at addresses of IPv6.
                let peer = SocketAddr::new(peer.ip().to_canonical(), peer.port());
                return (stream, peer, place);
            }
            Err(error) if is_of_the_client(&error) => {}
            Err(error) => {
                // Most often the process has no file descriptors left; some come back with time.
                tracing::error!("can't accept connections: {error}; trying again in a second");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

fn is_of_the_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    )
}

/// Sets the socket's options. A client that has left already makes that fail, and its reading soon after.
fn configure(stream: &TcpStream, limits: &ServeLimits) {
    let apply = || -> io::Result<()> {
        stream.set_nodelay(true)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            let socket = SockRef::from(stream);
            if limits.unacknowledged_timeout.is_some() {
                socket.set_tcp_user_timeout(limits.unacknowledged_timeout)?;
            }
            if let Some(bytes) = limits.unsent_bytes {
                socket.set_tcp_notsent_lowat(bytes)?;
            }
        }
        Ok(())
    };
    if let Err(error) = apply() {
        tracing::debug!("socket options could not be set: {error}");
    }
}

async fn serve_http(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    limits: Arc<ServeLimits>,
    finish: CancellationToken,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let router = router.clone();
        async move { Ok::<_, Infallible>(answer(router, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(limits.max_header_bytes)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = std::pin::pin!(connection);
    let outcome = tokio::select! {
        outcome = connection.as_mut() => outcome,
        () = finish.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = outcome {
        tracing::debug!(%peer, "HTTP connection ended: {error}");
    }
}

async fn answer(router: Router, request: Request<Incoming>) -> http::Response<Body> {
    match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_that_cannot_serve_are_named_with_value_and_range() {
        assert_eq!(ServeLimits::default().check(), Ok(()));
        let wrong = |set: &dyn Fn(&mut ServeLimits), words: &str| {
            let mut limits = ServeLimits::default();
            set(&mut limits);
            let error = limits.check().expect_err(words).to_string();
            assert!(error.starts_with(&format!("the limit {words}")), "{error}");
        };
        wrong(&|it| it.header_timeout = Duration::ZERO, "`header_timeout` is 0 and must be above 0");
        wrong(&|it| it.max_header_bytes = 100, "`max_header_bytes` is 100 and must be 8192 to");
        wrong(&|it| it.max_http_connections = 0, "`max_http_connections` is 0 and must be 1 to");
        wrong(&|it| it.max_http_connections = usize::MAX, "`max_http_connections` is");
        wrong(&|it| it.unacknowledged_timeout = Some(Duration::ZERO), "`unacknowledged_timeout` is 0");
        wrong(&|it| it.unsent_bytes = Some(0), "`unsent_bytes` is 0 and must be above 0, or None");
    }

    #[tokio::test]
    async fn a_server_with_such_limits_does_not_begin() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let limits = ServeLimits { max_http_connections: 0, ..ServeLimits::default() };
        let (router, connections) = (Router::new(), Connections::default());
        let never = std::future::pending();
        assert!(serve(listener, router, &connections, limits, never).await.is_err());
    }
}
