//! The streamed test: each direction loaded for a fixed time, small messages measuring the delay meanwhile.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use demo_messages::flow::{Flow, LARGEST_MESSAGE_BYTES, acknowledges};
use demo_messages::speed::{Event, Request, Speed};
use futures_util::future::{Either, select, try_join};
use gloo_timers::future::TimeoutFuture;
use js_sys::Uint8Array;
use rejoin::{Close, Endpoint, Handle, Socket};

use super::super::report::{Direction, Phase, Report, Trouble};
use super::super::streamed::IDLE_TRIPS;
use super::probe::Probe;
use super::signal::Signal;
use super::watch::{Patience, watched};
use super::{link, now_ms, random, report};

/// A load that does not move for so long is given up.
const STALL_SECONDS: u32 = 15;
/// How long after its time a load may still take for what is in flight, in milliseconds. That is a second's worth, and takes
/// longer only where the line became slower at the end.
const DRAIN_MS: f64 = 2_500.0;
/// What a browser gives of random bytes at once.
const RANDOM_AT_ONCE: usize = 65_536;

/// Measures latency, download and upload.
pub(super) async fn measure(
    url: String,
    echo_url: String,
    idle_ms: u32,
    load_ms: u32,
) -> Result<(), Trouble> {
    report(&Report::Began(Phase::Connecting));
    let noise = noise()?;
    let mut socket = link::connect(url.clone(), Speed::SUBPROTOCOL).await?;
    let mut probe = Probe::connect(echo_url).await?;
    report(&Report::Began(Phase::Latency));
    probe.idle(f64::from(idle_ms), IDLE_TRIPS).await?;
    report(&Report::Began(Phase::Load(Direction::Download)));
    if !loaded(&mut probe, Direction::Download, download(&mut socket, load_ms)).await? {
        // What is still under way would be in the way of the upload.
        drop(socket);
        socket = link::connect(url, Speed::SUBPROTOCOL).await?;
    }
    report(&Report::Began(Phase::Load(Direction::Upload)));
    loaded(&mut probe, Direction::Upload, upload(&mut socket, load_ms, &noise)).await?;
    socket.begin_close(Close::normal());
    Ok(())
}

/// Runs a load with the probe beside it.
async fn loaded<T>(
    probe: &mut Probe,
    direction: Direction,
    load: impl Future<Output = Result<T, Trouble>>,
) -> Result<T, Trouble> {
    let outcome = {
        let probing = std::pin::pin!(probe.under_load(direction));
        match select(std::pin::pin!(load), probing).await {
            Either::Left((outcome, _)) => outcome,
            Either::Right((trouble, _)) => Err(trouble),
        }
    };
    probe.load_ended(direction);
    outcome
}

fn patience(load_ms: u32) -> Patience {
    Patience { stall_seconds: STALL_SECONDS, limit_ms: f64::from(load_ms) + DRAIN_MS }
}

/// What has come of a download.
#[derive(Default)]
struct Received {
    bytes: Cell<u64>,
    /// When the last message ended, in milliseconds since the load began.
    at_ms: Cell<f64>,
    acknowledged: Cell<u64>,
}

impl Received {
    /// Sends the server the count, unless it has it already. A count without room now goes with the next one.
    fn acknowledge(&self, handle: &Handle) -> Result<(), Trouble> {
        let bytes = self.bytes.get();
        if bytes > self.acknowledged.get() && link::try_ask(handle, &Request::Received { bytes })? {
            self.acknowledged.set(bytes);
        }
        Ok(())
    }

    fn report(&self) {
        let (at_ms, bytes) = (self.at_ms.get(), self.bytes.get());
        report(&Report::Moved { direction: Direction::Download, at_ms, bytes });
    }
}

/// Whether all that was sent has come.
async fn download(socket: &mut Socket, load_ms: u32) -> Result<bool, Trouble> {
    let direction = Direction::Download;
    let received = Received::default();
    let start = now_ms();
    let handle = socket.handle();
    link::ask(&handle, &Request::Download { duration_ms: load_ms }).await?;
    let receive = async {
        loop {
            let message = link::next(socket).await?;
            if message.is_binary() {
                received.bytes.set(received.bytes.get() + message.len() as u64);
                received.at_ms.set(now_ms() - start);
                if acknowledges(received.acknowledged.get(), received.bytes.get()) {
                    received.acknowledge(&handle)?;
                }
            } else if let Event::Downloaded { bytes, micros } = link::read(message)? {
                return Ok((bytes, micros));
            }
        }
    };
    let tick = |ms| {
        received.report();
        report(&Report::Passed { direction, ms });
        // Where it fails the connection has ended, which `receive` finds out.
        let _ended = received.acknowledge(&handle);
    };
    let served = watched(|| patience(load_ms), receive, || received.bytes.get(), tick).await?;
    let page_bytes = received.bytes.get();
    match served {
        Some((bytes, micros)) => {
            received.report();
            report(&Report::Served { direction, bytes, micros, page_bytes });
        }
        // In the time since the last message nothing has come: it counts.
        None => {
            report(&Report::Moved { direction, at_ms: now_ms() - start, bytes: page_bytes });
            report(&Report::CutOff { direction });
        }
    }
    Ok(served.is_some())
}

