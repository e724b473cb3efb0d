//! The coursework's method: from sending "start" to having the whole file, in one message.

use demo_messages::speed::FILE_BYTES;
use rejoin::Close;

use super::super::report::{Phase, Report, Trouble};
use super::{link, now_ms, report};

/// A file that takes longer is given up: the browser shows nothing of a message before it is whole.
const GIVE_UP_SECONDS: u32 = 120;

/// Fetches the file so many times, reporting each time taken.
pub(super) async fn measure(url: String, runs: u32) -> Result<(), Trouble> {
    report(&Report::Began(Phase::Connecting));
    let mut socket = link::connect(url, None).await?;
    for _ in 0..runs {
        let start = now_ms();
        socket.send("start").await.map_err(|_| link::ended(&socket))?;
        let message = link::within(GIVE_UP_SECONDS, link::next(&mut socket)).await?;
        let ms = now_ms() - start;
        let bytes = message.len() as u64;
        if message.is_text() || bytes != FILE_BYTES {
            return Err(Trouble::WrongLength { bytes });
        }
        report(&Report::Took { ms });
    }
    socket.begin_close(Close::normal());
    Ok(())
}
