//! A TCP proxy that does to connections what networks do: see [`Fault`]. It is commanded in process ([`Proxy::strike`])
//! and by HTTP, for tests that run in a browser (`GET /` on its control port lists what there is).

mod connection;
mod control;
mod fault;
mod line;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, broadcast, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use line::Line;

pub use control::help;
pub use fault::Fault;
pub use line::Direction;

/// Connections at the same time; more are reset.
const CONNECTIONS: usize = 4_096;
/// Faults that may wait for a connection; one that misses some is reset.
const FAULTS: usize = 64;

/// What the proxy's tasks share.
struct Shared {
    /// Where new connections lead; without it they are reset.
    server: watch::Sender<Option<SocketAddr>>,
    faults: broadcast::Sender<Fault>,
    refusing: watch::Sender<Option<Instant>>,
    line: Option<Line>,
    /// After how many bytes each of the next connections ends.
    cuts: Mutex<VecDeque<usize>>,
    /// Connections that there have been.
    forwarded: AtomicUsize,
}

impl Shared {
    fn strike(&self, fault: Fault) -> usize {
        if let Fault::Refuse(time) = fault {
            self.refusing.send_replace(Some(Instant::now() + time));
        }
        // Nobody hears it where nobody is connected.
        self.faults.send(fault).unwrap_or_default()
    }

    fn refuses(&self) -> bool {
        self.refusing.borrow().is_some_and(|until| Instant::now() < until)
    }

    fn cuts(&self) -> MutexGuard<'_, VecDeque<usize>> {
        self.cuts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running proxy. Dropping it resets its connections and closes its ports.
pub struct Proxy {
    address: SocketAddr,
    control: SocketAddr,
    shared: Arc<Shared>,
    tasks: [AbortHandle; 2],
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy")
            .field("address", &self.address)
            .field("server", &*self.shared.server.borrow())
            .finish()
    }
}

impl Proxy {
    /// Listens on two free ports of this machine and forwards to a server, which need not run yet.
    ///
    /// # Errors
    /// When there are no ports.
    pub async fn start(server: SocketAddr) -> io::Result<Self> {
        Self::begin(server, None).await
    }

    /// The same with one line between clients and server, which all connections share: in each direction bytes pass in the
    /// order in which they came, at the rate that [`set_rate`](Self::set_rate) sets, none at first. Up to `buffer` bytes of a
    /// direction are on the line, and little in the kernel's buffers. Of the faults, it knows those that end connections;
    /// those that pass have no effect on it.
    ///
    /// # Errors
    /// When there are no ports.
    pub async fn start_line(server: SocketAddr, buffer: usize) -> io::Result<Self> {
        Self::begin(server, Some(Line::new(buffer))).await
    }

    async fn begin(server: SocketAddr, line: Option<Line>) -> io::Result<Self> {
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let (listener, control) = (TcpListener::bind(local).await?, TcpListener::bind(local).await?);
        if line.is_some() {
            // What is accepted has the buffers of its listener.
            line::narrow(&listener)?;
        }
        let (faults, _) = broadcast::channel(FAULTS);
        let (refusing, _) = watch::channel(None);
        let (server, _) = watch::channel(Some(server));
        let shared =
            Shared { server, faults, refusing, line, cuts: Mutex::default(), forwarded: AtomicUsize::new(0) };
        let shared = Arc::new(shared);
        let (address, control_address) = (listener.local_addr()?, control.local_addr()?);
        let tasks = [
            tokio::spawn(forward(listener, Arc::clone(&shared))).abort_handle(),
            tokio::spawn(control::serve(control, Arc::clone(&shared))).abort_handle(),
        ];
        Ok(Self { address, control: control_address, shared, tasks })
    }

    /// Where clients connect.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where clients of WebSockets connect.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// Where it takes commands by HTTP.
    #[must_use]
    pub fn control(&self) -> SocketAddr {
        self.control
    }

    /// Does this to all connections that are open. Returns how many they are.
    pub fn strike(&self, fault: Fault) -> usize {
        self.shared.strike(fault)
    }

    /// Leads new connections to another server; without one they are reset.
    pub fn lead(&self, server: Option<SocketAddr>) {
        self.shared.server.send_replace(server);
    }

    /// Ends the next connections after so many bytes each, of both directions together, the first of the list first. What has
    /// passed by then arrives. Of a proxy with a line it ends none.
    pub fn cut_after(&self, bytes: impl IntoIterator<Item = usize>) {
        *self.shared.cuts() = bytes.into_iter().collect();
    }

    /// Sets how many bytes a second each direction of the line passes from now on; without one, all that comes. Nothing
    /// happens to a proxy without a line.
    pub fn set_rate(&self, bytes_a_second: Option<f64>) {
        for direction in [Direction::Up, Direction::Down] {
            if let Some(line) = &self.shared.line {
                line.end(direction).set_rate(bytes_a_second);
            }
        }
    }

    /// Sets how long bytes are on their way in each direction of the line after they have passed, none at first: half of the
    /// round trip. Nothing happens to a proxy without a line.
    pub fn set_delay(&self, delay: Duration) {
        for direction in [Direction::Up, Direction::Down] {
            if let Some(line) = &self.shared.line {
                line.end(direction).set_delay(delay);
            }
        }
    }

    /// The bytes that the line passed in a direction between two moments, of all connections together: what TCP carries, with
    /// the heads of HTTP and WebSocket. To 10 ms.
    #[must_use]
    pub fn passed(&self, direction: Direction, from: Instant, to: Instant) -> u64 {
        self.shared.line.as_ref().map_or(0, |line| line.end(direction).passed(from, to))
    }

    /// Connections that are open at both ends.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.faults.receiver_count()
    }

    /// Connections that it has forwarded, those that are over too.
    #[must_use]
    pub fn forwarded(&self) -> usize {
        self.shared.forwarded.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
        self.shared.strike(Fault::Reset);
    }
}

async fn forward(listener: TcpListener, shared: Arc<Shared>) {
    let slots = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let client = match listener.accept().await {
            Ok((client, _)) => client,
            // The client went before it was accepted, or descriptors are short: neither is the listener's end.
            Err(_) => {
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            }
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            connection::reset(client);
            continue;
        };
        if shared.refuses() {
            connection::reset(client);
            continue;
        }
        let (shared, faults) = (Arc::clone(&shared), shared.faults.subscribe());
        tokio::spawn(async move {
            match connect(&shared).await {
                Ok(server) => {
                    // Where a socket is broken already, its pump finds out.
                    let _broken = (client.set_nodelay(true), server.set_nodelay(true));
                    shared.forwarded.fetch_add(1, Ordering::Relaxed);
                    let budget = AtomicUsize::new(shared.cuts().pop_front().unwrap_or(usize::MAX));
                    connection::run(client, server, faults, shared.line.as_ref(), &budget).await;
                }
                Err(_) => connection::reset(client),
            }
            drop(slot);
        });
    }
}

async fn connect(shared: &Shared) -> io::Result<TcpStream> {
    let server = shared.server.borrow().ok_or(io::ErrorKind::ConnectionRefused)?;
    let socket = if server.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if shared.line.is_some() {
        line::narrow(&socket)?;
    }
    socket.connect(server).await
}
