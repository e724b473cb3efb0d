//! One connection through the proxy: two sockets, a pump for each direction, and the faults that strike them.

use std::io;
use std::net::Shutdown;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Fault;
use super::line::{self, Direction, Line};

/// Bytes of each direction that are on their way through the proxy.
const BUFFER: usize = 16 << 10;
/// How often a second a throttled direction is granted bytes.
pub(super) const GRANTS: usize = 50;
/// How long a connection whose other end has died is kept for the end that lives.
const ORPHAN: Duration = Duration::from_secs(300);

/// What the pumps do with what they read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Forward,
    Drop,
    Hold,
    Rate(usize),
}

/// How a pump ended.
pub(super) enum Dry {
    /// Its source closed in order, and its sink was told.
    Finished,
    /// One of its ends is broken.
    Broken,
    /// So many bytes have passed as may.
    Spent,
}

/// A fault that is at work and passes.
struct Spell {
    mode: watch::Sender<Mode>,
    until: Option<Instant>,
}

impl Spell {
    /// Begins a fault. Hands back one that ends the connection at once.
    fn begin(&mut self, fault: Fault) -> Option<Fault> {
        let (mode, time) = match fault {
            Fault::Swallow(time) => (Mode::Drop, time),
            Fault::Stall(time) => (Mode::Hold, time),
            Fault::Throttle(rate, time) => (Mode::Rate(rate), time),
            other => return Some(other),
        };
        self.until = Some(Instant::now() + time);
        self.mode.send_replace(mode);
        None
    }

    async fn passed(&self) {
        match self.until {
            Some(until) => sleep_until(until).await,
            None => std::future::pending().await,
        }
    }

    /// Ends the fault. What was swallowed can't be mended, so that the connection ends with it.
    fn end(&mut self) -> Option<Fault> {
        self.until = None;
        match self.mode.send_replace(Mode::Forward) {
            Mode::Drop => Some(Fault::Reset),
            _ => None,
        }
    }
}

/// Forwards between two sockets, over a line if there is one, until either ends, a fault ends both or so many bytes have passed
/// as may.
pub(super) async fn run(
    client: TcpStream,
    server: TcpStream,
    mut faults: broadcast::Receiver<Fault>,
    line: Option<&Line>,
    budget: &AtomicUsize,
) {
    let last = strike(&client, &server, &mut faults, line, budget).await;
    // No longer among those that a fault strikes.
    drop(faults);
    match last {
        None => {}
        Some(Fault::ClientDies) => {
            reset(client);
            orphan(&server).await;
        }
        Some(Fault::ServerDies) => {
            reset(server);
            orphan(&client).await;
        }
        Some(_) => {
            reset(client);
            reset(server);
        }
    }
}

/// Forwards until the end, and says which fault it was, if any.
async fn strike(
    client: &TcpStream,
    server: &TcpStream,
    faults: &mut broadcast::Receiver<Fault>,
    line: Option<&Line>,
    budget: &AtomicUsize,
) -> Option<Fault> {
    let (mode, modes) = watch::channel(Mode::Forward);
    let mut spell = Spell { mode, until: None };
    let mut forwarding = std::pin::pin!(forward(client, server, modes, line, budget));
    loop {
        let last = tokio::select! {
            biased;
            fault = faults.recv() => match fault {
                Ok(fault) => spell.begin(fault),
                // So many faults at once that some were missed, or the end of the proxy.
                Err(_) => Some(Fault::Reset),
            },
            () = spell.passed() => spell.end(),
            dry = &mut forwarding => match dry {
                // Closed without a reset, which would take back what has not been read.
                Dry::Finished | Dry::Spent => return None,
                Dry::Broken => Some(Fault::Reset),
            },
        };
        if last.is_some() {
            return last;
        }
    }
}

async fn forward(
    client: &TcpStream,
    server: &TcpStream,
    modes: watch::Receiver<Mode>,
    line: Option<&Line>,
    budget: &AtomicUsize,
) -> Dry {
    let way = |from, to, direction| {
        let modes = modes.clone();
        async move {
            match line {
                None => pump(from, to, modes, budget).await,
                Some(line) => line::pump(from, to, line.end(direction)).await,
            }
        }
    };
    let mut up = std::pin::pin!(way(client, server, Direction::Up));
    let mut down = std::pin::pin!(way(server, client, Direction::Down));
    let (first, other) = tokio::select! {
        dry = &mut up => (dry, down),
        dry = &mut down => (dry, up),
    };
    match first {
        Dry::Finished => other.await,
        ended => ended,
    }
}

/// Ends a connection as a broken network does, without FIN.
pub(super) fn reset(stream: TcpStream) {
    // Where the other end was faster there is nothing left to reset.
    let _ended = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    drop(stream);
}

/// Takes and drops what comes until the end that lives closes.
async fn orphan(stream: &TcpStream) {
    let mut buffer = [0; BUFFER];
    let drained = async { while matches!(read(stream, &mut buffer).await, Ok(1..)) {} };
    // Whoever has not noticed by then is left.
    let _noticed = timeout(ORPHAN, drained).await;
}

async fn pump(
    from: &TcpStream,
    to: &TcpStream,
    mut modes: watch::Receiver<Mode>,
    budget: &AtomicUsize,
) -> Dry {
    let mut buffer = [0; BUFFER];
    loop {
        let mode = match modes.wait_for(|mode| *mode != Mode::Hold).await {
            Ok(mode) => *mode,
            Err(_) => return Dry::Broken,
        };
        let most = match mode {
            Mode::Rate(rate) => {
                sleep(Duration::from_secs(1) / GRANTS as u32).await;
                (rate / GRANTS).clamp(1, BUFFER)
            }
            _ => BUFFER,
        };
        let read = tokio::select! {
            // What comes after a fault has begun is treated as the fault has it.
            biased;
            changed = modes.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return Dry::Broken,
            },
            read = read(from, &mut buffer[..most]) => read,
        };
        match read {
            Ok(0) => {
                return closed(to);
            }
            Ok(_) if mode == Mode::Drop => {}
            Ok(count) => {
                // Both directions are one task's.
                let left = budget.load(Ordering::Relaxed);
                let passes = count.min(left);
                budget.store(left - passes, Ordering::Relaxed);
                if write(to, &buffer[..passes]).await.is_err() {
                    return Dry::Broken;
                }
                if passes < count {
                    return Dry::Spent;
                }
            }
            Err(_) => return Dry::Broken,
        }
    }
}

/// The source has closed in order: so does the sink.
pub(super) fn closed(to: &TcpStream) -> Dry {
    // Where the sink is gone as well, its own pump says so.
    let _gone = SockRef::from(to).shutdown(Shutdown::Write);
    Dry::Finished
}

pub(super) async fn read(from: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        from.readable().await?;
        match from.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
    }
}

pub(super) async fn write(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
