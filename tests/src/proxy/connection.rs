//! One connection through the proxy: two sockets, a pump for each direction, and the faults that strike them.

use std::io;
use std::net::Shutdown;
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::{broadcast, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::Fault;

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
enum Dry {
    /// Its source closed in order, and its sink was told.
    Finished,
    /// One of its ends is broken.
    Broken,
}

/// Forwards between two sockets until either ends or a fault ends both.
pub(super) async fn run(client: TcpStream, server: TcpStream, mut faults: broadcast::Receiver<Fault>) {
    let (mode, modes) = watch::channel(Mode::Forward);
    let last = {
        let both = async {
            let (up, down) = (pump(&client, &server, modes.clone()), pump(&server, &client, modes));
            tokio::pin!(up, down);
            let (first, other) = tokio::select! {
                dry = &mut up => (dry, down),
                dry = &mut down => (dry, up),
            };
            match first {
                Dry::Finished => other.await,
                Dry::Broken => Dry::Broken,
            }
        };
        tokio::pin!(both);
        let mut until: Option<Instant> = None;
        let mut swallowing = false;
        loop {
            let over = async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                fault = faults.recv() => match fault {
                    Ok(Fault::Swallow(time)) => {
                        (swallowing, until) = (true, Some(Instant::now() + time));
                        mode.send_replace(Mode::Drop);
                    }
                    Ok(Fault::Stall(time)) => {
                        until = Some(Instant::now() + time);
                        mode.send_replace(Mode::Hold);
                    }
                    Ok(Fault::Throttle(rate, time)) => {
                        until = Some(Instant::now() + time);
                        mode.send_replace(Mode::Rate(rate));
                    }
                    Ok(fault) => break Some(fault),
                    // So many faults at once that some were missed, or the end of the proxy.
                    Err(_) => break Some(Fault::Reset),
                },
                () = over => {
                    if swallowing {
                        break Some(Fault::Reset);
                    }
                    until = None;
                    mode.send_replace(Mode::Forward);
                }
                dry = &mut both => break match dry {
                    Dry::Finished => None,
                    Dry::Broken => Some(Fault::Reset),
                },
            }
        }
    };
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

async fn pump(from: &TcpStream, to: &TcpStream, mut modes: watch::Receiver<Mode>) -> Dry {
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
            read = read(from, &mut buffer[..most]) => read,
            // What is there may have to be treated otherwise now.
            changed = modes.changed() => match changed {
                Ok(()) => continue,
                Err(_) => return Dry::Broken,
            },
        };
        match read {
            Ok(0) => {
                // Where the sink is gone as well, its own pump says so.
                let _gone = SockRef::from(to).shutdown(Shutdown::Write);
                return Dry::Finished;
            }
            Ok(_) if mode == Mode::Drop => {}
            Ok(count) => {
                if write(to, &buffer[..count]).await.is_err() {
                    return Dry::Broken;
                }
            }
            Err(_) => return Dry::Broken,
        }
    }
}

async fn read(from: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        from.readable().await?;
        match from.try_read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return done,
        }
    }
}

async fn write(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
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
