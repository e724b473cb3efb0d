//! A line: all connections through the proxy share one rate in each direction, first come, first served, and what passes is
//! counted with its time. So a test knows what a measured line carried.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use socket2::SockRef;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep_until};

use super::connection::{Dry, closed, read, write};

/// The most bytes that pass at once: a packet's worth.
const GRAIN: usize = 1_448;
/// At a rate, bytes pass so often a second, so that a slow line is as smooth as a fast one.
const GRAINS_A_SECOND: f64 = 50.0;
/// The fewest bytes that pass at once while more are there.
const LEAST_GRAIN: usize = 64;
/// A line that was idle, or whose timer was late, catches up with so much time at most.
const CATCH_UP: Duration = Duration::from_millis(20);
/// Counts closer together than this are kept as one.
const SAMPLE: Duration = Duration::from_millis(10);
/// The most counts that are kept in a direction: ten minutes' worth.
const SAMPLES: usize = 60_000;
/// What each end's kernel may hold of a connection, in bytes: the line's own buffer is to be the one that counts.
const KERNEL_BYTES: usize = 16 << 10;
/// The fewest bytes a second.
const LEAST_RATE: f64 = 1.0;
/// Bytes of a direction that may be delayed at once, of all connections together.
const DELAYED_BYTES: usize = 64 << 20;

/// A direction through the proxy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// From the client to the server.
    Up,
    /// From the server to the client.
    Down,
}

/// A line's state: one direction of it.
#[derive(Debug)]
struct Lane {
    /// Bytes a second; without one, all passes at once.
    rate: Option<f64>,
    /// How long bytes are on their way after they have passed.
    delay: Duration,
    /// Until when the line is busy with what it has taken.
    busy: Instant,
    passed: u64,
    /// When how much had passed.
    samples: Vec<(Instant, u64)>,
}

/// One direction of a line.
#[derive(Debug, Clone)]
pub(super) struct LineEnd {
    lane: Arc<Mutex<Lane>>,
    /// Room in the line's buffer, in bytes.
    room: Arc<Semaphore>,
    /// Room for delayed bytes.
    delayed: Arc<Semaphore>,
}

/// Both directions.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) up: LineEnd,
    pub(super) down: LineEnd,
}

impl Line {
    pub(super) fn new(buffer: usize) -> Self {
        Self { up: LineEnd::new(buffer), down: LineEnd::new(buffer) }
    }

    pub(super) fn end(&self, direction: Direction) -> &LineEnd {
        match direction {
            Direction::Up => &self.up,
            Direction::Down => &self.down,
        }
    }
}

impl LineEnd {
    fn new(buffer: usize) -> Self {
        let now = Instant::now();
        let lane = Lane { rate: None, delay: Duration::ZERO, busy: now, passed: 0, samples: vec![(now, 0)] };
        // Two grains at least, so that one waits while another passes.
        let room = Arc::new(Semaphore::new(buffer.max(2 * GRAIN)));
        Self { lane: Arc::new(Mutex::new(lane)), room, delayed: Arc::new(Semaphore::new(DELAYED_BYTES)) }
    }

    fn lane(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn set_rate(&self, bytes_a_second: Option<f64>) {
        self.lane().rate = bytes_a_second.map(|rate| rate.max(LEAST_RATE));
    }

    pub(super) fn set_delay(&self, delay: Duration) {
        self.lane().delay = delay;
    }

    /// How many bytes pass at once.
    fn grain(&self) -> usize {
        self.lane().rate.map_or(GRAIN, |rate| ((rate / GRAINS_A_SECOND) as usize).clamp(LEAST_GRAIN, GRAIN))
    }

    /// Takes bytes after all that was taken before. Returns when the last of them has passed.
    fn take(&self, count: usize) -> Instant {
        let mut lane = self.lane();
        let now = Instant::now();
        let start = lane.busy.max(now.checked_sub(CATCH_UP).unwrap_or(now));
        let time = lane.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(count as f64 / rate));
        lane.busy = start + time;
        lane.busy
    }

