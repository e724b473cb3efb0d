//! The coursework's speed test: any text is answered with the whole file as one binary message.

use std::time::{Duration, Instant};

use demo_messages::pace::Pace;
use rejoin_server::{Close, CloseCode, Connection, Sender};
use tokio::time::{MissedTickBehavior, interval};

use super::file::File;
use super::transfers::{Tagged, Transfers};

/// From one look at a file on its way to the next.
const LOOK: Duration = Duration::from_millis(500);

/// A file on its way.
struct OnItsWay {
    requested: Instant,
    /// Bytes that the socket had taken before it.
    before: u64,
    pace: Pace,
}

impl OnItsWay {
    fn new(sender: &Sender) -> Self {
        Self { requested: Instant::now(), before: sender.written_bytes(), pace: Pace::default() }
    }

    /// Once all of it has been sent, answers to pings come after its last byte. True then.
    fn look(&mut self, sender: &Sender) -> bool {
        self.pace.sent(self.requested.elapsed(), sender.written_bytes().saturating_sub(self.before));
        let rest = self.pace.rest();
        if let Some(rest) = rest {
            sender.allow_silence(rest);
        }
        rest.is_some()
    }
}

/// Serves one connection. The message shares the file's buffer and goes out in fragments, and the next
/// request waits until there is room for the next answer; so a stalled client costs next to nothing.
pub(crate) async fn serve(file: &File, transfers: &Transfers, mut connection: Connection) {
    let id = connection.info().id;
    let sender = connection.sender();
    let mut tagged = Tagged::new(transfers, sender.clone());
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut on_its_way: Option<OnItsWay> = None;
    loop {
        let message = tokio::select! {
            message = connection.recv() => message,
            _ = looks.tick(), if on_its_way.is_some() => {
                on_its_way.take_if(|file| file.look(&sender));
                continue;
            }
        };
        let Some(message) = message else { break };
        let Some(text) = message.as_text() else {
            let reason = "this speed test takes text messages, not binary ones";
            connection.close(Close::new(CloseCode::UNSUPPORTED, reason));
            break;
        };
        tracing::info!(id, "classic speed test: file asked for");
        tagged.requested(text);
        on_its_way = Some(OnItsWay::new(&sender));
        if sender.send_shared(file.whole()).await.is_err() {
            break;
        }
    }
}
