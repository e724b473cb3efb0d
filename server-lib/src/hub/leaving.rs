//! The end of a connection of a session: what is said, and what becomes of the session.

use std::sync::Arc;
use std::time::Duration;

use rejoin_protocol::session::code;
use rejoin_protocol::wire::{Bye, Frame};
use tokio::time::Instant;

use super::application::{Application, SessionEnd};
use super::task::Task;
use crate::{Close, CloseCode};

/// How long a client that is being left may take for what goes before the close frame.
const LEAVE: Duration = Duration::from_secs(5);

impl<A: Application> Task<A> {
    /// The connection has ended: unless another has taken the session over, it is away from now on.
    fn gone(&mut self) {
        let mine = Arc::clone(&self.line.news);
        self.entry.with(|state| {
            if state.line.as_ref().is_some_and(|line| Arc::ptr_eq(&line.news, &mine)) {
                state.line = None;
                state.away_since = Some(Instant::now());
            }
        });
        self.entry.arrived.notify_one();
    }

    /// Says that the session is over, or that too much waits for the client, if that is so.
    pub(super) fn mind_end(&mut self) {
        if self.entry.over.is_cancelled() && self.close.is_none() {
            let ended = self.entry.with(|state| state.end);
            if matches!(ended, Some(SessionEnd::Ended | SessionEnd::Finished)) {
                let reason = "the session is over";
                self.farewell =
                    Some(Bye { code: 1000, reason: reason.into(), retry_after: None, last: true });
                self.close = Some(Close::new(CloseCode::NORMAL, reason));
            } else {
                self.close = Some(Close::new(CloseCode::AWAY, "the session was ended"));
            }
        }
        let ((frames, bytes), (most, most_bytes)) = (self.machine.backlog(), self.hub.settings.backlog);
        if frames > most || bytes > most_bytes {
            let reason = "answers are not read: come back and they are given again";
            self.close.get_or_insert(Close::new(CloseCode::TRY_AGAIN, reason));
        }
    }

    /// Says that the server stops, and when to come back: a different time to each, so that they do not all come at once.
    pub(super) fn drain(&mut self) {
        let spread = u64::try_from(self.hub.settings.drain_spread.as_millis()).unwrap_or(u64::MAX);
        let retry_after = Some(self.hub.random_below(spread));
        let reason: String = "the server is shutting down".into();
        self.farewell = Some(Bye { code: code::DRAINING, reason: reason.clone(), retry_after, last: false });
        self.fail(code::DRAINING, &reason);
    }

    /// Says farewell behind what has been gathered, and closes. Nothing that comes is heeded any more, and a client that
    /// reads nothing is not waited for.
    pub(super) async fn leave(&mut self, close: Close) {
        if let Some(bye) = self.farewell.take() {
            self.batch.push(&Frame::Bye(bye));
        }
        self.batch.flush();
        let gathered: Vec<Vec<u8>> = std::iter::from_fn(|| self.batch.pop()).collect();
        let (sending, sender) = (self.sending.take(), self.connection.sender());
        let handed_over = async move {
            if let Some(sending) = sending {
                let _gone = sending.await;
            }
            for message in gathered {
                // Whoever has left already needs no farewell.
                let _gone = sender.send(message).await;
            }
        };
        let ended = async { while self.connection.recv().await.is_some() {} };
        tokio::select! {
            () = handed_over => {}
            () = ended => {}
            () = tokio::time::sleep(LEAVE) => {}
        }
        self.connection.close(close);
    }
}

impl<A: Application> Drop for Task<A> {
    /// However it ends, by a panic of the application too, the session is away from now on.
    fn drop(&mut self) {
        self.gone();
    }
}
