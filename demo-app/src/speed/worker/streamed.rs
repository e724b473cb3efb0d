//! The streamed test: each direction loaded for a fixed time, small messages measuring the delay meanwhile.

use std::cell::Cell;

use demo_messages::speed::{CHUNK_BYTES, Event, Request, Speed};
use futures_util::future::{Either, select, try_join};
use gloo_timers::future::TimeoutFuture;
use js_sys::Uint8Array;
use rejoin::{Close, Endpoint, Handle, Socket};

use super::super::report::{Direction, Phase, Report, Trouble};
use super::super::streamed::IDLE_TRIPS;
use super::probe::Probe;
use super::{link, now_ms, report, scope};

/// From one report to the next, in milliseconds.
const REPORT_MS: u32 = 100;
/// A load that does not move for so long is given up.
const STALL_SECONDS: u32 = 15;

/// Measures latency, download and upload.
pub(super) async fn measure(
    url: String,
    echo_url: String,
    idle_ms: u32,
    load_ms: u32,
) -> Result<(), Trouble> {
    report(&Report::Began(Phase::Connecting));
    let mut socket = link::connect(url, Speed::SUBPROTOCOL).await?;
    let mut probe = Probe::connect(echo_url).await?;
    report(&Report::Began(Phase::Latency));
    probe.idle(f64::from(idle_ms), IDLE_TRIPS).await?;
    report(&Report::Began(Phase::Load(Direction::Download)));
    loaded(&mut probe, Direction::Download, download(&mut socket, load_ms)).await?;
    report(&Report::Began(Phase::Load(Direction::Upload)));
    loaded(&mut probe, Direction::Upload, upload(&mut socket, load_ms)).await?;
    socket.begin_close(Close::normal());
    Ok(())
}

/// Runs a load with the probe beside it.
async fn loaded(
    probe: &mut Probe,
    direction: Direction,
    load: impl Future<Output = Result<(), Trouble>>,
) -> Result<(), Trouble> {
    let outcome = {
        let probing = std::pin::pin!(probe.under_load(direction));
        match select(std::pin::pin!(load), probing).await {
            Either::Left((outcome, _)) | Either::Right((outcome, _)) => outcome,
        }
    };
    probe.load_ended(direction);
    outcome
}

async fn download(socket: &mut Socket, load_ms: u32) -> Result<(), Trouble> {
    let bytes = Cell::new(0_u64);
    let start = now_ms();
    link::ask(socket, &Request::Download { duration_ms: load_ms }).await?;
    let receive = async {
        loop {
            let message = link::next(socket).await?;
            if message.is_binary() {
                bytes.set(bytes.get() + message.len() as u64);
            } else if let Event::Downloaded { bytes, micros } = link::read(message)? {
                return Ok((bytes, micros));
            }
        }
    };
    let moved =
        || Report::Moved { direction: Direction::Download, at_ms: now_ms() - start, bytes: bytes.get() };
    let (served, micros) = watched(receive, || bytes.get(), || report(&moved())).await?;
    report(&moved());
    let direction = Direction::Download;
    report(&Report::Served { direction, bytes: served, micros, page_bytes: bytes.get() });
    Ok(())
}

async fn upload(socket: &mut Socket, load_ms: u32) -> Result<(), Trouble> {
    let (sent, arrived) = (Cell::new(0_u64), Cell::new(0_u64));
    let chunk = noise()?;
    let handle = socket.handle();
    link::ask(&handle, &Request::Upload).await?;
    let send = push(&handle, &chunk, f64::from(load_ms), &sent);
    let receive = async {
        loop {
            let message = link::next(socket).await?;
            if message.is_binary() {
                return Err(Trouble::Unreadable("binary data during an upload".to_owned()));
            }
            match link::read(message)? {
                Event::Progress { bytes, micros } => {
                    arrived.set(bytes);
                    report(&uploaded(bytes, micros));
                }
                Event::Uploaded { bytes, micros } => return Ok((bytes, micros)),
                _ => {}
            }
        }
    };
    let both = async { try_join(send, receive).await.map(|((), served)| served) };
    let (bytes, micros) = watched(both, || arrived.get(), || ()).await?;
    report(&uploaded(bytes, micros));
    report(&Report::Served { direction: Direction::Upload, bytes, micros, page_bytes: sent.get() });
    Ok(())
}

/// Sends chunks for so long, as fast as the connection takes them, and then the end.
async fn push(handle: &Handle, chunk: &Uint8Array, load_ms: f64, sent: &Cell<u64>) -> Result<(), Trouble> {
    let until = now_ms() + load_ms;
    while now_ms() < until {
        // The same bytes of the browser's each time: nothing is copied here.
        handle.send(chunk.clone()).await.map_err(|_| link::ended(handle))?;
        sent.set(sent.get() + CHUNK_BYTES as u64);
    }
    link::ask(handle, &Request::Stop).await
}

fn uploaded(bytes: u64, micros: u64) -> Report {
    #[expect(clippy::cast_precision_loss, reason = "a minute at most")]
    let at_ms = micros as f64 / 1_000.0;
    Report::Moved { direction: Direction::Upload, at_ms, bytes }
}

/// A chunk that does not compress.
fn noise() -> Result<Uint8Array, Trouble> {
    let mut bytes = vec![0_u8; CHUNK_BYTES];
    scope()
        .crypto()
        .and_then(|crypto| crypto.get_random_values_with_u8_array(&mut bytes))
        .map_err(|error| Trouble::Worker(crate::browser::words_of(&error)))?;
    Ok(Uint8Array::new_from_slice(&bytes))
}

/// The result of `load`, calling `tick` now and then, or a trouble when `moved` stands still.
async fn watched<T>(
    load: impl Future<Output = Result<T, Trouble>>,
    moved: impl Fn() -> u64,
    tick: impl Fn(),
) -> Result<T, Trouble> {
    let watch = async {
        let (mut last, mut still_ms) = (0, 0);
        loop {
            TimeoutFuture::new(REPORT_MS).await;
            tick();
            still_ms = if moved() == last { still_ms + REPORT_MS } else { 0 };
            last = moved();
            if still_ms >= STALL_SECONDS * 1_000 {
                return Trouble::Stalled { seconds: STALL_SECONDS };
            }
        }
    };
    match select(std::pin::pin!(load), std::pin::pin!(watch)).await {
        Either::Left((result, _)) => result,
        Either::Right((trouble, _)) => Err(trouble),
    }
}
