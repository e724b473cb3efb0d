//! Receiving: what a connection's task reads from its socket and hands to the handler.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_util::Stream;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::Message as WsMessage;

use crate::close::{Close, CloseCode, End};
use crate::driver::{Cause, Driver, Stage};
use crate::fault::Fault;
use crate::message::Message;

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Reads while the handler keeps up.
    pub(crate) fn read(&mut self, cx: &mut Context<'_>, now: Instant) -> Result<(), Cause> {
        loop {
            self.reading_paused = self.stage == Stage::Judged || self.shared.inbox.poll_room(cx).is_pending();
            if self.reading_paused {
                return Ok(());
            }
            let message = match Pin::new(&mut self.ws).poll_next(cx) {
                Poll::Pending => return Ok(()),
                Poll::Ready(None) => return Err(Cause::Gone(End::Lost("the transport ended".into()))),
                Poll::Ready(Some(Err(error))) => return Err(self.unread(error)),
                Poll::Ready(Some(Ok(message))) => message,
            };
            if let WsMessage::Close(frame) = message {
                let (code, reason) = frame.map_or((None, String::new()), |frame| {
                    (Some(frame.code.into()), frame.reason.as_str().to_owned())
                });
                return Err(Cause::Peer(End::ByPeer { code, reason }));
            }
            if self.bucket.as_mut().is_some_and(|bucket| !bucket.take(now)) {
                let rate = self.limits.rate.map_or(0.0, |rate| rate.per_second);
                let reason = format!("too many messages: at most {rate} a second are taken");
                return Err(Cause::Close(Close::new(CloseCode::POLICY, reason)));
            }
            self.buffers.decoded(message.len(), self.ws.get_ref().read);
            let message = match message {
                WsMessage::Text(text) if self.is_part(text.len()) => Message::from(text.as_str()),
                WsMessage::Text(text) => Message::Text(text),
                WsMessage::Binary(bytes) if self.is_part(bytes.len()) => Message::from(bytes.to_vec()),
                WsMessage::Binary(bytes) => Message::Binary(bytes),
                // The answer to a ping was queued when it was read.
                WsMessage::Ping(_) | WsMessage::Pong(_) | WsMessage::Frame(_) | WsMessage::Close(_) => {
                    continue;
                }
            };
            self.liveness.message(now);
            tracing::debug!(
                id = self.shared.info.id,
                kind = message.kind(),
                bytes = message.len(),
                "message received"
            );
            self.shared.inbox.push_with_room(message);
            if self.stage == Stage::Stranger {
                self.stage = Stage::Judged;
            }
        }
    }

    /// Whether a message is so much smaller than the decoder's buffer, of which it is a part, that it gets memory of its own:
    /// waiting, it would keep all of that.
    fn is_part(&self, len: usize) -> bool {
        len < self.limits.read_buffer_bytes / 5 * 4
    }

    /// What an error of reading leads to.
    fn unread(&self, error: Error) -> Cause {
        match (Fault::from(error), &self.shared.first) {
            (Fault::TooBig { .. }, Some(first)) if self.stage == Stage::Stranger => {
                Cause::Fail(first.too_large.clone())
            }
            (fault, _) => fault.with_limit(self.limits.max_message_bytes).into(),
        }
    }
}