/// An upload under way.
struct Upload {
    start: f64,
    flow: RefCell<Flow>,
    /// A count of the server has come.
    counted: Signal,
    arrived: Cell<u64>,
}

async fn upload(socket: &mut Socket, load_ms: u32, noise: &Uint8Array) -> Result<(), Trouble> {
    let direction = Direction::Upload;
    let handle = socket.handle();
    let upload = Upload {
        start: now_ms(),
        flow: RefCell::new(Flow::new()),
        counted: Signal::default(),
        arrived: Cell::new(0),
    };
    link::ask(&handle, &Request::Upload).await?;
    let send = upload.push(&handle, noise, f64::from(load_ms));
    let receive = async {
        loop {
            let message = link::next(socket).await?;
            if message.is_binary() {
                // Of the download.
                continue;
            }
            match link::read(message)? {
                Event::Progress { bytes, micros } => upload.take(bytes, micros),
                Event::Uploaded { bytes, micros } => {
                    upload.take(bytes, micros);
                    return Ok((bytes, micros));
                }
                _ => {}
            }
        }
    };
    let both = async { try_join(send, receive).await.map(|((), served)| served) };
    let tick = |ms| report(&Report::Passed { direction, ms });
    let served = watched(|| patience(load_ms), both, || upload.arrived.get(), tick).await?;
    match served {
        Some((bytes, micros)) => {
            let page_bytes = upload.flow.borrow().sent_bytes();
            report(&Report::Served { direction, bytes, micros, page_bytes });
        }
        None => {
            report(&Report::Moved {
                direction,
                at_ms: upload.counted_until_ms(),
                bytes: upload.arrived.get(),
            });
            report(&Report::CutOff { direction });
        }
    }
    Ok(())
}

impl Upload {
    /// The time since the upload began.
    fn since(&self) -> Duration {
        Duration::from_secs_f64((now_ms() - self.start).max(0.0) / 1_000.0)
    }

    /// Until when the server's counts say what has arrived, by the server's clock in milliseconds since the upload began
    /// there: it began half a round trip later, and a count comes half a round trip later.
    fn counted_until_ms(&self) -> f64 {
        let round_trip = self.flow.borrow().round_trip().unwrap_or_default();
        self.since().saturating_sub(round_trip).as_secs_f64() * 1_000.0
    }

    /// Sends messages for so long, as the server's counts allow, and then the end.
    async fn push(&self, handle: &Handle, noise: &Uint8Array, load_ms: f64) -> Result<(), Trouble> {
        loop {
            let rest = load_ms - (now_ms() - self.start);
            if rest <= 0.0 {
                return link::ask(handle, &Request::Stop).await;
            }
            let next = self.flow.borrow().next();
            match next {
                Some(size) => {
                    self.flow.borrow_mut().sent(self.since());
                    #[expect(clippy::cast_possible_truncation, reason = "a mebibyte at most")]
                    // The same bytes of the browser's each time: nothing is copied here.
                    let message = noise.subarray(0, size as u32);
                    handle.send(message).await.map_err(|_| link::ended(handle))?;
                }
                None => {
                    #[expect(
                        clippy::cast_possible_truncation,
                        clippy::cast_sign_loss,
                        reason = "a minute at most"
                    )]
                    let end = TimeoutFuture::new(rest.ceil() as u32);
                    select(std::pin::pin!(self.counted.wait()), end).await;
                }
            }
        }
    }

    /// The server counts so many bytes; the last one came so long after the upload began.
    fn take(&self, bytes: u64, micros: u64) {
        self.arrived.set(bytes);
        self.flow.borrow_mut().acknowledge(self.since(), bytes);
        self.counted.set();
        #[expect(clippy::cast_precision_loss, reason = "a minute at most")]
        let at_ms = micros as f64 / 1_000.0;
        report(&Report::Moved { direction: Direction::Upload, at_ms, bytes });
    }
}

/// The largest message's bytes, which do not compress.
fn noise() -> Result<Uint8Array, Trouble> {
    let mut bytes = vec![0_u8; LARGEST_MESSAGE_BYTES];
    for part in bytes.chunks_mut(RANDOM_AT_ONCE) {
        random(part)?;
    }
    Ok(Uint8Array::new_from_slice(&bytes))
}
