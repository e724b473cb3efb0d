//! The coursework's method: from sending "start" to having the whole file, in one message.

use std::cell::Cell;

use demo_messages::speed::{Event, FILE_BYTES, Request, Speed};
use futures_util::future::{Either, select};
use rejoin::{Close, Endpoint, Incoming, Socket};

use super::super::report::{Phase, Report, Trouble};
use super::watch::{Patience, watched};
use super::{link, now_ms, random, report};

/// A file is given up when the server could send nothing more of it for so long. At 30 kbit/s the server's system takes the next part of
/// it only every 20 s, and the last part is on its way for longer.
const PATIENCE: Patience = Patience { stall_seconds: 60, limit_ms: f64::INFINITY };

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
    let sent = Cell::new(0_u64);
    let follow = async {
        loop {
            match link::read(link::next(watch).await?)? {
                Event::File { number: of, bytes } if of == number => sent.set(bytes),
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
    let tick = |ms| report(&Report::File { bytes: sent.get(), ms });
    let file = watched(PATIENCE, load, || sent.get(), tick).await?;
    file.ok_or(Trouble::Stalled { seconds: PATIENCE.stall_seconds })
}