    fn count(&self, count: usize) {
        let mut guard = self.lane();
        let lane = &mut *guard;
        lane.passed += count as u64;
        let now = Instant::now();
        let full = lane.samples.len() >= SAMPLES;
        match lane.samples.last_mut() {
            Some((at, until)) if full || now < *at + SAMPLE => *until = lane.passed,
            _ => lane.samples.push((now, lane.passed)),
        }
    }

    /// Bytes that passed between two moments.
    pub(super) fn passed(&self, from: Instant, to: Instant) -> u64 {
        let lane = self.lane();
        let until = |moment| {
            let next = lane.samples.partition_point(|(at, _)| *at <= moment);
            next.checked_sub(1).map_or(0, |last| lane.samples[last].1)
        };
        until(to).saturating_sub(until(from))
    }
}

/// Bytes on the line, when they have passed it or arrive, and their room in its buffer or among the delayed bytes.
struct Grain {
    bytes: Vec<u8>,
    due: Instant,
    room: OwnedSemaphorePermit,
}

/// Room for as many bytes. None once the line is gone.
async fn acquire(room: &Arc<Semaphore>, bytes: usize) -> Option<OwnedSemaphorePermit> {
    let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
    Arc::clone(room).acquire_many_owned(bytes).await.ok()
}

/// Forwards one direction of a connection over the line. What is on it passes even after the source has closed.
pub(super) async fn pump(from: &TcpStream, to: &TcpStream, line: &LineEnd) -> Dry {
    // Each is bounded by its room.
    let (taken, mut passing) = mpsc::unbounded_channel();
    let (passed, mut arriving) = mpsc::unbounded_channel();
    let take = async move {
        let mut buffer = [0; GRAIN];
        loop {
            let count = match read(from, &mut buffer[..line.grain()]).await {
                Ok(0) => return true,
                Ok(count) => count,
                Err(_) => return false,
            };
            let Some(room) = acquire(&line.room, count).await else { return false };
            let grain = Grain { bytes: buffer[..count].to_vec(), due: line.take(count), room };
            if taken.send(grain).is_err() {
                return false;
            }
        }
    };
    let pass = async move {
        while let Some(Grain { bytes, due, room }) = passing.recv().await {
            sleep_until(due).await;
            line.count(bytes.len());
            let delay = line.lane().delay;
            if delay.is_zero() {
                // In its room until the sink has taken it: the line's buffer is the only one.
                let grain = Grain { bytes, due, room };
                if passed.send(grain).is_err() {
                    return false;
                }
                continue;
            }
            let Some(delayed) = acquire(&line.delayed, bytes.len()).await else { return false };
            drop(room);
            if passed.send(Grain { bytes, due: due + delay, room: delayed }).is_err() {
                return false;
            }
        }
        true
    };
    let arrive = async {
        while let Some(Grain { bytes, due, room }) = arriving.recv().await {
            sleep_until(due).await;
            if write(to, &bytes).await.is_err() {
                return false;
            }
            drop(room);
        }
        true
    };
    tokio::pin!(take, pass, arrive);
    // Passing ends before taking, and arriving before passing, only where the sink is broken.
    let mut way = std::pin::pin!(async {
        tokio::select! {
            in_order = &mut take => in_order && (&mut pass).await,
            passed = &mut pass => passed,
        }
    });
    let in_order = tokio::select! {
        in_order = &mut way => in_order && arrive.await,
        arrived = &mut arrive => arrived,
    };
    if in_order { closed(to) } else { Dry::Broken }
}

/// Small buffers and packets of a usual size for a socket that is not connected yet: over loopback both would be so large
/// that seconds of a slow line fit into them.
pub(super) fn narrow(socket: &impl AsFd) -> io::Result<()> {
    let socket = SockRef::from(socket);
    socket.set_recv_buffer_size(KERNEL_BYTES)?;
    socket.set_send_buffer_size(KERNEL_BYTES)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_mss(u32::try_from(GRAIN).unwrap_or(u32::MAX))?;
    Ok(())
}
