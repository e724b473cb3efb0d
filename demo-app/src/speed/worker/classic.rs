//! The coursework's method: from sending "start" to having the whole file, in one message.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use demo_messages::pace::Pace;
use demo_messages::speed::{Event, FILE_BYTES, Request, Speed};
use futures_util::future::{Either, select};
use rejoin::{Close, Endpoint, Incoming, Socket};

use super::super::report::{Phase, Report, Trouble};
use super::watch::{Patience, watched};
use super::{link, now_ms, random, report};

/// A file is given up when the page heard of no more of it for so long. At 30 kbit/s the server's system takes the
/// next part of it only every 20 s, and on a line whose buffers hold megabytes nothing at all comes for a minute and longer.
/// Once all of it has been sent, its pace says how long the rest may take.
const STALL_SECONDS: u32 = 180;
/// How often the server gets a sign of life on the connection that watches, in milliseconds: the answers to its pings may
/// come after a file.
const SIGN_MS: f64 = 10_000.0;

/// Fetches the file so many times, reporting each time taken, and inside a file what the server has sent of it: the browser
/// shows nothing of a message before it is whole.
pub(super) async fn measure(url: String, runs: u32) -> Result<(), Trouble> {
    report(&Report::Began(Phase::Connecting));
    let mut watch = link::connect(url.clone(), Speed::SUBPROTOCOL).await?;
    let mut socket = link::connect(url, None).await?;
    let mut tag = [0; 4];
    random(&mut tag)?;
    let tag = u32::from_le_bytes(tag);
    link::ask(&watch, &Request::Watch { tag }).await?;
    for number in 1..=runs {
        let start = now_ms();
        socket.send(format!("start {tag}")).await.map_err(|_| link::ended(&socket))?;
        let message = fetch(&mut socket, &mut watch, number).await?;
        let ms = now_ms() - start;
        let bytes = message.len() as u64;
        if message.is_text() || bytes != FILE_BYTES {
            return Err(Trouble::WrongLength { bytes });
        }
        report(&Report::Took { ms });
    }
    socket.begin_close(Close::normal());
    watch.begin_close(Close::normal());
    Ok(())
}

/// The file that was requested, while its progress is reported.
async fn fetch(socket: &mut Socket, watch: &mut Socket, number: u32) -> Result<Incoming, Trouble> {
    let (start, sent, pace) = (now_ms(), Cell::new(0_u64), RefCell::new(Pace::default()));
    let (handle, signed_ms) = (watch.handle(), Cell::new(0.0));
    let follow = async {
        loop {
            match link::read(link::next(watch).await?)? {
                Event::File { number: of, bytes } if of == number => {
                    sent.set(bytes);
                    let since = Duration::from_secs_f64((now_ms() - start).max(0.0) / 1_000.0);
                    pace.borrow_mut().sent(since, bytes);
                }
                _ => {}
            }
        }
    };
    let load = async {
        match select(std::pin::pin!(link::next(socket)), std::pin::pin!(follow)).await {
            Either::Left((file, _)) => file,
            Either::Right((failed, _)) => failed,
        }
    };
    let tick = |ms| {
        report(&Report::File { bytes: sent.get(), ms });
        if ms - signed_ms.get() >= SIGN_MS {
            signed_ms.set(ms);
            // Where it fails the connection has ended, which `follow` finds out.
            let _ended = link::try_ask(&handle, &Request::Ping { nonce: number });
        }
    };
    let patience = || {
        let rest = pace.borrow().rest().and_then(|rest| u32::try_from(rest.as_secs()).ok());
        Patience { stall_seconds: rest.unwrap_or(STALL_SECONDS), limit_ms: f64::INFINITY }
    };
    let file = watched(patience, load, || sent.get(), tick).await?;
    file.ok_or(Trouble::Stalled { seconds: STALL_SECONDS })
}
